"""Who uses the system, and the few things every app needs."""

from accounts.models.audit import AuditEntry, AuditHead
from accounts.models.jobs import JobRun
from accounts.models.keys import ApiKey, KeptAnswer
from accounts.models.people import PriceFormat, SavedFilter, Theme, User

__all__ = [
    "ApiKey",
    "AuditEntry",
    "AuditHead",
    "JobRun",
    "KeptAnswer",
    "PriceFormat",
    "SavedFilter",
    "Theme",
    "User",
]
