"""What is known about events and prices: now, and as it was known at any moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.db import connection

from odds.database import array_literal, fetch_columns
from odds.domain.consensus import METHOD_WITHOUT_RULE
from odds.domain.table import (
    NO_REFERENCE,
    BoolArray,
    FloatArray,
    IntArray,
    PriceMoves,
    QuoteTable,
    TextArray,
    TimeArray,
)
from odds.models import Quote

_Given = datetime | str | int | list[int] | None
#: What `quote_table` takes, as `fetch_columns` reads it.
QUOTE_KINDS = "qqqqttt"
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
# How each sport's fair prices were made at the moment `known`: nothing decided later is read.
PRICING = """
WITH rule AS (
    SELECT DISTINCT ON (sport_id) sport_id, method, reference_books, reference_minutes
    FROM odds_pricingrule WHERE in_force_from <= %(known)s
    ORDER BY sport_id, in_force_from DESC, id DESC
), learned AS (
    SELECT newest.sport_id, w.bookmaker_id, w.weight FROM odds_bookmakerweight w JOIN (
        SELECT DISTINCT ON (sport_id) id, sport_id FROM odds_weightset
        WHERE learned_at <= %(known)s ORDER BY sport_id, learned_at DESC, id DESC
    ) newest ON newest.id = w.weight_set_id
)
"""
# A book that the operator keeps out stays out, whatever was learned.
WEIGHT = "CASE WHEN b.weight = 0 THEN 0 ELSE coalesce(learned.weight, b.weight) END"
_EVENTS = """
WHERE e.starts_at > %(after)s AND e.starts_at <= %(before)s
AND e.status NOT IN ('cancelled', 'postponed')
AND (%(competition)s::text IS NULL
     OR e.competition_id = (SELECT id FROM odds_competition WHERE key = %(competition)s::text))
"""
#: The time of its own that a quote's bookmaker gave at the newest look.
TOLD = "k.last_update[array_position(k.bookmaker_ids, b.id)]"
# Quotes as arrays: quote, selection, bookmaker, price in thousandths (0: withdrawn), and three
# moments, the last of which is when the price is last known to have stood: when we looked, or the
# time that its bookmaker gave then, where that is older. A book that freezes is stale, however
# often we look. What they are of is read once a selection and once a bookmaker, not once a quote.
_LATEST_OF = """
WITH wanted AS MATERIALIZED (
    SELECT m.id, k.bookmaker_ids, k.looked_at, k.last_update
    FROM odds_event e JOIN odds_market m ON m.event_id = e.id
    LEFT JOIN odds_marketlook k ON k.market_id = m.id
    {events}
)
SELECT q.id, s.id, b.id, coalesce((q.price * 1000)::int8, 0),
       coalesce({told}, q.last_update, '-infinity'), q.seen_at,
       CASE WHEN q.price IS NULL THEN q.seen_at ELSE least(
           greatest(q.seen_at, k.looked_at[array_position(k.bookmaker_ids, b.id)]),
           coalesce({told}, q.last_update)) END
FROM wanted k
JOIN odds_selection s ON s.market_id = k.id
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id
WHERE q.seen_at <= %(now)s {quotes}
"""
_LATEST = _LATEST_OF.format(
    events=_EVENTS, quotes="AND NOT b.is_archive AND q.price IS NOT NULL", told=TOLD
)
_OF_MARKET = _LATEST_OF.format(
    events="WHERE e.id = ANY(%(events)s) AND m.key = %(market)s", quotes="", told=TOLD
)
_OF_MARKETS = _LATEST_OF.format(events="WHERE m.id = ANY(%(markets)s)", quotes="", told=TOLD)
#: What `latest_quotes` has of some markets, started or not.
OF_MARKETS = _LATEST_OF.format(
    events="WHERE m.id = ANY(%(markets)s)",
    quotes="AND NOT b.is_archive AND q.price IS NOT NULL",
    told=TOLD,
)
_SELECTIONS = """
SELECT e.id, m.id, m.key, s.side,
       (CASE WHEN s.side = 'away' THEN -s.point ELSE s.point END)::float8,
       (extract(epoch FROM e.starts_at) * 1000000)::bigint, c.sport_id, e.home_id, e.away_id
FROM odds_selection s
JOIN odds_market m ON m.id = s.market_id
JOIN odds_event e ON e.id = m.event_id
JOIN odds_competition c ON c.id = e.competition_id
WHERE s.id = ANY(%(selections)s::bigint[])
ORDER BY s.id
"""
_BOOKS = f"""
{PRICING} SELECT b.key, {WEIGHT}, b.commission_share::float8, b.is_archive,
       coalesce(rule.method, '{METHOD_WITHOUT_RULE}'),
       coalesce(array_position(rule.reference_books, b.key), {NO_REFERENCE}),
       coalesce(rule.reference_minutes, 0), b.id, b.title
