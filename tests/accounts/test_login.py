import time
from types import SimpleNamespace

import pytest
from django.test import Client
from django_ratelimit import core

from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Hold the limiter's clock: a count begins anew each minute, also amid a test."""
    clock = SimpleNamespace(now=time.time())
    monkeypatch.setattr(core, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


@pytest.mark.parametrize("door", ["/login/", "/admin/login/"])
def test_the_eleventh_try_from_an_address_waits(door):
    client = Client()
    for number in range(10):
        assert try_login(client, door, name=f"user{number}").status_code == 200

    answer = try_login(client, door, name="someone else")

    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60


def test_the_eleventh_try_as_one_name_waits_wherever_it_comes_from():
    for number in range(10):
        answer = try_login(Client(REMOTE_ADDR=f"192.0.2.{number + 1}"), name="Alice")
        assert answer.status_code == 200

    assert try_login(Client(REMOTE_ADDR="192.0.2.99"), name=" alice ").status_code == 429


def test_whoever_waited_as_long_as_told_may_try_again(clock):
    for _ in range(10):
        try_login(Client())
    wait = int(try_login(Client())["Retry-After"])

    clock.now += wait - 1
    assert try_login(Client()).status_code == 429
    clock.now += 1
    assert try_login(Client()).status_code == 200


def test_both_doors_share_one_count():
    for _ in range(10):
        try_login(Client(), "/login/")

    assert try_login(Client(), "/admin/login/").status_code == 429


def test_a_forged_forwarded_for_is_no_new_address():
    for number in range(10):
        try_login(Client(), name=f"user{number}", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")

    assert try_login(Client(), name="x", HTTP_X_FORWARDED_FOR="192.0.2.77").status_code == 429


def test_behind_one_proxy_its_clients_are_counted_apart(settings):
    settings.TRUSTED_PROXIES = 1
    for number in range(10):
        try_login(Client(), name=f"user{number}", HTTP_X_FORWARDED_FOR="6.6.6.6, 192.0.2.1")

    assert try_login(Client(), name="x", HTTP_X_FORWARDED_FOR="192.0.2.2").status_code == 200
    assert (
        try_login(Client(), name="x", HTTP_X_FORWARDED_FOR="7.7.7.7, 192.0.2.1").status_code == 429
    )


def test_the_right_password_logs_in_and_only_a_post_logs_out():
    make.user("alice", password="correct horse battery")
    client = Client()

    answer = client.post(
        "/login/",
        {"username": "alice", "password": "correct horse battery", "next": "/somewhere"},
    )

    assert answer.status_code == 302
    assert answer["Location"] == "/somewhere"
    assert "_auth_user_id" in client.session
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


def try_login(client, door="/login/", *, name="alice", **extra):
    return client.post(door, {"username": name, "password": "wrong"}, **extra)
