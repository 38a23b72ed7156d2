"""Margin removal on 100,000 three-way markets, beside the public libraries in the same run.

Peers are penaltyblog, shin and goto_conversion, in an environment of their own that `scripts/bench`
makes (FAIRLINE_BENCH_PEERS names its Python). They run on a sample, one market at a time, as they
offer it; we run on all. After the times come the largest differences from each, and the edge cases
(longshots to 1000, overround -5 to +40 % and 150 %, 2 to 40 outcomes) with what failed on either
side: no answer, NaN, a probability outside 0 to 1, or a sum that is not one.
"""

import json
import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measured import say, seconds

from odds.domain.margins import METHODS, remove_margin

MARKETS = 100_000
SAMPLE = 1_000
REPEATS = 7
PEERS = Path(__file__).with_name("peers_margins.py")

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def slate() -> FloatArray:
    """Return three-way prices with margins of 2 to 12 %, longshots included."""
    rng = np.random.default_rng(7)
    probability = rng.dirichlet([2.0, 2.0, 2.0], size=MARKETS)
    prices = 1.0 / (probability * rng.uniform(1.02, 1.12, size=(MARKETS, 1)))
    return np.clip(prices, 1.01, 1000.0)


def edge_cases() -> list[FloatArray]:
    """Return blocks of markets: 2 to 40 outcomes at each overround, favourites and longshots."""
    rng = np.random.default_rng(23)
    blocks = []
    for outcomes in range(2, 41):
        for margin in (*np.arange(-0.05, 0.405, 0.05), 1.5):
            probability = rng.dirichlet(np.full(outcomes, 0.4), size=20)
            # Above a thousandth after margin and scaling, so that no price needs to be cut at 1000.
            probability = np.maximum(probability, 0.0012)
            probability /= probability.sum(axis=1, keepdims=True)
            prices = 1.0 / (probability * (1.0 + margin))
            blocks.append(np.clip(prices, 1.001, 1000.0))
    return blocks


def is_sound(probability: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which rows are probabilities: finite, inside 0 to 1, summing to one."""
    inside = np.isfinite(probability) & (probability > 0.0) & (probability < 1.0)
    return np.asarray(inside.all(axis=1) & (np.abs(probability.sum(axis=1) - 1.0) < 1e-9))


def peers(request: str, rows: list[list[float]]) -> dict[str, dict[str, Any]]:
    """Ask the libraries in their own environment; nothing where it was not made."""
    python = os.environ.get("FAIRLINE_BENCH_PEERS")
    if not python:
        return {}
    done = subprocess.run(  # noqa: S603 - our own script
        [python, str(PEERS), request],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def print_times(prices: FloatArray, sample: FloatArray) -> None:
    """Print nanoseconds a market of each method, beside each library that has it."""
    times = peers("time", sample.tolist())
    for method in METHODS:
        took = seconds(partial(remove_margin, prices, method), REPEATS)
        ours = round(took / len(prices) * 1e9, 1)
        name = f"margin removal, {method}"
        known = {peer: of[method] for peer, of in times.items() if method in of}
        for peer, theirs in known.items():
            say(name, ours, "ns/market", peer, round(theirs * 1e9, 1))
        if not known:
            say(name, ours, "ns/market")


def print_differences(sample: FloatArray) -> None:
    """Print how far our probabilities are from each library's, at most."""
    for peer, of in peers("answers", sample.tolist()).items():
        for method in [each for each in METHODS if each in of]:
            # Where additive weights leave a longshot nothing, we answer by power: margins.md.
            rows = [i for i, row in enumerate(of[method]) if row and min(row) > 0.0]
            theirs = np.array([of[method][i] for i in rows])
            gap = float(np.abs(remove_margin(sample[rows], method) - theirs).max())
            name = f"margin removal, {method}, largest difference"
            say(name, gap, "probability", peer, 0.0)


def print_failures(blocks: list[FloatArray]) -> None:
    """Print on how many edge cases each method, and each library's, gives no sound answer."""
    count = sum(map(len, blocks))
    answers = peers("answers", [row for block in blocks for row in block.tolist()])
    for method in METHODS:
        ours = sum(int((~is_sound(remove_margin(block, method))).sum()) for block in blocks)
        name = f"margin removal, {method}, failures on {count} edge cases"
        known = {peer: of[method] for peer, of in answers.items() if method in of}
        for peer, rows in known.items():
            sound = sum(bool(is_sound(np.array([row]))[0]) for row in rows if row)
            say(name, ours, "markets", peer, count - sound)
        if not known:
            say(name, ours, "markets")


def main() -> None:
    """Print times, differences and failures."""
    prices = slate()
    sample = prices[(1 / prices).sum(axis=1) > 1.0][:SAMPLE]
    print_times(prices, sample)
    print_differences(sample)
    print_failures(edge_cases())


if __name__ == "__main__":
    main()
