"""Bankrolls, moves, statements, notices and results over HTTP."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from accounts.models import AuditEntry
from betting.models import Bankroll, Bet, Transfer
from betting.services.correcting import correct_settlement
from betting.services.settlement import settle_bet
from tests import make
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db
API = "/api/v1/"


def send(client: Client, path: str, body: dict | None = None, *, key: str | None = None):
    headers = {"Idempotency-Key": uuid.uuid4().hex if key is None else key}
    return client.post(API + path, body or {}, "application/json", headers=headers)


def test_a_bankroll_is_opened_filled_moved_and_stated(as_alice):
    opened = send(as_alice, "bankroll/open", {"name": "Dollars", "currency": "USD"})
    at = f"bankroll/{opened.json()['id']}"
    book = make.priced().bookmaker.key
    moves = (
        ("d", {"kind": "deposit", "amount": "100.00"}),
        ("b", {"kind": "to_book", "amount": "30.00", "bookmaker": book}),
        ("w", {"kind": "withdrawal", "amount": "20.00"}),
    )
    for key, move in (*moves, *moves):
        assert send(as_alice, f"{at}/transfers", move, key=key).status_code == 201

    (mine,) = as_alice.get(API + "bankroll").json()["results"]
    assert (mine["free"], mine["at_books"], mine["equity"]) == ("50.00", "30.00", "80.00")
    assert mine["books"] == [{"bookmaker": book, "amount": "30.00"}]
    rows = as_alice.get(f"{API}{at}/transfers").json()["results"]
    assert [(r["number"], r["from_pot"], r["to_pot"]) for r in rows] == [
        (1, "world", "free"),
        (2, "free", "book"),
        (3, "free", "world"),
    ]
    told = as_alice.get(f"{API}{at}/statement").json()
    assert (told["opening"]["equity"], told["closing"]["equity"]) == ("0.00", "80.00")
    assert [(m["change"], m["equity"]) for m in told["movements"]] == [
        ("100.00", "100.00"),
        ("0.00", "100.00"),
        ("-20.00", "80.00"),
    ]
    assert told["closing"]["last_hash"] == rows[-1]["hash"]
    assert AuditEntry.objects.filter(action__startswith="moved money").count() == 3
    assert send(as_alice, f"{at}/pots/{book}/close").status_code == 422
    back = {"kind": "from_book", "amount": "30.00", "bookmaker": book}
    assert send(as_alice, f"{at}/transfers", back, key="f").status_code == 201
    assert send(as_alice, f"{at}/pots/{book}/close").json()["books"] == []
    assert send(as_alice, f"{at}/pots/nobody/close").status_code == 404
    away = {"kind": "time_out", "days": 7}
    assert send(as_alice, "risk/exclusions", away).status_code == 200
    assert send(as_alice, f"{at}/transfers", moves[0][1], key="d2").status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "key", "status", "field"),
    [
        ("transfers", {"kind": "deposit", "amount": "1.00"}, "", 400, "Idempotency-Key"),
        ("transfers", {"kind": "deposit", "amount": "2.00"}, "seed-Main", 422, "Idempotency-Key"),
        ("transfers", {"kind": "withdrawal", "amount": "100.01"}, "w", 422, "amount"),
        ("transfers", {"kind": "deposit", "amount": "0.00"}, "z", 422, "amount"),
        ("transfers", {"kind": "deposit", "amount": "ten"}, "e", 400, "amount"),
        ("transfers", {"kind": "to_book", "amount": "1.00"}, "b", 422, "bookmaker"),
        ("transfers", {"kind": "stake", "amount": "1.00"}, "k", 400, "kind"),
        ("close", {}, None, 422, "bankroll"),
        ("rename", {"name": " "}, None, 400, "name"),
    ],
)
def test_what_cannot_be_done_is_said_and_moves_nothing(
    alice, as_alice, path, body, key, status, field
):
    bankroll = make.bankroll(alice, "100.00")

    answer = send(as_alice, f"bankroll/{bankroll.pk}/{path}", body, key=key)

    assert answer.status_code == status, answer.json()
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert Transfer.objects.count() == 1


def test_nobody_touches_the_bankroll_of_another(as_alice, bob):
    theirs = make.bankroll(bob).pk

    for path in ("transfers", "rename", "close"):
        body = {"kind": "deposit", "amount": "1.00"} if path == "transfers" else {"name": "x"}
        body = {} if path == "close" else body
        assert send(as_alice, f"bankroll/{theirs}/{path}", body, key="k").status_code == 404
    for path in ("transfers", "statement"):
        assert as_alice.get(f"{API}bankroll/{theirs}/{path}").status_code == 404
    assert Bankroll.objects.get().name == "Main"


def test_a_correction_leaves_a_notice_until_it_is_read(alice, bob, as_alice):
    for person in (alice, bob):
        make.bankroll(person)
        bet = make.place(person, make.priced("2.500", game=person.pk), "10.00")
        settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
        correct_settlement(bet_id=bet.pk, result="lost", reason="offside", now=make.NIGHT)

    notice, result = as_alice.get(API + "notices?unread=true").json()["results"]

    assert (result["kind"], result["title"]) == ("settlement", f"Home {alice.pk} won: +€15.00")
    assert notice["title"].endswith(": won became lost")
    assert notice["text"] == "offside That changes your money by −€25.00."
    assert (notice["kind"], notice["link"].startswith("/bets/")) == ("correction", True)
    assert send(as_alice, "notices/read").json() == {"read": 2}
    assert as_alice.get(API + "notices?unread=true").json()["results"] == []
    assert len(as_alice.get(API + "notices").json()["results"]) == 2


def test_an_operator_enters_the_result_that_never_came(alice, as_alice, olivia, monkeypatch):
    later = make.EVENING + timedelta(days=1)
    monkeypatch.setattr("accounts.clock.now", lambda: later)
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.500"), "10.00")
    event = bet.selection.market.event_id
    operator = Client()
    operator.force_login(olivia)
    said = {"status": "finished", "home_score": 2, "away_score": 1, "reason": "the league's page"}

    (waiting,) = operator.get(API + "results").json()["results"]
    assert (waiting["event"], waiting["open_bets"]) == (event, 1)
    assert as_alice.get(API + "results").status_code == 403
    assert send(as_alice, f"results/{event}", said).status_code == 403
    for wrong, field in (
        ({"status": "finished", "reason": "x"}, "home_score"),
        (said | {"reason": "  "}, "reason"),
    ):
        answer = send(operator, f"results/{event}", wrong)
        assert answer.status_code in (400, 422)
        assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert send(operator, "results/999999", said).status_code == 404

    first, again = (send(operator, f"results/{event}", said).json() for _ in range(2))

    assert (first["settled"], again["settled"]) == (1, 0)
    assert Bet.objects.get().returned == Decimal("25.00")
    assert operator.get(API + "results").json()["results"] == []
    # Another score corrects; so does calling it off. Each is audited once.
    later += timedelta(minutes=1)
    assert send(operator, f"results/{event}", said | {"away_score": 3}).json()["corrected"] == 1
    assert Bet.objects.get().result == "lost"
    assert AuditEntry.objects.filter(action="ruled on an event", actor=olivia).count() == 2


def test_a_new_start_lets_stakes_stand_if_it_is_soon_and_else_gives_them_back(alice, olivia):
    make.bankroll(alice)
    bet = make.place(alice, make.priced(), "10.00")
    api = Api(make.full_key(olivia)[1])
    at = f"results/{bet.selection.market.event_id}"

    def move(starts_at):
        with time_machine.travel(make.NOON, tick=False):
            return api.post(
                at,
                {"status": "rescheduled", "starts_at": starts_at.isoformat(), "reason": "snow"},
            )

    assert move(make.BEFORE).status_code == 422
    soon = move(make.EVENING + timedelta(hours=20)).json()
    assert (soon["status"], soon["settled"]) == ("scheduled", 0)
    late = move(make.EVENING + timedelta(days=9)).json()
    assert late["settled"] == 1
    bet.refresh_from_db()
    assert (bet.result, bet.returned) == ("void", bet.stake)
    assert AuditEntry.objects.filter(action="ruled on an event").count() == 2
