"""Stake a run of decisions in order, with the limits, the breaker and the cents of live betting.

Whole cents throughout, so that a backtest and the live path agree to the last one: the same
shares of Kelly, the same limits, the same rounding, one after the other in the same order.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from betting.domain.bankroll_run import BankrollRun, Payouts, Results
from betting.domain.costs import Filled
from betting.domain.judging import Decisions, Slate
from betting.domain.record import Record
from odds.domain.consensus import price_after_commission
from odds.domain.lines import quarters, settled_halves
from odds.domain.table import (
    BoolArray,
    FloatArray,
    IntArray,
    TextArray,
    line_codes,
    pair_codes,
)
from risk.domain.breakers import PERSONAL, Level, Trip
from risk.domain.exposure import ALONE, On, decided_by
from risk.domain.limits import Bounds
from risk.domain.staking import OWN, Plan, Sizes
from risk.domain.watching import Watch

DAY = np.timedelta64(86_400_000_000, "us")


@dataclass(frozen=True, slots=True)
class Simulated:
    """Bets in the order of settling: row of the slate, cents staked and earned. Shapes (m,).

    `refused` counts, by reason, recommended rows that were not staked. `trips` are the breakers
    that tripped, oldest first; one whose lock nobody ended is until NaT.
    """

    row: IntArray
    stake: IntArray
    profit: IntArray
    refused: Mapping[str, int]
    trips: tuple[Trip, ...] = ()


def halves(
    *,
    market_key: TextArray,
    side: TextArray,
    line: FloatArray,
    home_score: IntArray,
    away_score: IntArray,
    draw_offered: BoolArray,
) -> tuple[IntArray, IntArray]:
    """Return how many halves of a stake a final score wins and loses, per selection.

    The array version of `settlement.outcome_of`; `line` is from the home or over side. A market
    or line without a rule wins and loses nothing.

    >>> won, lost = halves(market_key=np.array(["totals", "spreads"]),
    ...     side=np.array(["over", "away"]), line=np.array([2.75, -3.0]),
    ...     home_score=np.array([2, 10]), away_score=np.array([1, 7]),
    ...     draw_offered=np.array([False, False]))
    >>> won.tolist(), lost.tolist()
    ([1, 0], [0, 0])
    """
    margin = (home_score - away_score).astype(np.int64)
    points = quarters(line)
    from_home = np.isin(side, ("home", "over"))
    is_total = np.isin(market_key, ("totals", "alternate_totals"))
    is_spread = np.isin(market_key, ("spreads", "alternate_spreads"))
    level = np.where(is_total, (home_score + away_score) * 4 - points, 0)
    level = np.where(is_spread, margin * 4 + points, level)
    ahead = np.where(from_home, level, -level)
    moneyline = np.isin(market_key, ("h2h", "h2h_3_way", "draw_no_bet"))
    straight = np.where(side == "home", margin, -margin)
    straight = np.where(side == "draw", np.where(margin == 0, 1, -1), straight)
    # A tie loses where the draw could have been bet on, and gives the stake back elsewhere.
    tie_loses = (draw_offered & (market_key == "h2h")) | (market_key == "h2h_3_way")
    straight = np.where((straight == 0) & tie_loses, -1, straight)
    ahead = np.where(moneyline, straight * 2, ahead)
    settled = moneyline | ((is_spread | is_total) & ~np.isnan(line))
    won, lost = settled_halves(np.where(settled, ahead, 0))
    return won.astype(np.int64), lost.astype(np.int64)


def simulate(
    slate: Slate,
    decisions: Decisions,
    results: Results,
    *,
    capital: int,
    bounds: Bounds,
    plan: Plan,
    filled: Filled | None = None,
    levels: Mapping[str, Level] = PERSONAL,
    close: FloatArray | None = None,
) -> Simulated:
    """Stake the recommended rows moment by moment and return what came of them.

    `filled` says at which price each row was had, or why it was not; without it the price that was
    decided on. Stakes are of that one, as they are asked for before the venue answers.

    At each moment first what is known by then is settled, and every breaker of `levels` read after
    each moment at which bets settled; then the moment's rows are staked, best edge first, one bet
    a market for ever (of a strategy with shares of its own all legs of a market and line, or none
    where a limit cuts one), trimmed by the limits, unless a breaker's lock is in force. One that
    trips on drawdown, at the level of `bounds`, stays: nobody lifts it. `close` (n,) is the
    margin-free closing probability, read of bets that settled; without it no CLV is known.
    `capital` is in cents; `plan` is how the strategy sizes its stakes.
    """
    refused: Counter[str] = Counter()
    recommended = np.flatnonzero(decisions.recommended)
    rows = recommended[~np.isnat(results.known_at[recommended])]
    refused["no_result"] = len(recommended) - len(rows)
    filled = filled or Filled(slate.quotes.price, np.full(len(slate), "", dtype=np.str_))
    why_not = filled.refusal[rows]
    rows = rows[why_not == ""]
    refused.update(why_not[why_not != ""].tolist())
    order = np.lexsort((slate.quotes.quote_id[rows], -decisions.edge[rows], slate.moment[rows]))
    rows = rows[order]
    net = price_after_commission(slate.quotes.price[rows], slate.quotes.commission[rows])
    payouts = Payouts.of(
        price=filled.price[rows],
        commission=slate.quotes.commission[rows],
        results=Results(*(getattr(results, name)[rows] for name in Results.__slots__)),
    )
    moments, first = np.unique(slate.moment[rows], return_index=True)
    days = (moments - np.datetime64(0, "us")) // DAY
    book = BankrollRun(
        capital,
        bounds,
        sizes=Sizes.of(
            plan,
            share=decisions.kelly_share[rows],
            kept=decisions.kept_part[rows],
            price=net,
            part=bounds.kelly_fraction,
        ),
        rounding=plan.rounding,
        known_at=results.known_at[rows].astype(np.int64),
        on=_stakes_on(slate, rows),
        market=np.unique(slate.quotes.market_id[rows], return_inverse=True)[1],
        leg=_legs(slate, rows) if plan.kind == OWN else None,
        payouts=payouts,
        watch=_watch(slate, rows, results, filled, close, levels, capital=capital, bounds=bounds),
    )
    ends = [*first[1:].tolist(), len(rows)][: len(first)]
    for moment, day, begin, end in zip(
        moments.astype(np.int64).tolist(), days.tolist(), first.tolist(), ends, strict=True
    ):
        book.settle(moment)
        if lock := book.watch.locked(moment):
            refused[lock] += end - begin
        else:
            book.stake(begin, end, day=day)
    book.settle(np.iinfo(np.int64).max)
    refused.update(book.refused)
    return Simulated(
        row=rows[np.array(book.done, dtype=np.int64)],
        stake=np.array(book.stakes, dtype=np.int64),
        profit=np.array(book.profits, dtype=np.int64),
        refused={why: n for why, n in refused.items() if n},
        trips=tuple(book.watch.trips),
    )


def record_of(
    slate: Slate,
    decisions: Decisions,
    results: Results,
    run: Simulated,
    *,
    close: FloatArray,
    filled: Filled | None = None,
) -> Record:
    """Return the bets of a run as a record; `close` (n,) is the margin-free closing probability."""
    row, quotes = run.row, slate.quotes
    price = (quotes.price if filled is None else filled.price)[row]
    net = price_after_commission(price, quotes.commission[row])
    won, lost = results.won_halves[row], results.lost_halves[row]
    return Record(
        stake=run.stake / 100,
        profit=run.profit / 100,
        price=net,
        probability=decisions.fair_probability[row],
        doubt=np.nan_to_num((decisions.edge - decisions.edge_low)[row]),
        clv=net * close[row] - 1.0,
        won=np.where(won + lost == 0, np.nan, np.where(won + lost == 1, 0.5, won / 2)),
        event=quotes.event_id[row],
        placed_at=slate.moment[row],
        settled_at=results.known_at[row],
        starts_at=quotes.starts_at[row],
    )


def _stakes_on(slate: Slate, rows: IntArray) -> list[On]:
    """Return what each row is on; a run is of one competition, so of one league.

    Where nothing else is on a row's event, all that counts of it is its bookmaker.
    """
    quotes = slate.quotes
    _, of, count = np.unique(quotes.event_id[rows], return_inverse=True, return_counts=True)
    books, book = np.unique(quotes.bookmaker_id[rows], return_inverse=True)
    alone = [On(ALONE, ALONE, 0, bookmaker) for bookmaker in books.tolist()]
    found = list(map(alone.__getitem__, book.tolist()))
    shared = np.flatnonzero(count[of] > 1)
    for place, on in zip(shared.tolist(), _shared_on(slate, rows[shared]), strict=True):
        found[place] = on
    return found


def _shared_on(slate: Slate, rows: IntArray) -> Iterator[On]:
    quotes = slate.quotes
    side = list(zip(quotes.market_key[rows].tolist(), quotes.side[rows].tolist(), strict=True))
    kinds = {kind: decided_by(*kind) for kind in {*side}}
    with_draw = np.unique(quotes.market_id[quotes.side == "draw"])
    thousandths = np.rint(quotes.price[rows] * 1000).astype(np.int64) - 1000
    kept = 10_000 - np.rint(quotes.commission[rows] * 10_000).astype(np.int64)
    axis, sign, is_straight = zip(*map(kinds.__getitem__, side), strict=True) if side else ((),) * 3
    return map(
        On,
        quotes.event_id[rows].tolist(),
        quotes.market_id[rows].tolist(),
        repeat(0),
        quotes.bookmaker_id[rows].tolist(),
        axis,
        sign,
        quarters(quotes.line[rows]).tolist(),
        is_straight,
        np.isin(quotes.market_id[rows], with_draw).tolist(),
        (thousandths * kept).tolist(),
    )


def _legs(slate: Slate, rows: IntArray) -> IntArray:
    quotes = slate.quotes
    return pair_codes(quotes.market_id[rows], line_codes(quotes.line[rows]))


def _watch(
    slate: Slate,
    rows: IntArray,
    results: Results,
    filled: Filled,
    close: FloatArray | None,
    levels: Mapping[str, Level],
    *,
    capital: int,
    bounds: Bounds,
) -> Watch:
    """Return the breakers that read these rows as they settle."""
    trip = float(bounds.max_drawdown_share)
    net = price_after_commission(filled.price[rows], slate.quotes.commission[rows])
    placed = slate.moment[rows].astype(np.int64)
    return Watch(
        {
            name: level._replace(trip=trip) if name == "drawdown" else level
            for name, level in levels.items()
        },
        capital=capital,
        begins=int(placed[0]) if len(rows) else 0,
        placed=placed.tolist(),
        known_at=results.known_at[rows].astype(np.int64).tolist(),
        clv=(net * (np.nan if close is None else close[rows]) - 1.0).tolist(),
    )
