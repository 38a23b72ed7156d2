"""The example of docs/guides/add_a_model.md, held to what every recipe is held to."""

import re
from pathlib import Path

import numpy as np
import pytest

from models_registry import artifacts as files
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.reach import TrainingRows
from models_registry.training.boosters import BOOSTERS
from models_registry.training.learners import FittedModel, Parameters, fit_linear, fit_trees
from models_registry.training.recipes import recipes_of
from tests.models_registry.test_points import NAMES

GUIDE = (Path(__file__).parents[2] / "docs/guides/add_a_model.md").read_text()


@pytest.fixture
def tilt(monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    built: dict[str, object] = {}
    exec(compile(code, "add_a_model.md", "exec"), built)  # noqa: S102 - the guide's own example
    name = re.search(r'`"(.+?)": Tilt\(\)`', GUIDE)[1]
    monkeypatch.setitem(BOOSTERS, name, built["Tilt"]())
    return name


def test_the_guides_model_finds_what_the_regression_missed_is_kept_and_explains_itself(
    tilt, artifacts
):
    rng = np.random.default_rng(5)
    matrix = FeatureMatrix(NAMES, rng.normal(size=(600, len(NAMES))))
    won = matrix.column("noise") + rng.normal(size=600) > 0
    turned = Parameters(algorithm=tilt)
    linear = fit_linear(matrix, won, turned)
    trees = fit_trees(matrix, won, linear, turned)
    model = FittedModel(NAMES, linear, trees, 1.0, algorithm=tilt)

    saved = files.save(
        model, {"event_id": []}, TrainingRows(NAMES, np.arange(1), matrix.values[:1])
    )
    again = files.load(saved.path, saved.checksum, list(NAMES))

    assert tilt in recipes_of("basketball_nba")
    assert b'"noise"' in trees
    assert trees == fit_trees(matrix, won, linear, turned)
    assert again.predict(matrix).tolist() == model.predict(matrix).tolist()
    corrected, plain = model.log_odds(matrix)
    np.testing.assert_allclose(model.tree_parts(matrix).sum(axis=1), corrected - plain, atol=1e-9)
    assert ((corrected > 0) == won).mean() > ((plain > 0) == won).mean() + 0.1
