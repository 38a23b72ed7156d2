"""What every route has in common: idempotency, scopes, ETags, sorting, chosen fields."""

from datetime import timedelta
from threading import Event as Signal
from threading import Thread

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.access import scope_needed
from accounts.models import ApiKey, KeptAnswer
from accounts.repeats import KEPT, prune_answers
from accounts.scopes import SCOPES
from betting.models import Bankroll, Bet
from config import api_urls
from tests import make
from tests.api.conftest import Api
from tests.api.test_access import assert_problem

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NEW = {"name": "Dollars", "currency": "USD"}


def operations():
    """Every view and method of the API."""
    for route in api_urls.urlpatterns:
        view = getattr(route.callback, "view_class", None)
        if view is not None and route.name not in ("api-schema", "api-docs"):
            for method in METHODS:
                if hasattr(view, method.lower()):
                    yield route, view, method


def test_every_method_names_a_scope_that_there_is():
    found = [
        (view.__name__, method, scope_needed(view, method)) for _, view, method in operations()
    ]

    assert len(found) > 80
    assert [each for each in found if each[2] not in {*SCOPES, ""}] == []


def test_a_repeat_has_the_first_answer_to_the_byte_and_does_nothing(api):
    first = api.post("bankroll/open", NEW, Idempotency_Key="one")
    again = api.post("bankroll/open", {"currency": "USD", "name": "Dollars"}, Idempotency_Key="one")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    Bankroll.objects.update(name="Renamed since")
    assert api.post("bankroll/open", NEW, Idempotency_Key="one").json()["name"] == "Dollars"


@pytest.mark.parametrize(
    ("path", "body"), [("bankroll/open", {"name": "Other"}), ("risk/stop", {"reason": "Enough"})]
)
def test_the_same_key_with_something_else_is_refused(api, path, body):
    api.post("bankroll/open", NEW, Idempotency_Key="one")

    answer = api.post(path, body, Idempotency_Key="one")

    assert_problem(answer, 422, "idempotency-key-reused", field="Idempotency-Key")
    assert KeptAnswer.objects.count() == 1


def test_what_was_refused_may_be_sent_again_with_the_same_key(api, alice):
    make.bankroll(alice, "10.00")
    at = f"bankroll/{Bankroll.objects.get().pk}/transfers"
    asked = {"kind": "withdrawal", "amount": "20.00"}
    assert api.post(at, asked, Idempotency_Key="one").status_code == 422
    assert not KeptAnswer.objects.exists()
    api.post(at, {"kind": "deposit", "amount": "20.00"})

    assert api.post(at, asked, Idempotency_Key="one").status_code == 201


def test_two_people_may_use_the_same_key(api, stranger):
    mine, theirs = (
        each.post("bankroll/open", NEW, Idempotency_Key="one").json() for each in (api, stranger)
    )

    assert mine["id"] != theirs["id"]


@pytest.mark.parametrize("key", [None, "", "x" * 73, "a b", "\u00e9"])
def test_a_write_without_a_key_to_repeat_by_writes_nothing(api, key):
    said = None if key is None else key.encode().decode("latin1")

    answer = api.post("bankroll/open", NEW, Idempotency_Key=said)

    assert_problem(answer, 400, "idempotency-key", field="Idempotency-Key")
    assert not Bankroll.objects.exists()


@time_machine.travel(make.NOON, tick=False)
def test_a_bet_settled_since_is_still_answered_as_it_was_placed(api, alice):
    make.bankroll(alice)
    quote = make.priced("2.100")
    asked = {
        "selection": quote.selection_id, "bookmaker": "paperbook", "price": "2.100",
        "stake": "10.00",
    }  # fmt: skip
    first = api.post("bets", asked, Idempotency_Key="one")
    Bet.objects.update(venue_reference="since")

    again = api.post("bets", asked, Idempotency_Key="one")

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_carried_out_the_second_is_told_to_wait(api, alice):
    """Another connection holds the key; ours waits no longer than lock_timeout."""

    taken, let_go = Signal(), Signal()

    def first():
        with transaction.atomic():
            KeptAnswer.objects.create(owner=alice, key="one", fingerprint="x", at=timezone.now())
            taken.set()
            let_go.wait(60)
        connections.close_all()

    thread = Thread(target=first)
    thread.start()
    assert taken.wait(60)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    try:
        answer = api.post("bankroll/open", NEW, Idempotency_Key="one")
    finally:
        let_go.set()
        thread.join()
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")

    assert_problem(answer, 409, "in-progress")
    assert int(answer["Retry-After"]) >= 1
    assert not Bankroll.objects.exists()


