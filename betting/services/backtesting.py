"""Run a strategy over imported history: the live decision, the live limits, the live cents."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from django.db import connection

from betting.domain.configuration import Configuration
from betting.domain.decide import Slate, decide, market_view
from betting.domain.performance import Performance, Record, measure
from betting.domain.simulate import Results, Simulated, halves, simulate
from betting.models import Backtest, Strategy
from models_registry.services.training import code_version
from odds.domain.consensus import consensus, price_after_commission
from odds.domain.table import FloatArray, IntArray, QuoteTable, TimeArray
from risk.domain.limits import Bounds

CAPITAL = 1000_00
CHUNK = timedelta(days=60)

# Every look of a source at a market before the start, with each price as it stood at that look.
_LOOKS = """
SELECT q.id, e.id, m.id, m.key, s.id, s.side,
       (CASE WHEN s.side = 'away' THEN -s.point ELSE s.point END)::float8,
       b.id, b.key, b.weight, b.commission_share::float8, c.price::float8,
       (extract(epoch FROM c.last_update) * 1000000)::bigint,
       (extract(epoch FROM c.seen_at) * 1000000)::bigint,
       (extract(epoch FROM g.seen_at) * 1000000)::bigint,
       (extract(epoch FROM e.starts_at) * 1000000)::bigint,
       CASE WHEN e.status = 'finished' THEN e.home_score END,
       CASE WHEN e.status = 'finished' THEN e.away_score END,
       (extract(epoch FROM e.result_seen_at) * 1000000)::bigint,
       EXISTS (SELECT 1 FROM odds_selection d WHERE d.market_id = m.id AND d.side = 'draw'),
       -- A close that knows nothing later than this look would only repeat the claimed edge.
       CASE WHEN close.last_update > g.seen_at THEN close.fair_probability END
FROM odds_event e
JOIN odds_competition k ON k.id = e.competition_id AND k.key = %(competition)s
JOIN (SELECT DISTINCT event_id, market_key, seen_at, bookmaker_ids FROM odds_sighting) g
  ON g.event_id = e.id AND g.seen_at < e.starts_at
JOIN odds_market m ON m.event_id = e.id AND m.key = g.market_key
JOIN odds_selection s ON s.market_id = m.id
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id AND NOT b.is_archive
CROSS JOIN LATERAL (
    SELECT price, last_update, seen_at FROM odds_pricechange
    WHERE quote_id = q.id AND seen_at <= g.seen_at AND seen_at >= %(after)s - interval '30 days'
    ORDER BY seen_at DESC LIMIT 1
) c
LEFT JOIN odds_closingprice close ON close.selection_id = s.id
WHERE e.starts_at >= %(after)s AND e.starts_at < %(before)s AND e.status <> 'cancelled'
  AND m.key = ANY(%(markets)s) AND c.price IS NOT NULL
  AND (g.bookmaker_ids IS NULL OR b.id = ANY(g.bookmaker_ids))
