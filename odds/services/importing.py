"""History from files: recognised, read, worked in; a repeat changes nothing."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection, transaction

from odds.feeds.collecting import without_collecting
from odds.feeds.columns import EventKey
from odds.feeds.history import Fact, Format, Unrecognised, find_files, recognise
from odds.feeds.parsed import (
    ParsedBoxScore,
    ParsedEvent,
    ParsedLine,
    ParsedResult,
    ParsedSweep,
    ParsedTeam,
    RejectedRow,
)
from odds.models import FeedRun
from odds.services.counts import Counts
from odds.services.events import RecordedEvents, record_events, require_known
from odds.services.partitions import ensure_partitions
from odds.services.results import record_box_scores, record_lines, record_results
from odds.services.runs import begin_run, end_run, quarantine, waiting_of
from odds.services.sweeps import lock_competition, record_sweeps, refused_events
from odds.services.teams import TeamNames, UnknownTeams

# Prices a transaction: enough that COPY pays, little enough that an interrupted import has most.
_CHUNK = 50_000
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class ImportedFile:
    """What became of one file. `problem` is set where it was not, or not wholly, imported.

    A row counts as repeated where its listing was worked in before, also if it was put aside then:
    `in_quarantine` is how many of the file's rows wait there, whenever they were read.
    """

    path: Path
    format: str
    counts: Counts = field(default_factory=Counts)
    seconds: float = 0.0
    problem: str = ""
    is_skipped: bool = False
    in_quarantine: int = 0
    first_start: datetime | None = None
    last_start: datetime | None = None

    @property
    def rows_per_second(self) -> int:
        """Return how many rows were read, compared and written a second."""
        return round(self.counts.read / self.seconds) if self.seconds else 0


@dataclass(slots=True)
class _Facts:
    """A competition's facts in one file."""

    teams: list[ParsedTeam] = field(default_factory=list)
    events: list[ParsedEvent] = field(default_factory=list)
    results: list[ParsedResult] = field(default_factory=list)
    box_scores: list[ParsedBoxScore] = field(default_factory=list)
    lines: list[ParsedLine] = field(default_factory=list)
    sweeps: list[ParsedSweep] = field(default_factory=list)


def plan_import(path: Path) -> tuple[list[tuple[Path, Format]], list[ImportedFile]]:
    """Return the files to import, results before prices, and those in no format we import."""
    known: list[tuple[Path, Format]] = []
    skipped = []
    for file in find_files(path):
        try:
            known.append((file, recognise(file)))
        except Unrecognised as reason:
            skipped.append(ImportedFile(file, "-", problem=str(reason), is_skipped=True))
    known.sort(key=lambda entry: (entry[1].rank, entry[0]))
    return known, skipped


def import_file(
    path: Path, form: Format, *, now: datetime, progress: Progress | None = None
) -> ImportedFile:
    """Import one file and record the run.

    Events are recorded for the whole file first, each by its newest listing; then results, box
    scores, lines, and prices in order of time, in transactions of some ten thousand. A name that
    means no team stops the file before anything of that competition is written.
    """
    done = ImportedFile(path, form.name)
    tell = progress or _silent
    begun = time.monotonic()
    run = begin_run(provider=form.source, kind=FeedRun.Kind.FILE, subject=path.name, now=now)
    try:
        tell("reading", 0, 0)
        with without_collecting():
            _import_all(path, form, run, done, tell)
    except UnknownTeams as error:
        done.problem = str(error)
    except Exception as error:
        end_run(run, done.counts, now=now, error=f"{type(error).__name__}: {error}"[:2000])
        raise
    done.in_quarantine = waiting_of(path.name)
    done.seconds = time.monotonic() - begun
    took = timedelta(seconds=done.seconds)
    end_run(run, done.counts, now=now + took, error=done.problem)
    return done


def _import_all(path: Path, form: Format, run: FeedRun, done: ImportedFile, tell: Progress) -> None:
    by_competition, rejected = _sort_facts(form.read(path))
    counts = done.counts
    for competition_key, facts in by_competition.items():
        counts.add(_import_facts(competition_key, facts, form, run, done, tell))
    counts.read += len(rejected)
    counts.quarantined += quarantine(
        rejected, feed_run=run, source=path.name, seen_at=run.started_at
    )


def fingerprint_of_tables() -> dict[str, str]:
    """Return a hash of every table that an import fills, and of all of its rows.

    What is only a log of runs (feed runs; which run quarantined a row) is left out.
    """
    tables = [
        "sport", "competition", "team", "teamalias", "event", "eventreference", "teamgame",
        "referenceline", "bookmaker", "market", "marketlook", "selection", "sighting", "quote",
        "pricechange",
    ]  # fmt: skip
    hashes = {}
    with connection.cursor() as cursor:
        for table in tables:
            # Only our own names are put in; md5 tells a difference and keeps no secret.
            row_hash = "('x' || left(md5(t::text), 15))::bit(60)::bigint"
            query = f"SELECT count(*) || ':' || coalesce(sum({row_hash}), 0) FROM odds_{table} t"  # noqa: S608
            cursor.execute(query)
            hashes[table] = cursor.fetchone()[0]
    return hashes


