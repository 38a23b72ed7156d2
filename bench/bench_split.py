"""Whose margin method is right: real bookmakers' prices beside the middle of an exchange.

Between what an exchange's customers back and lay at lies no margin. So where one shows both sides,
each bookmaker's implied probabilities q beside that middle p say how the book split its margin M
over k outcomes: q - p = M (e / k + (1 - e) p), with e the share that falls on all alike. 1 is the
additive method (and, for two outcomes, Shin's), 0 the multiplicative. And each margin method can be
held against p: by how many percent it stretches probabilities away from 1 / k, 0 being right.

The exchange's own error would tilt both, since p is on both sides of the equation; so favourites
are told from longshots by the other bookmakers. Intervals are of events drawn again.

The simulator's bookmakers are made to split as the recorded ones do, by kind: at last the same
question is put to them, with the true probability for p.
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

from odds.domain.bookmakers import bookmaker_info
from odds.domain.margins import METHODS, remove_margin
from odds.domain.table import FloatArray
from odds.simulator.boards import Sport
from odds.simulator.slates import true_slate
from odds.simulator.sports import SPORTS

FOLDER = Path(os.environ.get("FAIRLINE_SHARED_DATA", "../shared/data"))
EXCHANGES = ("betfair", "betfair_ex_eu", "betfair_ex_uk", "betfair_ex_au")
WIDEST = 0.03  # between back and lay, in probability: more is no market
DRAWS = 500
BLEND = "12*shin+multiplicative"
SHARP, COMMON, EXCHANGE, OTHER = "sharp", "common", "exchange", "other"
SIM_DAYS = 150

Prices = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One bookmaker's moneyline: its prices, the exchange's middle, what the other books say."""

    event: str
    book: str
    kind: str
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


def kind_of(book: str) -> str:
    """Return what kind of bookmaker it is, as the product takes it to be."""
    info = bookmaker_info(book)
    if book in EXCHANGES or book == "sim_exchange":
        return EXCHANGE
    if info.is_exchange:
        return OTHER
    return SHARP if info.weight > 1 else COMMON


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
        books = {
            key: np.array([prices[name] for name in names])
            for key, prices in of["h2h"].items()
            if set(prices) == set(names)
        }
        if middle is not None:
            found[group] += told(event, books, middle)
    return found


def told(event: str, books: dict[str, FloatArray], middle: FloatArray) -> list[Seen]:
    """Return an event's books, where more than three of them can be used."""
    margin = {key: (1 / prices).sum() - 1 for key, prices in books.items()}
    plain = {
        key: 1 / prices / (1 + margin[key])
        for key, prices in books.items()
        if kind_of(key) != EXCHANGE and 0.005 < margin[key] < 0.2
    }
    if len(plain) < 4:
        return []
    made = []
    for key in books:
        # An exchange's own prices: half of what lies between its two sides.
        if key in plain or (kind_of(key) == EXCHANGE and margin[key] > 0.001):
            others = np.median([each for name, each in plain.items() if name != key], axis=0)
            made.append(Seen(event, key, kind_of(key), books[key], middle, others / others.sum()))
    return made


def simulated(sport: Sport) -> list[Seen]:
    """Return the simulator's books beside the truth, nobody late, so that only margins differ."""
    number = sport.numbers(1.5e9, 1.5e9 + SIM_DAYS * 86_400)
    true = true_slate(sport, 1, number, hours_before=2.9, is_efficient=True)
    quotes, found = true.quotes, []
    rows = np.flatnonzero(quotes.market_key == "h2h")
    events, starts = np.unique(quotes.event_id[rows], return_index=True)
    order = rows[np.lexsort((quotes.side[rows], quotes.bookmaker_key[rows], quotes.event_id[rows]))]
    for event, part in zip(events.tolist(), np.split(order, np.sort(starts)[1:]), strict=True):
        books: dict[str, list[int]] = defaultdict(list)
        for row in part.tolist():
            books[str(quotes.bookmaker_key[row])].append(row)
        most = max(map(len, books.values()))
        whole = {key: of for key, of in books.items() if len(of) == most > 1}
        if whole:
            truth = true.truth[next(iter(whole.values()))]
            found += told(str(event), {key: quotes.price[of] for key, of in whole.items()}, truth)
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


def say_split(name: str, of: list[Seen]) -> None:
    """Print the split of each kind of bookmaker, and how far apart common ones are."""
    for kind in ("any", SHARP, COMMON, EXCHANGE):
        every = kind == "any"
        part = [s for s in of if s.kind == kind or (every and s.kind != EXCHANGE)]
        if len({each.event for each in part}) >= 30:
            value, low, high = ratio(part, split)
            what = f"{name}, {kind} bookmaker, {len(part)}: share of the margin on all alike"
            say(what, value, "1", "95 % from", low)
            say(what, value, "1", "95 % to", high)
    by_book: dict[str, list[Seen]] = defaultdict(list)
    for each in of:
        if each.kind == COMMON:
            by_book[each.book].append(each)
    found = [ratio(part, split) for part in by_book.values() if len(part) >= 25]
    value, low, high = np.array(found).T
    noise = float((((high - low) / 3.92) ** 2).mean())
    spread = max(float(value.var()) - noise, 0.0) ** 0.5
    say(f"{name}, {len(found)} common bookmakers: how far apart they are (sd)", spread, "1")


def main() -> None:
    """Print one JSON object a figure; of recorded prices only where there are some."""
    for group, of in seen().items() if FOLDER.is_dir() else ():
        events = len({each.event for each in of})
        if events < 30:
            continue
        name = f"{group}, {events} events"
        say_split(name, of)
        books = [each for each in of if each.kind != EXCHANGE]
        for method in (*METHODS, BLEND):
            value, low, high = ratio(books, lambda each, by=method: stretched(each, by))
            say(f"{name}: stretch of {method}", value * 100, "%", "95 % from", low * 100)
            say(f"{name}: stretch of {method}", value * 100, "%", "95 % to", high * 100)
    for sport in SPORTS:
        say_split(f"simulator, {sport.key}", simulated(sport))


if __name__ == "__main__":
    main()
