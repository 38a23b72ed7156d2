"""An arbitrage's legs: the doubtful one first, the next as that was matched, nothing silent."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import AuditEntry
from betting.domain.legs import Leg, hedge_of, in_order
from betting.models import Bet, Strategy
from betting.selectors.bets import bet_in_full
from betting.selectors.legs import legs_of
from betting.services.answers import resolve_unknowns
from betting.services.books import check_books
from betting.services.following import place_for_followers
from betting.services.legs import OPEN_LEG
from betting.services.opportunities import refresh_opportunities
from betting.services.prices import PriceNow, latest_price
from betting.services.strategies import ensure_strategies
from betting.venues.paper import Temper
from risk.models import Limits
from tests import make

LATER = make.NOON + timedelta(minutes=1)


@pytest.fixture
def away(alice):
    """An arbitrage that alice follows; book `b` is alone with its price of the away side."""
    make.bankroll(alice)
    made = {}
    prices = {"a": ("2.080", "1.800"), "b": ("1.800", "2.100"), "c": ("2.060", "1.800")}
    for book, (home, away) in prices.items():
        make.priced(home, book=book)
        made[book] = make.priced(away, side="away", book=book)
    ensure_strategies()
    Strategy.objects.filter(key="arbitrage").update(is_active=True)
    Strategy.objects.get(key="arbitrage").followers.add(alice)
    refresh_opportunities(now=make.NOON)
    return made["b"]


def taken() -> list[tuple[str, str, Decimal]]:
    return list(
        Bet.objects.order_by("pk").values_list("selection__side", "status", "matched_stake")
    )


def test_the_price_that_stands_out_goes_first_then_the_older():
    def leg(number, price, minutes):
        return Leg(number, price, 0.5, make.NOON - timedelta(minutes=minutes))

    legs = [leg(1, 2.08, 1), leg(2, 2.08, 9), leg(3, 2.30, 0)]

    assert [each.selection_id for each in in_order(legs)] == [3, 2, 1]


def test_a_hedge_pays_what_the_others_pay_and_says_what_is_lost():
    hedge = hedge_of(1, "b", price=Decimal("1.800"), net=1.8, payout=20.80, outlay=Decimal("10.00"))

    assert (hedge.stake, hedge.profit) == (Decimal("11.55"), Decimal("-0.76"))


def test_the_leg_that_stands_out_is_taken_first_and_both_are_one_thing(away, alice, as_alice):
    assert place_for_followers(make.NOON).placed == 2

    first, second = Bet.objects.order_by("pk")
    assert (first.selection.side, second.selection.side) == ("away", "home")
    legs = legs_of(bet_in_full(alice.pk, second.pk), now=make.NOON)
    assert (legs.taken, legs.open) == ([first, second], [])
    assert legs.profit > 0
    shown = as_alice.get(f"/bets/{second.pk}/").content.decode()
    assert "One arbitrage" in shown
    assert f"Bet {first.pk}" in shown


def test_no_leg_is_taken_where_the_first_is_refused(away):
    def gone(selection_id, bookmaker_id):
        found = latest_price(selection_id, bookmaker_id)
        return PriceNow(None, make.NOON) if selection_id == away.selection_id else found

    followed = place_for_followers(make.NOON, prices=gone)

    assert (followed.placed, followed.refused) == (0, 1)
    assert not Bet.objects.exists()
    assert not AuditEntry.objects.filter(action=OPEN_LEG).exists()


def test_a_refused_second_leg_is_said_at_once_with_its_hedge_and_taken_when_it_is_back(
    away, alice, as_alice
):
    def gone(selection_id, bookmaker_id):
        found = latest_price(selection_id, bookmaker_id)
        return found if selection_id == away.selection_id else PriceNow(None, make.NOON)

    for _ in range(2):
        assert place_for_followers(make.NOON, prices=gone).refused == 1
    bet = Bet.objects.get()
    said = AuditEntry.objects.get(action=OPEN_LEG)
    stake = (bet.stake * Decimal("2.100") / Decimal("2.080")).quantize(
        Decimal("0.01"), "ROUND_DOWN"
    )
    assert said.subject == f"bet {bet.pk}"
    assert f"Home 1 is open: it loses {bet.stake}. {stake} at 2.080 at A closes it" in str(
        said.detail
    )
    shown = as_alice.get(f"/bets/{bet.pk}/").content.decode()
    assert "Home 1 is open" in shown

    assert place_for_followers(make.NOON).placed == 1
    assert legs_of(bet_in_full(alice.pk, bet.pk), now=make.NOON).open == []
    assert place_for_followers(make.NOON).placed == 0


def test_a_leg_refused_by_the_venue_ends_it_before_anything_is_open(away, settings):
    settings.PAPER = Temper(rejected=1.0)

    followed = place_for_followers(make.NOON)

    assert (followed.placed, followed.refused) == (0, 1)
    assert [status for _, status, _ in taken()] == ["rejected"]
    settings.PAPER = Temper()
    assert place_for_followers(make.NOON).placed == 0


def test_the_next_leg_waits_for_the_first_and_covers_what_was_matched(away, settings):
    settings.PAPER = Temper(latency=timedelta(seconds=20), partial=1.0)
    assert place_for_followers(make.NOON).placed == 1
    assert place_for_followers(make.NOON).placed == 0

    settings.PAPER = Temper(partial=1.0)
    resolve_unknowns(now=LATER)
    settings.PAPER = Temper()
    assert place_for_followers(LATER).placed == 1

    first, second = Bet.objects.order_by("pk")
    assert first.matched_stake < first.stake
    covers = first.matched_stake * Decimal("2.100") / Decimal("2.080")
    assert abs(second.matched_stake - covers) <= Decimal("0.02")
    assert check_books() == []


def test_a_market_bet_on_by_hand_gets_no_leg(away, alice):
    make.place(alice, away, "5.00")

    assert place_for_followers(make.NOON).placed == 0


def test_no_leg_is_taken_where_a_limit_has_room_for_each_but_not_for_all(away, alice):
    """As in a backtest: each leg is sized beside those before it, not as if it were the first."""
    make.limits(alice, bet="0.0200", event="0.0300", day="0.0150")

    assert place_for_followers(make.NOON).placed == 0
    assert not Bet.objects.exists()

    Limits.objects.filter(owner=alice).update(max_day_share=Decimal("0.0500"))
    assert place_for_followers(make.NOON).placed == 2
