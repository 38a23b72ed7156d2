"""Who may come in, and how the API says no."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.keys import revoke_key
from accounts.models import ApiKey
from tests import make
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db


def assert_problem(answer, status, kind, *, field=None):
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "request_id", "errors"}
    assert (body["status"], body["type"]) == (status, f"urn:fairline:problem:{kind}")
    assert body["request_id"] == answer["X-Request-ID"]
    if field:
        assert [fault["field"] for fault in body["errors"]] == [field]
    return body


def test_a_key_says_who(api, alice):
    answer = api.get("auth/me")

    assert answer.status_code == 200
    assert answer.json() == {
        "id": alice.pk,
        "username": "alice",
        "is_operator": False,
        "price_format": "decimal",
        "time_zone": "UTC",
        "via": "key",
        "scopes": ["read", "read:own", "bet", "signal", "transfer", "settings"],
    }
    assert answer["Cache-Control"] == "no-store"


def test_a_log_in_says_who(as_alice):
    answer = as_alice.get("/api/v1/auth/me").json()

    assert (answer["username"], answer["via"]) == ("alice", "login")
    assert "bet" in answer["scopes"]
    assert "operate" not in answer["scopes"]


def test_without_key_or_log_in_nothing_is_said(nobody):
    answer = nobody.get("auth/me")

    assert_problem(answer, 401, "unauthorized")
    assert answer["WWW-Authenticate"] == 'ApiKey realm="Fairline"'


@pytest.mark.parametrize("text", ["", "x", ".", "abcdefgh.wrong", "\u00e9.\u00e9", "a" * 5000])
def test_a_wrong_key_is_refused_even_beside_a_log_in(as_alice, text):
    answer = as_alice.get("/api/v1/auth/me", headers={"X-Api-Key": text.encode().decode("latin1")})

    assert_problem(answer, 401, "unauthorized")


def test_a_key_in_the_address_opens_nothing(alice):
    _, text = make.api_key(alice)

    assert Client().get(f"/api/v1/auth/me?api_key={text}").status_code == 401


def test_a_revoked_key_is_dead_at_once(alice):
    key, text = make.api_key(alice)
    assert Api(text).get("auth/me").status_code == 200

    revoke_key(owner_id=alice.pk, prefix=key.prefix, now=timezone.now())

    assert Api(text).get("auth/me").status_code == 401


def test_an_expired_key_is_dead(alice):
    key, text = make.api_key(alice)
    ApiKey.objects.filter(pk=key.pk).update(expiry_date=timezone.now() - timedelta(seconds=1))

    assert Api(text).get("auth/me").status_code == 401


def test_the_keys_of_a_deactivated_person_are_dead(api, alice):
    alice.is_active = False
    alice.save()

    assert api.get("auth/me").status_code == 401


def test_the_database_holds_no_usable_key(alice):
    key, text = make.api_key(alice)
    secret = text.partition(".")[2]

    assert secret not in str(ApiKey.objects.filter(pk=key.pk).values().get())


def test_use_of_a_key_is_remembered(alice):
    key, text = make.api_key(alice)

    Api(text).get("auth/me")

    key.refresh_from_db()
    assert timezone.now() - key.last_used_at < timedelta(seconds=30)


def test_an_unknown_filter_is_named_with_what_there_is(api):
    body = assert_problem(
        api.get("events", colour="red", page_size="0"), 400, "bad-filter", field=None
    )

    assert body["errors"] == [
        {
            "field": "colour",
            "value": "red",
            "detail": "No such filter. There are: cursor, page_size, fields, competition, status, "
            "team, starts_after, starts_before.",
            "code": "unknown",
            "bound": None,
        },
        {
            "field": "page_size",
            "value": "0",
            "detail": "Ensure this value is greater than or equal to 1.",
            "code": "min_value",
            "bound": None,
        },
    ]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("events", "starts_after", "yesterday"),
        ("events", "starts_after", "0001-01-01T00:00:00+14:00"),
        ("events", "status", "opne"),
        ("events", "competition", "nba\x00"),
        ("events", "page_size", "0"),
        ("events", "page_size", "-1"),
        ("events", "page_size", "1e3"),
        ("events", "page_size", "last"),
        ("events", "page_size", "1.0"),
        ("events", "page_size", "\u0663"),
        ("events", "page_size", "9" * 2000),
        ("events", "page_size", "201"),
        ("events", "format", "json"),
        ("odds", "event", "9" * 30),
        ("odds", "event", "NaN"),
        ("odds", "side", "both"),
        ("models", "predictor", "x" * 65),
        ("predictions", "version", "v3"),
        ("auth/me", "page", "1"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(api, path, name, value):
    body = assert_problem(api.get(path, **{name: value}), 400, "bad-filter", field=name)

    assert body["errors"][0]["value"] == value[:200]


def test_a_filter_given_twice_is_named(api):
    answer = api.get("events", status=["finished", "scheduled"])

    assert assert_problem(answer, 400, "bad-filter", field="status")["errors"][0]["code"] == (
        "repeated"
    )


@pytest.mark.parametrize("path", ["nothing", "events/0", f"events/{'9' * 30}", "models/1"])
def test_what_does_not_exist_is_404(api, path):
    assert_problem(api.get(path), 404, "not-found")


def test_a_method_that_is_not_there(api):
    assert_problem(api.post("events", {}), 405, "method-not-allowed")


def test_what_breaks_is_a_problem_too_and_says_nothing_of_its_inside(api, monkeypatch):
    def fall(*_args, **_kwargs):
        raise RuntimeError("hunter2")

    monkeypatch.setattr("odds.listings.events", fall)
    api.client.raise_request_exception = False

    answer = api.get("events")

    assert_problem(answer, 500, "internal-server-error")
    assert b"hunter2" not in answer.content
