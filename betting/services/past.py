"""What was in force in a competition at every look, and what became of its events."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from accounts.replicas import reading
from betting.domain.bankroll_run import Results
from betting.domain.decide import AHEAD
from betting.domain.simulate import halves
from odds.as_of import looks_at, quotes_as_of_each
from odds.domain.consensus import METHOD_WITHOUT_RULE
from odds.domain.table import NO_REFERENCE, FloatArray, IntArray, QuoteTable, TimeArray, joined

# Moments read at once, and the longest stretch of them: prices are stored by months.
AT_ONCE = 50
CHUNK = timedelta(days=60)

_RESULTS = """
SELECT e.id, CASE WHEN e.status = 'finished' THEN e.home_score END,
       CASE WHEN e.status = 'finished' THEN e.away_score END, e.result_seen_at
FROM odds_event e WHERE e.id = ANY(%(ids)s) ORDER BY e.id
"""
_WITH_DRAW = """
SELECT DISTINCT market_id FROM odds_selection WHERE side = 'draw' AND market_id = ANY(%(ids)s)
"""
_CLOSES = """
SELECT selection_id, fair_probability, last_update FROM odds_closingprice
WHERE is_final AND selection_id = ANY(%(ids)s) ORDER BY selection_id
"""


@dataclass(frozen=True, slots=True)
class Past:
    """The slates of a competition's past and what became of the events, columns (n,).

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
        rule = [each for each in (q.margin_method, q.reference_rank) if each is not None]
        results = self.results.won_halves
        for column in (*columns, *rule, q.starts_at, self.moment, results, self.close):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


class NothingToRun(Exception):
    """No prices of that competition in that stretch."""


def read_past(
    competition_key: str,
    starts_on: date,
    ends_on: date,
    market_keys: tuple[str, ...],
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Past:
    """Return the slates of a competition over events of a stretch of days, UTC.

    One slate a moment at which a source looked at any of these markets: whatever was then in force,
    as live betting would have had it, those prices among it that this look did not confirm.

    Raises:
        NothingToRun: if there is none.
    """
    starts_from = datetime.combine(starts_on, time(), tzinfo=UTC)
    before = datetime.combine(ends_on + timedelta(days=1), time(), tzinfo=UTC)
    looks = looks_at(competition_key, market_keys, starts_from=starts_from, before=before)
    moments: list[TimeArray] = []
    tables: list[QuoteTable] = []
    count = 0
    for chunk in _chunks(looks):
        moment, quotes = quotes_as_of_each(
            chunk,
            ahead=AHEAD,
            starts_from=starts_from,
            starts_before=before,
            competition_key=competition_key,
            market_keys=market_keys,
        )
        moments.append(moment)
        tables.append(quotes)
        count += len(quotes)
        progress(f"{competition_key} until {chunk[-1]:%Y-%m-%d}: {count:,} prices")
    if not count:
        raise NothingToRun(
            f"competition: no prices of {competition_key} between {starts_on} and {ends_on}; "
            "import some, or name another."
        )
    return _past(joined(tables), np.concatenate(moments))


def _chunks(looks: list[datetime]) -> Iterator[list[datetime]]:
    chunk: list[datetime] = []
    for at in looks:
        if chunk and (len(chunk) == AT_ONCE or at - chunk[0] > CHUNK):
            yield chunk
            chunk = []
        chunk.append(at)
    if chunk:
        yield chunk


def _past(quotes: QuoteTable, moment: TimeArray) -> Past:
    event, home, away, known = _looked_up(_RESULTS, quotes.event_id)
    of = np.searchsorted(event, quotes.event_id)
    scores = [
        np.array([-1 if v is None else v for v in each], np.int64)[of] for each in (home, away)
    ]
    known_at = _moments(known)[of]
    known_at[scores[0] < 0] = np.datetime64("NaT")
    with_draw, *_ = _looked_up(_WITH_DRAW, quotes.market_id)
    won, lost = halves(
        market_key=quotes.market_key,
        side=quotes.side,
        line=quotes.line,
        home_score=scores[0],
        away_score=scores[1],
        draw_offered=np.isin(quotes.market_id, with_draw),
    )
    # Names cost time where there are many rows and nothing to tell apart.
    rank, method = quotes.reference_rank, quotes.margin_method
    if rank is not None and rank.min() == NO_REFERENCE:
        quotes = replace(quotes, reference_rank=None)
    if method is not None and (method == METHOD_WITHOUT_RULE).all():
        quotes = replace(quotes, margin_method=None)
    return Past(quotes, moment, Results(won, lost, known_at), _closes_of(quotes, moment))


def _closes_of(quotes: QuoteTable, moment: TimeArray) -> FloatArray:
    selection, fair, told = _looked_up(_CLOSES, quotes.selection_id)
    if not len(selection):
        return np.full(len(quotes), np.nan)
    row = np.minimum(np.searchsorted(selection, quotes.selection_id), len(selection) - 1)
    # A close that knows nothing later than this look would only repeat the claimed edge.
    known = (selection[row] == quotes.selection_id) & (_moments(told)[row] > moment)
    return np.where(known, np.array(fair, np.float64)[row], np.nan)


def _looked_up(query: str, ids: IntArray) -> tuple[Any, ...]:
    """Return the columns that a query gives for these ids; the first is of numbers."""
    with reading().cursor() as cursor:
        cursor.execute(query, {"ids": np.unique(ids).tolist()})
        rows = cursor.fetchall()
        columns = list(zip(*rows, strict=True)) or [()] * len(cursor.description)
    return (np.array(columns[0], np.int64), *columns[1:])


def _moments(found: Sequence[datetime | None]) -> TimeArray:
    return np.array(
        [None if at is None else at.astimezone(UTC).replace(tzinfo=None) for at in found],
        "datetime64[us]",
    )
