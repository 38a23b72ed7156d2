"""Queries answered in arrays."""

import struct
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


def fetch_runs(query: str, given: Mapping[str, object], kinds: str) -> tuple[IntArray, ...]:
    """Return rows of a bigint and of array columns: the bigint and the length of each row's arrays.

    Then come the array columns, each laid end to end; a row's arrays must be of one length. `kinds`
    says what is in them, as for `fetch_columns`; null comes as the least number.
    """
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(query, given, binary=True, prepare=False)
        answer = cursor.pgresult
        if answer is None:
            raise ValueError("the query has no columns")
        rows = range(answer.ntuples)
        first = b"".join(answer.get_value(row, 0) or b"" for row in rows)
        found = [
            [_elements(answer.get_value(row, place)) for row in rows]
            for place in range(1, len(kinds) + 1)
        ]
    sizes = [len(each) // _ELEMENT.itemsize for each in found[0]]
    columns = (_values(b"".join(each), kind) for each, kind in zip(found, kinds, strict=True))
    return (
        np.frombuffer(first, ">i8").astype(np.int64),
        np.array(sizes, np.int64),
        *columns,
    )


def array_literal(values: IntArray) -> str:
    """Write whole numbers as Postgres reads an array.

    The driver's own way takes a call a value: longer, for thousands, than the query itself.

    >>> array_literal(np.array([1, 20]))
    '{1,20}'
    """
    return "{" + ",".join(map(str, values.tolist())) + "}"


_HEADER = 20
_ELEMENT = np.dtype([("size", ">i4"), ("value", ">i8")])
_NULL_SIZE = struct.pack(">i", -1)
_NULL = struct.pack(">iq", 8, -(2**63))
_POSTGRES_EPOCH = 946_684_800_000_000


def _column(body: bytes | None, kind: str) -> IntArray:
    if body is None:
        return np.zeros(0, np.int64)
    count, odd = divmod(len(body) - _HEADER, _ELEMENT.itemsize)
    if odd:
        raise ValueError("a value is null or not eight bytes wide")
    return _values(body[_HEADER : _HEADER + count * _ELEMENT.itemsize], kind)


def _elements(body: bytes | None) -> bytes:
    """Return an array's elements as sent, with the least number for each null."""
    if body is None:
        raise ValueError("an array is null")
    if body[4:8] == b"\0\0\0\0":
        return body[_HEADER:]
    whole, at = [], _HEADER
    while at < len(body):
        is_null = body[at : at + 4] == _NULL_SIZE
        whole.append(_NULL if is_null else body[at : at + _ELEMENT.itemsize])
        at += 4 if is_null else _ELEMENT.itemsize
    return b"".join(whole)


def _values(elements: bytes, kind: str) -> IntArray:
    values = np.frombuffer(elements, _ELEMENT)["value"].astype(np.int64)
    if kind == "t":
        infinite = values == np.iinfo(np.int64).min
        values = np.where(infinite, values, values + _POSTGRES_EPOCH)
    return values


_ARRAY_OF = {"q": 20, "t": 1184}


def as_arrays(values: IntArray, starts: IntArray, kind: str) -> list[bytes]:
    """Return runs of numbers, each from its start to the next, as Postgres' binary COPY reads them.

    `kind` as for `fetch_columns`; the least number is null.
    """
    null = values == np.iinfo(np.int64).min
    elements = np.empty(len(values), _ELEMENT)
    elements["size"] = 8
    elements["value"] = values - np.where(null, 0, _POSTGRES_EPOCH if kind == "t" else 0)
    body, size = elements.tobytes(), _ELEMENT.itemsize
    stops = [*starts[1:].tolist(), len(values)]
    with_null = np.add.reduceat(null, starts) > 0 if len(starts) else null
    found = []
    for start, stop, has_null in zip(starts.tolist(), stops, with_null.tolist(), strict=False):
        run = body[start * size : stop * size]
        if has_null:
            run = b"".join(
                _NULL_SIZE if none else body[place * size : (place + 1) * size]
                for place, none in enumerate(null[start:stop].tolist(), start)
            )
        head = struct.pack(">iiIii", 1, has_null, _ARRAY_OF[kind], stop - start, 1)
        found.append(struct.pack(">i", len(head) + len(run)) + head + run)
    return found
