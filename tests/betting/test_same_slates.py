"""What live decides at each moment, a backtest decides of it later, to the last bit."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from betting.domain.configuration import Configuration
from betting.domain.decide import AHEAD, Decisions, decide, slate_of
from betting.services.backtesting import slate_of_the_past
from betting.services.past import read_past
from betting.services.strategies import PRESETS
from odds.as_of import quotes_as_of
from odds.domain.table import QuoteTable
from odds.models import PricingRule, Sport
from odds.selectors import latest_quotes
from odds.services import record_sweep
from tests import make

pytestmark = pytest.mark.django_db

# Under the last much is recommended, old prices too, so that slates are sized over several events.
CONFIGURATIONS = [
    *(each.configuration for each in PRESETS if each.configuration.model_weight == 0),
    Configuration(min_edge=0.001, min_edge_low=-0.5, min_books=1, max_quote_age=600.0),
]
GAMES = ("g1", "g2")
BOOKS = ("draftkings", "fanduel", "pinnacle", "betmgm")


def at(minutes: int) -> datetime:
    return make.SWEPT + timedelta(minutes=minutes)


def events(*keys: str) -> list:
    teams = {"g1": ("Boston Celtics", "Miami Heat"), "g2": ("Utah Jazz", "Denver Nuggets")}
    return [make.parsed_event(key, *teams[key]) for key in keys]


def sweep(minutes: int, rng: np.random.Generator, *, games=GAMES, books=BOOKS, frozen=()) -> None:
    """Record what these books list of these games; a frozen one's own time is two hours old."""
    quotes = []
    for game in games:
        for book in books:
            home = rng.uniform(0.4, 0.6)
            told = at(minutes - 120) if book in frozen else at(minutes)
            for side, p in (("home", home), ("away", 1 - home)):
                # Few prices, so that many stand from one look to the next.
                price = f"{round(0.97 / p * 4) / 4 + 0.05:.3f}"
                where = {"event_key": game, "bookmaker_key": book, "last_update": told}
                quotes.append(make.parsed_quote(side, price, **where))
    found = make.parsed_sweep(quotes, at=at(minutes), events=events(*games))
    record_sweep(found, feed_run=make.feed_run())


def decided(quotes: QuoteTable, now: datetime) -> list[Decisions]:
    moment = np.datetime64(now.replace(tzinfo=None), "us")
    return [
        decide(slate_of(quotes, moment=moment, opinions={}, configuration=each), each)
        for each in CONFIGURATIONS
    ]


def bits(column: np.ndarray) -> bytes:
    return np.ascontiguousarray(column).tobytes()


def test_a_backtest_decides_on_the_slates_that_live_had():
    rng, live = np.random.default_rng(4), {}
    for minutes in range(0, 200, 10):
        partial = minutes % 30 == 10
        sweep(
            minutes,
            rng,
            games=GAMES[:1] if partial else GAMES,
            books=BOOKS[:3] if minutes % 40 == 20 else BOOKS,
            # Of looks at a market only the newest one's times are kept.
            frozen=BOOKS[1:2] if minutes == 190 else (),
        )
        if minutes == 90:
            PricingRule.objects.create(
                sport=Sport.objects.get(), method="power", reference_books=["pinnacle"],
                reference_minutes=15, reason="x", in_force_from=at(90),
            )  # fmt: skip
        now = at(minutes)
        quotes = latest_quotes(now=now, starts_before=now + AHEAD, competition_key="basketball_nba")
        live[now] = quotes, decided(quotes, now)

    day = make.SWEPT.date()
    past = read_past("basketball_nba", day, day + timedelta(days=1), ("h2h",))
    tested = [decide(slate_of_the_past(past, each), each) for each in CONFIGURATIONS]

    for now, (quotes, decisions) in live.items():
        then = quotes_as_of(at=now, starts_after=now, starts_before=now + AHEAD)
        rows = np.flatnonzero(past.moment == np.datetime64(now.replace(tzinfo=None), "us"))
        assert quotes.quote_id.tolist() == past.quotes.quote_id[rows].tolist(), now
        for name in ("price", "confirmed_at", "weight", "reference_rank"):
            column = bits(getattr(past.quotes, name)[rows])
            assert bits(getattr(then, name)) == bits(getattr(quotes, name)) == column, (now, name)
        for whole, alone in zip(tested, decisions, strict=True):
            for name in Decisions.__slots__:
                assert bits(getattr(whole, name)[rows]) == bits(getattr(alone, name)), (now, name)
    moments = past.moment[tested[-1].recommended]
    assert len(moments) > len(np.unique(moments)) > 10, "some slates are sized together"
    assert past.moment.max().item().replace(tzinfo=UTC) == at(190)
    assert (past.moment - past.quotes.confirmed_at).max() >= np.timedelta64(2, "h")
