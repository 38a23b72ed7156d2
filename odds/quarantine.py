"""Rows that were refused and wait for somebody: what came, what was wrong with it, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, QuerySet

from odds.models import Event, FileFeed, QuarantinedRow
from odds.services.results import SCORE

# What each field that is refused asks for; of any other the source is to be corrected.
REMEDIES = {
    "price": "No price is changed by hand. If the source has a right one, correct it there and "
    "read it again; else dismiss the row: no other price is lost.",
    SCORE: "Another result than the recorded one. If this one is right, take it: bets on the event "
    "are corrected within a minute. Else dismiss the row.",
    "team": "If it is a team we know by another name, add that name: the event is taken at the "
    "next round or import. Then dismiss the row.",
    "market": "We keep no market of this kind. Its other markets were taken; dismiss the row.",
    "event": "Import the file that lists the event, then this one again, and dismiss the row.",
}
ELSE = (
    "Correct the field in the source and read it again: what is right by then is taken. Then "
    "dismiss the row."
)

Waiting = QuerySet[QuarantinedRow]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that waits: what was received, by name, and which field and value was refused."""

    row: QuarantinedRow
    value: str
    received: list[tuple[str, str]]
    remedy: str
    event: Event | None
    is_of_a_file_feed: bool

    @property
    def is_score(self) -> bool:
        return self.row.field == SCORE

    @property
    def is_about_a_team(self) -> bool:
        return self.row.field == "team"


def waiting_rows(*, source: str = "", field: str = "", text: str = "") -> Waiting:
    """Return the refused rows nobody has dealt with, newest first; empty means any."""
    rows = QuarantinedRow.objects.filter(resolved_at=None)
    asked = {"source": source, "field": field, "reason__icontains": text}
    return rows.filter(**{name: value for name, value in asked.items() if value})


def groups() -> list[tuple[str, str, int]]:
    """Return how many rows wait by source and field."""
    waiting = QuarantinedRow.objects.filter(resolved_at=None).order_by("source", "field")
    return list(waiting.values_list("source", "field").annotate(rows=Count("pk")))


def newest_of(rows: Waiting) -> int:
    """Return the number of the row that was kept last."""
    return rows.aggregate(newest=Max("pk"))["newest"] or 0


def explained(rows: Iterable[QuarantinedRow]) -> list[Refused]:
    """Return each row with what was received and what to do about it."""
    rows = list(rows)
    ids = {event for row in rows if isinstance(event := _raw(row).get("event"), int)}
    events = Event.objects.select_related("home", "away").in_bulk(ids) if ids else {}
    feeds = set(FileFeed.objects.values_list("name", flat=True)) if rows else set()
    return [
        Refused(
            row=row,
            value=_value(row),
            received=[(name, _text(value)) for name, value in _raw(row).items()],
            remedy=REMEDIES.get(_last(row.field), ELSE),
            event=events.get(event) if isinstance(event := _raw(row).get("event"), int) else None,
            is_of_a_file_feed=row.source in feeds,
        )
        for row in rows
    ]


def _raw(row: QuarantinedRow) -> dict[str, Any]:
    return row.raw if isinstance(row.raw, dict) else {"row": row.raw}


def _last(field: str) -> str:
    """Return the last name of a path: `bookmakers[].markets[].outcomes[].price` is a price."""
    return field.rpartition(".")[2].removesuffix("[]")


def _value(row: QuarantinedRow) -> str:
    raw = _raw(row)
    for name in (row.field, _last(row.field)):
        if name in raw:
            return _text(raw[name])
    return ""


def _text(value: object) -> str:
    return "nothing" if value is None or value == "" else str(value)
