"""Free bets and promotions: the least that is said is what the worst outcome earns."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odds.domain.free_bets import (
    Offer,
    OfferKind,
    convert,
    convert_by_laying,
    net_price,
    places,
)
from odds.domain.scan import Gates
from tests.tables import SEEN, moment, quote_table, row, two_way

CENT = Decimal("0.01")
prices = st.decimals("1.010", "50", places=3)
amounts = st.decimals("0.01", "10000", places=2)
shares = st.decimals("0", "1", places=3)
offers = st.builds(Offer, st.sampled_from(OfferKind), amounts, shares)


def earned(offer, price, stakes, nets):
    """What each outcome earns, by bookkeeping: exact, unrounded."""
    cash = offer.amount if offer.kind is OfferKind.REFUND else Decimal(0)
    returned = (
        offer.amount * price
        if offer.kind is not OfferKind.FREE_BET
        else (offer.amount * (price - 1))
    )
    refund = offer.amount * offer.refund_worth if offer.kind is OfferKind.REFUND else Decimal(0)
    spent = cash + sum(stakes)
    return [
        returned - spent,
        *(stake * net + refund - spent for stake, net in zip(stakes, nets, strict=True)),
    ]


@given(offers, prices, st.lists(prices, min_size=1, max_size=2))
def test_the_least_is_never_more_than_any_outcome_really_earns(offer, price, nets):
    found = convert(offer, price, nets)
    really = earned(offer, price, found.stakes, nets)
    assert found.least == min(found.earned)
    for said, true in zip(found.earned, really, strict=True):
        # Every figure is rounded down, twice at most.
        assert true - 2 * CENT < said <= true
    assert all(stake >= 0 and stake == stake.quantize(CENT) for stake in found.stakes)


@given(offers, prices, st.lists(prices, min_size=1, max_size=2))
def test_every_outcome_earns_the_same_but_for_the_cents_of_a_stake(offer, price, nets):
    found = convert(offer, price, nets)
    won, lost = offer.earned(price)
    if won > lost:
        # A cent of a stake is as many cents as its price; rounding down takes one more.
        assert max(found.earned) - found.least <= CENT * (max(nets) + len(nets) + 1)


@given(offers, prices, prices, st.decimals("0", "0.1", places=3))
def test_laying_earns_the_same_either_way_but_for_the_cents_of_a_stake(
    offer, price, lay, commission
):
    found = convert_by_laying(offer, price, lay, commission)
    won, lost = offer.earned(price)
    if won > lost:
        assert max(found.earned) - found.least <= CENT * (lay + 2)
    [stake] = found.stakes
    assert found.risked >= stake * (lay - 1)


@given(offers, prices, st.lists(prices, min_size=1, max_size=2))
def test_no_other_cent_would_guarantee_more(offer, price, nets):
    found = convert(offer, price, nets)
    for place, stake in enumerate(found.stakes):
        for other in (stake - CENT, stake + CENT):
            stakes = [*found.stakes[:place], other, *found.stakes[place + 1 :]]
            if other >= 0:
                # Of the figures before their last rounding, at most two cents apart.
                assert min(earned(offer, price, stakes, nets)) <= found.least + 3 * CENT


@pytest.mark.parametrize("wrong", ["0", "1", "0.5"])
def test_no_price_below_one_is_worked_with(wrong):
    with pytest.raises(ValueError, match="a price must be above one"):
        convert(Offer(OfferKind.CREDIT, Decimal(10)), Decimal(2), [Decimal(wrong)])
    with pytest.raises(ValueError, match="an offer must be above zero"):
        convert(Offer(OfferKind.CREDIT, Decimal(wrong) - 1), Decimal(2), [Decimal(2)])


def found_in(*rows, kind=OfferKind.FREE_BET, min_price=1.0, markets=frozenset()):
    return places(
        quote_table(*rows),
        Offer(kind, Decimal(50)),
        bookmaker_id=1,
        min_price=min_price,
        market_keys=markets,
        at=moment(SEEN),
        gates=Gates(),
    )


def test_the_longer_price_converts_better_and_its_hedge_is_elsewhere():
    best, other = found_in(*two_way(1, 4.10, 1.30), *two_way(2, 3.90, 1.28))
    assert [(leg.bookmaker_key, leg.side) for leg in best.book.legs] == [
        ("book_1", "home"), ("book_2", "away"),
    ]  # fmt: skip
    assert best.rate == pytest.approx(3.1 * (1 - 1 / 1.28))
    assert best.rate > other.rate
    exact = convert(Offer(OfferKind.FREE_BET, Decimal(50)), Decimal("4.10"), [Decimal("1.28")])
    assert exact.rate == pytest.approx(best.rate, abs=0.001)


def test_three_outcomes_take_two_hedges_and_two_of_three_are_nothing():
    three = [row(side, price, bookmaker_id=2) for side, price in
             (("home", 2.5), ("draw", 3.4), ("away", 2.9))]  # fmt: skip
    [best] = found_in(row("draw", 3.5, bookmaker_id=1), *three)
    assert [leg.side for leg in best.book.legs] == ["draw", "away", "home"]
    # Only the offer's own bookmaker has the draw: two hedges would leave it out.
    assert found_in(row("draw", 3.5), row("home", 2.6), three[0], three[2]) == []


def test_lines_that_can_push_guarantee_nothing_and_are_left_out():
    kept = found_in(*two_way(1, 2.0, 1.9, line=-4.5), *two_way(2, 2.0, 1.9, line=-4.5))
    assert len(kept) == 2
    for line in (-4.0, -4.25):
        assert not found_in(*two_way(1, 2.0, 1.9, line=line), *two_way(2, 2.0, 1.9, line=line))


def test_commission_counts_on_both_sides():
    fee = net_price(Decimal("3.00"), Decimal("0.05"))
    assert fee == Decimal("2.90")
    [best, _] = found_in(*two_way(1, 3.0, 1.4), *two_way(2, 3.0, 1.5, commission=0.05))
    assert best.rate == pytest.approx(2.0 * (1 - 1 / 1.475))