ORDER BY g.seen_at, q.id
"""


@dataclass(frozen=True, slots=True)
class Past:
    """Looks at a competition's markets and what became of the events, columns (n,).

    `close` is the margin-free closing probability, NaN where there is none. Neither it nor
    `results` reaches the decision.
    """

    quotes: QuoteTable
    moment: TimeArray
    results: Results
    close: FloatArray

    def __len__(self) -> int:
        return len(self.quotes)

    def fingerprint(self) -> str:
        """Return the SHA-256 of everything a run over it depends on, whatever the keys."""
        digest = hashlib.sha256()
        q = self.quotes
        columns = (q.market_key, q.side, q.line, q.bookmaker_key, q.price, q.weight, q.commission)
        for column in (*columns, q.starts_at, self.moment, self.results.won_halves, self.close):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


class NothingToRun(Exception):
    """No prices of that competition in that stretch."""


def run_backtest(
    *,
    strategy_key: str,
    competition_key: str,
    starts_on: date,
    ends_on: date,
    now: datetime,
    by_id: int | None = None,
    bounds: Bounds | None = None,
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
    bounds = bounds or Bounds()
    done, summary = play(past, configuration, bounds=bounds)
    backtest = Backtest.objects.create(
        strategy_key=strategy_key,
        configuration=configuration.to_json()
        | {"limits": {name: str(getattr(bounds, name)) for name in Bounds.__slots__}},
        competition_key=competition_key,
        starts_on=starts_on,
        ends_on=ends_on,
        data_hash=past.fingerprint(),
        code_version=code_version(),
        started_at=now,
        finished_at=now,
        by_id=by_id,
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
        kelly_part=configuration.kelly_fraction,
    )
    done = measure(_record(past, run, decisions.fair_probability), capital=CAPITAL / 100)
    summary = summary_of(done) | {
        "decisions": int((decisions.edge >= configuration.min_edge).sum()),
        "recommended": int(decisions.recommended.sum()),
        "refused_by_limits": run.refused,
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
    opinions = [consensus(alone, method=method) for method in configuration.margin_methods]
    market, low, count = market_view(alone, opinions)
    return Slate(
        quotes=quotes,
        moment=past.moment,
        market_probability=market,
        market_low=low,
        book_count=count,
        model_probability=np.full(len(quotes), np.nan),
        model_weight=np.zeros(len(quotes)),
        model_error=np.zeros(len(quotes)),
        held=np.zeros(len(quotes), dtype=np.bool_),
    )


def _pair(look: IntArray, key: IntArray) -> IntArray:
    kinds, code = np.unique(key, return_inverse=True)
    return np.asarray(look.astype(np.int64) * len(kinds) + code, dtype=np.int64)


def _record(past: Past, run: Simulated, fair: FloatArray) -> Record:
    row, quotes = run.row, past.quotes
    net = price_after_commission(quotes.price[row], quotes.commission[row])
    won, lost = past.results.won_halves[row], past.results.lost_halves[row]
    return Record(
        stake=run.stake / 100,
        profit=run.profit / 100,
        price=net,
        probability=fair[row],
        clv=net * past.close[row] - 1.0,
        won=np.where(won + lost == 0, np.nan, np.where(won + lost == 1, 0.5, won / 2)),
    )


def read_past(
    competition_key: str,
    starts_on: date,
    ends_on: date,
    market_keys: tuple[str, ...],
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Past:
    """Return every look at a competition's markets over events of a stretch of days, UTC.

    Raises:
        NothingToRun: if there is none.
    """
    after = datetime.combine(starts_on, time(), tzinfo=UTC)
    end = datetime.combine(ends_on + timedelta(days=1), time(), tzinfo=UTC)
    rows: list[tuple[Any, ...]] = []
    while after < end:
        before = min(after + CHUNK, end)
        with connection.cursor() as cursor:
            cursor.execute(
                _LOOKS,
                {
                    "competition": competition_key,
                    "after": after,
                    "before": before,
                    "markets": list(market_keys),
                },
            )
            rows += cursor.fetchall()
        progress(f"{competition_key} until {before:%Y-%m-%d}: {len(rows):,} prices")
        after = before
    if not rows:
        raise NothingToRun(
            f"competition: no prices of {competition_key} between {starts_on} and {ends_on}; "
            "import some, or name another."
        )
    return _past(rows)


def _past(rows: list[tuple[Any, ...]]) -> Past:
    c = list(zip(*rows, strict=True))
    line = np.array(c[6], np.float64)
    key, side = np.array(c[3], np.str_), np.array(c[5], np.str_)
    scores = [np.array([-1 if v is None else v for v in c[i]], np.int64) for i in (16, 17)]
    known = _moments(c[18])
    known[scores[0] < 0] = np.datetime64("NaT")
    won, lost = halves(
        market_key=key,
        side=side,
        line=line,
        home_score=scores[0],
        away_score=scores[1],
        draw_offered=np.array(c[19], np.bool_),
    )
    moment = _moments(c[14])
    quotes = QuoteTable(
        quote_id=np.array(c[0], np.int64),
        event_id=np.array(c[1], np.int64),
        market_id=np.array(c[2], np.int64),
        market_key=key,
        selection_id=np.array(c[4], np.int64),
        side=side,
        line=line,
        bookmaker_id=np.array(c[7], np.int64),
        bookmaker_key=np.array(c[8], np.str_),
        weight=np.array(c[9], np.float64),
        commission=np.array(c[10], np.float64),
        is_archive=np.zeros(len(rows), np.bool_),
        price=np.array(c[11], np.float64),
        last_update=_moments(c[12]),
        seen_at=_moments(c[13]),
        confirmed_at=moment,
        starts_at=_moments(c[15]),
    )
    return Past(quotes, moment, Results(won, lost, known), np.array(c[20], np.float64))


def _moments(micros: tuple[int | None, ...]) -> TimeArray:
    missing = np.iinfo(np.int64).min
    return np.array([missing if v is None else v for v in micros], np.int64).view("datetime64[us]")


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
