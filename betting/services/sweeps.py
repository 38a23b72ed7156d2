"""Sweeps: a strategy with many settings over one stretch, and what choosing among them is worth.

A sweep's trials are backtests, written when it begins. Workers take the next that nobody holds;
one that died leaves its trial to the next. Stopping puts the waiting ones aside, going on takes
them up.
"""

from dataclasses import replace
from datetime import datetime

import numpy as np
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.live import announce_job
from betting.domain.configuration import Configuration
from betting.domain.luck import resampled_yield
from betting.domain.outlook import outlook_of
from betting.domain.overfit import budget_of
from betting.domain.performance import measure
from betting.domain.record import Record
from betting.domain.sweeping import (
    BadSpace,
    bounds_of_periods,
    by_week,
    joined,
    trials_of,
    walk_forward,
)
from betting.models import Backtest, Strategy, Sweep
from betting.services.backtesting import CAPITAL, summary_of
from betting.services.backtesting import bounds_of as limits_kept
from betting.services.backtests import (
    BACKTESTS,
    BacktestRefused,
    Status,
    Wish,
    checked,
    configuration_of,
    held_out_within,
    part_of,
    row_of,
    work_on_backtest,
)
from betting.services.kept_bets import unpack
from models_registry.services.holds import held_by_anyone
from odds.domain.table import TimeArray

MOST_PERIODS = 52
MOST_WORKERS = 16


def start_sweep(
    wish: Wish,
    *,
    space: dict[str, list[object]],
    most: int | None,
    periods: int,
    workers: int,
    by_id: int | None,
    now: datetime,
    seed: int = 0,
) -> Sweep:
    """Begin a sweep: every combination of `space`, or `most` of them drawn at random.

    Raises:
        BacktestRefused: if it cannot be, with the remedy; nothing was written.
    """
    if not 2 <= periods <= MOST_PERIODS:
        raise BacktestRefused(f"periods: {periods} cannot be; use 2 to {MOST_PERIODS}.")
    if not 1 <= workers <= MOST_WORKERS:
        raise BacktestRefused(f"workers: {workers} cannot be; use 1 to {MOST_WORKERS}.")
    try:
        settings = trials_of(space, most=most, seed=seed)
    except BadSpace as bad:
        raise BacktestRefused(str(bad)) from None
    wishes = [_changed(wish, each) for each in settings]
    made: list[tuple[Wish, Strategy, Configuration]] = [
        (each, *checked(each, by_id=by_id)) for each in wishes
    ]
    if locked := held_out_within(wish, now=now):
        raise BacktestRefused(
            f"ends_on: {wish.ends_on} reaches into {', '.join(locked)}, which is held out: a sweep "
            "never sees it. End before it, and open it once, with what the sweep chose."
        )
    with transaction.atomic():
        sweep = Sweep.objects.create(
            strategy_key=wish.strategy_key,
            competition_key=wish.competition_key,
            starts_on=wish.starts_on,
            ends_on=wish.ends_on,
            kind=Sweep.Kind.GRID if most is None else Sweep.Kind.RANDOM,
            space=space,
            seed=seed,
            periods=periods,
            workers=workers,
            by_id=by_id,
            asked_at=now,
        )
        Backtest.objects.bulk_create(
            [
                Backtest(**row_of(*each, by_id=by_id), sweep=sweep, number=number, started_at=now)
                for number, each in enumerate(made, 1)
            ]
        )
        _audited("began sweep", sweep, by_id, now)
    return sweep


def stop_sweep(*, sweep_id: int, by_id: int | None, now: datetime) -> Sweep:
    """Stop a sweep: trials that wait are put aside, those that run are put down at their next step.

    Stopping one that is stopped writes nothing.

    Raises:
        Sweep.DoesNotExist: if there is no such sweep.
        BacktestRefused: if it is done or failed.
    """
    with transaction.atomic():
        sweep = _locked(sweep_id)
        if sweep.status == Sweep.Status.STOPPED:
            return sweep
        if sweep.status != Sweep.Status.RUNNING:
            raise BacktestRefused(f"{sweep} is {sweep.status}; only one that runs can be stopped.")
        active = sweep.trials.filter(status__in=Backtest.ACTIVE)
        active.update(cancel_asked_at=timezone.now())
        active.filter(status=Status.QUEUED).update(
            status=Status.CANCELLED, finished_at=timezone.now()
        )
        _end(sweep, Sweep.Status.STOPPED)
        _audited("stopped sweep", sweep, by_id, now)
    return sweep


def resume_sweep(*, sweep_id: int, by_id: int | None, now: datetime) -> Sweep:
    """Go on with a sweep that was stopped or failed: trials that are done stay as they are.

    Raises:
        Sweep.DoesNotExist: if there is no such sweep.
        BacktestRefused: if it runs or is done.
    """
    with transaction.atomic():
        sweep = _locked(sweep_id)
        if sweep.status in (Sweep.Status.RUNNING, Sweep.Status.DONE):
            raise BacktestRefused(f"{sweep} is {sweep.status}; there is nothing to go on with.")
        sweep.trials.filter(status__in=[Status.CANCELLED, Status.FAILED, *Backtest.ACTIVE]).update(
            status=Status.QUEUED, cancel_asked_at=None, finished_at=None, attempt=0, error=""
        )
        sweep.status, sweep.finished_at, sweep.error = Sweep.Status.RUNNING, None, ""
        sweep.save()
        _audited("resumed sweep", sweep, by_id, now)
    return sweep


