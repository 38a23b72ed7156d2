"""Who uses the system, and the few things every app needs."""

from accounts.models.alerts import (
    AlertChannel,
    AlertHours,
    AlertRule,
    AlertTrigger,
    Delivery,
    Notification,
)
from accounts.models.audit import AuditEntry, AuditHead
from accounts.models.coming import Invitation
from accounts.models.jobs import DeadLetter, JobRun, JobSkip
from accounts.models.keys import ApiKey, ClientLogin, KeptAnswer, RefreshToken, SignalSource
from accounts.models.people import Colours, Density, PriceFormat, Role, SavedFilter, Theme, User

__all__ = [
    "AlertChannel",
    "AlertHours",
    "AlertRule",
    "AlertTrigger",
    "ApiKey",
    "AuditEntry",
    "AuditHead",
    "ClientLogin",
    "Colours",
    "DeadLetter",
    "Delivery",
    "Density",
    "Invitation",
    "JobRun",
    "JobSkip",
    "KeptAnswer",
    "Notification",
    "PriceFormat",
    "RefreshToken",
    "Role",
    "SavedFilter",
    "SignalSource",
    "Theme",
    "User",
]
