"""What a score makes of a selection, and a result of a stake: a table worked by hand, and laws."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.domain.bankroll_run import Payouts, Results, profit_of
from betting.domain.settlement import CannotSettle, Outcome, outcome_of, payout
from betting.domain.simulate import halves

W, HW, P, HL, L = (
    Outcome.WON,
    Outcome.HALF_WON,
    Outcome.PUSH,
    Outcome.HALF_LOST,
    Outcome.LOST,
)

# market, side, own line, draw offered, home, away -> outcome
TABLE = [
    # moneyline, two ways and three
    *[("h2h", s, None, d, 3, 1, o) for s, d, o in [
        ("home", False, W), ("away", False, L), ("home", True, W), ("draw", True, L),
        ("away", True, L)]],
    *[("h2h", s, None, d, 1, 3, o) for s, d, o in [
        ("home", False, L), ("away", False, W), ("home", True, L), ("draw", True, L),
        ("away", True, W)]],
    *[("h2h", s, None, d, 2, 2, o) for s, d, o in [
        ("home", False, P), ("away", False, P), ("home", True, L), ("draw", True, W),
        ("away", True, L)]],
    # home wins by two: each line from -3 to +0.5, home and its mirror away
    *[("spreads", "home", p, False, 102, 100, o) for p, o in [
        ("-3", L), ("-2.75", L), ("-2.5", L), ("-2.25", HL), ("-2", P), ("-1.75", HW),
        ("-1.5", W), ("-1.25", W), ("0", W), ("0.5", W)]],
    *[("spreads", "away", p, False, 102, 100, o) for p, o in [
        ("3", W), ("2.75", W), ("2.5", W), ("2.25", HW), ("2", P), ("1.75", HL),
        ("1.5", L), ("1.25", L), ("0", L), ("-0.5", L)]],
    # level: a line of nothing pushes, quarters halve
    *[("spreads", "home", p, False, 1, 1, o) for p, o in [
        ("-0.25", HL), ("0", P), ("0.25", HW), ("-0.5", L), ("0.5", W)]],
    *[("spreads", "away", p, False, 1, 1, o) for p, o in [
        ("-0.25", HL), ("0", P), ("0.25", HW), ("-0.5", L), ("0.5", W)]],
    # three goals: every line around it, both sides
    *[("totals", "over", p, False, 2, 1, o) for p, o in [
        ("2.5", W), ("2.75", HW), ("3", P), ("3.25", HL), ("3.5", L), ("2.25", W), ("3.75", L)]],
    *[("totals", "under", p, False, 2, 1, o) for p, o in [
        ("2.5", L), ("2.75", HL), ("3", P), ("3.25", HW), ("3.5", W), ("2.25", L), ("3.75", W)]],
    # a game without a goal
    ("totals", "under", "0.5", False, 0, 0, W),
    ("totals", "over", "0.5", False, 0, 0, L),
]  # fmt: skip


@pytest.mark.parametrize(("market", "side", "point", "draw", "home", "away", "outcome"), TABLE)
def test_every_selection_and_score_by_the_table(market, side, point, draw, home, away, outcome):
    assert (
        outcome_of(
            market_key=market,
            side=side,
            point=None if point is None else Decimal(point),
            home_score=home,
            away_score=away,
            draw_offered=draw,
        )
        is outcome
    )


def test_the_array_version_agrees_with_the_table():
    from_home = [
        np.nan if row[2] is None else float(row[2]) * (-1 if row[1] == "away" else 1)
        for row in TABLE
    ]
    won, lost = halves(
        market_key=np.array([row[0] for row in TABLE]),
        side=np.array([row[1] for row in TABLE]),
        line=np.array(from_home),
        home_score=np.array([row[4] for row in TABLE]),
        away_score=np.array([row[5] for row in TABLE]),
        draw_offered=np.array([row[3] for row in TABLE]),
    )
    expected = {W: (2, 0), HW: (1, 0), P: (0, 0), HL: (0, 1), L: (0, 2)}

    assert list(zip(won.tolist(), lost.tolist(), strict=True)) == [
        expected[row[6]] for row in TABLE
    ]


@pytest.mark.parametrize(
    ("market", "side", "point"),
    [
        ("h2h", "over", None),
        ("spreads", "home", None),
        ("spreads", "over", Decimal("1.5")),
        ("totals", "over", Decimal("2.1")),
        ("player_points", "over", Decimal("9.5")),
    ],
)
def test_what_has_no_rule_is_refused_and_named(market, side, point):
    with pytest.raises(CannotSettle, match=market):
        outcome_of(market_key=market, side=side, point=point, home_score=1, away_score=0)


# stake, price, commission, outcome -> returned stake, forfeited, winnings
PAYOUTS = [
    ("10.00", "2.000", "0", W, "10.00", "0.00", "10.00"),
    ("10.00", "1.909", "0", W, "10.00", "0.00", "9.09"),
    ("10.00", "1.909", "0", HW, "10.00", "0.00", "4.54"),  # 4.545, half to even
    ("10.01", "2.000", "0", HW, "10.01", "0.00", "5.00"),  # 5.005, half to even
    ("10.03", "2.000", "0", HW, "10.03", "0.00", "5.02"),  # 5.015, half to even
    ("10.01", "2.000", "0", HL, "5.01", "5.00", "0.00"),
    ("10.03", "2.000", "0", HL, "5.01", "5.02", "0.00"),
    ("10.00", "2.000", "0", P, "10.00", "0.00", "0.00"),
    ("10.00", "2.000", "0", Outcome.VOID, "10.00", "0.00", "0.00"),
    ("10.00", "2.000", "0", L, "0.00", "10.00", "0.00"),
    ("100.00", "3.000", "0.05", W, "100.00", "0.00", "190.00"),
    ("100.00", "3.000", "0.05", L, "0.00", "100.00", "0.00"),
    ("0.01", "1.010", "0", W, "0.01", "0.00", "0.00"),
    ("0.01", "2.000", "0", HL, "0.01", "0.00", "0.00"),
    ("33.33", "1001.000", "0", W, "33.33", "0.00", "33330.00"),
]


@pytest.mark.parametrize(
    ("stake", "price", "commission", "outcome", "returned", "forfeited", "winnings"), PAYOUTS
)
def test_each_payout_to_the_cent(stake, price, commission, outcome, returned, forfeited, winnings):
    paid = payout(
        stake=Decimal(stake),
        price=Decimal(price),
        outcome=outcome,
        commission=Decimal(commission),
    )

    assert (paid.returned, paid.forfeited, paid.winnings) == (
        Decimal(returned),
        Decimal(forfeited),
        Decimal(winnings),
    )


cents = st.integers(1, 10_000_00).map(lambda c: Decimal(c) / 100)
prices = st.integers(1001, 1001_000).map(lambda p: Decimal(p) / 1000)
commissions = st.integers(0, 2000).map(lambda c: Decimal(c) / 10_000)


@given(cents, prices, st.sampled_from([W, HW, P, Outcome.VOID, HL, L]), commissions)
def test_no_cent_is_made_or_lost(stake, price, outcome, commission):
    paid = payout(stake=stake, price=price, outcome=outcome, commission=commission)

    assert paid.returned + paid.forfeited == stake
    assert min(paid.returned, paid.forfeited, paid.winnings) >= 0
    won = {W: Fraction(1), HW: Fraction(1, 2)}.get(outcome, Fraction(0))
    exact = Fraction(stake) * won * (Fraction(price) - 1) * (1 - Fraction(commission))
    assert abs(Fraction(paid.winnings) - exact) <= Fraction(1, 200)


@given(cents, prices, st.sampled_from([W, HW, P, HL, L]), commissions)
def test_the_backtest_pays_the_same_cents(stake, price, outcome, commission):
    won, lost = {W: (2, 0), HW: (1, 0), P: (0, 0), HL: (0, 1), L: (0, 2)}[outcome]
    paid = payout(stake=stake, price=price, outcome=outcome, commission=commission)

    payouts = Payouts.of(
        price=np.array([float(price)]),
        commission=np.array([float(commission)]),
        results=Results(np.array([won]), np.array([lost]), np.array(["2026"], "datetime64[us]")),
    )
    earned = profit_of(int(stake * 100), payouts.won.item(), payouts.lost.item())

    assert earned == int((paid.winnings - paid.forfeited) * 100)


@given(
    st.integers(-80, 80),
    st.sampled_from(["home", "away"]),
    st.integers(0, 120),
    st.integers(0, 120),
)
def test_the_two_sides_of_a_line_mirror_each_other(quarters, side, home, away):
    mirror = {W: L, L: W, HW: HL, HL: HW, P: P}
    point = Decimal(quarters) / 4
    score = {"market_key": "spreads", "home_score": home, "away_score": away}
    other = "away" if side == "home" else "home"

    mine = outcome_of(side=side, point=point, **score)

    assert outcome_of(side=other, point=-point, **score) is mirror[mine]
