"""Read how champions drift, once a day; pause what drifted, and ask for a challenger."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.alerts.telling import tell
from accounts.domain.alerts import Fact, Kind
from models_registry import artifacts, selectors
from models_registry.domain import drift
from models_registry.domain.drift import Reading, reading, shift
from models_registry.domain.drift_bounds import FINE, PAUSE
from models_registry.domain.games import FloatArray
from models_registry.domain.metrics import calibration_curve, losses
from models_registry.fitness import pauses_in_force
from models_registry.models import DriftReport, ModelVersion, Pause, Predictor, TrainingRun
from models_registry.services.runs import TrainingRefused
from models_registry.services.training import ask_for_training
from models_registry.watching import (
    Watched,
    beside_champion,
    day_number,
    day_of,
    training_alike,
    watch,
)

logger = logging.getLogger(__name__)

# Fewer finished events than this prove nothing.
FEWEST = 50
# The plots look back this many times as far as the readings.
PLOTTED = 4
NAN = float("nan")


class NotPaused(Exception):
    """A champion that nothing holds back."""


def report_drift(*, now: datetime) -> dict[str, dict[str, Any]]:
    """Read the drift of every champion, store today's report, and act on it.

    A predictor has one report a day (UTC); asking again reads nothing. A version at level pause is
    paused: opportunities no longer rest on it, and a challenger is asked for. It recovers by
    itself once it was judged and every reading is fine; one that a person released is not paused
    again before that. Returns what was found and done, by predictor; `run` is a training that
    waits.
    """
    done: dict[str, dict[str, Any]] = {}
    for champion in selectors.champions():
        key = champion.predictor.key
        try:
            done[key] = _report(champion, now)
        except Exception as error:
            # One champion that cannot be read must not keep the others from being watched.
            logger.exception("Could not read the drift of %s", key)
            done[key] = {"error": f"{type(error).__name__}: {error}"[:300]}
    return done


def release_version(*, predictor_key: str, by_id: int | None, reason: str, now: datetime) -> Pause:
    """Let opportunities rest on a paused champion again, and log who, when and why.

    Raises:
        Predictor.DoesNotExist: if there is no such predictor.
        NotPaused: if its champion is not paused.
    """
    with transaction.atomic():
        predictor = Predictor.objects.select_for_update().get(key=predictor_key)
        champion = selectors.champion(predictor.key)
        if champion is None or not pauses_in_force([champion.pk], at=now):
            raise NotPaused(f"the champion of {predictor_key} is not paused")
        return _log(champion, Pause.Kind.RELEASED, reason, now=now, by_id=by_id)


def _report(version: ModelVersion, now: datetime) -> dict[str, Any]:
    day = now.astimezone(UTC).date()
    stored = DriftReport.objects.filter(predictor=version.predictor, day=day).first()
    if stored is not None:
        return {"level": stored.level, "why": "today's report is there"}
    back = timedelta(days=settings.DRIFT_DAYS)
    seen = watch(version, since=now - PLOTTED * back, now=now)
    lately = seen.where(seen.day > day_number(day) - settings.DRIFT_DAYS)
    record = _record(version)
    alike = training_alike(version, now - back / 2)
    shifts = (
        {
            name: shift(alike.values[:, column], lately.values[:, column])
            for column, name in enumerate(alike.names)
        }
        if alike is not None and len(lately) >= FEWEST
        else {}
    )
    readings = readings_of(lately, record, shifts)
    shadow = beside_champion(
        version, selectors.challengers(version.predictor.key), since=now - back, now=now
    )
    with transaction.atomic():
        # The row is the lock: two workers write one report.
        Predictor.objects.select_for_update().get(pk=version.predictor_id)
        report, is_new = DriftReport.objects.get_or_create(
            predictor=version.predictor,
            day=day,
            defaults={
                "version": version,
                "made_at": now,
                "level": drift.worst([each.level for each in readings]),
                "readings": [each.as_dict() for each in readings],
                "plots": _plots(seen, lately, shifts) | {"shadow": shadow},
            },
        )
        acted = _act(report, now) if is_new else {}
    return {"level": report.level, "events": len(lately)} | acted


def readings_of(
    seen: Watched, record: dict[str, FloatArray], shifts: dict[str, drift.Shift]
) -> list[Reading]:
    """Return every reading of what a version said lately, beside its out-of-sample record.

    What results decide is read over the newest half of the window too, and the worse counts: what
    began some weeks ago is not thinned by the weeks before it.
    """
    half = settings.DRIFT_DAYS // 2
    newest = seen.where(seen.day > seen.day.max(initial=0) - half)
    return [
        _inputs(shifts, len(seen)),
        _predictions(seen, record),
        _worse(_calibration(seen), _calibration(newest), half),
        _worse(_log_loss(seen, record), _log_loss(newest, record), half),
        _worse(_clv(seen), _clv(newest), half),
    ]


def _worse(whole: Reading, newest: Reading, days: int) -> Reading:
    """Return the reading of the newest days where it is known and the worse of the two."""
    if newest.figure is None or (whole.figure is not None and newest.figure <= whole.figure):
        return whole
    return replace(newest, words=f"{newest.words}, in the last {days} days")


def _record(version: ModelVersion) -> dict[str, FloatArray]:
    """Return the version's out-of-sample record, in columns."""
    rows = artifacts.load_evaluation(version.artifact, version.checksum)
    return {
        name: np.array([np.nan if value is None else value for value in rows[name]], np.float64)
        for name in ("model", "won", "close")
    }