def work_on_sweep(*, sweep_id: int) -> bool:
    """Do one trial of a sweep; return whether there is more to do, and end it where there is not.

    Raises:
        Whatever stopped the trial, after that was written to it.
    """
    sweep = Sweep.objects.get(pk=sweep_id)
    if sweep.status != Sweep.Status.RUNNING:
        return False
    alive = held_by_anyone(BACKTESTS)
    waiting = sweep.trials.filter(status__in=Backtest.ACTIVE).exclude(pk__in=alive)
    trial_id = waiting.order_by("number").values_list("pk", flat=True).first()
    if trial_id is None:
        # What is left is with other workers.
        _is_more(sweep_id)
        return False
    work_on_backtest(backtest_id=trial_id)
    return _is_more(sweep_id)


def sweeps_to_work_on() -> list[tuple[int, int]]:
    """Return each running sweep with how many workers it is short of."""
    alive = held_by_anyone(BACKTESTS)
    return [
        (sweep.pk, max(sweep.workers - sweep.trials.filter(pk__in=alive).count(), 0))
        for sweep in Sweep.objects.filter(status=Sweep.Status.RUNNING).order_by("pk")
    ]


def _changed(wish: Wish, settings: dict[str, object]) -> Wish:
    return replace(wish, changed=wish.changed | settings)


def _is_more(sweep_id: int) -> bool:
    with transaction.atomic():
        sweep = _locked(sweep_id)
        if sweep.status != Sweep.Status.RUNNING:
            return False
        if sweep.trials.filter(status__in=Backtest.ACTIVE).exists():
            return True
        failed = sweep.trials.filter(status=Status.FAILED).order_by("-number").first()
        if failed is not None:
            _end(sweep, Sweep.Status.FAILED, f"trial {failed.number}: {failed.error}")
        else:
            sweep.summary = summary_of_sweep(sweep)
            _end(sweep, Sweep.Status.DONE)
        return False


def summary_of_sweep(sweep: Sweep) -> dict[str, object]:
    """Return what the trials say together: the best, and what choosing as time went earned."""
    trials = list(sweep.trials.order_by("number"))
    records = [unpack(bytes(each.bets or b"")).record for each in trials]
    bounds = bounds_of_periods(
        np.datetime64(sweep.starts_on, "us"),
        np.datetime64(sweep.ends_on, "us") + np.timedelta64(1, "D"),
        sweep.periods,
    )
    walked = walk_forward(records, bounds)
    parts = [records[trial].where(rows) for trial, rows in walked.rows]
    after = joined(parts) if parts else records[0].where(np.arange(0))
    earned = [(each.summary["yield"] or {}).get("value") for each in trials]
    known = [
        (value, each.number)
        for value, each in zip(earned, trials, strict=True)
        if value is not None
    ]
    best = max(known)[1] if known else None
    return {
        "trials": len(trials),
        "best": best,
        "budget": _budget(records, bounds, best=best),
        "outlook": outlook_of(
            after,
            capital=CAPITAL / 100,
            part=part_of(
                configuration_of(trials[0]), limits_kept(trials[0].configuration["limits"])
            ),
        ),
        "periods": [str(bound)[:10] for bound in bounds],
        "chosen": [None if t < 0 else trials[t].number for t in walked.chosen.tolist()],
        "walked": summary_of(measure(after, capital=CAPITAL / 100)),
    }


def _budget(records: list[Record], bounds: TimeArray, *, best: int | None) -> dict[str, object]:
    """Return what the best of the trials is worth, as JSON; trials are counted from 1."""
    place = 0 if best is None else best - 1
    told = budget_of(*by_week(records, bounds), best=place, earned=resampled_yield(records[place]))
    deflated, overfit = told.deflated, told.overfit
    return {
        "sentence": told.sentence,
        "tries": told.tries,
        "needed": told.needed,
        "sharpe": None if told.sharpe is None else round(told.sharpe, 4),
        "deflated": None
        if deflated is None
        else {
            "value": round(deflated.value, 6),
            "by_chance": round(deflated.by_chance, 6),
            "left": round(deflated.left, 6),
            "probability": round(deflated.probability, 4),
            "sentence": deflated.sentence,
        },
        "overfit": None
        if overfit is None
        else {
            "probability": round(overfit.probability, 4),
            "losing": round(overfit.losing, 4),
            "inside": round(overfit.inside, 6),
            "outside": round(overfit.outside, 6),
            "halvings": overfit.halvings,
            "sentence": overfit.sentence,
        },
    }


def _locked(sweep_id: int) -> Sweep:
    return Sweep.objects.select_for_update(of=["self"]).get(pk=sweep_id)


def _end(sweep: Sweep, status: str, why: str = "") -> None:
    sweep.status, sweep.error, sweep.finished_at = status, why, timezone.now()
    sweep.save()
    announce_job(run_id=sweep.pk)


def _audited(action: str, sweep: Sweep, by_id: int | None, now: datetime) -> None:
    audit.record(
        action=action,
        subject=str(sweep),
        actor_id=by_id,
        detail={"space": sweep.space, "kind": sweep.kind, "seed": sweep.seed},
        at=now,
    )
    announce_job(run_id=sweep.pk)
