"""Kelly over a slate is the numerical optimum, whatever it is computed beside, and total."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from risk.domain.kelly import kelly_fraction
from risk.domain.simultaneous import MOST, exclusive_shares, slate_shares

Floats = NDArray[np.float64]
Slate = tuple[Floats, Floats, NDArray[np.int64]]


def made_up(rng: np.random.Generator, bets: int, *, covered: float, deviation: float) -> Slate:
    """Return probabilities, prices and markets; `covered` of them have a bet on every outcome."""
    p: list[float] = []
    o: list[float] = []
    market: list[int] = []
    while len(p) < bets:
        count = min(int(rng.integers(1, 4)), bets - len(p))
        outcomes = max(count + (rng.random() >= covered), 2)
        of_these = rng.dirichlet(np.full(outcomes, 3.0))[:count]
        market += [len(set(market))] * count
        p += of_these.tolist()
        edge = rng.normal(0.03, deviation, count)
        o += np.maximum((1.0 + edge) / of_these, 1.02).tolist()
    return np.array(p), np.array(o), np.array(market, dtype=np.int64)


def joint_results(slate: Slate) -> tuple[Floats, Floats]:
    """Return every joint result's probability (m,), and what a unit on each bet earns (m, n)."""
    chance, earns = np.ones(1), np.zeros((1, 0))
    p, o, market = slate
    for each in np.unique(market):
        rows = np.flatnonzero(market == each)
        own = np.append(p[rows], max(1.0 - p[rows].sum(), 0.0))
        pays = np.vstack([np.diag(o[rows]), np.zeros(len(rows))]) - 1.0
        own, pays = own[own > 1e-12], pays[own > 1e-12]
        earns = np.hstack([np.repeat(earns, len(own), axis=0), np.tile(pays, (len(chance), 1))])
        chance = np.repeat(chance, len(own)) * np.tile(own, len(chance))
    return chance, earns


def growth(share: Floats, slate: Slate) -> float:
    chance, earns = joint_results(slate)
    return float(chance @ np.log(1.0 + earns @ share))


def numerical_optimum(slate: Slate) -> float:
    chance, earns = joint_results(slate)
    n = earns.shape[1]

    def falling(share: Floats) -> tuple[float, Floats]:
        wealth = np.maximum(1.0 + earns @ share, 1e-12)
        return -float(chance @ np.log(wealth)), -((chance / wealth) @ earns)

    found = minimize(
        falling,
        np.full(n, 0.05 / n),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * n,
        options={"ftol": 1e-12, "maxiter": 500},
        constraints=[{"type": "ineq", "fun": lambda share: 1.0 - share.sum()}],
    )
    return -float(found.fun)


def alone(slate: Slate) -> Floats:
    return slate_shares(*slate[:2], slate=np.zeros(len(slate[0]), np.int64), market=slate[2])


@pytest.mark.parametrize("covered", [0.05, 1.0], ids=["some covered", "all covered"])
@pytest.mark.parametrize("deviation", [0.05, 0.25], ids=["calm", "wild"])
def test_a_slate_grows_within_a_thousandth_of_the_numerical_optimum(
    covered: float, deviation: float
) -> None:
    rng = np.random.default_rng(5)
    for bets in range(2, 10):
        slate = made_up(rng, bets, covered=covered, deviation=deviation)
        best = numerical_optimum(slate)
        share = alone(slate)
        assert share.min() >= 0.0
        assert share.sum() <= MOST + 1e-12
        assert growth(share, slate) >= best * 0.999 - 1e-9


def test_a_slate_has_the_same_bits_alone_and_among_others_in_any_order() -> None:
    rng = np.random.default_rng(7)
    slates = [
        made_up(rng, int(rng.integers(1, 21)), covered=0.2, deviation=0.1) for _ in range(120)
    ]
    p, o, market = (np.concatenate(column) for column in zip(*slates, strict=True))
    number = np.repeat(np.arange(len(slates)), [len(each[0]) for each in slates])
    mixed = rng.permutation(len(p))
    # Within a slate the order of rows stays: it is part of what is decided on.
    mixed = mixed[np.argsort(rng.permutation(len(slates))[number[mixed]], kind="stable")]
    together = slate_shares(p, o, slate=number, market=market)
    for each, slate in enumerate(slates):
        assert np.array_equal(alone(slate), together[number == each])
    shares = slate_shares(p[mixed], o[mixed], slate=number[mixed], market=market[mixed])
    assert np.allclose(shares, together[mixed], rtol=0, atol=2e-4)


def test_independent_bets_get_less_than_each_alone_and_lone_ones_what_kelly_says() -> None:
    p, o = np.array([0.55, 0.3, 0.7]), np.array([2.0, 4.0, 1.5])
    single = kelly_fraction(p, o)
    zero = np.zeros(3, dtype=np.int64)
    apart = slate_shares(p, o, slate=np.arange(3), market=zero)
    joint = slate_shares(p, o, slate=zero, market=np.arange(3))
    assert np.array_equal(apart, single)
    assert (joint < single).all()
    assert (joint > 0.8 * single).all()


def test_a_market_alone_is_solved_exactly() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        p = rng.dirichlet(np.full(4, 2.0))[:3]
        o = (1.0 + rng.normal(0.05, 0.1, 3)) / p
        zero = np.zeros(3, dtype=np.int64)
        share = exclusive_shares(p, o)
        assert growth(share, (p, o, zero)) >= numerical_optimum((p, o, zero)) - 1e-12
        assert np.array_equal(share, slate_shares(p, o, slate=zero, market=zero))


def test_what_cannot_be_bet_on_gets_nothing_and_touches_nothing() -> None:
    p = np.array([0.55, np.nan, 0.5, 0.0, 1.4, 0.9, -0.2, 0.6])
    o = np.array([2.0, 2.0, 1.0, 3.0, np.nan, np.inf, 3.0, 2.0])
    slate, market = np.zeros(8, dtype=np.int64), np.arange(8)
    good = np.array([0, 7])
    share = slate_shares(p, o, slate=slate, market=market)
    assert np.array_equal(np.flatnonzero(share), good)
    assert np.array_equal(
        share[good], slate_shares(p[good], o[good], slate=slate[good], market=market[good])
    )
    none = np.zeros(0)
    assert len(slate_shares(none, none, slate=slate[:0], market=market[:0])) == 0
    sure = slate_shares(np.ones(2), np.full(2, 1.5), slate=slate[:2], market=market[:2])
    assert np.isfinite(sure).all()
    assert sure.sum() <= MOST + 1e-12
