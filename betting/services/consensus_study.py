"""The published consensus strategy on football-data.co.uk files: best price against the average.

The files' columns of the best and the mean price of all bookmakers (BbMx and BbAv to 2018-19, Max
and Avg since) are no bookmaker's prices, so an import leaves them out; here they are what is
studied. Every decision is by the rule and the gates that live betting uses.
docs/algorithms/consensus_strategy.md says what came of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.judging import BIT, Decisions, Slate, judge
from betting.domain.luck import Interval
from betting.domain.performance import flat_record, measure
from betting.domain.rules import published_consensus
from odds.domain.margins import remove_margin
from odds.domain.table import BoolArray, FloatArray, IntArray, QuoteTable, TextArray, TimeArray
from odds.feeds.history.formats import Row, read_rows

SIDES = ("home", "draw", "away")
OUTCOMES = ("H", "D", "A")
# Best and mean price before the match, the newest columns first; then the same at its start.
BEFORE = (("Max{}", "Avg{}"), ("BbMx{}", "BbAv{}"))
AT_START = (("MaxC{}", "AvgC{}"),)
CLOSE = "PSC{}"
WORSE = (0.0, 0.01, 0.02, 0.03)


@dataclass(frozen=True, slots=True)
class Matches:
    """Matches with a best and a mean price of every outcome; (n,) and (n, 3) home, draw, away.

    `close` is Pinnacle's closing price, NaN where there is none; `result` indexes SIDES.
    """

    season: TextArray
    division: TextArray
    day: TextArray
    best: FloatArray
    mean: FloatArray
    close: FloatArray
    result: IntArray

    def __len__(self) -> int:
        return len(self.season)

    def where(self, chosen: BoolArray) -> "Matches":
        """Return some of the matches.

        Raises:
            NoSuchColumns: if none is left.
        """
        if not chosen.any():
            raise NoSuchColumns("files: no match of those seasons has a best and a mean price.")
        return Matches(*(getattr(self, name)[chosen] for name in Matches.__slots__))


@dataclass(frozen=True, slots=True)
class Line:
    """What came of the bets of some matches, one unit each. `yields` are by WORSE."""

    name: str
    matches: int
    bets: int
    hit_rate: float | None
    yields: tuple[Interval | None, ...]
    clv: Interval | None
    verdict: str


class NoSuchColumns(Exception):
    """A file without the columns that are studied."""


def read_matches(paths: Iterable[Path], *, at_start: bool = False) -> Matches:
    """Read football-data.co.uk files; matches that lack a price or a result are left out.

    Raises:
        NoSuchColumns: if no file has a match with a best and a mean price.
    """
    found = []
    for path in paths:
        for _, row in read_rows(path):
            read = _match(row, AT_START if at_start else BEFORE)
            if read is not None:
                found.append(read)
    if not found:
        raise NoSuchColumns(
            "files: no match has a best and a mean price of every outcome "
            f"({' or '.join('/'.join(pair).format('H', 'H') for pair in BEFORE)}); "
            "name football-data.co.uk files."
        )
    found.sort(key=lambda each: each[:3])
    season, division, day, best, mean, close, result = zip(*found, strict=True)
    return Matches(
        season=np.array(season, np.str_),
        division=np.array(division, np.str_),
        day=np.array(day, np.str_),
        best=np.array(best, np.float64),
        mean=np.array(mean, np.float64),
        close=np.array(close, np.float64),
        result=np.array(result, np.int64),
    )


def study(matches: Matches, configuration: Configuration) -> tuple[list[Line], list[Line]]:
    """Return what came of one unit on every bet: by season with all, and by division and season."""
    picked = picks(matches, configuration)
    by_season = [
        _line(season, matches, picked, matches.season == season)
        for season in np.unique(matches.season).tolist()
    ]
    by_season.append(_line("all", matches, picked, np.ones(len(matches), dtype=np.bool_)))
    finer = []
    for division in np.unique(matches.division).tolist():
        of_it = matches.division == division
        for season in np.unique(matches.season[of_it]).tolist():
            chosen = of_it & (matches.season == season)
            finer.append(_line(f"{division} {season}", matches, picked, chosen))
        finer.append(_line(f"{division} all", matches, picked, of_it))
    return by_season, finer


def picks(matches: Matches, configuration: Configuration) -> BoolArray:
    """Return which outcomes are bet on, (n, 3), at most one a match."""
    _, done = _decided(matches, configuration)
    return done.recommended.reshape(-1, len(SIDES))


def slate_of_matches(matches: Matches) -> Slate:
    """Return the best prices as a slate, three rows a match, decided on the day before.

    What the market thinks is its mean prices without their margin; how many books there are is
    not always told, and two at least make a mean.
    """
    n = len(matches)
    rows = n * len(SIDES)
    match = np.repeat(np.arange(n), len(SIDES))
    starts: TimeArray = matches.day.astype("datetime64[us]")[match]
    moment: TimeArray = starts - np.timedelta64(24, "h")
    market = remove_margin(matches.mean, "shin").ravel()
    return Slate(
        quotes=QuoteTable(
            quote_id=np.arange(rows),
            event_id=match,
            market_id=match,
            market_key=np.full(rows, "h2h"),
            selection_id=np.arange(rows),
            side=np.tile(np.array(SIDES), n),
            line=np.full(rows, np.nan),
            bookmaker_id=np.zeros(rows, dtype=np.int64),
            bookmaker_key=np.full(rows, "best"),
            weight=np.ones(rows),
            commission=np.zeros(rows),
            is_archive=np.zeros(rows, dtype=np.bool_),
            price=matches.best.ravel(),
            last_update=moment,
            seen_at=moment,
            confirmed_at=moment,
            starts_at=starts,
        ),
        moment=moment,
        market_probability=market,
        market_low=market,
        book_count=np.full(rows, 2),
        model_probability=np.full(rows, np.nan),
        model_weight=np.zeros(rows),
        model_error=np.zeros(rows),
    )


def left_out(matches: Matches, configuration: Configuration) -> dict[str, int]:
    """Return how many outcomes the published rule bets on and a gate of ours does not, by gate."""
    slate, done = _decided(matches, configuration)
    good = done.fair_probability * slate.quotes.price > 1.0
    count = {gate: int((good & ((done.passes & int(bit)) != 0)).sum()) for gate, bit in BIT.items()}
    return {gate: number for gate, number in count.items() if number}


def _decided(matches: Matches, configuration: Configuration) -> tuple[Slate, Decisions]:
    slate = slate_of_matches(matches)
    alpha = published_consensus.RULE.setting(configuration, "alpha")
    fair = published_consensus.believed(matches.mean.ravel(), alpha)
    return slate, judge(slate, configuration, fair=fair, low=fair)


def _match(row: Row, columns: Sequence[tuple[str, str]]) -> tuple[object, ...] | None:
    result = row.get("FTR", "")
    if result not in OUTCOMES:
        return None
    for best_name, mean_name in columns:
        best, mean = _prices(row, best_name), _prices(row, mean_name)
        if not np.isnan([*best, *mean]).any():
            break
    else:
        return None
    return (
        row.get("Season", ""),
        row["Div"],
        row.get("DateISO") or _day(row["Date"]),
        best,
        mean,
        _prices(row, CLOSE),
        OUTCOMES.index(result),
    )


def _day(text: str) -> str:
    day, month, year = text.split("/")
    return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day)).isoformat()


def _prices(row: Row, name: str) -> list[float]:
    read = []
    for outcome in OUTCOMES:
        text = row.get(name.format(outcome), "")
        try:
            price = float(text)
        except ValueError:
            price = np.nan
        read.append(price if price > 1.0 else np.nan)
    return read


def _line(name: str, matches: Matches, picked: BoolArray, chosen: BoolArray) -> Line:
    match, side = np.nonzero(picked & chosen[:, np.newaxis])
    price = matches.best[match, side]
    won = (matches.result[match] == side).astype(np.float64)
    clv = price * _fair_close(matches.close[match])[np.arange(len(match)), side] - 1.0
    days = matches.day[match].astype("M8[D]").astype(np.int64).tolist()
    done = [
        measure(
            replace(flat_record(prices=price * (1.0 - worse), won=won, days=days), clv=clv),
            capital=1.0,
        )
        for worse in WORSE
    ]
    return Line(
        name=name,
        matches=int(chosen.sum()),
        bets=len(match),
        hit_rate=done[0].hit_rate,
        yields=tuple(each.yield_ for each in done),
        clv=done[0].clv,
        verdict=done[0].verdict,
    )


def _fair_close(close: FloatArray) -> FloatArray:
    """Return Pinnacle's closing probabilities without the margin, NaN where it had no close."""
    fair = np.full(close.shape, np.nan)
    known = ~np.isnan(close).any(axis=1)
    if known.any():
        fair[known] = remove_margin(close[known], "shin")
    return fair