def _inputs(shifts: dict[str, drift.Shift], count: int) -> Reading:
    bounds = settings.DRIFT_BOUNDS["inputs"]
    if not shifts:
        return reading("inputs", NAN, bounds, _too_few(count))
    name, most = max(shifts.items(), key=lambda each: each[1].excess)
    beyond = sum(each.excess > 0 for each in shifts.values())
    words = (
        f"{beyond} of {len(shifts)} features lie further from training than chance; furthest "
        f"{name}: PSI {most.psi:.2f}, of which {most.chance:.2f} may be chance"
    )
    return reading("inputs", most.excess, bounds, words)


def _predictions(seen: Watched, record: dict[str, FloatArray]) -> Reading:
    bounds = settings.DRIFT_BOUNDS["predictions"]
    if len(seen) < FEWEST:
        return reading("predictions", NAN, bounds, _too_few(len(seen)))
    moved = shift(record["model"], seen.said)
    words = (
        f"PSI {moved.psi:.2f} against what it said out of sample in training, of which "
        f"{moved.chance:.2f} may be chance; mean {seen.said.mean():.3f}, then "
        f"{record['model'].mean():.3f}"
    )
    return reading("predictions", moved.excess, bounds, words)


def _calibration(seen: Watched) -> Reading:
    bounds = settings.DRIFT_BOUNDS["calibration"]
    if len(seen) < FEWEST:
        return reading("calibration", NAN, bounds, _too_few(len(seen)))
    bias = drift.home_bias(seen.said, seen.happened)
    sure = drift.spiegelhalter(seen.said, seen.happened)
    words = (
        f"{int(seen.happened.sum())} home wins of {len(seen)}, {seen.said.sum():.1f} expected "
        f"({bias:+.1f} standard errors); sureness Z {sure:+.1f}"
    )
    return reading("calibration", max(abs(bias), abs(sure)), bounds, words)


def _log_loss(seen: Watched, record: dict[str, FloatArray]) -> Reading:
    bounds = settings.DRIFT_BOUNDS["log_loss"]
    closed = seen.where(np.isfinite(seen.close))
    if len(closed) < FEWEST:
        return reading("log_loss", NAN, bounds, _too_few(len(closed), "with a close"))
    gap = losses(closed.said, closed.happened) - losses(closed.close, closed.happened)
    known = np.isfinite(record["close"])
    won = record["won"][known] > 0
    before = losses(record["model"][known], won) - losses(record["close"][known], won)
    promised = float(before.mean()) if known.any() else 0.0
    figure = drift.worse_than_record(gap, promised, closed.day)
    words = (
        f"log loss less the close's {gap.mean():+.4f} on {len(closed)} events; "
        f"{'its record said' if known.any() else 'its record has no close, so taken for'} "
        f"{promised:+.4f}: {_in_errors(figure)}"
    )
    return reading("log_loss", figure, bounds, words)


