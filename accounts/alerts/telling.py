"""The outbox: what happened is written down with what made it happen, or not at all."""

from collections.abc import Iterable, Set
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone
from structlog.contextvars import get_contextvars

from accounts.domain.alerts import ALWAYS_NOTED, Fact
from accounts.models import AlertRule, AlertTrigger, Delivery, Notification

KEPT = timedelta(days=30)
PRUNED_AT_ONCE = 5_000


def kinds_asked_for() -> Set[str]:
    """Return the kinds that somebody has a rule for, or that are always noted."""
    asked = AlertRule.objects.filter(is_on=True, removed_at__isnull=True, owner__is_active=True)
    return {*ALWAYS_NOTED, *asked.order_by().values_list("kind", flat=True).distinct()}


def owners_who_ask_for(kind: str) -> list[int]:
    """Return the ids of people with a rule of a kind."""
    asked = AlertRule.objects.filter(
        kind=kind, is_on=True, removed_at__isnull=True, owner__is_active=True
    )
    return sorted(set(asked.values_list("owner_id", flat=True)))


def tell(facts: Iterable[Fact]) -> int:
    """Put facts into the outbox, in the transaction of the caller; return how many.

    What nobody asked for is left out; what is always noted is among the person's notices at once.
    To send is another's work: nothing here waits for anyone.
    """
    facts = list(facts)
    asked = kinds_asked_for() if facts else set()
    now = timezone.now()
    written = AlertTrigger.objects.bulk_create(
        [_written(fact, now) for fact in facts if fact.kind in asked], batch_size=500
    )
    Notification.objects.bulk_create(
        [
            Notification(
                owner_id=each.owner_id, trigger=each, kind=each.kind, key=each.key, made_at=now
            )
            for each in written
            if each.kind in ALWAYS_NOTED and each.owner_id is not None
        ],
        batch_size=500,
    )
    return len(written)


def _written(fact: Fact, now: datetime) -> AlertTrigger:
    return AlertTrigger(
        kind=fact.kind,
        key=fact.key[:128],
        owner_id=fact.owner_id,
        at=fact.at,
        title=fact.title[:160],
        text=fact.text,
        path=fact.path[:200],
        competition=fact.competition,
        strategy=fact.strategy,
        bookmaker=fact.bookmaker,
        edge=fact.edge,
        written_at=now,
        trace_id=str(get_contextvars().get("trace_id") or "")[:32],
    )


def prune_triggers(*, now: datetime) -> int:
    """Delete what was handled over 30 days ago and told to nobody, at most 5,000."""
    old = AlertTrigger.objects.filter(handled_at__lt=now - KEPT, notifications__isnull=True)
    return _delete(AlertTrigger, old)


def prune_notices(*, now: datetime, days: int) -> int:
    """Delete notices read over so many days ago, at most 5,000; 0 keeps all.

    Messages that were sent so long ago go first. What nobody has read stays, and so does what a
    message still has to say: one that waits, or was given up and can be sent again.
    """
    if not days:
        return 0
    before = now - timedelta(days=days)
    over = (Delivery.Status.SENT, Delivery.Status.DROPPED)
    sent = Delivery.objects.filter(status__in=over, made_at__lt=before).order_by("pk")
    _delete(Delivery, sent)
    old = Notification.objects.filter(read_at__lt=before, deliveries__isnull=True)
    return _delete(Notification, old.order_by("pk"))


def _delete(model: type[Model], rows: QuerySet[Any]) -> int:
    gone = list(rows.values_list("pk", flat=True)[:PRUNED_AT_ONCE])
    model._default_manager.filter(pk__in=gone).delete()
    return len(gone)
