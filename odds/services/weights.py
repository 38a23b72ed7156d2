"""Learn how much to believe each bookmaker, from past events, and keep what was learned."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction

from accounts import audit
from odds.domain.consensus import METHOD_WITHOUT_RULE, SIDES, probability_by_book
from odds.domain.margins import overround
from odds.domain.table import FloatArray, IntArray, QuoteTable, TextArray
from odds.domain.weights import (
    Comparison,
    Records,
    close_without,
    compare,
    outcome,
    records,
    scores_by_close,
    scores_by_result,
)
from odds.models import BookmakerWeight, Sport, WeightSet
from odds.selectors import PRICING, WEIGHT

LEAST_EVENTS = 50
TESTED_SHARE = 0.3
_OLDEST = timedelta(days=10)

_HISTORY = f"""
{PRICING}
SELECT e.id, s.id, s.side, b.id, b.key, b.commission_share::float8, b.is_archive,
       {WEIGHT}, early.price::float8,
       -- A close counts only if somebody looked after the early price: else it is the same price.
       CASE WHEN late.seen_at > e.starts_at - %(lead)s OR looked.found THEN late.price END::float8,
       CASE WHEN e.home_score > e.away_score THEN 'home'
            WHEN e.home_score < e.away_score THEN 'away' ELSE 'draw' END
FROM odds_event e
JOIN odds_competition c ON c.id = e.competition_id AND c.sport_id = %(sport)s
JOIN odds_market m ON m.event_id = e.id AND m.key = 'h2h'
JOIN odds_selection s ON s.market_id = m.id
JOIN odds_quote q ON q.selection_id = s.id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id
LEFT JOIN learned ON learned.sport_id = c.sport_id AND learned.bookmaker_id = b.id
LEFT JOIN LATERAL (
    SELECT price FROM odds_pricechange
    WHERE quote_id = q.id AND NOT b.is_archive
      AND seen_at BETWEEN e.starts_at - %(oldest)s AND e.starts_at - %(lead)s
    ORDER BY seen_at DESC LIMIT 1
) early ON true
LEFT JOIN LATERAL (
    SELECT price, seen_at FROM odds_pricechange
    WHERE quote_id = q.id AND coalesce(last_update, seen_at) <= e.starts_at
      AND seen_at BETWEEN e.starts_at - %(oldest)s AND e.starts_at + interval '1 day'
    ORDER BY seen_at DESC LIMIT 1
) late ON true
LEFT JOIN LATERAL (
    SELECT true AS found FROM odds_sighting g
    WHERE g.event_id = e.id AND g.market_key = 'h2h'
      AND g.seen_at > e.starts_at - %(lead)s AND g.seen_at <= e.starts_at
      AND (g.bookmaker_ids IS NULL OR q.bookmaker_id = ANY(g.bookmaker_ids))
    LIMIT 1
) looked ON true
WHERE e.status = 'finished' AND e.result_seen_at <= %(known)s AND e.starts_at < %(known)s
ORDER BY e.starts_at, e.id, s.id, q.id
"""  # noqa: S608


class NothingLearned(Exception):
    """Weights that are not kept: too little history, or no better than those in force."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned: one entry a book, what it is worth on events it never saw, and the set."""

    bookmaker_id: IntArray
    bookmaker_key: TextArray
    found: Records
    in_force: FloatArray
    margin: FloatArray
    comparison: Comparison
    events_learned: int
    stored: WeightSet | None


@dataclass(frozen=True, slots=True)
class _History:
    bookmaker_id: IntArray
    bookmaker_key: TextArray
    weight: FloatArray
    margin: FloatArray
    early: FloatArray
    late: FloatArray
    result: IntArray


def learn_weights(
    *, sport_key: str, target: str, lead: timedelta, now: datetime, force_because: str = ""
) -> Learned:
    """Learn weights from all finished events of a sport, and keep them if they are better.

    Fitted on the older events, compared on the newest 30 % with the weights in force; if better
    there beyond chance, fitted again on all and kept, in force from `now`. `force_because` keeps
    them whatever the comparison says, with that reason. Prices are those known `lead` before the
    start; the margin goes by Shin's method. A repeat learns anew and adds a set.

    Raises:
        NothingLearned: with the reason, nothing having been written.
        Sport.DoesNotExist: if no sport has that key.
    """
    sport = Sport.objects.get(key=sport_key)
    history = _read(sport.pk, lead=lead, now=now)
    late = close_without(history.late) if target == "close" else None
    goal = outcome(history.result, history.early) if late is None else late
    usable = (~np.isnan(history.early).any(axis=2) & ~np.isnan(goal).any(axis=2)).sum(axis=1) >= 2
    if usable.sum() < LEAST_EVENTS:
        raise NothingLearned(
            f"{int(usable.sum())} finished events of {sport} have prices of two books "
            f"{lead.total_seconds() / 3600:g} hours before the start"
            f"{' and a later close' if target == 'close' else ''}; "
            f"at least {LEAST_EVENTS} are needed. Import or watch more."
        )
    rows = np.flatnonzero(usable)
    cut = int(len(rows) * (1 - TESTED_SHARE))
    train, test = rows[:cut], rows[cut:]
    fitted = records(history.early[train], goal[train]).weight
    # Who is kept out by hand stays out, whatever is learned: so also here.
    fitted = np.where(history.weight == 0.0, 0.0, fitted)

    def scores(weight: FloatArray) -> FloatArray:
        if target == "close":
            return scores_by_close(history.early[test], history.late[test], weight)
        return scores_by_result(history.early[test], history.result[test], weight)

    comparison = compare(scores(history.weight), scores(fitted))
    final = records(history.early[rows], goal[rows])
    stored = None
    if comparison.is_better or force_because:
        stored = _store(sport, target, lead, now, history, final, comparison, cut, force_because)
    return Learned(
        bookmaker_id=history.bookmaker_id,
        bookmaker_key=history.bookmaker_key,
        found=final,
        in_force=history.weight,
        margin=history.margin,
        comparison=comparison,
        events_learned=len(rows),
        stored=stored,
    )


