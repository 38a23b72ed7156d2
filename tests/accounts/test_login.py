"""Brute force, credential stuffing and lock-out, at the page and at the door without pages."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.people import login
from accounts.people.tries import TooManyTries
from tests import make

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def try_login(client=None, *, name="alice", password="wrong", **extra):  # noqa: S107
    return (client or Client()).post("/login/", {"login": name, "password": password}, **extra)


def check(**asked):
    return login.check_login(
        **(
            {
                "name": "alice@example.test",
                "password": PASSWORD,
                "code": "",
                "address": "192.0.2.1",
                "now": timezone.now(),
            }
            | asked
        )
    )


def is_looked_at(*, name="alice", password="wrong", address="192.0.2.1", device=""):  # noqa: S107
    """Try a password, and say whether it was compared at all."""
    now = timezone.now()
    try:
        login.check_password(name=name, password=password, address=address, device=device, now=now)
    except TooManyTries:
        return False
    except login.WrongLogin:
        return True
    return True


def is_in(client):
    return "_auth_user_id" in client.session


@pytest.fixture
def alice():
    return make.user("alice", password=PASSWORD)


@pytest.fixture
def app(alice):
    """The secret of alice's authenticator app."""
    return make.authenticator_app(alice)


@pytest.mark.parametrize("name", ["alice", "Alice", "alice@example.test", " ALICE@Example.test "])
def test_a_person_comes_in_by_address_or_name(alice, name):
    client = Client()

    answer = try_login(client, name=name, password=PASSWORD)

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_in(client)
    assert AuditEntry.objects.get(action="logged in").actor == alice
    assert client.get("/logout/").status_code == 200
    client.post("/logout/")
    assert not is_in(client)


def test_a_session_planted_before_is_not_the_one_after(alice):
    client = Client()
    client.get("/sign-up/")
    client.session["planted"] = "x"
    session = client.session
    session.save()
    before = session.session_key

    try_login(client, password=PASSWORD)

    assert is_in(client)
    assert client.session.session_key != before


def test_nobody_is_told_which_of_the_two_was_wrong(alice):
    known = try_login(name="alice").content.decode()
    unknown = try_login(name="nobody").content.decode()

    assert "nobody" not in known
    assert (
        known.replace("alice", "x").split("csrf")[0]
        == unknown.replace("nobody", "x").split("csrf")[0]
    )


@pytest.mark.parametrize("name", ["alice", "alice@example.test", "nobody", "nobody@example.test"])
def test_one_password_is_hashed_whoever_is_named(alice, monkeypatch, name):
    """So that the time an answer takes tells nothing."""
    hashed = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        lambda self, *a, **k: hashed.append(1) or encode(self, *a, **k),
    )

    try_login(name=name)

    assert len(hashed) == 1


def test_a_hundred_passwords_from_one_address_are_ten(alice):
    looked = [is_looked_at(password=f"p{n}", address="127.0.0.1") for n in range(100)]

    assert looked == [True] * 10 + [False] * 90
    assert 0 < int(try_login()["Retry-After"]) <= 600
    assert try_login(password=PASSWORD).status_code == 429
    assert AuditEntry.objects.filter(action="refused log-in").count() == 1


def test_a_hundred_names_from_one_address_are_ten(alice):
    looked = [is_looked_at(name=f"user{n}", password="123456") for n in range(100)]

    assert looked.count(True) == 10


def test_a_hundred_addresses_on_one_name_are_ten_and_lock_nobody_out(alice):
    home = Client()
    try_login(home, password=PASSWORD)
    home.post("/logout/")

    looked = [is_looked_at(name="ALICE", address=f"198.51.100.{n}") for n in range(100)]
    stranger = try_login(password=PASSWORD, REMOTE_ADDR="203.0.113.9")
    try_login(home, password=PASSWORD, REMOTE_ADDR="203.0.113.10")

    assert looked.count(True) == 10
    assert stranger.status_code == 429
    assert is_in(home)


