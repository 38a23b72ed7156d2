"""Two versions side by side, on the events that both predicted out of sample."""

from typing import Any

import numpy as np

from models_registry import artifacts
from models_registry.domain.games import BoolArray, FloatArray, IntArray
from models_registry.domain.metrics import calibration_curve, interval_of_mean, losses, score
from models_registry.models import ModelVersion
from odds.models import Event

# So many of the events on which two versions differ most are named.
EVENTS_SHOWN = 12


class NothingInCommon(Exception):
    """Two versions whose records share no event."""


def compare_versions(first: ModelVersion, second: ModelVersion) -> dict[str, Any]:
    """Return both versions' figures on the events of both records, and how far they differ.

    `difference` is the first's mean log loss less the second's: below zero, the first is better;
    `interval` is its 95 % bootstrap interval, `verdict` both in words. Events without a close
    count only where none has one; `close` is then None. `events` are those on which they differ
    most, with what each and the close said of the home side; `made_from` is what they do not have
    in common.

    Raises:
        NothingInCommon: if the records share no event.
        ArtifactRefused: if a record is missing or was changed.
    """
    mine = artifacts.load_evaluation(first.artifact, first.checksum)
    other = artifacts.load_evaluation(second.artifact, second.checksum)
    position = {event: row for row, event in enumerate(other["event_id"])}
    shared = [
        (row, position[event]) for row, event in enumerate(mine["event_id"]) if event in position
    ]
    if not shared:
        raise NothingInCommon(f"the records of {first} and {second} share no event")
    rows = np.array(shared)
    priced = np.isfinite(_column(mine, "close")[rows[:, 0]])
    if priced.any():
        rows = rows[priced]
    won = np.array(mine["won"], dtype=np.bool_)[rows[:, 0]]
    said = (_column(mine, "model")[rows[:, 0]], _column(other, "model")[rows[:, 1]])
    close = _column(mine, "close")[rows[:, 0]]
    difference = losses(said[0], won) - losses(said[1], won)
    low, high = interval_of_mean(difference)
    return {
        "games": len(rows),
        "first": _figures(first, said[0], won),
        "second": _figures(second, said[1], won),
        "elo": score(_column(mine, "elo")[rows[:, 0]], won).as_dict(),
        "close": score(close, won).as_dict() if priced.any() else None,
        "difference": round(float(difference.mean()), 6),
        "interval": [round(low, 6), round(high, 6)],
        "verdict": _verdict(first, second, low, high, len(rows)),
        "mean_disagreement": round(float(np.abs(said[0] - said[1]).mean()), 6),
        "events": _events(np.array(mine["event_id"])[rows[:, 0]], said, close, won),
        "made_from": _made_from(first, second),
    }


def _figures(version: ModelVersion, said: FloatArray, won: BoolArray) -> dict[str, Any]:
    named = {"id": version.pk, "version": str(version)}
    return named | score(said, won).as_dict() | {"calibration": calibration_curve(said, won)}


def _verdict(first: ModelVersion, second: ModelVersion, low: float, high: float, count: int) -> str:
    if low == high == 0:
        return f"they say the same of all {count} events"
    if high < 0:
        return f"{first} is better: the whole 95 % interval of the difference says so"
    if low > 0:
        return f"{second} is better: the whole 95 % interval of the difference says so"
    return f"not distinguishable on {count} events: the 95 % interval holds no difference"


def _events(
    ids: IntArray, said: tuple[FloatArray, FloatArray], close: FloatArray, won: BoolArray
) -> list[dict[str, Any]]:
    apart = np.abs(said[0] - said[1])
    most = [row for row in np.argsort(-apart, kind="stable")[:EVENTS_SHOWN].tolist() if apart[row]]
    stored = Event.objects.select_related("home", "away").in_bulk([int(ids[row]) for row in most])
    return [
        {
            "event": int(ids[row]),
            "day": event.day.isoformat() if event else None,
            "home": event.home.name if event else None,
            "away": event.away.name if event else None,
            "first": round(float(said[0][row]), 4),
            "second": round(float(said[1][row]), 4),
            "close": round(float(close[row]), 4) if np.isfinite(close[row]) else None,
            "home_won": bool(won[row]),
        }
        for row in most
        for event in [stored.get(int(ids[row]))]
    ]


def _made_from(first: ModelVersion, second: ModelVersion) -> list[dict[str, Any]]:
    pairs = {
        "recipe": (first.algorithm, second.algorithm),
        "trained from": (first.trained_from.isoformat(), second.trained_from.isoformat()),
        "trained until": (first.trained_until, second.trained_until),
        "events": (first.game_count, second.game_count),
        "data hash": (first.data_hash, second.data_hash),
        "code": (first.code_version, second.code_version),
        "features that the other has not": (
            sorted(set(first.signature) - set(second.signature)),
            sorted(set(second.signature) - set(first.signature)),
        ),
    } | {
        f"parameter {name}": (first.parameters.get(name), second.parameters.get(name))
        for name in sorted(first.parameters.keys() | second.parameters.keys())
    }
    return [
        {"what": what, "first": one, "second": two}
        for what, (one, two) in pairs.items()
        if one != two
    ]


def _column(record: dict[str, list[Any]], name: str) -> FloatArray:
    return np.array([np.nan if value is None else value for value in record[name]], dtype=float)
