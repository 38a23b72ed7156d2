"""Margin removal on 100,000 three-way markets, beside peers in the same run.

Peers: the `shin` package, and for every method what one would write without arrays: a loop over
the markets with scipy's root finder. Peers run on a sample; figures are microseconds a market.
"""

import json
import time
from collections.abc import Callable

import numpy as np
import shin
from scipy.optimize import brentq

from odds.domain.margins import remove_margin

MARKETS = 100_000
SAMPLE = 1_000
REPEATS = 5

Rows = list[list[float]]


def slate() -> np.ndarray:
    """Return three-way prices with margins of 2 to 12 %, longshots included."""
    rng = np.random.default_rng(7)
    probability = rng.dirichlet([2.0, 2.0, 2.0], size=MARKETS)
    prices = 1.0 / (probability * rng.uniform(1.02, 1.12, size=(MARKETS, 1)))
    return np.clip(prices, 1.01, 1000.0)


def best(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the shortest of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times)


def loop_multiplicative(rows: Rows) -> list[list[float]]:
    answer = []
    for row in rows:
        total = sum(1 / price for price in row)
        answer.append([1 / price / total for price in row])
    return answer


def loop_additive(rows: Rows) -> list[list[float]]:
    answer = []
    for row in rows:
        share = (sum(1 / price for price in row) - 1) / len(row)
        answer.append([1 / price - share for price in row])
    return answer


def loop_power(rows: Rows) -> list[list[float]]:
    answer = []
    for row in rows:
        k = brentq(lambda k, row=row: sum((1 / p) ** k for p in row) - 1, 0.01, 20.0)
        answer.append([(1 / price) ** k for price in row])
    return answer


def loop_odds_ratio(rows: Rows) -> list[list[float]]:
    def scaled(price: float, c: float) -> float:
        implied = 1 / price
        return implied / (c + implied - c * implied)

    answer = []
    for row in rows:
        c = brentq(lambda c, row=row: sum(scaled(p, c) for p in row) - 1, 0.01, 100.0)
        answer.append([scaled(price, c) for price in row])
    return answer


def shin_package(rows: Rows) -> list[object]:
    return [shin.calculate_implied_probabilities(row) for row in rows]


PEERS: dict[str, tuple[str, Callable[[Rows], object]]] = {
    "multiplicative": ("plain Python loop", loop_multiplicative),
    "additive": ("plain Python loop", loop_additive),
    "power": ("loop over scipy.optimize.brentq", loop_power),
    "shin": ("shin package", shin_package),
    "odds_ratio": ("loop over scipy.optimize.brentq", loop_odds_ratio),
}


def main() -> None:
    """Print one JSON object a method."""
    prices = slate()
    with_margin = prices[(1 / prices).sum(axis=1) > 1.0]
    sample = with_margin[:SAMPLE].tolist()
    for method, (peer, run) in PEERS.items():
        ours = best(lambda method=method: remove_margin(prices, method)) / MARKETS
        theirs = best(lambda run=run: run(sample), repeats=3) / SAMPLE
        print(
            json.dumps(
                {
                    "name": f"margin removal, {method}",
                    "value": round(ours * 1e6, 4),
                    "unit": "us/market",
                    "peer": peer,
                    "peer_value": round(theirs * 1e6, 4),
                }
            )
        )


if __name__ == "__main__":
    main()
