"""Make an installation show the product; scripts/run calls it at every start.

What is done already is seen in the database, so a second call changes nothing and a call after
a crash goes on where that one stopped.
"""

import json
import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from time import monotonic
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from rich.console import Console

from accounts import clock
from accounts.models import Role, User
from accounts.scopes import rights_of
from betting.models import Bankroll, Strategy
from betting.services import bankrolls, ledger
from betting.services.strategies import ensure_strategies
from models_registry import services as registry
from models_registry.describing import predictor_key
from models_registry.history import NoSuchCompetition
from models_registry.models import ModelVersion, Predictor
from models_registry.selectors import champion
from models_registry.training import TooLittleHistory
from odds.simulator.history import write_history
from odds.simulator.listing import SPORT_KEY
from risk.models import Limits

# As `simulate serve` has it: the past that is imported is the past of the present that plays.
SEED = 1
DEMO, OPERATOR = "demo", "operator"
DEPOSIT = Decimal("10000.00")
REAL_COMPETITION = "basketball_nba"
# Small stakes on many events: there is soon something to judge, and room for a bet by hand.
DEMO_LIMITS = {
    "max_bet_share": Decimal("0.0100"),
    "max_market_share": Decimal("0.0200"),
    "max_event_share": Decimal("0.0200"),
    "max_day_share": Decimal("0.5000"),
}


class Command(BaseCommand):
    help = "Bring the database up to date and make the demo installation, where it is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--history",
            default=os.environ.get("FAIRLINE_HISTORY", ""),
            help="a file or folder to import before the first model is trained",
        )

    def handle(self, *args: object, history: str, **options: object) -> None:
        """Run every step that is not done; print what scripts/run has to know as one JSON line."""
        self._console = Console(stderr=True, highlight=False)
        if is_behind():
            with self._step("migrations"):
                call_command("migrate", verbosity=0)
        facts = ensure_logins() | {"notes": []}
        if os.environ.get("FAIRLINE_DEMO", "1") != "0":
            begin_betting(User.objects.get(username=DEMO))
            facts["notes"] = list(self._models(history))
        self.stdout.write(json.dumps(facts))

    def _models(self, history: str) -> Iterator[str]:
        """Yield what to tell about each competition's first model."""
        if history and not has_version(REAL_COMPETITION):
            with self._step(f"importing {history} (minutes for a large archive)"):
                call_command("import_history", history, stdout=self.stderr)
            yield self._ensure_champion(REAL_COMPETITION)
        if SPORT_KEY in settings.THE_ODDS_API_COMPETITIONS and not champion(
            predictor_key(SPORT_KEY)
        ):
            if not has_version(SPORT_KEY):
                with tempfile.TemporaryDirectory(prefix="fairline-") as folder:
                    with self._step("playing the simulated league's past seasons"):
                        write_history(Path(folder), seed=SEED, until=clock.now())
                    with self._step("importing them"):
                        call_command("import_history", folder, stdout=self.stderr)
            yield self._ensure_champion(SPORT_KEY)

    def _ensure_champion(self, competition_key: str) -> str:
        """Train the first version and promote it if the gate lets it pass; return how it went."""
        now = clock.now()
        try:
            version = newest_version(competition_key)
            if version is None:
                with self._step(f"training on {competition_key}"):
                    version = registry.train_version(
                        competition_key=competition_key, until=now, notes="first run"
                    )
            with self._step(f"asking the gate about {version}"):
                registry.promote_version(
                    version_id=version.pk, by_id=None, reason="first run", now=now
                )
        except (NoSuchCompetition, TooLittleHistory, registry.PromotionRefused) as refusal:
            # The product works on the market's own opinion until a model earns its place.
            return f"No model for {competition_key}: {refusal}"
        return f"{version} prices {competition_key}."

    @contextmanager
    def _step(self, words: str) -> Iterator[None]:
        started = monotonic()
        with self._console.status(words):
            yield
        self._console.print(f"            {words}: {monotonic() - started:.1f} s", style="dim")


def is_behind() -> bool:
    """Tell whether a migration is there that was not applied.

    By their names alone: loading them all, to find that none is due, costs every start half a
    second.
    """
    applied = MigrationRecorder(connection).applied_migrations()
    for app in apps.get_app_configs():
        package, _ = MigrationLoader.migrations_module(app.label)
        found = find_spec(package) if package else None
        # No folders means none; left out, every module that Python finds would be one.
        folders = (found and found.submodule_search_locations) or []
        for module in iter_modules(folders):
            if module.name[0] not in "_~" and (app.label, module.name) not in applied:
                return True
    return False


def ensure_logins() -> dict[str, Any]:
    """Make the demo bettor and the operator; return whether their passwords still hold."""
    return {
        "demo_password": ensure_login(DEMO, password=_password("FAIRLINE_DEMO_PASSWORD")),
        "operator_password": ensure_login(
            OPERATOR, password=_password("FAIRLINE_OPERATOR_PASSWORD"), role=Role.ADMIN
        ),
    }


def ensure_login(username: str, *, password: str, role: str = Role.BETTOR) -> str:
    """Return whether the login has this password ('given') or another ('changed')."""
    user, is_new = User.objects.get_or_create(
        username=username, defaults={"role": role, **rights_of(role)}
    )
    if is_new:
        user.set_password(password)
        user.save(update_fields=["password"])
    return "given" if user.check_password(password) else "changed"


@transaction.atomic
def begin_betting(user: User) -> None:
    """Give a bettor without bankroll one, limits, and our strategies to follow; once."""
    if Bankroll.objects.filter(owner=user).exists():
        return
    now = clock.now()
    main = bankrolls.open_bankroll(owner_id=user.pk, name="Main", currency="EUR", now=now)
    ledger.move_money(
        "deposit", bankroll_id=main.pk, amount=DEPOSIT, reference="first-run-deposit", now=now
    )
    Limits.objects.update_or_create(owner=user, defaults=DEMO_LIMITS)
    ensure_strategies()
    user.followed_strategies.set(Strategy.objects.filter(is_active=True))


def newest_version(competition_key: str) -> ModelVersion | None:
    """Return the competition's latest version, promoted or not."""
    return (
        ModelVersion.objects.filter(predictor__key=predictor_key(competition_key))
        .order_by("-number")
        .first()
    )


def has_version(competition_key: str) -> bool:
    """Tell whether a version was ever trained, which needs the history to be there."""
    return Predictor.objects.filter(
        key=predictor_key(competition_key), versions__isnull=False
    ).exists()


def _password(variable: str) -> str:
    if password := os.environ.get(variable):
        return password
    raise CommandError(f"{variable} is not set; call this through scripts/run.")
