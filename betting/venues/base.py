"""What a place to bet must honour, whoever runs it.

The bet's row, with its client reference, is committed before `place` is called. An UNKNOWN answer
means that the bet may exist: it is resolved only by `look_up`, never by placing again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Protocol


class Verdict(Enum):
    """What a venue said about an order."""

    ACCEPTED = "accepted"  # final: so much was matched, at such a price
    PENDING = "pending"  # the venue has it and has not decided, or not all of it is matched yet
    REJECTED = "rejected"  # final: it took nothing
    CANCELLED = "cancelled"  # final: taken on, and ended with nothing matched
    UNKNOWN = "unknown"  # it may exist
    NOT_FOUND = "not_found"  # only from look_up: the venue never heard of the reference


FINAL = frozenset({Verdict.ACCEPTED, Verdict.REJECTED, Verdict.CANCELLED})


class Code(StrEnum):
    """Why a venue took nothing, in our words; its own are in `Answer.reason`."""

    PRICE_MOVED = "price_moved"
    STAKE_TOO_SMALL = "stake_too_small"
    STAKE_TOO_LARGE = "stake_too_large"
    PRICE_OFF_LADDER = "price_off_ladder"
    NO_FUNDS = "no_funds"
    MARKET_CLOSED = "market_closed"
    NO_SUCH_SELECTION = "no_such_selection"
    AMBIGUOUS = "ambiguous"
    LIMIT_OF_VENUE = "limit_of_venue"
    NOT_ALLOWED = "not_allowed"
    NEVER_RECEIVED = "never_received"
    WITHDRAWN = "withdrawn"  # by us
    TIMED_OUT = "timed_out"
    LAPSED = "lapsed"  # by the venue, unmatched
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a venue. `reference` is ours, unique for ever, and the only handle.

    `price` is the least accepted. `version` is the market's as quoted, where the venue counts it.
    `withdrawn_at` is when we first asked to have it back.
    """

    reference: str
    selection_id: int
    bookmaker_id: int
    price: Decimal
    stake: Decimal
    at: datetime
    version: str = ""
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a venue said: its own reference when it has one, the code and reason when it took none.

    Accepted: `matched_stake` at `matched_price` on average, each as asked where it is None. What
    of the stake was not matched never will be.
    """

    verdict: Verdict
    venue_reference: str = ""
    matched_stake: Decimal | None = None
    matched_price: Decimal | None = None
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a venue offers now; `limit` is the largest stake it takes at that price."""

    price: Decimal
    limit: Decimal | None
    version: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """What a venue paid on an order: profit after commission, its own word for the outcome."""

    reference: str
    outcome: str
    profit: Decimal
    commission: Decimal
    at: datetime


class CannotQuote(Exception):
    """The venue has no price for it, or it cannot be told which of its selections is meant."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a venue can do and asks for.

    `ladder` are (up to this price, in such steps); empty takes any price. `dedupe_window` is how
    long the venue itself refuses a repeated reference: ours refuses it for ever. `remembers` is
    how long it can look one up: after that NOT_FOUND says nothing. An order pending for longer
    than `answers_within` is withdrawn. `bookmakers` are the keys it can bet at; None is any.
    `commission_share` is None where the bookmaker's holds, `currency` where any will do. A venue
    that `needs_arming` stakes real money by itself: it is asked only while an operator has armed
    it. One that `asks_person` waits for its bettor to say what they got. One that `quotes` tells
    its own price before a stake.
    """

    title: str
    needs_arming: bool = False
    asks_person: bool = False
    quotes: bool = False
    cancels: bool = True
    min_stake: Decimal = Decimal("0.01")
    max_stake: Decimal | None = None
    ladder: tuple[tuple[Decimal, Decimal], ...] = ()
    dedupe_window: timedelta | None = None
    remembers: timedelta | None = None
    live_delay: timedelta = timedelta()
    answers_within: timedelta | None = None
    commission_share: Decimal | None = None
    currency: str | None = None
    bookmakers: frozenset[str] | None = None


class Venue(Protocol):
    """One place to bet. Every call may take time: none is made inside a transaction."""

    key: str

    @property
    def terms(self) -> Terms:
        """Say what it can do and asks for."""

    def quote(self, *, selection_id: int, bookmaker_id: int, now: datetime) -> Quoted:
        """Return what it offers now.

        Raises:
            CannotQuote: with a code, and why in words.
        """

    def place(self, order: Order) -> Answer:
        """Ask for the order. The same reference twice is the same order."""

    def look_up(self, order: Order, *, now: datetime) -> Answer:
        """Say what became of the order's reference; NOT_FOUND where it never arrived."""

    def cancel(self, order: Order, *, now: datetime) -> Answer:
        """Withdraw what is not matched yet and say what became of the order. Repeats are safe."""

    def open_orders(self, *, now: datetime) -> Sequence[str]:
        """Return the references of orders that are not decided yet."""

    def settled(self, *, since: datetime) -> Sequence[Settled]:
        """Return what it paid since a moment, to be held against our own settlement."""

    def lists(self, order: Order, *, now: datetime) -> bool:
        """Say whether the order is among what is open there, or was paid since it was placed.

        Asked once `look_up` did not find it twice, before its stake is given back.
        """
