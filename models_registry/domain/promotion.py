"""Whether a version has earned to price: each gate with its figure and its bound."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models_registry.domain.bounds import GateBounds
from models_registry.domain.games import BoolArray, FloatArray
from models_registry.domain.metrics import calibration_error, interval_of_mean, losses

# Calibration error of an honest model is above zero by chance alone: about this over root n.
CALIBRATION_CHANCE = 1.0


@dataclass(frozen=True, slots=True)
class Gate:
    """One question with its answer: `figure` against `bound`, in words in `detail`."""

    name: str
    passed: bool
    figure: float
    bound: float
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """Return the gate as it is recorded."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Out-of-sample probabilities on the same games; NaN in `champion` where it has none."""

    happened: BoolArray
    model: FloatArray
    elo: FloatArray
    champion: FloatArray | None = None


def check_gates(evidence: Evidence, bounds: GateBounds) -> list[Gate]:
    """Return every gate that figures answer, passed or not.

    Data: enough games. Elo: the mean difference in log loss to Elo is not surely above zero (the
    low end of its 95 % interval is not positive). Calibrated: the calibration error is within its
    bound plus what chance gives so many games. Champion: the model is not worse than, or surely
    better than, the champion on the games both predicted.
    """
    gates = [_has_data(len(evidence.happened), bounds)]
    if not len(evidence.happened):
        return gates
    gates.append(_not_worse("not worse than Elo", evidence.model, evidence.elo, evidence.happened))
    gates.append(_calibrated(evidence.model, evidence.happened, bounds))
    if evidence.champion is not None:
        both: BoolArray = np.isfinite(evidence.champion)
        gates.append(
            _against_champion(
                evidence.model[both], evidence.champion[both], evidence.happened[both], bounds
            )
        )
    return gates


def _has_data(count: int, bounds: GateBounds) -> Gate:
    return Gate(
        "enough games",
        count >= bounds.games,
        float(count),
        float(bounds.games),
        f"{count:,} games out of sample; at least {bounds.games:,} are asked",
    )


def _not_worse(name: str, model: FloatArray, other: FloatArray, happened: BoolArray) -> Gate:
    difference = losses(model, happened) - losses(other, happened)
    low, high = interval_of_mean(difference)
    return Gate(
        name,
        low <= 0,
        round(float(difference.mean()), 6),
        0.0,
        f"log loss differs by {difference.mean():+.4f} (95 % interval {low:+.4f} to {high:+.4f})",
    )


def _calibrated(model: FloatArray, happened: BoolArray, bounds: GateBounds) -> Gate:
    error = calibration_error(model, happened)
    bound = bounds.calibration_error + CALIBRATION_CHANCE / len(happened) ** 0.5
    return Gate(
        "calibrated",
        error <= bound,
        round(error, 6),
        round(bound, 6),
        f"calibration error {error:.4f}; at most {bound:.4f} for {len(happened)} games",
    )


def _against_champion(
    model: FloatArray, champion: FloatArray, happened: BoolArray, bounds: GateBounds
) -> Gate:
    name = f"{bounds.champion.replace('_', ' ')} than the champion"
    if len(happened) < bounds.games:
        return Gate(
            name,
            False,
            float(len(happened)),
            float(bounds.games),
            f"only {len(happened)} games were predicted by both; {bounds.games} are asked",
        )
    difference = losses(model, happened) - losses(champion, happened)
    low, high = interval_of_mean(difference)
    return Gate(
        name,
        bool(high < 0 if bounds.champion == "better" else difference.mean() <= 0),
        round(float(difference.mean()), 6),
        0.0,
        f"log loss differs by {difference.mean():+.4f} (95 % interval {low:+.4f} to {high:+.4f})"
        f" on {len(happened)} games of both",
    )


def attacked(passed: bool, detail: str) -> Gate:
    """Return the gate of the look-ahead attacker."""
    return Gate("passed the attacker", passed, float(passed), 1.0, detail)
