"""What people impose on themselves: limits over time, time-outs, self-exclusion, reality checks.

Times here are the real ones, also where the world's clock runs faster: a day to cool off is a day,
and that of 24 hours, so it is added in UTC: a local day on which clocks go forward is one short.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts import audit
from risk.models import Exclusion, PersonalAsked, PersonalLimit, Presence
from risk.services.order import begin_stop

COOL_OFF = timedelta(hours=24)
# Longer than that between two pages is a pause.
PAUSE = timedelta(minutes=10)
SHORTEST_EXCLUSION = timedelta(days=183)
SHORTEST_TIME_OUT, LONGEST_TIME_OUT = timedelta(days=1), timedelta(days=42)

# Whether it was a pause is asked of what stood before: so time is counted before the stretch moves.
_NOTE_PRESENCE = """
WITH was AS (
    SELECT %(now)s - last_at AS away FROM risk_presence WHERE owner_id = %(owner_id)s FOR UPDATE
), counted AS (
    INSERT INTO risk_timespent AS spent (owner_id, day, seconds)
    SELECT %(owner_id)s, %(day)s, floor(extract(epoch FROM away)) FROM was
    WHERE away > interval '0' AND away <= %(pause)s
    ON CONFLICT (owner_id, day) DO UPDATE SET seconds = spent.seconds + excluded.seconds
    RETURNING 1
)
INSERT INTO risk_presence AS here (owner_id, since, last_at, told_at, check_minutes)
SELECT %(owner_id)s, %(now)s, %(now)s, %(now)s, 60 FROM (SELECT count(*) FROM counted) first
ON CONFLICT (owner_id) DO UPDATE SET
    since = CASE WHEN excluded.last_at - here.last_at > %(pause)s
        THEN excluded.since ELSE here.since END,
    told_at = CASE WHEN excluded.last_at - here.last_at > %(pause)s
        THEN excluded.told_at ELSE here.told_at END,
    last_at = greatest(here.last_at, excluded.last_at)
