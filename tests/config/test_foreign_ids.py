"""Whatever is one bettor's, asked for by another bettor: no door knows it, and nothing is written.

The doors come from the resolver. One that names something which neither BELONGS nor is FOR_ALL
fails here, so whoever adds one says what its name means. What another bettor sends is what its
owner could send: the same requests, sent by the owner, find what they name.
"""

import json
import re
import uuid
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.alerts import keeping
from accounts.models import AlertChannel, Delivery
from accounts.scopes import OPERATE
from accounts.showing.saved import save_filter
from betting.domain.configuration import Configuration
from betting.models import Opportunity
from betting.services import bet_imports, ledger, sharing, signals, strategies, track
from betting.services.opportunities import refresh_opportunities
from config.access_table import doors
from odds.models import Bookmaker, Quote
from risk.services.halts import halt_everything
from risk.services.personal import set_personal_limit
from tests import make

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
AFTER = {"compare_strategy": "?first=1&second=1"}
CSV = "Date,Event,Selection,Bookmaker,Price,Stake\n2026-01-02,A v B,A,Book,2.0,10\n"

# What the first name in an address names, by what stands before it (pages and API alike).
BELONGS = {
    "account/links": "link",
    "alerts/channels": "channel",
    "alerts/deliveries": "delivery",
    "alerts/messages": "delivery",
    "alerts/rules": "rule",
    "bankroll": "bankroll",
    "bets": "bet",
    "bets/imported": "import",
    "journal": "opportunity",
    "keys": "key",
    "money": "bankroll",
    "filters": "filter",
    "opportunities": "opportunity",
    "risk/halts": "halt",
    "risk/personal/raise": "raise",
    "risk/personal/raises": "raise",
    "security/passkeys": "passkey",
    "security/sessions": "session",
    "signals": "source",
    "signals/sources": "source",
    "strategies": "strategy",
    "track": "record",
}
# Everybody's, or known only to whoever was sent it; `kind` is csv or json.
FOR_ALL = frozenset(
    {
        "audit/export", "backtests", "bets/export", "come-in", "dead-letters", "events",
        "invitations", "models", "models/drift", "models/predictions", "models/runs",
        "models/searches", "odds/export", "performance/export", "pipeline", "predictions", "reset",
        "results", "scanner/export", "searches", "shared", "sweeps", "venues",
    }
)  # fmt: skip
# What a page's form has to hold to get as far as the name; without one it is sent empty.
FORMS = {
    "move_money": {"kind": "deposit", "amount": "5.00", "request_key": "k"},
    "rename_bankroll": {"name": "Hers"},
    "rotate_key": {"hours": "1"},
    "answer_raise": {"answer": "confirm"},
    "lift_halt": {"reason": "I say so"},
}
# What is no 404: who deletes what is not there has what they wanted.
ANSWERS = {"delete_filter": 302}
# Written by every request of anybody: how long they were here, where they are logged in.
OF_EVERY_REQUEST = {"risk_presence", "risk_timespent", "usersessions_usersession", "django_session"}
# What was decided about a stake of one's own is kept, a refusal too.
DECIDED = {"risk_assessment": None}


def named(address):
    """Return what stands before the first name in an address, if there is one."""
    plain = address.removeprefix("api/v1/").lstrip("^")
    found = NAMED.search(plain)
    return plain[: found.start()].replace("\\", "").rstrip("/.") if found else None


NAMING = [door for door in doors() if named(door.address) is not None]
PRIVATE = [door for door in NAMING if named(door.address) in BELONGS]


@pytest.fixture
def hers(alice):
    """Return the address part of everything that is Alice's, by what it is."""
    now = timezone.now()
    money = make.bankroll(alice)
    for book in ("one", "two", "three"):
        make.priced("1.910", book=book)
        make.priced("1.910", side="away", book=book)
    make.priced("1.700", side="away")
    quote = make.priced("2.200")
    ledger.move_money(
        "to_book", bankroll_id=money.pk, amount=Decimal("50.00"), reference="pot",
        bookmaker_id=quote.bookmaker_id, now=make.BEFORE,
    )  # fmt: skip
    bet = make.place(alice, quote)
    own = strategies.make_strategy(
        title="Hers", content=Configuration().to_json(), by=alice, is_shared=False, now=now
    )
    strategies.switch_strategy(key=own.key, is_active=True, by=alice, now=make.BEFORE)
    refresh_opportunities(now=make.NOON)
    found = Opportunity.objects.get(strategy=own, passes=[])
    key, _ = make.api_key(alice)
    channel = AlertChannel.objects.create(
        owner=alice, name="Bot", kind="webhook", address="https://hooks.example.org/x",
        created_at=now,
    )  # fmt: skip
    rule = keeping.save_rule(
        owner_id=alice.pk, said={"name": "All", "kind": "edge"}, channel_ids=[], now=now
    )
    dead = Delivery.objects.create(channel=channel, made_at=now, due_at=now, status="dead")
    set_personal_limit(owner_id=alice.pk, kind="deposit", period="day", amount=Decimal(10), now=now)
    asked = set_personal_limit(
        owner_id=alice.pk, kind="deposit", period="day", amount=Decimal(20), now=now
    )
    record = track.publish_record(
        owner_id=alice.pk, title="Hers", slug="hers", is_public=False, now=now
    )
    return {
        "bankroll": money.pk,
        "bet": bet.pk,
        "import": bet_imports.upload(owner_id=alice.pk, name="b.csv", content=CSV, now=now).pk,
        "strategy": own.key,
        "opportunity": found.pk,
        "key": key.prefix,
        "channel": channel.pk,
        "rule": rule.pk,
        "delivery": dead.pk,
        "halt": halt_everything(reason="Enough", now=now, owner_id=alice.pk, by_id=alice.pk).pk,
        "raise": asked.pk,
        "link": sharing.share(
            owner_id=alice.pk, label="A friend", days=1, shows_money=True, now=now
        )[0].pk,
        "filter": save_filter(
            owner_id=alice.pk, page="odds", name="Mine", query="market=h2h", now=now
        ).pk,
        "source": signals.make_source(by=alice, name="Bot", now=now, real_now=now)[0].key,
        "session": UserSession.objects.create(
            user=alice, ip="192.0.2.1", session_key="x" * 32, user_agent="x"
        ).pk,
        "passkey": Authenticator.objects.create(
            user=alice, type="webauthn", data={"name": "Hers", "credential": {}}
        ).pk,
        "record": record.slug,
    }


