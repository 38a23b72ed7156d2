"""A track record as its owner and as the public see it."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import QuerySet

from betting.domain.performance import Performance, measure
from betting.models import Bet, BetStatus, Commitment, TrackRecord
from betting.selectors.performance import settled_bets

NOT_OURS = (BetStatus.PLACING, BetStatus.REJECTED, BetStatus.CANCELLED)


def record_of(owner_id: int) -> TrackRecord | None:
    """Return somebody's track record, public or not, or None."""
    return TrackRecord.objects.filter(owner_id=owner_id).first()


def public_record(slug: str) -> TrackRecord | None:
    """Return the record of that address while it is public, or None."""
    return TrackRecord.objects.filter(slug=slug, is_public=True).first()


def commitments_of(record: TrackRecord) -> QuerySet[Commitment]:
    """Return a record's commitments, newest first, with what became of their bets."""
    return record.commitments.select_related("bet__bankroll").order_by("-number")


def too_late(record: TrackRecord) -> int:
    """Return how many bets accepted since its opening were never committed."""
    since = Bet.objects.filter(owner_id=record.owner_id, placed_at__gte=record.opened_at)
    return since.exclude(status__in=NOT_OURS).filter(commitment=None, venue__gt="").count()


def exported(record: TrackRecord, *, now: datetime) -> dict[str, Any]:
    """Return a record as anybody may verify it: content and salt only once the event started.

    What became of a bet is told beside the chain: it was not known when it was committed.
    """
    rows = [_row(each, now) for each in commitments_of(record).reverse()]
    return {
        "title": record.title,
        "opened_at": written(record.opened_at),
        "exported_at": written(now),
        "clock": "real" if settings.CLOCK is None else "simulated",
        "bets_not_committed": too_late(record),
        "count": len(rows),
        "head": rows[-1]["chain"] if rows else "",
        "commitments": rows,
    }


def performance_of_committed(record: TrackRecord) -> Performance:
    """Return what the settled bets of a record earned, per unit staked; no bankroll is shown."""
    settled = settled_bets(record.owner_id)
    committed = record.commitments.order_by().values_list("bet_id", flat=True)
    return measure(settled.where(np.isin(settled.ids, list(committed))).record, capital=1.0)


def content_of(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return what an exported commitment was to, None until it is revealed."""
    said: dict[str, Any] | None = json.loads(row["content"]) if row["content"] else None
    return said


def written(at: datetime) -> str:
    """Return a moment as the chain writes it.

    >>> written(datetime(2026, 1, 15, 12, tzinfo=UTC))
    '2026-01-15T12:00:00.000000Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _row(each: Commitment, now: datetime) -> dict[str, Any]:
    is_revealed = now >= each.starts_at
    bet = each.bet
    return {
        "number": each.number,
        "committed_at": written(each.committed_at),
        "starts_at": written(each.starts_at),
        "written_at": written(each.written_at),
        "commitment": each.commitment,
        "chain": each.chain,
        "salt": each.salt if is_revealed else None,
        "content": each.content if is_revealed else None,
        "outcome": {
            "status": bet.status,
            "result": bet.result or None,
            "returned": None if bet.returned is None else str(bet.returned),
            "clv": bet.clv,
        }
        if is_revealed
        else None,
    }
