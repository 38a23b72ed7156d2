"""Production does not start on anything unsafe, and never says the value."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from config.env import check_production, secrets_keys, sign_up

LOCK = Fernet.generate_key().decode()
GOOD_KEY = "q8Zr" + "aB3dE5gH7jK9mN1pQ2sT4uV6wX8yZ0" * 2
ROOT = Path(__file__).resolve().parents[2]


def check(**other):
    check_production(
        **{
            "secret_key": GOOD_KEY,
            "allowed_hosts": ["fairline.example"],
            "debug": False,
            "database": {"PASSWORD": "hunter2"},
            "second_factor": True,
            "secrets_keys": [LOCK],
        }
        | other
    )


def test_what_is_safe_starts():
    check()


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"secret_key": ""}, "SECRET_KEY is missing"),
        ({"secret_key": "Ab1Cd2Ef3Gh4Ij5"}, "SECRET_KEY is shorter than 50"),
        ({"secret_key": "local-only-" + "x" * 50}, "SECRET_KEY is an example"),
        ({"secret_key": "django-insecure-" + GOOD_KEY}, "SECRET_KEY is an example"),
        ({"secret_key": "a" * 60}, "SECRET_KEY is an example"),
        ({"allowed_hosts": []}, "ALLOWED_HOSTS is empty"),
        ({"allowed_hosts": ["*"]}, "ALLOWED_HOSTS has a wildcard"),
        ({"allowed_hosts": ["fairline.example", ".*.example"]}, "ALLOWED_HOSTS has a wildcard"),
        ({"debug": True}, "DEBUG is on"),
        ({"database": {}}, "DATABASE_URL has no password"),
        ({"database": {"PASSWORD": ""}}, "DATABASE_URL has no password"),
        ({"second_factor": False}, "FAIRLINE_SECOND_FACTOR_REQUIRED is off"),
        ({"secrets_keys": []}, "FAIRLINE_SECRETS_KEYS is missing"),
    ],
)
def test_what_is_unsafe_is_named_and_not_shown(other, named):
    with pytest.raises(ImproperlyConfigured, match=named) as refusal:
        check(**other)

    if other.get("secret_key"):
        assert other["secret_key"] not in str(refusal.value)


def test_all_reasons_are_given_at_once():
    with pytest.raises(ImproperlyConfigured) as refusal:
        check(secret_key="", allowed_hosts=["*"], debug=True, database={})

    for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DEBUG", "DATABASE_URL"):
        assert name in str(refusal.value)


def test_a_key_that_locks_nothing_is_named_and_not_shown():
    with pytest.raises(ImproperlyConfigured, match="key 2 is no Fernet key") as refusal:
        secrets_keys(f"{LOCK}, hunter2")

    assert "hunter2" not in str(refusal.value)


def test_sign_up_is_open_invited_or_closed():
    assert sign_up("invited") == "invited"
    with pytest.raises(ImproperlyConfigured, match="'maybe': one of open, invited, closed"):
        sign_up("maybe")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "passes", "said"),
    [
        ({"SECRET_KEY": GOOD_KEY}, True, "no issues"),
        ({"SECRET_KEY": ""}, False, "SECRET_KEY is missing"),
        ({"SECRET_KEY": GOOD_KEY, "DEBUG": "1"}, False, "DEBUG is on"),
    ],
)
def test_a_real_process_in_production_mode(variables, passes, said):
    """With safe values Django's own deployment check finds nothing either."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=os.environ
        | {
            "FAIRLINE_ENV": "production",
            "ALLOWED_HOSTS": "fairline.example",
            "DATABASE_URL": "postgres://fairline:hunter2@127.0.0.1:1/fairline",
            "FAIRLINE_SECRETS_KEYS": LOCK,
        }
        | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode == 0) is passes, done.stderr
    assert said in done.stdout + done.stderr
    assert GOOD_KEY not in done.stdout + done.stderr
