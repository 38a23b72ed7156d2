"""The past decides and stakes as the present does, and nothing of the future reaches it."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from betting.domain.bankroll_run import Results
from betting.domain.configuration import Configuration
from betting.domain.decide import decide, slate_of
from betting.domain.rules import plan_of
from betting.domain.simulate import simulate
from betting.models import Backtest, Bet, Opportunity, Strategy
from betting.services.backtesting import slate_of_the_past
from betting.services.kept_bets import unpack
from betting.services.past import Past, read_past
from betting.services.replaying import CannotReplay, replay
from betting.services.strategies import ensure_strategies
from models_registry.models import Opening
from odds.as_of import quotes_as_of
from odds.models import (
    Bookmaker,
    BookmakerWeight,
    PriceChange,
    PricingRule,
    Sighting,
    Sport,
    WeightSet,
)
from odds.services import ensure_partitions
from risk.domain.breakers import Level
from risk.domain.limits import Bounds
from risk.domain.staking import Plan
from tests import make
from tests.tables import moment, quote_table, row, two_way

CONFIGURATION = Configuration()
FIELDS = (
    *("fair_probability", "edge", "edge_low", "passes", "recommended"),
    *("kelly_share", "kept_part", "stake_share"),
)


def looks(count: int, seed: int = 1) -> Past:
    """So many looks, an hour apart, at ten games and five books each, prices at random."""
    rng = np.random.default_rng(seed)
    start = make.EVENING + timedelta(days=30)
    rows, at, home = [], [], []
    for hour in range(count):
        now = make.NOON + timedelta(hours=hour)
        for game in range(1, 11):
            fair = rng.uniform(0.25, 0.75)
            for book in range(1, 6):
                own = np.clip(fair + rng.normal(0, 0.02), 0.05, 0.95)
                prices = (round(1 / (own * 1.03), 3), round(1 / ((1 - own) * 1.03), 3))
                rows += two_way(
                    book,
                    *prices,
                    market_id=game + 10 * hour,
                    confirmed_at=now,
                    seen_at=now,
                    last_update=now,
                    starts_at=min(start, now + timedelta(hours=5)),
                )
                at += [moment(now)] * 2
            home += [int(rng.random() < fair)] * 10
    table = quote_table(*rows)
    won = np.where(table.side == "home", home, 1 - np.array(home)) * 2
    at = np.array(at, dtype="datetime64[us]")
    known = at + np.timedelta64(8, "h")
    return Past(table, at, Results(won, 2 - won, known), np.full(len(table), np.nan))


def live(past: Past, now) -> tuple:
    """Decide on one look of the past as if it were now."""
    mask = past.moment == now
    slate = slate_of(past.quotes.where(mask), moment=now, opinions={}, configuration=CONFIGURATION)
    return mask, decide(slate, CONFIGURATION)


def test_backtest_and_live_decide_identically_bit_for_bit():
    past = looks(60)
    at_once = decide(slate_of_the_past(past, CONFIGURATION), CONFIGURATION)

    assert at_once.recommended.sum() > 50
    for now in np.unique(past.moment):
        mask, alone = live(past, now)
        for name in FIELDS:
            assert np.array_equal(getattr(at_once, name)[mask], getattr(alone, name)), name


def test_a_planted_later_price_or_result_changes_no_earlier_decision():
    past = looks(20)
    before = decide(slate_of_the_past(past, CONFIGURATION), CONFIGURATION)
    late = past.moment > past.moment[len(past) // 2]
    planted = replace(
        past,
        quotes=replace(
            past.quotes, price=np.where(late, 1.01 + past.quotes.price, past.quotes.price)
        ),
        results=Results(
            2 - past.results.won_halves, past.results.won_halves, past.results.known_at
        ),
    )

    after = decide(slate_of_the_past(planted, CONFIGURATION), CONFIGURATION)

    for name in FIELDS:
        assert np.array_equal(getattr(before, name)[~late], getattr(after, name)[~late])
    assert not np.array_equal(before.edge[late], after.edge[late]), "the plant must show later"


def test_a_planted_later_result_changes_no_earlier_stake():
    past = looks(30)
    slate = slate_of_the_past(past, CONFIGURATION)
    decisions = decide(slate, CONFIGURATION)
    run = {"capital": 100_000, "bounds": Bounds(), "plan": Plan(part=Decimal("0.25"))}
    first = simulate(slate, decisions, past.results, **run)
    middle = np.unique(past.moment)[15]
    flipped = np.where(past.results.known_at > middle, 2, past.results.won_halves)

    second = simulate(slate, decisions, Results(flipped, 2 - flipped, past.results.known_at), **run)

    def stakes(done):
        early = past.moment[done.row] <= middle
        return sorted(zip(done.row[early].tolist(), done.stake[early].tolist(), strict=True))

    assert stakes(first) == stakes(second)
    assert first.profit.sum() != second.profit.sum()


def test_the_breaker_ends_a_losing_run():
    past = looks(60)
    slate = slate_of_the_past(past, CONFIGURATION)
    decisions = decide(slate, CONFIGURATION)
    nothing = np.zeros(len(past), dtype=np.int64)
    losing = Results(nothing, nothing + 2, past.results.known_at)
    bounds = Bounds(max_drawdown_share=Decimal("0.1000"))

    done = simulate(
        slate, decisions, losing, capital=100_000, bounds=bounds, plan=Plan(part=Decimal("0.25"))
    )

    tripped = {trip.breaker: trip for trip in done.trips}
    assert np.isnat(tripped["drawdown"].until)
    assert past.moment[done.row].max() < tripped["drawdown"].at
    assert done.refused["drawdown"] > 0


def test_a_lock_stops_stakes_for_its_hours_and_no_longer():
    past = looks(60)
    slate = slate_of_the_past(past, CONFIGURATION)
    decisions = decide(slate, CONFIGURATION)
    nothing = np.zeros(len(past), dtype=np.int64)
    losing = Results(nothing, nothing + 2, past.results.known_at)
    levels = {"losing_streak": Level(2, 5, 6)}

    done = simulate(
        slate, decisions, losing, capital=100_000, bounds=Bounds(),
        plan=Plan(part=Decimal("0.25")), levels=levels,
    )  # fmt: skip

    assert len(done.trips) > 2
    assert done.refused["losing_streak"] > 0
    placed = past.moment[done.row]
    for trip in done.trips:
        assert not ((placed >= trip.at) & (placed < trip.until)).any()
    assert (placed >= done.trips[0].until).any()


def test_legs_are_staked_together_or_not_at_all_and_once_a_market():
    # Two totals of one game, each an arbitrage: 10 % and 5 % of the outlay.
    rows = [
        row(
            side,
            price,
            market_id=1,
            line=line,
            bookmaker_id=book,
            market_key="totals",
            selection_id=book,
        )
        for book, (side, price, line) in enumerate(
            [("over", 2.2, 2.5), ("under", 2.2, 2.5), ("over", 2.1, 3.5), ("under", 2.1, 3.5)], 1
        )
    ]
    table = quote_table(*rows)
    at = table.seen_at
    configuration = Configuration(
        rule="arbitrage",
        market_keys=("totals",),
        min_edge=0.01,
        min_books=1,
        settings={"outlay": 0.03},
    )
    past = Past(
        table, at, Results(*np.full((2, 4), 2), at + np.timedelta64(9, "h")), at.astype(float)
    )
    # Each book lists one side here, so there is no consensus of theirs.
    slate = replace(
        slate_of_the_past(past, configuration),
        market_probability=np.full(4, 0.5),
        book_count=np.full(4, 3),
    )
    decisions = decide(slate, configuration)
    assert decisions.recommended.all(), decisions.passes

    def staked(**bounds) -> dict[int, int]:
        done = simulate(
            slate, decisions, past.results, capital=100_000, bounds=Bounds(**bounds),
            plan=plan_of(configuration),
        )  # fmt: skip
        return dict(zip(done.row.tolist(), done.stake.tolist(), strict=True))

    assert staked() == {0: 1500, 1: 1500}, "the better line, and the market is held then"
    assert staked(max_bookmaker_share=Decimal("0.0140")) == {}, "a leg cut by more than a hundredth"
    assert staked(max_bookmaker_share=Decimal("0.0149")) == {0: 1490, 1: 1490}


# --- from the database: the same game through the backtest, and through the provider's door

SNAPSHOT = make.NOON


@pytest.fixture
def history(db) -> None:
    """One game with four books seen once, at NOON; the fourth pays too much for home, who won."""
    ensure_partitions([SNAPSHOT])
    for book, home, away in (
        ("one", "1.910", "1.910"),
        ("two", "1.910", "1.910"),
        ("three", "1.910", "1.910"),
        ("four", "2.200", "1.700"),
    ):
        for side, price in (("home", home), ("away", away)):
            quote = make.priced(price, side=side, book=book)
            PriceChange.objects.create(
                quote=quote, price=quote.price, last_update=SNAPSHOT, seen_at=SNAPSHOT
            )
    event = quote.selection.market.event
    Sighting.objects.create(event=event, market_key="h2h", seen_at=SNAPSHOT, fingerprint=1)
    make.finish(event, 110, 100)
    ensure_strategies()


def test_the_command_runs_stores_and_prints_what_came_of_it(history, capsys):
    arguments = {"first": "2026-01-15", "last": "2026-01-15", "competition": "basketball_test"}
    command = ["backtest", "--json"] + [
        f"--{name}={value}"
        for name, value in zip(("from", "to", "competition"), arguments.values(), strict=True)
    ]
    with pytest.raises(CommandError, match="reaches into 2025-26, which is held out"):
        call_command(*command)
    assert not Backtest.objects.exists()
    command.append("--open-held-out")
    call_command(*command)
    summary = json.loads(capsys.readouterr().out)

    stored = Backtest.objects.get()
    assert unpack(bytes(stored.bets)).record.profit.tolist() == [stored.summary["profit"]]
    assert (summary["bets"], summary["hit_rate"]) == (1, 1.0)
    assert summary["profit"] == round(summary["staked"] * 1.2, 2)
    assert stored.summary["profit"] == summary["profit"]
    assert stored.configuration["limits"]["max_bet_share"] == "0.02"
    opening = stored.opening
    assert (opening.season, opening.number, opening.events) == ("2025-26", 1, 1)
    call_command(*command)
    assert Opening.objects.get() == opening, "the same configuration sees it once"
    again = [*command, "--worse=0.02"]
    olivia = make.operator()
    for short in ([], ["--reason=the margin was wrong"], ["--by=olivia", "--reason=x"]):
        with pytest.raises(CommandError, match="a held-out season opens once"):
            call_command(*again, *short)
    assert Opening.objects.get() == opening
    call_command(*again, f"--by={olivia.username}", "--reason=the margin was wrong")
    second = Opening.objects.latest("pk")
    assert (second.number, second.by, second.reason) == (2, olivia, "the margin was wrong")
    assert len(set(Backtest.objects.values_list("data_hash", flat=True))) == 1


def test_the_past_is_priced_by_the_rule_and_weights_that_were_in_force_then(history):
    sport = Sport.objects.get()
    for moment_of, method, books in (
        (make.BEFORE, "power", ["three"]),
        (make.EVENING, "multiplicative", ["four"]),
    ):
        PricingRule.objects.create(
            sport=sport, method=method, reference_books=books, reason="x", in_force_from=moment_of
        )
        learned = WeightSet.objects.create(
            sport=sport, learned_at=moment_of, target="close", hours_before=1, events_learned=1,
            events_tested=1, score_before=2, score_learned=1, gain_low=0, gain_high=1,
        )  # fmt: skip
        BookmakerWeight.objects.create(
            weight_set=learned, bookmaker=Bookmaker.objects.get(key="one"),
            weight=2 if moment_of == make.BEFORE else 9, events=1, error=0, relative=1, margin=0,
        )  # fmt: skip
    day = make.NOON.date()

    past = slate_of_the_past(read_past("basketball_test", day, day, ("h2h",)), CONFIGURATION)
    then = slate_of(
        quotes_as_of(at=SNAPSHOT, starts_after=SNAPSHOT, starts_before=make.NIGHT),
        moment=moment(SNAPSHOT), opinions={}, configuration=CONFIGURATION,
    )  # fmt: skip

    assert past.quotes.weight.tolist() == then.quotes.weight.tolist()
    assert set(past.quotes.weight) == {1.0, 2.0}
    assert past.market_probability.tolist() == then.market_probability.tolist()
    assert past.market_low.tolist() == then.market_low.tolist()


def test_a_reference_that_froze_is_none_in_the_past_as_it_was_live(history):
    PricingRule.objects.create(
        sport=Sport.objects.get(), method="power", reference_books=["frozen"],
        reference_minutes=60, reason="x", in_force_from=make.BEFORE,
    )  # fmt: skip
    for side, price in (("home", "1.500"), ("away", "2.700")):
        quote = make.priced(price, side=side, book="frozen")
        PriceChange.objects.create(
            quote=quote, price=quote.price, seen_at=SNAPSHOT,
            last_update=SNAPSHOT - timedelta(minutes=61),
        )  # fmt: skip
    day = make.NOON.date()

    past = slate_of_the_past(read_past("basketball_test", day, day, ("h2h",)), CONFIGURATION)
    then = slate_of(
        quotes_as_of(at=SNAPSHOT, starts_after=SNAPSHOT, starts_before=make.NIGHT),
        moment=moment(SNAPSHOT), opinions={}, configuration=CONFIGURATION,
    )  # fmt: skip

    assert past.market_probability.tolist() == then.market_probability.tolist()
    assert past.market_probability.max() < 0.6, "the frozen book alone would say 0.64"


def test_unknown_strategies_and_empty_stretches_are_told(history):
    with pytest.raises(CommandError, match="use one of"):
        call_command("backtest", "--from=2026-01-15", "--to=2026-01-15", "--strategy=x")
    with pytest.raises(CommandError, match="import some"):
        call_command(
            "backtest",
            "--from=2001-01-15",
            "--to=2001-01-15",
            "--competition=basketball_test",
        )
    assert Backtest.objects.get().status == "failed"
    with pytest.raises(CommandError, match="import its history"):
        call_command("backtest", "--from=2001-01-15", "--to=2001-01-15", "--competition=x")
    with pytest.raises(CannotReplay, match="import_history first"):
        replay(
            competition_key="basketball_test",
            strategy_key="consensus",
            starts_on=(make.NOON - timedelta(days=9)).date(),
            ends_on=(make.NOON - timedelta(days=9)).date(),
            now=make.NIGHT,
        )


@pytest.mark.django_db(transaction=True)
def test_a_replay_stakes_what_the_backtest_does_and_leaves_history_alone(transactional_db, request):
    request.getfixturevalue("history")
    facts = (PriceChange.objects.count(), Sighting.objects.count())
    stretch = {"starts_on": make.NOON.date(), "ends_on": make.NOON.date()}
    past = read_past("basketball_test", *stretch.values(), ("h2h",))
    configuration = Configuration.from_json(Strategy.objects.get(key="consensus").configuration)
    slate = slate_of_the_past(past, configuration)
    tested = simulate(
        slate,
        decide(slate, configuration),
        past.results,
        capital=100_000,
        bounds=Bounds(),
        plan=plan_of(configuration),
    )

    played = [
        replay(
            competition_key="basketball_test",
            strategy_key="consensus",
            now=make.NIGHT,
            **stretch,
        )
        for _ in range(2)
    ]

    first, second = Bet.objects.order_by("pk")
    assert int(first.stake * 100) == tested.stake[0]
    assert int((first.returned - first.stake) * 100) == tested.profit[0]
    assert (first.stake, first.price, first.result) == (second.stake, second.price, second.result)
    assert not Opportunity.objects.filter(status="open").exists(), "no offer of today's"
    for summary in played:
        assert (summary["placed"], summary["settled"], summary["book_problems"]) == (1, 1, 0)
    assert played[0]["profit"] == played[1]["profit"]
    assert (PriceChange.objects.count(), Sighting.objects.count()) == facts
