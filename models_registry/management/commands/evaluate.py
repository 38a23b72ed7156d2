"""evaluate: the model, Elo and the close on the same games of an untouched stretch."""

import json
from argparse import ArgumentParser
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import clock
from models_registry import services
from models_registry.describing import predictor_key
from models_registry.domain.market_before import MarketBefore
from models_registry.evaluation import NothingToEvaluate, evaluate
from models_registry.history import History, NoSuchCompetition, read_history
from models_registry.history.files import UnusableFiles, read_files
from models_registry.history.prices_before import prices_before_in_files, stored_prices_before
from models_registry.management.commands.models import who
from models_registry.training.boosters import BOOSTERS
from models_registry.training.learners import AS_THEY_STAND, Parameters
from models_registry.training.recipes import recipe_of

TITLES = {
    "log_loss": "log loss",
    "brier": "Brier",
    "rps": "RPS",
    "accuracy": "accuracy",
    "calibration_error": "cal. error",
}


def _hours(text: str) -> timedelta:
    """Return a time such as 12h.

    Raises:
        ValueError: if it is none, or not within ten days.
    """
    hours = float(text.removesuffix("h"))
    if not 0 < hours <= 240:
        raise ValueError(text)
    return timedelta(hours=hours)


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
        parser.add_argument(
            "--prices-before",
            type=_hours,
            metavar="12h",
            help="also judge a blend with the prices known so many hours before each event",
        )
        parser.add_argument(
            "--recipe",
            default=AS_THEY_STAND.algorithm,
            choices=BOOSTERS,
            help="what the model is made by, where no draws are possible; default %(default)s",
        )
        parser.add_argument("--by", help="user name of who looks; default the system")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - as Django declares it
        parameters = replace(AS_THEY_STAND, algorithm=options["recipe"])
        try:
            history = self._history(options["sport"], options["history"])
            evaluation = evaluate(
                history,
                since=options["test_from"],
                until=options["test_until"],
                progress=self._say,
                prices_before=self._prices(history, options["history"], options["prices_before"]),
                parameters=parameters,
            )
        except (NothingToEvaluate, UnusableFiles, NoSuchCompetition) as error:
            raise CommandError(str(error)) from error
        if options["history"] is None:
            self._record(history, evaluation.figures, parameters, by=options["by"])
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

    def _prices(
        self, history: History, folder: Path | None, before: timedelta | None
    ) -> MarketBefore | None:
        if before is None:
            return None
        self._say(f"reading prices known {before} before the start")
        if folder is None:
            return stored_prices_before(history, before)
        return prices_before_in_files(history, folder, before)

    def _record(
        self, history: History, figures: dict[str, Any], parameters: Parameters, *, by: str | None
    ) -> None:
        """Record the look at held-out seasons, and add what it means to the verdict."""
        openings = services.open_held_out(
            predictor_key=predictor_key(history.competition_key),
            history=history,
            seasons=figures["seasons"],
            look=services.Look(
                **recipe_of(history.competition_key, parameters),
                figures=figures,
                events=figures["games"],
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
            if name not in ("games", "seasons", "verdict", "lines", "before")
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
                other = "pinnacle_close" if "pinnacle_close" in found else "even"
                model, close = (found[name]["log_loss"] for name in ("model", other))
                whose = "Pinnacle's close" if other == "pinnacle_close" else "even closing lines"
                self.stdout.write(
                    f"{kind}: log loss of the model {model:.4f}, of {whose} {close:.4f}; "
                    f"the model is {found['words']}."
                )
        if blend := figures.get("before"):
            names = ("prices", "blend", "regression", "model")
            said = ", ".join(f"{name} {blend[name]['log_loss']:.4f}" for name in names)
            self.stdout.write(
                f"Prices before, log loss on {blend['games']} events: {said}; {blend['words']}; "
                f"{blend['regression']['words']}."
            )
