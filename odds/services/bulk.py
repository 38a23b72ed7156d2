"""COPY: rows into a table, faster than any INSERT."""

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache

import numpy as np
from django.db import connection

from odds.database import as_arrays
from odds.domain.table import IntArray


def copy_rows(table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Write lines, in COPY's text format, into a table of ours."""
    text = "\n".join(lines)
    if not text:
        return
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(text + "\n")


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
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(_BINARY_HEAD + b"".join(rows) + _BINARY_END)


_BINARY_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_BINARY_END = struct.pack(">h", -1)


def as_texts(values: IntArray, write: Callable[[int], str]) -> list[str]:
    """Write numbers as COPY reads them, each distinct one once."""
    distinct, place = np.unique(values, return_inverse=True)
    texts = np.array([write(value) for value in distinct.tolist()], dtype=object)
    found: list[str] = texts[place].tolist() if len(texts) else []
    return found


def next_ids(table: str, count: int) -> list[int]:
    """Take ids for rows to come, so that rows that point at them can be written at once."""
    if not count:
        return []
    with connection.cursor() as cursor:
        # The sequence is looked up in a sub-select, so once and not for every row.
        cursor.execute(
            "SELECT nextval((SELECT pg_get_serial_sequence(%s, 'id')::regclass))"
            " FROM generate_series(1, %s)",
            [table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def as_text(value: str) -> str:
    """Write text as COPY reads it."""
    return (
        value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    )


@lru_cache(maxsize=65536)
def as_moment(at: datetime | None) -> str:
    """Write a moment as COPY reads it."""
    return r"\N" if at is None else at.isoformat()


def as_number(value: int | None) -> str:
    r"""Write a whole number as COPY reads it; None is \N."""
    return r"\N" if value is None else str(value)


def as_flag(value: bool) -> str:
    """Write a truth value as COPY reads it."""
    return "t" if value else "f"


@lru_cache(maxsize=65536)
def as_thousandths(value: int | None) -> str:
    r"""Write 1910 as 1.910; None and 0, which is withdrawn, are \N."""
    return r"\N" if not value else f"{value // 1000}.{value % 1000:03d}"


def as_hundredths(value: int | None) -> str:
    r"""Write -550 as -5.50; None is \N."""
    if value is None:
        return r"\N"
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
