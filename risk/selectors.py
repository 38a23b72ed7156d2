"""What is halted, and what is allowed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from accounts.showing.formats import point_text
from odds.screens import market_title
from risk.domain.breakers import PERSONAL, History, Level, Reading, read
from risk.domain.controls import ExclusionSeen, HaltSeen
from risk.domain.limits import Bounds, Exposure
from risk.domain.staking import Proposal, Step, waterfall
from risk.jurisdiction import why_barred
from risk.models import (
    Assessment,
    BreakerLevel,
    BreakerReading,
    BreakersDue,
    Exclusion,
    Halt,
    Limits,
)

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one person's stakes now: limits, halts, who keeps away, who is `barred`.

    `shown` are the halts as pages show them, exclusions among them.
    """

    bounds: Bounds
    halts: tuple[Halt, ...]
    exclusion: ExclusionSeen | None = None
    barred: str = ""
    shown: tuple[Halt, ...] = ()

    def halting(self, scopes: Mapping[str, str]) -> list[Halt]:
        """Return the halts that cover a stake: those of all, and of what it is of, by kind."""
        return [
            halt
            for halt in self.halts
            if halt.scope == Halt.Scope.ALL or scopes.get(halt.scope) == halt.scope_key
        ]

    def waterfall(
        self,
        proposal: Proposal | None,
        *,
        exposure: Exposure,
        scopes: Mapping[str, str] = NOTHING,
    ) -> tuple[Step, ...]:
        """Return the steps from what is proposed to the stake that may be taken, 0.00 if none.

        `scopes` is what the stake is of, by kind, for halts that stop not all.
        """
        return waterfall(
            proposal=proposal,
            exposure=exposure,
            bounds=self.bounds,
            halted="; ".join(
                (
                    *([f"{self.exclusion.title}."] if self.exclusion else ()),
                    *([self.barred] if self.barred else ()),
                    *(
                        f"{halt.get_cause_display()}: {halt.reason}"
                        for halt in self.halting(scopes)
                    ),
                )
            ),
        )


def rules_of(owner_id: int, *, now: datetime, bounds: Bounds | None = None) -> Rules:
    """Return what holds for a person's stakes now; `bounds` are theirs, where read already."""
    found = halts_in_force(owner_id, now=now)
    excluded = [halt for halt in found if halt.cause == Halt.Cause.EXCLUDED]
    # The one that ends last.
    last = max(excluded, key=lambda each: (each.until is None, each.until or now), default=None)
    return Rules(
        bounds or bounds_of(owner_id),
        tuple(halt for halt in found if halt.cause != Halt.Cause.EXCLUDED),
        None if last is None else ExclusionSeen(last.reason, last.until),
        why_barred(owner_id),
        tuple(found),
    )


def exclusion_of(owner_id: int) -> ExclusionSeen | None:
    """Return the time-out or self-exclusion of a person that ends last, None where none holds.

    By the database's own clock: the world's may run faster than a person's life.
    """
    found = (
        Exclusion.objects.filter(Q(until__isnull=True) | Q(until__gt=Now()), owner_id=owner_id)
        .order_by(F("until").desc(nulls_first=True))
        .first()
    )
    return None if found is None else ExclusionSeen(found.get_kind_display(), found.until)


def people_excluded() -> set[int]:
    """Return the ids of everybody in a time-out or self-exclusion, by the database's own clock."""
    found = Exclusion.objects.filter(Q(until__isnull=True) | Q(until__gt=Now()))
    return set(found.order_by().values_list("owner_id", flat=True))


def halt_seen(halt: Halt) -> HaltSeen:
    """Return a halt as the rules see it."""
    return HaltSeen(halt.cause, halt.get_cause_display(), halt.blocks, halt.reason, halt.since)


# Every page asks for it: written out, it takes a third of the time. Of the owner twice, the moment.
IN_FORCE = """
SELECT id, owner_id, cause, scope, scope_key, since, until, reason, by_id, lifted_at, lifted_by_id,
    lift_reason
FROM risk_halt WHERE lifted_at IS NULL AND (owner_id = %s OR owner_id IS NULL)
    AND (until IS NULL OR until > %s)
UNION ALL
SELECT -id, owner_id, 'excluded', 'all', '', since, until,
    CASE kind WHEN 'time_out' THEN 'Time-out' ELSE 'Self-exclusion' END, NULL, NULL, NULL, ''
FROM risk_exclusion WHERE owner_id = %s AND (until IS NULL OR until > now())
ORDER BY since, id
"""