def _clv(seen: Watched) -> Reading:
    bounds = settings.DRIFT_BOUNDS["clv"]
    rows = seen.where(np.isfinite(seen.close) & np.isfinite(seen.then))
    if len(rows) < FEWEST:
        return reading("clv", NAN, bounds, _too_few(len(rows), "priced at its first word"))
    value = drift.value_against_close(rows.first, rows.then, rows.close)
    figure = drift.worse_than_record(-value, 0.0, rows.day)
    words = (
        f"what it liked more than the market did closed {value.mean():+.2%} from its fair price "
        f"on {len(rows)} events: {_in_errors(-figure)}"
    )
    return reading("clv", figure, bounds, words)


def _too_few(count: int, which: str = "over") -> str:
    return f"{count} events {which} in {settings.DRIFT_DAYS} days; at least {FEWEST} are asked"


def _in_errors(figure: float) -> str:
    return "too few days to say more" if np.isnan(figure) else f"{figure:+.1f} standard errors"


def _plots(seen: Watched, lately: Watched, shifts: dict[str, drift.Shift]) -> dict[str, Any]:
    closed = seen.where(np.isfinite(seen.close))
    rolling = drift.rolling_gap(
        closed.said, closed.close, closed.happened, closed.day,
        window=settings.DRIFT_DAYS, fewest=FEWEST,
    )  # fmt: skip
    return {
        "calibration": calibration_curve(lately.said, lately.happened) if len(lately) else [],
        "rolling": [row | {"day": str(day_of(int(row["day"])))} for row in rolling],
        "inputs": [
            {
                "feature": name,
                "psi": round(each.psi, 4),
                "chance": round(each.chance, 4),
                "excess": round(each.excess, 4),
            }
            for name, each in sorted(shifts.items(), key=lambda pair: -pair[1].psi)
        ],
    }


def _act(report: DriftReport, now: datetime) -> dict[str, Any]:
    """Pause, or let a paused version recover, by the report of today."""
    version = report.version
    if version.pk in pauses_in_force([version.pk], at=now):
        if not _was_fine(report):
            return {}
        _log(version, Pause.Kind.RECOVERED, "every reading is fine again", now=now)
        return {"recovered": True}
    if report.level != PAUSE or _was_released_since_fine(report):
        return {}
    grave = [each for each in report.readings if each["level"] == PAUSE]
    reason = "; ".join(f"{each['name'].replace('_', ' ')}: {each['words']}" for each in grave)
    _log(version, Pause.Kind.PAUSED, reason, now=now)
    try:
        run = ask_for_training(
            competition_key=version.predictor.competition.key,
            until=now,
            by_id=None,
            now=now,
            notes=f"{version} drifted: {', '.join(each['name'] for each in grave)}",
            cause=TrainingRun.Cause.DRIFT,
        )
    except TrainingRefused as refusal:
        return {"paused": True, "why_no_challenger": str(refusal)}
    return {"paused": True, "run": run.pk}


def _was_released_since_fine(report: DriftReport) -> bool:
    """Return whether a person released it, and no report was fine since."""
    last = Pause.objects.filter(version=report.version).order_by("-at", "-pk").first()
    if last is None or last.kind != Pause.Kind.RELEASED:
        return False
    since = DriftReport.objects.filter(version=report.version, level=FINE, made_at__gt=last.at)
    return not any(_was_fine(each) for each in since.defer("plots"))


def _was_fine(report: DriftReport) -> bool:
    """Return whether it was judged, and fine: an idle month proves nothing."""
    return report.level == FINE and all(
        each["figure"] is not None for each in report.readings if each["name"] == "calibration"
    )


def _log(
    version: ModelVersion,
    kind: Pause.Kind,
    reason: str,
    *,
    now: datetime,
    by_id: int | None = None,
) -> Pause:
    pause = Pause.objects.create(version=version, kind=kind, by_id=by_id, at=now, reason=reason)
    audit.record(
        action=f"model version {kind}",
        subject=str(version),
        actor_id=by_id,
        detail={"reason": reason},
        at=now,
    )
    tell(
        [
            Fact(
                kind=Kind.MODEL,
                key=f"version {version.pk} {kind}",
                title=f"{version.title} {Pause.Kind(kind).label.lower()}",
                text=reason,
                path=f"/models/{version.pk}/",
                at=now,
            )
        ]
    )
    return pause
