"""How an event's prices moved: what stood when, and the consensus of what stood."""

from datetime import timedelta
from decimal import Decimal

import pytest

from odds.domain.consensus import BY_SPORT, consensus
from odds.models import Bookmaker, MarketLook, PriceChange, Sighting
from odds.movements import movements_of
from odds.screens import event_of
from odds.selectors import market_quotes
from odds.services import ensure_partitions
from tests import make

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def change(quote, price: str | None, minutes: int) -> None:
    at = make.NOON + minutes * MINUTE
    ensure_partitions([at])
    PriceChange.objects.create(quote=quote, price=price and Decimal(price), seen_at=at)


def event():
    """Keystone 2.00/2.00, after ten minutes 1.80/2.25; Northbet's home 2.10 goes after five."""
    home, away = (
        make.priced("1.800", book="keystone"),
        make.priced("2.250", side="away", book="keystone"),
    )
    other, against = (
        make.priced("2.100", book="northbet"),
        make.priced("1.900", side="away", book="northbet"),
    )
    Bookmaker.objects.filter(key="keystone").update(weight=2)
    for quote, prices in (
        (home, [("2.000", 0), ("1.800", 10)]),
        (away, [("2.000", 0), ("2.250", 10)]),
        (other, [("2.100", 0), (None, 5)]),
        (against, [("1.900", 0)]),
    ):
        for price, minutes in prices:
            change(quote, price, minutes)
    market = home.selection.market
    Sighting.objects.create(event=market.event, market_key="h2h", seen_at=make.NOON, fingerprint=1)
    return market.event, home.selection


def test_each_book_has_the_price_that_stood_at_each_moment():
    found, home = event()
    moved = movements_of(found, "h2h", home.pk, until=make.NOON + 20 * MINUTE)

    assert [(at - make.NOON) // MINUTE for at in moved.moments] == [0, 5, 10, 20]
    keystone, northbet = moved.lines
    assert keystone.prices == [2.0, 2.0, 1.8, 1.8]
    assert northbet.prices == [2.1, None, None, None]
    assert (keystone.opened, keystone.latest, keystone.change_count) == (2.0, 1.8, 2)
    assert (northbet.opened, northbet.latest) == (2.1, None)


def test_the_consensus_is_of_the_books_that_stood_then():
    found, home = event()
    consensus = movements_of(found, "h2h", home.pk, until=make.NOON + 20 * MINUTE).consensus

    # Northbet leans away while it prices both sides; then Keystone alone: evens, later 1.8/2.25.
    assert 2.0 < consensus[0] < 2.1
    assert consensus[1] == 2.0
    assert consensus[2] == consensus[3] == pytest.approx(1.8, abs=0.001)


def test_the_curve_ends_at_the_fair_price_beside_it():
    """A book that nobody looked at since has no voice in the one, so it has none in the other."""
    found, home = event()
    for side in ("home", "away"):
        quote = make.priced("1.500" if side == "home" else "3.000", side=side, book="eastbet")
        change(quote, str(quote.price), 0)
    keystone = Bookmaker.objects.get(key="keystone")
    now = make.NOON + 40 * MINUTE
    MarketLook.objects.create(
        market=home.market, bookmaker_ids=[keystone.pk], looked_at=[now], last_update=[now]
    )
    found = event_of(found.pk)
    table = market_quotes([found.pk], "h2h", now=now)
    by_all = consensus(table, method=BY_SPORT)
    fair = round(1 / by_all.probability[by_all.selection_id == home.pk][0], 3)

    moved = movements_of(found, "h2h", home.pk, until=now, table=table)

    assert moved.consensus[-1] == fair == pytest.approx(1.8, abs=0.001)
    # While it still stood it had its voice.
    assert moved.consensus[0] < 2.0


def test_nothing_seen_later_has_any_influence():
    found, home = event()
    early = movements_of(found, "h2h", home.pk, until=make.NOON + 4 * MINUTE)

    assert [(at - make.NOON) // MINUTE for at in early.moments] == [0, 4]
    assert early.lines[0].prices == [2.0, 2.0]


def test_where_nothing_was_seen_there_is_no_movement():
    quote = make.priced("2.000")
    assert (
        movements_of(quote.selection.market.event, "h2h", quote.selection_id, until=make.NOON)
        is None
    )
