"""What the bookmakers together think an outcome is worth, margins taken out.

Per market and line: every book that prices all outcomes gives its own margin-free probabilities;
their log-odds are averaged with the books' weights, and the averages of one market and line are
scaled to sum to one. docs/algorithms/consensus.md has a worked table.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import numpy as np

from odds.domain.freshness import SLOW
from odds.domain.margins import is_worst_case, remove_margin
from odds.domain.table import (
    NO_REFERENCE,
    BoolArray,
    FloatArray,
    IntArray,
    QuoteTable,
    TextArray,
    TimeArray,
    line_codes,
    pair_codes,
)

SIDES = np.array(["away", "draw", "home", "over", "under"])
# The sets of outcomes a market can have, as columns of SIDES; a book with any other set is skipped.
OUTCOMES = ([0, 2], [3, 4], [0, 1, 2])
# Disagreement (standard deviation in log-odds) that we assume before seeing any: a single book
# must not look certain. 0.05 is 1.2 points of probability at evens.
PRIOR_DISAGREEMENT = 0.05
# A book that is looked at no longer, or looks no longer itself, says what was worth then: beside
# the others of now it would make a moved price look like an edge.
BEHIND = SLOW // timedelta(microseconds=1)
LAY_SUFFIX = "_lay"
# A method's name that means: whatever the pricing rule of each row's sport says.
BY_SPORT = "by_sport"
METHOD_WITHOUT_RULE = "shin"


Number = TypeVar("Number", float, FloatArray)


@dataclass(frozen=True, slots=True)
class Consensus:
    """One row a selection, in order of selection_id, all columns of one length.

    `low` and `high` are one standard error of the weighted mean below and above `probability`;
    `book_count` the books used; `newest_update` the newest book time (or sighting) among them.
    The books' width: `lowest` and `highest` of their probabilities, `disagreement` the weighted
    standard deviation of their log-odds. `reference` is the book whose price alone is the
    probability, by the sport's pricing rule, or empty where all spoke.
    """

    selection_id: IntArray
    market_id: IntArray
    market_key: TextArray
    event_id: IntArray
    side: TextArray
    line: FloatArray
    probability: FloatArray
    low: FloatArray
    high: FloatArray
    book_count: IntArray
    newest_update: TimeArray
    lowest: FloatArray
    highest: FloatArray
    disagreement: FloatArray
    reference: TextArray

    def __len__(self) -> int:
        return len(self.selection_id)

    def rows_of(self, selection_ids: IntArray) -> IntArray:
        """Return each selection's row here, or -1 where no book priced it."""
        if not len(self):
            return np.full(len(selection_ids), -1, dtype=np.int64)
        rows = np.minimum(np.searchsorted(self.selection_id, selection_ids), len(self) - 1)
        return np.where(self.selection_id[rows] == selection_ids, rows, -1)


def price_after_commission(price: Number, commission: Number) -> Number:
    """Return what a price, or an array of them, pays once the exchange took its share.

    >>> price_after_commission(np.array([3.0]), np.array([0.05]))
    array([2.9])
    """
    return 1.0 + (price - 1.0) * (1.0 - commission)


