"""Queries answered in arrays."""

from collections.abc import Mapping

import numpy as np
import psycopg
from django.db import connection

from odds.domain.table import IntArray


def fetch_columns(query: str, given: Mapping[str, object], kinds: str) -> tuple[IntArray, ...]:
    """Return the columns of a query as arrays: tens of thousands of rows without an object each.

    `kinds` says what each column is: q a bigint, t a timestamptz, which comes as microseconds since
    1970 (`-infinity` as the least number). None may be null.
    """
    names = [f"c{place}" for place in range(len(kinds))]
    each = ", ".join(f"array_agg({name})" for name in names)
    connection.ensure_connection()
    # Each column comes as one array, as Postgres sends it; Django's own cursors speak text only.
    with psycopg.Cursor(connection.connection) as cursor:
        whole = f"SELECT {each} FROM ({query}) AS found({', '.join(names)})"  # noqa: S608
        cursor.execute(whole, given, binary=True, prepare=False)
        answer = cursor.pgresult
        if answer is None:
            raise ValueError("the query has no columns")
        return tuple(_column(answer.get_value(0, place), kind) for place, kind in enumerate(kinds))


_HEADER = 20
_ELEMENT = np.dtype([("size", ">i4"), ("value", ">i8")])
_POSTGRES_EPOCH = 946_684_800_000_000


def _column(body: bytes | None, kind: str) -> IntArray:
    if body is None:
        return np.zeros(0, np.int64)
    count, odd = divmod(len(body) - _HEADER, _ELEMENT.itemsize)
    if odd:
        raise ValueError("a value is null or not eight bytes wide")
    values = np.frombuffer(body, _ELEMENT, count, _HEADER)["value"].astype(np.int64)
    if kind == "t":
        infinite = values == np.iinfo(np.int64).min
        values = np.where(infinite, values, values + _POSTGRES_EPOCH)
    return values
