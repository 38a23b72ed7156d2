"""A public track record: open it, show it or not, and commit every bet to it in time."""

import json
import secrets
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts import audit
from betting.models import Bet, BetStatus, Commitment, TrackRecord


class CannotPublish(Exception):
    """Why a record is not shown as asked, naming the field and the remedy."""


@transaction.atomic
def publish_record(
    *, owner_id: int, title: str, slug: str, is_public: bool, now: datetime
) -> TrackRecord:
    """Open one's track record, or change its address, title, or whether it is shown.

    Every bet accepted from its opening on is committed to it, shown or not; none can be left out.
    An empty `slug` gives an address nobody guesses.

    Raises:
        CannotPublish: naming the field, its value and the remedy.
    """
    if not title.strip():
        raise CannotPublish("title: say what it is called, such as Half a year of totals.")
    record = TrackRecord.objects.select_for_update().filter(owner_id=owner_id).first()
    before = None if record is None else {"slug": record.slug, "is_public": record.is_public}
    if record is None:
        record = TrackRecord(owner_id=owner_id, opened_at=now)
    record.title, record.is_public, record.changed_at = title.strip()[:64], is_public, now
    record.slug = slug.strip().lower() or secrets.token_hex(12)
    try:
        record.clean_fields(exclude=["owner"])
        with transaction.atomic():
            record.save()
    except ValidationError as wrong:
        raise CannotPublish(f"slug: {wrong.messages[0]}") from None
    except IntegrityError:
        raise CannotPublish(f"slug: {record.slug} is taken; choose another.") from None
    audit.record(
        action="published track record" if is_public else "kept track record private",
        subject=f"track record {record.pk}",
        actor_id=owner_id,
        at=now,
        detail={"slug": record.slug, "before": before},
    )
    return record


def commit_bet(bet: Bet, *, now: datetime) -> Commitment | None:
    """Commit an accepted bet to its owner's record, if there is one, before its event starts.

    Belongs into the transaction that accepts the bet. A bet accepted too late is not committed;
    the record says how many were.
    """
    if bet.status != BetStatus.OPEN:
        return None
    # Held, so that nobody commits between the last one read and this one.
    record = TrackRecord.objects.select_for_update().filter(owner_id=bet.owner_id).first()
    if record is None:
        return None
    event = bet.selection.market.event
    last = record.commitments.aggregate(at=Max("committed_at"))["at"]
    # Another process's clock may be a little ahead; the chain is in order all the same.
    at = max(now, last or now)
    if at >= event.starts_at or Commitment.objects.filter(bet=bet).exists():
        return None
    content = {
        "away": event.away.name,
        "bet": bet.pk,
        "bookmaker": bet.bookmaker.key,
        "competition": event.competition.key,
        "home": event.home.name,
        "market": bet.selection.market.key,
        "point": None if bet.selection.point is None else str(bet.selection.point),
        "price": str(bet.taken_price),
        "side": bet.selection.side,
        "stake": str(bet.taken_stake),
        "starts_at": event.starts_at.isoformat(),
    }
    # What the database computes is not sent.
    return Commitment.objects.create(
        record=record,
        bet=bet,
        number=0,
        content=json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        salt=secrets.token_hex(32),
        committed_at=at,
        starts_at=event.starts_at,
        written_at=at,
    )
