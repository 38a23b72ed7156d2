"""What the Scanner finds, told to whoever asked for it."""

from datetime import datetime

from accounts.alerts.telling import kinds_asked_for, tell
from accounts.domain.alerts import Fact, Kind
from odds.finds import Found
from odds.scanner import Asked, scan

SEARCHED = {Kind.ARBITRAGE: "arbitrages", Kind.MOVEMENT: "steam"}


def tell_of_finds(*, now: datetime) -> dict[str, int]:
    """Search for what somebody asked to be told of, and tell; return how many of each kind.

    The same find is told of again and again: each rule says how often it wants to hear of it.
    """
    asked = kinds_asked_for()
    told = {}
    for kind, search in SEARCHED.items():
        if kind in asked:
            # Simulated leagues too: whoever plays in one wants to hear of it.
            found = scan(search, Asked(with_simulated=True), now=now).found
            told[search] = tell(_fact(kind, each, now) for each in found)
    return told


def _fact(kind: Kind, found: Found, now: datetime) -> Fact:
    event = found.event
    line = "" if found.line is None else f" {found.line:g}"
    legs = "; ".join(f"{leg.title} {leg.price} at {leg.book}" for leg in found.legs)
    what = "Arbitrage" if kind == Kind.ARBITRAGE else "Moved"
    return Fact(
        kind=kind,
        key=f"{event.pk} {found.market_key}{line}",
        title=f"{what}: {event.away.name} at {event.home.name}, {found.market}{line}",
        text=f"{found.note} {legs}".strip(),
        path=f"/events/{event.pk}/",
        at=now,
        competition=event.competition.key,
        bookmaker=found.legs[0].bookmaker_key if len(found.legs) == 1 else "",
        edge=found.value if kind == Kind.ARBITRAGE else None,
    )