def test_a_known_browser_is_no_way_to_try_another_name(alice):
    make.user("mallory", password=PASSWORD)
    mallory = Client()
    try_login(mallory, name="mallory", password=PASSWORD)
    mallory.post("/logout/")

    looked = [
        try_login(mallory, name="alice", REMOTE_ADDR=f"198.51.100.{n}").status_code
        for n in range(30)
    ]

    assert looked.count(200) == 10


def test_right_log_ins_between_do_not_reset_the_count(alice):
    make.user("mallory", password=PASSWORD)
    looked = []
    for _ in range(10):
        looked += [try_login(password="a").status_code, try_login(password="b").status_code]
        try_login(name="mallory", password=PASSWORD)

    assert looked.count(200) <= 10


def test_a_forged_forwarded_for_is_no_new_address():
    looked = [
        try_login(name=f"user{n}", HTTP_X_FORWARDED_FOR=f"192.0.2.{n}").status_code
        for n in range(30)
    ]

    assert looked.count(200) == 10


def test_behind_one_proxy_its_clients_are_counted_apart(settings):
    settings.TRUSTED_PROXIES = 1
    for n in range(11):
        try_login(name=f"user{n}", HTTP_X_FORWARDED_FOR=f"6.6.6.{n}, 192.0.2.1")

    assert try_login(name="x", HTTP_X_FORWARDED_FOR="192.0.2.2").status_code == 200
    assert try_login(name="x", HTTP_X_FORWARDED_FOR="7.7.7.7, 192.0.2.1").status_code == 429


def test_the_admin_has_no_door_of_its_own(olivia):
    answer = Client().post("/admin/login/", {"username": "olivia", "password": "x"})

    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/admin/login/")


def test_without_pages_it_is_name_password_and_code(alice):
    assert check() == alice
    with pytest.raises(login.WrongLogin, match="name or the password"):
        check(password="wrong")
    with pytest.raises(login.WrongLogin, match="name or the password"):
        check(name="nobody")


def test_a_code_is_asked_for_and_is_good_once(alice, app):
    with pytest.raises(login.CodeNeeded):
        check()
    with pytest.raises(login.WrongLogin, match="code"):
        check(code="000000")
    code = make.code_of(app)
    assert check(code=code) == alice
    with pytest.raises(login.WrongLogin, match="used before"):
        check(code=code)


def test_a_recovery_code_is_good_once(alice, app):
    code = RecoveryCodes.activate(alice).get_unused_codes()[0]

    assert check(code=code) == alice
    with pytest.raises(login.WrongLogin):
        check(code=code)


def test_codes_cannot_be_guessed(alice, app):
    for n in range(5):
        with pytest.raises(login.WrongLogin):
            check(code=f"{n:06}", address=f"198.51.100.{n}")

    with pytest.raises(TooManyTries):
        check(code=make.code_of(app), address="198.51.100.9")


def test_who_operates_needs_a_second_factor_at_every_door():
    make.operator("olivia", password=PASSWORD)
    Authenticator.objects.all().delete()
    client = Client()

    with pytest.raises(login.SecondFactorMissing):
        check(name="olivia")
    try_login(client, name="olivia", password=PASSWORD)
    assert is_in(client)
    assert client.get("/admin/").headers["Location"] == "/security/"
    assert client.get("/").headers["Location"] == "/security/"
    # A part that a page asks for by itself is refused: led there, it would hold a whole page.
    part = client.get("/clock/", headers={"HX-Request": "true"})
    assert (part.status_code, b"<html" in part.content) == (403, False)
    assert b"Set one up here" in client.get("/security/").content
    assert client.get("/api/v1/bets").status_code == 403


def test_the_secrets_are_locked_in_the_database(alice, app):
    stored = Authenticator.objects.get(user=alice, type="totp").data["secret"]

    assert app not in stored
    assert stored.startswith("gAAAA")
