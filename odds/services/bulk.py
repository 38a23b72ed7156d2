"""COPY: rows into a table, faster than any INSERT."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache

import numpy as np
from django.db import connection

from odds.domain.table import IntArray


def copy_rows(table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Write lines, in COPY's text format, into a table of ours."""
    text = "\n".join(lines)
    if not text:
        return
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(text + "\n")


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
