"""Why a version says what it says: every part counted, and the moves do what is said of them."""

from datetime import date

import numpy as np
import pytest
from django.test import Client

from models_registry import explaining, services
from models_registry.contributions import contributions_of, probabilities_of
from models_registry.domain.calibration import Calibration
from models_registry.domain.explanation import smallest_moves
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.logistic import log_odds_of
from models_registry.domain.reach import TrainingRows, measure_reach
from models_registry.models import Prediction
from models_registry.training.learners import LINEAR_COLUMNS, FittedModel, fit_linear, fit_trees
from tests import make
from tests.models_registry import league

NAMES = ("home_games", *LINEAR_COLUMNS)


@pytest.fixture(scope="module")
def matrix() -> FeatureMatrix:
    values = np.random.default_rng(4).normal(size=(600, len(NAMES)))
    values[::7, 3] = np.nan
    return FeatureMatrix(NAMES, values)


@pytest.fixture(scope="module")
def model(matrix) -> FittedModel:
    noise = np.random.default_rng(5).normal(size=600)
    won = matrix.values[:, 1] + 2 * np.sign(matrix.values[:, 0]) + noise > 0
    linear = fit_linear(matrix, won)
    return FittedModel(NAMES, linear, fit_trees(matrix, won, linear), 0.6, Calibration(0.1, 0.9))


def test_the_contributions_sum_to_the_log_odds_that_are_said(model, matrix):
    told = contributions_of(model, matrix)

    said = log_odds_of(model.predict(matrix))
    assert np.abs(told.log_odds() - said).max() < 1e-5
    # Trees that the regression knows nothing of have their say.
    assert np.abs(told.parts[:, 0]).max() > 0.05


def test_a_move_does_what_is_said_of_it_and_a_step_less_does_not(model, matrix):
    reach = measure_reach(TrainingRows(NAMES, np.arange(600), matrix.values))
    row = matrix.values[5]
    now = model.predict(FeatureMatrix(NAMES, row[None, :]))[0]

    flips, moves = smallest_moves(
        lambda asked: probabilities_of(model, asked), reach, matrix.values, row
    )

    assert [move.deviations for move in moves] == sorted(move.deviations for move in moves)
    for move, does in (
        *((each, lambda p: (p > 0.5) != (now > 0.5)) for each in flips),
        *((each, lambda p: abs(p - now) >= 0.05) for each in moves),
    ):
        column = NAMES.index(move.feature)
        known = matrix.values[:, column]
        step = (np.nanmax(known) - np.nanmin(known)) / 40
        closer = np.linspace(move.before, move.after, 50)[:-1]
        closer = closer[np.abs(closer - move.after) > step]
        tried = np.repeat(row[None, :], len(closer) + 1, axis=0)
        tried[:, column] = [*closer, move.after]
        said = model.predict(FeatureMatrix(NAMES, tried))
        assert does(said[-1])
        assert said[-1] == pytest.approx(move.probability)
        assert not any(does(p) for p in said[:-1])
    assert moves


@pytest.fixture
def prediction(trained) -> Prediction:
    event = league.upcoming(trained.predictor.competition, day=date(2023, 7, 3))
    services.promote_version(version_id=trained.pk, by_id=None, reason="", now=league.AFTER)
    said = services.predict_events(event_ids=[event.pk], as_of=league.AFTER, made_at=league.AFTER)
    return said.predictions[0]


def test_a_stored_prediction_is_explained_from_what_is_stored(prediction):
    told = explaining.explain(prediction)

    assert told.base + sum(part.log_odds for part in told.parts) == pytest.approx(told.log_odds)
    assert 1 / (1 + np.exp(-told.log_odds)) == pytest.approx(prediction.home_probability, abs=1e-6)
    assert told.distance < told.limit
    assert len(told.like) == explaining.LIKE
    distances = [each.distance for each in told.like]
    assert distances == sorted(distances)
    assert all(each.event.status == "finished" for each in told.like)


def test_the_page_and_a_program_are_told_why(prediction, alice, as_alice):
    page = as_alice.get(f"/models/predictions/{prediction.pk}/")
    part = as_alice.get(
        f"/models/predictions/{prediction.pk}/why/", headers={"HX-Request": "true"}
    ).content.decode()
    key = make.api_key(alice)[1]
    answer = Client().get(
        f"/api/v1/predictions/{prediction.pk}/explanation", headers={"X-Api-Key": key}
    )

    assert page.status_code == 200
    assert "What adds up to it" in part
    assert "<html" not in part
    body = answer.json()
    assert len(body["like"]) == explaining.LIKE
    total = body["base"] + sum(each["log_odds"] for each in body["contributions"])
    assert total == pytest.approx(body["log_odds"])


def test_any_line_comes_from_the_same_belief(prediction, alice, as_alice):
    headers = {"X-Api-Key": make.api_key(alice)[1]}
    address = f"/api/v1/predictions/{prediction.pk}/lines"

    told = Client().get(address, headers=headers).json()
    even = Client().get(address, {"spread": "0", "total": "210.25"}, headers=headers).json()

    # Half lines either side of nought are the moneyline: nothing ends level.
    assert even["spreads"][0]["win"] == pytest.approx(prediction.home_probability, abs=1e-6)
    assert sum(even["totals"][0][end] for end in ("win", "push", "lose")) == pytest.approx(1)
    wins = [row["win"] for row in told["spreads"]]
    assert wins == sorted(wins)
    assert min(wins) < 0.5 < max(wins)
    for wrong in ({"spread": "0.3"}, {"total": "x"}, {"total": "inf"}, {"points": "1"}):
        assert Client().get(address, wrong, headers=headers).status_code == 400, wrong
    page = as_alice.get(f"/models/predictions/{prediction.pk}/").content.decode()
    assert "Totals, from the same belief" in page


def test_broken_files_are_said_not_hidden(prediction, artifacts, as_alice):
    for cached in (
        explaining.serving.load_model,
        explaining.serving.load_reach,
        explaining._training,
    ):
        cached.cache_clear()
    (artifacts / prediction.version.artifact / "model.json").unlink()

    page = as_alice.get(f"/models/predictions/{prediction.pk}/why/")

    assert "It cannot be explained now" in page.content.decode()
    assert "an operator can restore it" in page.content.decode()
    assert prediction.version.artifact not in page.content.decode()
