"""Margins and totals that follow from a moneyline and an expected total; learners of any recipe."""

from dataclasses import replace

import numpy as np
import pytest

from models_registry import artifacts as files
from models_registry.domain.calibration import Calibration
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.points import Points, fit_points, margin_centres
from models_registry.domain.reach import TrainingRows
from models_registry.domain.scores import PointScores
from models_registry.training.boosters import BOOSTERS
from models_registry.training.learners import (
    LINEAR_COLUMNS,
    FittedModel,
    Parameters,
    fit_linear,
    fit_trees,
)

NAMES = (*LINEAR_COLUMNS, "expected_total", "noise")


def test_the_moneyline_is_kept_to_a_millionth_however_sure_it_is():
    said = np.array([0.001, 0.2, 0.5, 0.655, 0.98, 0.9999])

    scores = Points(margin_sd=11.3).scores(said, np.full(6, 220.0), np.zeros(6, bool))

    np.testing.assert_allclose(scores.h2h()[:, 0], said, atol=2e-6)


def test_what_made_the_games_is_found_again():
    rng = np.random.default_rng(11)
    count = 6000
    said = rng.uniform(0.15, 0.85, count)
    centre = margin_centres(said, 11.0)
    # Drawn from the distribution itself, through the inverse of its exact margins.
    margins = np.arange(-60, 61)
    sd = np.full(count, 11.0)
    lines = np.tile(-margins.astype(float), (count, 1))
    exactly = PointScores(centre, sd, centre, sd).spread(lines).push
    drawn = (exactly.cumsum(axis=1) < rng.random(count)[:, None]).sum(axis=1)
    margin = margins[np.minimum(drawn, 120)]
    playoffs = np.arange(count) % 10 == 0
    longer = rng.random(count) < 0.06
    expected = rng.normal(215, 6, count)
    total = expected + 3 - 5 * playoffs + rng.normal(0, 16, count)
    total += longer * (21 + rng.normal(0, 134**0.5, count))

    found = fit_points(said, expected, playoffs, margin, np.rint(total))

    assert found.margin_sd == pytest.approx(11.0, abs=0.3)
    assert found.total_sd == pytest.approx(16.0, abs=0.4)
    overtime = 0.06 * 21
    assert found.total_shift == pytest.approx(3 + overtime, abs=0.6)
    assert found.total_shift_in_playoffs == pytest.approx(-2 + overtime, abs=1.5)
    assert fit_points(said[:200], expected[:200], playoffs[:200], margin[:200], total[:200]) == (
        Points()
    )


@pytest.mark.parametrize("algorithm", sorted(BOOSTERS))
def test_every_recipe_fits_is_kept_without_a_pickle_and_explains_itself(artifacts, algorithm):
    rng = np.random.default_rng(5)
    matrix = FeatureMatrix(NAMES, rng.normal(size=(600, len(NAMES))))
    won = matrix.values[:, 0] + rng.normal(size=600) > 0
    turned = Parameters(algorithm=algorithm, rounds=20, min_child_weight=5)
    linear = fit_linear(matrix, won, turned)
    trees = fit_trees(matrix, won, linear, turned)
    assert trees == fit_trees(matrix, won, linear, turned)
    model = FittedModel(
        NAMES, linear, trees, 0.5, Calibration(0.1, 0.9), algorithm, Points(11.0, 1.0, 2.0, 16.0)
    )

    saved = files.save(
        model, {"event_id": []}, TrainingRows(NAMES, np.arange(1), matrix.values[:1])
    )
    again = files.load(saved.path, saved.checksum, list(NAMES))

    assert again == model
    assert again.predict(matrix).tolist() == model.predict(matrix).tolist()
    alone = FeatureMatrix(NAMES, matrix.values[17:18])
    assert again.predict(alone)[0] == model.predict(matrix)[17]
    corrected, plain = model.log_odds(matrix)
    np.testing.assert_allclose(model.tree_parts(matrix).sum(axis=1), corrected - plain, atol=1e-5)
    assert (np.abs(corrected - plain).max() > 0.05) == (algorithm != "logistic")
    assert not any(b"pickle" in file.read_bytes() for file in artifacts.rglob("*.txt"))
    distribution = replace(again, tree_share=0.0).scores(matrix)
    assert len(distribution) == 600
