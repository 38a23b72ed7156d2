"""What some bets earned, and whether that can be told from luck, against figures worked by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.charts import drawdown_chart, equity_chart, luck_chart
from betting.domain.breakdowns import Labels, cut
from betting.domain.luck import Finding, Interval, chance_of_luck, judge, mean_of, resampled_yield
from betting.domain.performance import flat_record, measure
from betting.domain.record import numbered
from betting.domain.returns import daily_returns, ratios_of, streaks_of, water_of


@given(
    st.lists(st.integers(-3, 60)) | st.lists(st.integers(-(2**40), 2**40)),
    st.integers(-(2**40), 2**40),
)
def test_numbers_are_those_of_a_sort_near_together_and_far_apart(values, begin):
    each = np.array(values, np.int64) + begin
    for mine, theirs in zip(numbered(each), np.unique(each, return_inverse=True), strict=True):
        assert mine.tolist() == theirs.tolist()


def bets(seed: int, *, n: int = 300, edge: float = 0.0, price: float = 2.0):
    """Return so many bets, an event each, that win as often as the price pays, and an edge more."""
    won = np.random.default_rng(seed).random(n) < (1 + edge) / price
    return flat_record(prices=[price] * n, won=won.astype(float))


def test_ratios_of_a_month_are_those_worked_by_hand():
    returns = np.array([0.01, -0.01] * 15 + [0.02])
    mean, spread = returns.mean(), np.sqrt(((returns - returns.mean()) ** 2).sum() / 30)

    done = ratios_of(returns, depth=0.05)

    assert done.sharpe == pytest.approx(mean / spread * np.sqrt(365))
    assert done.sortino == pytest.approx(mean / np.sqrt(15 * 0.01**2 / 31) * np.sqrt(365))
    growth = (1.01 * 0.99) ** 15 * 1.02
    assert done.calmar == pytest.approx((growth ** (365 / 31) - 1) / 0.05)


def test_idle_days_count_and_a_few_days_say_nothing():
    record = flat_record(prices=[3.0, 3.0], won=[1, 0], days=[0, 40], stake=10.0)

    returns = daily_returns(record, capital=100.0)

    assert (len(returns), returns[0], returns[1]) == (41, 0.2, 0.0)
    assert returns[40] == pytest.approx(-10 / 120)
    assert ratios_of(returns[:29], depth=0.1).sharpe is None


def test_the_worst_fall_is_of_the_whole_path_and_not_of_its_ends():
    # A known defect elsewhere: (peak - final) / peak, which says that nothing was lost here.
    equity = np.array([100.0, 120.0, 60.0, 130.0])
    at = np.array(["2026-01-01", "2026-01-02", "2026-01-11"], "datetime64[us]")

    done = water_of(equity, at)

    assert (done.depth, done.longest, done.share) == (0.5, 9.0, 0.9)


def test_a_curve_that_only_rises_was_never_under_water():
    at = np.array(["2026-01-01", "2026-01-02"], "datetime64[us]")
    assert water_of(np.array([100.0, 101.0, 102.0]), at).share == 0.0


def test_bets_that_settle_at_one_moment_are_one_point_of_the_curve():
    record = flat_record(prices=[3.0] * 4, won=[1, 0, 0, 1], days=[0, 5, 5, 5], stake=10.0)
    done = measure(record, capital=100.0)
    times = np.concatenate([record.placed_at[:1], record.settled_at])

    drawn = json.loads(equity_chart(times, done))
    fallen = json.loads(drawdown_chart(times, done))

    assert len(set(drawn["x"])) == len(drawn["x"]) == len(fallen["x"])
    assert drawn["series"][0]["values"][-1] == done.equity[-1] == 120.0


def test_streaks_do_not_count_what_came_to_nothing():
    assert streaks_of(np.array([0.0, -1.0, 0.0, -2.0, 1.0])).lost == 2
    assert streaks_of(np.array([])).won == 0


def test_bets_on_one_event_share_their_luck():
    alone = bets(1, n=100, edge=0.1)
    together = replace(alone, event=np.arange(100) // 10)
    twice = alone.where(np.repeat(np.arange(100), 4))
    copied = replace(twice, event=np.repeat(np.arange(100), 4))

    def width(record):
        said = resampled_yield(record)
        return said.high - said.low

    # Four copies of a bet tell no more than one of them.
    assert width(copied) == pytest.approx(width(alone), rel=0.05)
    assert width(together) != width(alone)
    clv = np.repeat(np.random.default_rng(1).normal(size=50), 4)
    clustered, naive = mean_of(clv, np.repeat(np.arange(50), 4)), mean_of(clv, np.arange(200))
    assert clustered.high - clustered.low == pytest.approx(2 * (naive.high - naive.low), rel=0.05)


def test_luck_is_told_from_skill_no_more_often_than_is_said():
    """Bettors without an edge at fair prices, short and long."""
    for price, n in ((2.0, 200), (8.0, 200)):
        found = [
            measure(bets(seed, n=n, price=price), capital=1000.0).finding.finding
            for seed in range(60)
        ]
        assert found.count(Finding.SKILL) <= 4, price


def test_an_edge_is_found_where_there_are_bets_enough():
    done = measure(bets(5, n=3000, edge=0.08), capital=1000.0)

    assert done.finding.finding is Finding.SKILL
    assert done.luck < 0.001
    assert done.bets_needed < 3000


def test_long_shots_are_not_taken_for_skill_where_normal_luck_would_be():
    # Of forty bets at 20 five or more win 4.8 times in a hundred; the normal tail says 1.5.
    record = flat_record(prices=[20.0] * 40, won=[1] * 5 + [0] * 35)

    assert chance_of_luck(record) == pytest.approx(0.048, abs=0.006)


def test_beating_the_close_counts_where_profit_is_noise_and_losing_is_never_skill():
    nothing = Interval(0.01, -0.05, 0.07, 200)

    assert judge(nothing, Interval(0.02, 0.015, 0.025, 150), 0.4).finding is Finding.SKILL
    luck = judge(nothing, Interval(0.02, -0.002, 0.042, 150), 0.4)
    assert luck.finding is Finding.NO_EVIDENCE
    assert "no evidence of skill" in luck.sentence
    # One look alone would take it for skill.
    near = judge(nothing, Interval(0.007, 0.0002, 0.0138, 150), 0.4)
    assert near.finding is Finding.NO_EVIDENCE
    assert "(+0.7 %) the interval leaves out zero, but not by enough" in near.sentence
    losing = judge(Interval(-0.1, -0.15, -0.05, 200), Interval(-0.02, -0.03, -0.01, 200), 0.99)
    assert losing.finding is Finding.LOSING
    assert "these bets lose" in losing.sentence
    assert "no evidence of skill" in judge(None, None, None).sentence
    few = judge(Interval(0.9, 0.5, 1.3, 12), None, 0.001)
    assert few.finding is Finding.NO_EVIDENCE


def test_a_verdict_asks_for_more_bets_only_where_more_would_tell():
    arbitrage = judge(Interval(0.012, 0.010, 0.014, 78), None, 0.45).sentence
    assert "leaves out zero, but" in arbitrage
    assert "in 45 % of cases, so it cannot be told from luck." in arbitrage
    assert "more bet" not in arbitrage
    # A lopsided interval holds zero and is narrower than twice the yield.
    assert "more bet" not in judge(Interval(0.05, -0.001, 0.09, 100), None, 0.03).sentence
    one = judge(Interval(0.02, -0.0001, 0.0402, 100), None, 0.1).sentence
    assert "cannot be told from luck: about 2 more bets like these would tell." in one
    few = judge(Interval(0.5, 0.1, 0.9, 29), None, 0.001).sentence
    assert "about 1 more bet like these would tell" in few


def test_a_handful_of_bets_is_too_early_to_tell_whatever_they_earned():
    said = judge(Interval(1.05, float("-inf"), float("inf"), 3), None, 0.1).sentence
    assert said.startswith(
        "Yield +105.0 % over 3 bets: too early to tell skill from luck; a verdict takes at least 30"
    )
    lost = judge(Interval(-0.5, -0.9, -0.1, 29), None, 0.99).sentence
    assert "over 29 bets: too early to tell skill from luck; about 1 more bet" in lost
    assert "too early" not in judge(Interval(0.01, -0.05, 0.07, 30), None, 0.4).sentence
    close = judge(Interval(0.01, -0.05, 0.07, 200), Interval(0.1, 0.06, 0.14, 20), 0.4)
    early = "(+10.0 % over 20 bets) it is too early to tell before 30 bets: no evidence"
    assert early in close.sentence


def test_what_is_one_of_many_tries_has_to_be_as_many_times_rarer():
    earned, close = Interval(0.08, 0.02, 0.14, 500), Interval(0.02, 0.0036, 0.0364, 500)
    alone = judge(earned, close, 0.005)
    assert alone.finding is Finding.SKILL
    # A fortieth of one in eighty is one in 3,200.
    tried = judge(earned, close, 0.005, tries=40)
    assert tried.finding is Finding.NO_EVIDENCE
    assert "one of 40 trials" in tried.sentence
    assert "not by enough for the best of 40 trials" in tried.sentence
    good = judge(earned, None, 0.0002, tries=40)
    assert good.finding is Finding.SKILL
    assert "also as one of 40 trials" in good.sentence


def test_the_best_of_forty_worthless_tries_is_seldom_taken_for_skill():
    rng = np.random.default_rng(11)
    praised = {1: 0, 40: 0}
    for _ in range(40):
        records = [
            flat_record(prices=[2.0] * 500, won=(rng.random(500) < 0.5).astype(float))
            for _ in range(40)
        ]
        best = max(records, key=lambda each: each.profit.sum())
        for tries in praised:
            found = measure(best, capital=1000.0, tries=tries).finding.finding
            praised[tries] += found is Finding.SKILL
    # As if it were the only one it is praised every third time; planted: tries are not counted.
    assert praised[1] > 8
    assert praised[40] <= 3


def test_a_group_that_holds_every_bet_has_the_interval_of_the_whole():
    record = bets(1, n=60)
    done = measure(record, capital=1000.0)

    groups = cut(record, {"bookmaker": Labels.of(["one"] * 60)}, whole=done.yield_)

    assert groups["bookmaker"][0].yield_ == done.yield_
    halves = cut(record, {"bookmaker": Labels.of(["one"] * 20 + ["two"] * 40)}, whole=done.yield_)
    assert done.yield_ not in [each.yield_ for each in halves["bookmaker"]]


def test_the_expected_band_widens_with_doubt_that_does_not_average_out():
    plain = replace(bets(1, n=400), probability=np.full(400, 0.52))
    doubted = replace(plain, doubt=np.full(400, 0.02))

    sure, unsure = measure(plain, capital=1000.0), measure(doubted, capital=1000.0)

    assert sure.expected_profit == unsure.expected_profit == pytest.approx(400 * 0.04)
    half = 1.96 * np.sqrt(400 * 4 * 0.52 * 0.48 + (400 * 0.02) ** 2)
    assert unsure.expected_high - unsure.expected_profit == pytest.approx(half)
    assert unsure.expected_high > sure.expected_high


def test_what_the_closes_promised_is_drawn_beside_what_came_and_says_of_how_many_bets():
    record = bets(1, n=4, edge=0.0)
    some = replace(record, clv=np.array([0.05, np.nan, -0.02, 0.01]), stake=np.full(4, 10.0))

    done = measure(some, capital=1000.0)
    drawn = {each["label"]: each["values"] for each in json.loads(luck_chart(done))["series"]}

    assert drawn["By the close, 3 of 4 bets"] == [0.0, 0.5, 0.5, 0.3, 0.4]
    known = measure(some.where(np.array([0, 2, 3])), capital=1000.0)
    assert [each["label"] for each in json.loads(luck_chart(known))["series"]][-1] == "By the close"


def test_without_beliefs_and_closes_there_is_nothing_to_draw_beside_what_came():
    assert luck_chart(measure(flat_record(prices=[2.0, 2.0], won=[1, 0]), capital=10.0)) is None


def test_a_cut_holds_every_bet_once_with_its_sums():
    record = replace(bets(1, n=60), probability=np.linspace(0.5, 0.55, 60))
    books = ["one"] * 20 + ["two"] * 40

    groups = cut(record, {"bookmaker": Labels.of(books)})

    assert [(g.name, g.bets) for g in groups["bookmaker"]] == [("two", 40), ("one", 20)]
    for each in groups.values():
        assert sum(g.bets for g in each) == 60
        assert sum(g.profit for g in each) == pytest.approx(record.profit.sum())
    assert {g.name for g in groups["lead"]} == {"under an hour"}
    assert cut(record.where(np.arange(0)), {"tag": Labels.of([])})["tag"] == []


def test_no_bets_are_no_error():
    done = measure(bets(1, n=0), capital=1000.0)

    assert (done.bets, done.yield_, done.best, done.max_drawdown) == (0, None, None, 0.0)
    assert done.finding.finding is Finding.NOTHING