def probability_by_book(table: QuoteTable, *, method: str) -> FloatArray:
    """Return each row's margin-free probability as its own book sees it, shape (n,).

    Commission comes off before the margin. NaN means that the book has no opinion: it prices
    only part of the market's outcomes (most books decide what these are), or it is a lay market.
    `method` is what `margins.read_method` reads, or BY_SPORT.
    """
    answer = np.full(len(table), np.nan)
    if method == BY_SPORT:
        if table.margin_method is None:
            return probability_by_book(table, method=METHOD_WITHOUT_RULE)
        # The books of one market are of one sport, so no book is torn apart here.
        for each in np.unique(table.margin_method):
            of_rule = table.margin_method == each
            answer[of_rule] = probability_by_book(table.where(of_rule), method=str(each))
        return answer
    net = price_after_commission(table.price, table.commission)
    usable = (net > 1.0) & np.isfinite(net) & np.isin(table.side, SIDES)
    usable &= ~np.char.endswith(table.market_key.astype(np.str_), LAY_SUFFIX)
    rows = np.flatnonzero(usable)
    if not len(rows):
        return answer
    line = line_codes(table.line[rows])
    market_line = pair_codes(table.market_id[rows], line)
    book = pair_codes(market_line, table.bookmaker_id[rows])
    book_count = int(book.max()) + 1
    side = np.searchsorted(SIDES, table.side[rows].astype(np.str_))

    prices = np.full((book_count, len(SIDES)), np.nan)
    prices[book, side] = net[rows]
    group = np.zeros(book_count, dtype=np.int64)
    group[book] = market_line
    whole = _prices_all_outcomes(~np.isnan(prices), group)
    probability = np.full_like(prices, np.nan)
    # Two-way books, nearly all, go as two columns: half the work, and closed forms apply.
    for columns in OUTCOMES:
        fits = whole & ((~np.isnan(prices)).sum(axis=1) == len(columns))
        fits &= ~np.isnan(prices[:, columns]).any(axis=1)
        cells = np.ix_(fits, columns)
        probability[cells] = remove_margin(prices[cells], method)
    answer[rows] = probability[book, side]
    return answer


def consensus(table: QuoteTable, *, method: str) -> Consensus:
    """Return the weighted consensus of a slate, one row a selection that any whole book prices.

    `method` is as in `probability_by_book`. Weights are the table's; a book of weight 0 is not
    `heard`, nor one whose price was last known to stand more than `BEHIND` before the newest of the
    same market and line. Where the sport's pricing rule names reference books, the first of them
    that prices a market and line gives its probability alone; all books still give its width.

    The probabilities of one market and line sum to one, or less where the method is a worst case.

    The spread of the books widens `low` and `high`: with weights w, log-odds x, their weighted
    mean m and n books, the standard error is
    sqrt((var_w(x) + PRIOR_DISAGREEMENT**2 / n) * sum(w**2)) / sum(w).
    """
    by_book = probability_by_book(table, method=method)
    voice = heard(table, by_book)
    table, by_book = table.where(voice), by_book[voice]
    selection_id, first, position = np.unique(
        table.selection_id, return_index=True, return_inverse=True
    )
    size = len(selection_id)

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(position, weights=values, minlength=size).astype(np.float64)

    weight = table.weight
    log_odds = np.log(by_book / (1.0 - by_book))
    weight_sum = total(weight)
    mean = total(weight * log_odds) / weight_sum
    variance = total(weight * (log_odds - mean[position]) ** 2) / weight_sum
    count = np.bincount(position, minlength=size).astype(np.int64)
    error = np.sqrt((variance + PRIOR_DISAGREEMENT**2 / np.maximum(count, 1)) * total(weight**2))
    error /= weight_sum

    market_line = pair_codes(table.market_id[first], line_codes(table.line[first]))
    spoken, reference = _by_reference(table, log_odds, position, market_line, mean)
    unscaled = _probability(spoken)
    scale = np.bincount(market_line, weights=unscaled)[market_line] if size else unscaled
    # Worst cases leave something out on purpose: they are never scaled up.
    scale = np.where(_is_worst_case(table, method)[first], np.maximum(scale, 1.0), scale)
    probability = unscaled / scale
    centre = np.log(probability / (1.0 - probability))
    return Consensus(
        selection_id=selection_id,
        market_id=table.market_id[first],
        market_key=table.market_key[first],
        event_id=table.event_id[first],
        side=table.side[first],
        line=table.line[first],
        probability=probability,
        low=_probability(centre - error),
        high=_probability(centre + error),
        book_count=count,
        newest_update=_newest(table, position, size),
        lowest=_extreme(np.fmin, by_book, position, size),
        highest=_extreme(np.fmax, by_book, position, size),
        disagreement=np.sqrt(variance),
        reference=reference,
    )


def heard(table: QuoteTable, by_book: FloatArray) -> BoolArray:
    """Return the rows that have a voice, given what each thinks by itself. Shapes (n,).

    Whoever speaks of what the books think, together or one by one, asks here, so that all of
    Fairline hears the same books at one moment.
    """
    return opinions(table, by_book) & ~left_behind(table, by_book)


