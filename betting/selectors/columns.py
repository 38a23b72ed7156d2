"""A person's bets as columns, kept between asks: of thousands only what moved is read again.

Each bet carries the number of the transaction that wrote it last (`Bet.changed`). What is kept says
up to which of them it is whole: the oldest that was still under way when it was read. Read anew is
whatever was written since; what was not committed by then is never kept. So the answer is what the
database would say, without its reading a season each time. Of a database restored to another
moment, or promoted from a copy, where the same numbers come again, nothing kept counts.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import numpy as np
from django.db import connection

from betting.models import NOT_TAKEN, BetStatus, Result
from odds.database import fetch_columns
from odds.domain.table import BoolArray, FloatArray, IntArray, TimeArray
from odds.screens import market_title

# The bets that one process keeps at most, of some 180 bytes each.
MOST_KEPT = 200_000
# A bet's `status` and `result` here are their places among these.
STATUSES = tuple(BetStatus.values)
RESULTS = ("", *Result.values)
# Of the close that a bet was measured against; none where it was not.
QUALITIES = ("none", "good", "fair", "poor")
# What a bet of no strategy is of, as a key and a title: no key of a strategy has a space.
BY_HAND = ("by hand", "by hand")
_WON: dict[str, float] = {
    Result.WON: 1.0,
    Result.HALF_WON: 0.5,
    Result.HALF_LOST: 0.5,
    Result.LOST: 0.0,
}
_WON_PART = np.array([_WON.get(result, math.nan) for result in RESULTS])
# What of a bet there is a name of.
NAMED = ("strategy", "bookmaker", "market", "competition", "version")


def _place(column: str, among: Sequence[str]) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(among))
    return f"(CASE {column} {cases} ELSE 0 END)::bigint"


_TAKEN = "coalesce(b.matched_stake, b.stake)"
# Name, kind (q a bigint, d a double, t a moment), and what it is read as. None of it is null: NaN,
# 0 and the beginning of time say that nobody knows.
_COLUMNS = (
    ("id", "q", "b.id"),
    ("changed", "q", "coalesce(b.changed, 0)"),
    ("bankroll", "q", "b.bankroll_id"),
    ("status", "q", _place("b.status", STATUSES)),
    ("cents", "q", f"({_TAKEN} * 100)::bigint"),
    ("profit", "d", f"(coalesce(b.returned, 0) - {_TAKEN})::float8"),
    ("price", "d", "coalesce(b.matched_price, b.price)::float8"),
    ("commission", "d", "b.commission_share::float8"),
    ("probability", "d", "coalesce(b.fair_probability, 'NaN')"),
    ("doubt", "d", "greatest(coalesce(o.edge - o.edge_low, 0), 0)"),
    ("clv", "d", "coalesce(b.clv, 'NaN')"),
    ("result", "q", _place("b.result", RESULTS)),
    ("event", "q", "m.event_id"),
    ("placed_at", "t", "b.placed_at"),
    ("settled_at", "t", "coalesce(b.settled_at, '-infinity')"),
    ("raw_clv", "d", "coalesce(c.raw_clv, 'NaN')"),
    ("quality", "q", _place("c.quality", QUALITIES)),
    # 0 for none; else of what they are, as it is written.
    ("tags", "q", "CASE b.tags WHEN '{}' THEN 0 ELSE hashtextextended(b.tags::text, 0) END"),
    ("strategy", "q", "coalesce(o.strategy_id, 0)"),
    ("bookmaker", "q", "b.bookmaker_id"),
    ("market", "q", "hashtext(m.key)::bigint"),
    ("competition", "q", "e.competition_id"),
    ("version", "q", "coalesce(p.version_id, 0)"),
)
_KINDS = "".join("t" if kind == "t" else "q" for _, kind, _ in _COLUMNS)
_NOTHING = {"q": "0::bigint", "d": "0::float8", "t": "'-infinity'::timestamptz"}
# First a row that is no bet: up to where what follows is whole; of which history of the database (0
# where it replays another's, and numbers none of its own); and whether it can be kept: not where
# the reader itself wrote what it may yet undo.
_MARK = """
SELECT 0::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       CASE WHEN pg_is_in_recovery() THEN 0 ELSE hashtextextended(
           left(pg_walfile_name(pg_current_wal_lsn()), 8),
           (SELECT system_identifier FROM pg_control_system())) END,
       (pg_current_xact_id_if_assigned() IS NULL)::int::bigint"""
_READ = f"""
{_MARK}, {", ".join(_NOTHING[kind] for _, kind, _ in _COLUMNS[4:])}
UNION ALL
SELECT {", ".join(each for _, _, each in _COLUMNS)}
FROM betting_bet b
JOIN odds_selection s ON s.id = b.selection_id
JOIN odds_market m ON m.id = s.market_id
JOIN odds_event e ON e.id = m.event_id
LEFT JOIN betting_opportunity o ON o.id = b.opportunity_id
LEFT JOIN models_registry_prediction p ON p.id = o.prediction_id
LEFT JOIN betting_closing c ON c.bet_id = b.id
WHERE b.owner_id = %(owner)s"""  # noqa: S608 - all of it is written above
_READ_SINCE = f"{_READ} AND b.changed >= %(since)s"


@dataclass(frozen=True, slots=True)
class BetColumns:
    """A person's bets by number, all columns (n,): those of `_COLUMNS`."""

    found: Mapping[str, IntArray]

    def __len__(self) -> int:
        return len(self.found["id"])

    def whole(self, name: str) -> IntArray:
        """Return a column of whole numbers."""
        return self.found[name]

    def real(self, name: str) -> FloatArray:
        """Return a column of doubles."""
        return self.found[name].view(np.float64)

    def moments(self, name: str) -> TimeArray:
        """Return a column of moments, UTC; not a time where there is none."""
        return self.found[name].view("datetime64[us]")

    @property
    def is_settled(self) -> BoolArray:
        """Return which are settled."""
        settled: BoolArray = self.found["status"] == STATUSES.index(BetStatus.SETTLED)
        return settled

    @property
    def is_staked(self) -> BoolArray:
        """Return which were taken, or may yet be."""
        return ~np.isin(self.found["status"], [STATUSES.index(each) for each in NOT_TAKEN])

    @property
    def won(self) -> FloatArray:
        """Return the part of each that was won; NaN where nothing was decided."""
        part: FloatArray = _WON_PART[self.found["result"]]
        return part

    def where(self, rows: BoolArray | IntArray) -> Self:
        """Return some of the bets, in the order of `rows`."""
        return type(self)({name: column[rows] for name, column in self.found.items()})

    def with_newer(self, newer: "BetColumns") -> "BetColumns":
        """Return the bets of both, by number; of one that is in both what `newer` has."""
        if not len(newer):
            return self
        older = ~np.isin(self.found["id"], newer.found["id"])
        both = {
            name: np.concatenate([column[older], newer.found[name]])
            for name, column in self.found.items()
        }
        return BetColumns(both).where(np.argsort(both["id"], kind="stable"))


