"""What performance pages read and no request works out: drawn by the job, without look-ahead."""

import json
from datetime import timedelta

import numpy as np
import pytest

from betting.domain.luck import Interval
from betting.domain.outlook import FUTURES, outlook_of
from betting.domain.overfit import budget_of
from betting.domain.performance import flat_record
from betting.domain.record import DAY
from betting.domain.regimes import FEWEST_DAYS, regimes_as_known
from betting.domain.sweeping import by_week
from betting.models import MarketDay, Outlook
from betting.selectors.settled import regimes_at
from betting.services import outlooks
from betting.services.settlement import settle_due_bets
from betting.views.outlook import outlook_given
from odds.models import Competition, Event
from tests import make
from tests.betting.test_backtest import history as history


def test_regimes_are_known_by_the_days_before_alone():
    rng = np.random.default_rng(5)
    figures = rng.normal(0, 1, (160, 2))
    figures[80:, 0] += 6
    label, count = regimes_as_known(figures)

    assert (label[:FEWEST_DAYS] == -1).all()
    assert set(label[120:].tolist()) == {1}
    assert set(count[120:].tolist()) == {2}
    planted = figures.copy()
    planted[130:] -= 50
    assert np.array_equal(regimes_as_known(planted)[0][:130], label[:130])
    # Reading on from where the last round ended says the same.
    assert np.array_equal(regimes_as_known(figures, since=125)[0][125:], label[125:])


def test_a_missing_column_is_left_out_and_a_missing_day_has_no_regime():
    figures = np.column_stack([np.random.default_rng(5).normal(0, 1, 60), np.full(60, np.nan)])
    figures[50, 0] = np.nan

    label, _ = regimes_as_known(figures)

    assert label[50] == -1
    assert (label[[49, 51]] == 0).all()


def test_an_outlook_tells_three_futures_and_what_was_staked_of_kelly():
    record = flat_record(prices=[2.0] * 60, won=[1, 0] * 30, stake=50.0)

    told = outlook_of(record, capital=1000.0, part=0.5)

    assert told["kelly"] == {"part": 0.5, "to_half": 0.125}
    assert told["beliefs"] is None, "nobody believed anything"
    # A share of 5 % sixty times without an edge: falls by half are rare, by a tenth common.
    fell = dict(told["no_edge"]["fell"])
    assert fell[0.1] > 0.8
    assert 0 < fell[0.5] < 0.3
    assert "60 more days like these" in told["sentence"]
    assert outlook_of(record.where(np.arange(0)), capital=1000.0)["record"] is None


def test_an_outlook_is_refused_where_the_record_is_too_short_and_says_what_it_takes():
    record = flat_record(prices=[2.0] * 60, won=[1, 0] * 30, stake=5.0)
    few = outlook_of(record.where(np.arange(29)), capital=1000.0)
    assert all(few[name] is None for name in FUTURES)
    assert few["sentence"] == (
        "An outlook takes at least 30 settled bets, on 10 days or more: there are 29, on 29."
    )
    crowded = flat_record(prices=[2.0] * 60, won=[1, 0] * 30, days=[i % 9 for i in range(60)])
    assert outlook_of(crowded, capital=1000.0)["record"] is None
    # One of before this rule is not shown either, one that is long enough is.
    old = {"bets": 3, "record": {"days": 1}, "sentence": "With 1 more day like these, all is well."}
    assert "there are 3, on 1." in outlook_given(old)["outlook"]["refusal"]
    enough = outlook_of(record.where(np.arange(30)), capital=1000.0)
    assert outlook_given(enough)["outlook"] is enough


def test_what_no_drawn_bankroll_met_is_rare_and_not_impossible():
    record = flat_record(prices=[2.0] * 60, won=[1, 0] * 30, stake=1.0)
    told = outlook_of(record, capital=1000.0)
    assert told["record"]["ruined"] == 0
    assert "under 1 in 5,000 to half the start" in told["sentence"]
    half = outlook_given(told)["risks"][-1][1]
    assert half[0] == "under 1 in 5,000"


