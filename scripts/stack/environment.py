"""The environment of Fairline's processes: what the user set, and what this machine adds."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from stack import locks
from stack.place import Place, read_json, write_json

GENERATED = {
    "secret_key": 64,
    "postgres_password": 24,
    "valkey_password": 24,
    "demo_password": 9,
    "operator_password": 12,
}
# The first run's logins, and which secret each has unless the user says.
PASSWORDS = {
    "FAIRLINE_DEMO_PASSWORD": "demo_password",
    "FAIRLINE_OPERATOR_PASSWORD": "operator_password",
}


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the variables of a .env file: NAME=value lines, quotes and `export` allowed."""
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_text().splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                value = value[1:-1]
            else:
                value = value.partition(" #")[0].strip()
            found[name.strip()] = value
    return found


def of_user(place: Place) -> dict[str, str]:
    """Return the environment with .env behind it: what is set for this call wins."""
    return read_dotenv(place.root / ".env") | os.environ


def is_set(environment: Mapping[str, str], name: str) -> bool:
    """Tell whether a variable, or its docker-secret form NAME_FILE, has a value."""
    return bool(environment.get(name) or environment.get(f"{name}_FILE"))


def installation_secrets(place: Place) -> dict[str, str]:
    """Return this installation's own secrets, made at the first call; 0600, never in git."""
    path = place.var / "secrets.json"
    with locks.alone(place.state / "secrets.lock", while_waiting="waiting for another script"):
        kept = read_json(path)
        missing = {
            name: secrets.token_urlsafe(size)
            for name, size in GENERATED.items()
            if name not in kept
        }
        if missing:
            write_json(path, kept | missing)
        return kept | missing


def complete(place: Place, *, secrets_: Mapping[str, str]) -> dict[str, str]:
    """Return the user's environment with what a local installation needs and nobody set."""
    environment = of_user(place)
    environment["FAIRLINE_VAR"] = str(place.var)
    # Settings would read .env again, behind the values chosen here.
    environment["FAIRLINE_DOTENV"] = os.devnull
    if not is_set(environment, "SECRET_KEY"):
        environment["SECRET_KEY"] = secrets_["secret_key"]
    if environment.get("FAIRLINE_HISTORY"):
        # As the user's own folder sees it, wherever the command that reads it runs.
        path = Path(environment["FAIRLINE_HISTORY"]).expanduser().resolve()
        environment["FAIRLINE_HISTORY"] = str(path)
    for name, secret in PASSWORDS.items():
        environment[name] = environment.get(name) or secrets_[secret]
    for empty in [name for name, value in environment.items() if not value]:
        # `NAME=` in .env means "not set", not "set to nothing".
        del environment[empty]
    return environment
