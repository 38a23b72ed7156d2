"""COPY: rows into a table, faster than any INSERT; large ones as columns, in Postgres' own form."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from odds.database import ELEMENT, POSTGRES_EPOCH, fetch_columns
from odds.domain.table import BoolArray, FloatArray, IntArray

_LEAST = np.iinfo(np.int64).min
# A number in Postgres' digits, each of four of ours: one before the point and one after it.
_DECIMAL = np.dtype(
    [
        ("size", ">i4"),
        ("count", ">i2"),
        ("weight", ">i2"),
        ("sign", ">u2"),
        ("places", ">i2"),
        ("whole", ">i2"),
        ("part", ">i2"),
    ]
)
_NEGATIVE = 0x4000
_BIGINT, _MOMENT = 20, 1184
NOTHING = struct.pack(">i", -1)
_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_END = struct.pack(">h", -1)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as COPY takes it: for each value a row of bytes, its own length first.

    `used` says how many of those bytes count; None where all of them do.
    """

    cells: NDArray[np.uint8]
    used: IntArray | None = None


def bigints(values: IntArray) -> Column:
    """Return whole numbers as a column; none is null."""
    return Column(_cells(_eight_bytes(values)))


def floats(values: FloatArray) -> Column:
    """Return numbers in double precision as a column; none is null."""
    found = np.empty(len(values), [("size", ">i4"), ("value", ">f8")])
    found["size"], found["value"] = 8, values
    return Column(_cells(found))


def moments(values: IntArray) -> Column:
    """Return microseconds since 1970 as a column of moments; the least number is null."""
    null = values == _LEAST
    return _with_nulls(_eight_bytes(np.where(null, 0, values - POSTGRES_EPOCH)), null)


def decimals(values: IntArray, *, places: int, null: int) -> Column:
    """Return numbers given in their last place as a column: 1910 with three is 1.910.

    Raises:
        ValueError: where one is 10,000 or more.
    """
    is_null = values == null
    whole, part = np.divmod(np.where(is_null, 0, np.abs(values)), 10**places)
    if whole.max(initial=0) >= 10_000:
        raise ValueError(f"{whole.max()} is no price or line")
    found = np.empty(len(values), _DECIMAL)
    found["size"], found["count"], found["weight"], found["places"] = 12, 2, 0, places
    found["sign"] = np.where(values < 0, _NEGATIVE, 0)
    found["whole"], found["part"] = whole, part * 10 ** (4 - places)
    return _with_nulls(found, is_null)


def words(texts: Sequence[str], which: IntArray) -> Column:
    """Return a column of a few texts, each told by its place among them."""
    return chosen([_sized(text.encode()) for text in texts], which)


def chosen(cells: Sequence[bytes], which: IntArray) -> Column:
    """Return a column of a few values, given as COPY reads them, each told by its place."""
    width = max(map(len, cells), default=0)
    table = np.frombuffer(b"".join(cell.ljust(width) for cell in cells), np.uint8)
    used = np.array([len(cell) for cell in cells], np.int64)
    return Column(table.reshape(-1, width)[which], used[which])


def copy_columns(table: str, columns: Mapping[str, Column]) -> None:
    """Write rows into a table of ours, given by column."""
    parts = list(columns.values())
    count = len(parts[0].cells)
    if not count:
        return
    head = np.frombuffer(struct.pack(">h", len(parts)), np.uint8)
    rows = np.concatenate(
        [np.broadcast_to(head, (count, 2)), *(part.cells for part in parts)], axis=1
    )
    if all(part.used is None for part in parts):
        body = rows.tobytes()
    else:
        kept = [np.ones((count, 2), bool), *map(_kept, parts)]
        body = rows[np.concatenate(kept, axis=1)].tobytes()
    _copy_binary(table, list(columns), body)


