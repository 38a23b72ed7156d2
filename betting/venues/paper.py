"""The paper venue: takes every order at the price asked, since that price was just seen.

It remembers nothing itself: what it accepted is a pure function of our reference, so that a
look-up gives the same answer from every process and after every crash.
"""

from collections.abc import Sequence
from datetime import datetime

from betting.venues.base import Answer, CannotQuote, Code, Order, Quoted, Settled, Terms, Verdict


class Paper:
    """A venue on paper. Accepts; a look-up finds whatever our own books hold."""

    key = "paper"
    terms = Terms(title="Paper")

    def quote(self, *, selection_id: int, bookmaker_id: int, now: datetime) -> Quoted:
        raise CannotQuote(Code.OTHER, "Paper takes the bookmaker's own price.")

    def place(self, order: Order) -> Answer:
        return Answer(Verdict.ACCEPTED, venue_reference=f"paper-{order.reference}")

    def look_up(self, order: Order, *, now: datetime) -> Answer:
        return self.place(order)

    def cancel(self, order: Order, *, now: datetime) -> Answer:
        return self.place(order)

    def open_orders(self, *, now: datetime) -> Sequence[str]:
        return ()

    def settled(self, *, since: datetime) -> Sequence[Settled]:
        return ()