def test_the_budget_of_a_sweep_tells_skill_from_the_best_of_many_draws():
    rng = np.random.default_rng(2)
    start = np.datetime64("2026-01-01", "us")

    def tried(chance: float):
        record = flat_record(prices=[2.0] * 400, won=(rng.random(400) < chance).astype(float))
        at = start + DAY * np.arange(400)
        return type(record)(
            *(at if name == "placed_at" else getattr(record, name) for name in record.__slots__)
        )

    bounds = np.array([start, start + DAY * 400])
    lucky = [tried(0.5) for _ in range(20)]
    skilled = [*lucky, tried(0.7)]
    for records, says in ((lucky, "too little"), (skilled, "is left after what luck alone shows.")):
        profit, stake = by_week(records, bounds)
        assert stake.sum(axis=0).tolist() == [400.0] * len(records)
        best = int(profit.sum(axis=0).argmax())
        value = float(profit[:, best].sum() / 400)
        told = budget_of(
            profit, stake, best=best, earned=Interval(value, value - 0.098, value + 0.098, 400)
        )
        assert says in told.sentence
    assert told.overfit.probability < 0.1
    assert told.sharpe > 0.95


@pytest.mark.django_db
def test_the_job_draws_once_for_what_settled_and_the_pages_show_it(alice, as_alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.100"))
    make.finish(bet.selection.market.event, 110, 90)
    settle_due_bets(make.NIGHT)
    assert "Drawn within half an hour" in as_alice.get("/performance/").content.decode()

    drawn = [outlooks.refresh(make.NIGHT).outlooks for _ in range(2)]

    assert drawn == [1, 0]
    assert Outlook.objects.get().content["bets"] == 1
    page = as_alice.get("/performance/").content.decode()
    assert "there are 1, on 1." in page
    assert "bankrolls drawn from" not in page
    assert "By market regime when placed" in page
    MarketDay.objects.create(
        competition=bet.selection.market.event.competition, regime=0, regimes=2,
        day=make.NOON.date() - timedelta(days=3), made_at=make.NIGHT,
    )  # fmt: skip
    (row,) = json.loads(b"".join(as_alice.get("/performance/export.json").streaming_content))
    assert row["regime"] == "lower margin"


@pytest.mark.django_db
def test_a_day_of_a_market_is_read_once_and_when_its_results_are_in(history):
    # Of decades before the first price an archive has results alone.
    early = Event.objects.get()
    early.pk, long = None, 3 * timedelta(outlooks.MOST_DAYS_A_ROUND)
    early.day, early.starts_at = early.day - long, early.starts_at - long
    early.save()
    assert outlooks.refresh(make.NIGHT).days == 0
    later = make.NIGHT + timedelta(days=3)

    assert outlooks.refresh(later).days == 1

    day = MarketDay.objects.get()
    # Four books: 1/1.91 twice and 1/2.20 + 1/1.70.
    assert day.margin == pytest.approx((3 * 2 / 1.91 + 1 / 2.2 + 1 / 1.7) / 4 - 1)
    assert (day.movement, day.regime) == (0.0, None), "one day is no ground for a regime"
    assert outlooks.refresh(later) == outlooks.Refreshed(0, 0)


@pytest.mark.django_db
def test_a_bet_is_in_the_regime_of_days_whose_results_were_in(history):
    competition = Competition.objects.get()
    day = make.NOON.date()
    for back, regime in ((3, 0), (1, 1)):
        MarketDay.objects.create(
            competition=competition, day=day - timedelta(days=back), regime=regime, regimes=2,
            made_at=make.NIGHT,
        )  # fmt: skip

    placed = [make.NOON.replace(tzinfo=None) + timedelta(days=after) for after in (0, 1, 40)]
    names = regimes_at(np.full(3, competition.pk), np.array(placed, "datetime64[us]"))

    assert names.of_each().tolist() == ["lower margin", "higher margin", "not known"]
