"""Read breakers, keep what they read, and stop what they say must stop."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts import audit
from risk import selectors
from risk.domain.breakers import PERSONAL, WORLD, History, Level, Reading, why_no_level
from risk.models import BreakerLevel, BreakerReading, BreakersDue, Halt, Limits
from risk.services.halts import end_expired_halts, halt_everything, lift_halt, write_halt

ALL = Halt.Scope.ALL


class LevelsRefused(Exception):
    """Levels that cannot be: names the breaker, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class WorldReading:
    """What a breaker of the operator read: of a league's feed, a predictor, a venue."""

    breaker: str
    scope: str
    key: str
    figure: float
    warn: float
    trip: float
    words: str

    @property
    def level(self) -> str:
        """Return fine, warn or trip."""
        if self.figure >= self.trip:
            return "trip"
        return "warn" if self.figure >= self.warn else "fine"


def make_due(owner_ids: Iterable[int]) -> None:
    """Have the breakers of these people read at the next round: what they read has changed.

    Call it in the transaction that changes it.
    """
    # In order, so that two writers of the same people never wait for each other.
    _due([BreakersDue(owner_id=owner_id) for owner_id in sorted(set(owner_ids))])


def due_at(owner_id: int, at: datetime) -> None:
    """Have a person's breakers read at a moment, unless something changes before."""
    _due([BreakersDue(owner_id=owner_id, at=at)])


def _due(rows: list[BreakersDue]) -> None:
    BreakersDue.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["owner"], update_fields=["at"]
    )


@contextmanager
def taken_as_due(owner_id: int) -> Iterator[None]:
    """Hold a person's place in the queue while they are read; it is lost only if that works.

    What changes meanwhile waits for this to end, and then makes them due again.
    """
    with transaction.atomic():
        BreakersDue.objects.filter(owner_id=owner_id).delete()
        yield


def check_personal(
    *,
    owner_id: int,
    history: History,
    now: datetime,
    breakers: Iterable[str] = tuple(PERSONAL),
    strategy: str = "",
) -> list[Reading]:
    """Read a person's breakers and stop what trips: all their stakes, or those by one strategy.

    Each counts anew from where its last lock ended. A reading is kept where it changed. A halt in
    force is left as it is. Returns the readings.

    Call it under the lock that stakes of the person are written under: a stop that waited for
    stakes here, which wait for that lock, would wait in a ring.
    """
    end_expired_halts(now=now)
    scope = Halt.Scope.STRATEGY if strategy else ALL
    standing = selectors.breakers_at(owner_id, now=now)
    readings = []
    for breaker in breakers:
        reading = standing.read(breaker, history, strategy=strategy)
        _keep(owner_id, scope, strategy, reading.bounds, reading, now)
        if reading.tripped:
            hours = reading.bounds.lock_hours
            write_halt(
                reason=f"{reading.sentence} Open bets settle as usual.",
                now=now,
                owner_id=owner_id,
                cause=breaker,
                scope=scope,
                scope_key=strategy,
                until=now + timedelta(hours=hours) if hours else None,
            )
        readings.append(reading)
    return readings


def check_world(readings: Iterable[WorldReading], *, now: datetime) -> int:
    """Stop what an operator's breakers say must stop, and start it again once it is well.

    Well is below the level of the warning, not only below that of the trip. What a person lifted
    stays lifted until it was well in between. Returns how many trip.
    """
    end_expired_halts(now=now)
    tripped = 0
    for reading in readings:
        halts = Halt.objects.filter(
            owner=None, cause=reading.breaker, scope=reading.scope, scope_key=reading.key
        )
        in_force = halts.filter(lifted_at__isnull=True).first()
        before = halts.filter(lifted_at__isnull=False).order_by("-lifted_at").first()
        bounds = Level(reading.warn, reading.trip, 0)
        was_well = (
            before is None
            or before.lifted_by_id is None
            or BreakerReading.objects.filter(
                owner=None,
                breaker=reading.breaker,
                scope=reading.scope,
                scope_key=reading.key,
                level=BreakerReading.Level.FINE,
                at__gt=before.lifted_at,
            ).exists()
        )
        _keep(None, reading.scope, reading.key, bounds, reading, now)
        tripped += reading.level == "trip"
        if reading.level == "trip" and in_force is None and was_well:
            halt_everything(
                reason=reading.words,
                now=now,
                cause=reading.breaker,
                scope=reading.scope,
                scope_key=reading.key,
            )
        elif reading.level == "fine" and in_force is not None:
            lift_halt(halt_id=in_force.pk, reason=f"Well again: {reading.words}", now=now)
    return tripped