FROM odds_sport sport CROSS JOIN odds_bookmaker b
LEFT JOIN rule ON rule.sport_id = sport.id
LEFT JOIN learned ON learned.sport_id = sport.id AND learned.bookmaker_id = b.id
WHERE sport.id = ANY(%(sports)s::bigint[])
AND (%(books)s::bigint[] IS NULL OR b.id = ANY(%(books)s::bigint[]))
ORDER BY sport.id, b.id
"""  # noqa: S608
_QUOTED = """
SELECT q.id, m.key, s.id, s.side,
       (CASE WHEN s.side = 'away' THEN -s.point ELSE s.point END)::float8, b.id, b.key,
       -- The looks at the event say which months hold its changes; where they are gone, any may.
       (SELECT min(seen_at) FROM odds_sighting WHERE event_id = %(event)s)
FROM odds_market m
JOIN odds_selection s ON s.market_id = m.id
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id
WHERE m.event_id = %(event)s AND (%(market)s::text IS NULL OR m.key = %(market)s::text)
ORDER BY s.id, b.id
"""
# Withdrawn is 0 here: arrays of numbers hold no null.
_MOVES = """
SELECT quote_id, coalesce((price * 1000)::int8, 0), seen_at FROM odds_pricechange
WHERE quote_id = ANY(%(quotes)s::bigint[]) AND seen_at >= %(first)s AND seen_at <= %(until)s
"""


def latest_quotes(
    *, now: datetime, starts_before: datetime, competition_key: str | None = None
) -> QuoteTable:
    """Return the quotes in force of events that start after now and not after `starts_before`.

    The same rows as `as_of.quotes_as_of` gives at `now`, from the table of latest quotes: fast, and
    only right for the present. `last_update` is the bookmaker's time at the newest look.
    `now - confirmed_at` is how stale a quote is.
    """
    given: dict[str, _Given] = {
        "now": now,
        "after": now,
        "before": starts_before,
        "competition": competition_key,
    }
    return quote_table(fetch_columns(_LATEST, given, QUOTE_KINDS), known=now)


def market_quotes(event_ids: Sequence[int], market_key: str, *, now: datetime) -> QuoteTable:
    """Return the latest quotes of one market of these events, whether or not they have started.

    Unlike `latest_quotes`, with those of archive sources, and with withdrawn ones: their price is
    NaN, and they are confirmed when they were seen to be gone.
    """
    given: dict[str, _Given] = {
        "now": now,
        "events": list(event_ids),
        "market": market_key,
    }
    columns = fetch_columns(_OF_MARKET, given, QUOTE_KINDS)
    return quote_table(columns, known=now)


def quotes_of(market_ids: Sequence[int], *, now: datetime) -> QuoteTable:
    """Return the same as `market_quotes` of these markets, of whatever events."""
    given: dict[str, _Given] = {"now": now, "markets": list(market_ids)}
    return quote_table(fetch_columns(_OF_MARKETS, given, QUOTE_KINDS), known=now)


@dataclass(frozen=True, slots=True)
class Voices:
    """Every bookmaker, how much it counts in a sport, how its margin comes off, in order of id."""

    bookmaker_id: IntArray
    title: TextArray
    weight: FloatArray
    commission: FloatArray
    is_archive: BoolArray
    margin_method: TextArray
    reference_rank: IntArray
    reference_minutes: IntArray

    @property
    def titles(self) -> dict[int, str]:
        """Return the bookmakers' names, by number."""
        return dict(zip(self.bookmaker_id.tolist(), self.title.tolist(), strict=True))


def voices(sport_id: int, *, known: datetime) -> Voices:
    """Return every bookmaker, with what the rule and the weights in force at `known` say of it."""
    given: dict[str, _Given] = {"sports": [sport_id], "books": None, "known": known}
    _, weight, commission, archive, method, rank, minutes, ids, title = _columns(_BOOKS, given, 9)
    return Voices(
        bookmaker_id=np.array(ids, np.int64),
        title=np.array(title, np.str_),
        weight=np.array(weight, np.float64),
        commission=np.array(commission, np.float64),
        is_archive=np.array(archive, np.bool_),
        margin_method=np.array(method, np.str_),
        reference_rank=np.array(rank, np.int64),
        reference_minutes=np.array(minutes, np.int64),
    )


def line_movement(event_id: int, *, until: datetime, market_key: str | None = None) -> PriceMoves:
    """Return every price change of an event seen by `until`, archive sources included.

    Of one market where `market_key` names it. Withdrawals are rows without a price.
    """
    given: dict[str, _Given] = {"event": event_id, "market": market_key}
    columns = _columns(_QUOTED, given, 8)
    ids, market, selection, side, line, book, book_key, first = columns
    return _moves_of(
        np.array(ids, np.int64),
        market_key=np.array(market, np.str_),
        selection_id=np.array(selection, np.int64),
        side=np.array(side, np.str_),
        line=np.array(line, np.float64),
        bookmaker_id=np.array(book, np.int64),
        bookmaker_key=np.array(book_key, np.str_),
        first=next(filter(None, first), None),
        until=until,
    )


def moves_of(table: QuoteTable, *, first: datetime | None, until: datetime) -> PriceMoves:
    """Return the same of quotes that were read, which were looked at `first` then. One query."""
    order = np.lexsort((table.bookmaker_id, table.selection_id))
    return _moves_of(
        table.quote_id[order],
        market_key=table.market_key[order],
        selection_id=table.selection_id[order],
        side=table.side[order],
        line=table.line[order],
        bookmaker_id=table.bookmaker_id[order],
        bookmaker_key=table.bookmaker_key[order],
        first=first,
        until=until,
    )


