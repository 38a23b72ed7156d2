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
from accounts.models.jobs import JobRun
from accounts.models.keys import ApiKey, ClientLogin, KeptAnswer, RefreshToken
from accounts.models.people import PriceFormat, Role, SavedFilter, Theme, User

__all__ = [
    "AlertChannel",
    "AlertHours",
    "AlertRule",
    "AlertTrigger",
    "ApiKey",
    "AuditEntry",
    "AuditHead",
    "ClientLogin",
    "Delivery",
    "Invitation",
    "JobRun",
    "KeptAnswer",
    "Notification",
    "PriceFormat",
    "RefreshToken",
    "Role",
    "SavedFilter",
    "Theme",
    "User",
]