def note_asked(*, sport_key: str, by_id: int, now: datetime) -> None:
    """Log that somebody asked for a sport's weights to be learned.

    Raises:
        Sport.DoesNotExist: if no sport has that key.
    """
    sport = Sport.objects.get(key=sport_key)
    audit.record(
        action="asked for weights", subject=f"sport {sport.key}", actor_id=by_id, at=now, detail={}
    )


@transaction.atomic
def _store(
    sport: Sport, target: str, lead: timedelta, now: datetime, history: _History,
    final: Records, comparison: Comparison, learned: int, force_because: str,
) -> WeightSet:  # fmt: skip
    made = WeightSet.objects.create(
        sport=sport,
        learned_at=now,
        target=target,
        hours_before=lead.total_seconds() / 3600,
        events_learned=learned,
        events_tested=comparison.events,
        score_before=comparison.old,
        score_learned=comparison.new,
        gain_low=comparison.gain_low,
        gain_high=comparison.gain_high,
        forced_because=force_because,
    )
    BookmakerWeight.objects.bulk_create(
        BookmakerWeight(
            weight_set=made,
            bookmaker_id=int(history.bookmaker_id[index]),
            weight=float(final.weight[index]),
            events=int(final.events[index]),
            error=float(final.error[index]),
            relative=float(final.relative[index]),
            margin=float(history.margin[index]),
        )
        for index in np.flatnonzero(final.events > 0)
    )
    return made


def _read(sport_id: int, *, lead: timedelta, now: datetime) -> _History:
    with connection.cursor() as cursor:
        given: dict[str, Any] = {"sport": sport_id, "lead": lead, "known": now, "oldest": _OLDEST}
        cursor.execute(_HISTORY, given)
        rows = cursor.fetchall()
    if not rows:
        raise NothingLearned("No finished event of this sport has a price. Import history first.")
    c = list(zip(*rows, strict=True))
    # By first appearance, so events stay in order of their start.
    kinds, first, event = np.unique(
        np.array(c[0], np.int64), return_index=True, return_inverse=True
    )
    order = np.argsort(first)
    place = np.empty(len(kinds), np.int64)
    place[order] = np.arange(len(kinds))
    event = place[event]
    book_ids, book_first, book = np.unique(
        np.array(c[3], np.int64), return_index=True, return_inverse=True
    )
    side = np.array(c[2], np.str_)
    shape = (len(kinds), len(book_ids), 3)
    column = np.searchsorted(SIDES, side)

    def spread(prices: tuple[float | None, ...]) -> tuple[FloatArray, FloatArray]:
        price = np.array([np.nan if p is None else p for p in prices], np.float64)
        given = ~np.isnan(price)
        table = _table(c, event, price).where(given)
        values = np.full(shape, np.nan)
        at = (event[given], book[given], column[given])
        values[at] = probability_by_book(table, method=METHOD_WITHOUT_RULE)
        raw = np.full(shape, np.nan)
        raw[at] = price[given]
        return values, raw

    early, raw = spread(c[8])
    late, _ = spread(c[9])
    # A book without a draw gives it nothing, where anybody else's market has none either.
    for each in (early, late):
        two_way = np.isnan(each[:, :, 1]).all(axis=1)
        each[two_way, :, 1] = np.where(np.isnan(each[two_way, :, 0]), np.nan, 1e-12)
    whole = ~np.isnan(early).any(axis=2)
    margins = np.full(whole.shape, np.nan)
    margins[whole] = overround(raw[whole])
    counted = np.maximum(whole.sum(axis=0), 1)
    result = np.searchsorted(SIDES, np.array(c[10], np.str_))
    of_event = np.zeros(len(kinds), np.int64)
    of_event[event] = result
    return _History(
        bookmaker_id=book_ids,
        bookmaker_key=np.array(c[4], np.str_)[book_first],
        weight=np.array(c[7], np.float64)[book_first],
        margin=np.nan_to_num(np.nansum(margins, axis=0) / counted),
        early=early,
        late=late,
        result=of_event,
    )


def _table(c: list[tuple[object, ...]], event: IntArray, price: FloatArray) -> QuoteTable:
    """Return history as a table of quotes; an event's prices are one market, times say nothing."""
    count = len(price)
    never = np.full(count, np.datetime64("1970-01-01", "us"))
    return QuoteTable(
        quote_id=np.arange(count),
        event_id=event,
        market_id=event,
        market_key=np.full(count, "h2h"),
        selection_id=np.array(c[1], np.int64),
        side=np.array(c[2], np.str_),
        line=np.full(count, np.nan),
        bookmaker_id=np.array(c[3], np.int64),
        bookmaker_key=np.array(c[4], np.str_),
        weight=np.array(c[7], np.float64),
        commission=np.array(c[5], np.float64),
        is_archive=np.array(c[6], np.bool_),
        price=price,
        last_update=never,
        seen_at=never,
        confirmed_at=never,
        starts_at=never,
    )
