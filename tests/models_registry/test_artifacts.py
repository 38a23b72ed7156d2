"""A model file that is not what was registered is refused, by name and with the remedy."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from models_registry import artifacts, services
from models_registry.domain.calibration import Calibration
from models_registry.domain.features import FeatureMatrix, SignatureMismatch
from models_registry.domain.reach import TrainingRows
from models_registry.models import Promotion
from models_registry.training.learners import FittedModel, fit_linear, fit_trees
from tests.models_registry import league

NAMES = (
    "strength", "strength_quick", "strength_by_phase", "strength_in_playoffs", "playoffs",
    "record_in_playoffs", "contest", "locked", "last_game",
)  # fmt: skip
EVALUATION = {"event_id": [1], "won": [True], "model": [0.6], "elo": [0.5], "close": [None]}

TRAINING = TrainingRows(NAMES, np.arange(3), np.array([[0.5] * len(NAMES)] * 3))


@pytest.fixture
def matrix() -> FeatureMatrix:
    return FeatureMatrix(NAMES, np.random.default_rng(1).normal(size=(400, len(NAMES))))


@pytest.fixture
def model(matrix) -> FittedModel:
    won = matrix.values[:, 0] + np.random.default_rng(2).normal(size=400) > 0
    linear = fit_linear(matrix, won)
    return FittedModel(NAMES, linear, fit_trees(matrix, won, linear), 0.4, Calibration(0.1, 0.9))


def test_a_model_comes_back_as_it_was_to_the_bit(artifacts, model, matrix):
    saved = _save(model)

    again = _load(saved)

    assert np.array_equal(again.predict(matrix), model.predict(matrix))
    # One row at a time gives the same as all at once.
    alone = FeatureMatrix(NAMES, matrix.values[17:18])
    assert again.predict(alone)[0] == model.predict(matrix)[17]


def test_training_twice_writes_the_same_file(artifacts, model, matrix):
    won = matrix.values[:, 0] + np.random.default_rng(2).normal(size=400) > 0
    linear = fit_linear(matrix, won)
    again = FittedModel(NAMES, linear, fit_trees(matrix, won, linear), 0.4, Calibration(0.1, 0.9))

    assert _save(again) == _save(model)
    assert len(list(artifacts.iterdir())) == 1


def test_the_games_it_was_fitted_on_come_back(artifacts, model):
    saved = _save(model)

    again = _module().load_training(saved.path, saved.checksum)

    assert again is not None
    assert (again.names, again.event_id.tolist()) == (NAMES, [0, 1, 2])
    assert (again.values == 0.5).all()


@pytest.mark.parametrize("name", ["model.json", "trees.ubj"])
@pytest.mark.parametrize("tamper", ["flip", "truncate", "remove", "pickle", "empty"])
def test_a_changed_file_is_refused(artifacts, model, name, tamper):
    saved = _save(model)
    file = artifacts / saved.path / name
    body = bytearray(file.read_bytes())
    if tamper == "flip":
        body[len(body) // 2] ^= 1
    elif tamper == "truncate":
        body = body[:-1]
    elif tamper == "pickle":
        body = bytearray(pickle.dumps({"a": 1}))
    elif tamper == "empty":
        body = bytearray()
    if tamper == "remove":
        file.unlink()
    else:
        file.write_bytes(body)

    with pytest.raises(_refused(), match=name):
        _load(saved)


def test_another_models_files_are_refused(artifacts, model):
    saved = _save(model)
    other = _save(FittedModel(NAMES, model.linear, model.trees, 0.5, model.calibration))
    for name in ("model.json", "trees.ubj"):
        (artifacts / saved.path / name).write_bytes((artifacts / other.path / name).read_bytes())

    with pytest.raises(_refused(), match="not what was registered"):
        _load(saved)


def test_the_features_must_be_the_registered_ones_in_their_order(artifacts, model, matrix):
    saved = _save(model)

    with pytest.raises(_refused(), match="features are not those"):
        _module().load(saved.path, saved.checksum, list(reversed(NAMES)))
    with pytest.raises(SignatureMismatch, match="another order"):
        model.predict(FeatureMatrix(tuple(reversed(NAMES)), matrix.values))
    with pytest.raises(SignatureMismatch, match="differing in elo"):
        model.predict(FeatureMatrix((*NAMES, "elo"), np.zeros((1, len(NAMES) + 1))))


def test_nothing_half_written_is_ever_found_under_a_models_name(artifacts, model, monkeypatch):
    def no_room(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", no_room)

    with pytest.raises(OSError, match="No space"):
        _save(model)

    assert [path.name for path in artifacts.iterdir() if not path.name.startswith(".")] == []


def test_a_version_with_broken_files_is_not_promoted(trained, artifacts):
    described = artifacts / trained.artifact / "trees.ubj"
    described.write_bytes(described.read_bytes()[:-1])

    with pytest.raises(_refused(), match="roll back"):
        services.promote_version(version_id=trained.pk, by_id=None, reason="", now=league.AFTER)

    assert not Promotion.objects.exists()


def test_no_artefact_is_a_pickle(trained, artifacts):
    folder = artifacts / trained.artifact

    assert sorted(path.name for path in folder.iterdir()) == [
        "evaluation.json",
        "model.json",
        "training.npz",
        "trees.ubj",
    ]
    json.loads((folder / "model.json").read_bytes())
    assert (folder / "trees.ubj").read_bytes()[:1] == b"{"
    with np.load(folder / "training.npz", allow_pickle=False) as columns:
        assert sorted(columns) == ["event_id", "values"]


# The fixture that gives the folder has the module's name.
def _module():
    return artifacts


def _refused():
    return artifacts.ArtifactRefused


def _save(model):
    return artifacts.save(model, EVALUATION, TRAINING)


def _load(saved):
    return artifacts.load(saved.path, saved.checksum, list(NAMES))
