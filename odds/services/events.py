"""Events as sources list them: found, made, moved."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection
from django.db.models import Max

from odds.domain.competitions import season_of
from odds.feeds.columns import EventKey
from odds.feeds.parsed import ParsedEvent, ParsedTeam
from odds.models import Competition, Event, EventStatus, Sighting
from odds.services.bulk import as_flag, as_moment, as_text, copy_rows, next_ids
from odds.services.teams import TeamNames, UnknownName, UnknownTeams

_Match = tuple[date, int, int]


@dataclass(slots=True)
class RecordedEvents:
    """Event ids by (source, key); the events no id could be found for, with the names at fault."""

    ids: dict[EventKey, int] = field(default_factory=dict)
    unknown: dict[EventKey, UnknownName] = field(default_factory=dict)
    same_team: set[EventKey] = field(default_factory=set)
    new: int = 0
    moved: int = 0


def record_events(
    events: Iterable[ParsedEvent],
    competition: Competition,
    *,
    listed_at: Mapping[EventKey, datetime] | None = None,
    names: TeamNames | None = None,
) -> RecordedEvents:
    """Find or make the events of one competition; a later listing of a key replaces an earlier.

    Sources that name the competition's teams make teams; where a results source has named them,
    others only match, and an event with an unknown name is left out and told. A scheduled event
    follows its newest listing to another start; a listing older than what we saw last moves
    nothing. A start known only by its day takes an exact one at any time.
    """
    newest = {(event.source, event.key): event for event in events}
    names = names or TeamNames(competition)
    found = RecordedEvents()
    by_teams = _resolve_teams(newest, names, found)
    _find_known(by_teams, competition, found)
    _make_new(by_teams, competition, found)
    _move(by_teams, competition, found, listed_at or {})
    return found


def require_known(recorded: RecordedEvents) -> None:
    """Stop where names were unknown.

    Raises:
        UnknownTeams: with every unknown name once.
    """
    if recorded.unknown:
        raise UnknownTeams(dict.fromkeys(recorded.unknown.values()))


def _resolve_teams(
    events: Mapping[EventKey, ParsedEvent], names: TeamNames, found: RecordedEvents
) -> dict[EventKey, tuple[ParsedEvent, int, int]]:
    resolved = {}
    may_name = names.competition.names_from == ""
    for key, event in events.items():
        ids = []
        for name in (event.home, event.away):
            team_id = names.find(name)
            if team_id is None and may_name:
                team_id = names.add(_as_team(event, name))
            if team_id is None:
                found.unknown[key] = names.unknown(name)
            else:
                ids.append(team_id)
        if len(ids) == 2 and ids[0] == ids[1]:
            found.same_team.add(key)
        elif len(ids) == 2:
            resolved[key] = (event, ids[0], ids[1])
    return resolved


def _as_team(event: ParsedEvent, name: str) -> ParsedTeam:
    return ParsedTeam(event.competition_key, name)


def known_ids(keys: Iterable[EventKey]) -> dict[EventKey, int]:
    """Return the ids of the events that these sources' keys mean, where we know them."""
    by_source: dict[str, list[str]] = defaultdict(list)
    for source, key in keys:
        by_source[source].append(key)
    found: dict[EventKey, int] = {}
    with connection.cursor() as cursor:
        for source, of_source in by_source.items():
            cursor.execute(_KNOWN, [source, of_source])
            found |= {(source, key): pk for key, pk in cursor.fetchall()}
    return found


# An array is one value, however many thousands of keys are in it.
_KNOWN = "SELECT key, event_id FROM odds_eventreference WHERE source = %s AND key = ANY(%s)"


def _find_known(
    events: Mapping[EventKey, tuple[ParsedEvent, int, int]],
    competition: Competition,
    found: RecordedEvents,
) -> None:
    found.ids |= known_ids(events)
    missing = {key: entry for key, entry in events.items() if key not in found.ids}
    if not missing:
        return
    days = [event.day for event, _, _ in missing.values()]
    there = _by_match(competition, min(days), max(days))
    for key, (event, home, away) in missing.items():
        if (pk := there.get((event.day, home, away))) is not None:
            found.ids[key] = pk
    _refer(found, [key for key in missing if key in found.ids])


