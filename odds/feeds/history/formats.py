"""What a format is, and how files are opened."""

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from odds.feeds.parsed import (
    ParsedBoxScore,
    ParsedEvent,
    ParsedLine,
    ParsedResult,
    ParsedSweep,
    ParsedTeam,
    RejectedRow,
)

Fact = (
    ParsedTeam
    | ParsedEvent
    | ParsedResult
    | ParsedBoxScore
    | ParsedLine
    | ParsedSweep
    | RejectedRow
)
Row = dict[str, str]


class Unrecognised(Exception):
    """A file in no format we import."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format: how to know it by the first line, and how to read it.

    `rank` orders an import: what names teams and results comes before prices. A format that names
    teams is authoritative for them; `source` says who it is.
    """

    name: str
    source: str
    rank: int
    names_teams: bool
    recognises: Callable[[str], bool]
    read: Callable[[Path], Iterator[Fact]]


def open_text(path: Path) -> IO[str]:
    """Open a text file, compressed or not; what is not UTF-8 is read as Western European."""
    with _open(path) as raw:
        body = raw.read()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1252", errors="replace")
    return io.StringIO(text, newline="")


def first_line(path: Path) -> str:
    """Return the first line of a file, or nothing where it is no text.

    Raises:
        OSError: where it cannot be read.
    """
    with _open(path) as raw:
        line = raw.readline(1_000_000)
    return line.decode("utf-8-sig", errors="replace").rstrip("\r\n")


def has_columns(*names: str) -> Callable[[str], bool]:
    """Return a test: is this the header of a CSV with these columns?"""

    def recognises(line: str) -> bool:
        columns = next(csv.reader([line]), [])
        return set(names) <= {column.strip() for column in columns}

    return recognises


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Return the rows of a CSV with their line numbers; rows without any value are left out.

    A row that is too short is filled with blanks: its missing fields are told by who needs them.
    """
    with open_text(path) as file:
        for number, row in enumerate(csv.DictReader(file, restval="", restkey="more"), start=2):
            row.pop("more", None)
            if any(row.values()):
                yield number, row


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
    if is_packed:
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")
