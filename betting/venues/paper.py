"""The paper venue: takes every order at the price asked, since that price was just seen.

It remembers nothing itself: what it accepted is a pure function of our reference, so that a
look-up gives the same answer from every process and after every crash.
"""

from betting.venues.base import Answer, Order, Verdict


class Paper:
    """A venue on paper. Accepts; a look-up finds whatever our own books hold."""

    key = "paper"

    def place(self, order: Order) -> Answer:
        return Answer(Verdict.ACCEPTED, venue_reference=f"paper-{order.reference}")

    def look_up(self, reference: str) -> Answer:
        return Answer(Verdict.ACCEPTED, venue_reference=f"paper-{reference}")
