"""Seasons whose truth is known, played by the live decision: is an edge found where there is one?

The simulator's edge market has prices that pay more than they should, its efficient one has none.
Everything is a function of the seed: no database, no clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from betting.domain.bankroll_run import Results
from betting.domain.configuration import Configuration
from betting.domain.decide import decide, market_slate
from betting.domain.judging import Decisions, Slate
from betting.domain.luck import Finding
from betting.domain.performance import Performance, measure
from betting.domain.simulate import Simulated, halves, record_of, simulate
from odds.domain.consensus import consensus
from odds.domain.table import FloatArray, IntArray, QuoteTable
from odds.simulator.boards import Sport
from odds.simulator.slates import true_slate
from odds.simulator.sports import SPORTS
from risk.domain.limits import Bounds

BEGINS = 1.5e9
DAY_SECONDS = 86_400
HOURS_BEFORE = 2.9
CLOSES_BEFORE = 0.02
CAPITAL = 1000_00
AFTERWARDS = np.timedelta64(3 * 3_600_000_000, "us")
# Without a breaker: a market is judged by all that is bet on it, not by where a run was stopped.
BOUNDS = Bounds(max_drawdown_share=Decimal("0.9999"))


@dataclass(frozen=True, slots=True)
class Season:
    """What came of one seed: the performance, and the yield that the truth was worth."""

    seed: int
    performance: Performance
    true_yield: float | None

    @property
    def is_in_band(self) -> bool:
        """Return whether the profit lies in the 95 % band that was predicted before the results."""
        done = self.performance
        if done.expected_low is None or done.expected_high is None:
            return False
        return done.expected_low <= done.profit <= done.expected_high

    @property
    def shows_skill(self) -> bool:
        """Return whether the verdict speaks of skill."""
        return self.performance.finding.finding is Finding.SKILL


def strategy_seasons(
    seeds: Iterator[int] | range, *, days: int, is_efficient: bool
) -> Iterator[Season]:
    """Yield what the shipped consensus strategy makes of each seed's basketball season."""
    configuration = Configuration()
    for seed in seeds:
        yield _played(seed, days=days, is_efficient=is_efficient, configuration=configuration)


def bettor_seasons(seeds: Iterator[int] | range, *, days: int) -> Iterator[Season]:
    """Yield what a bettor without skill makes of the efficient market of each seed.

    A side of every event drawn by the seed, at the best price that any book offers, one stake
    each: many bets without an edge, where the strategy itself finds hardly one to make.
    """
    for seed in seeds:
        world = _world(seed, days=days, is_efficient=True)
        yield _season(world, world.chosen_by_chance(seed))


@dataclass(frozen=True, slots=True)
class _World:
    seed: int
    slate: Slate
    decisions: Decisions
    results: Results
    close: FloatArray
    truth: FloatArray

    def chosen_by_chance(self, seed: int) -> Simulated:
        quotes = self.slate.quotes
        net = quotes.price - (quotes.price - 1.0) * quotes.commission
        draw = np.random.default_rng(seed)
        events = np.unique(quotes.event_id)
        side = np.array(["home", "away"])[draw.integers(0, 2, len(events))]
        wanted = quotes.side == side[np.searchsorted(events, quotes.event_id)]
        order = np.lexsort((-net, quotes.event_id))
        order = order[wanted[order] & (quotes.market_key[order] == "h2h")]
        _, first = np.unique(quotes.event_id[order], return_index=True)
        rows = order[first]
        rows = rows[np.argsort(self.results.known_at[rows], kind="stable")]
        stake = np.full(len(rows), 10_00)
        won = self.results.won_halves[rows] == 2
        profit = np.where(won, np.rint(stake * (net[rows] - 1.0)), -stake).astype(np.int64)
        return Simulated(row=rows, stake=stake, profit=profit, refused={})


def _played(seed: int, *, days: int, is_efficient: bool, configuration: Configuration) -> Season:
    world = _world(seed, days=days, is_efficient=is_efficient, configuration=configuration)
    run = simulate(
        world.slate,
        world.decisions,
        world.results,
        capital=CAPITAL,
        bounds=BOUNDS,
        plan=configuration.plan,
        close=world.close,
    )
    return _season(world, run)


def _season(world: _World, run: Simulated) -> Season:
    record = record_of(world.slate, world.decisions, world.results, run, close=world.close)
    staked = record.stake.sum()
    true = float((record.stake * (world.truth[run.row] * record.price - 1.0)).sum())
    return Season(
        seed=world.seed,
        performance=measure(record, capital=CAPITAL / 100),
        true_yield=true / float(staked) if staked else None,
    )


def _world(
    seed: int, *, days: int, is_efficient: bool, configuration: Configuration | None = None
) -> _World:
    sport: Sport = SPORTS[0]
    number = sport.numbers(BEGINS, BEGINS + days * DAY_SECONDS)
    true = true_slate(sport, seed, number, hours_before=HOURS_BEFORE, is_efficient=is_efficient)
    at_close = true_slate(
        sport, seed, number, hours_before=CLOSES_BEFORE, is_efficient=is_efficient
    ).quotes
    quotes = true.quotes
    home, away = sport.final_scores(seed, number)
    slate = market_slate(quotes, quotes.confirmed_at, configuration or Configuration())
    return _World(
        seed=seed,
        slate=slate,
        decisions=decide(slate, configuration or Configuration()),
        results=_results(quotes, number, home, away),
        close=_close_of(quotes, at_close),
        truth=true.truth,
    )


def _results(quotes: QuoteTable, number: IntArray, home: IntArray, away: IntArray) -> Results:
    at = np.searchsorted(number, quotes.event_id)
    won, lost = halves(
        market_key=quotes.market_key,
        side=quotes.side,
        line=quotes.line,
        home_score=home[at],
        away_score=away[at],
        draw_offered=np.zeros(len(quotes), np.bool_),
    )
    return Results(won, lost, quotes.starts_at + AFTERWARDS)


def _close_of(quotes: QuoteTable, at_close: QuoteTable) -> FloatArray:
    """Return the margin-free closing probability of each quote's selection, NaN without one."""
    said = consensus(at_close, method=Configuration().margin_methods[0])
    rows = said.rows_of(quotes.selection_id)
    return np.where(rows >= 0, said.probability[rows], np.nan)
