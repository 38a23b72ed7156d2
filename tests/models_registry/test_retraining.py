"""What becomes of a retrained version, of a run that is cancelled, and of one left for dead."""

import pytest

from models_registry import selectors, services, tasks
from models_registry.domain.bounds import GateBounds
from models_registry.models import Attack, ModelVersion, TrainingRun
from models_registry.selectors.proofs import parameters_of, run_behind
from models_registry.services import promotion
from models_registry.training import checkpoints
from tests.models_registry import league

NOW = league.AFTER
PREDICTOR = f"{league.KEY}-h2h"


def _ask(**asked) -> TrainingRun:
    return services.ask_for_training(
        competition_key=league.KEY, until=NOW, by_id=None, now=NOW, **asked
    )


def _retrained(version: ModelVersion, cause: str = "scheduled") -> TrainingRun:
    """A run that made a version of the same artefact, as retraining on the same data would."""
    return TrainingRun.objects.create(
        predictor=version.predictor, asked_at=NOW, until=NOW, cause=cause, status="succeeded",
        version=league.once_more(version),
    )  # fmt: skip


def _stages() -> list[str]:
    return [version.stage for version in selectors.versions().order_by("number")]


def test_what_was_retrained_unasked_predicts_in_shadow_in_the_place_of_the_one_before(trained):
    first = _retrained(trained)
    said = services.settle_run(run_id=first.pk, now=NOW)
    second = _retrained(first.version, "drift")
    services.settle_run(run_id=second.pk, now=NOW)

    assert (said["promoted"], said["why"]) == (
        False,
        "FAIRLINE_AUTO_PROMOTE is off; it predicts in shadow",
    )
    assert _stages() == ["candidate", "candidate", "staging"]


def test_what_a_person_put_in_staging_stays_there(trained, olivia):
    services.stage_version(
        version_id=trained.pk, stage="staging", by_id=olivia.pk, reason="mine", now=NOW
    )

    services.settle_run(run_id=_retrained(trained).pk, now=NOW)

    assert _stages() == ["staging", "staging"]


def test_it_is_promoted_only_where_settings_say_so_and_every_gate_passes(trained, settings):
    settings.AUTO_PROMOTE = True
    said = services.settle_run(run_id=_retrained(trained).pk, now=NOW)
    assert (said["promoted"], selectors.champion(PREDICTOR).number) == (True, 2)

    settings.PROMOTION_GATES = GateBounds(games=10**6)
    refused = services.settle_run(run_id=_retrained(selectors.champion(PREDICTOR)).pk, now=NOW)

    assert (refused["promoted"], "enough games" in str(refused["why"])) == (False, True)
    assert _stages() == ["candidate", "production", "candidate"]


def test_a_leak_keeps_it_out_of_staging_and_what_was_asked_for_is_left_to_who_asked(
    trained, monkeypatch
):
    monkeypatch.setattr(promotion, "code_version", lambda: "this")
    leaky = _retrained(trained)
    Attack.objects.create(
        version=leaky.version, asked_at=NOW, status="found", leaks=[{"column": "elo"}],
        data_hash=trained.data_hash, code_version="this",
    )  # fmt: skip

    said = services.settle_run(run_id=leaky.pk, now=NOW)
    services.settle_run(run_id=_retrained(leaky.version, "asked").pk, now=NOW)

    assert "leak found" in str(said["why"])
    assert _stages() == ["candidate", "candidate", "candidate"]


def test_the_task_attacks_what_nobody_asked_for_before_it_is_settled(trained, monkeypatch):
    attacked: list[int] = []
    monkeypatch.setattr(tasks.clock, "now", lambda: NOW)
    monkeypatch.setattr(services, "attack", lambda **asked: attacked.append(asked["version_id"]))
    for cause in ("asked", "scheduled"):
        tasks.train(run_id=_ask(cause=cause).pk)

    third = ModelVersion.objects.latest("pk")
    assert attacked == [third.pk]
    assert _stages() == ["candidate", "candidate", "staging"]


def test_a_recipe_somebody_chose_stays_when_its_version_is_retrained_unasked(trained):
    chosen = services.train_run(run_id=_ask(recipe="logistic").pk)
    services.promote_version(version_id=chosen.version.pk, by_id=None, reason="", now=NOW)
    retrained = _ask(cause="scheduled")

    assert chosen.version.algorithm == "logistic"
    assert parameters_of(run_behind(chosen.version)).algorithm == "logistic"
    assert parameters_of(retrained).algorithm == "logistic"
    services.cancel_training(run_id=retrained.pk, by_id=None, reason="", now=NOW)
    assert parameters_of(_ask()).algorithm == "logistic+xgboost"


def test_a_recipe_that_there_is_none_of_is_refused(trained):
    with pytest.raises(services.TrainingRefused, match=r"recipe 'goals': .* logistic\+lightgbm"):
        _ask(recipe="goals")

    assert TrainingRun.objects.count() == trained.runs.count()


def test_a_run_that_is_cancelled_ends_at_its_next_step_and_leaves_nothing(trained):
    run = _ask()
    steps: list[str] = []

    def watch(words: str) -> None:
        steps.append(words)
        if words.startswith("walking forward"):
            services.cancel_training(run_id=run.pk, by_id=None, reason="enough", now=NOW)

    ended = services.train_run(run_id=run.pk, progress=watch)

    assert (ended.status, ended.error, ended.version) == ("cancelled", "cancelled: enough", None)
    # The fold under way was finished, and then nothing was begun.
    assert steps[-1].startswith("walking forward")
    assert not checkpoints.folder_of(run.pk).exists()
    assert services.train_run(run_id=run.pk).status == "cancelled"


def test_a_run_stopped_by_keyboard_is_cancelled(trained):
    def stop(_words: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        services.train_version(competition_key=league.KEY, until=NOW, progress=stop)

    run = TrainingRun.objects.latest("pk")
    assert (run.status, run.error) == ("cancelled", "cancelled: by keyboard")


def test_a_run_left_for_dead_makes_way_for_the_next_that_is_asked_for(trained):
    dead = _ask()
    TrainingRun.objects.filter(pk=dead.pk).update(status="running", attempt=1, step="fitting")

    alive = _ask()

    dead.refresh_from_db()
    assert (dead.status, dead.error) == (
        "failed",
        "worker gone at step 'fitting'; another was asked for",
    )
    with pytest.raises(services.TrainingRefused, match=f"run {alive.pk} is queued"):
        _ask()


def test_a_run_that_was_taken_over_is_let_go_by_who_had_it(trained):
    run = _ask()

    def lose(_words: str) -> None:
        TrainingRun.objects.filter(pk=run.pk).update(attempt=2)

    ended = services.train_run(run_id=run.pk, progress=lose)

    # Its new worker says how it ends.
    assert (ended.status, ended.attempt, ended.version) == ("running", 2, None)
    assert ModelVersion.objects.filter(predictor=trained.predictor).count() == 1
