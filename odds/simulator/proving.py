"""The proof that a failing provider does no harm: seeded scenarios through the real client.

Each scenario is a simulated provider with faults, asked over HTTP by the product's own client, and
recorded by its own services in the real database, inside a transaction that is rolled back. Then
every stored price is compared with what that bookmaker truly offered at that moment.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from odds import services
from odds.feeds.provider import Patience
from odds.feeds.the_odds_api import Client
from odds.models import FeedRun
from odds.selectors import latest_quotes
from odds.services.fetching import FetchFailed
from odds.simulator.boards import IntArray, Sport
from odds.simulator.clock import ManualClock
from odds.simulator.drawing import draw
from odds.simulator.faults import UNKNOWN_BOOK, UNKNOWN_MARKET, as_moment, entries
from odds.simulator.league import SimulatedLeague
from odds.simulator.listing import SPORT_KEY
from odds.simulator.protocol import Answer
from odds.simulator.scenario import Disturber, Scenario
from odds.simulator.schedule import epoch
from odds.simulator.server import Server, serve

BEGINS = datetime(2026, 1, 15, 12, 3, tzinfo=UTC)
EVENTS = 3
ROUNDS = 4
BETWEEN_ROUNDS = timedelta(minutes=10)
MARKETS = ("h2h", "spreads", "totals")
# Short, so that a thousand scenarios take minutes; nothing else about the client is different.
PATIENCE = Patience(
    read_seconds=0.2,
    total_seconds=0.3,
    attempts=3,
    wait_frequent=0.002,
    wait_failed=0.001,
    jitter=0.002,
)
# From this age on the product calls a price stale, as its strategies are configured.
MAX_AGE = timedelta(minutes=15)
# Event, book, market, name or side, point: as told, so that drift may make anything of each.
_Key = tuple[Any, ...]


class FewEvents(SimulatedLeague):
    """The simulated league with its next few events only: a sweep of it takes milliseconds."""

    def _numbers(self, sport: Sport, after: float, until: float) -> IntArray:
        last = epoch(BEGINS + EVENTS * timedelta(hours=2))
        return sport.numbers(max(after, epoch(BEGINS)), min(until, last))


@dataclass(slots=True)
class Verdict:
    """What one scenario did. It is passed where nothing crashed and every list is empty."""

    number: int
    scenario: Scenario
    struck: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    overspent: list[str] = field(default_factory=list)
    sweeps: int = 0
    prices: int = 0
    live: int = 0
    spent: int = 0

    @property
    def is_passed(self) -> bool:
        return not (self.crashes or self.wrong or self.stale or self.overspent)

    @property
    def counts(self) -> dict[str, int]:
        """Return what was done and checked."""
        return {
            "fetches": self.sweeps,
            "refused": self.refused.total(),
            "stored_changes_checked": self.prices,
            "live_prices_checked": self.live,
            "credits": self.spent,
            "wrong_prices": len(self.wrong),
            "stale_called_live": len(self.stale),
            "over_budget": len(self.overspent),
            "crashes": len(self.crashes),
        }

    @property
    def faults(self) -> list[str]:
        return [*self.crashes, *self.wrong, *self.stale, *self.overspent]


@dataclass(slots=True)
class Witness:
    """Stands in front of the faults and keeps what odds answers that went out whole listed."""

    disturber: Disturber
    clock: ManualClock
    sent: dict[datetime, dict[_Key, Any]] = field(default_factory=dict)

    def __call__(self, path: str, params: dict[str, str], respond: Callable[[], Answer]) -> Answer:
        answer = self.disturber(path, params, respond)
        if path.endswith("/odds") and answer.status == 200 and not answer.fate:
            listed = self.sent[self.clock.now()] = {}
            for key, told in _listed(answer.payload):
                # Of a bookmaker listed twice, the first price stands.
                listed.setdefault(key, told)
        return answer


def prove(
    number: int,
    *,
    max_age: timedelta = MAX_AGE,
) -> Verdict:
    """Run the scenario of a number and return what is to be said about it.

    `max_age` is the age from which the product calls a price stale. Our budget is what the
    scenario's account holds. Nothing stays in the database.
    """
    verdict = Verdict(number, draw(number))
    world, clock = FewEvents(number), ManualClock(BEGINS)
    server = serve(world, clock=clock, accounts=[verdict.scenario.account("proof")])
    server.disturb = witness = Witness(Disturber(verdict.scenario, server.api), clock)
    client = Client(server.url, "proof", patience=PATIENCE)
    with server, transaction.atomic():
        for place in range(ROUNDS):
            _round(verdict, client, clock)
            _check_live(verdict, witness, clock.now(), max_age)
            # Before the last round everything has been played, so that scores are told.
            last = timedelta(hours=16) if place == ROUNDS - 2 else timedelta()
            clock.move_to(clock.now() + BETWEEN_ROUNDS + last)
        _check_stored(verdict, witness, world)
        transaction.set_rollback(True)
    client.close()
    verdict.struck = witness.disturber.struck
    _check_spending(verdict, server)
    return verdict


def _round(verdict: Verdict, client: Client, clock: ManualClock) -> None:
    now, budget = clock.now(), verdict.scenario.credits
    jobs: tuple[Callable[[], object], ...] = (
        lambda: services.fetch_odds(
            competition_key=SPORT_KEY, now=now, client=client, markets=MARKETS, budget=budget
        ),
        lambda: services.fetch_scores(
            competition_key=SPORT_KEY, now=now, client=client, budget=budget
        ),
    )
    for job in jobs:
        try:
            job()
        except FetchFailed as failure:
            verdict.refused[str(failure).partition(":")[0][:60]] += 1
        except Exception as error:  # noqa: BLE001
            # A proof must say what broke and go on with the other scenarios.
            verdict.crashes.append(f"{type(error).__name__}: {error}"[:300])
        else:
            verdict.sweeps += 1


def _listed(payload: Any) -> Iterator[tuple[_Key, Any]]:  # noqa: ANN401
    """Return the times that an answer's markets give, by event, book and market."""
    for entry in entries(payload):
        for book in entry.get("bookmakers") or []:
            for market in book.get("markets") or []:
                if isinstance(market.get("outcomes"), list):
                    told = market.get("last_update", book.get("last_update"))
                    yield (entry.get("id"), book.get("key"), market.get("key")), told


