"""Ruin, overfitting and regimes: what is drawn and counted comes out where it is known to."""

import numpy as np
import pytest

from betting.domain.overfit import deflated_sharpe, deflated_yield, overfit_of
from betting.domain.performance import flat_record
from betting.domain.regimes import regimes_of
from betting.domain.ruin import chance_of_fall, daily_returns, from_beliefs, from_record


@pytest.mark.parametrize("part", [0.5, 1.0])
def test_drawn_bankrolls_fall_as_often_as_kellys_formula_says(part: float) -> None:
    # Long enough to be for ever, and small enough to pass the floor by little.
    n, p = 4_000, 0.525
    share, price = np.full(n, part * 0.05), np.full(n, 2.0)
    drawn = from_beliefs(share, price, np.full(n, p), floor=0.7, paths=2_000)
    assert drawn is not None
    assert drawn.ruined == pytest.approx(chance_of_fall(part, 0.7), abs=0.05)
    without = from_beliefs(share, price, 1.0 / price, floor=0.7, paths=2_000)
    assert without is not None
    assert without.ruined > drawn.ruined + 0.2
    assert without.final[2] < 1.0 < drawn.final[2]


def test_a_record_is_drawn_by_whole_days_and_alike_each_time() -> None:
    record = flat_record(prices=[2.0] * 60, won=[1, 0, 1] * 20)
    returns = daily_returns(record, capital=100.0)
    assert np.prod(1.0 + returns) * 100.0 == pytest.approx(100.0 + record.profit.sum())
    one, again = (from_record(record, capital=100.0, paths=300) for _ in range(2))
    other = from_record(record, capital=100.0, paths=300, seed=1)
    assert one is not None
    assert again is not None
    assert other is not None
    assert np.array_equal(one.band, again.band)
    assert not np.array_equal(one.band, other.band)
    assert one.band[0].tolist() == [1.0] * 5
    assert (np.diff(one.band, axis=1) >= 0).all()
    assert one.final.tolist() == one.band[-1].tolist()
    assert from_record(record.where(np.zeros(60, dtype=np.bool_)), capital=100.0) is None


def test_nothing_is_staked_once_nothing_is_left() -> None:
    all_in = from_beliefs(np.ones(20), np.full(20, 2.0), np.full(20, 0.5), paths=500)
    assert all_in is not None
    assert (all_in.ruined, all_in.final[3], all_in.fall[0]) == (1.0, 0.0, 1.0)


def test_choosing_among_the_worthless_is_luck_and_among_one_good_one_is_not() -> None:
    rng = np.random.default_rng(4)
    luck = []
    for _ in range(30):
        profit = rng.normal(0.0, 1.0, (160, 20))
        done = overfit_of(profit, np.ones_like(profit))
        assert done is not None
        luck.append(done.probability)
        assert done.outside < done.inside
    assert 0.35 < np.mean(luck) < 0.65
    profit[:, 7] += 0.5
    good = overfit_of(profit, np.ones_like(profit))
    assert good is not None
    assert (good.probability, good.halvings, good.tries) == (0.0, 70, 20)
    assert "holds up" in good.sentence


def test_what_cannot_be_said_of_a_search_is_not_said() -> None:
    one = np.ones((10, 1))
    assert overfit_of(one, one) is None
    assert overfit_of(np.ones((1, 5)), np.ones((1, 5))) is None
    assert overfit_of(np.zeros((10, 2)), np.zeros((10, 2))) is None
    alike = overfit_of(np.ones((10, 4)), np.ones((10, 4)))
    assert alike is not None
    assert alike.probability == 1.0, "nobody is above the middle where all are alike"
    assert deflated_sharpe(np.ones(30), np.zeros(3)) is None
    assert deflated_yield(0.1, float("inf"), 3).left == float("-inf")


def test_the_deflated_sharpe_of_the_best_of_many_is_about_a_coin() -> None:
    rng = np.random.default_rng(9)
    said, naive = [], []
    for _ in range(60):
        tried = rng.normal(0.0, 1.0, (50, 200))
        ratios = tried.mean(axis=1) / tried.std(axis=1, ddof=1)
        best = tried[ratios.argmax()]
        said.append(deflated_sharpe(best, ratios))
        naive.append(deflated_sharpe(best, ratios[:1]))
    assert 0.35 < np.mean(said) < 0.65
    assert np.mean(naive) > 0.95


def two_markets(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Days of a calm and a nervous market that each last some thirty days, and which was which."""
    rng = np.random.default_rng(seed)
    state, states = 0, []
    for _ in range(400):
        state = 1 - state if rng.random() < 1 / 30 else state
        states.append(state)
    which = np.array(states)
    means = np.array([[0.045, 0.010, 0.0], [0.060, 0.025, 0.02]])
    return means[which] + rng.normal(0.0, 1.0, (400, 3)) * (0.006, 0.006, 0.02), which


def test_regimes_that_there_are_are_found_and_those_that_are_not_are_not() -> None:
    days, which = two_markets(2)
    days[100, 1] = np.nan
    found = regimes_of(days)
    assert found is not None
    assert len(found) == 2
    assert found.label[100] == found.known[100] == -1
    seen = found.label >= 0
    assert (found.label == which)[seen].mean() > 0.95
    assert 0.85 < (found.known == which)[seen].mean() <= (found.label == which)[seen].mean()
    assert found.mean[:, 0] == pytest.approx([0.045, 0.060], abs=0.003)
    assert (found.lasts > 12).all()
    assert found.transition.sum(axis=1) == pytest.approx(1.0)
    noise = regimes_of(np.random.default_rng(1).normal(size=(200, 3)))
    assert noise is not None
    assert (len(noise), set(noise.label.tolist())) == (1, {0})
    assert regimes_of(days[:20]) is None


def test_what_is_known_of_a_day_does_not_hang_on_the_order_of_columns_or_their_unit() -> None:
    days, _ = two_markets(3)
    found, other = (
        regimes_of(each, most=2) for each in (days[:150], days[:150] * (100.0, 1.0, 5.0) + 7.0)
    )
    assert found is not None
    assert other is not None
    assert np.array_equal(found.label, other.label)
    still = regimes_of(np.ones((60, 2)))
    assert still is not None
    assert len(still) == 1
