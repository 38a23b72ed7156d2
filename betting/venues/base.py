"""What a place to bet must honour, whoever runs it.

The bet's row, with its client reference, is committed before `place` is called. An UNKNOWN answer
means that the bet may exist: it is resolved only by `look_up`, never by placing again.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Protocol


class Verdict(Enum):
    """What a venue said about an order."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"  # only from look_up: the venue never heard of the reference


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a venue. `reference` is ours, unique for ever, and the only handle."""

    reference: str
    selection_id: int
    bookmaker_id: int
    price: Decimal
    stake: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a venue said: its own reference when accepted, the reason when rejected."""

    verdict: Verdict
    venue_reference: str = ""
    reason: str = ""


class Venue(Protocol):
    """One place to bet."""

    key: str

    def place(self, order: Order) -> Answer:
        """Ask for the order. The same reference twice is the same order."""

    def look_up(self, reference: str) -> Answer:
        """Say what became of a reference; NOT_FOUND where it never arrived."""