def _keep(
    owner_id: int | None,
    scope: str,
    key: str,
    bounds: Level,
    reading: Reading | WorldReading,
    now: datetime,
) -> None:
    """Keep a reading if it differs from the one before."""
    words = reading.sentence if isinstance(reading, Reading) else reading.words
    before = BreakerReading.objects.filter(
        owner_id=owner_id, breaker=reading.breaker, scope=scope, scope_key=key
    ).first()
    same = before is not None and before.level == reading.level and before.figure == reading.figure
    # Nothing to tell of what never was anything but fine.
    if same or (before is None and reading.figure == 0):
        return
    BreakerReading.objects.create(
        owner_id=owner_id,
        breaker=reading.breaker,
        scope=scope,
        scope_key=key,
        at=now,
        level=reading.level,
        figure=reading.figure,
        warn=bounds.warn,
        trip=bounds.trip,
        words=words,
    )


@transaction.atomic
def set_levels(
    *, owner_id: int, levels: Mapping[str, Level], now: datetime, by_id: int | None
) -> None:
    """Set where a person's breakers warn and trip, from now on, and write down what was before.

    Raises:
        LevelsRefused: naming the breaker, the value and what it may be.
    """
    before = selectors.levels_of(owner_id)
    changed = {name: level for name, level in levels.items() if level != before[name]}
    for name, level in changed.items():
        if wrong := why_no_level(name, level):
            raise LevelsRefused(wrong)
        BreakerLevel.objects.update_or_create(
            owner_id=owner_id, breaker=name, defaults=level._asdict()
        )
        if name == "drawdown":
            limits, _ = Limits.objects.get_or_create(owner_id=owner_id)
            limits.max_drawdown_share = round(level.trip, 4)  # type: ignore[assignment]
            limits.save(update_fields=["max_drawdown_share"])
    if changed:
        make_due([owner_id])
        audit.record(
            action="changed breaker levels",
            subject=f"user {owner_id}",
            actor_id=by_id,
            detail={
                name: {"from": list(before[name]), "to": list(level)}
                for name, level in changed.items()
            },
            at=now,
        )


@transaction.atomic
def set_world_level(
    *, breaker: str, before: Level, level: Level, reason: str, now: datetime, by_id: int
) -> None:
    """Set where one of the operator's breakers warns and trips, for everybody, from now on.

    `before` is what holds, for the audit log. It locks while it lasts, so for no hours.

    Raises:
        LevelsRefused: naming the breaker or the field, the value and what it may be.
    """
    if breaker not in WORLD:
        raise LevelsRefused(f"breaker: {breaker!r} is none of {', '.join(WORLD)}.")
    if not reason.strip():
        raise LevelsRefused("reason: say why, for whoever reads the audit log.")
    level = level._replace(lock_hours=0)
    if wrong := why_no_level(breaker, level):
        raise LevelsRefused(wrong)
    if level == before:
        return
    BreakerLevel.objects.update_or_create(owner=None, breaker=breaker, defaults=level._asdict())
    audit.record(
        action="changed breaker levels of everybody",
        subject=f"breaker {breaker}",
        actor_id=by_id,
        detail={"reason": reason.strip()},
        before={"warn": before.warn, "trip": before.trip},
        after={"warn": level.warn, "trip": level.trip},
        at=now,
    )
