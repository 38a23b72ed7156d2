"""Run a strategy over imported history: the live decision, the live limits, the live cents."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.decide import Slate, decide, market_slate
from betting.domain.performance import Performance, measure
from betting.domain.rules import plan_of
from betting.domain.simulate import record_of, simulate
from betting.models import Backtest, Strategy
from betting.services.past import NothingToRun, Past, read_past
from models_registry.code import code_version
from odds.domain.table import FloatArray, IntArray
from risk.domain.limits import Bounds

CAPITAL = 1000_00


def run_backtest(
    *,
    strategy_key: str,
    competition_key: str,
    starts_on: date,
    ends_on: date,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Backtest, Performance]:
    """Run a strategy over a stretch of history (days included), store and return the result.

    The same history, configuration and code give the same figures. A strategy with a model is
    refused: its predictions of the past are the replay's work.

    Raises:
        Strategy.DoesNotExist: if there is no such strategy.
        NothingToRun: if nothing was imported for that stretch, or the strategy needs a model.
    """
    strategy = Strategy.objects.get(key=strategy_key)
    configuration = Configuration.from_json(strategy.configuration)
    if configuration.model_weight > 0:
        raise NothingToRun(
            f"strategy: {strategy_key} blends in a model; `replay --strategy {strategy_key}` "
            "trains versions that knew no more than their day, and plays it."
        )
    past = read_past(
        competition_key, starts_on, ends_on, configuration.market_keys, progress=progress
    )
    progress(f"{len(past):,} prices read; deciding")
    bounds = Bounds()
    done, summary = play(past, configuration, bounds=bounds)
    backtest = Backtest.objects.create(
        strategy_key=strategy_key,
        version=strategy.versions.get(number=strategy.version),
        configuration=configuration.to_json()
        | {"limits": {name: str(getattr(bounds, name)) for name in Bounds.__slots__}},
        competition_key=competition_key,
        starts_on=starts_on,
        ends_on=ends_on,
        data_hash=past.fingerprint(),
        code_version=code_version(),
        started_at=now,
        finished_at=now,
        summary=summary | {"prices": len(past)},
    )
    return backtest, done


def play(
    past: Past, configuration: Configuration, *, bounds: Bounds
) -> tuple[Performance, dict[str, Any]]:
    """Decide on the past, stake it, and measure what came of it."""
    slate = slate_of_the_past(past, configuration)
    decisions = decide(slate, configuration)
    run = simulate(
        slate,
        decisions,
        past.results,
        capital=CAPITAL,
        bounds=bounds,
        plan=plan_of(configuration),
    )
    record = record_of(slate, decisions, past.results, run, close=past.close)
    done = measure(record, capital=CAPITAL / 100)
    summary = summary_of(done) | {
        "decisions": int((decisions.edge >= configuration.min_edge).sum()),
        "recommended": int(decisions.recommended.sum()),
        "refused": dict(run.refused),
        "halted_at": None if run.tripped_at is None else str(run.tripped_at),
    }
    return done, summary


def slate_of_the_past(past: Past, configuration: Configuration) -> Slate:
    """Return one slate of all looks; each look has its own consensus, as if it were alone."""
    quotes = past.quotes
    # Within one look a selection is itself; the same selection at another look is another.
    _, look = np.unique(past.moment, return_inverse=True)
    alone = replace(
        quotes,
        selection_id=_pair(look, quotes.selection_id),
        market_id=_pair(look, quotes.market_id),
    )
    return replace(market_slate(alone, past.moment, configuration), quotes=quotes)


def _pair(look: IntArray, key: IntArray) -> IntArray:
    kinds, code = np.unique(key, return_inverse=True)
    return np.asarray(look.astype(np.int64) * len(kinds) + code, dtype=np.int64)


def summary_of(done: Performance) -> dict[str, Any]:
    """Return a performance as JSON, figures rounded for reading; None where nothing can be said."""

    def number(value: float | None) -> float | None:
        return None if value is None or not np.isfinite(value) else round(value, 6)

    interval = {
        name: None
        if given is None
        else {
            "value": number(given.value),
            "low": number(given.low),
            "high": number(given.high),
            "bets": given.count,
        }
        for name, given in (("yield", done.yield_), ("clv", done.clv))
    }
    return {
        "bets": done.bets,
        "staked": round(done.staked, 2),
        "profit": round(done.profit, 2),
        **interval,
        "clv_beaten": number(done.clv_beaten),
        "roi": number(done.roi),
        "turnover": number(done.turnover),
        "hit_rate": number(done.hit_rate),
        "average_price": number(done.average_price),
        "expected_profit": number(done.expected_profit),
        "expected_low": number(done.expected_low),
        "expected_high": number(done.expected_high),
        "max_drawdown": number(done.max_drawdown),
        "final_equity": round(float(done.equity[-1]), 2),
        "equity": [round(float(value), 2) for value in _thinned(done.equity)],
        "verdict": done.verdict,
    }


def _thinned(equity: FloatArray, most: int = 500) -> FloatArray:
    if len(equity) <= most:
        return equity
    chosen = np.unique(np.linspace(0, len(equity) - 1, most).astype(int))
    return np.asarray(equity[chosen], dtype=np.float64)
