"""Prices that stand apart from what all other bookmakers say, and who stood still while they moved.

The fair probability here leaves the book itself out, so that an outlier does not vouch for itself:
with weights w and log-odds x, (sum(w x) - w_own x_own) / (sum(w) - w_own). The others are those
that the consensus hears; a book that it does not, being late, may still be the outlier.
"""

from dataclasses import dataclass

import numpy as np

from odds.domain.consensus import consensus, heard, opinions, probability_by_book
from odds.domain.scan import Gates, Leg, ages, doubts, legs_of, net_prices, offered
from odds.domain.table import QuoteTable


@dataclass(frozen=True, slots=True)
class Outlier:
    """One price that pays more than the other books think it is worth.

    `fair` is the others' probability, `edge` what the price earns by it, `consensus` that of all
    books together, as every other page has it. `others` books price the
    selection too; `moved_since` of them changed their price after this one last did: where most
    have, the price is `is_stale`, left behind rather than an opinion.
    """

    event_id: int
    market_id: int
    market_key: str
    leg: Leg
    fair: float
    consensus: float
    edge: float
    others: int
    moved_since: int
    is_stale: bool
    doubts: tuple[str, ...]

    @property
    def oldest_age(self) -> float:
        """Return the age of the price, in minutes."""
        return self.leg.age


def outliers(
    table: QuoteTable,
    *,
    at: np.datetime64,
    gates: Gates,
    method: str,
    min_edge: float = 0.03,
    min_others: int = 3,
) -> list[Outlier]:
    """Return the prices worth `min_edge` or more by the other books, highest edge first.

    At least `min_others` other books of weight above zero must price all outcomes. Archives and
    started events are left out as everywhere.
    """
    usable = offered(table, at=at)
    by_book = probability_by_book(usable, method=method)
    speaks, voice = opinions(usable, by_book), heard(usable, by_book)
    usable, by_book, voice = usable.where(speaks), by_book[speaks], voice[speaks]
    if not len(usable):
        return []
    net, age = net_prices(usable), ages(usable, at=at)
    _, position = np.unique(usable.selection_id, return_inverse=True)
    log_odds = np.log(by_book / (1.0 - by_book))
    weight = usable.weight * voice
    others = np.bincount(position, weights=voice)[position] - voice
    rest = np.bincount(position, weights=weight)[position] - weight
    rest_sum = np.bincount(position, weights=weight * log_odds)[position] - weight * log_odds
    with np.errstate(divide="ignore", invalid="ignore"):
        fair = 1.0 / (1.0 + np.exp(-rest_sum / rest))
    edge = fair * net - 1.0
    rows = np.flatnonzero((others >= min_others) & (edge >= min_edge))
    in_found = np.isin(table.market_id, usable.market_id[rows])
    together = consensus(table.where(in_found), method=method)
    with_it = together.probability[together.rows_of(usable.selection_id[rows])]
    found = []
    for row, each, of_all in zip(rows, legs_of(usable, net, age, rows), with_it, strict=True):
        same = voice & (position == position[row])
        moved = int((usable.seen_at[same] > usable.seen_at[row]).sum())
        found.append(
            Outlier(
                event_id=int(usable.event_id[row]),
                market_id=int(usable.market_id[row]),
                market_key=str(usable.market_key[row]),
                leg=each,
                fair=float(fair[row]),
                consensus=float(of_all),
                edge=float(edge[row]),
                others=int(others[row]),
                moved_since=moved,
                is_stale=2 * moved > int(others[row]),
                doubts=doubts((each,), float(edge[row]), gates),
            )
        )
    return sorted(found, key=lambda each: (-each.edge, each.leg.quote_id))
