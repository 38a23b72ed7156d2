"""A bet over HTTP: once, inside the limits, with every reason when not."""

from contextlib import suppress
from decimal import Decimal

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test import Client

from accounts.models import KeptAnswer
from betting.models import Bet, LedgerAccount, Transfer
from tests import make
from tests.api.test_access import assert_problem
from tests.make import EVENING, NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def quote(alice):
    make.bankroll(alice, "1000.00")
    return make.priced("2.100")


def asked(quote, **other):
    return {
        "selection": quote.selection_id,
        "bookmaker": "paperbook",
        "price": "2.100",
        "stake": "10.00",
    } | other


def at_risk():
    return LedgerAccount.objects.get(kind="at_risk").amount


def test_a_bet_is_placed_once_however_often_it_is_asked_for(api, quote):
    first = api.post("bets", asked(quote), Idempotency_Key="one")
    again = api.post("bets", asked(quote), Idempotency_Key="one")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (Bet.objects.count(), at_risk()) == (1, Decimal("10.00"))
    body = first.json()
    assert (body["status"], body["price"], body["stake"]) == ("open", "2.100", "10.00")
    assert (body["returned"], body["result"], body["settlements"]) == (None, "", [])
    assert api.get(f"bets/{body['id']}").json() == body


def test_money_written_differently_is_the_same_bet(api, quote):
    first = api.post("bets", asked(quote), Idempotency_Key="one")
    again = api.post("bets", asked(quote, price=2.1, stake=10), Idempotency_Key="one")

    assert again.json() == first.json()


@pytest.mark.parametrize("other", [{"stake": "10.01"}, {"price": "2.099"}])
def test_the_same_key_for_another_bet_is_a_conflict(api, quote, other):
    api.post("bets", asked(quote), Idempotency_Key="one")

    answer = api.post("bets", asked(quote, **other), Idempotency_Key="one")

    assert_problem(answer, 422, "idempotency-key-reused", field="Idempotency-Key")
    assert (Bet.objects.count(), at_risk()) == (1, Decimal("10.00"))


@pytest.mark.parametrize(
    "headers", [{"Idempotency_Key": None}, {"Idempotency_Key": ""}, {"Idempotency_Key": "x" * 73}]
)
def test_without_a_key_to_repeat_by_nothing_is_placed(api, quote, headers):
    answer = api.post("bets", asked(quote), **headers)

    assert_problem(answer, 400, "idempotency-key", field="Idempotency-Key")
    assert not Bet.objects.exists()


def test_a_refusal_names_every_reason_and_moves_nothing(api, quote):
    before = Transfer.objects.count()

    answer = api.post("bets", asked(quote, stake="5000.00", price="2.200"), Idempotency_Key="one")

    body = assert_problem(answer, 422, "refused")
    assert [fault["code"] for fault in body["errors"]] == [
        "price_moved",
        "max_bet_share",
        "max_market_share",
        "max_event_share",
        "max_league_share",
        "max_bookmaker_share",
        "max_day_share",
        "free_money",
    ]
    assert body["errors"][1]["field"] == "stake"
    assert body["errors"][1]["bound"] == "20.00"
    assert (Bet.objects.count(), Transfer.objects.count()) == (0, before)


def test_after_the_start_nothing_is_placed(api, quote):
    with time_machine.travel(EVENING, tick=False):
        answer = api.post("bets", asked(quote), Idempotency_Key="one")

    assert "event_started" in [fault["code"] for fault in answer.json()["errors"]]
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"stake": "NaN"}, "stake"),
        ({"stake": "Infinity"}, "stake"),
        ({"stake": "1e3000"}, "stake"),
        ({"stake": "9" * 2000}, "stake"),
        ({"stake": "10.001"}, "stake"),
        ({"stake": ""}, "stake"),
        ({"stake": None}, "stake"),
        ({"stake": [1]}, "stake"),
        ({"stake": {"a": 1}}, "stake"),
        ({"stake": True}, "stake"),
        ({"price": "2.1000001"}, "price"),
        ({"price": "-NaN"}, "price"),
        ({"price": "\u0000"}, "price"),
        ({"selection": "one"}, "selection"),
        ({"selection": 2**63}, "selection"),
        ({"selection": 0}, "selection"),
        ({"bookmaker": "x" * 65}, "bookmaker"),
        ({"bookmaker": "a\u0000b"}, "bookmaker"),
        ({"owner": 1}, "owner"),
        ({"owner_id": 1}, "owner_id"),
        ({"now": "2020-01-01"}, "now"),
    ],
)
def test_what_makes_no_sense_is_named(api, quote, other, field):
    answer = api.post("bets", asked(quote, **other), Idempotency_Key="one")

    assert_problem(answer, 400, "malformed", field=field)
    assert not Bet.objects.exists()


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"stake": "-10.00"}, "stake"),
        ({"stake": "0"}, "stake"),
        ({"price": "1.000"}, "price"),
        ({"price": "1001.001"}, "price"),
        ({"selection": 2**62}, "selection"),
        ({"bookmaker": "nobody"}, "bookmaker"),
        ({"opportunity": 2**62}, "opportunity"),
        ({"bankroll": 2**62}, "bankroll"),
        ({"venue": "casino"}, "venue"),
    ],
)
def test_what_cannot_be_done_is_refused(api, quote, other, field):
    answer = api.post("bets", asked(quote, **other), Idempotency_Key="one")

    body = assert_problem(answer, 422, "refused")
    assert field in {fault["field"] for fault in body["errors"]}
    assert not Bet.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "1",
        '"x"',
        "null",
        "{",
        "NaN",
        '{"stake": NaN}',
        "",
        "[" * 60_000,
        '{"bookmaker": "\\ud800"}',
    ],
    ids=lambda body: body[:20],
)
def test_a_body_that_is_no_bet(api, quote, body):
    answer = api.client.generic(
        "POST",
        "/api/v1/bets",
        body,
        content_type="application/json",
        headers=api.headers | {"Idempotency-Key": "one"},
    )

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert not Bet.objects.exists()