RETURNING here.*, (
    SELECT place FROM risk_placesaid WHERE owner_id = %(owner_id)s ORDER BY id DESC LIMIT 1
) AS place
"""


class NoSuchRaise(Exception):
    """The owner never asked for such a raise."""


class NotYet(Exception):
    """A raise that has not waited long enough, or is not waiting any more; says which."""


class ExclusionRefused(Exception):
    """An exclusion that cannot be: names the value and the remedy."""


@transaction.atomic
def set_personal_limit(
    *, owner_id: int, kind: str, period: str, amount: Decimal | None, now: datetime
) -> PersonalLimit | PersonalAsked:
    """Lower a limit at once, or ask for a higher one; None is no limit.

    The first limit and a lower one hold from now on, and take back what was asked before. A higher
    one waits for COOL_OFF and a second yes. The same again writes nothing.
    """
    owner = {"owner_id": owner_id, "kind": kind, "period": period}
    held = PersonalLimit.objects.select_for_update().filter(**owner).first()
    waiting = PersonalAsked.objects.select_for_update().filter(
        **owner, confirmed_at=None, withdrawn_at=None
    )
    before = held.amount if held else None
    raises = before is not None and (amount is None or amount > before)
    if raises:
        if (asked := waiting.first()) is not None and asked.amount == amount:
            return asked
        waiting.update(withdrawn_at=now)
        asked = PersonalAsked.objects.create(
            **owner, amount=amount, asked_at=now, ready_at=now.astimezone(UTC) + COOL_OFF
        )
        _write_down("asked to raise a personal limit", owner_id, kind, period, before, amount, now)
        return asked
    waiting.update(withdrawn_at=now)
    if held is not None and before == amount:
        return held
    limit = PersonalLimit.objects.create(**owner, amount=amount, since=now)
    _write_down("lowered a personal limit", owner_id, kind, period, before, amount, now)
    return limit


@transaction.atomic
def confirm_raise(*, owner_id: int, asked_id: int, now: datetime) -> PersonalLimit:
    """Say yes a second time to a higher limit, once it waited; it holds from now on.

    Raises:
        NoSuchRaise: if it is not this person's.
        NotYet: if it is too early, or nothing waits any more.
    """
    asked = _waiting(owner_id, asked_id)
    if now < asked.ready_at:
        raise NotYet(
            f"It can be confirmed from {asked.ready_at:%Y-%m-%d %H:%M} UTC on, "
            "a day after it was asked for."
        )
    asked.confirmed_at = now
    asked.save(update_fields=["confirmed_at"])
    limit = PersonalLimit.objects.create(
        owner_id=owner_id,
        kind=asked.kind,
        period=asked.period,
        amount=asked.amount,
        since=now,
        asked=asked,
    )
    _write_down(
        "raised a personal limit", owner_id, asked.kind, asked.period, None, asked.amount, now
    )
    return limit


@transaction.atomic
def withdraw_raise(*, owner_id: int, asked_id: int, now: datetime) -> None:
    """Take back what was asked for.

    Raises:
        NoSuchRaise: if it is not this person's.
        NotYet: if nothing waits any more.
    """
    asked = _waiting(owner_id, asked_id)
    asked.withdrawn_at = now
    asked.save(update_fields=["withdrawn_at"])


def _waiting(owner_id: int, asked_id: int) -> PersonalAsked:
    asked = PersonalAsked.objects.select_for_update().filter(pk=asked_id, owner_id=owner_id).first()
    if asked is None:
        raise NoSuchRaise(f"No raise {asked_id}")
    if asked.confirmed_at is not None or asked.withdrawn_at is not None:
        raise NotYet("Nothing waits under that number; ask for it anew.")
    return asked


def _write_down(
    action: str,
    owner_id: int,
    kind: str,
    period: str,
    before: Decimal | None,
    after: Decimal | None,
    now: datetime,
) -> None:
    audit.record(
        action=action,
        subject=f"user {owner_id}",
        actor_id=owner_id,
        detail={
            "limit": f"{kind} a {period}",
            "from": None if before is None else str(before),
            "to": None if after is None else str(after),
        },
        at=now,
    )


@transaction.atomic
def exclude(*, owner_id: int, kind: str, length: timedelta | None, now: datetime) -> Exclusion:
    """Keep a person away from betting from now on; no length is for good. Nobody ends it early.

    One that ends no later than another in force writes nothing and returns that.

    Raises:
        ExclusionRefused: if a time-out is not of a day to six weeks, or a self-exclusion shorter
            than six months.
    """
    if kind == Exclusion.Kind.TIME_OUT:
        if length is None or not SHORTEST_TIME_OUT <= length <= LONGEST_TIME_OUT:
            raise ExclusionRefused(
                f"length: a time-out lasts from 1 to 42 days, not {_in_days(length)}; "
                "for longer exclude yourself."
            )
    elif length is not None and length < SHORTEST_EXCLUSION:
        raise ExclusionRefused(
            f"length: self-exclusion lasts {SHORTEST_EXCLUSION.days} days at least, not "
            f"{_in_days(length)}; for less take a time-out."
        )
    until = None if length is None else now.astimezone(UTC) + length
    begin_stop()
    for held in Exclusion.objects.filter(owner_id=owner_id, kind=kind):
        if held.until is None or (until is not None and held.until >= until):
            return held
    exclusion = Exclusion.objects.create(owner_id=owner_id, kind=kind, since=now, until=until)
    audit.record(
        action=f"began a {exclusion.get_kind_display().lower()}",
        subject=f"user {owner_id}",
        actor_id=owner_id,
        detail={"until": "for good" if until is None else until.isoformat()},
        at=now,
    )
    return exclusion


def _in_days(length: timedelta | None) -> str:
    return "for good" if length is None else f"{length / timedelta(days=1):g}"


def note_presence(*, owner_id: int, now: datetime) -> Presence:
    """Count the time since a person was last here, unless that was a pause; return the stretch.

    With `place`, what they said last of where they are, or None. One statement: pages wait for it.
    """
    asked = {"owner_id": owner_id, "now": now, "day": now.astimezone(UTC).date(), "pause": PAUSE}
    (here,) = Presence.objects.raw(_NOTE_PRESENCE, asked)
    return here


def acknowledge_check(*, owner_id: int, now: datetime) -> None:
    """Note that a person saw how long they are here; the next reality check counts from now."""
    Presence.objects.filter(owner_id=owner_id).update(told_at=now)


def check_every(*, owner_id: int, minutes: int, now: datetime) -> None:
    """Set how often a person is told how long they are here: from 5 to 240 minutes."""
    Presence.objects.update_or_create(
        owner_id=owner_id,
        defaults={"check_minutes": minutes},
        create_defaults={
            "check_minutes": minutes,
            "since": now,
            "last_at": now,
            "told_at": now,
        },
    )
