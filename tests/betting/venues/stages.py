"""Every venue on a stage: built for a test, with handles for what the world around it does.

A new venue passes the contract (test_contract.py) once it has a stage here.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from betting.venues.base import Order, Venue, Verdict
from betting.venues.betfair import Betfair
from betting.venues.betfair_api import Login
from betting.venues.manual import Manual
from betting.venues.paper import Paper, Temper
from betting.venues.pinnacle import Pinnacle, request_id
from tests import make
from tests.betting.venues import bookmaker, exchange


@dataclass
class Stage:
    """A venue, the bookmaker it bets at, and what can be made to happen to the next order.

    `lose_answer` lets it act and its answer be lost; `refuse` has it take nothing; where that
    cannot happen they do nothing (see Kind). `held` counts what it truly holds of a reference.
    """

    venue: Venue
    book: str
    held: Callable[[str], int]
    lose_answer: Callable[[], None] = lambda: None
    refuse: Callable[[], None] = lambda: None

    def order(self, number: int = 1, **changed: object) -> Order:
        quote = self.quote()
        given = {
            "reference": f"fl-{number}-contract",
            "selection_id": quote.selection_id,
            "bookmaker_id": quote.bookmaker_id,
            "price": Decimal("2.000"),
            "stake": Decimal("10.00"),
            "at": make.NOON,
        }
        return Order(**(given | changed))

    def quote(self):
        self._quote = getattr(self, "_quote", None) or make.priced("2.000", book=self.book)
        return self._quote


@contextmanager
def paper() -> Iterator[Stage]:
    venue, told = Paper(), settings.PAPER

    def temper(**changed: object) -> None:
        settings.PAPER = Temper(never_arrived=0.0, **changed)

    def held(reference: str) -> int:
        asked = stage.order(reference=reference)
        return int(venue.look_up(asked, now=make.NIGHT).verdict is Verdict.ACCEPTED)

    stage = Stage(
        venue, "paperbook", held, lambda: temper(unknown=1.0), lambda: temper(rejected=1.0)
    )
    try:
        yield stage
    finally:
        settings.PAPER = told


@contextmanager
def by_hand() -> Iterator[Stage]:
    # A person holds the bet, and says so by confirming it.
    yield Stage(Manual(), "paperbook", lambda _reference: 0)


@contextmanager
def betfair() -> Iterator[Stage]:
    there = exchange.Exchange()
    there.lists(
        exchange.Market(
            key="1.101",
            event="Away 1 @ Home 1",
            starts_at=make.EVENING,
            runners={12: "Away 1", 11: "Home 1"},
            offers={11: [(Decimal("2.1"), Decimal(500))]},
        )
    )
    with exchange.Server(there) as server:
        yield Stage(
            Betfair(Login("user", "secret", "app", url=server.url), currency="EUR"),
            "betfair_ex_uk",
            lambda reference: len(there.held(reference)),
            lambda: there.faults.append("lost_after"),
            lambda: setattr(there.markets["1.101"], "status", "SUSPENDED"),
        )


@contextmanager
def pinnacle() -> Iterator[Stage]:
    there = bookmaker.Bookmaker()
    with bookmaker.Server(there) as server:
        yield Stage(
            Pinnacle(url=server.url, username="user", password="secret"),
            "pinnacle",
            lambda reference: len(there.held(request_id(reference))),
            lambda: there.faults.append("lost_after"),
            lambda: there.faults.append("LINE_CHANGED"),
        )


@dataclass(frozen=True)
class Kind:
    """How a stage is built, and which clauses of the contract its venue can break."""

    build: Callable[[], AbstractContextManager[Stage]]
    loses_answers: bool = True
    refuses: bool = True
    quotes: bool = True


STAGES = {
    "paper": Kind(paper, quotes=False),
    "manual": Kind(by_hand, loses_answers=False, refuses=False, quotes=False),
    "betfair": Kind(betfair),
    "pinnacle": Kind(pinnacle),
}


def those(**able: bool) -> list[str]:
    """Return the venues of which all that is said of them is so."""
    return [
        key
        for key, kind in STAGES.items()
        if all(getattr(kind, name) is value for name, value in able.items())
    ]