def test_a_body_is_not_read_without_end(api, quote):
    answer = api.post("bets", {"bookmaker": "x" * 70_000}, Idempotency_Key="one")

    assert_problem(answer, 413, "body-too-large")


def test_a_form_is_no_json(api, quote):
    answer = api.client.post(
        "/api/v1/bets", asked(quote), headers=api.headers | {"Idempotency-Key": "one"}
    )

    assert_problem(answer, 415, "unsupported-media-type")


def test_a_key_that_only_reads_places_nothing(reader, quote):
    answer = reader.post("bets", asked(quote), Idempotency_Key="one")

    assert_problem(answer, 403, "forbidden")
    assert not Bet.objects.exists()


def test_another_ones_bankroll_is_as_if_it_were_not(stranger, quote):
    theirs = LedgerAccount.objects.first().bankroll_id

    answer = stranger.post("bets", asked(quote, bankroll=theirs), Idempotency_Key="one")

    assert_problem(answer, 422, "refused", field="bankroll")
    assert not Bet.objects.exists()


def test_two_people_may_use_the_same_key(api, stranger, bob, quote):
    make.bankroll(bob)

    mine = api.post("bets", asked(quote), Idempotency_Key="one").json()
    theirs = stranger.post("bets", asked(quote), Idempotency_Key="one").json()

    assert mine["id"] != theirs["id"]


def test_from_a_browser_the_csrf_token_is_asked_for(alice, quote):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)

    answer = browser.post(
        "/api/v1/bets",
        asked(quote),
        content_type="application/json",
        headers={"Idempotency-Key": "one"},
    )

    assert_problem(answer, 403, "forbidden")
    assert not Bet.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_dies_while_an_answer_is_kept_leaves_no_half_of_one(api, quote):
    """Killed after its first statement: a storm of SIGKILL found repeats that had 500 for ever."""
    written = 0

    def dies(execute, sql, params, many, context):
        nonlocal written
        is_answer = "accounts_keptanswer" in sql and not sql.startswith("SELECT")
        if is_answer and written:
            raise KeyboardInterrupt
        written += is_answer
        return execute(sql, params, many, context)

    with suppress(KeyboardInterrupt), connection.execute_wrapper(dies):
        api.post("bets", asked(quote), Idempotency_Key="one")
    assert written
    first = api.post("bets", asked(quote), Idempotency_Key="one")
    second = api.post("bets", asked(quote), Idempotency_Key="one")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert Bet.objects.count() == 1


def test_an_answer_that_was_never_written_is_none(api, quote, alice):
    """A key that somebody died with is done, not answered with nothing."""
    told = api.post("bets", asked(quote), Idempotency_Key="one")
    KeptAnswer.objects.update(status=0, body="")

    again = api.post("bets", asked(quote), Idempotency_Key="one")

    assert (again.status_code, again.json()) == (201, told.json())
    assert KeptAnswer.objects.get().status == 201
    assert Bet.objects.count() == 1


def test_a_busy_database_says_when_to_come_back(api, quote, monkeypatch):
    def busy(**_asked):
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr("betting.api.bets.place_bet", busy)

    answer = api.post("bets", asked(quote), Idempotency_Key="one")

    assert_problem(answer, 503, "service-unavailable")
    assert answer["Retry-After"] == "2"
