"""search: begin, watch, stop and go on with a search for better parameters."""

from argparse import ArgumentParser
from typing import Any

from accounts import clock
from accounts.management.actions import ActionCommand, Answer
from models_registry import tasks
from models_registry.history import NoSuchCompetition
from models_registry.management.commands.models import who
from models_registry.models import Search
from models_registry.selectors import proofs as selectors_proofs
from models_registry.services import TrainingRefused
from models_registry.services.search import (
    SearchRefused,
    resume_search,
    start_search,
    stop_search,
    train_best,
)
from models_registry.services.trials import work_on_search


class Command(ActionCommand):
    help = "Search for better parameters on the workers: start, status, stop, resume, train."
    refusals = (SearchRefused, NoSuchCompetition, TrainingRefused)
    row = "search"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        start = actions.add_parser("start", help="begin; the workers do the trials")
        start.add_argument("competition", help="basketball_nba")
        start.add_argument("--trials", type=int, default=50, help="sets of parameters; default 50")
        start.add_argument("--workers", type=int, default=2, help="trials at once; default 2")
        start.add_argument("--seed", type=int, default=0)
        status = actions.add_parser("status", help="all searches, or one with its trials")
        status.add_argument("search", nargs="?", type=int, help="its number")
        stop = actions.add_parser("stop", help="put the trials down")
        resume = actions.add_parser("resume", help="go on where it was")
        resume.add_argument("--trials", type=int, help="try so many in all; default as before")
        train = actions.add_parser("train", help="train a candidate with the best trial's")
        for one in (stop, resume, train):
            one.add_argument("search", type=int, help="its number: search status")
        for change in (start, stop, resume, train):
            change.add_argument("--by", help="user name of who decides; default the system")
        for begin in (start, resume):
            begin.add_argument(
                "--here", action="store_true", help="do the trials in this process, one at a time"
            )
        for action in (start, status, stop, resume, train):
            action.add_argument("--json", action="store_true", help="print JSON")

    def _start(self, options: dict[str, Any]) -> Answer:
        search = start_search(
            competition_key=options["competition"],
            trials=options["trials"],
            workers=options["workers"],
            by_id=who(options["by"]),
            now=clock.now(),
            seed=options["seed"],
        )
        return self._begun(search, here=options["here"])

    def _resume(self, options: dict[str, Any]) -> Answer:
        search = resume_search(
            search_id=options["search"],
            by_id=who(options["by"]),
            now=clock.now(),
            trials=options["trials"],
        )
        return self._begun(search, here=options["here"])

    def _begun(self, search: Search, *, here: bool) -> Answer:
        if not here:
            tasks.queue_search(search.pk, workers=search.workers)
            return self._told(search.pk)
        more = True
        while more:
            more = work_on_search(search_id=search.pk)
            ended = search.trials.exclude(status="running").order_by("-finished_at").first()
            if ended is not None:
                told = "" if ended.log_loss is None else f" {ended.log_loss:.5f}"
                self.stderr.write(f"trial {ended.number}: {ended.status}{told}")
        return self._told(search.pk)

    def _stop(self, options: dict[str, Any]) -> Answer:
        search = stop_search(search_id=options["search"], by_id=who(options["by"]), now=clock.now())
        return self._told(search.pk)

    def _train(self, options: dict[str, Any]) -> Answer:
        run = train_best(search_id=options["search"], by_id=who(options["by"]), now=clock.now())
        tasks.queue_training(run.pk)
        return {"run": run.pk, "trial": run.trial_id}, [
            f"training run {run.pk} queued, with the parameters of {run.trial}"
        ]

    def _status(self, options: dict[str, Any]) -> Answer:
        if options["search"] is not None:
            return self._told(options["search"])
        rows = [described(each) for each in selectors_proofs.searches()]
        lines = [
            f"{row['id']:>5}  {row['predictor']:24} {row['status']:8} {row['tries']:>4} of "
            f"{row['trials_wanted']} trials" + (f"  best {row['best']:.5f}" if row["best"] else "")
            for row in rows
        ]
        return rows, lines or ["No search yet: search start COMPETITION begins the first."]

    def _told(self, search_id: int) -> Answer:
        search = selectors_proofs.searches().get(pk=search_id)
        best = selectors_proofs.best_of(search)
        trials = [
            {
                "number": each.number,
                "status": each.status,
                "log_loss": each.log_loss,
                "parameters": each.parameters,
                "error": each.error,
            }
            for each in search.trials.all()
        ]
        row = described(search) | {
            "best_trial": best.as_dict() if best else None,
            "trials": trials,
        }
        lines = [
            f"{search}: {search.status}{f' ({search.error})' if search.error else ''}, "
            f"{row['tries']} of {search.trials_wanted} trials; scored on "
            f"{search.scored_on or '(not known yet)'}; held out "
            f"{', '.join(search.held_out) or 'nothing'}"
        ]
        lines += [
            f"  {each['number']:>4}  {each['status']:9}"
            + (f"{each['log_loss']:.5f}" if each["log_loss"] is not None else each["error"])
            for each in trials
        ]
        if best:
            lines.append(f"best: trial {best.trial.number} {best.trial.parameters}")
            lines.append(f"  beside the recipe as it stands: {best.words}")
        return row, lines


def described(search: Search) -> dict[str, Any]:
    return {
        "id": search.pk,
        "predictor": search.predictor.key,
        "recipe": search.recipe,
        "status": search.status,
        "asked_at": search.asked_at,
        "until": search.until,
        "finished_at": search.finished_at,
        "tries": search.ended,
        "trials_wanted": search.trials_wanted,
        "workers": search.workers,
        "seed": search.seed,
        "folds": search.folds,
        "held_out": search.held_out,
        "best": search.best_log_loss,
        "data_hash": search.data_hash,
        "code_version": search.code_version,
        "error": search.error,
    }
