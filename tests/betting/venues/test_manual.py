from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.clock import Acceleration
from betting.models import Bet, LedgerAccount
from betting.services import answers
from betting.services.answers import cancel_bet
from betting.services.books import check_books
from betting.services.confirming import CannotConfirm, confirm_bet
from tests import make


def at_risk(owner) -> Decimal:
    return LedgerAccount.objects.get(bankroll__owner=owner, kind="at_risk").amount


def by_hand(owner, stake="10.00") -> Bet:
    make.bankroll(owner)
    return make.place(owner, make.priced("2.000"), stake, venue="manual")


def confirm(owner, bet, stake="10.00", price="2.000", **more) -> Bet:
    return confirm_bet(
        owner_id=owner.pk,
        bet_id=bet.pk,
        stake=Decimal(stake),
        price=Decimal(price),
        now=make.NOON,
        **more,
    )


def test_a_bet_by_hand_waits_with_its_money_at_risk_until_its_bettor_says_what_they_got(alice):
    bet = by_hand(alice)
    assert (bet.status, at_risk(alice)) == ("pending", Decimal(10))

    # They got less, at a worse price: what really happened counts.
    for _ in range(2):
        done = confirm(alice, bet, "6.50", "1.950", venue_reference="slip 77")

    assert (done.status, done.matched_stake, done.matched_price) == (
        "open", Decimal("6.50"), Decimal("1.950"),
    )  # fmt: skip
    assert (done.venue_reference, at_risk(alice)) == ("slip 77", Decimal("6.50"))
    assert check_books() == []


@pytest.mark.parametrize(
    ("stake", "price", "said"),
    [
        ("10.01", "2.000", "^stake: 10.01 is more than the 10.00"),
        ("0", "2.000", "^stake: 0 is not between"),
        ("9.999", "2.000", "^stake: 9.999 has more than two"),
        ("NaN", "2.000", "^stake: "),
        ("10.00", "1.000", "^price: 1.000 is no decimal price"),
        ("10.00", "Infinity", "^price: "),
    ],
)
def test_what_cannot_be_so_is_refused_and_changes_nothing(alice, stake, price, said):
    bet = by_hand(alice)

    with pytest.raises(CannotConfirm, match=said):
        confirm(alice, bet, stake, price)

    assert Bet.objects.get().status == "pending"


def test_nobody_confirms_anothers_bet_or_one_that_waits_for_no_person(alice, bob):
    bet = by_hand(alice)
    make.bankroll(bob)
    on_paper = make.place(bob, make.priced(game=2))

    for who, which in ((bob, bet), (bob, on_paper)):
        with pytest.raises(CannotConfirm, match="no bet"):
            confirm(who, which)


def test_other_figures_later_are_refused(alice):
    bet = by_hand(alice)
    confirm(alice, bet)

    with pytest.raises(CannotConfirm, match=r"confirmed before, with 10.00 at 2.000"):
        confirm(alice, bet, "9.00")


def test_what_is_not_confirmed_in_time_is_released(alice, settings):
    settings.MANUAL_ANSWERS_WITHIN = timedelta(minutes=3)
    bet = by_hand(alice)

    answers.resolve_unknowns(now=make.NOON + timedelta(minutes=2, seconds=59))
    assert Bet.objects.get().status == "pending"
    answers.resolve_unknowns(now=make.NOON + timedelta(minutes=9))

    released = Bet.objects.get()
    assert (released.status, released.rejection_code) == ("cancelled", "timed_out")
    assert at_risk(alice) == 0
    with pytest.raises(CannotConfirm, match="stake is free again"):
        confirm(alice, bet)
    assert check_books() == []


def test_a_person_has_the_same_time_however_fast_the_worlds_clock_runs(alice, settings):
    settings.CLOCK = Acceleration(real=make.NOON, world=make.NOON, rate=120)
    bet = by_hand(alice)

    # A quarter of an hour of the world is seven seconds and a half.
    answers.resolve_unknowns(now=make.NOON + timedelta(minutes=16))
    bet.refresh_from_db()
    assert bet.status == "pending"
    answers.resolve_unknowns(now=make.NOON + timedelta(minutes=16 * 120))
    bet.refresh_from_db()
    assert bet.status == "cancelled"


def test_the_bettor_may_say_that_they_did_not_place_it(alice):
    bet = by_hand(alice)

    done = cancel_bet(owner_id=alice.pk, bet_id=bet.pk, now=make.NOON)

    assert (done.status, done.rejection_code, at_risk(alice)) == ("cancelled", "withdrawn", 0)