def _moves_of(
    quotes: IntArray,
    *,
    market_key: TextArray,
    selection_id: IntArray,
    side: TextArray,
    line: FloatArray,
    bookmaker_id: IntArray,
    bookmaker_key: TextArray,
    first: datetime | None,
    until: datetime,
) -> PriceMoves:
    wanted = {"quotes": array_literal(quotes), "first": first or _LONG_AGO, "until": until}
    changed, thousandths, seen_at = fetch_columns(_MOVES, wanted, "qqt")
    by_id = np.argsort(quotes)
    of = by_id[np.searchsorted(quotes[by_id], changed)] if len(quotes) else changed
    order = np.lexsort((seen_at, of))
    of, thousandths = of[order], thousandths[order]
    return PriceMoves(
        market_key=market_key[of],
        selection_id=selection_id[of],
        side=side[of],
        line=line[of],
        bookmaker_id=bookmaker_id[of],
        bookmaker_key=bookmaker_key[of],
        price=np.where(thousandths == 0, np.nan, thousandths / 1000),
        seen_at=seen_at[order].view("datetime64[us]"),
    )


def confirmed_at(quote_ids: Iterable[int]) -> dict[int, datetime]:
    """Return when each quote is last known to have stood, by our looks and its bookmaker's time."""
    quotes = Quote.objects.with_looks().filter(pk__in=list(quote_ids))
    return {quote.pk: quote.confirmed_at for quote in quotes}


def newest_look() -> datetime | None:
    """Return when any market was last looked at, or None before the first time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(seen_at) FROM odds_sighting")
        found: datetime | None = cursor.fetchone()[0]
    return found


def quote_table(columns: tuple[IntArray, ...], *, known: datetime) -> QuoteTable:
    """Return quotes, given as the columns of QUOTE_KINDS, with all that is said of them, by id.

    Those are quote, selection, bookmaker, price in thousandths, the bookmaker's time, when the
    price was seen first, and when last. Weights and rules are those decided by `known`. A reference
    that was seen longer before that, or before the start, than its rule allows is none.
    """
    order = np.argsort(columns[0])
    at = np.datetime64(known.astimezone(UTC).replace(tzinfo=None), "us")
    return described(
        tuple(column[order] for column in columns), at=np.full(len(order), at), known=known
    )


def described(columns: tuple[IntArray, ...], *, at: TimeArray, known: datetime) -> QuoteTable:
    """Return quotes as `quote_table` does, in the order given, each as of its own moment `at`."""
    quote, selection, book, thousandths, updated, seen, confirmed = columns
    confirmed_at = _moments(confirmed)
    selections, of = np.unique(selection, return_inverse=True)
    books, by_book = np.unique(book, return_inverse=True)
    event, market, key, side, line, starts, sport, home, away = _columns(
        _SELECTIONS, {"selections": array_literal(selections)}, 9
    )
    sports, of_sport = np.unique(np.array(sport, np.int64), return_inverse=True)
    asked: dict[str, _Given] = {
        "sports": array_literal(sports),
        "books": array_literal(books),
        "known": known,
    }
    book_key, weight, commission, archive, method, rank, minutes, *_ = _columns(_BOOKS, asked, 9)
    # Books come once for each sport.
    by_book += of_sport[of] * len(books)
    starts_at = np.array(starts, np.int64)[of].view("datetime64[us]")
    allowed = np.array(minutes, "timedelta64[m]")[by_book]
    is_fresh = confirmed_at >= np.minimum(starts_at, at) - allowed
    return QuoteTable(
        quote_id=quote,
        event_id=np.array(event, np.int64)[of],
        market_id=np.array(market, np.int64)[of],
        market_key=np.array(key, np.str_)[of],
        selection_id=selections[of],
        side=np.array(side, np.str_)[of],
        line=np.array(line, np.float64)[of],
        bookmaker_id=book,
        bookmaker_key=np.array(book_key, np.str_)[by_book],
        weight=np.array(weight, np.float64)[by_book],
        commission=np.array(commission, np.float64)[by_book],
        is_archive=np.array(archive, np.bool_)[by_book],
        price=np.where(thousandths == 0, np.nan, thousandths / 1000),
        last_update=_moments(updated),
        seen_at=_moments(seen),
        confirmed_at=confirmed_at,
        starts_at=starts_at,
        margin_method=np.array(method, np.str_)[by_book],
        reference_rank=np.where(is_fresh, np.array(rank, np.int64)[by_book], NO_REFERENCE),
        home_id=np.array(home, np.int64)[of],
        away_id=np.array(away, np.int64)[of],
    )


def _columns(query: str, given: Mapping[str, _Given], count: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        rows = cursor.fetchall()
    return list(zip(*rows, strict=True)) if rows else [()] * count


def _moments(micros: IntArray) -> TimeArray:
    return micros.view("datetime64[us]")
