"""What a record proves: intervals that hold what they say, and how much is missing."""

import numpy as np
import pytest

from models_registry.domain.logistic import log_odds_of, probability_of
from models_registry.domain.metrics import calibration_error, interval_of_mean, score_outcomes
from models_registry.domain.verdict import (
    calibration_line,
    chance_of_calibration_error,
    compare,
    judge,
    ordered_event_scores,
)


def _world(seed: int, count: int = 1200):
    """Return what is true, what happened, and the day of each event; eight events a day."""
    rng = np.random.default_rng(seed)
    true = probability_of(rng.normal(0, 0.8, count))
    return true, rng.random(count) < true, np.arange(count) // 8


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """95 % intervals of a mean whose days move together; drawn one by one they are too short."""
    rng = np.random.default_rng(5)
    days = np.arange(400) // 8
    held = {"days": 0, "events": 0}
    for _ in range(100):
        values = rng.normal(0, 1, 50)[days] + rng.normal(0, 1, 400)
        for how, blocks in (("days", days), ("events", None)):
            low, high = interval_of_mean(values, blocks=blocks, rounds=200)
            held[how] += low <= 0 <= high

    assert 88 <= held["days"] <= 99
    assert held["events"] < 75


def test_a_model_that_says_the_truth_twice_over_has_half_the_slope():
    true, happened, days = _world(1)

    honest = calibration_line(true, happened, days)
    loud = calibration_line(probability_of(2 * log_odds_of(true)), happened, days)

    low, high = honest["calibration_slope"]["interval"]
    assert low < 1 < high
    assert loud["calibration_slope"]["value"] == pytest.approx(
        honest["calibration_slope"]["value"] / 2, abs=1e-3
    )
    assert loud["calibration_slope"]["interval"][1] < 1


def test_a_worse_model_is_called_worse_and_a_twin_is_not_told_apart():
    true, happened, days = _world(2)
    rng = np.random.default_rng(3)
    worse = probability_of(log_odds_of(true) + rng.normal(0, 1.0, len(true)))
    twin = probability_of(log_odds_of(true) + rng.normal(0, 0.1, len(true)))

    told = judge(happened, days, model=twin, elo=worse, close=true)

    assert told["words"].startswith("not distinguishable from the market over 1,200 events")
    assert "more events needed" in told["words"]
    assert told["elo"]["kind"] == "better"


def test_the_events_said_to_be_missing_are_enough_four_times_in_five():
    """The promise of `more_events`, kept: with so many events the difference is told."""
    rng = np.random.default_rng(8)

    def losses(count: int) -> np.ndarray:
        return rng.normal(0.01, 0.3, count)

    # By the formula with the true variance: 7.849 x 0.09 / 0.0001.
    needed = 7064
    told = [
        compare(losses(needed), np.zeros(needed), np.arange(needed) // 4).kind for _ in range(24)
    ]

    assert 15 <= told.count("worse") <= 23


def test_three_outcomes_are_scored_by_rank_and_their_means_are_the_figures():
    rng = np.random.default_rng(4)
    said = rng.dirichlet((4, 3, 3), 500)
    outcome = rng.integers(0, 3, 500)

    figures = score_outcomes(said, outcome).as_dict()
    means = {k: round(v.mean(), 6) for k, v in ordered_event_scores(said, outcome).items()}

    assert means.items() <= figures.items()


def test_chance_alone_gives_about_the_calibration_error_it_is_said_to():
    true, _, _ = _world(6)
    rng = np.random.default_rng(7)
    from_chance = [calibration_error(true, rng.random(len(true)) < true) for _ in range(200)]

    assert np.mean(from_chance) == pytest.approx(chance_of_calibration_error(true), rel=0.05)
