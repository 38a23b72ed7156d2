"""Bets placed elsewhere, as rows of somebody's CSV: which column is what, and what is wrong."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from betting.domain.tags import LONGEST_NOTE, TAGGED, BadTags, tags_in

CENT = Decimal("0.01")
MOST_ROWS = 20_000
RESULTS = ("won", "half_won", "push", "void", "half_lost", "lost")
# What other programs call a result.
ALSO = {
    "win": "won", "w": "won", "loss": "lost", "lose": "lost", "l": "lost", "refund": "void",
    "refunded": "void", "cancelled": "void", "canceled": "void", "draw": "push", "tie": "push",
    "half win": "half_won", "half loss": "half_lost", "open": "", "pending": "",
}  # fmt: skip
DATES = {
    "iso": ("%Y-%m-%d",),
    "day_first": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y"),
    "month_first": ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y"),
}

NAMES = ("event", "selection", "bookmaker", "market", "competition", "reference")
LONGEST = 200
# What may be written instead of what is wrong.
WHEN = "write a day such as 2026-01-31, or 2026-01-31 19:30; times are UTC"
NAMED = f"write 1 to {LONGEST} letters"
PRICED = "write a decimal price from 1.001 to 1001, such as 2.10, or an American one such as +110"
STAKED = "write an amount above 0 with at most two decimals, such as 12.50"


@dataclass(frozen=True, slots=True)
class Field:
    """What a column may be: its title, whether it must be there, what others call it."""

    title: str
    is_required: bool
    also: tuple[str, ...]


FIELDS = {
    "placed_at": Field("Placed", True, ("placed", "date", "placed date", "bet date", "time")),
    "event": Field("Event", True, ("game", "match", "fixture", "event name")),
    "selection": Field("Selection", True, ("pick", "bet", "outcome", "runner")),
    "bookmaker": Field("Bookmaker", True, ("book", "sportsbook", "bookie", "site")),
    "price": Field("Price", True, ("odds", "decimal odds", "price taken")),
    "stake": Field("Stake", True, ("amount", "wager", "risk", "bet amount")),
    "result": Field("Result", True, ("outcome status", "status", "settled as", "settlement")),
    "returned": Field("Returned", False, ("payout", "return", "returns")),
    "market": Field("Market", False, ("bet type", "type")),
    "competition": Field("League", False, ("competition", "sport", "tournament")),
    "reference": Field("Reference", False, ("bet id", "id", "ticket")),
    "tags": Field("Tags", False, ("tag", "labels")),
    "note": Field("Note", False, ("notes", "comment")),
}


class BadFile(ValueError):
    """A file that is no table of bets, saying why and what to do."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a row: the field, what is there, what may be."""

    field: str
    value: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One row read: the bet, or what is wrong with it. `key` names the bet, whenever it comes."""

    number: int
    raw: dict[str, str]
    faults: tuple[Fault, ...]
    key: str = ""
    placed_at: datetime | None = None
    event: str = ""
    selection: str = ""
    bookmaker: str = ""
    market: str = ""
    competition: str = ""
    reference: str = ""
    price: Decimal = Decimal(0)
    stake: Decimal = Decimal(0)
    result: str = ""
    returned: Decimal | None = None
    tags: tuple[str, ...] = ()
    note: str = ""


def read_table(text: str) -> tuple[list[str], list[dict[str, str]]]:
    """Return the header and the rows of a CSV, whether its columns are parted by , ; or tabs.

    Raises:
        BadFile: if it has no header with two columns, no rows, or too many.
    """
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    parted_by = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=parted_by, restval="")
    header = [name.strip() for name in reader.fieldnames or ()]
    if len(header) < 2:
        raise BadFile("file: the first line names no columns; save the table as CSV with a header.")
    if len(set(header)) < len(header):
        raise BadFile("file: two columns have the same name; give each its own.")
    reader.fieldnames = header
    rows = []
    for row in reader:
        row.pop(None, None)
        if any((value or "").strip() for value in row.values()):
            rows.append({name: (value or "").strip() for name, value in row.items()})
    if not rows:
        raise BadFile("file: there is no row below the header.")
    if len(rows) > MOST_ROWS:
        raise BadFile(f"file: {len(rows):,} rows; split it into files of {MOST_ROWS:,}.")
    return header, rows


def guess_mapping(header: Sequence[str]) -> dict[str, str]:
    """Return by field the column that is likely it.

    >>> guess_mapping(["Date", "Match", "Odds", "Colour"])
    {'placed_at': 'Date', 'event': 'Match', 'price': 'Odds'}
    """
    found: dict[str, str] = {}
    by_name = {name.lower().replace("_", " "): name for name in header}
    for key, field in FIELDS.items():
        for name in (key.replace("_", " "), field.title.lower(), *field.also):
            if name in by_name and by_name[name] not in found.values():
                found[key] = by_name[name]
                break
    return found


def check_mapping(mapping: Mapping[str, str], header: Sequence[str]) -> None:
    """Refuse a mapping that names no such field or column, or lacks a required field.

    Raises:
        BadFile: naming the field and the remedy.
    """
    for key, column in mapping.items():
        if key not in FIELDS:
            raise BadFile(f"mapping: there is no field {key!r}; use some of {', '.join(FIELDS)}.")
        if column not in header:
            raise BadFile(f"mapping.{key}: the file has no column {column!r}.")
    for key, field in FIELDS.items():
        if field.is_required and key not in mapping:
            raise BadFile(f"mapping.{key}: say which column is {field.title.lower()}.")


def read_row(
    number: int, raw: dict[str, str], mapping: Mapping[str, str], *, dates: str, now: datetime
) -> ImportedRow:
    """Return one row as a bet, with everything that is wrong with it, not only the first thing."""
    said = {key: raw.get(mapping.get(key, ""), "") for key in FIELDS}
    placed_at, price, stake = (
        _moment(said["placed_at"], dates),
        _price(said["price"]),
        _money(said["stake"]),
    )
    result = said["result"].lower().replace("-", " ").strip()
    result = ALSO.get(result, result.replace(" ", "_"))
    checks = [
        ("placed_at", placed_at is not None, WHEN),
        (
            "placed_at",
            placed_at is None or placed_at <= now,
            "it lies in the future; check the day and how dates are written",
        ),
        *((name, 0 < len(said[name]) <= LONGEST, NAMED) for name in NAMES[:3]),
        *((name, len(said[name]) <= LONGEST, NAMED) for name in NAMES[3:]),
        ("price", price is not None, PRICED),
        ("stake", stake is not None and 0 < stake < 10**10, STAKED),
        (
            "result",
            result in ("", *RESULTS),
            f"use {', '.join(RESULTS)}, or leave it empty while the bet is open",
        ),
    ]
    try:
        tags = tuple(tags_in(said["tags"]))
    except BadTags:
        tags = ()
        checks.append(("tags", False, TAGGED))
    checks.append(("note", len(said["note"]) <= LONGEST_NOTE, f"at most {LONGEST_NOTE:,} letters"))
    faults = [_fault(name, said, remedy) for name, holds, remedy in checks if not holds]
    if faults or price is None or stake is None or placed_at is None:
        return ImportedRow(number, raw, tuple(faults))
    returned = _returned(result, price, stake)
    if said["returned"] and not _agrees(said["returned"], returned):
        remedy = f"{stake} at {price} {result or 'and open'} returns {returned or 'nothing yet'}"
        fault = _fault("returned", said, f"{remedy}; correct one of them")
        return ImportedRow(number, raw, (fault,))
    names = {name: said[name] for name in NAMES}
    key = [placed_at.isoformat(), *(each.casefold() for each in names.values())]
    key += [f"{price:.3f}", f"{stake:.2f}"]
    return ImportedRow(
        number, raw, (), hashlib.sha256("|".join(key).encode()).hexdigest(), placed_at,
        price=price, stake=stake, result=result, returned=returned, tags=tags, note=said["note"],
        **names,
    )  # fmt: skip


def _fault(name: str, said: Mapping[str, str], remedy: str) -> Fault:
    return Fault(FIELDS[name].title, said[name][:200], remedy)


def _agrees(text: str, returned: Decimal | None) -> bool:
    told = _money(text)
    return told is not None and (told == 0 if returned is None else abs(told - returned) <= CENT)


def _returned(result: str, price: Decimal, stake: Decimal) -> Decimal | None:
    won = stake * price
    back = {
        "won": won, "half_won": (won + stake) / 2, "push": stake, "void": stake,
        "half_lost": stake / 2, "lost": Decimal(0),
    }  # fmt: skip
    return back[result].quantize(CENT, ROUND_HALF_EVEN) if result in back else None


def _moment(text: str, dates: str) -> datetime | None:
    if dates == "iso":
        try:
            found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            return None
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    for day in DATES[dates]:
        for clock in ("", " %H:%M", " %H:%M:%S"):
            try:
                return datetime.strptime(text, day + clock).replace(tzinfo=UTC)
            except ValueError:
                continue
    return None


def _price(text: str) -> Decimal | None:
    number = _number(text)
    if number is None:
        return None
    if text[0] in "+-" and abs(number) >= 100:
        number = 1 + (number / 100 if number > 0 else 100 / -number)
    number = number.quantize(Decimal("0.001"))
    return number if Decimal("1.001") <= number <= 1001 else None


def _money(text: str) -> Decimal | None:
    number = _number(text.lstrip("$€£ "))
    return None if number is None or number != number.quantize(CENT) else number.quantize(CENT)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**12 else None
