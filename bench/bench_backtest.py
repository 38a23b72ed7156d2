"""Decide on and stake 100,000 candidate bets with limits and breakers, processor time each.

Peers in the same run: backtestbuddy and penaltyblog (`peers_backtest.py`, in `.venv-bench`), and
the same by a plain Python loop (edge, Kelly, limits, settlement in floats). Ours does more than any
of them: every gate, Kelly over each slate at once, every limit, whole cents. A figure is the best
of three before the peers and three after, so that both met the same neighbours on the machine.
"""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from measured import say

from betting.domain.bankroll_run import Results
from betting.domain.configuration import Configuration
from betting.domain.decide import Slate, decide
from betting.domain.simulate import simulate
from odds.domain.table import QuoteTable
from risk.domain.limits import Bounds

PEERS = Path(__file__).with_name("peers_backtest.py")
N = 100_000
DAYS = 3_000


def made_up() -> tuple[Slate, Results]:
    """Return candidates spread over ten years, one market each, a third with an edge."""
    rng = np.random.default_rng(3)
    fair = rng.uniform(0.2, 0.8, N)
    price = np.round(rng.lognormal(0.02, 0.03, N) / fair, 3).clip(1.05)
    day = np.sort(rng.integers(0, DAYS, N))
    moment = np.datetime64("2015-01-01T12:00:00.000000") + day * np.timedelta64(
        86_400_000_000, "us"
    )
    keys = np.arange(N)
    quotes = QuoteTable(
        quote_id=keys, event_id=keys, market_id=keys, market_key=np.full(N, "h2h"),
        selection_id=keys, side=np.full(N, "home"), line=np.full(N, np.nan),
        bookmaker_id=np.ones(N, np.int64), bookmaker_key=np.full(N, "book"), weight=np.ones(N),
        commission=np.zeros(N), is_archive=np.zeros(N, bool), price=price, last_update=moment,
        seen_at=moment, confirmed_at=moment, starts_at=moment + np.timedelta64(7, "h"),
    )  # fmt: skip
    slate = Slate(
        quotes=quotes, moment=moment, market_probability=fair, market_low=fair - 0.002,
        book_count=np.full(N, 8), model_probability=np.full(N, np.nan),
        model_weight=np.zeros(N), model_error=np.zeros(N),
    )  # fmt: skip
    # At what the prices say, so that nobody gets rich and every year stakes alike.
    won = (rng.random(N) < 1 / price) * 2
    return slate, Results(won, 2 - won, moment + np.timedelta64(10, "h"))


def plain_loop(slate: Slate, results: Results) -> float:
    """Return the final bankroll of the same strategy, one candidate after the other."""
    bank, today, day, open_bets = 1000.0, 0.0, None, []
    rows = zip(
        slate.moment.tolist(), slate.market_probability.tolist(), slate.quotes.price.tolist(),
        results.won_halves.tolist(), strict=True,
    )  # fmt: skip
    for moment, p, price, won in rows:
        if moment != day:
            bank += sum(open_bets)
            day, today, open_bets = moment, 0.0, []
        edge = p * price - 1
        if 0.02 <= edge <= 0.2:
            stake = min(0.25 * edge / (price - 1) * bank, 0.02 * bank, 0.1 * bank - today)
            if stake >= 1:
                today += stake
                open_bets.append(stake * (price - 1) if won else -stake)
    return bank + sum(open_bets)


def ours(slate: Slate, results: Results) -> float:
    """Return the processor seconds of deciding on and staking all candidates."""
    bounds = Bounds(max_drawdown_share=Bounds().max_drawdown_share * 4)
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        decisions = decide(slate, Configuration())
        plan = Configuration().plan
        simulate(
            slate,
            decisions,
            results,
            capital=100_000,
            bounds=bounds,
            plan=plan,
            # As if what was believed were the close: every breaker has something to read.
            close=slate.market_probability,
        )
        best = min(best, time.process_time() - begun)
    return best


def peers(slate: Slate, results: Results) -> dict[str, float]:
    """Return the processor seconds of each public library; none where they are not installed."""
    python = os.environ.get("FAIRLINE_BENCH_PEERS")
    if not python:
        return {}
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        np.savez(
            file,
            price=slate.quotes.price,
            probability=slate.market_probability,
            won=results.won_halves // 2,
            day=(slate.moment - slate.moment[0]) // np.timedelta64(86_400_000_000, "us"),
        )
        file.flush()
        done = subprocess.run(  # noqa: S603 - our own script
            [python, str(PEERS), file.name], capture_output=True, text=True, check=True
        )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> None:
    slate, results = made_up()
    mine = ours(slate, results)
    theirs = peers(slate, results)
    begun = time.process_time()
    plain_loop(slate, results)
    theirs["plain Python loop in floats, fewer gates, no event limit, no breaker"] = (
        time.process_time() - begun
    )
    mine = min(mine, ours(slate, results))
    for peer, seconds in theirs.items():
        say(
            "backtest, per candidate bet, limits and breakers",
            mine / N * 1e6,
            "us",
            peer,
            seconds / N * 1e6,
        )


if __name__ == "__main__":
    main()
