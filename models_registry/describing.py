"""Versions, gates, runs and comparisons in words, for the command line."""

from collections.abc import Iterable, Mapping
from typing import Any

from models_registry.life import Entry
from models_registry.models import Attack, ModelVersion, TrainingRun


def named(version: ModelVersion) -> str:
    """Return what a version is asked for by.

    Of `basketball_nba-h2h` the third: basketball_nba-h2h/3.
    """
    return f"{version.predictor.key}/{version.number}"


def described(version: ModelVersion) -> dict[str, Any]:
    """Return everything that is recorded of a version, its stage and tags too."""
    return {
        "id": version.pk,
        "name": named(version),
        "stage": version.stage,
        "champion": version.is_champion,
        "tags": version.tags,
        "algorithm": version.algorithm,
        "created_at": version.created_at,
        "trained_from": version.trained_from,
        "trained_until": version.trained_until,
        "game_count": version.game_count,
        "data_hash": version.data_hash,
        "checksum": version.checksum,
        "code_version": version.code_version,
        "features": version.signature,
        "parameters": version.parameters,
        "metrics": version.metrics,
        "notes": version.notes,
    }


def version_line(version: ModelVersion) -> str:
    """Return one line of a list of versions."""
    figures = version.metrics
    log_loss = (figures.get("model") or {}).get("log_loss")
    return (
        f"{named(version):28} {version.stage:10} "
        f"log loss {'-' if log_loss is None else f'{log_loss:.4f}'}  "
        f"events {figures.get('games', '-')}  trained until {version.trained_until:%Y-%m-%d}"
        f"{'  ' + ' '.join(version.tags) if version.tags else ''}"
    )


def gate_lines(gates: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line for each gate."""
    return [
        f"  {'passed' if gate['passed'] else 'FAILED'}  {gate['name']}: {gate['detail']}"
        for gate in gates
    ]


def entry_of(entry: Entry) -> dict[str, Any]:
    """Return one line of the log as it is printed in JSON."""
    return {
        "at": entry.at,
        "version": named(entry.version),
        "what": entry.what,
        "by": entry.by,
        "reason": entry.reason,
        "gates": entry.gates,
    }


def entry_lines(entry: Entry) -> list[str]:
    """Return one entry of the log with its gates."""
    line = f"{entry.at:%Y-%m-%d %H:%M}  {named(entry.version):28} {entry.what}, by {entry.by}"
    return [line + (f": {entry.reason}" if entry.reason else ""), *gate_lines(entry.gates)]


def run_of(run: TrainingRun) -> dict[str, Any]:
    """Return everything that is recorded of a training run."""
    return {
        "run": run.pk,
        "predictor": run.predictor.key,
        "status": run.status,
        "step": run.step,
        "folds_done": run.folds_done,
        "folds": run.folds,
        "attempt": run.attempt,
        "cause": run.cause,
        "by": run.by.username if run.by else None,
        "asked_at": run.asked_at,
        "until": run.until,
        "recipe": run.recipe,
        "started_at": run.started_at,
        "heartbeat_at": run.heartbeat_at,
        "finished_at": run.finished_at,
        "version": named(run.version) if run.version else None,
        "error": run.error,
    }


def run_line(run: TrainingRun) -> str:
    """Return one line of a list of runs."""
    what = named(run.version) if run.version else run.error or run.step
    folds = f", fold {run.folds_done} of {run.folds}" if run.folds else ""
    return (
        f"run {run.pk:<5} {run.predictor.key:24} {run.status:10}"
        f"{run.asked_at:%Y-%m-%d %H:%M}  {what}{folds}"
    )


def attack_of(attack: Attack) -> dict[str, Any]:
    """Return everything that is recorded of an attack that ended."""
    return {
        "id": attack.pk,
        "version": named(attack.version),
        "status": attack.status,
        "seed": attack.seed,
        "data_hash": attack.data_hash,
        "code_version": attack.code_version,
        "checked": attack.checked,
        "leaks": attack.leaks,
        "shuffled": attack.shuffled,
    }


def attack_lines(attack: Attack) -> list[str]:
    """Return what an attack that ended looked at and found."""
    checks, shuffled = attack.checked, attack.shuffled
    lines = [
        f"{named(attack.version)}: {attack.get_status_display().lower()}",
        f"  {checks['moments']} moments, each cut and poisoned: {checks['features']} features "
        f"and the prediction of {checks['predictions']:,} events compared bit for bit",
        f"  a season walked forward again from {checks['walk_moments']} moments: "
        f"{checks['walked_predictions']:,} predictions compared",
    ]
    lines += [
        f"  {leak['column']} changed when the future did ({leak['attack']}): {leak['times']} "
        f"times, first in event {leak['event_id']} at {leak['moment']}"
        for leak in attack.leaks
    ]
    lines.append(
        f"  on shuffled results: log loss {shuffled['model']:.4f}, base rate "
        f"{shuffled['base_rate']:.4f}"
        + (" - it must not be beaten" if shuffled["beats_base_rate"] else "")
    )
    return lines


def comparison_lines(answer: Mapping[str, Any]) -> list[str]:
    """Return two versions side by side."""
    first, second = answer["first"], answer["second"]
    beside = {"Elo": answer["elo"], "close": answer["close"]}
    lines = [
        f"{answer['games']} events of both records",
        f"{'':20}{first['version']:>26}{second['version']:>26}"
        + "".join(f"{name:>10}" for name in beside),
    ]
    for figure in ("log_loss", "brier", "accuracy", "calibration_error"):
        rest = "".join(
            f"{row[figure]:>10.4f}" if row is not None else f"{'-':>10}" for row in beside.values()
        )
        words = figure.replace("_", " ")
        lines.append(f"{words:20}{first[figure]:>26.4f}{second[figure]:>26.4f}{rest}")
    low, high = answer["interval"]
    apart = [f"{row['what']} {row['first']} | {row['second']}" for row in answer["made_from"]]
    lines += [
        f"difference in log loss {answer['difference']:+.4f} (95 % interval {low:+.4f} to "
        f"{high:+.4f}): {answer['verdict']}",
        f"not in common: {'; '.join(apart) or 'nothing'}",
        f"where they differ most (of the home side):{'' if answer['events'] else ' nowhere'}",
    ]
    lines += [
        f"  {row['day'] or '?':10}  {row['home'] or row['event']} - {row['away'] or '?'}: "
        f"{row['first']:.3f} | {row['second']:.3f}"
        + (f" | close {row['close']:.3f}" if row["close"] is not None else "")
        + f"  {'won' if row['home_won'] else 'not won'}"
        for row in answer["events"]
    ]
    return lines


def predictor_key(competition_key: str) -> str:
    """Return the key of the predictor that says who wins in a competition.

    >>> predictor_key("basketball_nba")
    'basketball_nba-h2h'
    """
    return f"{competition_key}-h2h"
