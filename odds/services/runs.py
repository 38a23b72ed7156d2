"""Feed runs: one row a fetch or a file; and the rows it refused."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.alerts.telling import tell
from accounts.domain.alerts import Fact, Kind
from accounts.showing.formats import feed_text
from odds.feeds.parsed import RejectedRow
from odds.models import FeedRun, QuarantinedRow
from odds.services.counts import Counts


def begin_run(*, provider: str, kind: str, subject: str, now: datetime) -> FeedRun:
    """Record that a fetch or an import has begun."""
    return FeedRun.objects.create(
        provider=provider, kind=kind, subject=subject[-255:], started_at=now
    )


def end_run(feed_run: FeedRun, counts: Counts, *, now: datetime, error: str = "") -> FeedRun:
    """Record what a fetch or an import brought; an error makes it a failed one."""
    feed_run.finished_at = max(now, feed_run.started_at)
    feed_run.outcome = FeedRun.Outcome.FAILED if error else FeedRun.Outcome.SUCCEEDED
    feed_run.error = error
    feed_run.rows_read = counts.read
    feed_run.rows_new = counts.new
    feed_run.rows_repeated = counts.repeated
    feed_run.rows_quarantined = counts.quarantined
    feed_run.save()
    if error:
        tell(
            [
                Fact(
                    kind=Kind.FEED,
                    key=f"feed {feed_run.provider} {feed_run.kind}",
                    title=f"{feed_text(feed_run.provider)}: {_what(feed_run)} failed",
                    text=error[:500],
                    path="/status/",
                    at=now,
                )
            ]
        )
    return feed_run


def _what(feed_run: FeedRun) -> str:
    return str(FeedRun.Kind(feed_run.kind).label).lower()


def quarantine(
    rejected: Iterable[RejectedRow], *, feed_run: FeedRun, source: str, seen_at: datetime
) -> int:
    """Keep refused rows with their reasons, and return how many there were; a repeat keeps one."""
    rows = [
        QuarantinedRow(
            feed_run=feed_run,
            source=source[-255:],
            row_number=row.row_number,
            field=row.field[:64],
            reason=row.reason[:255],
            raw=row.raw,
            fingerprint=_fingerprint(row),
            seen_at=seen_at,
        )
        for row in rejected
    ]
    QuarantinedRow.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return len(rows)


def waiting_of(source: str) -> int:
    """Return how many refused rows of a source nobody has dealt with yet."""
    return QuarantinedRow.objects.filter(source=source[-255:], resolved_at=None).count()


def _fingerprint(row: RejectedRow) -> str:
    body = json.dumps([row.field, row.reason, row.raw], sort_keys=True, default=str)
    return hashlib.sha256(body.encode()).hexdigest()


def resolve_all(*, row_ids: Iterable[int], reason: str, now: datetime, by_id: int) -> int:
    """Mark refused rows as dealt with, each with its audit entry, and return how many there were.

    All or none; a row that somebody dealt with before is not counted again.
    """
    with transaction.atomic():
        return sum(
            resolve_quarantined(row_id=row_id, reason=reason, now=now, by_id=by_id)
            for row_id in sorted(row_ids)
        )


@transaction.atomic
def resolve_quarantined(*, row_id: int, reason: str, now: datetime, by_id: int | None) -> bool:
    """Mark a refused row as dealt with, and say so in the audit log; a repeat changes nothing."""
    row = QuarantinedRow.objects.select_for_update().get(pk=row_id)
    if row.resolved_at is not None:
        return False
    row.resolved_at = now
    row.save(update_fields=["resolved_at"])
    audit.record(
        action="resolved quarantined row",
        subject=str(row),
        actor_id=by_id,
        at=now,
        detail={"row": row.pk, "reason": reason},
    )
    return True
