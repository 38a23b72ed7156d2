"""Breakers: levels, locks that end, evidence that counts once, and drills over the past."""

import uuid
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEntry
from betting.models import Opportunity, Strategy, Transfer
from betting.selectors.history import breakers_of, drill_of
from betting.services.breaking import (
    read_breakers,
    read_breakers_of,
    stale_minutes,
    world_levels,
    world_readings,
)
from betting.services.settlement import settle_bet
from risk.domain.breakers import DAY, PERSONAL, EquityPath, History, Level, drill, read
from risk.models import BreakerLevel, BreakerReading, Halt
from risk.selectors import breakers_at, halts_in_force, levels_of
from risk.services import LevelsRefused, WorldReading, check_world, lift_halt, set_levels
from tests import make

START = np.datetime64("2026-01-01T00:00:00.000000")


def history(profits, *, hours=1, clv=None) -> History:
    """A thousand, then a bet an hour."""
    n = len(profits)
    at = START + np.arange(1, n + 1) * np.timedelta64(hours, "h")
    profit = np.array(profits, dtype=np.float64)
    path = EquityPath(
        np.concatenate(([START], at)),
        1000 + np.concatenate(([0.0], np.cumsum(profit))),
        np.concatenate(([1000.0], np.zeros(n))),
    )
    values = np.full(n, np.nan) if clv is None else np.array(clv, dtype=np.float64)
    return History((path,), at, at - np.timedelta64(1, "h"), profit, values)


def figure(breaker, past, *, at=None, since=None) -> float:
    now = past.at[-1] if at is None else at
    return read(breaker, past, now=now, bounds=PERSONAL[breaker], since=since).figure


def test_figures_that_can_be_checked_by_head():
    past = history([-10, -10, 0, -10, 30, -20])
    assert figure("losing_streak", past) == 1
    assert figure("losing_streak", past, at=past.at[3]) == 3, "a push neither adds nor ends"
    assert figure("daily_loss", past) == pytest.approx(0.02)
    assert figure("drawdown", past) == pytest.approx(0.02)  # 1000, down to 970, 1000, 980
    assert figure("daily_loss", past, at=past.at[-1] + DAY) == 0.0
    slow = history([-10] * 10, hours=24)
    assert figure("weekly_loss", slow) == pytest.approx(70 / 970)
    assert figure("clv_decay", history([1.0] * 49, clv=[-0.01] * 49)) == 0.0, "too few"
    # Mean -0.01, standard deviation 0.02, of a hundred: five standard errors.
    shaky = history([1.0] * 100, clv=[-0.03, 0.01] * 50)
    assert figure("clv_decay", shaky) == pytest.approx(5.0)


PROFITS = st.lists(st.sampled_from([-20.0, -5.0, 0.0, 10.0]), min_size=1, max_size=60)


@given(PROFITS, st.integers(2, 6))
def test_a_drill_is_reading_after_each_settlement(profits, trip):
    """The drill over the past against the live rule, moment by moment."""
    past = history(profits)
    for breaker, bounds in {
        "losing_streak": Level(1, trip, 5),
        "drawdown": Level(0.005, trip / 100, 0),
        "daily_loss": Level(0.005, trip / 100, 7),
    }.items():
        expected, since, until = [], None, None
        for at in past.at:
            if until is not None and at <= until:
                continue
            if read(breaker, past, now=at, bounds=bounds, since=since).tripped:
                lock = np.timedelta64(bounds.lock_hours, "h") if bounds.lock_hours else DAY
                until = since = at + lock
                expected.append((at, until))
        found = drill(past, {breaker: bounds})
        assert [(trip.at, trip.until) for trip in found] == expected


# --- with a person


def lose(owner, game: int, *, at=make.NIGHT, stake: str = "10.00", result: str = "lost"):
    bet = make.place(owner, make.priced("2.000", game=game), stake)
    return settle_bet(bet_id=bet.pk, result=result, now=at)


def test_a_streak_warns_then_locks_and_what_tripped_it_once_does_not_again(alice):
    make.bankroll(alice)
    levels = {"losing_streak": Level(2, 3, 24)}
    set_levels(owner_id=alice.pk, levels=levels, now=make.NOON, by_id=alice.pk)
    for game in (1, 2):
        lose(alice, game)
    read_breakers_of(alice.pk, now=make.NIGHT)
    assert not Halt.objects.exists()
    assert BreakerReading.objects.get(breaker="losing_streak").level == "warn"
    lose(alice, 3)

    read_breakers_of(alice.pk, now=make.NIGHT)

    halt = Halt.objects.get()
    assert (halt.cause, halt.owner, halt.until) == (
        "losing_streak",
        alice,
        make.NIGHT + timedelta(hours=24),
    )
    assert "3 lost bets in a row" in halt.reason
    over = halt.until + timedelta(minutes=1)
    assert halts_in_force(alice.pk, now=make.NIGHT) == [halt]
    assert halts_in_force(alice.pk, now=over) == []
    read_breakers_of(alice.pk, now=over)
    assert Halt.objects.count() == 1, "the same three lost bets are no new reason"
    lose(alice, 4, at=over)
    lose(alice, 5, at=over)
    read_breakers_of(alice.pk, now=over)
    assert Halt.objects.count() == 1, "two since the lock ended"
    lose(alice, 6, at=over)
    read_breakers_of(alice.pk, now=over)
    assert Halt.objects.count() == 2