@dataclass(frozen=True, slots=True)
class _Mark:
    whole_to: int
    history: int
    can_be_kept: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    bets: BetColumns
    mark: _Mark


_kept: OrderedDict[int, _Kept] = OrderedDict()
_lock = threading.Lock()


def bet_columns(owner_id: int, *, anew: bool = False) -> BetColumns:
    """Return all of a person's bets, as they are now. One query.

    With `anew` all of them are read from the database, as whatever decides about money does.
    """
    with _lock:
        kept = None if anew else _kept.get(owner_id)
    mark, found = _read(owner_id, None if kept is None else kept.mark.whole_to)
    if kept is not None and kept.mark.history != mark.history:
        kept = None
        mark, found = _read(owner_id, None)
    told = found if kept is None else kept.bets.with_newer(found)
    if mark.history and mark.can_be_kept:
        lasting = found.where(found.whole("changed") < mark.whole_to)
        _keep(owner_id, _Kept(lasting if kept is None else kept.bets.with_newer(lasting), mark))
    return told


def _keep(owner_id: int, bets: _Kept) -> None:
    for column in bets.bets.found.values():
        # Others are told the same arrays.
        column.flags.writeable = False
    with _lock:
        _kept[owner_id] = bets
        _kept.move_to_end(owner_id)
        while sum(len(each.bets) for each in _kept.values()) > MOST_KEPT:
            _kept.popitem(last=False)


