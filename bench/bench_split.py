"""Whose margin method is right: real bookmakers' prices beside the middle of an exchange.

Between what an exchange's customers back and lay at lies no margin. So where one shows both sides,
each bookmaker's implied probabilities q beside that middle p say how the book split its margin M
over k outcomes: q - p = M (e / k + (1 - e) p), with e the share that falls on all alike. 1 is the
additive method (and, for two outcomes, Shin's), 0 the multiplicative. And each margin method can be
held against p: by how many percent it stretches probabilities away from 1 / k, 0 being right.

The exchange's own error would tilt both, since p is on both sides of the equation; so favourites
are told from longshots by the other bookmakers. Intervals are of events drawn again.
"""

import csv
import gzip
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measured import say

from odds.domain.margins import METHODS, remove_margin
from odds.domain.table import FloatArray

FOLDER = Path(os.environ.get("FAIRLINE_SHARED_DATA", "../shared/data"))
EXCHANGES = ("betfair", "betfair_ex_eu", "betfair_ex_uk", "betfair_ex_au")
WIDEST = 0.03  # between back and lay, in probability: more is no market
DRAWS = 500
BLEND = "2*additive+multiplicative"

Prices = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One bookmaker's moneyline: its prices, the exchange's middle, what the other books say."""

    event: str
    prices: FloatArray
    middle: FloatArray
    others: FloatArray


def recorded() -> Iterator[tuple[str, str, str, str, str, str, float]]:
    """Return group, event, moment, market, bookmaker, outcome and price of every moneyline."""
    with gzip.open(FOLDER / "multisport_67books_20260416.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["commence_time"] > "2026-04-16T19:01:00Z":
                sport = row["sport_key"].split("_")[0]
                yield (f"{sport}, 16 April 2026", row["event_id"], "", row["market"],
                       row["bookmaker_key"], row["outcome_name"], float(row["price"]))  # fmt: skip
    with gzip.open(FOLDER / "nba_odds_snapshots.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["after_tip"] != "1":
                yield ("NBA, 2022 to 2025", row["event_id"], row["snapshot_time"], row["market"],
                       row["bookmaker"], row["outcome"], float(row["price_decimal"]))  # fmt: skip


def middle_of(back: Prices, lay: Prices, names: list[str]) -> FloatArray | None:
    """Return the middle of the first exchange that shows a tight market of all outcomes."""
    for key in EXCHANGES:
        if set(back.get(key, ())) == set(lay.get(key, ())) == set(names):
            low = np.array([1 / lay[key][name] for name in names])
            high = np.array([1 / back[key][name] for name in names])
            both = (low + high) / 2
            if ((high - low >= 0) & (high - low <= WIDEST)).all() and abs(both.sum() - 1) < 0.02:
                return np.asarray(both / both.sum())
    return None


def seen() -> dict[str, list[Seen]]:
    """Return every usable book of every event with a middle, by group."""
    markets: dict[tuple[str, str, str], dict[str, Prices]] = defaultdict(lambda: defaultdict(dict))
    for group, event, moment, market, book, outcome, price in recorded():
        if market in ("h2h", "h2h_lay") and price > 1.01:
            markets[group, event, moment][market].setdefault(book, {})[outcome] = price
    found: dict[str, list[Seen]] = defaultdict(list)
    for (group, event, _), of in markets.items():
        names = sorted(max(of["h2h"].values(), key=len, default={}))
        middle = middle_of(of["h2h"], of["h2h_lay"], names)
        books = [
            np.array([prices[name] for name in names])
            for key, prices in of["h2h"].items()
            if set(prices) == set(names) and key not in EXCHANGES
        ]
        books = [book for book in books if 0.005 < (1 / book).sum() - 1 < 0.2]
        if middle is None or len(books) < 4:
            continue
        plain = np.array([1 / book / (1 / book).sum() for book in books])
        for place, book in enumerate(books):
            others = np.median(np.delete(plain, place, axis=0), axis=0)
            found[group].append(Seen(event, book, middle, others / others.sum()))
    return found


def ratio(
    of: list[Seen], parts: Callable[[Seen], tuple[float, float]]
) -> tuple[float, float, float]:
    """Return a ratio of sums over books, and 95 % of it with events drawn again."""
    _, event = np.unique([each.event for each in of], return_inverse=True)
    sums = np.array(
        [np.bincount(event, weights=part) for part in zip(*map(parts, of), strict=True)]
    )
    rng = np.random.default_rng(1)
    drawn = sums[:, rng.integers(0, sums.shape[1], (DRAWS, sums.shape[1]))].sum(axis=2)
    low, high = np.percentile(drawn[0] / drawn[1], [2.5, 97.5])
    above, below = sums.sum(axis=1)
    return float(above / below), float(low), float(high)


def split(each: Seen) -> tuple[float, float]:
    implied = 1 / each.prices
    margin, even = implied.sum() - 1, 1 / len(implied)
    lean = even - each.others
    return (
        float(((implied - (1 + margin) * each.middle) * lean).sum()),
        float((margin * (even - each.middle) * lean).sum()),
    )


def stretched(each: Seen, method: str) -> tuple[float, float]:
    even = 1 / len(each.prices)
    error = remove_margin(each.prices[None], method)[0] - each.middle
    lean = each.others - even
    return float((error * lean).sum()), float(((each.middle - even) * lean).sum())


def main() -> None:
    """Print one JSON object a figure; nothing where the recorded prices are not there."""
    if not FOLDER.is_dir():
        return
    for group, of in seen().items():
        events = len({each.event for each in of})
        if events < 30:
            continue
        name = f"{group}, {len(of)} books' moneylines on {events} events"
        value, low, high = ratio(of, split)
        say(f"{name}: share of the margin on all alike", value, "1", "95 % from", low)
        say(f"{name}: share of the margin on all alike", value, "1", "95 % to", high)
        for method in (*METHODS, BLEND):
            value, low, high = ratio(of, lambda each, by=method: stretched(each, by))
            say(f"{name}: stretch of {method}", value * 100, "%", "95 % from", low * 100)
            say(f"{name}: stretch of {method}", value * 100, "%", "95 % to", high * 100)


if __name__ == "__main__":
    main()
