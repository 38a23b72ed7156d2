"""Trained models as files, named and checked by SHA-256. Never a pickle.

One folder a model, named by its checksum: `model.json` (what the model is, and the checksums of
the other files), its trees in their library's own format (`trees.ubj` of XGBoost, `trees.txt` of
LightGBM, `trees.none` where there are none; a goal model has no such file), `evaluation.json` (its
out-of-sample predictions), `training.npz` (the games it was fitted on, as plain arrays). The
checksum of `model.json` is the model's.
"""

import hashlib
import io
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from models_registry.domain.calibration import Calibration
from models_registry.domain.goals import GoalModel
from models_registry.domain.points import Points
from models_registry.domain.reach import TrainingRows
from models_registry.training.boosters import BOOSTERS
from models_registry.training.learners import AnyModel, FittedModel, Linear

FORMAT = 1


class ArtifactRefused(Exception):
    """A model file that is missing or not what the registry recorded.

    As a string it names the file and the remedy, for logs and commands. Pages say `plain`, and to
    operators `remedy`: a folder's name on a server helps nobody in a browser.
    """

    plain = "This model's file is missing or was changed; an operator can restore it"
    remedy = (
        "This model's file is missing or was changed: restore the models' folder from its backup, "
        "roll back, or train again and promote the new version; the log names the file"
    )


@dataclass(frozen=True, slots=True)
class Saved:
    """Where an artefact is, below ARTIFACT_DIR, and its checksum."""

    path: str
    checksum: str


def save(model: AnyModel, evaluation: dict[str, list[Any]], training: TrainingRows) -> Saved:
    """Write a model, its evaluation and the games it was fitted on, whole or not at all.

    Writing it again changes nothing.
    """
    files = {
        "evaluation.json": json.dumps(evaluation, sort_keys=True).encode(),
        "training.npz": _packed(training),
    }
    described: dict[str, Any] = {"format": FORMAT, "signature": list(model.signature)}
    if isinstance(model, GoalModel):
        described |= {"goals": model.as_dict()}
    else:
        files |= {BOOSTERS[model.algorithm].file_name: model.trees}
        described |= {
            "algorithm": model.algorithm,
            "points": asdict(model.points) if model.points else None,
            "linear": asdict(model.linear),
            "tree_share": model.tree_share,
            "calibration": asdict(model.calibration),
        }
    described |= {"files": {name: _sha256(body) for name, body in files.items()}}
    body = json.dumps(described, sort_keys=True, indent=1).encode()
    checksum = _sha256(body)
    folder = Path(settings.ARTIFACT_DIR) / checksum
    if folder.is_dir():
        # New again, or it could be cleared away as left over before its row is written.
        os.utime(folder)
    else:
        _write_folder(folder, files | {"model.json": body})
    return Saved(path=checksum, checksum=checksum)


def is_there(path: str) -> bool:
    """Return whether a model's file is in its place, unread: whether it is whole, `load` says."""
    return (Path(settings.ARTIFACT_DIR) / path / "model.json").is_file()


def load(path: str, checksum: str, signature: list[str]) -> AnyModel:
    """Return the model the registry recorded.

    Raises:
        ArtifactRefused: if a file is missing, was changed, or has another signature.
    """
    described = _described(path, checksum)
    if described["signature"] != signature:
        raise ArtifactRefused(f"artefact {path}: its features are not those of the registry")
    if "goals" in described:
        return GoalModel.from_dict(described["goals"])
    linear = described["linear"]
    # Artefacts of before there was a choice are XGBoost's.
    algorithm = described.get("algorithm", "logistic+xgboost")
    trees = BOOSTERS[algorithm].file_name
    return FittedModel(
        signature=tuple(described["signature"]),
        linear=Linear(**{name: tuple(values) for name, values in linear.items()}),
        trees=_checked(path, trees, described["files"][trees]),
        tree_share=float(described["tree_share"]),
        calibration=Calibration(**described["calibration"]),
        algorithm=algorithm,
        points=Points(**described["points"]) if described.get("points") else None,
    )


def load_evaluation(path: str, checksum: str) -> dict[str, list[Any]]:
    """Return the out-of-sample predictions saved with a model, as columns.

    Raises:
        ArtifactRefused: as `load`.
    """
    described = _described(path, checksum)
    rows = _checked(path, "evaluation.json", described["files"]["evaluation.json"])
    columns: dict[str, list[Any]] = json.loads(rows)
    return columns


def load_training(path: str, checksum: str) -> TrainingRows | None:
    """Return the games a model was fitted on; None if it was saved before they were kept.

    Raises:
        ArtifactRefused: as `load`.
    """
    described = _described(path, checksum)
    if "training.npz" not in described["files"]:
        return None
    body = _checked(path, "training.npz", described["files"]["training.npz"])
    with np.load(io.BytesIO(body), allow_pickle=False) as columns:
        return TrainingRows(
            names=tuple(described["signature"]),
            event_id=columns["event_id"],
            values=columns["values"].astype(np.float64),
        )


def _packed(training: TrainingRows) -> bytes:
    """Return rows as a .npz of plain arrays; single precision is plenty to measure by."""
    file = io.BytesIO()
    np.savez(file, event_id=training.event_id, values=training.values.astype(np.float32))
    return file.getvalue()


def _described(path: str, checksum: str) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(_checked(path, "model.json", checksum))
    if described.get("format") != FORMAT:
        raise ArtifactRefused(f"artefact {path}: format {described.get('format')} is not {FORMAT}")
    return described


def _checked(path: str, name: str, checksum: str) -> bytes:
    file = Path(settings.ARTIFACT_DIR) / path / name
    try:
        body = file.read_bytes()
    except OSError as error:
        raise ArtifactRefused(
            f"artefact {path}: {name} cannot be read ({error.strerror}); restore "
            f"{settings.ARTIFACT_DIR} from its backup, or train again and promote the new version"
        ) from error
    if _sha256(body) != checksum:
        raise ArtifactRefused(
            f"artefact {path}: {name} is not what was registered (its SHA-256 differs); restore "
            "it from the backup, or roll back to another version"
        )
    return body


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A folder appears under its name only when all its files are on disk.
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    for name, body in files.items():
        with (draft / name).open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    draft.chmod(0o755)
    try:
        draft.rename(folder)
    except OSError:
        # Somebody wrote the same model meanwhile: equal checksum, equal content.
        if not folder.is_dir():
            raise
        for name in files:
            (draft / name).unlink()
        draft.rmdir()


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
