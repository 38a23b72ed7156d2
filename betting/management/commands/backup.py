"""backup: take dumps and base backups, keep the log, bring back, prove what was brought back."""

import argparse
import json
import signal
import threading
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.backups import archive, dumping
from accounts.backups.programs import BackupFailed
from accounts.backups.sealing import CannotOpen
from accounts.backups.streaming import stream
from accounts.commands import AuditedCommand
from betting.services.drilling import drill, recover
from betting.services.proving import prove


class Command(AuditedCommand):
    help = (
        "Backups, sealed and copied off-site: take one, list, drill (restore and prove), restore; "
        "keep the log of changes (stream, base) and come back to any moment (recover)."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        for name, words in (
            ("take", "dump database and models as of now, seal them, copy them off-site"),
            ("list", "what there is, oldest first"),
            ("drill", "restore the newest beside the live database, prove it, drop it"),
            ("prove", "check books and audit of THIS database and place a bet: for a copy only"),
            ("restore", "restore into a new database, to look at or to change over to"),
            ("stream", "archive the log of changes and take bases as they fall due, until stopped"),
            ("base", "copy the whole server's files now"),
            ("recover", "bring a server back to a moment beside the live one, and prove it"),
            ("sums", "each table's rows and hashes as of now, for recover --expect"),
        ):
            deed = deeds.add_parser(name, help=words)
            deed.add_argument("--json", action="store_true", help="one JSON object")
            if name in {"drill", "restore"}:
                deed.add_argument("--file", default="", help="another than the newest")
            if name == "restore":
                deed.add_argument("--into", required=True, help="name of the database to make")
            if name == "prove":
                deed.add_argument("--here", action="store_true", help="this is no live database")
                deed.add_argument("--without-bet", action="store_true", help="write nothing")
            if name == "recover":
                deed.add_argument("--to", type=_moment, help="2026-03-01T12:00:00+00:00; unsaid: "
                                  "as far as the log reaches")  # fmt: skip
                deed.add_argument("--into", type=Path, help="a new folder that stays, to run "
                                  "Postgres on; unsaid: try it, and throw it away")  # fmt: skip
                deed.add_argument("--system", default="", help="another server's archive, by its "
                                  "number; needed where the live one is gone")  # fmt: skip
                deed.add_argument("--expect", type=Path, help="what `backup sums` said then")

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's own
        try:
            said, is_well = getattr(self, f"_{options['deed']}")(options)
        except (BackupFailed, CannotOpen) as error:
            raise CommandError(str(error)) from error
        words = json.dumps(said, default=str, indent=None if options["json"] else 1)
        self.stdout.write(words)
        if not is_well:
            raise CommandError("It does not hold; see above.", returncode=1)

    def _take(self, _options: dict[str, Any]) -> tuple[object, bool]:
        backup = dumping.take(now=timezone.now())
        gone = dumping.forget_old(keep=settings.BACKUPS_KEPT)
        sizes = {path.name: path.stat().st_size for path in backup.files()}
        return {"taken": backup.dump.name, "bytes": sizes, "forgotten": gone}, True

    def _list(self, _options: dict[str, Any]) -> tuple[object, bool]:
        return {"backups": [each.dump.name for each in dumping.existing()]}, True

    def _drill(self, options: dict[str, Any]) -> tuple[object, bool]:
        found = drill(self._chosen(options))
        return asdict(found) | {"holds": found.holds}, found.holds

    def _restore(self, options: dict[str, Any]) -> tuple[object, bool]:
        backup = self._chosen(options)
        dumping.read_contents(backup)
        dumping.restore(backup, into=options["into"])
        return {"restored": backup.dump.name, "into": options["into"]}, True

    def _prove(self, options: dict[str, Any]) -> tuple[object, bool]:
        name = connection.settings_dict["NAME"]
        if not (str(name).startswith("fairline_drill_") or options["here"]):
            raise CommandError(
                f"{name} is not a drill's database, and proving writes a person and a bet to it. "
                "If it is a copy, say --here."
            )
        proof = prove(with_bet=not options["without_bet"])
        return asdict(proof), proof.holds

    def _base(self, _options: dict[str, Any]) -> tuple[object, bool]:
        folder = archive.archive_of()
        base = archive.take_base(folder)
        gone = archive.forget_old(folder, keep=settings.BASES_KEPT)
        size = base.file.stat().st_size
        return {"taken": base.file.name, "bytes": size, "files_forgotten": gone}, True

    def _stream(self, _options: dict[str, Any]) -> tuple[object, bool]:
        stop = threading.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: stop.set())
        stream(stop)
        return {"stopped": True}, True

    def _recover(self, options: dict[str, Any]) -> tuple[object, bool]:
        expected = json.loads(options["expect"].read_bytes()) if options["expect"] else None
        found = recover(
            archive.archive_of(options["system"]),
            options["to"],
            into=options["into"],
            expected=expected["tables"] if expected else None,
        )
        return asdict(found) | {"holds": found.holds}, found.holds

    def _sums(self, _options: dict[str, Any]) -> tuple[object, bool]:
        moment, tables = dumping.sums_now()
        return {"moment": moment.isoformat(), "tables": tables}, True

    def _record(self, action: str, detail: dict[str, str]) -> None:
        """Recovering is what one does when the database is gone, and its audit with it."""
        try:
            super()._record(action, detail)
        except OperationalError:
            if detail.get("deed") != "recover":
                raise
            self.stderr.write("No database to write the audit to: this run is not in it.")

    def _chosen(self, options: dict[str, Any]) -> dumping.Backup:
        there = dumping.existing()
        if options["file"]:
            there = [each for each in there if each.dump.name == options["file"]]
        if not there:
            raise CommandError("There is no such backup; `backup list` says which there are.")
        return there[-1]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text} is no moment with its offset, such as 2026-03-01T12:00:00+00:00"
        )
    return moment
