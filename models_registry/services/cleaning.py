"""Files of models that nothing in the database knows: left by a worker that died, or cancelled."""

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from models_registry.models import ModelVersion, TrainingRun

# A run saves its artefact before its row; nothing is an orphan before it is this old.
KEPT = timedelta(days=1)
OURS = re.compile(r"[0-9a-f]{64}|\.draft-.+", re.ASCII)


def clean_artifacts(*, now: datetime) -> list[str]:
    """Remove what is older than a day and of no version and no run under way; return the names.

    Artefacts without a version, drafts, and the kept folds of runs that ended. What else lies
    in the folder is left alone. `now` is the real time, as files have it.
    """
    folder = Path(settings.ARTIFACT_DIR)
    removed = []
    for entry in [*_orphans(folder), *_kept_in_vain(folder / ".runs")]:
        if entry.stat().st_mtime < (now - KEPT).timestamp():
            shutil.rmtree(entry, ignore_errors=True)
            removed.append(str(entry.relative_to(folder)))
    return sorted(removed)


def _orphans(folder: Path) -> Iterator[Path]:
    for entry in folder.glob("*"):
        # One by one: a version registered a moment ago counts.
        registered = ModelVersion.objects.filter(artifact=entry.name)
        if OURS.fullmatch(entry.name) and entry.is_dir() and not registered.exists():
            yield entry


def _kept_in_vain(folder: Path) -> Iterator[Path]:
    active = {
        str(pk)
        for pk in TrainingRun.objects.filter(status__in=TrainingRun.ACTIVE).values_list(
            "pk", flat=True
        )
    }
    yield from (entry for entry in folder.glob("*") if entry.name not in active)