def test_a_drill_says_what_would_have_been_blocked_and_writes_nothing(alice, capsys):
    make.bankroll(alice)
    for game in (1, 2, 3):
        lose(alice, game, at=make.NOON)
    # Placed while the lock would have held; it won, so the lock would have cost that.
    lose(alice, 4, result="won")
    before = [model.objects.count() for model in (Halt, BreakerReading, Transfer)]
    levels = levels_of(alice.pk) | {"losing_streak": Level(2, 3, 24)}

    found = drill_of(alice.pk, days=7, now=make.NIGHT, stale_minutes=60, levels=levels)

    (lock,) = found.locks
    assert (lock.title, lock.bets, lock.staked, lock.profit) == (
        "Losing streak",
        4,
        Decimal("40.00"),
        Decimal("-20.00"),
    )
    assert lock.stops == "every new stake of yours"
    assert lock.words == "3 bets in a row, trips at 3"
    assert "Drawdown" in found.quiet
    assert before == [model.objects.count() for model in (Halt, BreakerReading, Transfer)]
    call_command("drill", user="alice", days=30)
    assert "0 locks in 30 days" in capsys.readouterr().out
    with pytest.raises(CommandError, match="nobody called 'mallory'"):
        call_command("drill", user="mallory")


def test_a_breaker_of_one_strategy_says_its_title(alice):
    make.bankroll(alice)
    quote = make.priced("2.200")
    of = Strategy.objects.create(key="mine", title="Late movers", configuration={})
    found = Opportunity.objects.create(
        strategy=of, quote=quote, as_of=make.NOON, price=quote.price,
        price_seen_at=make.NOON, fair_probability=0.5, market_probability=0.5, edge=0.1,
        edge_low=0.05, stake_share=0.02, reasons=[], passes=[],
    )  # fmt: skip
    bet = make.place(alice, quote, opportunity_id=found.pk)
    settle_bet(bet_id=bet.pk, result="lost", now=make.NIGHT)

    stops = [each.stops for each in breakers_of(breakers_at(alice.pk, now=make.NIGHT))]

    assert stops[-1] == "new stakes of yours by the strategy Late movers"


def test_levels_are_ones_own_and_impossible_ones_are_refused(alice, bob):
    with pytest.raises(LevelsRefused, match="warn at 5 and trip at 3"):
        set_levels(
            owner_id=alice.pk,
            levels={"losing_streak": Level(5, 3, 24)},
            now=make.NOON,
            by_id=alice.pk,
        )
    levels = {"drawdown": Level(0.05, 0.1, 12)}
    set_levels(owner_id=alice.pk, levels=levels, now=make.NOON, by_id=alice.pk)

    assert levels_of(alice.pk) == dict(PERSONAL) | levels
    assert levels_of(bob.pk) == dict(PERSONAL)
    assert "drawdown" in {
        each.breaker for each in breakers_of(breakers_at(alice.pk, now=make.NOON))
    }


def test_a_level_that_would_never_trip_is_refused(alice):
    for name, level in {
        "daily_loss": Level(0.1, 1.5, 24),
        "losing_streak": Level(5, float("nan"), 24),
        "clv_decay": Level(1, 2, 10_000),
    }.items():
        with pytest.raises(LevelsRefused, match=name):
            set_levels(owner_id=alice.pk, levels={name: level}, now=make.NOON, by_id=alice.pk)
    assert not BreakerLevel.objects.exists()


def sent(client, asked):
    return client.post(
        "/api/v1/risk/breakers",
        asked,
        "application/json",
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )


