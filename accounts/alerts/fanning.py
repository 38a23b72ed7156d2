"""From what happened to whoever asked to be told: notices, and messages that wait to be sent."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from accounts.domain.alerts import (
    NUDGES,
    Fact,
    Kind,
    Quiet,
    Wanted,
    matches,
    sent_at,
)
from accounts.models import AlertHours, AlertRule, AlertTrigger, Delivery, Notification
from accounts.outbound.traces import going_on

logger = logging.getLogger(__name__)

# Any number will do that nobody else locks by.
LOCK = 0x_FA17_A1E7
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Fanned:
    """How many facts were handled, notices and messages made, and which facts were parked."""

    handled: int = 0
    notices: int = 0
    messages: int = 0
    parked: tuple[str, ...] = ()


def fan_out(*, now: datetime, not_nudged: Collection[int]) -> Fanned:
    """Match what waits in the outbox against everybody's rules; `now` is real time.

    `not_nudged` are the ids of people who must not be invited to bet. One process does it at a
    time, so the same thing is told once however many start; each fact stands or falls alone.
    """
    handled = notices = messages = 0
    parked = []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return Fanned()
        waiting = list(AlertTrigger.objects.filter(handled_at__isnull=True)[:AT_ONCE])
        rules = _rules_of({trigger.kind for trigger in waiting})
        hours = {each.owner_id: each for each in AlertHours.objects.all()} if waiting else {}
        for trigger in waiting:
            trigger.handled_at = now
            try:
                with transaction.atomic(), going_on(trigger.trace_id):
                    told, sent = _tell(trigger, rules, hours, now=now, not_nudged=not_nudged)
            except Exception as error:
                # One bad fact must not keep the others waiting.
                logger.exception("Could not tell of trigger %s", trigger.pk)
                trigger.error = f"{type(error).__name__}: {error}"[:200]
                parked.append(f"trigger {trigger.pk}: {trigger.error}")
            else:
                handled, notices, messages = handled + 1, notices + told, messages + sent
        AlertTrigger.objects.bulk_update(waiting, ["handled_at", "error"], batch_size=500)
    return Fanned(handled, notices, messages, tuple(parked))


def _rules_of(kinds: Iterable[str]) -> Mapping[str, list[AlertRule]]:
    found = (
        AlertRule.objects.filter(
            kind__in=list(kinds), is_on=True, removed_at__isnull=True, owner__is_active=True
        )
        .select_related("owner")
        .prefetch_related("channels")
        .order_by("pk")
    )
    by_kind: dict[str, list[AlertRule]] = {}
    for rule in found:
        by_kind.setdefault(rule.kind, []).append(rule)
    return by_kind


def _tell(
    trigger: AlertTrigger,
    rules: Mapping[str, list[AlertRule]],
    hours: Mapping[int, AlertHours],
    *,
    now: datetime,
    not_nudged: Collection[int],
) -> tuple[int, int]:
    """Note it for everybody concerned and make the messages; return how many of each."""
    fact = _fact(trigger)
    # What is always noted was, with the fact itself.
    told = {notice.owner_id: notice for notice in trigger.notifications.all()}
    before, messages = len(told), 0
    for rule in rules.get(trigger.kind, []):
        if trigger.owner_id not in (None, rule.owner_id) or not matches(_wanted(rule), fact):
            continue
        if trigger.kind in NUDGES and rule.owner_id in not_nudged:
            continue
        notice = told.get(rule.owner_id)
        if notice is None:
            if _was_told(trigger, rule, now=now):
                continue
            notice = told[rule.owner_id] = _note(trigger, rule, now=now)
        messages += _send_over_channels(rule, notice, hours.get(rule.owner_id), now=now)
    return len(told) - before, messages


def _fact(trigger: AlertTrigger) -> Fact:
    return Fact(
        kind=Kind(trigger.kind),
        key=trigger.key,
        title=trigger.title,
        text=trigger.text,
        path=trigger.path,
        at=trigger.at,
        owner_id=trigger.owner_id,
        competition=trigger.competition,
        strategy=trigger.strategy,
        bookmaker=trigger.bookmaker,
        edge=trigger.edge,
    )


def _wanted(rule: AlertRule) -> Wanted:
    return Wanted(rule.kind, rule.competition, rule.strategy, rule.bookmaker, rule.least_edge)


def _was_told(trigger: AlertTrigger, rule: AlertRule, *, now: datetime) -> bool:
    since = now - timedelta(minutes=rule.once_minutes)
    return Notification.objects.filter(
        owner_id=rule.owner_id, kind=trigger.kind, key=trigger.key, made_at__gt=since
    ).exists()


def _note(trigger: AlertTrigger, rule: AlertRule, *, now: datetime) -> Notification:
    return Notification.objects.create(
        owner_id=rule.owner_id,
        trigger=trigger,
        rule=rule,
        kind=trigger.kind,
        key=trigger.key,
        made_at=now,
    )


def _send_over_channels(
    rule: AlertRule, notice: Notification, hours: AlertHours | None, *, now: datetime
) -> int:
    muted = max(
        (moment for moment in (rule.muted_until, hours and hours.muted_until) if moment),
        default=now,
    )
    if muted > now:
        return 0
    quiet = None
    if hours is not None and hours.quiet_from is not None and hours.quiet_to is not None:
        quiet = Quiet(hours.quiet_from, hours.quiet_to)
    due = sent_at(now, digest=rule.digest, quiet=quiet, zone=rule.owner.time_zone)
    channels = [channel for channel in rule.channels.all() if channel.removed_at is None]
    for channel in channels:
        if rule.digest:
            delivery, _ = Delivery.objects.get_or_create(
                channel=channel,
                rule=rule,
                due_at=due,
                is_digest=True,
                defaults={"made_at": now},
            )
        else:
            delivery = Delivery.objects.create(channel=channel, rule=rule, due_at=due, made_at=now)
        delivery.notifications.add(notice)
    return len(channels)
