"""What a changed strategy would have recommended last week, on what was frozen. Writes nothing.

The decision journal holds the markets in which any strategy found something, so a looser strategy
is seen only as far as those go: prices nobody looked twice at are not in it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.decide import decide, failed_gates
from betting.domain.journal import unpack
from betting.models import DecisionInputs
from betting.services.opportunities import as_live
from odds.models import Quote
from odds.screens import selection_title

OVER = timedelta(days=7)
# As many as are decided again in about a second.
MOST_MOMENTS = 40
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Changed:
    """One price that only one of both recommends; `gates` are why the other does not."""

    title: str
    event: str
    bookmaker: str
    price: float
    edge: float
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What both recommended over some of the moments of the last week, each price once.

    `gained` and `lost` are the first few of those that only the changed one, or only the one in
    force, recommends; the counts are of all.
    """

    moments: int
    of_moments: int
    before: int
    after: int
    gained_count: int
    lost_count: int
    gained: list[Changed]
    lost: list[Changed]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One price as it was decided on: by the one that takes it, and why the other does not."""

    price: float
    edge: float
    gates: tuple[str, ...]


def preview(in_force: Configuration, changed: Configuration, *, now: datetime) -> Preview:
    """Decide again with both on what was frozen in the last seven days, evenly over it."""
    frozen = DecisionInputs.objects.filter(as_of__gt=now - OVER, as_of__lte=now)
    moments = list(frozen.order_by("as_of").values_list("as_of", flat=True).distinct())
    places = np.unique(np.linspace(0, len(moments) - 1, min(len(moments), MOST_MOMENTS)).round())
    chosen = [moments[int(place)] for place in places] if moments else []
    packed: dict[datetime, list[bytes]] = {}
    rows = frozen.filter(as_of__in=chosen).order_by("pk").values_list("as_of", "content")
    for as_of, content in rows:
        packed.setdefault(as_of, []).append(bytes(content))
    before, after = set[int](), set[int]()
    gained: dict[int, _Seen] = {}
    lost: dict[int, _Seen] = {}
    ours, theirs = (as_live(each) for each in (in_force, changed))
    for contents in packed.values():
        slate, other = unpack(contents, ours), unpack(contents, theirs)
        was, becomes = decide(slate, ours), decide(other, theirs)
        quotes, prices = slate.quotes.quote_id.tolist(), slate.quotes.price
        before |= set(slate.quotes.quote_id[was.recommended].tolist())
        after |= set(slate.quotes.quote_id[becomes.recommended].tolist())
        for row in np.flatnonzero(was.recommended != becomes.recommended).tolist():
            takes, leaves = (was, becomes) if was.recommended[row] else (becomes, was)
            seen = _Seen(
                float(prices[row]),
                float(takes.edge[row]),
                tuple(failed_gates(int(leaves.passes[row]))),
            )
            (lost if takes is was else gained)[quotes[row]] = seen
    only_before, only_after = before - after, after - before
    named = _names([*sorted(only_after)[:SHOWN], *sorted(only_before)[:SHOWN]])
    return Preview(
        moments=len(chosen),
        of_moments=len(moments),
        before=len(before),
        after=len(after),
        gained_count=len(only_after),
        lost_count=len(only_before),
        gained=[_changed(named[each], gained[each]) for each in sorted(only_after)[:SHOWN]],
        lost=[_changed(named[each], lost[each]) for each in sorted(only_before)[:SHOWN]],
    )


def _names(quote_ids: list[int]) -> dict[int, Quote]:
    found = Quote.objects.select_related(
        "bookmaker", "selection__market__event__home", "selection__market__event__away"
    )
    return found.in_bulk(quote_ids)


def _changed(quote: Quote, seen: _Seen) -> Changed:
    event = quote.selection.market.event
    return Changed(
        title=selection_title(quote.selection, event),
        event=f"{event.away.name} at {event.home.name}",
        bookmaker=quote.bookmaker.title,
        price=seen.price,
        edge=seen.edge,
        gates=tuple(gate.replace("_", " ") for gate in seen.gates),
    )
