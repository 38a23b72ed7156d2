import io
from decimal import Decimal

import pytest
import time_machine
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, JobRun
from betting.models import Bet
from betting.services import answers
from betting.services.books import check_books
from betting.services.reconciling import differences
from betting.services.settlement import settle_bet
from betting.tasks import reconcile_venues
from betting.venues import registry
from betting.venues.base import Answer, Settled, Terms, Verdict
from tests import make


class Told:
    key = "told"
    terms = Terms(title="Told")

    def __init__(self) -> None:
        self.placed = Answer(Verdict.ACCEPTED, "v-1")
        self.open, self.paid = [], []

    def place(self, order):
        return self.placed

    def look_up(self, order, *, now):
        return Answer(Verdict.UNKNOWN)

    def open_orders(self, *, now):
        return self.open

    def settled(self, *, since):
        return self.paid


@pytest.fixture
def told(monkeypatch, alice):
    venue = Told()
    monkeypatch.setitem(registry.VENUES, "told", venue)
    make.bankroll(alice)
    return venue


def paid(reference, profit) -> Settled:
    return Settled(reference, "WON", Decimal(profit), Decimal(0), make.NIGHT)


def test_what_a_venue_says_otherwise_is_named(told, alice, monkeypatch):
    right = make.place(alice, make.priced(), venue="told")
    wrong = make.place(alice, make.priced(game=2), venue="told")
    told.placed = Answer(Verdict.REJECTED)
    refused = make.place(alice, make.priced(game=3), venue="told")
    for bet in (right, wrong):
        settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
    references = [answers.reference_of(bet) for bet in (right, wrong, refused)]
    told.open = [references[2], "somebody-elses"]
    told.paid = [
        paid(references[0], "10.00"), paid(references[1], "9.50"), paid("fl-0-lost", "4.00"),
    ]  # fmt: skip

    found = differences(told, since=make.BEFORE, now=make.NIGHT)

    assert [(each.reference, each.detail) for each in found] == [
        (references[2], "is open there and unknown here, or given up"),
        ("somebody-elses", "is open there and unknown here, or given up"),
        (references[1], "paid 9.50 there, 10.00 here"),
        ("fl-0-lost", "paid 4.00 there, unknown here"),
    ]
    told.paid[1] = paid(references[1], "9.99")
    monkeypatch.setattr("accounts.clock.now", lambda: make.NIGHT)
    reconcile_venues()
    parked = JobRun.objects.get(job="betting.reconcile_venues").detail["parked"]
    assert len(parked) == 3, "a cent is no difference"
    assert parked[-1] == "told: fl-0-lost paid 4.00 there, unknown here"
    told.paid[1] = paid(references[1], "9.50")
    with time_machine.travel(make.NIGHT), pytest.raises(CommandError, match="4 differences"):
        call_command("venues", "check", "told", stdout=io.StringIO())


def test_an_operator_says_what_became_of_a_bet_nobody_tells_of(told, alice):
    make.operator("olivia")
    told.placed = Answer(Verdict.UNKNOWN)
    matched, never = (make.place(alice, make.priced(game=n), venue="told") for n in (1, 2))
    said = {"by": "olivia", "reason": "Seen on its site.", "stdout": io.StringIO()}

    with pytest.raises(CommandError, match=r"more than the 10\.00"):
        call_command("resolve_bet", matched.pk, matched="11", **said)
    with pytest.raises(CommandError, match="no operator"):
        call_command("resolve_bet", matched.pk, never=True, **(said | {"by": "alice"}))
    call_command("resolve_bet", matched.pk, matched="4.00", price="1.9", **said)
    call_command("resolve_bet", never.pk, never=True, **said)

    assert list(Bet.objects.order_by("pk").values_list("status", "matched_stake")) == [
        ("open", Decimal(4)), ("rejected", None),
    ]  # fmt: skip
    assert AuditEntry.objects.filter(action="resolved bet by hand").count() == 2
    with pytest.raises(CommandError, match="nothing waits"):
        call_command("resolve_bet", never.pk, never=True, **said)
    assert check_books() == []
