"""Train, promote, roll back, predict: each leaves exactly the rows it should."""

from datetime import date, timedelta

import pytest

from accounts.models import AuditEntry
from models_registry import selectors, services
from models_registry.models import ModelVersion, Prediction, Promotion, TrainingRun
from models_registry.training import TooLittleHistory
from tests.models_registry import league

NOW = league.AFTER
PREDICTOR = f"{league.KEY}-h2h"


def test_training_registers_a_version_with_its_record(trained):
    run = TrainingRun.objects.get()

    assert (run.status, run.version, run.step, run.error) == ("succeeded", trained, "done", "")
    # A fold with too little before it is none of what there is to do.
    assert run.folds_done == run.folds > 0
    assert (trained.number, trained.trained_until) == (1, NOW)
    assert trained.game_count == 1500 - 300
    assert trained.signature[0] == "elo"
    assert set(trained.metrics["model"]) == {"log_loss", "brier", "accuracy", "calibration_error"}
    assert trained.metrics["close"] is None
    # No close to stand beside: no part of a blend, and a doubt of its own.
    assert (trained.market_weight, trained.metrics["trust"]["games"]) == (0.0, 0)
    assert 0.05 < trained.log_odds_error < 0.6
    assert trained.metrics["model"]["log_loss"] < 0.66
    assert len(trained.data_hash) == len(trained.checksum) == 64


def test_training_twice_gives_the_same_artefact_and_two_versions(trained):
    again = services.train_version(competition_key=league.KEY, until=NOW)

    assert (again.number, again.checksum, again.data_hash) == (
        2,
        trained.checksum,
        trained.data_hash,
    )


def test_training_on_too_little_says_so_and_leaves_the_reason(artifacts, db):
    young = league.competition("basketball_young")
    league.fill(young, seasons=1, games=20)

    with pytest.raises(TooLittleHistory, match="20 finished games"):
        services.train_version(competition_key=young.key, until=NOW)

    run = TrainingRun.objects.get(predictor__competition=young)
    assert run.status == "failed"
    assert "import_history" in run.error
    assert not ModelVersion.objects.filter(predictor__competition=young).exists()


def test_promotion_makes_a_champion_and_repeating_it_writes_nothing(trained, alice):
    first = services.promote_version(version_id=trained.pk, by_id=alice.pk, reason="first", now=NOW)
    again = services.promote_version(version_id=trained.pk, by_id=alice.pk, reason="x", now=NOW)

    assert again == first
    assert Promotion.objects.count() == 1
    assert selectors.champion(PREDICTOR) == trained
    assert [gate["name"] for gate in first.gates] == [
        "enough games",
        "not worse than Elo",
        "calibrated",
    ]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.detail["reason"]) == (
        "promoted version",
        alice,
        "first",
    )


def test_roll_back_returns_the_champion_before_and_then_there_is_none(trained):
    second = league.once_more(trained)
    for version in (trained, second):
        services.promote_version(version_id=version.pk, by_id=None, reason="", now=NOW)

    back = services.roll_back(predictor_key=PREDICTOR, by_id=None, reason="worse", now=NOW)

    assert (back.version, back.replaced, back.kind) == (trained, second, "rolled_back")
    assert selectors.champion(PREDICTOR) == trained
    with pytest.raises(services.NothingToRollBackTo):
        services.roll_back(predictor_key=PREDICTOR, by_id=None, reason="", now=NOW)


def test_predictions_are_stored_once_a_moment(trained):
    event = league.upcoming(trained.predictor.competition, day=date(2023, 7, 3))
    services.promote_version(version_id=trained.pk, by_id=None, reason="", now=NOW)

    first = services.predict_events(event_ids=[event.pk], as_of=NOW, made_at=NOW)
    again = services.predict_events(
        event_ids=[event.pk], as_of=NOW, made_at=NOW + timedelta(hours=1)
    )

    assert first == again
    assert Prediction.objects.get().made_at == NOW
    assert first.predictions[0].version == trained
    assert selectors.predictions_for([event.pk], as_of=NOW) == {event.pk: first.predictions[0]}
    assert selectors.predictions_for([event.pk], as_of=NOW - timedelta(seconds=1)) == {}


def test_without_a_champion_nothing_serves_and_the_remedy_is_named(trained):
    event = league.upcoming(trained.predictor.competition, day=date(2023, 7, 3))

    with pytest.raises(services.NothingServes, match="has no champion"):
        services.predict_events(event_ids=[event.pk], as_of=NOW, made_at=NOW)


def test_upcoming_events_are_predicted_again_only_when_something_changed(trained):
    league.upcoming(trained.predictor.competition, day=date(2023, 7, 3))
    services.promote_version(version_id=trained.pk, by_id=None, reason="", now=NOW)

    once = services.predict_upcoming(now=NOW)
    again = services.predict_upcoming(now=NOW + timedelta(hours=1))

    assert once == {PREDICTOR: {"predicted": 1, "in_shadow": 0, "refused": 0, "failed": 0}}
    assert again == {PREDICTOR: {"predicted": 0, "in_shadow": 0, "refused": 0, "failed": 0}}
