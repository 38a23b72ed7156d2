"""evaluate: the model, Elo and the close on the same games of an untouched stretch."""

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import clock
from models_registry import services
from models_registry.evaluation import NothingToEvaluate, evaluate
from models_registry.history import History, NoSuchCompetition, read_history
from models_registry.history_files import UnusableFiles, read_files
from models_registry.management.commands.models import who
from models_registry.services.training import predictor_key, recipe_of

TITLES = {
    "log_loss": "log loss",
    "brier": "Brier",
    "rps": "RPS",
    "accuracy": "accuracy",
    "calibration_error": "cal. error",
}


class Command(BaseCommand):
    help = (
        "Judge the model on a stretch of games it was not trained on, beside Elo and the "
        "margin-free close on the same games. A look at a held-out season is recorded."
    )
    # With --history the database need not even be there.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--sport", required=True, help="competition key: basketball_nba, soccer_epl"
        )
        parser.add_argument("--test-from", required=True, type=date.fromisoformat)
        parser.add_argument("--test-until", required=True, type=date.fromisoformat)
        parser.add_argument(
            "--history", type=Path, help="read these archive files instead of the database"
        )
        parser.add_argument("--by", help="user name of who looks; default the system")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - as Django declares it
        try:
            history = self._history(options["sport"], options["history"])
            evaluation = evaluate(
                history,
                since=options["test_from"],
                until=options["test_until"],
                progress=self._say,
            )
        except (NothingToEvaluate, UnusableFiles, NoSuchCompetition) as error:
            raise CommandError(str(error)) from error
        if options["history"] is None:
            self._record(history, evaluation.figures, by=options["by"])
        else:
            self._say("read from files: a look at a held-out season is not recorded")
        for remark in evaluation.remarks:
            self._say(remark)
        if options["json"]:
            self.stdout.write(json.dumps(evaluation.figures))
        else:
            self._print(evaluation.figures)

    def _history(self, sport: str, folder: Path | None) -> History:
        if folder is None:
            self._say(f"reading {sport} from the database")
            return read_history(sport)
        if not folder.exists():
            raise CommandError(f"--history: there is no {folder}")
        self._say(f"reading {folder}")
        return read_files(sport, folder)

    def _record(self, history: History, figures: dict[str, Any], *, by: str | None) -> None:
        """Record the look at held-out seasons, and add what it means to the verdict."""
        openings = services.open_held_out(
            predictor_key=predictor_key(history.competition_key),
            history=history,
            seasons=figures["seasons"],
            look=services.Look(
                **recipe_of(history.competition_key), figures=figures, events=figures["games"]
            ),
            by_id=who(by),
            now=clock.now(),
        )
        if openings:
            words = [services.opening_words(each) for each in openings]
            figures["verdict"]["holdout"] = services.deflated_by_openings(
                figures["verdict"], openings
            ) | {"words": words}
            for each in words:
                self._say(each)

    def _say(self, words: str) -> None:
        self.stderr.write(words)

    def _print(self, figures: dict[str, Any]) -> None:
        verdict = figures["verdict"]
        self.stdout.write(f"{figures['games']} games, seasons {', '.join(figures['seasons'])}")
        by_whom = {
            name: row
            for name, row in figures.items()
            if name not in ("games", "seasons", "verdict", "lines")
        }
        columns = {name: title for name, title in TITLES.items() if name in by_whom["model"]}
        heads = "".join(f"{title:>12}" for title in columns.values())
        self.stdout.write(f"{'':14}{heads}")
        for name, row in by_whom.items():
            told = (
                "".join(f"{row[column]:>12.4f}" for column in columns)
                if row is not None
                else f"{'no prices':>12}"
            )
            self.stdout.write(f"{name:14}{told}")
        line = verdict["calibration"]
        for name in ("calibration_slope", "calibration_intercept"):
            low, high = line[name]["interval"]
            self.stdout.write(
                f"{name.replace('_', ' ')} of the model {line[name]['value']:.3f} "
                f"(95 % interval {low:.3f} to {high:.3f})"
            )
        for other in ("close", "elo"):
            if other in verdict:
                self.stdout.write(f"The model is {verdict[other]['words']}.")
        for kind, found in figures.get("lines", {}).items():
            if found is not None:
                model, close = (found[name]["log_loss"] for name in ("model", "pinnacle_close"))
                self.stdout.write(
                    f"{kind}: log loss of the model {model:.4f}, of Pinnacle's close {close:.4f}; "
                    f"the model is {found['words']}."
                )