def halts_in_force(owner_id: int, *, now: datetime) -> list[Halt]:
    """Return what stops this person now: own halts and those for everybody, oldest first.

    Whatever their `since` says: a halt is in force until somebody lifts it or it ends. Exclusions
    in force are among them, with the cause `excluded` and no number: nobody lifts those.
    """
    return list(Halt.objects.raw(IN_FORCE, [owner_id, now, owner_id]))


def everybody_is_halted() -> bool:
    """Return whether everybody is stopped now, not only one person."""
    return Halt.objects.filter(owner__isnull=True, lifted_at__isnull=True).exists()


def everybody_was_halted_since(moment: datetime) -> bool:
    """Return whether everybody was stopped at or after a moment, or is now, lifted or not."""
    return Halt.objects.filter(
        Q(since__gte=moment) | Q(lifted_at__isnull=True), owner__isnull=True
    ).exists()


def bounds_of(owner_id: int) -> Bounds:
    """Return a person's limits, the defaults where they set none."""
    limits = Limits.objects.filter(owner_id=owner_id).values(*Bounds.__slots__).first()
    return Bounds(**limits or {})


def halts_of(owner_id: int) -> QuerySet[Halt]:
    """Return every halt that ever touched this person, newest first."""
    return Halt.objects.filter(Q(owner_id=owner_id) | Q(owner__isnull=True)).select_related(
        "by", "lifted_by"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentFilter:
    """Which assessments; None does not restrict. `rule` is one that was broken."""

    refused: bool | None = None
    rule: str | None = None
    text: str | None = None
    after: datetime | None = None
    before: datetime | None = None


EVERY = AssessmentFilter()
# How a subject was written at first: 'home in h2h of A at B, 2022-04-10, at X 4.210'.
_OLD_SUBJECT = re.compile(
    r"(?P<side>home|away|draw|over|under)(?: (?P<point>[+-]?[\d.]+))? in (?P<market>\w+) of"
    r" (?P<away>.+) at (?P<home>.+?), \d{4}-\d\d-\d\d(?:, at (?P<at>.+))?"
)
# How `limits.over_room` says it.
_OVER = re.compile(r"is over what is left for (.+): ([\d.]+) of ([\d.]+)")


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused stake for a list: the most that was possible, what each limit left, what else.

    `over` is of each limit its title, what was left of it, and its bound.
    """

    assessment: Assessment
    most: Decimal | None
    over: list[tuple[str, Decimal, Decimal]]
    others: list[str]

    @property
    def subject(self) -> str:
        """Say what was to be staked on; in words where it is of before it was written in words."""
        old = _OLD_SUBJECT.fullmatch(self.assessment.subject)
        return _said_anew(**old.groupdict()) if old else self.assessment.subject


def _said_anew(
    *, side: str, point: str | None, market: str, away: str, home: str, at: str | None
) -> str:
    """Write an old subject as new ones are.

    >>> _said_anew(side="home", point="2.50", market="spreads", away="A", home="B", at="X 1.900")
    'B +2.5, Spread of A at B, X 1.900'
    """
    named = {"home": home, "away": away}.get(side, side.capitalize())
    line = point_text(Decimal(point), signed=side in ("home", "away")) if point else ""
    what = f"{named} {line}".strip()
    return f"{what}, {market_title(market)} of {away} at {home}{f', {at}' if at else ''}"


def refused_stakes(found: Iterable[Assessment]) -> list[Refused]:
    """Return refused stakes as a list shows them."""
    return [_refused(each) for each in found]


def _refused(assessment: Assessment) -> Refused:
    over, others = [], []
    for breach in assessment.breaches:
        if told := _OVER.search(breach["detail"]):
            over.append((told[1], Decimal(told[2]), Decimal(told[3])))
        else:
            others.append(breach["detail"])
    # Where something else forbade it as well, no amount was possible.
    most = min(left for _, left, _ in over) if over and not others else None
    return Refused(assessment, most, over, others)


def assessments_of(owner_id: int, which: AssessmentFilter = EVERY) -> QuerySet[Assessment]:
    """Return a person's assessments, newest first."""
    found = Assessment.objects.filter(owner_id=owner_id)
    if which.refused is not None:
        found = found.exclude(breaches=[]) if which.refused else found.filter(breaches=[])
    if which.rule:
        found = found.filter(breaches__contains=[{"rule": which.rule}])
    if which.text:
        found = found.filter(subject__icontains=which.text)
    if which.after:
        found = found.filter(at__gte=which.after)
    if which.before:
        found = found.filter(at__lt=which.before)
    return found


def levels_of(owner_id: int, *, bounds: Bounds | None = None) -> dict[str, Level]:
    """Return where a person's breakers warn and trip, the defaults where they set none.

    `bounds` are their limits, where they were read already.
    """
    rows = BreakerLevel.objects.filter(owner_id=owner_id)
    own = {row.breaker: Level(row.warn, row.trip, row.lock_hours) for row in rows}
    return _levels(own, bounds or bounds_of(owner_id))


def _levels(own: Mapping[str, Level], bounds: Bounds) -> dict[str, Level]:
    found = {**PERSONAL, **own}
    trip = float(bounds.max_drawdown_share)
    held = found["drawdown"]
    found["drawdown"] = held._replace(warn=min(held.warn, trip), trip=trip)
    return found


def world_levels_set() -> dict[str, Level]:
    """Return where the operator's breakers warn and trip, those that one set."""
    rows = BreakerLevel.objects.filter(owner=None)
    return {row.breaker: Level(row.warn, row.trip, row.lock_hours) for row in rows}


@dataclass(frozen=True, slots=True)
class BreakersNow:
    """A person's breakers at a moment: their levels, and where the last lock of each ended.

    `of_world` are the levels that were set for everybody.
    """

    owner_id: int
    now: datetime
    levels: Mapping[str, Level]
    ended: Mapping[tuple[str, str], datetime]
    of_world: Mapping[str, Level]

    def read(self, breaker: str, history: History, *, strategy: str = "") -> Reading:
        """Return what one reads: from where its last lock ended, it counts anew."""
        ended = self.ended.get((breaker, strategy))
        return read(
            breaker,
            history,
            now=np.datetime64(self.now.replace(tzinfo=None)),
            bounds=self.levels[breaker],
            since=None if ended is None else np.datetime64(ended.replace(tzinfo=None)),
        )


# A person's own levels and those for everybody, and where the last lock of each breaker ended.
_STANDING = """
SELECT breaker, '', NULL::timestamptz, owner_id IS NULL, warn, trip, lock_hours
FROM risk_breakerlevel WHERE owner_id = %(owner)s OR owner_id IS NULL
UNION ALL
SELECT cause, scope_key, max(lifted_at), NULL, NULL, NULL, NULL
FROM risk_halt WHERE owner_id = %(owner)s AND lifted_at <= %(now)s GROUP BY cause, scope_key
"""


def breakers_at(owner_id: int, *, now: datetime, bounds: Bounds | None = None) -> BreakersNow:
    """Return a person's breakers as they stand now. Two queries, one where `bounds` are given."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"owner": owner_id, "now": now})
        rows = cursor.fetchall()
    levels: tuple[dict[str, Level], dict[str, Level]] = ({}, {})
    for name, _, ended, is_world, *level in rows:
        if ended is None:
            levels[is_world][name] = Level(*level)
    own, of_world = levels
    return BreakersNow(
        owner_id,
        now,
        _levels(own, bounds or bounds_of(owner_id)),
        {(cause, key): ended for cause, key, ended, *_ in rows if ended is not None},
        of_world,
    )


def due_by(now: datetime) -> QuerySet[BreakersDue, int]:
    """Return the numbers of the people whose breakers are to be read by a moment."""
    due = BreakersDue.objects.filter(Q(at__isnull=True) | Q(at__lte=now))
    return due.order_by("pk").values_list("pk", flat=True)


def world_readings() -> list[BreakerReading]:
    """Return the latest reading of each of the operator's breakers, by what it is of."""
    return list(
        BreakerReading.objects.filter(owner=None)
        .order_by("breaker", "scope", "scope_key", "-pk")
        .distinct("breaker", "scope", "scope_key")
    )


def readings_of(owner_id: int) -> QuerySet[BreakerReading]:
    """Return what a person's breakers and the operator's read, newest first."""
    return BreakerReading.objects.filter(Q(owner_id=owner_id) | Q(owner=None))
