"""models: list, show, compare, train, attack, promote and roll back model versions."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import clock
from accounts.models import User
from models_registry import comparison, selectors, services
from models_registry.artifacts import ArtifactRefused
from models_registry.attacking import NothingToAttack
from models_registry.history import NoSuchCompetition
from models_registry.learners import SignatureMismatch
from models_registry.models import Attack, ModelVersion, Predictor
from models_registry.training import TooLittleHistory

REFUSALS = (
    services.PromotionRefused,
    services.NothingToRollBackTo,
    services.AttackRefused,
    NothingToAttack,
    SignatureMismatch,
    ArtifactRefused,
    NoSuchCompetition,
    TooLittleHistory,
    comparison.NothingInCommon,
)


class Command(BaseCommand):
    help = "Model versions: list, show, compare, train, attack, promote, roll back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="every version, champions marked")
        listing.add_argument("predictor", nargs="?", help="basketball_nba-h2h")
        show = actions.add_parser("show", help="one version, its record and its gates")
        compare = actions.add_parser("compare", help="two versions on the games of both records")
        train = actions.add_parser("train", help="train on the stored history")
        train.add_argument("competition", help="basketball_nba")
        train.add_argument(
            "--until", help="use nothing known later than this day or moment (ISO); default now"
        )
        train.add_argument("--notes", default="")
        attack = actions.add_parser("attack", help="try to catch a version using the future")
        attack.add_argument(
            "target", help="basketball_nba-h2h/3, its id, or a competition: its champion"
        )
        attack.add_argument("--seed", type=int, default=0, help="of the moments that are drawn")
        attack.add_argument("--by", help="user name of who asks; default the system")
        promote = actions.add_parser("promote", help="make a version the champion, by the gates")
        rollback = actions.add_parser("rollback", help="return to the champion before")
        rollback.add_argument("predictor", help="basketball_nba-h2h")
        for one in (show, promote):
            one.add_argument("version", help="basketball_nba-h2h/3, or its id")
        compare.add_argument("first", help="basketball_nba-h2h/3, or its id")
        compare.add_argument("second")
        for change in (promote, rollback):
            change.add_argument("--reason", required=True, help="kept in the log for ever")
            change.add_argument("--by", help="user name of who decides; default the system")
        for action in (listing, show, compare, train, attack, promote, rollback):
            action.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - as Django declares it
        actions: dict[str, Callable[[dict[str, Any]], tuple[object, list[str]]]] = {
            "list": self._list,
            "show": self._show,
            "compare": self._compare,
            "train": self._train,
            "attack": self._attack,
            "promote": self._promote,
            "rollback": self._rollback,
        }
        try:
            answer, lines = actions[options["action"]](options)
        except REFUSALS as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["json"]:
            self.stdout.write(json.dumps(answer, default=str))
        else:
            self.stdout.write("\n".join(lines))

    def _list(self, options: dict[str, Any]) -> tuple[object, list[str]]:
        rows = [
            described(version) | {"champion": version.is_champion}
            for version in selectors.versions(predictor=options["predictor"])
        ]
        lines = [
            f"{row['name']:28} {'champion' if row['champion'] else '':9}"
            f"log loss {row['metrics']['model']['log_loss']:.4f}  "
            f"games {row['metrics']['games']}  trained until {row['trained_until']:%Y-%m-%d}"
            for row in rows
        ]
        return rows, lines or ["No versions yet: models train COMPETITION makes the first."]

    def _show(self, options: dict[str, Any]) -> tuple[object, list[str]]:
        version = version_named(options["version"])
        gates = [gate.as_dict() for gate in services.gates_of(version)]
        row = described(version) | {
            "champion": version.is_champion,
            "gates": gates,
        }
        lines = [f"{name}: {value}" for name, value in row.items() if name != "gates"]
        verdict = version.metrics.get("verdict") or {}
        proved = [f"verdict: {verdict[who]['words']}" for who in ("close", "elo") if who in verdict]
        return row, [*lines, *proved, *gate_lines(gates)]

    def _compare(self, options: dict[str, Any]) -> tuple[object, list[str]]:
        pair = [version_named(options[name]) for name in ("first", "second")]
        answer = comparison.compare_versions(pair[0], pair[1])
        lines = [f"{name}: {value}" for name, value in answer.items()]
        return answer, lines

    def _train(self, options: dict[str, Any]) -> tuple[object, list[str]]:
        version = services.train_version(
            competition_key=options["competition"],
            until=moment(options["until"]) if options["until"] else clock.now(),
            notes=options["notes"],
            progress=self.stderr.write,
        )
        row = described(version)
        return row, [f"{row['name']} trained on {version.game_count} games: {version.metrics}"]

    def _attack(self, options: dict[str, Any]) -> tuple[object, list[str]]:
        target = options["target"]
        is_version = "/" in target or target.isdecimal()
        version = version_named(target) if is_version else services.version_to_attack(target)
        done = services.attack(
            version_id=version.pk,
            by_id=who(options["by"]),
            now=clock.now(),
            seed=options["seed"],
            progress=self.stderr.write,
        )
        row = attacked(done)
        if done.status == Attack.Status.FAILED:
            raise CommandError(f"{named(version)}: the attack did not end: {done.error}")
        checks = done.checked
        lines = [
            f"{named(version)}: {done.get_status_display().lower()}",
            f"  {checks['moments']} moments, each cut and poisoned: {checks['features']} features "
            f"and the prediction of {checks['predictions']:,} events compared bit for bit",
            f"  a season walked forward again from {checks['walk_moments']} moments: "
            f"{checks['walked_predictions']:,} predictions compared",
        ]
        lines += [
            f"  {leak['column']} changed when the future did ({leak['attack']}): {leak['times']} "
            f"times, first in event {leak['event_id']} at {leak['moment']}"
            for leak in done.leaks
        ]
        lines.append(
            f"  on shuffled results: log loss {done.shuffled['model']:.4f}, base rate "
            f"{done.shuffled['base_rate']:.4f}"
            + (" - it must not be beaten" if done.shuffled["beats_base_rate"] else "")
        )
        return row, lines

    def _promote(self, options: dict[str, Any]) -> tuple[object, list[str]]:
        version = version_named(options["version"])
        promotion = services.promote_version(
            version_id=version.pk,
            by_id=who(options["by"]),
            reason=options["reason"],
            now=clock.now(),
        )
        answer = {"champion": named(version), "at": promotion.at, "gates": promotion.gates}
        return answer, [f"{named(version)} is the champion", *gate_lines(promotion.gates)]

    def _rollback(self, options: dict[str, Any]) -> tuple[object, list[str]]:
        try:
            promotion = services.roll_back(
                predictor_key=options["predictor"],
                by_id=who(options["by"]),
                reason=options["reason"],
                now=clock.now(),
            )
        except Predictor.DoesNotExist as error:
            raise CommandError(f"there is no predictor {options['predictor']!r}") from error
        answer = {"champion": named(promotion.version), "at": promotion.at}
        return answer, [f"{named(promotion.version)} is the champion again"]


def named(version: ModelVersion) -> str:
    return f"{version.predictor.key}/{version.number}"


def version_named(text: str) -> ModelVersion:
    key, _, number = text.rpartition("/")
    try:
        if key:
            return selectors.versions(predictor=key).get(number=int(number))
        return selectors.versions().get(pk=int(number))
    except (ModelVersion.DoesNotExist, ValueError) as error:
        raise CommandError(f"there is no version {text!r}; models list shows them") from error


def described(version: ModelVersion) -> dict[str, Any]:
    return {
        "id": version.pk,
        "name": named(version),
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


def attacked(attack: Attack) -> dict[str, Any]:
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


def gate_lines(gates: list[dict[str, Any]]) -> list[str]:
    return [
        f"  {'passed' if gate['passed'] else 'FAILED'}  {gate['name']}: {gate['detail']}"
        for gate in gates
    ]


def who(username: str | None) -> int | None:
    try:
        return selectors.person_id(username) if username else None
    except User.DoesNotExist as error:
        raise CommandError(f"--by: there is no user {username!r}") from error


def moment(text: str) -> datetime:
    """Read a moment; a day alone means its beginning, in UTC."""
    try:
        if len(text) == len("2022-01-22"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=clock.now().tzinfo)
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--until: {text!r} is not an ISO day or moment") from error
    return read if read.tzinfo else read.replace(tzinfo=clock.now().tzinfo)
