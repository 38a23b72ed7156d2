from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from odds.feeds.columns import ParsedQuote, columns_of
from odds.feeds.parsed import ParsedEvent, ParsedResult, ParsedSweep
from odds.models import FeedRun
from odds.services.results import record_results
from odds.services.sweeps import record_sweep
from odds.simulator.archive import ArchiveWorld

START = datetime(2022, 1, 22, 19, 0, tzinfo=UTC)
KEY = "a" * 32
SPORT = "basketball_sim"


def sweep(at: datetime, home: str, *, start: datetime = START) -> None:
    event = ParsedEvent("the_odds_api", KEY, SPORT, "Home", "Away", start.date(), start)
    run = FeedRun.objects.create(provider="the_odds_api", kind="odds", subject=SPORT, started_at=at)

    def quote(market, side, price, point=None):
        line = None if point is None else Decimal(point)
        return ParsedQuote("the_odds_api", KEY, "book", market, side, line, Decimal(price), at)

    quotes = [quote("h2h", "home", home), quote("h2h", "away", "1.90")]
    quotes += [quote("spreads", "home", "1.91", "-5.5"), quote("spreads", "away", "1.91", "5.5")]
    quotes += [quote("totals", "over", "1.88", "220"), quote("totals", "under", "1.92", "220")]
    record_sweep(
        ParsedSweep("the_odds_api", SPORT, at, [event], columns_of(quotes), {"book": "The Book"}),
        feed_run=run,
    )


@pytest.fixture
def world(db) -> ArchiveWorld:
    sweep(START - timedelta(hours=8), "1.95")
    sweep(START - timedelta(hours=2), "1.70")
    return ArchiveWorld()


def told(world, hours: float) -> dict:
    """Prices as the world tells them so many hours before the start."""
    entry = world.odds(SPORT, START - timedelta(hours=hours))[0]
    return {
        (market.key, outcome.name, outcome.point): outcome.price
        for book in entry.books
        for market in book.markets
        for outcome in market.outcomes
    }


def test_prices_are_those_in_force_then(world):
    assert told(world, 9) == {}
    assert told(world, 5)["h2h", "Home", None] == 1.95
    assert told(world, 1)["h2h", "Home", None] == 1.70
    assert told(world, 1)["spreads", "Away", 5.5] == 1.91
    assert told(world, 1)["totals", "Over", 220.0] == 1.88


def test_a_planted_later_price_and_result_change_nothing_before_them(world):
    at = START - timedelta(hours=5)
    before = world.events(SPORT, at), world.odds(SPORT, at), world.scores(SPORT, at)
    sweep(START - timedelta(hours=1), "1.01")
    run = FeedRun.objects.create(
        provider="the_odds_api", kind="scores", subject=SPORT, started_at=START
    )
    seen = START + timedelta(hours=3)
    record_results([ParsedResult("the_odds_api", KEY, 110, 100, seen)], feed_run=run)

    assert (world.events(SPORT, at), world.odds(SPORT, at), world.scores(SPORT, at)) == before
    early, late = world.scores(SPORT, seen - timedelta(minutes=1)), world.scores(SPORT, seen)
    assert (early[0].completed, early[0].home_score) == (False, None)
    assert (late[0].completed, late[0].home_score, late[0].away_score) == (True, 110, 100)


def test_an_event_leaves_the_list_when_its_result_is_known(world):
    assert [e.id for e in world.events(SPORT, START + timedelta(hours=1))] == [KEY]
    assert world.odds(SPORT, START + timedelta(hours=1))[0].books == ()
    run = FeedRun.objects.create(
        provider="the_odds_api", kind="scores", subject=SPORT, started_at=START
    )
    seen = START + timedelta(hours=3)
    record_results([ParsedResult("the_odds_api", KEY, 110, 100, seen)], feed_run=run)
    assert world.events(SPORT, seen) == []
    assert world.scores(SPORT, START + timedelta(days=3)) == []
