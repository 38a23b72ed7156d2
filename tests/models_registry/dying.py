"""A process that works on a run and kills itself at a point of it, as `kill -9` would."""

import os
import signal
import traceback
from collections.abc import Callable
from functools import wraps
from multiprocessing.connection import Connection
from pathlib import Path

import django
from django.conf import settings
from django.db import connection

# What is forked from the process that loads this has nothing left to load.
django.setup()

from models_registry import artifacts as files  # noqa: E402
from models_registry import tasks  # noqa: E402
from models_registry import training as recipe  # noqa: E402
from models_registry.services import runs, training  # noqa: E402
from models_registry.training import checkpoints  # noqa: E402

FOLDS = 3


def learn_from_little(put: Callable[[object, str, object], None] = setattr) -> None:
    put(recipe, "WARM_UP", 60)
    put(recipe, "FEWEST_TO_FIT", 60)


def work(says: Connection, run_id: int, point: str, database: str, artifacts: Path) -> None:
    """Work on a run as the task would; say why if it was not killed at the point."""
    try:
        connection.settings_dict["NAME"] = database
        settings.ARTIFACT_DIR = artifacts
        learn_from_little()
        POINTS[point]()
        tasks.train(run_id=run_id)
        says.send("it worked to the end")
    except BaseException:  # noqa: BLE001
        says.send(traceback.format_exc())


def _die(*_arguments: object, **_named: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dies(where: object, name: str, *, at: int = 1, after: bool = False) -> None:
    """Let a function kill its process when it is called, or has done its work, so often."""
    real = getattr(where, name)
    calls = []

    @wraps(real)
    def dying(*arguments, **named):
        calls.append(name)
        if not after and len(calls) == at:
            _die()
        answer = real(*arguments, **named)
        if len(calls) == at:
            _die()
        return answer

    setattr(where, name, dying)


def _dies_within(where: object, name: str) -> None:
    """Let a process die when the function has written its first file to disk, and no more."""
    real = getattr(where, name)

    def dying(*arguments, **named):
        _dies(os, "fsync", after=True)
        return real(*arguments, **named)

    setattr(where, name, dying)


POINTS: dict[str, Callable[[], None]] = {
    "before its first step": lambda: _dies(runs.Work, "step"),
    "history read": lambda: _dies(training, "read_history", after=True),
    "before the first fold": lambda: _dies(checkpoints.Checkpoints, "once"),
    "half a fold on disk": lambda: _dies_within(checkpoints, "_write"),
    "one fold kept and not yet said": lambda: _dies(checkpoints, "_write", after=True),
    "two folds kept": lambda: _dies(checkpoints.Checkpoints, "once", at=3),
    "all folds kept": lambda: _dies(checkpoints.Checkpoints, "once", at=FOLDS, after=True),
    "before the artefact": lambda: _dies(files, "save"),
    "half an artefact on disk": lambda: _dies_within(files, "_write_folder"),
    "artefact without a row": lambda: _dies(files, "save", after=True),
    "version written, not committed": lambda: _dies(training, "_register", after=True),
    "run written, not committed": lambda: _dies(training, "finish", after=True),
    "committed": lambda: _dies(training, "forget"),
}
