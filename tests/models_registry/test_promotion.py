"""Each gate lets through what it should and stops what it should, with its figure and bound."""

import numpy as np
import pytest

from models_registry.domain.bounds import GateBounds
from models_registry.domain.promotion import Evidence, check_gates

BOUNDS = GateBounds()
RNG = np.random.default_rng(11)
TRUTH = RNG.uniform(0.1, 0.9, 2400)
WON = RNG.random(2400) < TRUTH
ELO = 0.5 + (TRUTH - 0.5) * 0.6


def _gates(model, *, champion=None, count=2400, bounds=BOUNDS):
    evidence = Evidence(
        WON[:count], model[:count], ELO[:count], None if champion is None else champion[:count]
    )
    return {gate.name: gate for gate in check_gates(evidence, bounds)}


def test_the_truth_passes_every_gate():
    gates = _gates(TRUTH, champion=ELO)

    assert [gate.passed for gate in gates.values()] == [True] * 4


def test_too_few_games_are_said_with_both_numbers():
    gate = _gates(TRUTH, count=299)["enough games"]

    assert (gate.passed, gate.figure, gate.bound) == (False, 299, 300)


def test_no_games_at_all_is_one_refusal():
    assert list(_gates(TRUTH, count=0)) == ["enough games"]


def test_worse_than_elo_is_stopped():
    coin = np.full(2400, 0.5)

    gate = _gates(coin)["not worse than Elo"]

    assert not gate.passed
    assert gate.figure > gate.bound == 0


def test_overconfidence_is_stopped_by_calibration():
    sure = np.clip(0.5 + (TRUTH - 0.5) * 1.3, 0.01, 0.99)

    gate = _gates(sure)["calibrated"]

    assert not gate.passed
    assert gate.bound == pytest.approx(0.02 + 1 / 2400**0.5, abs=1e-6)
    assert gate.figure > gate.bound


def test_a_challenger_worse_than_the_champion_is_stopped():
    gate = _gates(ELO, champion=TRUTH)["not worse than the champion"]

    assert not gate.passed
    assert gate.figure > 0


def test_the_same_model_again_is_not_worse():
    assert _gates(TRUTH, champion=TRUTH)["not worse than the champion"].passed


def test_a_champion_on_other_games_cannot_be_compared():
    champion = np.where(np.arange(2400) < 100, TRUTH, np.nan)

    gate = _gates(TRUTH, champion=champion)["not worse than the champion"]

    assert (gate.passed, gate.figure, gate.bound) == (False, 100, 300)


def test_better_asks_more_than_not_worse():
    surely = GateBounds(champion="better")

    same = _gates(TRUTH, champion=TRUTH, bounds=surely)["better than the champion"]
    assert (same.passed, same.figure) == (False, 0.0)
    assert _gates(TRUTH, champion=ELO, bounds=surely)["better than the champion"].passed


def test_the_bounds_are_those_that_were_set():
    bounds = GateBounds(games=2401, calibration_error=0.0001)

    gates = _gates(TRUTH, bounds=bounds)

    assert not gates["enough games"].passed
    assert gates["calibrated"].bound == pytest.approx(0.0001 + 1 / 2400**0.5, abs=1e-6)


def test_bounds_that_mean_nothing_are_refused_all_at_once():
    with pytest.raises(
        ValueError, match=r"GAMES is 0.*CALIBRATION_ERROR is nan.*'best': not_worse"
    ):
        GateBounds(games=0, calibration_error=float("nan"), champion="best")