def test_answers_are_kept_for_thirty_days(alice):
    now = timezone.now()
    for age in (timedelta(0), KEPT + timedelta(seconds=1)):
        KeptAnswer.objects.create(owner=alice, key=str(age), fingerprint="x", at=now - age)

    assert prune_answers(now=now) == 1
    assert KeptAnswer.objects.get().key == "0:00:00"


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (["read"], {"events"}),
        (["read:own"], {"bets"}),
        (["bet"], set()),
        (["read", "read:own", "operate"], {"events", "bets", "results"}),
    ],
)
def test_a_key_does_what_it_was_made_for_and_no_more(olivia, scopes, allowed):
    program = Api(make.api_key(olivia, scopes=scopes)[1])

    found = {path for path in ("events", "bets", "results") if program.get(path).status_code == 200}

    assert found == allowed
    refused = program.post("bankroll/open", NEW)
    assert_problem(refused, 403, "forbidden")
    assert "'transfer'" in refused.json()["detail"]


def test_a_key_is_worth_no_more_than_its_owners_role(olivia):
    program = Api(make.full_key(olivia)[1])
    assert program.get("results").status_code == 200

    make.User.objects.update(role="bettor", is_staff=False, is_superuser=False)

    assert_problem(program.get("results"), 403, "forbidden")


def test_a_person_makes_rotates_and_revokes_keys_and_no_key_does(alice, api):
    person = Api()
    person.client.force_login(alice)
    asked = {"name": "bot", "scopes": ["bet", "read"], "addresses": ["127.0.0.1"]}
    made = person.post("keys", asked, Idempotency_Key="one").json()
    assert (made["scopes"], made["addresses"]) == (["read", "bet"], ["127.0.0.1/32"])
    assert Api(made["key"]).get("auth/me").json()["scopes"] == ["read", "bet"]
    again = person.post("keys", asked, Idempotency_Key="one").json()
    assert again == made | {"key": None}
    assert made["key"].partition(".")[2] not in str(list(KeptAnswer.objects.values()))

    following = person.post(f"keys/{made['prefix']}/rotate", {"hours": 1}).json()
    assert following["scopes"] == made["scopes"]
    assert Api(made["key"]).get("auth/me").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        assert Api(made["key"]).get("auth/me").status_code == 401
        assert Api(following["key"]).get("auth/me").status_code == 200
    assert person.post(f"keys/{made['prefix']}/rotate", {}).status_code == 422
    assert person.post(f"keys/{following['prefix']}/revoke", {}).json()["is_revoked"]
    assert Api(following["key"]).get("auth/me").status_code == 401
    assert len(person.get("keys").json()["results"]) == 3
    assert api.get("keys").status_code == 403
    assert api.post("keys", asked).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"scopes": ["operate"]}, "scopes"),
        ({"addresses": ["here"]}, "addresses"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_a_key_that_cannot_be_is_refused(alice, wrong, field):
    person = Api()
    person.client.force_login(alice)

    answer = person.post("keys", {"name": "bot"} | wrong)

    assert_problem(answer, 422, "refused", field=field)
    assert not ApiKey.objects.exists()


def test_an_answer_that_is_the_same_is_not_sent_again(reader, alice):
    make.bankroll(alice)
    first = reader.get("bankroll")
    tagged = Api()
    tagged.headers = reader.headers | {"If-None-Match": first["ETag"]}

    same = tagged.get("bankroll")
    assert (same.status_code, same.content) == (304, b"")
    make.bankroll(alice, name="Second")
    assert tagged.get("bankroll").status_code == 200


def test_lists_are_sorted_and_cut_to_what_is_asked_for(reader, alice):
    make.bankroll(alice)
    for number, stake in enumerate(("5.00", "9.00", "7.00")):
        make.place(alice, make.priced("2.000", game=number), stake)

    found, page = [], reader.get("bets", sort="-stake", fields="stake,id", page_size=2).json()
    while True:
        found += page["results"]
        if page["next"] is None:
            break
        page = reader.client.get(page["next"], headers=reader.headers).json()

    assert [row["stake"] for row in found] == ["9.00", "7.00", "5.00"]
    assert set(found[0]) == {"id", "stake"}
    assert_problem(reader.get("bets", sort="colour"), 400, "bad-filter", field="sort")
    assert_problem(reader.get("bets", fields="id,colour"), 400, "bad-filter", field="fields")


def test_a_key_works_only_from_its_addresses_and_until_it_expires(alice):
    _, text = make.api_key(alice, addresses=["127.0.0.0/8"])
    assert Api(text).get("auth/me").status_code == 200
    ApiKey.objects.update(addresses=["192.0.2.0/24"])
    assert Api(text).get("auth/me").status_code == 401
