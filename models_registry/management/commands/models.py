"""models: everything that can be done with model versions."""

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from accounts import clock
from accounts.management.actions import ActionCommand, Answer
from accounts.models import User
from models_registry import comparison, life, selectors, services
from models_registry.attacking import NothingToAttack
from models_registry.card import as_markdown, card_of
from models_registry.describing import (
    attack_lines,
    attack_of,
    comparison_lines,
    described,
    entry_lines,
    entry_of,
    gate_lines,
    named,
    run_line,
    run_of,
    version_line,
)
from models_registry.domain.features import SignatureMismatch
from models_registry.history import NoSuchCompetition
from models_registry.models import Attack, ModelVersion, Predictor, Stage, TrainingRun
from models_registry.screens import drift as drift_screens
from models_registry.tasks import queue_training
from models_registry.training import TooLittleHistory
from models_registry.training.boosters import BOOSTERS

REFUSALS = (
    *services.REFUSALS,
    services.NotPaused,
    services.TrainingCancelled,
    NoSuchCompetition,
    NothingToAttack,
    SignatureMismatch,
    TooLittleHistory,
    comparison.NothingInCommon,
)


class Command(ActionCommand):
    help = (
        "Model versions: list, show, compare, log, train, runs, cancel, attack, promote, "
        "roll back, stage, tag, untag, note, card, drift, release, clean."
    )
    refusals = REFUSALS

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)

        def action(name: str, words: str, *, changes: bool = False) -> ArgumentParser:
            made = actions.add_parser(name, help=words)
            made.add_argument("--json", action="store_true", help="print JSON")
            if changes:
                made.add_argument("--by", help="user name of who decides; default the system")
            return made

        def reasoned(made: ArgumentParser) -> None:
            made.add_argument("--reason", required=True, help="kept in the log for ever")

        listing = action("list", "every version with its stage and tags")
        listing.add_argument("predictor", nargs="?", help="basketball_nba-h2h")
        listing.add_argument("--stage", choices=Stage.values)
        listing.add_argument("--tag")
        for name, words in (
            ("card", "the model card of a version, as Markdown"),
            ("show", "one version, its record and its gates"),
            ("promote", "make a version the champion, by the gates"),
            ("stage", "candidate, staging (it predicts in shadow) or archived"),
            ("tag", "put a tag on a version"),
            ("untag", "take a tag off a version"),
            ("note", "add a note about a version, for ever"),
        ):
            one = action(name, words, changes=name not in {"show", "card"})
            one.add_argument("version", help="basketball_nba-h2h/3, or its id")
            if name == "stage":
                one.add_argument("stage", choices=[s for s in Stage if s != Stage.PRODUCTION])
            if name in {"promote", "stage"}:
                reasoned(one)
            if name in {"tag", "untag", "note"}:
                one.add_argument("text")
        compare = action("compare", "two versions on the events of both records")
        compare.add_argument("first", help="basketball_nba-h2h/3, or its id")
        compare.add_argument("second")
        log = action("log", "promotions, stages, tags and notes, latest first")
        log.add_argument("predictor", help="basketball_nba-h2h")
        log.add_argument("--at", help="only say which version priced at this day or moment (ISO)")
        train = action("train", "train on the stored history", changes=True)
        train.add_argument("competition", help="basketball_nba")
        train.add_argument(
            "--until", help="use nothing known later than this day or moment (ISO); default now"
        )
        train.add_argument("--notes", default="")
        train.add_argument("--recipe", default="", help=f"one of {', '.join(BOOSTERS)}")
        train.add_argument("--queue", action="store_true", help="leave it to a worker")
        runs = action("runs", "training runs with their progress")
        runs.add_argument("predictor", nargs="?", help="basketball_nba-h2h")
        cancel = action("cancel", "cancel a training run at its next step", changes=True)
        cancel.add_argument("run", type=int, help="its number, as `models runs` says")
        reasoned(cancel)
        attack = action("attack", "try to catch a version using the future", changes=True)
        attack.add_argument(
            "target", help="basketball_nba-h2h/3, its id, or a competition: its champion"
        )
        attack.add_argument("--seed", type=int, default=0, help="of the moments that are drawn")
        rollback = action("rollback", "return to the champion before", changes=True)
        rollback.add_argument("predictor", help="basketball_nba-h2h")
        reasoned(rollback)
        action("drift", "read how champions drift, once a day, and show it")
        release = action("release", "let a paused champion price again", changes=True)
        release.add_argument("predictor", help="basketball_nba-h2h")
        reasoned(release)
        action("clean", "remove artefacts of no version, and folds kept in vain, after a day")

    def _list(self, options: dict[str, Any]) -> Answer:
        rows = selectors.versions(
            predictor=options["predictor"], stage=options["stage"], tag=options["tag"]
        )
        lines = [version_line(row) for row in rows]
        none = "No versions yet: models train COMPETITION makes the first."
        return [described(row) for row in rows], lines or [none]

    def _show(self, options: dict[str, Any]) -> Answer:
        version = version_named(options["version"])
        gates = [gate.as_dict() for gate in services.gates_of(version)]
        log = life.log_of(version_id=version.pk)
        row = described(version)
        lines = [f"{name}: {value}" for name, value in row.items()] + gate_lines(gates)
        lines += [line for entry in log for line in entry_lines(entry)]
        return row | {"gates": gates, "log": [entry_of(entry) for entry in log]}, lines

    def _compare(self, options: dict[str, Any]) -> Answer:
        pair = [version_named(options[name]) for name in ("first", "second")]
        answer = comparison.compare_versions(pair[0], pair[1])
        return answer, comparison_lines(answer)

    def _log(self, options: dict[str, Any]) -> Answer:
        key = options["predictor"]
        if options["at"]:
            at = moment(options["at"], "--at")
            version = life.champion_at(key, at)
            words = f"{named(version)} priced" if version else f"no version of {key} priced"
            answer = {"at": at, "champion": named(version) if version else None}
            return answer, [f"{words} at {at:%Y-%m-%d %H:%M}"]
        log = life.log_of(predictor=key)
        lines = [line for entry in log for line in entry_lines(entry)]
        return [entry_of(entry) for entry in log], lines or [f"Nothing happened to {key} yet."]

    def _train(self, options: dict[str, Any]) -> Answer:
        asked: dict[str, Any] = {
            "competition_key": options["competition"],
            "until": moment(options["until"], "--until") if options["until"] else clock.now(),
            "by_id": who(options["by"]),
            "notes": options["notes"],
            "recipe": options["recipe"],
        }
        if options["queue"]:
            run = services.ask_for_training(now=clock.now(), **asked)
            queue_training(run.pk)
            return run_of(run), [f"{run_line(run)}: a worker begins it; models runs says how far"]
        trained = services.train_version(progress=self.stderr.write, **asked)
        version = version_named(str(trained.pk))
        row = described(version)
        return row, [f"{row['name']} trained on {version.game_count} games: {version.metrics}"]

    def _runs(self, options: dict[str, Any]) -> Answer:
        rows = life.training_runs(predictor=options["predictor"])[:50]
        lines = [run_line(run) for run in rows]
        return [run_of(run) for run in rows], lines or ["No training was asked for yet."]

    def _cancel(self, options: dict[str, Any]) -> Answer:
        try:
            run = services.cancel_training(
                run_id=options["run"], by_id=who(options["by"]), reason=options["reason"],
                now=clock.now(),
            )  # fmt: skip
        except TrainingRun.DoesNotExist as error:
            raise CommandError(
                f"there is no run {options['run']}; models runs shows them"
            ) from error
        words = "is cancelled" if run.status == "cancelled" else "ends at its next step"
        return run_of(run), [f"run {run.pk} {words}"]

    def _attack(self, options: dict[str, Any]) -> Answer:
        target = options["target"]
        is_version = "/" in target or target.isdecimal()
        version = version_named(target) if is_version else services.version_to_attack(target)
        done = services.attack(
            version_id=version.pk, by_id=who(options["by"]), now=clock.now(),
            seed=options["seed"], progress=self.stderr.write,
        )  # fmt: skip
        if done.status == Attack.Status.FAILED:
            raise CommandError(f"{named(version)}: the attack did not end: {done.error}")
        return attack_of(done), attack_lines(done)

    def _promote(self, options: dict[str, Any]) -> Answer:
        version = version_named(options["version"])
        promotion = services.promote_version(
            version_id=version.pk, by_id=who(options["by"]), reason=options["reason"],
            now=clock.now(),
        )  # fmt: skip
        answer = {"champion": named(version), "at": promotion.at, "gates": promotion.gates}
        return answer, [f"{named(version)} is the champion", *gate_lines(promotion.gates)]

    def _rollback(self, options: dict[str, Any]) -> Answer:
        try:
            promotion = services.roll_back(
                predictor_key=options["predictor"], by_id=who(options["by"]),
                reason=options["reason"], now=clock.now(),
            )  # fmt: skip
        except Predictor.DoesNotExist as error:
            raise CommandError(f"there is no predictor {options['predictor']!r}") from error
        answer = {"champion": named(promotion.version), "at": promotion.at}
        return answer, [f"{named(promotion.version)} is the champion again"]

    def _stage(self, options: dict[str, Any]) -> Answer:
        version = services.stage_version(
            version_id=version_named(options["version"]).pk, stage=options["stage"],
            by_id=who(options["by"]), reason=options["reason"], now=clock.now(),
        )  # fmt: skip
        return described(version), [f"{named(version)} is {version.stage}"]

    def _tag(self, options: dict[str, Any]) -> Answer:
        return self._remarked(options, services.tag_version, "tag")

    def _untag(self, options: dict[str, Any]) -> Answer:
        return self._remarked(options, services.untag_version, "tag")

    def _note(self, options: dict[str, Any]) -> Answer:
        return self._remarked(options, services.note_on_version, "text")

    def _remarked(
        self, options: dict[str, Any], do: Callable[..., object], argument: str
    ) -> Answer:
        said = {argument: options["text"], "by_id": who(options["by"]), "now": clock.now()}
        do(version_id=version_named(options["version"]).pk, **said)
        version = version_named(options["version"])
        worn = f", tagged {', '.join(version.tags)}" if version.tags else ", without tags"
        return described(version), [f"{named(version)}: done{worn}"]

    def _card(self, options: dict[str, Any]) -> Answer:
        card = card_of(version_named(options["version"]), now=clock.now())
        return card, as_markdown(card).splitlines()

    def _drift(self, _options: dict[str, Any]) -> Answer:
        now = clock.now()
        done = services.report_drift(now=now)
        for each in done.values():
            if "run" in each:
                queue_training(each["run"])
        return drift_screens.as_told(done, now=now)

    def _release(self, options: dict[str, Any]) -> Answer:
        try:
            pause = services.release_version(
                predictor_key=options["predictor"], by_id=who(options["by"]),
                reason=options["reason"], now=clock.now(),
            )  # fmt: skip
        except Predictor.DoesNotExist as error:
            raise CommandError(f"there is no predictor {options['predictor']!r}") from error
        answer = {"released": named(pause.version), "at": pause.at}
        return answer, [f"{named(pause.version)} may price again"]

    def _clean(self, _options: dict[str, Any]) -> Answer:
        removed = services.clean_artifacts(now=timezone.now())
        return removed, removed or ["Nothing was left over."]


def version_named(text: str) -> ModelVersion:
    key, _, number = text.rpartition("/")
    try:
        if key:
            return selectors.versions(predictor=key).get(number=int(number))
        return selectors.versions().get(pk=int(number))
    except (ModelVersion.DoesNotExist, ValueError) as error:
        raise CommandError(f"there is no version {text!r}; models list shows them") from error


def who(username: str | None) -> int | None:
    try:
        return selectors.person_id(username) if username else None
    except User.DoesNotExist as error:
        raise CommandError(f"--by: there is no user {username!r}") from error


def moment(text: str, option: str) -> datetime:
    """Read a moment; a day alone means its beginning, in UTC."""
    try:
        if len(text) == len("2022-01-22"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=clock.now().tzinfo)
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{option}: {text!r} is not an ISO day or moment") from error
    return read if read.tzinfo else read.replace(tzinfo=clock.now().tzinfo)
