"""Stored answers of The Odds API's historical endpoint, one JSON object a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from odds.feeds.history.formats import Fact, Format, open_text
from odds.feeds.history.sweeping import Snapshots
from odds.feeds.parsed import BadPayload, RejectedRow
from odds.feeds.the_odds_api_payloads import SOURCE, as_moment, read_into


def read(path: Path) -> Iterator[Fact]:
    """Return the answers as sweeps; an answer that cannot be read is rejected as a whole."""
    snapshots = Snapshots(SOURCE)
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield from _take(line, snapshots)
            except BadPayload as bad:
                yield RejectedRow(bad.field, bad.reason, {"line": line[:500]}, number)
    yield from snapshots.sweeps()


def _take(line: str, snapshots: Snapshots) -> Iterator[Fact]:
    try:
        answer: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadPayload("line", f"no JSON: {error}"[:200]) from None
    if not isinstance(answer, dict):
        raise BadPayload("line", "no JSON object")
    at = as_moment(answer.get("timestamp"), "timestamp")
    data = answer.get("data")
    collector = str(answer.get("source", ""))
    listed = read_into(
        snapshots.quotes,
        [data] if isinstance(data, dict) else data,
        odds_format=str(answer.get("odds_format", "decimal")),
        group_of=lambda event, _: snapshots.group(collector, at, event),
    )
    for entry in listed:
        snapshots.name_books(entry.titles)
        yield from entry.rejected


def _recognises(line: str) -> bool:
    start = line[:4000]
    return start.startswith("{") and '"timestamp"' in start and '"data"' in start


FORMAT = Format(
    name="stored The Odds API answers",
    source=SOURCE,
    rank=2,
    names_teams=False,
    recognises=_recognises,
    read=read,
)