_STORED = """
SELECT r.key, b.key, m.key, s.side, s.point::float8, c.price, c.seen_at
FROM odds_pricechange c
JOIN odds_quote q ON q.id = c.quote_id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id
JOIN odds_selection s ON s.id = q.selection_id
JOIN odds_market m ON m.id = s.market_id
JOIN odds_eventreference r ON r.event_id = m.event_id AND r.source = 'the_odds_api'
WHERE c.seen_at >= %s
"""


def _check_stored(verdict: Verdict, witness: Witness, world: FewEvents) -> None:
    """Compare every stored change with the truth of its moment."""
    frozen = [
        timedelta(minutes=fault.amount)
        for fault in verdict.scenario.faults
        if fault.kind == "stale_update"
    ]
    truth = _Truth(world, frozen)
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [BEGINS])
        for event, book, market, side, point, price, seen_at in cursor.fetchall():
            verdict.prices += 1
            told = f"{seen_at:%H:%M} {event[:6]} {book} {market} {side} {point} {price}"
            offered = truth.offered(event, book, market, side, point, seen_at)
            if seen_at not in witness.sent:
                verdict.wrong.append(f"stored, but no whole answer went out: {told}")
            elif price is not None and price not in offered:
                verdict.wrong.append(f"stored, but {sorted(offered)} was offered: {told}")


@dataclass(slots=True)
class _Truth:
    """What was truly offered, at a moment or, by frozen books, some time before it."""

    world: FewEvents
    frozen: list[timedelta]
    known: dict[datetime, dict[_Key, set[Decimal]]] = field(default_factory=dict)

    def offered(
        self, event: str, book: str, market: str, side: str, point: float | None, at: datetime
    ) -> set[Decimal]:
        prices = self.known.get(at)
        if prices is None:
            prices = self.known[at] = self._at(at)
        # What the faults invent is a copy: of the moneyline, and of a book.
        market = "h2h" if market == UNKNOWN_MARKET else market
        if book != UNKNOWN_BOOK:
            return prices.get((event, book, market, side, point), set())
        keys = self.world.book_keys()
        return set().union(*(prices.get((event, key, market, side, point), set()) for key in keys))

    def _at(self, at: datetime) -> dict[_Key, set[Decimal]]:
        found: dict[_Key, set[Decimal]] = {}
        for moment in (at, *(at - earlier for earlier in self.frozen)):
            for odds in self.world.odds(SPORT_KEY, moment):
                sides = {odds.event.home: "home", odds.event.away: "away"}
                for book in odds.books:
                    for market in book.markets:
                        for one in market.outcomes:
                            side = sides.get(one.name, one.name.lower())
                            key = (odds.event.id, book.key, market.key, side, one.point)
                            found.setdefault(key, set()).add(Decimal(f"{one.price:.3f}"))
        return found


def _check_live(verdict: Verdict, witness: Witness, now: datetime, max_age: timedelta) -> None:
    """Look at what the product takes for live: it may not be older than it says.

    It is as old as the newest answer that listed it, or as the bookmaker's own time in that answer.
    An answer that was refused whole says nothing: what was known before it still stands as of then.
    """
    refused = set(
        FeedRun.objects.filter(kind=FeedRun.Kind.ODDS, outcome=FeedRun.Outcome.FAILED).values_list(
            "started_at", flat=True
        )
    )
    taken = {at: listed for at, listed in witness.sent.items() if at not in refused}
    table = latest_quotes(now=now, starts_before=now + timedelta(hours=48))
    events = _references(table.event_id.tolist())
    for row in range(len(table)):
        confirmed = _moment(table.confirmed_at[row])
        if now - confirmed > max_age:
            continue
        verdict.live += 1
        event, book = events[int(table.event_id[row])], str(table.bookmaker_key[row])
        key = (event, book, str(table.market_key[row]))
        seen = max((at for at, listed in taken.items() if key in listed), default=None)
        if seen is None or confirmed > min(seen, _told(taken[seen][key], seen)):
            verdict.stale.append(
                f"live at {now:%H:%M}, as of {confirmed:%H:%M:%S}, but last listed at "
                f"{seen and seen.strftime('%H:%M')}, told at {seen and taken[seen][key]}: "
                f"{event[:6]} {book} {key[2]}"
            )


def _told(update: Any, seen: datetime) -> datetime:  # noqa: ANN401
    return seen if update is None else as_moment(update)


def _references(event_ids: list[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id, key FROM odds_eventreference"
            " WHERE source = 'the_odds_api' AND event_id = ANY(%s)",
            [event_ids],
        )
        return dict(cursor.fetchall())


def _moment(value: Any) -> datetime:  # noqa: ANN401
    moment: datetime = value.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def _check_spending(verdict: Verdict, server: Server) -> None:
    account = server.api.accounts["proof"]
    verdict.spent = account.used
    if account.used > account.credits:
        verdict.overspent.append(f"spent {account.used} of {account.credits} credits")