def _make_new(
    events: Mapping[EventKey, tuple[ParsedEvent, int, int]],
    competition: Competition,
    found: RecordedEvents,
) -> None:
    wanted: dict[_Match, ParsedEvent] = {}
    keys: dict[EventKey, _Match] = {}
    for key, (event, home, away) in events.items():
        if key not in found.ids:
            match = keys[key] = (event.day, home, away)
            wanted.setdefault(match, event)
    if not wanted:
        return
    ids = dict(zip(wanted, next_ids("odds_event", len(wanted)).tolist(), strict=True))
    copy_rows(
        "odds_event",
        _COLUMNS,
        (
            f"{ids[match]}\t{competition.pk}"
            f"\t{as_text((event.season or season_of(competition.key, event.day))[:9])}"
            f"\t{as_text(event.stage[:16])}\t{match[1]}\t{match[2]}\t{event.day}"
            f"\t{as_moment(event.starts_at)}\t{as_flag(event.start_is_exact)}"
            f"\t{as_flag(event.neutral_site)}\t{EventStatus.SCHEDULED}\t0"
            for match, event in wanted.items()
        ),
    )
    found.new += len(wanted)
    found.ids |= {key: ids[match] for key, match in keys.items()}
    _refer(found, list(keys))


_COLUMNS = [
    "id", "competition_id", "season", "stage", "home_id", "away_id", "day", "starts_at",
    "start_is_exact", "neutral_site", "status", "overtimes",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is stored of an event's start."""

    day: date
    starts_at: datetime
    start_is_exact: bool
    status: str
    home_id: int
    away_id: int


def _move(
    events: Mapping[EventKey, tuple[ParsedEvent, int, int]],
    competition: Competition,
    found: RecordedEvents,
    listed_at: Mapping[EventKey, datetime],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_STARTS, [[found.ids[key] for key in events if key in found.ids]])
        stored = {pk: _Stored(*row) for pk, *row in cursor.fetchall()}
    differing = {
        key: event
        for key, (event, _, _) in events.items()
        if key in found.ids and _differs(event, stored[found.ids[key]])
    }
    if not differing:
        return
    seen = dict(
        Sighting.objects.filter(event_id__in={found.ids[key] for key in differing})
        .values_list("event_id")
        .annotate(newest=Max("seen_at"))
    )
    days = [event.day for event in differing.values()]
    taken = _by_match(competition, min(days), max(days))
    moved: dict[int, ParsedEvent] = {}
    is_exact = {pk: row.start_is_exact for pk, row in stored.items()}
    for key, event in differing.items():
        pk = found.ids[key]
        match = (event.day, stored[pk].home_id, stored[pk].away_id)
        is_taken = taken.get(match, pk) != pk
        is_older = key in listed_at and seen.get(pk, listed_at[key]) > listed_at[key]
        if is_taken or (is_older and is_exact[pk]):
            continue
        moved[pk] = event
        taken[match], is_exact[pk] = pk, event.start_is_exact
    _save_starts(moved)
    found.moved += len(moved)


_STARTS = """
SELECT id, day, starts_at, start_is_exact, status, home_id, away_id
FROM odds_event WHERE id = ANY(%s)
"""
_MOVE = """
UPDATE odds_event e SET day = n.day, starts_at = n.starts_at, start_is_exact = n.is_exact
FROM unnest(%s::bigint[], %s::date[], %s::timestamptz[], %s::boolean[])
    AS n(id, day, starts_at, is_exact)
WHERE e.id = n.id
"""


def _save_starts(events: Mapping[int, ParsedEvent]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE,
            [
                list(events),
                [event.day for event in events.values()],
                [event.starts_at for event in events.values()],
                [event.start_is_exact for event in events.values()],
            ],
        )


def _differs(event: ParsedEvent, row: _Stored) -> bool:
    if not event.start_is_exact or (event.starts_at == row.starts_at and row.start_is_exact):
        return False
    # A start known by its day only may be sharpened, but the day of a result is the day it has.
    if not row.start_is_exact:
        return event.day == row.day or row.status == EventStatus.SCHEDULED
    return row.status == EventStatus.SCHEDULED


def _by_match(competition: Competition, first: date, last: date) -> dict[_Match, int]:
    rows = Event.objects.filter(competition=competition, day__range=(first, last))
    return {
        (day, home, away): pk
        for pk, day, home, away in rows.values_list("pk", "day", "home_id", "away_id")
    }


def _refer(found: RecordedEvents, keys: Sequence[EventKey]) -> None:
    copy_rows(
        "odds_eventreference",
        ["event_id", "source", "key"],
        (f"{found.ids[key]}\t{as_text(key[0])}\t{as_text(key[1][:96])}" for key in keys),
    )