def bodies():
    """Return what the API's collection sends, by method and address."""
    folders = json.loads((ROOT / "docs" / "api" / "collection.json").read_text())["item"]
    requests = [item["request"] for folder in folders for item in folder["item"]]
    return {
        (each["method"], re.sub(r":\w+", "ID", "/".join(each["url"]["path"]))): each["body"]["raw"]
        for each in requests
        if "body" in each
    }


def ask(client, door, what, sent):
    """Send what its owner would send to this door of theirs."""
    book = Bookmaker.objects.get(key="paperbook")
    rest = {"bookmaker_id": book.pk, "bookmaker": book.key, "kind": "csv"}
    first = [what]
    address = NAMED.sub(lambda m: str(first.pop() if first else rest[m[1] or m[2]]), door.address)
    path = "/" + re.sub(r"[\\^$]", "", address)
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    if door.is_api and door.method != "GET":
        body = sent[door.method, NAMED.sub("ID", door.address)]
        return client.generic(door.method, path, body, "application/json", headers=headers)
    if door.method == "POST":
        return client.post(path, FORMS.get(door.name, {}))
    return client.get(path + AFTER.get(door.name, ""))


def everything():
    """Return a print of every row there is, by table."""
    tables = {
        model._meta.db_table for model in apps.get_models(include_auto_created=True)
    } - OF_EVERY_REQUEST
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor)) & tables
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}', count(*), sum(hashtextextended(t::text, 0)) FROM {name} t"  # noqa: S608
                for name in sorted(there)
            )
        )
        return {name: rest for name, *rest in cursor.fetchall()}


def test_whatever_an_address_names_is_somebodys_or_everybodys():
    unknown = {named(door.address) for door in NAMING} - set(BELONGS) - FOR_ALL

    assert not unknown, "Say in BELONGS or FOR_ALL whose it is."
    assert set(BELONGS) | FOR_ALL == {named(door.address) for door in NAMING}
    assert len(PRIVATE) > 50


def test_nobody_finds_or_changes_what_is_anothers(hers, bob):
    make.bankroll(bob)
    client, sent, wrong = Client(raise_request_exception=False), bodies(), []
    client.force_login(bob)
    client.get("/preferences/")
    before = everything()
    for door in PRIVATE:
        answer = ask(client, door, hers[BELONGS[named(door.address)]], sent)
        expected = 403 if door.needs == OPERATE else ANSWERS.get(door.name, 404)
        if answer.status_code != expected:
            wrong.append(f"{door.method} {door.address}: {answer.status_code}")
        if (after := everything()) != before:
            changed = sorted(name for name in after if after[name] != before[name])
            wrong.append(f"{door.method} {door.address} wrote to {', '.join(changed)}")
            before = after

    assert wrong == []


def test_its_owner_finds_it_by_the_same_request(hers, as_alice, alice):
    """If this fails, the test above may have asked for nothing."""
    track.publish_record(
        owner_id=alice.pk, title="Hers", slug="hers", is_public=True, now=timezone.now()
    )
    sent, lost = bodies(), []
    for door in PRIVATE:
        with transaction.atomic():
            answer = ask(as_alice, door, hers[BELONGS[named(door.address)]], sent)
            transaction.set_rollback(True)
        if answer.status_code in (400, 403, 404, 405) or answer.status_code >= 500:
            lost.append(f"{door.method} {door.address}: {answer.status_code}")

    assert lost == []


def test_what_is_sent_names_nothing_of_anothers_either(hers, bob):
    """Filters that find nothing of hers, and bodies that are refused."""
    make.bankroll(bob)
    client, quote = Client(), Quote.objects.get(bookmaker__key="paperbook", price="2.200")
    client.force_login(bob)
    client.get("/api/v1/auth/me")
    bet = {
        "selection": quote.selection_id, "bookmaker": "paperbook", "price": "2.200",
        "stake": "5.00",
    }  # fmt: skip
    rule = {"name": "Mine", "kind": "edge"}
    for path, named_by in (("bets", "bankroll"), ("alerts/deliveries", "channel_id")):
        what = hers[named_by.removesuffix("_id")]
        assert client.get(f"/api/v1/{path}?{named_by}={what}").json()["results"] == [], path
    assert client.get(f"/api/v1/performance?bankroll={hers['bankroll']}").json()["bets"] == 0
    before = everything()
    for path, body, says in (
        ("bets", bet | {"bankroll": hers["bankroll"]}, "bankroll"),
        ("bets", bet | {"opportunity": hers["opportunity"]}, "opportunity"),
        ("alerts/rules", rule | {"channels": [hers["channel"]]}, "channel"),
        ("alerts/mute", {"hours": 1, "rule": hers["rule"]}, "not found"),
    ):
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        with time_machine.travel(make.NOON, tick=False):
            answer = client.post(f"/api/v1/{path}", body, "application/json", headers=headers)
        assert answer.status_code in (404, 422), (path, answer.content)
        assert says in answer.text.lower(), (path, answer.content)
        assert everything() | DECIDED == before | DECIDED, (path, answer.content)
