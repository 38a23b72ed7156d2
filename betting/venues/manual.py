"""The manual venue: the bettor places the bet, and says what they really got.

It remembers nothing itself: an order is pending until its bettor confirms it, or it is withdrawn.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings

from accounts import clock
from betting.venues.base import Answer, CannotQuote, Code, Order, Quoted, Settled, Terms, Verdict


class Manual:
    """A venue that is a person at a bookmaker's own page."""

    key = "manual"
    _terms = Terms(title="By hand", asks_person=True)

    @property
    def terms(self) -> Terms:
        # A person is no faster where the world's clock is.
        return replace(self._terms, answers_within=settings.MANUAL_ANSWERS_WITHIN * clock.rate())

    def quote(self, *, selection_id: int, bookmaker_id: int, now: datetime) -> Quoted:
        raise CannotQuote(Code.OTHER, "Only the bettor sees the price there.")

    def place(self, order: Order) -> Answer:
        return Answer(Verdict.PENDING)

    def look_up(self, order: Order, *, now: datetime) -> Answer:
        if order.withdrawn_at is not None:
            return Answer(Verdict.CANCELLED, code=Code.WITHDRAWN)
        return Answer(Verdict.PENDING)

    def cancel(self, order: Order, *, now: datetime) -> Answer:
        return Answer(Verdict.CANCELLED, code=Code.WITHDRAWN)

    def open_orders(self, *, now: datetime) -> Sequence[str]:
        return ()

    def settled(self, *, since: datetime) -> Sequence[Settled]:
        return ()

    def lists(self, order: Order, *, now: datetime) -> bool:
        return False
