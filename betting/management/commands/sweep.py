"""sweep: begin, watch, stop and go on with a sweep of a strategy's settings."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from accounts import clock
from accounts.management.actions import ActionCommand, Answer
from betting import tasks
from betting.domain.costs import BadCosts
from betting.management.costs import add_stretch, costs_of
from betting.models import Backtest, Sweep
from betting.selectors import backtests as selectors
from betting.services.backtests import BacktestRefused, Wish
from betting.services.strategies import ensure_strategies
from betting.services.sweeps import resume_sweep, start_sweep, stop_sweep, work_on_sweep
from models_registry.management.commands.models import who

COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


class Command(ActionCommand):
    help = "Sweep a strategy's settings over history: start, status, stop, resume."
    refusals = (BacktestRefused, BadCosts)
    row = "sweep"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        start = actions.add_parser("start", help="begin; the workers do the trials")
        start.add_argument("competition", help="basketball_nba")
        add_stretch(start)
        start.add_argument(
            "--try", dest="space", action="append", required=True, metavar="NAME=VALUE,VALUE",
            help="a setting with the values to try; once for each setting",
        )  # fmt: skip
        start.add_argument("--draw", type=int, help="so many combinations at random; else all")
        start.add_argument("--seed", type=int, default=0, help="of the draw")
        start.add_argument("--periods", type=int, default=8, help="to choose forward over")
        start.add_argument("--workers", type=int, default=2, help="trials at once; default 2")
        status = actions.add_parser("status", help="all sweeps, or one with its trials")
        status.add_argument("sweep", nargs="?", type=int, help="its number")
        stop = actions.add_parser("stop", help="put the trials that wait aside")
        resume = actions.add_parser("resume", help="go on where it was")
        for one in (stop, resume):
            one.add_argument("sweep", type=int, help="its number: sweep status")
        for change in (start, stop, resume):
            change.add_argument("--by", help="user name of who decides; default the system")
        for begin in (start, resume):
            begin.add_argument(
                "--here", action="store_true",
                help="do the trials in this process, one at a time; Ctrl-C stops, resume goes on",
            )  # fmt: skip
        for action in (start, status, stop, resume):
            action.add_argument("--json", action="store_true", help="print JSON")

    def _start(self, options: dict[str, Any]) -> Answer:
        ensure_strategies()
        sweep = start_sweep(
            Wish(
                strategy_key=options["strategy"],
                competition_key=options["competition"],
                starts_on=options["first"],
                ends_on=options["last"],
                changed={},
                costs=costs_of(options),
            ),
            space=dict(map(values_of, options["space"])),
            most=options["draw"],
            periods=options["periods"],
            workers=options["workers"],
            seed=options["seed"],
            by_id=who(options["by"]),
            now=clock.now(),
        )
        return self._begun(sweep, options)

    def _resume(self, options: dict[str, Any]) -> Answer:
        sweep = resume_sweep(sweep_id=options["sweep"], by_id=who(options["by"]), now=clock.now())
        return self._begun(sweep, options)

    def _stop(self, options: dict[str, Any]) -> Answer:
        stop_sweep(sweep_id=options["sweep"], by_id=who(options["by"]), now=clock.now())
        return told(options["sweep"])

    def _status(self, options: dict[str, Any]) -> Answer:
        if options["sweep"] is not None:
            return told(options["sweep"])
        rows = [described(each) for each in selectors.sweeps()]
        lines = [
            f"{row['id']:>5}  {row['strategy']:24} {row['competition']:24} {row['status']:8} "
            f"{row['done']:>4} of {row['trials']} trials"
            for row in rows
        ]
        return rows, lines or ["No sweep yet: sweep start COMPETITION begins the first."]

    def _begun(self, sweep: Sweep, options: dict[str, Any]) -> Answer:
        if not options["here"]:
            tasks.queue_sweep(sweep.pk, workers=sweep.workers)
            return told(sweep.pk)
        with Progress(*COLUMNS, console=Console(stderr=True)) as bar:
            trials = sweep.trials.all()
            task = bar.add_task(str(sweep), total=trials.count(), completed=ended(trials))
            try:
                while work_on_sweep(sweep_id=sweep.pk):
                    bar.update(task, completed=ended(trials.all()))
            except KeyboardInterrupt:
                stop_sweep(sweep_id=sweep.pk, by_id=who(options["by"]), now=clock.now())
                raise CommandError(
                    f"stopped after {ended(trials.all())} trials; "
                    f"`sweep resume {sweep.pk} --here` goes on."
                ) from None
            bar.update(task, completed=ended(trials.all()))
        return told(sweep.pk)


def ended(trials: Any) -> int:  # noqa: ANN401 - a manager's rows
    return int(trials.filter(status=Backtest.Status.DONE).count())


def values_of(text: str) -> tuple[str, list[object]]:
    """Read one setting with its values: each as JSON, or as the text it is.

    >>> values_of("min_edge=0.01,0.02"), values_of("stake_on=low,fair")
    (('min_edge', [0.01, 0.02]), ('stake_on', ['low', 'fair']))

    Raises:
        CommandError: if it is no setting with values.
    """
    name, given, values = text.partition("=")
    if not given or not name.strip():
        raise CommandError(f"--try: {text!r} names no setting; write min_edge=0.01,0.02.")
    return name.strip(), [value_of(each.strip()) for each in values.split(",")]


def value_of(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def told(sweep_id: int) -> Answer:
    sweep = selectors.sweeps().get(pk=sweep_id)
    trials = selectors.trials_of(sweep_id)
    rows = [
        {
            "number": each.number,
            "status": each.status,
            "changed": each.changed,
            "bets": each.summary.get("bets"),
            "yield": (each.summary.get("yield") or {}).get("value"),
            "error": each.error,
        }
        for each in trials
    ]
    row = described(sweep) | {"trials_in_full": rows, "summary": sweep.summary}
    lines = [f"{sweep}: {sweep.status}{f' ({sweep.error})' if sweep.error else ''}, "
             f"{row['done']} of {row['trials']} trials"]  # fmt: skip
    if budget := sweep.summary.get("budget"):
        lines.append(budget["sentence"])
        lines.append(f"Choosing as time went: {sweep.summary['walked']['verdict']}")
    lines += [
        f"  {each['number']:>4}  {each['status']:9} "
        + (f"{each['bets'] or 0:>6} bets " if each["status"] == "done" else each["error"])
        + (f"{each['yield']:+.2%} " if each["yield"] is not None else "")
        + ", ".join(f"{name}={value}" for name, value in each["changed"].items())
        for each in rows
    ]
    return row, lines


def described(sweep: Sweep) -> dict[str, Any]:
    return {
        "id": sweep.pk,
        "strategy": sweep.strategy_key,
        "competition": sweep.competition_key,
        "from": sweep.starts_on,
        "to": sweep.ends_on,
        "kind": sweep.kind,
        "space": sweep.space,
        "status": sweep.status,
        "trials": sweep.trials.count(),
        "done": ended(sweep.trials),
        "asked_at": sweep.asked_at,
        "finished_at": sweep.finished_at,
        "error": sweep.error,
    }
