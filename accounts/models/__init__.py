"""Who uses the system, and the few things every app needs."""

from accounts.models.audit import AuditEntry, AuditHead
from accounts.models.jobs import JobRun
from accounts.models.people import ApiKey, PriceFormat, SavedFilter, Theme, User

__all__ = [
    "ApiKey",
    "AuditEntry",
    "AuditHead",
    "JobRun",
    "PriceFormat",
    "SavedFilter",
    "Theme",
    "User",
]
