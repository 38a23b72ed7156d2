"""Two versions side by side, on the games that both predicted out of sample."""

from typing import Any

import numpy as np

from models_registry import artifacts
from models_registry.domain.games import FloatArray
from models_registry.domain.metrics import interval_of_mean, losses, score
from models_registry.models import ModelVersion


class NothingInCommon(Exception):
    """Two versions whose records share no game."""


def compare_versions(first: ModelVersion, second: ModelVersion) -> dict[str, Any]:
    """Return both versions' figures on the games of both records, and how far they differ.

    `difference` is the first's mean log loss less the second's: below zero, the first is better;
    `interval` is its 95 % bootstrap interval. `close` is None unless all those games have one.

    Raises:
        NothingInCommon: if the records share no game.
        ArtifactRefused: if a record is missing or was changed.
    """
    mine = artifacts.load_evaluation(first.artifact, first.checksum)
    other = artifacts.load_evaluation(second.artifact, second.checksum)
    position = {event: row for row, event in enumerate(other["event_id"])}
    shared = [
        (row, position[event]) for row, event in enumerate(mine["event_id"]) if event in position
    ]
    if not shared:
        raise NothingInCommon(f"the records of {first} and {second} share no game")
    rows = np.array(shared)
    won = np.array(mine["won"], dtype=np.bool_)[rows[:, 0]]
    said = (_column(mine, "model")[rows[:, 0]], _column(other, "model")[rows[:, 1]])
    close = _column(mine, "close")[rows[:, 0]]
    difference = losses(said[0], won) - losses(said[1], won)
    low, high = interval_of_mean(difference)
    return {
        "games": len(rows),
        "first": {"version": str(first)} | score(said[0], won).as_dict(),
        "second": {"version": str(second)} | score(said[1], won).as_dict(),
        "elo": score(_column(mine, "elo")[rows[:, 0]], won).as_dict(),
        "close": score(close, won).as_dict() if np.isfinite(close).all() else None,
        "difference": round(float(difference.mean()), 6),
        "interval": [round(low, 6), round(high, 6)],
        "mean_disagreement": round(float(np.abs(said[0] - said[1]).mean()), 6),
    }


def _column(record: dict[str, list[Any]], name: str) -> FloatArray:
    return np.array([np.nan if value is None else value for value in record[name]], dtype=float)
