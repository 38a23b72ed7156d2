"""Every outcome of a market at its best price, where together they leave the bettor a profit.

With the best net prices p, each outcome is taken for (1 / p) / sum(1 / p): the stakes that pay
the same whatever happens. Each leg's edge is then the certain profit 1 / sum(1 / p) - 1.
"""

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.judging import (
    BIT,
    Decisions,
    Slate,
    age_in_minutes,
    best_of_each,
    judge,
    line_market_codes,
)
from betting.domain.rules.base import Rule, Setting
from odds.domain.arbitrage import DRAW_NO_BET
from odds.domain.consensus import price_after_commission
from odds.domain.table import BoolArray, FloatArray, IntArray

BIT_OF_SIDE = {"home": 1, "away": 2, "draw": 4, "over": 8, "under": 16}
TWO_WAY, THREE_WAY, TOTAL = 1 + 2, 1 + 2 + 4, 8 + 16


def decide(slate: Slate, configuration: Configuration) -> Decisions:
    """Take every leg of each whole market whose best standing prices earn whatever happens.

    A leg too old, too long or too short makes no arbitrage: the next best price is tried. Whether
    the draw is an outcome is decided by anybody offering it, stale or not.
    """
    quotes = slate.quotes
    net = price_after_commission(quotes.price, quotes.commission)
    usable = np.isin(quotes.market_key, configuration.market_keys) & ~quotes.is_archive
    usable &= (quotes.starts_at > slate.moment) & (net > 1.0)
    usable &= age_in_minutes(slate) <= configuration.max_quote_age
    usable &= (quotes.price >= configuration.min_price) & (quotes.price <= configuration.max_price)
    rows = np.flatnonzero(usable)
    best = best_of_each(quotes, rows, net, slate.moment, quotes.selection_id)
    book = line_market_codes(slate)
    total = _sums(book, np.where(best, 1.0 / np.where(best, net, 1.0), 0.0))[book]
    whole = best & _is_whole(slate, book, best)
    with np.errstate(divide="ignore"):
        fair = np.where(whole, 1.0 / (net * total), np.nan)
    share = fair * RULE.setting(configuration, "outlay")
    done = judge(slate, configuration, fair=fair, low=fair, stake_share=share, one_a_market=False)
    return _all_or_none(done, book, whole)


def _is_whole(slate: Slate, book: IntArray, best: BoolArray) -> BoolArray:
    """Return which rows are of a market and line that has a best price for every outcome."""
    quotes = slate.quotes
    side = np.zeros(len(slate))
    for name, bit in BIT_OF_SIDE.items():
        side[quotes.side == name] = bit
    # One row a side is best, so the bits add up to the set.
    offered = _sums(book, np.where(best, side, 0.0))[book]
    has_draw = np.isin(quotes.market_id, quotes.market_id[quotes.side == "draw"])
    two = (offered == TWO_WAY) & ~has_draw
    # A line that returns stakes earns nothing on its score, but never loses.
    sure = two | (offered == THREE_WAY) | (offered == TOTAL)
    return np.asarray(sure & (quotes.market_key != DRAW_NO_BET))


def _all_or_none(done: Decisions, book: IntArray, whole: BoolArray) -> Decisions:
    """Recommend no leg of a market of which another leg fails a gate."""
    failed = _sums(book, (whole & (done.passes != 0)).astype(np.float64))[book] > 0
    torn = failed & (done.passes == 0)
    recommended = done.recommended & ~torn
    return Decisions(
        fair_probability=done.fair_probability,
        edge=done.edge,
        edge_low=done.edge_low,
        age=done.age,
        passes=np.where(torn, int(BIT["not_best"]), done.passes),
        recommended=recommended,
        kelly_share=np.where(recommended, done.kelly_share, 0.0),
        kept_part=done.kept_part,
        stake_share=np.where(recommended, done.stake_share, 0.0),
    )


def _sums(code: IntArray, values: FloatArray) -> FloatArray:
    size = int(code.max()) + 1 if len(code) else 0
    return np.bincount(code, weights=values, minlength=size).astype(np.float64)


def reason(slate: Slate, decisions: Decisions, configuration: Configuration, row: int) -> str:
    """Say what all legs together earn."""
    if not decisions.edge[row] > 0:
        return ""
    return (
        f"A leg of an arbitrage: all outcomes at their best prices earn "
        f"{decisions.edge[row]:.2%} of the outlay whatever happens, if every leg is taken."
    )


RULE = Rule(
    key="arbitrage",
    title="Arbitrage",
    summary="Takes every outcome of a market where the best prices, if all are taken, return more "
    "than their stakes.",
    decide=decide,
    reason=reason,
    settings={
        "outlay": Setting(0.02, 0.0001, 1.0, "share of equity that all legs take together"),
    },
    takes_all_legs=True,
)
