"""What a training run has made so far, as files, for whoever goes on with it. Never a pickle.

A folder a run below ARTIFACT_DIR, a file a piece. Its name holds what the piece was made of (the
data and the code), so that a run which goes on with other data or code finds nothing and makes it
again.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings

from models_registry.training import Arrays


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The kept pieces of one run, made of one history by one version of the code."""

    run_id: int
    data_hash: str
    code_version: str

    @property
    def folder(self) -> Path:
        """Return where this run's pieces are."""
        return folder_of(self.run_id)

    def once(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """Return what was kept under a name, bit for bit, else make and keep it."""
        file = self.folder / f"{name}-{self._made_of()}.npz"
        kept = _read(file)
        if kept is None:
            kept = make()
            _write(file, kept)
        return kept

    def _made_of(self) -> str:
        return hashlib.sha256(f"{self.data_hash} {self.code_version}".encode()).hexdigest()[:16]


def folder_of(run_id: int) -> Path:
    """Return where the pieces of a run are kept."""
    return Path(settings.ARTIFACT_DIR) / ".runs" / str(run_id)


def forget(run_id: int) -> None:
    """Remove what was kept of a run that ended."""
    shutil.rmtree(folder_of(run_id), ignore_errors=True)


def _read(file: Path) -> Arrays | None:
    try:
        with np.load(file, allow_pickle=False) as kept:
            return tuple(kept[name] for name in kept.files)
    except (OSError, ValueError, zipfile.BadZipFile):
        # Not made yet, or unreadable, which costs only to make it again.
        return None


def _write(file: Path, arrays: Arrays) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=".draft-", dir=file.parent)
    with os.fdopen(handle, "wb") as body:
        np.savez(body, *arrays)
        body.flush()
        os.fsync(body.fileno())
    # Under its name it is whole.
    Path(draft).rename(file)
