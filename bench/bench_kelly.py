"""Kelly over a slate beside scipy's numerical optimum, and one market beside penaltyblog.

A thousand random slates of 2 to 20 bets, one to three exclusive outcomes of a market each, one
market in twenty covered whole: half calm (edges of 3 % on average, 5 % deviation), half wild (25).
scipy is SLSQP with its gradient on the exact joint distribution of all results, which is kinder to
it than its own numerical gradient. Processor time, same run.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measured import say
from numpy.typing import NDArray
from scipy.optimize import minimize

from risk.domain.simultaneous import slate_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SLATES = 1_000
MARKETS = 50
PEER = Path(__file__).with_name("peers_kelly.py")


def made_up(rng: np.random.Generator, bets: int, deviation: float) -> tuple[FloatArray, ...]:
    """Return probabilities, prices and markets of a slate of so many bets."""
    p, o, market = [], [], []
    while len(p) < bets:
        count = min(int(rng.integers(1, 4)), bets - len(p))
        # One outcome of a market is mostly not bet on; bets on all of them can be an arbitrage.
        outcomes = max(count + (rng.random() < 0.95), 2)
        of_these = rng.dirichlet(np.full(outcomes, 3.0))[:count]
        edge = rng.normal(0.03, deviation, count)
        market += [len(set(market))] * count
        p += of_these.tolist()
        o += np.maximum((1.0 + edge) / of_these, 1.02).tolist()
    return np.array(p), np.array(o), np.array(market)


def joint_results(p: FloatArray, o: FloatArray, market: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return every joint result's probability (m,), and what a unit on each bet earns (m, n)."""
    chance, earns = np.ones(1), np.zeros((1, 0))
    for each in np.unique(market):
        rows = np.flatnonzero(market == each)
        own = np.append(p[rows], max(1.0 - p[rows].sum(), 0.0))
        pays = np.vstack([np.diag(o[rows]), np.zeros(len(rows))]) - 1.0
        own, pays = own[own > 1e-12], pays[own > 1e-12]
        earns = np.hstack([np.repeat(earns, len(own), axis=0), np.tile(pays, (len(chance), 1))])
        chance = np.repeat(chance, len(own)) * np.tile(own, len(chance))
    return chance, earns


def growth(share: FloatArray, chance: FloatArray, earns: FloatArray) -> float:
    """Return the expected log growth of stakes."""
    wealth = 1.0 + earns @ share
    return float(chance @ np.log(wealth)) if wealth.min() > 0 else -np.inf


def numerical_optimum(p: FloatArray, o: FloatArray, market: IntArray) -> FloatArray:
    """Return scipy's best shares."""
    chance, earns = joint_results(p, o, market)

    def falling(share: FloatArray) -> tuple[float, FloatArray]:
        wealth = np.maximum(1.0 + earns @ share, 1e-12)
        return -float(chance @ np.log(wealth)), -((chance / wealth) @ earns)

    found = minimize(
        falling, np.full(len(p), 0.05 / len(p)), jac=True, method="SLSQP",
        bounds=[(0.0, 1.0)] * len(p), options={"ftol": 1e-10, "maxiter": 500},
        constraints=[
            {"type": "ineq", "fun": lambda f: 1 - f.sum(), "jac": lambda f: -np.ones(len(f))}
        ],
    )  # fmt: skip
    return np.asarray(found.x, dtype=np.float64)


def timed(run: Callable[[], FloatArray]) -> tuple[float, FloatArray]:
    """Return the processor seconds of one run, and its answer."""
    begun = time.process_time()
    found = run()
    return time.process_time() - begun, found


def main() -> None:
    """Print speed and the growth given up, per slate."""
    rng = np.random.default_rng(11)
    slates = [
        made_up(rng, int(rng.integers(2, 21)), 0.05 if s % 2 else 0.25) for s in range(SLATES)
    ]
    sizes = np.array([len(p) for p, _, _ in slates])
    columns = [np.concatenate(column) for column in zip(*slates, strict=True)]
    number = np.repeat(np.arange(SLATES), sizes)
    at_once, together = min(
        (timed(lambda: slate_shares(*columns[:2], slate=number, market=columns[2]))
         for _ in range(3)), key=lambda done: done[0],
    )  # fmt: skip
    alone, theirs, lost = np.zeros(SLATES), np.zeros(SLATES), np.zeros(SLATES)
    for s, (p, o, market) in enumerate(slates):
        one = np.zeros(len(p), dtype=np.int64)
        alone[s], ours = timed(lambda: slate_shares(p, o, slate=one, market=market))  # noqa: B023
        if not np.array_equal(ours, together[number == s]):
            raise AssertionError(f"slate {s} has other bits alone than with the others")
        theirs[s], best = timed(lambda: numerical_optimum(p, o, market))  # noqa: B023
        results = joint_results(p, o, market)
        # It may end a hair outside what can be staked.
        most = max(growth(best, *results), growth(best * 0.9999, *results))
        lost[s] = 1.0 - growth(ours, *results) / most if most > 1e-9 else 0.0
    scipy = "scipy SLSQP on the exact joint distribution"
    say(
        "Kelly of a slate of 2-20, a thousand at once, per slate",
        at_once / SLATES * 1e6,
        "us",
        scipy,
        theirs.mean() * 1e6,
    )
    say(
        "Kelly of a slate of 2-20, one by one, mean",
        alone.mean() * 1e6,
        "us",
        scipy,
        theirs.mean() * 1e6,
    )
    for low, high in ((2, 7), (8, 14), (15, 20)):
        here = (sizes >= low) & (sizes <= high)
        say(
            f"Kelly of a slate of {low}-{high}, one by one, median",
            float(np.median(alone[here])) * 1e6,
            "us",
            scipy,
            float(np.median(theirs[here])) * 1e6,
        )
    say("Kelly of a slate, most growth given up", float(lost.max()), "of the optimum's", scipy, 0.0)
    say(
        "Kelly of a slate, slates over 0.1 % below the optimum",
        float((lost > 1e-3).sum()),
        f"of {SLATES}",
        scipy,
        0.0,
    )
    _one_market(rng)


def _one_market(rng: np.random.Generator) -> None:
    """Print one market of three outcomes, which is what penaltyblog solves."""
    markets = []
    for _ in range(MARKETS):
        p = rng.dirichlet(np.full(3, 3.0)) * 0.999
        markets.append((p, (1.0 + rng.normal(0.0, 0.06, 3)) / p))
    zero = np.zeros(3, dtype=np.int64)
    took, ours = timed(
        lambda: np.array([slate_shares(p, o, slate=zero, market=zero) for p, o in markets])
    )
    python = os.environ.get("FAIRLINE_BENCH_PEERS")
    peer, peer_us = None, None
    if python:
        asked = json.dumps([[p.tolist(), o.tolist()] for p, o in markets])
        done = subprocess.run(  # noqa: S603 - our own script
            [python, str(PEER)], input=asked, capture_output=True, text=True, check=True
        )
        answer = json.loads(done.stdout.splitlines()[-1])
        peer, peer_us = "penaltyblog multiple_kelly_criterion", answer["seconds"] / MARKETS * 1e6
        above = [
            growth(f, *joint_results(p, o, zero)) - growth(np.array(g), *joint_results(p, o, zero))
            for (p, o), f, g in zip(markets, ours, answer["stakes"], strict=True)
        ]
        say("Kelly of one market, least growth above the peer's", min(above), "log", peer, 0.0)
    say("Kelly of one market of three outcomes", took / MARKETS * 1e6, "us", peer, peer_us)


if __name__ == "__main__":
    main()