def _sort_facts(facts: Iterator[Fact]) -> tuple[dict[str, _Facts], list[RejectedRow]]:
    by_competition: dict[str, _Facts] = defaultdict(_Facts)
    rejected: list[RejectedRow] = []
    of_event: dict[EventKey, str] = {}
    of_games: list[ParsedResult | ParsedLine | ParsedBoxScore] = []
    for fact in facts:
        match fact:
            case ParsedTeam():
                by_competition[fact.competition_key].teams.append(fact)
            case ParsedEvent():
                of_event[fact.source, fact.key] = fact.competition_key
                by_competition[fact.competition_key].events.append(fact)
            case ParsedSweep():
                by_competition[fact.competition_key].sweeps.append(fact)
            case RejectedRow():
                rejected.append(fact)
            case _:
                of_games.append(fact)
    # These name only their event, which the same file may tell later.
    for told in of_games:
        competition = of_event.get((told.source, told.event_key))
        if competition is None:
            raw = {"source": told.source, "event": told.event_key}
            rejected.append(RejectedRow("event", "the file does not list this event", raw))
        else:
            _file_away(told, by_competition[competition])
    return by_competition, rejected


def _file_away(told: ParsedResult | ParsedLine | ParsedBoxScore, facts: _Facts) -> None:
    match told:
        case ParsedResult():
            facts.results.append(told)
        case ParsedLine():
            facts.lines.append(told)
        case ParsedBoxScore():
            facts.box_scores.append(told)


def _import_facts(
    competition_key: str,
    facts: _Facts,
    form: Format,
    run: FeedRun,
    done: ImportedFile,
    tell: Progress,
) -> Counts:
    tell("events", 0, len(facts.events))
    recorded, counts = _record_events(competition_key, facts, form, run)
    starts = [event.starts_at for event in facts.events] + [
        event.starts_at for sweep in facts.sweeps for event in sweep.events
    ]
    if starts:
        done.first_start = min([*starts, *([done.first_start] if done.first_start else [])])
        done.last_start = max([*starts, *([done.last_start] if done.last_start else [])])
    tell("results", 0, len(facts.results))
    counts.add(record_results(facts.results, feed_run=run))
    counts.add(record_box_scores(facts.box_scores, recorded.ids))
    counts.add(record_lines(facts.lines, recorded.ids))
    total = sum(len(sweep.quotes) for sweep in facts.sweeps)
    read = 0
    facts.sweeps.sort(key=lambda sweep: sweep.seen_at)
    # Readers wait while a month is made: so all at once, not in a transaction full of prices.
    with transaction.atomic():
        ensure_partitions({sweep.seen_at for sweep in facts.sweeps})
    for chunk in _chunks(facts.sweeps):
        counts.add(record_sweeps(chunk, recorded, feed_run=run, source=done.path.name))
        read += sum(len(sweep.quotes) for sweep in chunk)
        tell("prices", read, total)
    return counts


def _record_events(
    competition_key: str, facts: _Facts, form: Format, run: FeedRun
) -> tuple[RecordedEvents, Counts]:
    listed_at: dict[EventKey, datetime] = {}
    events: dict[EventKey, ParsedEvent] = {}
    for sweep in sorted(facts.sweeps, key=lambda sweep: sweep.seen_at):
        for event in sweep.events:
            events[event.source, event.key] = event
            listed_at[event.source, event.key] = sweep.seen_at
    # An event told by itself is told with all that the file knows of it.
    events |= {(event.source, event.key): event for event in facts.events}
    with transaction.atomic():
        competition = lock_competition(competition_key)
        names = TeamNames(competition)
        if form.names_teams:
            if not competition.names_from:
                competition.names_from = form.source
                competition.save(update_fields=["names_from"])
            for team in facts.teams:
                names.add(team)
        recorded = record_events(events.values(), competition, listed_at=listed_at, names=names)
        require_known(recorded)
        refused = refused_events(list(events.values()), recorded)
        quarantine(refused, feed_run=run, source=run.subject, seen_at=run.started_at)
    counts = Counts(read=len(facts.events))
    counts.quarantined = min(len(refused), counts.read)
    counts.new = min(recorded.new, counts.read)
    counts.repeated = counts.read - counts.new - counts.quarantined
    return recorded, counts


def _chunks(sweeps: list[ParsedSweep]) -> Iterator[list[ParsedSweep]]:
    chunk: list[ParsedSweep] = []
    size = 0
    for sweep in sweeps:
        chunk.append(sweep)
        size += len(sweep.quotes)
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _silent(_step: str, _done: int, _total: int) -> None:
    return None
