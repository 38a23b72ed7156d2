"""Results, box scores and lines of events we know."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import orjson
from django.db import connection, transaction

from accounts import audit
from odds.feeds.columns import EventKey
from odds.feeds.parsed import ParsedBoxScore, ParsedLine, ParsedResult, RejectedRow
from odds.models import Event, EventStatus, FeedRun, QuarantinedRow
from odds.services.bulk import as_flag, as_moment, as_text, copy_rows
from odds.services.counts import Counts
from odds.services.events import known_ids
from odds.services.runs import quarantine, resolve_quarantined

_Score = tuple[int, int]
# The field of a quarantined row that tells another score than the recorded one.
SCORE = "score"


def record_results(results: Iterable[ParsedResult], *, feed_run: FeedRun) -> Counts:
    """Record final scores of the events we know; others are left out.

    The same score again changes nothing, not even when it was seen first. Another score for an
    event that has one is quarantined for someone to decide: nothing is overwritten.
    """
    results = list(results)
    counts = Counts(read=len(results))
    with transaction.atomic():
        ids = known_ids({(result.source, result.event_key) for result in results})
        scores = _scores(ids.values())
        rejected: list[RejectedRow] = []
        new: dict[int, ParsedResult] = {}
        for result in results:
            pk = ids.get((result.source, result.event_key))
            if pk is None:
                continue
            score = result.home_score, result.away_score
            recorded = scores.get(pk)
            if recorded is None:
                scores[pk], new[pk] = score, result
                counts.new += 1
            elif recorded == score:
                counts.repeated += 1
            else:
                counts.quarantined += 1
                rejected.append(_second_score(result, recorded))
        _finish(new)
        if rejected:
            quarantine(
                rejected,
                feed_run=feed_run,
                source=feed_run.subject,
                seen_at=max(result.seen_at for result in results),
            )
    return counts


class NoScoreToAccept(Exception):
    """The row holds no other score of an event that has one."""


@transaction.atomic
def accept_score(*, row_id: int, reason: str, now: datetime, by_id: int | None) -> Event:
    """Take the score of a quarantined row for the event's own, and write down what was before.

    The result counts as seen now: nobody knew it earlier. Repeating changes nothing.

    Raises:
        NoScoreToAccept: if there is no such row, or it is about something else.
    """
    row = QuarantinedRow.objects.select_for_update().filter(pk=row_id).first()
    if row is None:
        raise NoScoreToAccept("There is no such row.")
    told = row.raw if isinstance(row.raw, dict) else {}
    key = (str(told.get("source", "")), str(told.get("event", "")))
    event_id = known_ids({key}).get(key) if row.field == SCORE else None
    if event_id is None:
        raise NoScoreToAccept(f"{row}: this is no other score of an event we know.")
    event = Event.objects.select_for_update().get(pk=event_id)
    home, away = map(int, str(told["score"]).split(":"))
    before = (event.home_score, event.away_score)
    if event.status == EventStatus.FINISHED and before != (home, away):
        event.home_score, event.away_score, event.result_seen_at = home, away, now
        event.save(update_fields=["home_score", "away_score", "result_seen_at"])
        audit.record(
            action="corrected a result",
            subject=str(event),
            actor_id=by_id,
            at=now,
            detail={
                "from": f"{before[0]}:{before[1]}",
                "to": f"{home}:{away}",
                "reason": reason,
                "row": row.pk,
            },
        )
    resolve_quarantined(row_id=row_id, reason=reason, now=now, by_id=by_id)
    return event


def record_box_scores(
    scores: Iterable[ParsedBoxScore], event_ids: Mapping[EventKey, int]
) -> Counts:
    """Record box scores of recorded events; one that is there already stays as it is."""
    counts = Counts()
    rows: dict[tuple[int, bool], ParsedBoxScore] = {}
    for score in scores:
        counts.read += 1
        event_id = event_ids.get((score.source, score.event_key))
        if event_id is not None:
            rows.setdefault((event_id, score.is_home), score)
    with transaction.atomic():
        ids = {event_id for event_id, _ in rows}
        with connection.cursor() as cursor:
            cursor.execute(_BOXES, [list(ids)])
            there = set(cursor.fetchall())
            cursor.execute(_TEAMS, [list(ids)])
            teams = {pk: (away, home) for pk, away, home in cursor.fetchall()}
        new = {key: score for key, score in rows.items() if key not in there}
        copy_rows(
            "odds_teamgame",
            ["event_id", "team_id", "is_home", "stats", "seen_at"],
            (
                f"{event_id}\t{teams[event_id][is_home]}\t{as_flag(is_home)}"
                f"\t{as_text(orjson.dumps(score.stats).decode())}\t{as_moment(score.seen_at)}"
                for (event_id, is_home), score in new.items()
            ),
        )
    counts.new = len(new)
    counts.repeated = counts.read - counts.new
    return counts


_BOXES = "SELECT event_id, is_home FROM odds_teamgame WHERE event_id = ANY(%s)"
_TEAMS = "SELECT id, away_id, home_id FROM odds_event WHERE id = ANY(%s)"


def record_lines(lines: Iterable[ParsedLine], event_ids: Mapping[EventKey, int]) -> Counts:
    """Record lines without prices; one that is there already stays as it is."""
    counts = Counts()
    wanted: dict[tuple[int, str, str, str], ParsedLine] = {}
    for line in lines:
        counts.read += 1
        event_id = event_ids.get((line.source, line.event_key))
        if event_id is not None:
            wanted.setdefault((event_id, line.market_key, line.moment, line.source), line)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LINES, [list({key[0] for key in wanted})])
            there = set(cursor.fetchall())
        new = {key: line for key, line in wanted.items() if key not in there}
        copy_rows(
            "odds_referenceline",
            ["event_id", "market_key", "moment", "source", "point", "seen_at"],
            (
                f"{key[0]}\t{key[1]}\t{key[2]}\t{as_text(key[3])}"
                f"\t{line.point.quantize(Decimal('0.01'))}\t{as_moment(line.seen_at)}"
                for key, line in new.items()
            ),
        )
    counts.new = len(new)
    counts.repeated = counts.read - counts.new
    return counts


_LINES = """
SELECT event_id, market_key, moment, source FROM odds_referenceline WHERE event_id = ANY(%s)
"""
_SCORES = """
SELECT id, home_score, away_score, status = 'finished' FROM odds_event WHERE id = ANY(%s)
ORDER BY id FOR UPDATE
"""


def _scores(ids: Iterable[int]) -> dict[int, _Score]:
    """Return the scores of the events that are finished, all of them locked."""
    with connection.cursor() as cursor:
        cursor.execute(_SCORES, [list(ids)])
        return {pk: (home, away) for pk, home, away, finished in cursor.fetchall() if finished}


_FINISH = """
UPDATE odds_event e
SET status = 'finished', home_score = r.home, away_score = r.away, overtimes = r.overtimes,
    result_seen_at = r.seen_at
FROM unnest(%s::bigint[], %s::smallint[], %s::smallint[], %s::smallint[], %s::timestamptz[])
    AS r(id, home, away, overtimes, seen_at)
WHERE e.id = r.id
"""


def _finish(results: Mapping[int, ParsedResult]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _FINISH,
            [
                list(results),
                [result.home_score for result in results.values()],
                [result.away_score for result in results.values()],
                [result.overtimes for result in results.values()],
                [result.seen_at for result in results.values()],
            ],
        )


def _second_score(result: ParsedResult, recorded: _Score) -> RejectedRow:
    told = f"{result.home_score}:{result.away_score}"
    reason = f"{told}, but {recorded[0]}:{recorded[1]} is recorded"
    raw = {"source": result.source, "event": result.event_key, "score": told}
    return RejectedRow(SCORE, reason, raw)
