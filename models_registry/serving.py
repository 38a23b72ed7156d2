"""What a process keeps loaded so that predicting a slate takes milliseconds.

Models and what they were trained on never change, so they are kept by checksum. A history is kept
while the rows it was read from are the same: the database is asked each time about the last weeks,
and once a minute about all the years. An event's features are kept with how many results they rest
on, for they change with nothing else.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from threading import RLock

import numpy as np
from django.db import connection

from models_registry import artifacts
from models_registry.domain.features import FeatureMatrix, Memory, build_features
from models_registry.domain.games import FloatArray, IntArray
from models_registry.domain.goal_ratings import build_goal_features
from models_registry.domain.reach import Reach, measure_reach
from models_registry.history import History, instant, instants, may_be_drawn, read_history
from models_registry.training.learners import AnyModel

# Schedules, results and box scores of these last days are looked at each time.
RECENT = timedelta(days=10)
# Corrections of older rows are seen this much later, at most.
WHOLE_CHECK_SECONDS = 60.0
MOST_KEPT = 5_000

# A row written anew has another transaction, or lies elsewhere.
_ROWS = """
SELECT count(*), coalesce(sum(r.xmin::text::bigint), 0), coalesce(sum(hashtid(r.ctid)::bigint), 0)
FROM odds_event e JOIN {table} r ON r.{key} = e.id
WHERE e.competition_id = (SELECT id FROM odds_competition WHERE key = %(competition)s)
AND e.starts_at > %(since)s
"""
_STATE = "UNION ALL".join(
    _ROWS.format(table=table, key=key)
    for table, key in (("odds_event", "id"), ("odds_teamgame", "event_id"))
)
State = tuple[tuple[int, ...], ...]


@lru_cache(maxsize=8)
def load_model(path: str, checksum: str, signature: tuple[str, ...]) -> AnyModel:
    """Return a version's model; a checksum is loaded once a process.

    Raises:
        ArtifactRefused: if a file is missing or was changed.
    """
    return artifacts.load(path, checksum, list(signature))


@lru_cache(maxsize=8)
def load_reach(path: str, checksum: str) -> Reach | None:
    """Return where a version's training games lie; None if it was saved without them.

    Raises:
        ArtifactRefused: if a file is missing or was changed.
    """
    rows = artifacts.load_training(path, checksum)
    return None if rows is None else measure_reach(rows)


@dataclass
class Loaded:
    """A history with the features worked out from it, and the state of the rows it came from."""

    history: History
    since: datetime
    recent: State = ()
    whole: State = ()
    checked: float = 0.0
    kept: dict[int, tuple[int, FloatArray]] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        games = self.history.games
        self.known_at = np.sort(games.known_at[games.played & ~np.isnat(games.known_at)])

    def features(self, event_ids: Sequence[int], as_of: datetime) -> tuple[IntArray, FeatureMatrix]:
        """Return the events that the history has, in its order, and their features as of then."""
        games = self.history.games
        rows = np.flatnonzero(np.isin(games.event_id, list(event_ids)))
        moments = np.minimum(games.starts_at[rows], instant(as_of))
        counts = np.searchsorted(self.known_at, moments, side="right").tolist()
        rest_on = dict(zip(rows.tolist(), counts, strict=True))
        stale = [row for row in rest_on if self.kept.get(row, (-1,))[0] != rest_on[row]]
        if stale or not self.names:
            matrix = _build(self.history, np.array(stale, dtype=np.int64), as_of)
            self.names = matrix.names
            if len(self.kept) > MOST_KEPT:
                self.kept = {row: each for row, each in self.kept.items() if row in rest_on}
            for row, values in zip(stale, matrix.values, strict=True):
                self.kept[row] = (rest_on[row], values)
        values = [self.kept[row][1] for row in rest_on]
        return games.event_id[rows], FeatureMatrix(
            self.names, np.array(values).reshape(len(rows), len(self.names))
        )


# What this process has loaded of each competition, and learned: the next slate costs what is new.
LOADED: dict[str, Loaded] = {}
MEMORIES: dict[tuple[str, tuple[str, ...]], Memory] = {}
LOCK = RLock()


def features_now(
    competition_key: str, event_ids: Sequence[int], as_of: datetime
) -> tuple[IntArray, FeatureMatrix]:
    """Return the stored events among some ids and their features with what was known at a moment.

    Raises:
        NoSuchCompetition: naming the keys that are stored.
    """
    with LOCK:
        return _current(competition_key, as_of).features(event_ids, as_of)


def features_in(
    history: History, event_ids: Sequence[int], as_of: datetime
) -> tuple[IntArray, FeatureMatrix]:
    """Return as `features_now` what a history says that somebody else read."""
    with LOCK:
        return Loaded(history, as_of).features(event_ids, as_of)


def _current(competition_key: str, as_of: datetime) -> Loaded:
    """Return a competition as the database has it now."""
    loaded = LOADED.get(competition_key)
    if loaded is not None and _is_current(loaded, competition_key, as_of):
        return loaded
    since = as_of - RECENT
    # Before the rows are read: what changes meanwhile is seen at the next call.
    recent, whole = _state(competition_key, since), _state(competition_key, None)
    LOADED[competition_key] = Loaded(
        read_history(competition_key, with_market=False), since, recent, whole, time.monotonic()
    )
    return LOADED[competition_key]


def _is_current(loaded: Loaded, competition_key: str, as_of: datetime) -> bool:
    if as_of >= loaded.since and time.monotonic() - loaded.checked < WHOLE_CHECK_SECONDS:
        return _state(competition_key, loaded.since) == loaded.recent
    since = as_of - RECENT
    recent = _state(competition_key, since)
    if _state(competition_key, None) != loaded.whole:
        return False
    loaded.since, loaded.recent, loaded.checked = since, recent, time.monotonic()
    return True


def _state(competition_key: str, since: datetime | None) -> State:
    """Return what changes when an event that starts after a moment, or a box score of it, does."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"competition": competition_key, "since": since or "-infinity"})
        return tuple(cursor.fetchall())


def _build(history: History, rows: IntArray, as_of: datetime) -> FeatureMatrix:
    if may_be_drawn(history.competition_key):
        decided_at = instants([as_of] * len(rows))
        return build_goal_features(history.games, rows=rows, decided_at=decided_at)
    # Teams are numbered by who has played; a memory serves one numbering.
    memory = MEMORIES.setdefault((history.competition_key, history.teams), Memory())
    return build_features(
        history.games, rows=rows, decided_at=instants([as_of] * len(rows)), memory=memory
    )
