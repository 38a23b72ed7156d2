"""The paper venue: takes every order at the price asked, unless it is told to be like a real one.

It remembers nothing itself: what becomes of an order is a pure function of the seed, our reference
and the time, so a look-up gives the same answer from every process and after every crash.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from accounts.money import to_cents
from betting.venues.base import Answer, CannotQuote, Code, Order, Quoted, Settled, Terms, Verdict

CENT = Decimal("0.01")
# A partial fill takes from a tenth to nine tenths of the stake.
LEAST_FILL, MOST_FILL = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Temper:
    """How real paper is: its mean delay, and of how many orders each thing happens.

    Shares are from 0 to 1; those of refusals (moved, rejected) together at most 1. Of the orders
    whose answer is lost (unknown), `never_arrived` did not even arrive.
    """

    seed: int = 0
    latency: timedelta = timedelta()
    moved: float = 0.0
    partial: float = 0.0
    rejected: float = 0.0
    unknown: float = 0.0
    never_arrived: float = 0.25

    def __post_init__(self) -> None:
        for name in ("moved", "partial", "rejected", "unknown"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"FAIRLINE_PAPER_{name.upper()} is {getattr(self, name)}: a share from 0 to 1"
                )
        if self.moved + self.rejected > 1:
            raise ValueError("FAIRLINE_PAPER_MOVED and FAIRLINE_PAPER_REJECTED: above 1 together")
        if self.latency < timedelta():
            raise ValueError(f"FAIRLINE_PAPER_LATENCY is {self.latency}: no less than 0 seconds")


class Paper:
    """A venue on paper."""

    key = "paper"
    terms = Terms(title="Paper")

    def quote(self, *, selection_id: int, bookmaker_id: int, now: datetime) -> Quoted:
        raise CannotQuote(Code.OTHER, "Paper takes the bookmaker's own price.")

    def place(self, order: Order) -> Answer:
        return place(order, settings.PAPER)

    def look_up(self, order: Order, *, now: datetime) -> Answer:
        return look_up(order, settings.PAPER, now=now)

    def cancel(self, order: Order, *, now: datetime) -> Answer:
        return look_up(order, settings.PAPER, now=now)

    def open_orders(self, *, now: datetime) -> Sequence[str]:
        return ()

    def settled(self, *, since: datetime) -> Sequence[Settled]:
        return ()

    def lists(self, order: Order, *, now: datetime) -> bool:
        return False


def place(order: Order, temper: Temper) -> Answer:
    """Return what the caller hears: the answer, that it waits, or nothing at all."""
    drawn = _draws(order, temper.seed)
    if drawn.lost < temper.unknown:
        return Answer(Verdict.UNKNOWN)
    return look_up(order, temper, now=order.at)


def look_up(order: Order, temper: Temper, *, now: datetime) -> Answer:
    """Return what became of an order by now."""
    drawn = _draws(order, temper.seed)
    if drawn.lost < temper.unknown * temper.never_arrived:
        return Answer(Verdict.NOT_FOUND)
    reference = f"paper-{order.reference}"
    decided_at = order.at + 2 * drawn.delay * temper.latency
    if order.withdrawn_at is not None and order.withdrawn_at < decided_at:
        return Answer(Verdict.CANCELLED, reference, code=Code.WITHDRAWN)
    if now < decided_at:
        return Answer(Verdict.PENDING, reference)
    if drawn.refusal < temper.moved:
        return Answer(
            Verdict.REJECTED,
            reference,
            code=Code.PRICE_MOVED,
            reason=f"The price fell below {order.price} before the order arrived.",
        )
    if drawn.refusal < temper.moved + temper.rejected:
        return Answer(
            Verdict.REJECTED, reference, code=Code.LIMIT_OF_VENUE, reason="The stake was refused."
        )
    matched = order.stake
    if drawn.partial < temper.partial:
        share = LEAST_FILL + drawn.fill * (MOST_FILL - LEAST_FILL)
        matched = max(CENT, to_cents(order.stake * Decimal(share)))
    return Answer(Verdict.ACCEPTED, reference, matched_stake=matched, matched_price=order.price)


@dataclass(frozen=True, slots=True)
class _Draws:
    """Numbers from 0 to 1, each for one thing, the same for a reference for ever."""

    lost: float
    delay: float
    refusal: float
    partial: float
    fill: float


def _draws(order: Order, seed: int) -> _Draws:
    digest = hashlib.sha512(f"{seed}:{order.reference}".encode()).digest()
    numbers = [int.from_bytes(digest[8 * i : 8 * i + 8]) / 2**64 for i in range(5)]
    return _Draws(*numbers)
