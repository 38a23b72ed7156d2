"""From an odds answer to a sweep: what can be kept is kept, the rest is refused by name.

Markets we cannot keep are left out, counted by market. Where a field cannot be read, the smallest
unit that holds it (a bookmaker's market, the bookmaker, the event) is put aside, and only what is
still listed counts as looked at. Where that would be most of the answer, all of it is refused and
nothing is written. Either way prices go stale in sight: better than to call them withdrawn.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from odds.domain.market_keys import market_fault
from odds.feeds.collecting import without_collecting
from odds.feeds.columns import joined
from odds.feeds.parsed import BadPayload, ParsedSweep, RejectedRow
from odds.feeds.the_odds_api_payloads import SOURCE, ListedEvent, read_odds

MOST_PUT_ASIDE = 20
_STEP = re.compile(r"\.?(\w*)\[(\d+)\]")
_Asides = list[tuple[RejectedRow, int]]


def sweep_of(
    payload: object,
    key: str,
    *,
    markets: Collection[str],
    books: Sequence[str],
    now: datetime,
    odds_format: str = "decimal",
) -> ParsedSweep:
    """Return the events and prices of an odds answer as a sweep seen at `now`.

    Raises:
        BadPayload: naming the first field at fault, where it spoils the answer as a whole; also
            where an event is of another sport.
    """
    refused = _leave_out_markets(payload)
    with without_collecting():
        listed, asides = _read(payload, odds_format)
    for index, entry in enumerate(listed):
        if entry.event.competition_key != key:
            raise BadPayload(f"[{index}].sport_key", f"{entry.event.competition_key!r:.64}")
    # Exchanges add their lay prices to h2h unasked.
    looked_at = {*markets, "h2h_lay"} if "h2h" in markets else set(markets)
    rejected = [row for entry in listed for row in entry.rejected]
    return ParsedSweep(
        provider=SOURCE,
        competition_key=key,
        seen_at=now,
        events=[entry.event for entry in listed],
        quotes=joined([entry.quotes for entry in listed]),
        bookmaker_titles={name: t for entry in listed for name, t in entry.titles.items()},
        rejected=[*rejected, *refused, *(row for row, _ in asides)],
        markets_asked=frozenset(market for market in looked_at if market_fault(market) is None),
        books_asked=frozenset(books) if books else None,
        # What was put aside is not gone: only what each event still lists was looked at.
        is_partial=bool(asides),
    )


def _leave_out_markets(payload: object) -> list[RejectedRow]:
    """Take out the markets we cannot keep, and return a row for each of them."""
    counts: Counter[tuple[str, str]] = Counter()
    for event in _dicts(payload):
        for book in _dicts(event.get("bookmakers")):
            found = book.get("markets")
            if not isinstance(found, list):
                continue
            kept = [market for market in found if not _is_left_out(market, counts)]
            if len(kept) < len(found):
                book["markets"] = kept
    # Without event and number, so that quarantine keeps one row of each; drift counts the rest.
    return [RejectedRow("market", f"{key[:64]}: {why}", {"market": key}) for key, why in counts]


def _is_left_out(market: object, counts: Counter[tuple[str, str]]) -> bool:
    key = market.get("key") if isinstance(market, dict) else None
    why = market_fault(key) if isinstance(key, str) else None
    if why is None or not isinstance(key, str):
        return False
    counts[key, why] += 1
    return True


def _read(payload: object, odds_format: str) -> tuple[list[ListedEvent], _Asides]:
    asides: _Asides = []
    faults: list[BadPayload] = []
    listed: list[ListedEvent] | None = None
    while listed is None:
        try:
            listed = read_odds(payload, odds_format=odds_format)
        except BadPayload as bad:
            faults.append(bad)
            aside = _put_aside(payload, bad)
            if aside is None or len(asides) >= MOST_PUT_ASIDE:
                raise faults[0] from None
            asides.append(aside)
    kept = sum(len(entry.quotes) for entry in listed)
    if sum(count for _, count in asides) > kept:
        raise faults[0]
    return listed, asides


def _put_aside(payload: object, bad: BadPayload) -> tuple[RejectedRow, int] | None:
    """Take the smallest unit that holds a bad field out of the answer; None where there is none.

    Returns a row for quarantine, of the outcome where that is at fault, and how many prices went.
    """
    found, holder, place = payload, None, 0
    for name, index in _STEP.findall(bad.field):
        inner = found.get(name) if name and isinstance(found, dict) else found
        if not isinstance(inner, list) or int(index) >= len(inner):
            break
        found = inner[int(index)]
        # Not an outcome alone: without it, its market would show it withdrawn.
        if name != "outcomes":
            holder, place = inner, int(index)
    if holder is None:
        return None
    count = _prices_in(holder.pop(place))
    raw = {"field": bad.field[:200], **_in_short(found)}
    field = _STEP.sub(lambda step: f".{step[1]}[]" if step[1] else "[]", bad.field)
    return RejectedRow(field.removeprefix("[].")[-64:], bad.reason[:255], raw), count


def _prices_in(unit: object) -> int:
    if not isinstance(unit, dict):
        return 1
    for name in ("bookmakers", "markets", "outcomes"):
        if name in unit:
            inner = unit[name]
            return sum(map(_prices_in, inner)) if isinstance(inner, list) else 1
    return 1


def _in_short(unit: object) -> dict[str, Any]:
    """Return what a unit says of itself, without what is nested in it, safe to store."""
    if not isinstance(unit, dict):
        return {"value": repr(unit)[:200]}
    return {str(name)[:48]: repr(value)[:120] for name, value in list(unit.items())[:20]}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
