"""A sweep as a map: each trial in its place, coloured by what is left of it."""

import pytest

from betting.domain.overfit import deflated_yield
from betting.domain.sweep_map import Trial, sweep_map

SPACE = {"min_edge": [0.01, 0.02], "method": ["shin", "power"], "limit": [5], "bets": [1, 2]}


def trial(number, edge, method, bets, value, error=0.02):
    return Trial(
        number, number, {"min_edge": edge, "method": method, "bets": bets}, 100, value, error
    )


TRIALS = [
    trial(1, 0.01, "shin", 1, 0.10),
    trial(2, 0.02, "shin", 1, -0.10),
    trial(3, 0.01, "power", 1, None, None),
    trial(4, 0.02, "power", 1, 0.02, None),
    trial(5, 0.01, "shin", 2, 0.30),
]


def test_each_trial_stands_where_its_two_settings_meet_and_the_others_are_held():
    shown = sweep_map(SPACE, TRIALS, hold={"bets": "1"})

    assert (shown.across, shown.down, shown.columns) == ("min_edge", "method", [0.01, 0.02])
    assert [[cell and cell.trial.number for cell in cells] for _, cells in shown.rows] == [
        [1, 2],
        [3, 4],
    ]
    # Nothing asked for: as the best of all has it. A setting with one value is no axis.
    best = sweep_map(SPACE, TRIALS)
    assert [(each.name, each.held) for each in best.held] == [("bets", 2)]
    assert [[cell and cell.trial.number for cell in cells] for _, cells in best.rows] == [
        [5, None],
        [None, None],
    ]


def test_the_colour_is_of_what_is_left_after_all_tries_not_of_the_yield():
    (_, (good, bad)), (_, (waiting, unsure)) = sweep_map(SPACE, TRIALS, hold={"bets": "1"}).rows

    # Four are done, on the map or not.
    assert good.left == pytest.approx(deflated_yield(0.10, 0.02, 4).left)
    assert good.left < 0.10
    assert (good.shade, bad.shade) == ("gain-3", "loss-4")
    assert (waiting.left, unsure.left, unsure.shade) == (None, None, "none")


def test_axes_can_be_chosen_and_never_are_the_same():
    shown = sweep_map(SPACE, TRIALS, across="method", down="method")

    assert (shown.across, shown.down) == ("method", "min_edge")
    assert sweep_map({"a": [1, 2], "b": [1]}, []) is None
