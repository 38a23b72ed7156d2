"""How much is allowed, and whether anything is."""

from risk.models.halts import Breaker, BreakerLevel, BreakerReading, BreakersDue, Halt
from risk.models.limits import Assessment, Limits
from risk.models.personal import (
    Exclusion,
    Period,
    PersonalAsked,
    PersonalKind,
    PersonalLimit,
    PlaceSaid,
    Presence,
    TimeSpent,
)

__all__ = [
    "Assessment",
    "Breaker",
    "BreakerLevel",
    "BreakerReading",
    "BreakersDue",
    "Exclusion",
    "Halt",
    "Limits",
    "Period",
    "PersonalAsked",
    "PersonalKind",
    "PersonalLimit",
    "PlaceSaid",
    "Presence",
    "TimeSpent",
]
