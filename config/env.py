"""What production refuses to start on."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from accounts import secrets
from accounts.backups.sealing import read_keys
from accounts.secrets.masking import masked_text
from betting.venues.paper import Temper
from models_registry.domain.bounds import GateBounds
from models_registry.domain.drift_bounds import Bounds, drift_bounds
from models_registry.domain.holdout import parse_held_out
from risk.domain.breakers import Level
from risk.domain.jurisdiction_table import JURISDICTIONS
from risk.domain.jurisdictions import JurisdictionRule, changed

SHORTEST_SECRET = 50
# In a variable's name: its value is for nobody to read.
HIDDEN = ("SECRET", "KEY", "TOKEN", "PASSWORD", "USERNAME", "DSN", "CREDENTIAL", "HEADERS")
SIGN_UPS = ("open", "invited", "closed")
MAKE_A_KEY = (
    'make one with python -c "from cryptography.fernet import Fernet;'
    ' print(Fernet.generate_key().decode())"'
)
EXAMPLE_WORDS = ("change-me", "local-only", "django-insecure", "example")


class Env(environ.FileAwareEnv):  # type: ignore[misc]
    """The environment, which remembers what was read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, object] = {}

    def get_value(self, var: str, *more: Any, **how: Any) -> Any:  # noqa: ANN401 - as it declares
        """Return what a variable says, or its default."""
        self.told[var] = value = super().get_value(var, *more, **how)
        return value


@dataclass(frozen=True)
class Variable:
    """One variable as it may be shown."""

    name: str
    value: str
    is_given: bool


def shown(told: Mapping[str, object], *, given: Collection[str]) -> list[Variable]:
    """Return what was read, by name; of secrets only whether there is one.

    >>> [each.value for each in shown({"A_TOKEN": "abc", "URL": "redis://:abc@host/0"}, given=())]
    ['set', 'redis://:***@host/0']
    """
    return [Variable(name, _shown(name, told[name]), name in given) for name in sorted(told)]


def _shown(name: str, value: object) -> str:
    if any(word in name for word in HIDDEN):
        return "set" if value else "not set"
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    return "not set" if value in (None, "") else masked_text(str(value))


def check_production(
    *,
    secret_key: str,
    allowed_hosts: Sequence[str],
    debug: bool,
    database: Mapping[str, Any],
    second_factor: bool,
    secrets_keys: Sequence[str],
) -> None:
    """Refuse unsafe production settings, all reasons at once, never printing a value.

    Raises:
        ImproperlyConfigured: naming each variable and what to do.
    """
    reasons = [*_secret_faults(secret_key), *_host_faults(allowed_hosts)]
    if debug:
        reasons.append("DEBUG is on: unset it")
    if not database.get("PASSWORD"):
        reasons.append("DATABASE_URL has no password: give the database user one")
    if not secrets_keys:
        reasons.append(f"FAIRLINE_SECRETS_KEYS is missing: {MAKE_A_KEY}")
    if not second_factor:
        reasons.append("FAIRLINE_SECOND_FACTOR_REQUIRED is off: unset it")
    if reasons:
        raise ImproperlyConfigured("Production will not start. " + "; ".join(reasons) + ".")


def backup_keys(text: str) -> list[bytes]:
    """Return the keys that seal backups.

    Raises:
        ImproperlyConfigured: naming the first that is none, never showing it.
    """
    try:
        return read_keys(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"FAIRLINE_BACKUP_KEYS: {error}.") from None


def sign_up(text: str) -> str:
    """Return who may open an account.

    Raises:
        ImproperlyConfigured: where it is none of the three.
    """
    if text not in SIGN_UPS:
        raise ImproperlyConfigured(f"FAIRLINE_SIGN_UP is {text!r}: one of {', '.join(SIGN_UPS)}")
    return text


def secrets_keys(text: str) -> list[str]:
    """Return the keys that lock secrets in the database, the one in use first.

    Raises:
        ImproperlyConfigured: where one is no Fernet key; never showing it.
    """
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if fault := secrets.fault_of(keys):
        raise ImproperlyConfigured(f"FAIRLINE_SECRETS_KEYS: {fault}; {MAKE_A_KEY}")
    return keys


def age_gate(asked: bool | None, *, live_venues: Sequence[str]) -> bool:
    """Return whether people say where they are and how old before they stake.

    Unset: where venues may take real money.

    Raises:
        ImproperlyConfigured: where it is off although venues may take real money.
    """
    if asked is False and live_venues:
        raise ImproperlyConfigured(
            f"FAIRLINE_AGE_GATE is off, and FAIRLINE_LIVE_VENUES names {', '.join(live_venues)}: "
            "unset it, real money is for those who are old enough"
        )
    return bool(live_venues) if asked is None else asked