def test_an_operator_sets_where_those_of_everybody_trip(olivia, as_alice):
    asked = {"breaker": "stale_feed", "warn": 1, "trip": 3, "reason": "A slower feed."}
    as_olivia = Client()
    as_olivia.force_login(olivia)

    def post(client, **changed):
        return sent(client, asked | changed)

    assert post(as_alice).status_code == 403
    for wrong, words in (
        ({"trip": 200}, "96 is the most"),
        ({"warn": 4}, "not after the trip"),
        ({"reason": ""}, "reason: say why"),
    ):
        answer = post(as_olivia, **wrong)
        assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert not BreakerLevel.objects.exists()

    assert post(as_olivia).status_code == 200
    assert world_levels()["stale_feed"] == Level(1, 3, 0)
    entry = AuditEntry.objects.get(action="changed breaker levels of everybody")
    assert (entry.after, entry.detail) == ({"warn": 1.0, "trip": 3.0}, {"reason": "A slower feed."})
    assert 'value="3"' in as_olivia.get("/risk/").content.decode()
    page = {"breaker": "stale_feed", "warn": "2", "trip": "5", "reason": "Slower still."}
    assert as_alice.post("/risk/levels/", page).status_code == 403
    as_olivia.post("/risk/levels/", page)
    assert stale_minutes() == 75


def test_a_person_sets_their_own_levels_by_api(alice, as_alice):
    asked = {"breaker": "daily_loss", "warn": 0.05, "trip": 0.08}
    answer = sent(as_alice, asked)

    shown = {each["breaker"]: each for each in answer.json()["yours"]}
    assert (shown["daily_loss"]["warn"], shown["daily_loss"]["trip"]) == (0.05, 0.08)
    assert levels_of(alice.pk)["daily_loss"] == Level(0.05, 0.08, 24)


# --- the operator's


def feed(figure: float) -> WorldReading:
    return WorldReading("stale_feed", "league", "nba", figure, 2.0, 4.0, f"silent {figure}.")


def test_a_feed_breaker_holds_until_well_below_the_warning_not_only_below_the_trip(alice, olivia):
    check_world([feed(4.0)], now=make.NOON)
    (halt,) = halts_in_force(alice.pk, now=make.NOON)
    assert halt.blocks == "new stakes of everybody in the league nba; all others are taken"
    check_world([feed(3.0)], now=make.NOON)
    assert halts_in_force(alice.pk, now=make.NOON) == [halt]
    check_world([feed(1.0)], now=make.NIGHT)
    assert halts_in_force(alice.pk, now=make.NIGHT) == []


def test_what_an_operator_lifted_stays_lifted_until_it_was_well(alice, olivia):
    check_world([feed(5.0)], now=make.NOON)
    (halt,) = halts_in_force(alice.pk, now=make.NOON)
    lift_halt(halt_id=halt.pk, reason="known", now=make.NOON, by_id=olivia.pk)
    check_world([feed(5.5)], now=make.NOON + timedelta(minutes=1))
    assert halts_in_force(alice.pk, now=make.NIGHT) == []
    check_world([feed(0.5)], now=make.NOON + timedelta(minutes=2))
    check_world([feed(6.0)], now=make.NOON + timedelta(minutes=3))
    assert len(halts_in_force(alice.pk, now=make.NIGHT)) == 1


def test_a_round_reads_those_of_whom_something_is_new(alice, bob, monkeypatch):
    for person in (alice, bob):
        make.bankroll(person)
    assert read_breakers(make.NOON).people == 2, "money came in"
    assert read_breakers(make.BEFORE + DAY * 7).people == 2, "it leaves the last week"
    make.place(alice, make.priced(), "10.00")
    assert read_breakers(make.NOON).people == 0, "a stake alone is no news"

    lose(alice, 2, stake="1.00")
    monkeypatch.setattr("betting.services.breaking.past_of", None)
    assert read_breakers(make.NIGHT).people == 0
    monkeypatch.undo()

    assert read_breakers(make.NIGHT).people == 1, "who could not be read stays due"
    assert read_breakers(make.NIGHT).people == 0
    assert read_breakers(make.NIGHT + timedelta(days=1)).people == 1, "it leaves the last day"
    levels = {"losing_streak": Level(1, 3, 24)}
    set_levels(owner_id=alice.pk, levels=levels, now=make.NIGHT, by_id=alice.pk)
    for _ in range(2):
        assert read_breakers(make.NIGHT).people == 1, "warned: read each round"


def test_the_world_is_read_from_feeds_and_waiting_bets(alice):
    make.bankroll(alice)
    event = make.priced().selection.market.event
    make.feed_run(
        subject=event.competition.key,
        started_at=make.NOON - timedelta(hours=2),
        finished_at=make.NOON - timedelta(hours=2),
        outcome="succeeded",
    )

    found = {each.breaker: each for each in world_readings(make.NOON)}

    assert (found["stale_feed"].figure, found["stale_feed"].level) == (8.0, "trip")
    assert read_breakers(make.NOON).tripped == 1
    assert Halt.objects.get().scope_key == "basketball_test"
    assert world_readings(make.EVENING + timedelta(hours=1))[0].figure == 0.0, "nothing to bet on"