def _read(owner_id: int, since: int | None) -> tuple[_Mark, BetColumns]:
    """Return what was written since a transaction, and what can be said of the reading."""
    query = _READ if since is None else _READ_SINCE
    read = fetch_columns(query, {"owner": owner_id, "since": since}, _KINDS)
    found = dict(zip((name for name, _, _ in _COLUMNS), read, strict=True))
    order = np.argsort(found["id"], kind="stable")
    first, rows = order[0], order[1:]
    mark = _Mark(
        int(found["changed"][first]), int(found["bankroll"][first]), bool(found["status"][first])
    )
    return mark, BetColumns(found).where(rows)


@dataclass(frozen=True, slots=True)
class Names:
    """What somebody's bets are named by: of each kind (key, title) by number; tags by theirs."""

    of: Mapping[str, Mapping[int, tuple[str, str]]]
    tags: Mapping[int, Sequence[str]]

    def choices(self, kind: str) -> list[tuple[str, str]]:
        """Return (key, title) of what there is of a kind, by title."""
        return sorted(self.of[kind].values(), key=lambda named: named[1])

    def numbers(self, kind: str, key: str) -> list[int]:
        """Return the numbers of what has this key: one, or none of these bets is of it."""
        return [number for number, (its, _) in self.of[kind].items() if its == key]

    @property
    def every_tag(self) -> list[str]:
        """Return all the tags, by name."""
        return sorted({tag for tags in self.tags.values() for tag in tags})

    def tagged(self, tag: str) -> list[int]:
        """Return the numbers of the tags among which this one is."""
        return [number for number, tags in self.tags.items() if tag in tags]


_NAMES = """
SELECT 'bookmaker', id, key, title FROM odds_bookmaker WHERE id = ANY(%(bookmaker)s)
UNION ALL SELECT 'competition', id, key, title FROM odds_competition
WHERE id = ANY(%(competition)s)
UNION ALL SELECT 'strategy', id, key, title FROM betting_strategy WHERE id = ANY(%(strategy)s)
UNION ALL SELECT 'version', v.id, p.key, p.key || ' v' || v.number
FROM models_registry_modelversion v JOIN models_registry_predictor p ON p.id = v.predictor_id
WHERE v.id = ANY(%(version)s)
UNION ALL SELECT DISTINCT 'market', hashtext(m.key)::bigint, m.key, ''
FROM betting_bet b JOIN odds_selection s ON s.id = b.selection_id
JOIN odds_market m ON m.id = s.market_id WHERE b.id = ANY(%(any_of_market)s)
UNION ALL SELECT 'tag', hashtextextended(tags::text, 0), tag, tag
FROM betting_bet, unnest(tags) AS tag WHERE betting_bet.id = ANY(%(any_of_tags)s)
"""


def names_of(bets: BetColumns) -> Names:
    """Return what bets are named by. One query."""
    asked: dict[str, Any] = {
        kind: np.unique(bets.whole(kind)).tolist() for kind in NAMED if kind != "market"
    }
    for kind in ("market", "tags"):
        _, first = np.unique(bets.whole(kind), return_index=True)
        asked[f"any_of_{kind}"] = bets.whole("id")[first].tolist()
    found: dict[str, dict[int, tuple[str, str]]] = {kind: {} for kind in NAMED}
    if 0 in asked["strategy"]:
        found["strategy"][0] = BY_HAND
    tags: dict[int, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, asked)
        for kind, number, key, title in cursor.fetchall():
            if kind == "tag":
                tags.setdefault(number, []).append(key)
            else:
                found[kind][number] = (key, title or market_title(key))
    return Names(found, tags)


def moment_of(at: datetime) -> np.datetime64:
    """Return a moment as columns have it: UTC, without a zone."""
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None))


def datetime_of(at: np.datetime64) -> datetime:
    """Return such a moment with its zone, UTC."""
    moment: datetime = at.astype("datetime64[us]").astype(object)
    return moment.replace(tzinfo=UTC)
