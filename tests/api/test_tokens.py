"""Log-ins of first-party clients: short-lived access, refresh tokens good once, reuse found."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, ClientLogin, RefreshToken
from accounts.people.client_logins import prune_logins
from tests import make
from tests.api.conftest import Api
from tests.api.test_access import assert_problem

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def alice(db):
    return make.user("alice", password=PASSWORD)


@pytest.fixture
def door():
    return Api()


def log_in(door, **other):
    asked = {"email": "alice@example.test", "password": PASSWORD, "client": "phone"} | other
    return door.post("auth/login", asked)


def me(access):
    return Client().get("/api/v1/auth/me", headers={"Authorization": f"Bearer {access}"})


def refresh(door, text):
    return door.post("auth/refresh", {"refresh": text})


def test_a_client_comes_in_stays_in_and_leaves(alice, door):
    given = log_in(door).json()
    seen = me(given["access"]).json()
    assert (seen["username"], seen["via"]) == ("alice", "token")
    assert "bet" in seen["scopes"]

    following = refresh(door, given["refresh"]).json()
    assert following["refresh"] != given["refresh"]
    assert me(following["access"]).status_code == 200

    assert door.post("auth/logout", {"refresh": following["refresh"]}).status_code == 204
    assert_problem(me(following["access"]), 401, "unauthorized")
    assert refresh(door, following["refresh"]).status_code == 401
    assert door.post("auth/logout", {"refresh": "never was"}).status_code == 204


def test_a_refresh_token_that_comes_twice_ends_the_log_in(alice, door):
    given = log_in(door).json()
    following = refresh(door, given["refresh"]).json()

    replayed = refresh(door, given["refresh"])

    assert_problem(replayed, 401, "token-refused", field="refresh")
    assert "used before" in replayed.json()["detail"]
    assert refresh(door, following["refresh"]).status_code == 401  # the thief's, or ours
    assert me(following["access"]).status_code == 401
    assert AuditEntry.objects.get(action="ended client log-in").detail["why"] == (
        "a refresh token came twice"
    )
    assert me(log_in(door).json()["access"]).status_code == 200  # another log-in is not touched


def test_an_access_token_is_short_lived_and_cannot_be_made_elsewhere(alice, door):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        access = log_in(door).json()["access"]
        clock.shift(timedelta(seconds=299))
        assert me(access).status_code == 200
        clock.shift(timedelta(seconds=1))
        assert "ran out" in me(access).json()["detail"]
    head, claims, mark = log_in(door).json()["access"].split(".")
    bare = {"alg": "none", "typ": "JWT"}
    none = base64.urlsafe_b64encode(json.dumps(bare).encode()).decode().rstrip("=")
    said = jwt.decode(f"{head}.{claims}.{mark}", options={"verify_signature": False})
    forged = jwt.encode(said, "guessed" * 8, algorithm="HS256")
    for text in ("", "x", f"{none}.{claims}.", f"{head}.{claims}.{mark[::-1]}", forged, "\u00e9"):
        assert me(text.encode().decode("latin1")).status_code == 401, text


def test_whatever_ends_a_person_or_password_ends_the_log_in(alice, door):
    given = log_in(door).json()
    alice.set_password("another horse battery")
    alice.save()
    assert me(given["access"]).status_code == 401
    assert refresh(door, given["refresh"]).status_code == 401
    given = log_in(door, password="another horse battery").json()
    alice.is_active = False
    alice.save()
    assert me(given["access"]).status_code == 401


def test_the_wrong_password_is_refused_and_tried_ten_times_at_most(alice, door):
    answers = [log_in(door, password="wrong") for _ in range(12)]

    assert_problem(answers[0], 401, "wrong-login")
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert int(answers[-1]["Retry-After"]) >= 1
    assert not ClientLogin.objects.exists()


def test_an_operator_without_a_second_factor_does_not_come_in(door, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    make.user("olivia", password=PASSWORD, is_staff=True)

    assert_problem(log_in(door, email="olivia"), 403, "forbidden")


def test_the_database_holds_no_token(alice, door):
    given = log_in(door).json()
    kept = str(list(RefreshToken.objects.values())) + str(list(ClientLogin.objects.values()))

    assert given["refresh"] not in kept
    assert given["access"] not in kept


def test_log_ins_that_are_over_are_deleted_after_a_month(alice, door):
    log_in(door)
    door.post("auth/logout", {"refresh": log_in(door).json()["refresh"]})

    assert prune_logins(now=timezone.now() + timedelta(days=29)) == 0
    assert prune_logins(now=timezone.now() + timedelta(days=31)) == 1
    assert ClientLogin.objects.count() == 1
