"""Play a strategy over imported history: the live decision, the live limits, the live cents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.costs import Costs, fill
from betting.domain.decide import Slate, decide, market_slate
from betting.domain.judging import GATES, Decisions
from betting.domain.leaning import leaning_of, scatter_of
from betting.domain.performance import Performance, measure
from betting.domain.rules import plan_of
from betting.domain.simulate import Simulated, record_of, simulate
from betting.services.kept_bets import KeptBets
from betting.services.past import Past
from odds.domain.table import FloatArray, IntArray
from risk.domain.breakers import PERSONAL, Level
from risk.domain.limits import Bounds
from risk.domain.staking import OWN

CAPITAL = 1000_00


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a run: the figures, the bets, and what is kept of both."""

    performance: Performance
    bets: KeptBets
    summary: dict[str, Any]


def play(
    past: Past,
    configuration: Configuration,
    *,
    bounds: Bounds,
    levels: Mapping[str, Level] = PERSONAL,
    costs: Costs | None = None,
) -> Played:
    """Decide on the past, stake it, and measure what came of it.

    Commission is part of the decision, as it is known beforehand; latency, slippage and worse
    prices come after it.
    """
    costs = costs or Costs()
    if costs.commission:
        dearer = np.maximum(past.quotes.commission, costs.commission)
        past = replace(past, quotes=replace(past.quotes, commission=dearer))
    slate = slate_of_the_past(past, configuration)
    decisions = decide(slate, configuration)
    filled = fill(past.quotes, past.moment, costs)
    run = simulate(
        slate,
        decisions,
        past.results,
        capital=CAPITAL,
        bounds=bounds,
        plan=plan_of(configuration),
        filled=filled,
        levels=levels,
        close=past.close,
    )
    record = record_of(slate, decisions, past.results, run, close=past.close, filled=filled)
    done = measure(record, capital=CAPITAL / 100)
    quotes = past.quotes
    bets = KeptBets(
        record,
        {
            "bookmaker": quotes.bookmaker_key[run.row],
            "market": quotes.market_key[run.row],
            "selection": quotes.side[run.row],
            "season": record.starts_at.astype("datetime64[Y]").astype(np.str_),
        },
    )
    summary = summary_of(done) | {
        "prices": len(past),
        "decisions": int((decisions.edge >= configuration.min_edge).sum()),
        "recommended": int(decisions.recommended.sum()),
        "passed": passed_over(decisions, least=configuration.min_edge),
        "refused": dict(run.refused),
        "locks": locks_of(run),
    }
    # What one leg of an arbitrage earns says nothing of its book.
    leaning = None
    if plan_of(configuration).kind != OWN:
        spread = scatter_of(quotes.bookmaker_key, quotes.price, slate.market_probability)
        leaning = leaning_of(bets.labels["bookmaker"], record.profit, spread)
    if leaning is not None:
        summary["leans_on"] = {
            "bookmaker": leaning.bookmaker,
            "share": round(leaning.share, 6),
            "bets": leaning.bets,
            "rest": round(leaning.rest, 2),
            "scatter": None if leaning.scatter is None else round(leaning.scatter, 6),
            "sentence": leaning.sentence,
        }
        summary["verdict"] = f"{done.verdict} {leaning.sentence}"
    return Played(done, bets, summary)


def locks_of(run: Simulated) -> list[dict[str, Any]]:
    """Return the breakers that tripped, oldest first; one whose lock nobody ended is until None."""
    return [
        {
            "breaker": trip.breaker,
            "at": str(trip.at),
            "until": None if np.isnat(trip.until) else str(trip.until),
            "figure": round(trip.figure, 6),
        }
        for trip in run.trips
    ]


def passed_over(decisions: Decisions, *, least: float) -> dict[str, int]:
    """Return, by gate, how many prices with edge enough failed it; one price may fail several."""
    passes = decisions.passes[decisions.edge >= least]
    counts = {gate: int((passes >> bit & 1).sum()) for bit, gate in enumerate(GATES)}
    return {gate: count for gate, count in counts.items() if count}


def bounds_of(limits: Mapping[str, Any]) -> Bounds:
    """Return limits as a backtest keeps them; what it does not name has its default."""
    kinds = {name: type(getattr(Bounds(), name)) for name in Bounds.__slots__}
    read: dict[str, Any] = {
        name: Decimal(str(value)) if kinds[name] is Decimal else kinds[name](value)
        for name, value in limits.items()
        if name in kinds
    }
    return Bounds(**read)


def levels_of(kept: Mapping[str, Sequence[float]] | None) -> dict[str, Level]:
    """Return the levels of breakers as a backtest keeps them; the defaults where it kept none."""
    if kept is None:
        return dict(PERSONAL)
    return {name: Level(warn, trip, int(hours)) for name, (warn, trip, hours) in kept.items()}


def limits_of(bounds: Bounds) -> dict[str, str]:
    """Return limits as a backtest keeps them."""
    return {name: str(getattr(bounds, name)) for name in Bounds.__slots__}


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
        "finding": done.finding.finding.value,
        "luck": number(done.luck),
        "bets_needed": done.bets_needed,
        "profit_factor": number(done.profit_factor),
        "sharpe": number(done.ratios.sharpe),
        "sortino": number(done.ratios.sortino),
        "calmar": number(done.ratios.calmar),
        "days_under_water": number(done.water.longest),
        "share_under_water": number(done.water.share),
        "longest_won": done.streaks.won,
        "longest_lost": done.streaks.lost,
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
