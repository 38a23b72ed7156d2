"""A goal model's life: trained, promoted, predicting three ways, attacked, explained."""

import shutil

import pytest
from django.db import transaction
from django.test import override_settings

from models_registry import artifacts as files
from models_registry import attacking, screens, services, watching
from models_registry.domain.goal_ratings import NAMES
from models_registry.domain.goals import GoalModel, GoalScores
from models_registry.explaining import explain
from models_registry.history import read_history
from models_registry.models import ModelVersion, Prediction
from odds.models import Competition
from tests.models_registry import matches

KEY = "soccer_epl"


@pytest.fixture(scope="module")
def season(django_db_setup, django_db_blocker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("artifacts")
    with django_db_blocker.unblock(), transaction.atomic():
        league = matches.fill()
        with override_settings(ARTIFACT_DIR=folder):
            version = services.train_version(competition_key=KEY, until=matches.AFTER)
        yield league, version, folder
        transaction.set_rollback(True)


@pytest.fixture
def version(season, artifacts, db) -> ModelVersion:
    shutil.copytree(season[2], artifacts)
    return ModelVersion.objects.select_related("predictor__competition").get(pk=season[1].pk)


@pytest.fixture
def league(season, db) -> Competition:
    return season[0]


def test_a_version_of_goals_is_registered_with_its_record(version):
    assert (version.number, version.algorithm) == (1, "goals")
    assert version.signature == list(NAMES)
    assert set(version.metrics["model"]) == {
        "log_loss", "brier", "rps", "accuracy", "calibration_error",
    }  # fmt: skip
    # The first seasons have too little before them to be judged.
    assert version.metrics["seasons"] == ["2014-15", "2015-16"]
    assert version.metrics["model"]["rps"] < 0.225
    # The mean of three columns of 448: what chance alone would show.
    assert 0.01 < version.metrics["verdict"]["calibration"]["error_by_chance"] < 0.04
    assert [row.name for row in screens.metric_rows(version)][-1] == "RPS"
    assert (version.metrics["close"], version.metrics["trust"]["weight"]) == (None, 0.0)
    record = files.load_evaluation(version.artifact, version.checksum)
    assert len(record["event_id"]) == version.metrics["games"] == 448
    assert {len(column) for column in record.values()} == {448}
    assert set(record["outcome"]) == {0, 1, 2}
    model = files.load(version.artifact, version.checksum, version.signature)
    assert isinstance(model, GoalModel)
    assert version.parameters["both"]["rho"] == model.both.rho


def test_training_again_gives_the_same_artefact(version):
    again = services.train_version(competition_key=KEY, until=matches.AFTER)
    assert (again.number, again.checksum) == (2, version.checksum)


def test_it_is_promoted_and_says_three_things_of_an_event(version, league):
    services.promote_version(version_id=version.pk, by_id=None, reason="first", now=matches.AFTER)
    event = matches.upcoming(league, "Team 7", "Team 0")
    as_of = event.starts_at.replace(hour=9)

    [said] = services.predict_events(event_ids=[event.pk], as_of=as_of, made_at=as_of).predictions

    away = said.away_probability
    assert said.home_probability + said.draw_probability + away == pytest.approx(1)
    assert said.home_probability > 0.45 > said.draw_probability > away > 0.03
    stored = Prediction.objects.get(event=event)
    again = GoalScores.from_rows([stored.distribution])
    assert again.h2h()[0, :2].tolist() == [stored.home_probability, stored.draw_probability]
    assert set(stored.features) == set(NAMES)
    assert services.predict_upcoming(now=as_of)[f"{KEY}-h2h"]["predicted"] == 0, "no news"

    told = explain(stored)

    assert told.base + sum(part.log_odds for part in told.parts) == pytest.approx(told.log_odds)
    assert told.parts[0].name.endswith("supremacy")


def test_draws_count_in_the_record_of_a_champion(version, league):
    services.promote_version(version_id=version.pk, by_id=None, reason="", now=matches.AFTER)
    event = matches.upcoming(league, "Team 3", "Team 4")
    as_of = event.starts_at.replace(hour=9)
    services.predict_events(event_ids=[event.pk], as_of=as_of, made_at=as_of)
    event.status, event.home_score, event.away_score = "finished", 1, 1
    event.result_seen_at = event.starts_at
    event.save()

    record = watching.records_of_champions(now=event.starts_at, days=1)[f"{KEY}-h2h"]

    assert record["events"] == 1
    assert record["model"]["log_loss"] < 0.8


def test_the_attack_finds_nothing_and_asks_everything(version, monkeypatch):
    monkeypatch.setattr(attacking, "MOMENTS", 2)
    monkeypatch.setattr(attacking, "WALK_MOMENTS", 1)
    found = attacking.attack_model(
        read_history(KEY), files.load(version.artifact, version.checksum, version.signature),
        seed=3, progress=lambda *_: None,
    )  # fmt: skip

    assert (found.leaks, found.shuffled["beats_base_rate"]) == ([], False)
    assert found.checked["features"] == len(NAMES)
    assert found.checked["walked_predictions"] > 100
