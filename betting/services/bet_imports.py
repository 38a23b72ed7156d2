"""Import bets placed elsewhere: look first, then take what is right; twice adds nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from accounts import audit
from betting.domain.bet_import import (
    DATES,
    BadFile,
    ImportedRow,
    check_mapping,
    guess_mapping,
    read_row,
    read_table,
)
from betting.models import BetImport, ImportedBet, QuarantinedBet

MOST_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do: its rows in order, and those that are there already, by number."""

    header: list[str]
    rows: list[ImportedRow]
    there: frozenset[int]
    settles: frozenset[int]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows are new, there already, settle one that is there, or are wrong."""
        wrong = sum(bool(row.faults) for row in self.rows)
        return {
            "new": len(self.rows) - wrong - len(self.there) - len(self.settles),
            "there": len(self.there),
            "settles": len(self.settles),
            "wrong": wrong,
        }


def decode(body: bytes) -> str:
    """Return a file as text; what is not UTF-8 is read as Western European.

    Raises:
        BadFile: if it is too large or no text.
    """
    if len(body) > MOST_BYTES:
        raise BadFile(f"file: {len(body):,} bytes; at most {MOST_BYTES:,}, so split it.")
    if b"\x00" in body:
        raise BadFile("file: this is no text; save the table as CSV.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


@transaction.atomic
def upload(*, owner_id: int, name: str, content: str, now: datetime) -> BetImport:
    """Keep a file to look at, with the columns guessed; nothing is imported yet.

    Raises:
        BadFile: if it is no table.
    """
    header, _ = read_table(content)
    made = BetImport.objects.create(
        owner_id=owner_id,
        name=name[:128] or "bets.csv",
        content=content,
        mapping=guess_mapping(header),
        uploaded_at=now,
    )
    audit.record(
        action="uploaded bets",
        subject=f"import {made.pk}",
        actor_id=owner_id,
        at=now,
        detail={"name": made.name, "characters": len(content)},
    )
    return made


@transaction.atomic
def set_mapping(
    *, owner_id: int, import_id: int, mapping: Mapping[str, str], dates: str, now: datetime
) -> BetImport:
    """Say which column is what, and how dates are written.

    Raises:
        BetImport.DoesNotExist: if it is not this person's, or imported already.
        BadFile: naming what cannot be.
    """
    found = BetImport.objects.get(pk=import_id, owner_id=owner_id, status=BetImport.Status.PREVIEW)
    header, _ = read_table(found.content)
    if dates not in DATES:
        raise BadFile(f"dates: {dates!r} cannot be; use {', '.join(DATES)}.")
    chosen = {key: column for key, column in mapping.items() if column}
    check_mapping(chosen, header)
    before = {"mapping": found.mapping, "dates": found.dates}
    found.mapping, found.dates = chosen, dates
    found.save(update_fields=["mapping", "dates"])
    audit.record(
        action="mapped bets to import",
        subject=f"import {found.pk}",
        actor_id=owner_id,
        at=now,
        before=before,
        after={"mapping": chosen, "dates": dates},
    )
    return found


def header_of(found: BetImport) -> list[str]:
    """Return the columns of a file that is still to be looked at."""
    return read_table(found.content)[0]


def preview(found: BetImport, *, now: datetime) -> Preview:
    """Read every row, say what is wrong with it, and which are there already.

    Raises:
        BadFile: if a required column is not mapped yet.
    """
    header, raw = read_table(found.content)
    check_mapping(found.mapping, header)
    rows = [
        read_row(number, each, found.mapping, dates=found.dates, now=now)
        for number, each in enumerate(raw, start=2)
    ]
    known = dict(
        ImportedBet.objects.filter(
            owner_id=found.owner_id, row_key__in={row.key for row in rows if row.key}
        ).values_list("row_key", "result")
    )
    there, settles = set(), set()
    for row in rows:
        if not row.key:
            continue
        if row.key not in known:
            known[row.key] = row.result
        elif row.result and not known[row.key]:
            settles.add(row.number)
            known[row.key] = row.result
        else:
            there.add(row.number)
    return Preview(header, rows, frozenset(there), frozenset(settles))


@transaction.atomic
def import_bets(*, owner_id: int, import_id: int, now: datetime) -> BetImport:
    """Take every right row, keep every wrong one in quarantine. A repeat returns the first answer.

    The ledger is not touched: money that was won or lost elsewhere is not in these bankrolls.

    Raises:
        BetImport.DoesNotExist: if it is not this person's.
        BadFile: if a required column is not mapped.
    """
    found = BetImport.objects.select_for_update().get(pk=import_id, owner_id=owner_id)
    if found.status == BetImport.Status.IMPORTED:
        return found
    seen = preview(found, now=now)
    fresh = [
        row
        for row in seen.rows
        if row.key and row.number not in seen.there and row.number not in seen.settles
    ]
    ImportedBet.objects.bulk_create(
        [
            ImportedBet(
                owner_id=owner_id, source=found, row_number=row.number, row_key=row.key,
                placed_at=row.placed_at, event=row.event, selection=row.selection,
                bookmaker=row.bookmaker, market=row.market, competition=row.competition,
                reference=row.reference, price=row.price, stake=row.stake, result=row.result,
                returned=row.returned, tags=list(row.tags), note=row.note,
            )
            for row in fresh
            if row.placed_at is not None
        ],
        batch_size=1000,
        ignore_conflicts=True,
    )  # fmt: skip
    settling = {row.key: row for row in seen.rows if row.number in seen.settles}
    earlier = list(
        ImportedBet.objects.select_for_update().filter(
            owner_id=owner_id, row_key__in=settling, result=""
        )
    )
    for each in earlier:
        each.result = settling[each.row_key].result
        each.returned = settling[each.row_key].returned
    ImportedBet.objects.bulk_update(earlier, ["result", "returned"], batch_size=1000)
    QuarantinedBet.objects.bulk_create(
        [
            QuarantinedBet(
                source=found, row_number=row.number, raw=row.raw,
                faults=[asdict(fault) for fault in row.faults],
            )
            for row in seen.rows
            if row.faults
        ],
        batch_size=1000,
    )  # fmt: skip
    found.status, found.imported_at, found.counts = BetImport.Status.IMPORTED, now, seen.counts
    found.content = ""
    found.save()
    audit.record(
        action="imported bets",
        subject=f"import {found.pk}",
        actor_id=owner_id,
        at=now,
        detail={"name": found.name} | seen.counts,
    )
    return found


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a text handed over at once."""

    source_id: int
    seen: Preview


@transaction.atomic
def take_text(
    *,
    owner_id: int,
    name: str,
    content: str,
    mapping: Mapping[str, str] | None,
    dates: str,
    dry_run: bool,
    now: datetime,
) -> Taken:
    """Look at a CSV and, unless it is a dry run, take it; a dry run keeps nothing.

    Raises:
        BadFile: naming what cannot be; nothing is kept then.
    """
    found = upload(owner_id=owner_id, name=name, content=content, now=now)
    found = set_mapping(
        now=now,
        owner_id=owner_id,
        import_id=found.pk,
        mapping=found.mapping if mapping is None else mapping,
        dates=dates,
    )
    seen = preview(found, now=now)
    if dry_run:
        number = found.pk
        found.delete()
        return Taken(number, seen)
    import_bets(owner_id=owner_id, import_id=found.pk, now=now)
    return Taken(found.pk, seen)
