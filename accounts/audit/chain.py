"""Whether the audit still says what it said when it was written."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from accounts.models import AuditHead
from accounts.models.audit import link

logger = logging.getLogger(__name__)

# The first entry that does not follow from the one before it: unsealed ones come last.
_FIRST_BROKEN = f"""
    SELECT place, number, action || ' ' || subject || ' (id ' || id || ')' AS said FROM (
        SELECT e.*, row_number() OVER chain AS place, lag(hash, 1, '') OVER chain AS last
        FROM accounts_auditentry e
        WINDOW chain AS (ORDER BY number NULLS LAST, id)
    ) e
    WHERE number IS DISTINCT FROM place OR hash <> {link("e", "e.number", "e.last")}
    ORDER BY place LIMIT 1
"""  # noqa: S608 - names of ours alone
# One statement sees one moment: an entry sealed meanwhile is in all of its answers or in none.
_WHOLE = f"""
    SELECT broken.*, (SELECT max(number) FROM accounts_auditentry), head.number, head.hash
    FROM (SELECT) once
    LEFT JOIN ({_FIRST_BROKEN}) broken ON true
    LEFT JOIN accounts_audithead head ON true
"""  # noqa: S608 - names of ours alone


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where the chain does not hold: its number, and what is wrong there."""

    number: int
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many entries there are, the hash of the last, and the first that is wrong, if any."""

    entries: int
    head: str
    broken: Broken | None


def verify_chain(anchors: Mapping[int, str] | None = None) -> Verdict:
    """Follow the whole chain, reading only, and name the first entry that does not fit.

    `anchors` are heads kept elsewhere, hash by number, as the log has them: whoever can write the
    database can also write the whole chain anew, but not what was printed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WHOLE)
        ((place, number, said, last, counted, head),) = cursor.fetchall()
    faults = []
    if place is not None:
        faults.append(_fault(place, number, said))
    if (last or 0) != (counted or 0):
        least = min(last or 0, counted or 0)
        faults.append(
            Broken(least + 1, f"the last is number {last or 0}, the head says {counted or 0}")
        )
    faults += _against(anchors or {})
    broken = min(faults, key=lambda fault: fault.number, default=None)
    return Verdict(entries=last or 0, head=head or "", broken=broken)


def print_head() -> dict[str, object]:
    """Write the head of the chain to the log, which is kept where this database is not."""
    head = AuditHead.objects.first()
    number, found = (head.number, head.hash) if head else (0, "")
    logger.info("Audit head %s:%s", number, found)
    return {"number": number, "hash": found}


def _fault(place: int, number: int | None, said: str) -> Broken:
    if number is None:
        return Broken(place, f"{said} was written past the chain")
    if number > place:
        return Broken(place, f"it is missing; number {number} follows")
    if number < place:
        return Broken(number, f"{said} has the number of another")
    return Broken(place, f"{said} is not what was written, or what came before it is not")


def _against(anchors: Mapping[int, str]) -> list[Broken]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, hash FROM accounts_auditentry WHERE number = ANY(%s)", [list(anchors)]
        )
        there = dict(cursor.fetchall())
    return [
        Broken(number, "it is missing" if number not in there else "it is not what the log has")
        for number, found in sorted(anchors.items())
        if there.get(number) != found
    ]
