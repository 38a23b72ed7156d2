"""pipeline: what ran and how it went, and run it again, from a step, to a step, without some."""

import argparse
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from celery import current_app
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.commands import AuditedCommand
from accounts.jobs.skips import SkipRefused, resume, skip
from betting.domain.pipeline import STEPS, choose, why_not
from betting.scheduled import intervals
from betting.selectors.pipeline import pipeline


class Command(AuditedCommand):
    help = "The round as steps: list what ran on a day, or run steps here and now, in order."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        told = deeds.add_parser("list", help="each step: what it rests on, and its runs of a day")
        told.add_argument("--day", type=date.fromisoformat, help="UTC, as 2026-03-01; else today")
        run = deeds.add_parser("run", help="run steps in order; what rests on a failed one waits")
        run.add_argument("--from", dest="first", default="", help="the first step")
        run.add_argument("--until", dest="last", default="", help="the last step")
        run.add_argument("--only", default="", help="this one step")
        run.add_argument("--skip", action="append", default=[], help="leave out; may be repeated")
        out = deeds.add_parser("skip", help="leave out what the schedule sends of a step")
        out.add_argument("step", choices=list(STEPS))
        out.add_argument("--minutes", type=int, required=True, help="for how long, a week at most")
        out.add_argument("--reason", required=True)
        again = deeds.add_parser("resume", help="take a step up again that was left out")
        again.add_argument("step", choices=list(STEPS))
        for deed in (told, run, out, again):
            deed.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        getattr(self, f"_{options['deed']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        day = options["day"] or datetime.now(UTC).date()
        said: list[dict[str, Any]] = [
            {
                "step": step.name,
                "rests_on": list(step.rests_on),
                "runs": step.day.count,
                "failed": step.day.failed,
                "last_began": step.day.last_began,
                "median_seconds": step.day.median_seconds,
                "last_error": step.day.last_error,
                "state": step.state,
                "skipped_until": step.skip.until if step.skip else None,
            }
            for step in pipeline(day=day, every=intervals(), now=timezone.now())
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"day": day, "steps": said}, default=str))
            return
        for each in said:
            on = f"  after {', '.join(each['rests_on'])}" if each["rests_on"] else ""
            self.stdout.write(
                f"{each['step']:34} {each['runs']:5} runs {each['failed']:4} failed"
                f" {each['median_seconds']:8.2f} s{on}"
            )
            if each["last_error"]:
                self.stdout.write(f"{'':34} {each['last_error'][:160]}")

    def _skip(self, options: dict[str, Any]) -> None:
        try:
            made = skip(
                options["step"],
                for_=timedelta(minutes=options["minutes"]),
                reason=options["reason"],
                by_id=None,
                now=timezone.now(),
            )
        except SkipRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self._say(options, {"step": made.job, "skipped_until": made.until}, str(made))

    def _resume(self, options: dict[str, Any]) -> None:
        was = resume(options["step"], by_id=None, now=timezone.now())
        words = "runs again from its next round on" if was else "was not left out"
        self._say(options, {"step": options["step"], "was_skipped": was}, words)

    def _say(self, options: dict[str, Any], told: dict[str, Any], words: str) -> None:
        self.stdout.write(json.dumps(told, default=str) if options["json"] else words)

    def _run(self, options: dict[str, Any]) -> None:
        first, last = options["first"], options["last"]
        if options["only"]:
            first = last = options["only"]
        try:
            chosen = choose(first=first, last=last, skip=options["skip"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        # A worker does this when it starts; a command has to say so.
        current_app.loader.import_default_modules()
        failed: set[str] = set()
        said = [{"step": step, "outcome": "skipped", "why": "asked"} for step in chosen.skipped]
        for step in chosen.steps:
            missing = why_not(step, failed=failed)
            outcome, why = ("not run", f"{missing} failed") if missing else self._done(step)
            if outcome != "done":
                failed.add(step)
            said.append({"step": step, "outcome": outcome, "why": why})
            if not options["json"]:
                self.stdout.write(f"{step:34} {outcome} {why}".rstrip())
        if options["json"]:
            self.stdout.write(json.dumps({"steps": said}))
        if failed:
            raise CommandError(f"{len(failed)} steps were not done; see above.", returncode=1)

    def _done(self, step: str) -> tuple[str, str]:
        try:
            current_app.tasks[step]()
        except Exception as error:  # noqa: BLE001 - whatever it is, what rests on it waits
            return "failed", f"{type(error).__name__}: {error}"[:300]
        return "done", ""
