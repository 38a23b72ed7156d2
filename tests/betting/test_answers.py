from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import ProgrammingError, transaction

from betting.models import Bet, LedgerAccount
from betting.services import answers
from betting.services.answers import CannotCancel, cancel_bet
from betting.services.books import check_books
from betting.services.correcting import correct_settlement
from betting.services.settlement import settle_bet
from betting.venues import registry
from betting.venues.base import Answer, Code, Terms, Verdict
from tests import make

PENDING = Answer(Verdict.PENDING, "v-1")
CANCELLED = Answer(Verdict.CANCELLED, "v-1")


class Told:
    """A venue that answers what it is told, and notes what it was asked."""

    key = "told"

    def __init__(self, placed, looked_up=None, cancelled=None, **terms) -> None:
        self.placed, self.looked_up, self.cancelled = placed, looked_up, cancelled
        self.terms = Terms(title="Told", **terms)
        self.asked = []

    def place(self, order):
        self.asked.append("place")
        return self.placed

    def look_up(self, order, *, now):
        self.asked.append("look_up")
        return self.looked_up

    def cancel(self, order, *, now):
        self.asked.append("cancel")
        return self.cancelled

    def lists(self, order, *, now):
        return False


def told(monkeypatch, *said, **terms) -> Told:
    venue = Told(*said, **terms)
    monkeypatch.setitem(registry.VENUES, "told", venue)
    return venue


def pots(owner) -> tuple[Decimal, Decimal]:
    held = dict(LedgerAccount.objects.filter(bankroll__owner=owner).values_list("kind", "amount"))
    return held["free"], held["at_risk"]


def matched(stake, price) -> Answer:
    return Answer(
        Verdict.ACCEPTED, "v-1", matched_stake=Decimal(stake), matched_price=Decimal(price)
    )


def test_what_was_not_matched_comes_back_with_the_answer(alice, monkeypatch):
    make.bankroll(alice)
    told(monkeypatch, matched("4.01", "2.105"))

    bet = make.place(alice, make.priced("2.100"), "10.00", venue="told")

    assert (bet.status, bet.stake, bet.matched_stake) == ("open", Decimal(10), Decimal("4.01"))
    assert pots(alice) == (Decimal("995.99"), Decimal("4.01"))
    assert check_books() == []

    settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
    assert pots(alice) == (Decimal("1004.43"), Decimal(0))  # 4.01 x 1.105 = 4.43
    # A correction reverses what the result paid, never what was not matched.
    correct_settlement(bet_id=bet.pk, result="lost", reason="Typed wrong.", now=make.NIGHT)
    assert pots(alice) == (Decimal("995.99"), Decimal(0))
    assert check_books() == []


def test_what_was_matched_never_changes(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced())

    with pytest.raises(ProgrammingError, match="matched_stake"), transaction.atomic():
        Bet.objects.filter(pk=bet.pk).update(matched_stake=Decimal("1.00"))


@pytest.mark.parametrize("stake", ["10.01", "0", "-1"])
def test_a_venue_that_matches_what_cannot_be_leaves_the_bet_waiting(alice, monkeypatch, stake):
    make.bankroll(alice)
    told(monkeypatch, matched(stake, "2.000"))

    assert make.place(alice, make.priced(), "10.00", venue="told").status == "placing"

    assert pots(alice) == (Decimal(990), Decimal(10))


def test_a_venue_that_breaks_off_may_have_the_bet(alice, monkeypatch):
    make.bankroll(alice)
    venue = told(monkeypatch, None, matched("10.00", "2.000"))
    monkeypatch.setattr(venue, "place", lambda _order: 1 / 0)

    bet = make.place(alice, make.priced(), venue="told")

    assert (bet.status, pots(alice)) == ("placing", (Decimal(990), Decimal(10)))
    assert answers.resolve_unknown(bet_id=bet.pk, now=make.NOON).status == "open"


def test_a_pending_bet_keeps_its_stake_at_risk_until_it_is_decided(alice, monkeypatch):
    make.bankroll(alice)
    venue = told(monkeypatch, PENDING, PENDING)
    bet = make.place(alice, make.priced(), "10.00", venue="told")

    assert (bet.status, bet.venue_reference) == ("pending", "v-1")
    assert pots(alice) == (Decimal(990), Decimal(10))
    assert check_books() == []

    venue.looked_up = matched("10.00", "2.000")
    assert answers.resolve_unknown(bet_id=bet.pk, now=make.NOON).status == "open"
    assert venue.asked == ["place", "look_up"]


