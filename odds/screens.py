"""What the pages about prices show: selectors that fetch a whole screen in a few queries."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Exists, OuterRef, Subquery

from accounts.showing.formats import point_text
from odds.domain.consensus import BY_SPORT, consensus
from odds.domain.freshness import freshness
from odds.models import (
    Bookmaker,
    ClosingPrice,
    Competition,
    Event,
    Market,
    Selection,
    Side,
    Sighting,
)
from odds.selectors import market_quotes

# Asked for with every list of events: written out, it takes a quarter of the time.
_COMING = """
SELECT key, title FROM odds_competition c WHERE EXISTS (
    SELECT FROM odds_event
    WHERE competition_id = c.id AND starts_at > %(now)s AND status = 'scheduled'
) ORDER BY title
"""
METHODS = {"by_sport": "as the sport's pricing rule says", "shin": "Shin"}
MARKETS = {"h2h": "Moneyline", "spreads": "Spread", "totals": "Total"}


def selection_title(selection: Selection, event: Event) -> str:
    """Name a selection as a bettor says it: 'Boston Celtics -5.5', 'Over 221.5', 'Draw'.

    The event's teams must be loaded.
    """
    if selection.side == Side.HOME:
        name = event.home.name
    elif selection.side == Side.AWAY:
        name = event.away.name
    else:
        name = selection.get_side_display()
    totals = selection.side in {Side.OVER, Side.UNDER}
    return f"{name} {point_text(selection.point, signed=not totals)}".strip()


def method_title(method: str) -> str:
    """Name a method of taking margins out.

    >>> method_title("odds_ratio"), method_title("2*shin+power")
    ('odds ratio', '2*Shin+power')
    """
    return re.sub(
        r"[a-z_]+", lambda found: METHODS.get(found[0], found[0].replace("_", " ")), method
    )


def market_title(key: str) -> str:
    """Name a market for a reader.

    >>> market_title("h2h"), market_title("h2h_lay"), market_title("spreads_q1")
    ('Moneyline', 'Moneyline, lay', 'Spread, Q1')
    >>> market_title("player_points")
    'Player points'
    """
    known, _, rest = key.partition("_")
    if known not in MARKETS:
        return key.replace("_", " ").capitalize()
    if not rest:
        return MARKETS[known]
    words = rest.replace("_", " ")
    return f"{MARKETS[known]}, {words.upper() if len(words) == 2 else words}"


def competition_filter(now: datetime) -> tuple[str, list[tuple[str, str]]]:
    """Return the filter by competition: its label, and those that have events still to start."""
    with connection.cursor() as cursor:
        cursor.execute(_COMING, {"now": now})
        return "League", cursor.fetchall()


def bookmakers() -> list[Bookmaker]:
    """Return the bookmakers at which one can bet, by name."""
    return list(Bookmaker.objects.filter(is_archive=False))


def competition_titles() -> list[tuple[str, str]]:
    """Return the key and title of every competition, by title."""
    return list(Competition.objects.order_by("title").values_list("key", "title"))


def bookmaker_titles() -> dict[str, str]:
    """Return every bookmaker's title by its key."""
    return dict(Bookmaker.objects.values_list("key", "title"))


# --- one event


def event_of(event_id: int, **more: Exists) -> Event | None:
    """Return an event with its teams and competition, and whatever `more` tells of it.

    `market_keys` are those of the markets that it has prices in, `first_look` is when we looked at
    them first, None where that is not kept any more.
    """
    looks = Sighting.objects.filter(event=OuterRef("pk")).order_by("seen_at")
    priced = Market.objects.filter(event=OuterRef("pk"), selections__quotes__isnull=False)
    return (
        Event.objects.select_related("home", "away", "competition__sport")
        .annotate(
            market_keys=ArraySubquery(priced.values("key").distinct()),
            first_look=Subquery(looks.values("seen_at")[:1]),
            **more,
        )
        .filter(pk=event_id)
        .first()
    )


def in_usual_order(keys: Collection[str]) -> list[str]:
    """Return keys of markets as pages list them."""
    return [key for key in MARKETS if key in keys] + sorted(set(keys) - set(MARKETS))


@dataclass(frozen=True, slots=True)
class Close:
    """What a selection closed at, from how long before the start."""

    fair_probability: float
    age: timedelta
    last_update: datetime


def closes_of(event_id: int, market_key: str) -> dict[int, Close]:
    """Return the closes of one market of an event, by selection."""
    closes = ClosingPrice.objects.filter(
        selection__market__event_id=event_id, selection__market__key=market_key
    )
    rows = closes.values_list("selection_id", "fair_probability", "age", "last_update")
    return {pk: Close(fair, age, last_update) for pk, fair, age, last_update in rows}


@dataclass(frozen=True, slots=True)
class SeenPrice:
    """One book's price of a selection (none: withdrawn), how old, and the chance all books see."""

    price: Decimal | None
    age: timedelta
    freshness: str
    fair: float | None


def seen_price(
    selection: Selection, bookmaker_id: int, *, now: datetime, rate: float = 1.0
) -> SeenPrice | None:
    """Return a book's price of a selection as the odds screen has it; None where it has none.

    The selection's market must be loaded.
    """
    market = selection.market
    table = market_quotes([market.event_id], market.key, now=now)
    table = table.where(~table.is_archive)
    mine = (table.selection_id == selection.pk) & (table.bookmaker_id == bookmaker_id)
    if not mine.any():
        return None
    at = int(np.argmax(mine))
    found = consensus(table, method=BY_SPORT)
    fair = found.probability[found.selection_id == selection.pk]
    price = float(table.price[at])
    age = max(now - table.confirmed_at[at].item().replace(tzinfo=UTC), timedelta())
    return SeenPrice(
        price=None if price != price else Decimal(repr(price)).quantize(Decimal("0.001")),
        age=age,
        freshness=freshness(age, rate),
        fair=float(fair[0]) if fair.size and fair[0] > 0 else None,
    )