def opinions(table: QuoteTable, by_book: FloatArray) -> BoolArray:
    """Return the rows of books that are listened to and have an opinion, late or not, (n,)."""
    return ~np.isnan(by_book) & (table.weight > 0.0)


def left_behind(table: QuoteTable, by_book: FloatArray) -> BoolArray:
    """Return the rows of books last known to stand too long before the newest of their line, (n,).

    A book stood with the oldest of the outcomes that it offers: it has a voice on all of them or on
    none. The newest of those with an opinion: a book that has none makes nobody late.
    """
    place = pair_codes(table.market_id, line_codes(table.line))
    book = pair_codes(place, table.bookmaker_id)
    at = table.confirmed_at.astype("datetime64[us]").astype(np.int64)
    # What was withdrawn stands no more, so it says nothing of how long the others stood.
    offered = ~np.isnan(table.price)
    voice = opinions(table, by_book)
    stood = np.full(int(book.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(stood, book[offered], at[offered])
    newest = np.full(int(place.max(initial=-1)) + 1, np.iinfo(np.int64).min)
    np.maximum.at(newest, place[voice], stood[book[voice]])
    return np.asarray(stood[book] < newest[place] - BEHIND)


def _is_worst_case(table: QuoteTable, method: str) -> BoolArray:
    """Return which rows' probabilities are worst cases of several methods."""
    if method == BY_SPORT and table.margin_method is not None:
        kinds, kind = np.unique(table.margin_method, return_inverse=True)
        return np.array([is_worst_case(str(each)) for each in kinds], dtype=np.bool_)[kind]
    return np.full(len(table), is_worst_case(method))


def _by_reference(
    table: QuoteTable,
    log_odds: FloatArray,
    position: IntArray,
    market_line: IntArray,
    mean: FloatArray,
) -> tuple[FloatArray, TextArray]:
    """Return each selection's log-odds, by the reference where its market and line has one."""
    spoken, reference = mean.copy(), np.full(len(mean), "", dtype=table.bookmaker_key.dtype)
    rank = table.reference_rank
    if rank is None or not len(mean) or rank.min() >= NO_REFERENCE:
        return spoken, reference
    place = market_line[position]
    first = np.full(int(market_line.max()) + 1, NO_REFERENCE, dtype=np.int64)
    np.minimum.at(first, place, rank)
    rows = np.flatnonzero((rank < NO_REFERENCE) & (rank == first[place]))
    spoken[position[rows]] = log_odds[rows]
    reference[position[rows]] = table.bookmaker_key[rows]
    return spoken, reference


def _extreme(which: np.ufunc, values: FloatArray, position: IntArray, size: int) -> FloatArray:
    found = np.full(size, np.nan)
    which.at(found, position, values)
    return found


def _prices_all_outcomes(present: BoolArray, group: IntArray) -> BoolArray:
    """Return which books price exactly the outcomes that most books of their group price.

    On a tie the larger set of outcomes counts: a forgotten draw must not pass as two-way.
    """
    sides = present @ (1 << np.arange(present.shape[1]))
    outcomes = present.sum(axis=1)
    several = outcomes >= 2
    kinds, kind, votes = np.unique(
        group[several] * 64 + sides[several], return_inverse=True, return_counts=True
    )
    kind_group = kinds // 64
    # On a tie the highest number is last: a set has a higher one than any part of it.
    order = np.lexsort((kinds, votes, kind_group))
    last_of_group = np.append(np.diff(kind_group[order]) != 0, True)[: len(order)]
    chosen = np.zeros(len(kinds), dtype=np.bool_)
    chosen[order[last_of_group]] = True
    whole = np.zeros(len(group), dtype=np.bool_)
    whole[several] = chosen[kind]
    return np.asarray(whole)


def _probability(log_odds: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-log_odds))


def _newest(table: QuoteTable, position: IntArray, size: int) -> TimeArray:
    seen = np.where(np.isnat(table.last_update), table.seen_at, table.last_update)
    newest = np.full(size, np.iinfo(np.int64).min, dtype=np.int64)
    np.maximum.at(newest, position, seen.astype("datetime64[us]").astype(np.int64))
    return newest.astype("datetime64[us]")