def test_a_waiting_bet_is_looked_up_ever_more_rarely(alice, monkeypatch):
    make.bankroll(alice)
    venue = told(monkeypatch, Answer(Verdict.UNKNOWN), Answer(Verdict.UNKNOWN))
    make.place(alice, make.priced(), venue="told")

    for second in range(0, 3600, 5):
        answers.resolve_unknowns(now=make.NOON + timedelta(seconds=second))

    # 5, 15, 35, 75, 155, 315 s, then every 300 s (from 615): 10 more within the hour.
    assert venue.asked.count("look_up") == 16
    assert venue.asked.count("place") == 1


def test_a_bet_is_cancelled_once_and_its_stake_comes_back_once(alice, bob, monkeypatch):
    make.bankroll(alice)
    venue = told(monkeypatch, PENDING, PENDING, CANCELLED)
    bet = make.place(alice, make.priced(), "10.00", venue="told")

    with pytest.raises(CannotCancel, match="no bet"):
        cancel_bet(owner_id=bob.pk, bet_id=bet.pk, now=make.NOON)
    for _ in range(3):
        done = cancel_bet(owner_id=alice.pk, bet_id=bet.pk, now=make.NOON)

    assert (done.status, done.rejection_code) == ("cancelled", Code.WITHDRAWN)
    assert pots(alice) == (Decimal(1000), Decimal(0))
    assert venue.asked == ["place", "cancel"]
    assert check_books() == []


def test_what_was_matched_before_the_cancel_stays_a_bet(alice, monkeypatch):
    make.bankroll(alice)
    told(monkeypatch, PENDING, None, matched("3.00", "2.000"))
    bet = make.place(alice, make.priced(), "10.00", venue="told")

    done = cancel_bet(owner_id=alice.pk, bet_id=bet.pk, now=make.NOON)

    assert (done.status, done.matched_stake) == ("open", Decimal(3))
    assert pots(alice) == (Decimal(997), Decimal(3))
    with pytest.raises(CannotCancel, match="open"):
        cancel_bet(owner_id=alice.pk, bet_id=bet.pk, now=make.NOON)


def test_a_cancel_whose_answer_was_lost_is_asked_for_again_by_the_sweep(alice, monkeypatch):
    make.bankroll(alice)
    venue = told(monkeypatch, PENDING, PENDING, Answer(Verdict.UNKNOWN))
    bet = make.place(alice, make.priced(), venue="told")

    assert cancel_bet(owner_id=alice.pk, bet_id=bet.pk, now=make.NOON).status == "pending"
    venue.cancelled = CANCELLED
    answers.resolve_unknowns(now=make.NOON + timedelta(minutes=1))

    assert Bet.objects.get().status == "cancelled"


def test_a_bet_nobody_knows_of_is_not_cancelled_before_the_venue_has_it(alice, monkeypatch):
    make.bankroll(alice)
    venue = told(monkeypatch, Answer(Verdict.UNKNOWN), Answer(Verdict.NOT_FOUND), CANCELLED)
    bet = make.place(alice, make.priced(), venue="told")

    assert cancel_bet(owner_id=alice.pk, bet_id=bet.pk, now=make.NOON).status == "placing"
    # It arrives late, and is withdrawn then.
    venue.looked_up = PENDING
    assert answers.resolve_unknown(bet_id=bet.pk, now=make.NOON).status == "cancelled"
    assert venue.asked == ["place", "look_up", "look_up", "cancel"]


def test_what_nobody_takes_within_the_venues_time_is_withdrawn(alice, monkeypatch):
    make.bankroll(alice)
    told(monkeypatch, PENDING, PENDING, CANCELLED, answers_within=timedelta(minutes=10))
    bet = make.place(alice, make.priced(), venue="told")

    early, late = make.NOON + timedelta(minutes=9), make.NOON + timedelta(minutes=10)
    assert answers.resolve_unknown(bet_id=bet.pk, now=early).status == "pending"
    done = answers.resolve_unknown(bet_id=bet.pk, now=late)

    assert (done.status, done.rejection_code) == ("cancelled", Code.TIMED_OUT)


def test_a_venue_that_has_forgotten_says_nothing(alice, monkeypatch):
    make.bankroll(alice)
    told(
        monkeypatch,
        Answer(Verdict.UNKNOWN),
        Answer(Verdict.NOT_FOUND),
        remembers=timedelta(minutes=30),
    )
    bet = make.place(alice, make.priced(), venue="told")

    late = make.NOON + timedelta(minutes=31)
    assert answers.resolve_unknown(bet_id=bet.pk, now=late).status == "placing"
    for minute in (28, 30):
        in_time = make.NOON + timedelta(minutes=minute)
        done = answers.resolve_unknown(bet_id=bet.pk, now=in_time)
    assert (done.status, done.rejection_code) == ("rejected", Code.NEVER_RECEIVED)
