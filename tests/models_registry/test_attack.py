"""The attack on a version finds a leak wherever it is planted, and nothing where there is none."""

from dataclasses import replace

import numpy as np
import pytest
from django.core.management import call_command
from django.db import ProgrammingError, transaction

from accounts.models import AuditEntry
from models_registry import attacking, services, tasks, training
from models_registry.domain import calibration
from models_registry.domain.features import NAMES, FeatureMatrix, build_features
from models_registry.evaluation import prepare_by_season
from models_registry.history import History
from models_registry.models import Attack
from models_registry.training.learners import FittedModel
from tests import make
from tests.models_registry import arrays, league
from tests.models_registry.test_lookahead import (
    _elo_after,
    _own_box,
    _own_score,
    _same_day_table,
    _season_mean,
)


@pytest.fixture
def small(monkeypatch) -> History:
    """A league of two seasons, and bounds to suit it."""
    monkeypatch.setattr(attacking, "FEWEST_BEFORE", 100)
    monkeypatch.setattr(attacking, "FEWEST_WITHIN", 100)
    monkeypatch.setattr(attacking, "MOMENTS", 3)
    monkeypatch.setattr(attacking, "WALK_MOMENTS", 1)
    monkeypatch.setattr(training, "WARM_UP", 10)
    monkeypatch.setattr(training, "FEWEST_TO_FIT", 40)
    monkeypatch.setattr(calibration, "FEWEST_GAMES", 40)
    games = arrays.league(360)
    # Three seasons, so that blend and calibration have one of their own to be fitted on.
    games = replace(games, season=2018 + np.arange(360) // 120)
    seasons = tuple(str(year) for year in games.season.tolist())
    return History("basketball_test", games, seasons, (), np.full(360, np.nan))


def _attack(history: History) -> attacking.Findings:
    prepared = prepare_by_season(history)
    model = training.fit(prepared, prepared.usable)
    return attacking.attack_model(history, model, seed=1, progress=lambda *_: None)


def _plant(monkeypatch, peek) -> None:
    def leaky(games, *, rows=None, **others):
        matrix = build_features(games, rows=rows, **others)
        values = matrix.values.copy()
        chosen = np.arange(len(games)) if rows is None else rows
        values[:, matrix.names.index("contest")] += np.nan_to_num(peek(games))[chosen]
        return FeatureMatrix(matrix.names, values)

    monkeypatch.setattr(attacking, "build_features", leaky)
    monkeypatch.setattr(training, "build_features", leaky)


def test_nothing_is_found_where_nothing_leaks_and_what_was_checked_is_counted(small):
    found = _attack(small)

    assert found.clean
    assert found.leaks == []
    assert found.checked["moments"] == 3
    assert found.checked["features"] == len(NAMES)
    assert found.checked["values"] == (len(NAMES) + 5) * found.checked["predictions"]
    assert found.checked["walked_predictions"] > 100
    assert found.shuffled["events"] == 120


@pytest.mark.parametrize("peek", [_own_score, _own_box, _season_mean, _same_day_table, _elo_after])
def test_a_leak_in_a_feature_is_found_in_it_and_in_what_is_predicted_from_it(
    monkeypatch, small, peek
):
    monkeypatch.setattr(attacking, "_attack_walk", lambda *_, **__: None)
    monkeypatch.setattr(attacking, "_shuffled", lambda *_, **__: {})
    _plant(monkeypatch, peek)

    found = _attack(small)

    assert {leak.feature for leak in found.leaks} >= {"contest", attacking.PREDICTION}
    assert not found.clean


def test_a_model_that_knows_the_score_beats_the_base_rate_on_shuffled_results(monkeypatch, small):
    _plant(monkeypatch, _own_score)

    found = _attack(small)

    assert found.shuffled["beats_base_rate"]
    assert attacking.WALKED in {leak.feature for leak in found.leaks}


def test_a_prediction_that_looks_at_the_events_beside_it_is_found(monkeypatch, small):
    honest = FittedModel.predict

    def centred(self, matrix):
        said = honest(self, matrix)
        return said - said.mean() + 0.5

    monkeypatch.setattr(FittedModel, "predict", centred)

    # The probability, and the margin that follows from it.
    leaking = {leak.feature for leak in _attack(small).leaks}
    assert attacking.PREDICTION in leaking
    assert all(column.startswith(attacking.PREDICTION) for column in leaking)


def _own_season_calibrates(monkeypatch):
    honest = training.rows_before
    monkeypatch.setattr(
        training, "rows_before", lambda prepared, seen, fold: honest(prepared, seen, fold + 1)
    )


def _own_season_teaches(monkeypatch):
    honest = training.log_odds_of_fold
    monkeypatch.setattr(
        training, "log_odds_of_fold", lambda prepared, before, here, parameters: honest(
            prepared, before | (here & prepared.usable), here, parameters
        )
    )  # fmt: skip


@pytest.mark.parametrize("plant", [_own_season_calibrates, _own_season_teaches])
def test_a_leak_in_learners_blend_or_calibration_is_found(monkeypatch, small, plant):
    plant(monkeypatch)

    assert {leak.feature for leak in _attack(small).leaks} == {attacking.WALKED}


def test_a_history_too_short_to_walk_says_what_it_takes():
    history = History("basketball_test", arrays.league(80), ("2020",) * 80, (), np.full(80, np.nan))

    with pytest.raises(attacking.NothingToAttack, match=r"80 finished games; .* at least 800"):
        attacking.attack_model(history, None, seed=1, progress=lambda *_: None)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(attacking, "MOMENTS", 1)
    monkeypatch.setattr(attacking, "WALK_MOMENTS", 1)


def test_an_attack_is_kept_for_ever_with_what_it_attacked(trained, quick, capsys):
    call_command("models", "attack", league.KEY)

    kept = Attack.objects.get()
    said = capsys.readouterr()
    assert (kept.status, kept.leaks, kept.version) == ("passed", [], trained)
    assert kept.data_hash == trained.data_hash
    assert f"1 moments, each cut and poisoned: {len(NAMES)} features" in said.out
    assert "walking forward to 2022" in said.err
    with pytest.raises(ProgrammingError), transaction.atomic():
        Attack.objects.update(status="passed", leaks=[])
    with pytest.raises(ProgrammingError), transaction.atomic():
        kept.delete()


def test_an_attack_whose_worker_died_is_carried_out_by_the_next_and_by_no_third(trained):
    asked = services.request_attack(version_id=trained.pk, by_id=None, now=league.AFTER)
    with pytest.raises(services.AttackRefused, match="is queued; wait for it"):
        services.request_attack(version_id=trained.pk, by_id=None, now=league.AFTER)

    # What a worker leaves that was killed twice.
    Attack.objects.update(status="running", attempt=2, step="cutting")
    assert services.sweep_attacks() == [asked.pk]

    ended = services.carry_out(attack_id=asked.pk)

    assert (ended.status, ended.error) == ("failed", "2 workers died of it at step 'cutting'")
    assert services.sweep_attacks() == []


def test_an_operator_asks_for_an_attack_on_the_page_of_the_version(trained, client, monkeypatch):
    told = []
    monkeypatch.setattr(tasks, "queue_attack", told.append)
    page, ask = f"/models/{trained.pk}/", f"/models/{trained.pk}/attack/"
    client.force_login(make.user("vera"))
    assert "Attack it" not in client.get(page).content.decode()
    assert client.post(ask).status_code == 403

    client.force_login(make.operator())
    assert "Not attacked yet" in client.get(page).content.decode()
    client.post(ask)
    again = client.post(ask, follow=True).content.decode()

    asked = Attack.objects.get()
    assert told == [asked.pk]
    assert "is being attacked already" in again
    assert AuditEntry.objects.filter(action="asked for an attack").count() == 1
    Attack.objects.update(
        status="found", data_hash="d" * 64, code_version="c0de",
        checked={"moments": 8, "features": 31, "predictions": 1, "walk_moments": 2,
                 "walked_predictions": 3},
        leaks=[{"column": "elo", "attack": "cut", "times": 2, "event_id": 7, "moment": "2022"}],
        shuffled={"model": 0.69, "base_rate": 0.68, "beats_base_rate": False},
    )  # fmt: skip
    part = client.get(f"/models/{trained.pk}/attacks/").content.decode()
    assert all(words in part for words in ("Leak found", "elo", "d" * 16, "c0de", "8 moments"))
