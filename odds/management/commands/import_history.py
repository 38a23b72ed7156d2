"""Import past results and prices from files."""

import argparse
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from accounts.clock import now
from accounts.commands import AuditedCommand
from odds.closing import capture_closes_between
from odds.services.importing import ImportedFile, import_file, plan_import


class Command(AuditedCommand):
    help = (
        "Import a file or a folder of past results and prices. Formats are recognised by their "
        "header; what was imported before changes nothing. Progress goes to stderr."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--json", action="store_true", help="print one JSON object a file")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        path: Path = options["path"]
        if not path.exists():
            raise CommandError(f"{path} does not exist")
        known, skipped = plan_import(path)
        if not known:
            reasons = "; ".join(f"{file.path.name}: {file.problem}" for file in skipped[:5])
            raise CommandError(f"nothing to import in {path}{': ' if reasons else ''}{reasons}")
        files = [*self._import(known), *skipped]
        if options["json"]:
            for file in files:
                self.stdout.write(json.dumps(_as_json(file)))
        else:
            self._print(files)
        stopped = [file for file in files if file.problem and not file.is_skipped]
        if stopped:
            raise CommandError("\n".join(f"{file.path.name}: {file.problem}" for file in stopped))

    def _import(self, known: list[Any]) -> list[ImportedFile]:
        files = []
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[step]} {task.completed:,.0f}/{task.total:,.0f}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as progress:
            for path, form in known:
                task = progress.add_task(path.name, total=0, step="")

                def tell(step: str, done: int, total: int, task: TaskID = task) -> None:
                    progress.update(task, step=step, completed=done, total=total)

                files.append(import_file(path, form, now=now(), progress=tell))
            self._capture_closes(files, progress)
        return files

    def _capture_closes(self, files: list[ImportedFile], progress: Progress) -> None:
        starts = [
            (file.first_start, file.last_start)
            for file in files
            if file.counts.new and file.first_start and file.last_start
        ]
        if not starts:
            return
        task = progress.add_task("closes", total=0, step="capturing")
        first = min(first for first, _ in starts) - timedelta(seconds=1)
        last = min(max(last for _, last in starts), now())
        count = capture_closes_between(after=first, before=last, now=now()) if first < last else 0
        progress.update(task, step="captured", completed=count, total=count)

    def _print(self, files: list[ImportedFile]) -> None:
        table = Table("file", "format", title="Imported history")
        for name in ("rows", "new", "repeated", "quarantined", "waiting", "seconds", "rows/s"):
            table.add_column(name, justify="right")
        for file in files:
            counts = file.counts
            if file.is_skipped:
                table.add_row(file.path.name, file.problem, *[""] * 7)
                continue
            table.add_row(
                file.path.name,
                f"{file.format}{' - STOPPED' if file.problem else ''}",
                f"{counts.read:,}",
                f"{counts.new:,}",
                f"{counts.repeated:,}",
                f"{counts.quarantined:,}",
                f"{file.in_quarantine:,}",
                f"{file.seconds:.1f}",
                f"{file.rows_per_second:,}",
            )
        width = None if sys.stdout.isatty() else 140
        console = Console(file=self.stdout, width=width)  # type: ignore[arg-type]
        console.print(table)
        if any(file.counts.repeated and file.in_quarantine for file in files):
            console.print(
                "Waiting: rows of the file in quarantine, whenever they were read. Those that an "
                "earlier import put aside with their whole listing count as repeated now."
            )


def _as_json(file: ImportedFile) -> dict[str, Any]:
    return {
        "file": file.path.name,
        "format": None if file.is_skipped else file.format,
        "rows": file.counts.read,
        "new": file.counts.new,
        "repeated": file.counts.repeated,
        "quarantined": file.counts.quarantined,
        "in_quarantine": file.in_quarantine,
        "withdrawn": file.counts.withdrawn,
        "seconds": round(file.seconds, 3),
        "rows_per_second": file.rows_per_second,
        "problem": file.problem,
    }
