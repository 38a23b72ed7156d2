"""How often anybody may ask: by route, person, key and address; nobody uses up another's."""

import time
from types import SimpleNamespace

import pytest
from django.core.cache.backends.redis import RedisCacheClient
from django.test import Client
from django_ratelimit import core

from accounts import live
from tests import make
from tests.api.conftest import Api
from tests.api.test_access import assert_problem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    """Hold the limiter's clock: a count begins anew each minute, also amid a test."""
    settings.RATE_DEFAULT = "3/m"
    clock = SimpleNamespace(now=time.time())
    monkeypatch.setattr(core, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


def statuses(ask, times=4):
    return [ask().status_code for _ in range(times)]


def test_a_route_is_counted_by_key_and_says_what_is_left(alice, api, reader, clock):
    first = api.get("auth/me")
    assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("3", "2")
    assert statuses(lambda: api.get("auth/me"), 2) == [200, 200]

    answer = api.get("auth/me")

    assert_problem(answer, 429, "too-many-requests")
    assert answer["RateLimit-Remaining"] == "0"
    wait = int(answer["Retry-After"])
    assert 1 <= wait <= 61
    assert api.get("feeds").status_code == 200  # another route
    assert reader.get("auth/me").status_code == 200  # another key of the same person
    clock.now += wait
    assert api.get("auth/me").status_code == 200


def test_a_page_is_counted_by_person_and_its_parts_apart(as_alice, bob):
    assert statuses(lambda: as_alice.get("/preferences/")) == [200, 200, 200, 429]
    answer = as_alice.get("/preferences/")

    assert b"your account is not locked" in answer.content
    assert int(answer["Retry-After"]) >= 1
    parts = statuses(lambda: as_alice.get("/clock/", headers={"HX-Request": "true"}), 6)
    assert parts == [200] * 6
    other = Client()
    other.force_login(bob)
    assert other.get("/preferences/").status_code == 200


def test_an_address_is_counted_whatever_it_says_of_itself(settings):
    settings.RATE_ADDRESS = "3/m"
    forged = iter(range(10))

    def ask():
        where = f"198.51.100.{next(forged)}"
        return Client().get("/api/v1/auth/me", HTTP_X_FORWARDED_FOR=where, HTTP_FORWARDED=where)

    assert statuses(ask) == [401, 401, 401, 429]
    settings.TRUSTED_PROXIES = 1
    assert ask().status_code == 401  # the proxy saw another address


def test_wrong_keys_are_refused_and_lock_nobody_out(alice, settings):
    settings.RATE_ADDRESS = settings.RATE_DEFAULT = settings.RATE_API = ""
    key, text = make.api_key(alice)
    wrong = Api(f"{key.prefix}.{'x' * 32}")

    found = statuses(lambda: wrong.get("auth/me"), 100)

    assert (found.count(401), found.count(429)) == (10, 90)
    assert int(wrong.get("auth/me")["Retry-After"]) >= 1
    assert Api(text).get("auth/me").status_code == 200  # the right one, from the same address


def test_a_route_may_have_a_limit_of_its_own(api, settings):
    settings.RATE_ROUTES = {"api-feeds": "1/m"}

    assert statuses(lambda: api.get("feeds"), 2) == [200, 429]
    assert statuses(lambda: api.get("auth/me"), 2) == [200, 200]


def test_while_the_count_is_away_pages_are_not(as_alice, monkeypatch):
    monkeypatch.setattr(live, "is_away", lambda: True)

    assert statuses(lambda: as_alice.get("/preferences/")) == [200] * 4


def test_a_count_that_is_lost_in_the_midst_refuses_nobody(as_alice, monkeypatch):
    def gone(_client, key, _delta):
        raise ValueError(f"Key '{key}' not found.")

    assert as_alice.get("/preferences/").status_code == 200
    # As if Valkey were emptied between its two answers.
    monkeypatch.setattr(RedisCacheClient, "incr", gone)

    assert as_alice.get("/preferences/").status_code == 200


def test_probes_are_not_counted():
    assert statuses(lambda: Client().get("/health/live"), 5) == [200] * 5