def temporary_table(name: str, columns: str) -> None:
    """Make an empty table that lasts until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {name} ({columns}) ON COMMIT DELETE ROWS;"
            f" TRUNCATE {name}"
        )


def copy_runs(
    table: str,
    columns: Sequence[str],
    ids: IntArray,
    starts: IntArray,
    runs: Sequence[IntArray],
    kinds: str,
) -> None:
    """Write rows of an id and arrays: each array from its row's start to the next row's.

    `kinds` as for `fetch_columns`; the least number is null. No run may be empty.
    """
    if not len(ids):
        return
    arrays = [as_arrays(run, starts, kind) for run, kind in zip(runs, kinds, strict=True)]
    head = struct.pack(">h", len(arrays) + 1)
    rows = (
        b"".join((head, struct.pack(">iq", 8, pk), *row))
        for pk, *row in zip(ids.tolist(), *arrays, strict=True)
    )
    _copy_binary(table, columns, b"".join(rows))


def as_arrays(values: IntArray, starts: IntArray, kind: str) -> list[bytes]:
    """Return runs of numbers, each from its start to the next, as COPY reads arrays.

    `kind` as for `fetch_columns`; the least number is null.
    """
    null = values == _LEAST
    elements = _eight_bytes(np.where(null, 0, values - (POSTGRES_EPOCH if kind == "t" else 0)))
    body, size = elements.tobytes(), ELEMENT.itemsize
    stops = [*starts[1:].tolist(), len(values)]
    with_null = np.add.reduceat(null, starts) > 0 if len(starts) else null
    found = []
    for start, stop, has_null in zip(starts.tolist(), stops, with_null.tolist(), strict=False):
        run = body[start * size : stop * size]
        if has_null:
            run = b"".join(
                NOTHING if none else body[place * size : (place + 1) * size]
                for place, none in enumerate(null[start:stop].tolist(), start)
            )
        of = _MOMENT if kind == "t" else _BIGINT
        found.append(_sized(struct.pack(">iiIii", 1, has_null, of, stop - start, 1) + run))
    return found


#: An array of nothing, as COPY reads it.
EMPTY = struct.pack(">iiiI", 12, 0, 0, _BIGINT)


def copy_rows(table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Write lines, in COPY's text format, into a table of ours."""
    text = "\n".join(lines)
    if not text:
        return
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(text + "\n")


def next_ids(table: str, count: int) -> IntArray:
    """Take ids for rows to come, so that rows that point at them can be written at once."""
    if not count:
        return np.zeros(0, np.int64)
    # The sequence is looked up in a sub-select, so once and not for every row.
    (ids,) = fetch_columns(
        "SELECT nextval((SELECT pg_get_serial_sequence(%(table)s, 'id')::regclass))"
        " FROM generate_series(1, %(count)s)",
        {"table": table, "count": count},
        "q",
    )
    return ids


def as_text(value: str) -> str:
    """Write text as COPY reads it."""
    return (
        value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    )


@lru_cache(maxsize=65536)
def as_moment(at: datetime | None) -> str:
    """Write a moment as COPY reads it."""
    return r"\N" if at is None else at.isoformat()


def as_flag(value: bool) -> str:
    """Write a truth value as COPY reads it."""
    return "t" if value else "f"


def _copy_binary(table: str, columns: Sequence[str], body: bytes) -> None:
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(_HEAD + body + _END)


def _eight_bytes(values: IntArray) -> NDArray[np.void]:
    found = np.empty(len(values), ELEMENT)
    found["size"], found["value"] = 8, values
    return found


def _with_nulls(values: NDArray[np.void], null: BoolArray) -> Column:
    if not null.any():
        return Column(_cells(values))
    values["size"][null] = -1
    return Column(_cells(values), np.where(null, 4, values.itemsize))


def _cells(values: NDArray[np.void]) -> NDArray[np.uint8]:
    return values.view(np.uint8).reshape(len(values), values.itemsize)


def _kept(column: Column) -> BoolArray:
    """Return which bytes of a column's cells count."""
    width = column.cells.shape[1]
    if column.used is None:
        return np.ones(column.cells.shape, bool)
    kept: BoolArray = np.arange(width) < column.used[:, None]
    return kept


def _sized(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body