def jurisdictions(text: str) -> Mapping[str, JurisdictionRule]:
    """Return the rules of places, with the changes of a text such as 'GB=18,US-TX=no'.

    Raises:
        ImproperlyConfigured: naming the part at fault, and what it may be.
    """
    try:
        return changed(JURISDICTIONS, text)
    except ValueError as fault:
        raise ImproperlyConfigured(f"FAIRLINE_JURISDICTIONS: {fault}") from fault


def gate_bounds(
    *, games: int, calibration_error: float, champion: str, attacked: bool
) -> GateBounds:
    """Return what the gates before promotion ask.

    Raises:
        ImproperlyConfigured: naming each variable at fault, its value, and what it may be.
    """
    try:
        return GateBounds(games, calibration_error, champion, attacked)
    except ValueError as faults:
        raise ImproperlyConfigured(f"{faults}") from faults


def holdout(text: str) -> Mapping[str, tuple[str, ...]]:
    """Read which seasons are held out.

    Raises:
        ImproperlyConfigured: naming the part that cannot be read.
    """
    try:
        return parse_held_out(text)
    except ValueError as fault:
        raise ImproperlyConfigured(f"FAIRLINE_HOLDOUT: {fault}") from fault


def operator_level(name: str, text: str) -> Level:
    """Read where a breaker of the operator warns and trips, such as '2/4'.

    Raises:
        ImproperlyConfigured: naming the variable, its value, and what it may be.
    """
    try:
        warn, trip = map(float, text.split("/"))
        if not 0 < warn <= trip < float("inf"):
            raise ValueError("a warning comes above zero and not after the trip")
    except ValueError as fault:
        raise ImproperlyConfigured(
            f"{name}: {text!r} is no WARN/TRIP, two numbers such as 2/4: {fault}."
        ) from fault
    return Level(warn, trip, 0)


def parse_drift(text: str) -> Mapping[str, Bounds]:
    """Return from where on each reading of drift warns and pauses.

    Raises:
        ImproperlyConfigured: naming the part at fault, and what it may be.
    """
    try:
        return drift_bounds(text)
    except ValueError as fault:
        raise ImproperlyConfigured(f"{fault}") from fault


def paper(
    *, seed: int, latency: float, moved: float, partial: float, rejected: float, unknown: float
) -> Temper:
    """Return how real the paper venue is.

    Raises:
        ImproperlyConfigured: naming the variable, its value, and what it may be.
    """
    try:
        return Temper(seed, timedelta(seconds=latency), moved, partial, rejected, unknown)
    except (ValueError, OverflowError) as fault:
        raise ImproperlyConfigured(f"{fault}") from fault


def rate(name: str, text: str) -> str:
    """Read how often something may be asked: '60/m', or empty for no limit.

    Raises:
        ImproperlyConfigured: naming the variable, its value, and what it may be.
    """
    # `min`, as REST framework writes it, was how API_RATE was set before.
    text = re.sub(r"/(sec|min|hour|day)$", lambda unit: "/" + unit[1][0], text.strip())
    if text and not re.fullmatch(r"[1-9][0-9]{0,8}/[1-9]?[0-9]{0,3}[smhd]", text):
        raise ImproperlyConfigured(
            f"{name} is {text!r}: so many a second, minute, hour or day, such as 60/m, or empty"
        )
    return text


def route_rates(parts: Sequence[str]) -> dict[str, str]:
    """Read how often single routes may be asked, such as 'api-bets=600/m'.

    Raises:
        ImproperlyConfigured: naming the part that cannot be read.
    """
    named = [part.partition("=") for part in parts]
    return {name.strip(): rate(f"RATE_ROUTES {name}", text) for name, _, text in named}


def parse_credits(text: str) -> int | None:
    """Read a month's credits; empty means none are set.

    Raises:
        ImproperlyConfigured: where it is no whole number from 0 on.
    """
    if not text.strip():
        return None
    if not text.strip().isdecimal():
        raise ImproperlyConfigured(
            f"THE_ODDS_API_MONTHLY_CREDITS is {text!r}: a whole number, such as 500, or empty"
        )
    return int(text)


def _secret_faults(secret_key: str) -> list[str]:
    if not secret_key:
        return ["SECRET_KEY is missing: set it to 50 or more random characters"]
    if any(word in secret_key for word in EXAMPLE_WORDS) or len(set(secret_key)) < 10:
        return ["SECRET_KEY is an example: set it to 50 or more random characters"]
    if len(secret_key) < SHORTEST_SECRET:
        return [f"SECRET_KEY is shorter than {SHORTEST_SECRET} characters: make it longer"]
    return []


def _host_faults(allowed_hosts: Sequence[str]) -> list[str]:
    if not allowed_hosts:
        return ["ALLOWED_HOSTS is empty: name the hosts that serve Fairline"]
    if any(host.startswith(("*", ".*")) for host in allowed_hosts):
        return ["ALLOWED_HOSTS has a wildcard: name the hosts that serve Fairline"]
    return []
