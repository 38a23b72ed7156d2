"""Past prices: their cost said first, never more than allowed, gone on with, as known then."""

from datetime import UTC, datetime

import pytest
import stamina
from django.core.management import CommandError, call_command

from odds.models import CreditEntry, PriceChange
from odds.simulator.clock import ManualClock
from odds.simulator.league import SPORT_KEY
from odds.simulator.protocol import Account
from odds.simulator.server import serve
from tests.odds.simulator.door import LEAGUE, NOON


@pytest.fixture
def plan(settings, db):
    made = Account("key", credits=10_000)
    settings.CLOCK = None
    settings.THE_ODDS_API_KEY = "key"
    with (
        serve(LEAGUE, clock=ManualClock(NOON), accounts=[made]) as server,
        stamina.set_testing(True, attempts=1),
    ):
        settings.THE_ODDS_API_URL = server.url
        yield made


def run(capsys, *more, credits=100):
    call_command(
        "backfill", "--sport", SPORT_KEY, "--from", "2026-01-15T00:00", "--to", "2026-01-15T06:00",
        "--markets", "h2h", "--regions", "us", "--every", "120", "--max-credits", str(credits),
        "--yes", *more,
    )  # fmt: skip
    told = capsys.readouterr()
    return told.out, told.err


def test_it_says_the_cost_first_stops_at_the_budget_and_goes_on(plan, capsys):
    out, err = run(capsys, credits=25)
    assert "At most 4 snapshots of 10 credits each: 40 credits; it stops at 25." in err
    assert "2 snapshots, 20 credits" in out
    assert "run it again to go on" in out
    assert plan.used == 20

    out, err = run(capsys)
    assert "2 are recorded already." in err
    assert "At most 2 snapshots" in err
    assert "2 snapshots, 20 credits" in out
    assert out.rstrip().endswith("complete")
    assert plan.used == 40

    out, _ = run(capsys)
    assert "0 snapshots, 0 credits" in out
    assert plan.used == 40
    assert CreditEntry.objects.filter(job="backfill", charged=10).count() == 4


def test_a_stretch_that_begins_earlier_fetches_what_is_missing_before(plan, capsys):
    run(capsys, "--from", "2026-01-15T04:00")
    assert plan.used == 20
    out, err = run(capsys)
    assert "At most 2 snapshots" in err
    assert out.rstrip().endswith("complete")
    assert plan.used == 40


def test_however_many_bookmakers_are_named_a_repeat_costs_nothing(plan, capsys, monkeypatch):
    books = [f"bookmaker_of_a_long_name_{number}" for number in range(20)]
    monkeypatch.setattr(LEAGUE, "book_keys", lambda: frozenset(books))
    run(capsys, "--bookmakers", ",".join(books))
    used = plan.used
    run(capsys, "--bookmakers", ",".join(books))
    assert plan.used == used == 80


def test_what_is_known_of_other_regions_stays_as_it_is(plan, capsys):
    run(capsys, "--regions", "us,eu")
    every = PriceChange.objects.order_by("pk")
    european = every.filter(quote__bookmaker__key="sim_sharp")
    before, count = list(european), every.count()
    # One more snapshot in between, of American bookmakers only.
    run(capsys, "--every", "180")
    assert every.count() > count
    assert list(european.all()) == before


def test_prices_count_as_seen_at_their_snapshot(plan, capsys):
    run(capsys)
    seen = set(PriceChange.objects.values_list("seen_at", flat=True))
    assert seen
    assert min(seen) >= datetime(2026, 1, 14, 23, 50, tzinfo=UTC)
    assert max(seen) <= datetime(2026, 1, 15, 6, 0, tzinfo=UTC)


def test_a_plan_without_history_is_said_and_nothing_charged(plan, capsys):
    plan.has_history = False
    with pytest.raises(CommandError, match="HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN"):
        run(capsys)
    assert plan.used == 0


def test_nobody_said_yes(plan, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _prompt: "")
    with pytest.raises(CommandError, match="nothing was fetched"):
        call_command(
            "backfill", "--sport", SPORT_KEY, "--from", "2026-01-15", "--to", "2026-01-16",
            "--max-credits", "10",
        )  # fmt: skip
    assert plan.used == 0


@pytest.mark.parametrize(
    ("given", "reason"),
    [(("--every", "1"), "5 minutes apart"), (("--to", "2025-12-01"), "--to is before --from")],
)
def test_what_cannot_be_meant_is_refused(plan, capsys, given, reason):
    with pytest.raises(CommandError, match=reason):
        run(capsys, *given)


def test_minutes_are_the_providers_own(plan, capsys):
    """Asked for closer than it keeps them, no snapshot is fetched twice."""
    call_command(
        "backfill", "--sport", SPORT_KEY, "--from", "2026-01-15T00:00", "--to", "2026-01-15T00:20",
        "--markets", "h2h", "--regions", "us", "--every", "5", "--max-credits", "1000", "--yes",
    )  # fmt: skip
    assert CreditEntry.objects.filter(job="backfill").count() <= 5
