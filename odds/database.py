"""Queries answered in arrays, or planned in less time."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import psycopg
from django.db import transaction

from accounts.replicas import reading
from odds.domain.table import IntArray


def fetch_columns(
    query: str, given: Mapping[str, object] | Sequence[object], kinds: str
) -> tuple[IntArray, ...]:
    """Return the columns of a query as arrays: tens of thousands of rows without an object each.

    `kinds` says what each column is: q a bigint, t a timestamptz, which comes as microseconds since
    1970 (`-infinity` as the least number). A double comes as q, its bits to be viewed as float64.
    None may be null.
    """
    names = [f"c{place}" for place in range(len(kinds))]
    each = ", ".join(f"array_agg({name})" for name in names)
    held = reading()
    held.ensure_connection()
    # Each column comes as one array, as Postgres sends it; Django's own cursors speak text only.
    with psycopg.Cursor(held.connection) as cursor:
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
    held = reading()
    held.ensure_connection()
    with psycopg.Cursor(held.connection) as cursor:
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
    sizes = [len(each) // ELEMENT.itemsize for each in found[0]]
    columns = (_values(b"".join(each), kind) for each, kind in zip(found, kinds, strict=True))
    return (
        np.frombuffer(first, ">i8").astype(np.int64),
        np.array(sizes, np.int64),
        *columns,
    )


@contextmanager
def weighing_few_joins() -> Iterator[None]:
    """Have Postgres order joins by fours, those that a query names first: one statement more.

    For the few rows of a page with the ten tables that name what they are of: to weigh every order
    of so many takes longer than to read them. Not for a query whose later joins decide what is
    found, nor for one that looks into a subquery: that would be joined last.
    """
    held = reading()
    with transaction.atomic(using=held.alias, savepoint=False):
        with held.cursor() as cursor:
            cursor.execute("SET LOCAL join_collapse_limit = 4")
        yield


def array_literal(values: IntArray) -> str:
    """Write whole numbers as Postgres reads an array.

    The driver's own way takes a call a value: longer, for thousands, than the query itself.

    >>> array_literal(np.array([1, 20]))
    '{1,20}'
    """
    return "{" + ",".join(map(str, values.tolist())) + "}"


#: A value of eight bytes as Postgres sends and reads it: its length first.
ELEMENT = np.dtype([("size", ">i4"), ("value", ">i8")])
POSTGRES_EPOCH = 946_684_800_000_000
_HEADER = 20
_NO_NULLS = bytes(4)
_NULL_SIZE = struct.pack(">i", -1)
_NULL = struct.pack(">iq", 8, -(2**63))


def _column(body: bytes | None, kind: str) -> IntArray:
    if body is None:
        return np.zeros(0, np.int64)
    count, odd = divmod(len(body) - _HEADER, ELEMENT.itemsize)
    # Nulls are told by a flag: three of them are as long as a value.
    if odd or body[4:8] != _NO_NULLS:
        raise ValueError("a value is null or not eight bytes wide")
    return _values(body[_HEADER : _HEADER + count * ELEMENT.itemsize], kind)


def _elements(body: bytes | None) -> bytes:
    """Return an array's elements as sent, with the least number for each null."""
    if body is None:
        raise ValueError("an array is null")
    if body[4:8] == _NO_NULLS:
        return body[_HEADER:]
    whole, at = [], _HEADER
    while at < len(body):
        is_null = body[at : at + 4] == _NULL_SIZE
        whole.append(_NULL if is_null else body[at : at + ELEMENT.itemsize])
        at += 4 if is_null else ELEMENT.itemsize
    return b"".join(whole)


def _values(elements: bytes, kind: str) -> IntArray:
    values = np.frombuffer(elements, ELEMENT)["value"].astype(np.int64)
    if kind == "t":
        infinite = values == np.iinfo(np.int64).min
        values = np.where(infinite, values, values + POSTGRES_EPOCH)
    return values
