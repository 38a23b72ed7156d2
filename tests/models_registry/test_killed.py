"""A worker killed at any point: its run goes on or says why not, and is never half registered."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from models_registry import artifacts as files
from models_registry import services, tasks
from models_registry.models import ModelVersion, TrainingRun
from models_registry.services import cleaning, runs
from models_registry.training import checkpoints
from tests.live.serving import ROOT, until
from tests.models_registry import dying, league

NOW = datetime(2025, 7, 1, tzinfo=UTC)
# Forks from a process without threads: a copy of this one could keep a lock that one of them had.
DYING = multiprocessing.get_context("forkserver")
DYING.set_forkserver_preload([dying.__name__, "scipy.optimize", "xgboost"])
# One process of tests has one that forks: each would load the whole product for its own.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed")]


@pytest.fixture
def trained_before(transactional_db, artifacts, monkeypatch) -> ModelVersion:
    """A small league of three folds, and what training on it undisturbed gives."""
    dying.learn_from_little(monkeypatch.setattr)
    league.fill(league.competition(), seasons=5, games=60)
    return services.train_version(competition_key=league.KEY, until=NOW)


def _ask() -> TrainingRun:
    return services.ask_for_training(competition_key=league.KEY, until=NOW, by_id=None, now=NOW)


def _killed(run: TrainingRun, point: str) -> None:
    """Let a process of its own work on a run until it kills itself, as the task would."""
    heard, says = DYING.Pipe(duplex=False)
    worker = DYING.Process(
        target=dying.work,
        args=(says, run.pk, point, connection.settings_dict["NAME"], settings.ARTIFACT_DIR),
    )
    worker.start()
    says.close()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL, heard.recv()
    until(lambda: run.pk not in runs.held_runs(), "Postgres to let the dead worker's lock go")


def _found_after(run: TrainingRun) -> SimpleNamespace:
    run.refresh_from_db()
    kept = len(list(checkpoints.folder_of(run.pk).glob("fold-*")))
    return SimpleNamespace(
        status=run.status, attempt=run.attempt, kept=kept, versions=ModelVersion.objects.count()
    )


def test_killed_at_any_point_a_run_goes_on_where_it_was(trained_before, artifacts, monkeypatch):
    made: list[Path] = []
    really = checkpoints._write
    monkeypatch.setattr(
        checkpoints, "_write", lambda file, arrays: (made.append(file), really(file, arrays))
    )
    kept_at: dict[str, int] = {}
    for point in dying.POINTS:
        shutil.rmtree(artifacts)
        before = ModelVersion.objects.count()
        run = _ask()

        _killed(run, point)
        found = _found_after(run)
        waiting, ended = services.sweep_runs()

        assert ended == [], point
        kept_at[point] = found.kept
        if point == "committed":
            assert (found.status, found.versions, waiting) == ("succeeded", before + 1, [])
            continue
        # Nothing is registered of a run that did not end, and its row says so.
        assert (found.status, found.versions, found.attempt) == ("running", before, 1), point
        assert waiting == [run.pk], point
        made.clear()
        tasks.train(run_id=run.pk)
        after = _found_after(run)
        assert (after.status, after.attempt, after.versions) == ("succeeded", 2, before + 1), point
        assert len(made) == dying.FOLDS - found.kept, point
        assert run.version.checksum == trained_before.checksum, point
        files.load(run.version.artifact, run.version.checksum, run.version.signature)
    assert list(kept_at.values()) == [0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 3, 3, 3]


def test_a_run_that_kills_two_workers_fails_with_the_step(trained_before):
    run = _ask()
    for _ in range(2):
        _killed(run, "two folds kept")

    assert services.sweep_runs() == ([], [run.pk])

    run.refresh_from_db()
    assert run.status == "failed"
    assert run.error.startswith("worker gone at step 'walking forward")
    assert run.error.endswith("; 2 workers died of it")
    # The next is asked for as if nothing had been.
    assert _ask().status == "queued"


def test_a_cancelled_run_whose_worker_died_is_cancelled_not_gone_on_with(trained_before):
    run = _ask()
    _killed(run, "two folds kept")

    services.cancel_training(run_id=run.pk, by_id=None, reason="mistaken", now=NOW)

    run.refresh_from_db()
    assert (run.status, run.error) == ("cancelled", "cancelled: mistaken")
    assert services.sweep_runs() == ([], [])


def test_what_dead_workers_left_is_removed_after_a_day(trained_before, artifacts):
    for point in ("half a fold on disk", "half an artefact on disk", "artefact without a row"):
        run = _ask()
        shutil.rmtree(artifacts / trained_before.artifact, ignore_errors=True)
        _killed(run, point)
        services.cancel_training(run_id=run.pk, by_id=None, reason="", now=NOW)
    (artifacts / "notes.txt").write_text("somebody's")
    now = timezone.now()

    assert cleaning.clean_artifacts(now=now + timedelta(hours=23)) == []
    removed = cleaning.clean_artifacts(now=now + timedelta(hours=25))

    assert len(removed) == 4
    assert [name.partition("-")[0] for name in removed[:1]] == [".draft"]
    left = {path.name for path in artifacts.iterdir()}
    # The artefact of the third run is that of the first version, which is registered.
    assert left == {trained_before.artifact, ".runs", "notes.txt"}


def test_a_worker_of_celery_that_is_killed_is_followed_by_one_that_goes_on(
    transactional_db, artifacts, tmp_path
):
    """The broker gives the task to the next child by itself; no sweep is needed."""
    league.fill(league.competition(), seasons=5, games=240)
    run = _ask()
    queue = f"models-{uuid.uuid4()}"
    tasks.train.apply_async(kwargs={"run_id": run.pk}, queue=queue)
    log = tmp_path / "worker.log"
    with log.open("wb") as out:
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "--app", "config", "--quiet", "--skip-checks"),
                *("worker", "--pool", "prefork", "--concurrency", "1", "--queues", queue),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            cwd=ROOT, stdout=out, stderr=out, start_new_session=True,
            env=os.environ | {
                "DATABASE_URL": _database_url(), "FAIRLINE_ARTIFACTS": str(artifacts),
                "OMP_NUM_THREADS": "1",
            },
        )  # fmt: skip
    try:

        def step() -> str:
            run.refresh_from_db()
            assert run.status != "failed", run.error
            return run.step

        # The library is loaded at the first fold, which takes longer than it takes to be seen.
        until(lambda: "walking forward" in step(), f"a fold; its log: {log}")
        for child in _children(worker.pid):
            os.kill(child, signal.SIGKILL)
        until(lambda: step() == "done", f"the next child; its log: {log}")
    finally:
        worker.kill()
        worker.wait(60)

    assert (run.status, run.attempt) == ("succeeded", 2)
    assert ModelVersion.objects.get() == run.version


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _database_url() -> str:
    at = connection.settings_dict
    host, port = at["HOST"], at["PORT"] or 5432
    return f"postgres://{at['USER']}:{at['PASSWORD'] or ''}@{host}:{port}/{at['NAME']}"
