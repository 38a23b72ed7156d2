"""The odds screen: what one query finds, and how one reader sees it."""

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import SavedFilter
from odds.board import Reader, board, event_lines, flat
from odds.domain.arbitrage import best_books
from odds.domain.scan import Gates
from odds.models import Bookmaker, Event, PriceChange, PricingRule, Quote, Sighting, Sport
from odds.movements import movements_of
from odds.selectors import market_quotes
from odds.services import ensure_partitions
from odds.slate import SlateFilter, event_slate, read_slate
from tests import make

pytestmark = pytest.mark.django_db
LATER = make.NOON + timedelta(minutes=2)


def priced(price, side, book, **where) -> Quote:
    quote = make.priced(price, side=side, book=book, **where)
    market = quote.selection.market
    Sighting.objects.get_or_create(
        event=market.event, market_key=market.key, seen_at=make.NOON, fingerprint=1
    )
    ensure_partitions([make.NOON])
    PriceChange.objects.create(quote=quote, price=quote.price, seen_at=make.NOON)
    return quote


def two_books() -> None:
    """Keystone 2.00/1.90, Northbet 2.10/1.80: best 2.10 and 1.90."""
    for book, home, away, weight in (
        ("keystone", "2.000", "1.900", 3),
        ("northbet", "2.100", "1.800", 1),
    ):
        priced(home, "home", book)
        priced(away, "away", book)
        Bookmaker.objects.filter(key=book).update(weight=weight)


def seen(reader=None, *, at=LATER, **which):
    return board(read_slate(SlateFilter(**which), now=at), reader or Reader(), now=at)


def test_the_best_price_the_hold_and_the_fair_price_are_of_the_books_shown_and_of_all():
    two_books()
    [event] = seen().events
    home, away = event.lines[0].rows

    assert [cell.price for cell in home.cells] == [2.0, 2.1]
    assert [cell.is_best for cell in home.cells] == [False, True]
    assert (home.best.price, away.best.price) == (2.1, 1.9)
    assert event.lines[0].hold == pytest.approx(1 - 1 / (1 / 2.1 + 1 / 1.9), abs=1e-12)
    assert home.fair + away.fair == pytest.approx(1, abs=1e-12)

    mine = seen(Reader(my_books=("keystone",), only_mine=True))
    row = mine.events[0].lines[0].rows[0]
    assert (mine.hidden_books, row.best.price, row.fair) == (1, 2.0, home.fair)


def test_the_edge_is_of_the_best_price_after_commission():
    two_books()
    Bookmaker.objects.filter(key="northbet").update(commission_share="0.05")
    home, away = seen().events[0].lines[0].rows
    assert (home.best.price, away.best.price) == (2.1, 1.9)
    assert home.edge == pytest.approx(home.fair * (1 + 1.1 * 0.95) - 1)
    assert away.edge == pytest.approx(away.fair * 1.9 - 1)


def test_best_and_hold_are_net_of_commission_and_the_hold_is_that_of_the_scanner():
    two_books()
    Bookmaker.objects.filter(key="northbet").update(commission_share="0.10")
    line = seen().events[0].lines[0]
    home, away = line.rows

    # 2.10 less a tenth of what it wins is 1.99.
    assert (home.best.price, away.best.price) == (2.0, 1.9)
    assert [cell.is_best for cell in home.cells] == [True, False]
    assert [cell.price for cell in home.ranked] == [2.0, 2.1]
    Bookmaker.objects.filter(key="northbet").update(commission_share="0.05")
    line = seen().events[0].lines[0]
    assert line.rows[0].best.price == 2.1
    assert line.hold == pytest.approx(1 - 1 / (1 / 2.045 + 1 / 1.9), abs=1e-12)
    at = np.datetime64(LATER.replace(tzinfo=None), "us")
    quotes = market_quotes([Event.objects.get().pk], "h2h", now=LATER)
    [by_scanner] = best_books(quotes, at=at, gates=Gates())
    assert line.hold == pytest.approx(by_scanner.hold, abs=1e-12)


def test_where_the_sport_has_a_reference_its_price_alone_is_fair():
    two_books()
    sport = Sport.objects.get()
    PricingRule.objects.create(
        sport=sport, method="multiplicative", reference_books=["northbet"], reason="x",
        in_force_from=make.NOON,
    )  # fmt: skip
    event = Event.objects.select_related("home", "away", "competition").get()
    on_screen = seen().events[0].lines[0].rows[0].fair
    table = market_quotes([event.pk], "h2h", now=LATER)
    titles = dict.fromkeys(table.bookmaker_id.tolist(), "")
    [line] = event_lines(event_slate(event, table, titles, now=LATER), now=LATER)
    moved = movements_of(event, "h2h", line.rows[0].id, until=LATER)

    # Northbet's 2.10 and 1.80, though Keystone weighs three times as much.
    alone = 1 / 2.1 / (1 / 2.1 + 1 / 1.8)
    assert on_screen == line.rows[0].fair == pytest.approx(alone, abs=1e-12)
    assert moved.consensus[-1] == pytest.approx(1 / alone, abs=0.001)


def test_my_books_come_first():
    two_books()
    assert [book.key for book in seen().books] == ["keystone", "northbet"]
    assert [book.key for book in seen(Reader(my_books=("northbet",))).books] == [
        "northbet",
        "keystone",
    ]


def test_a_stale_price_is_never_best_while_another_is_offered():
    two_books()
    Quote.objects.filter(price="2.100").update(seen_at=LATER - timedelta(hours=3))
    row = seen().events[0].lines[0].rows[0]

    assert row.best.price == 2.0
    assert [cell.freshness for cell in row.cells] == ["live", "stale"]
    assert [cell.is_best for cell in row.cells] == [True, False]


def test_stale_prices_come_after_all_others_however_long():
    two_books()
    priced("2.050", "home", "oddsmill")
    Quote.objects.filter(price="2.100").update(seen_at=LATER - timedelta(hours=3))
    row = seen().events[0].lines[0].rows[0]

    assert [cell.price for cell in row.ranked] == [2.05, 2.0, 2.1]


def test_a_withdrawn_price_is_shown_as_gone_and_counts_for_nothing():
    two_books()
    Quote.objects.filter(price="2.100").update(price=None)
    row = seen().events[0].lines[0].rows[0]

    assert row.cells[1].price is None
    assert row.best.price == 2.0
    assert len(row.ranked) == 1


def test_the_main_line_is_the_one_most_books_price_whole():
    for book, points in (("keystone", ("-3.5", "-4.5")), ("northbet", ("-4.5",))):
        for point in points:
            priced("1.900", "home", book, market="spreads", point=point)
            priced("1.900", "away", book, market="spreads", point=point.removeprefix("-"))
    # Four books price one side of -5.5, none the other: no market yet.
    for book in ("a", "b", "c", "d"):
        priced("2.400", "home", book, market="spreads", point="-5.5")

    [event] = seen(market="spreads").events
    assert [row.title for row in event.lines[0].rows] == ["Home 1 −4.5", "Away 1 +4.5"]
    assert (event.more_lines, len(event.lines)) == (2, 1)
    [opened] = seen(Reader(opened=frozenset({event.id})), market="spreads").events
    assert [line.is_main for line in opened.lines] == [True, False, False]


def test_movement_is_the_heaviest_books_since_it_opened():
    two_books()
    quote = Quote.objects.get(price="2.000")
    PriceChange.objects.create(
        quote=quote, price=Decimal("2.200"), seen_at=make.NOON + timedelta(minutes=1)
    )
    move = seen().events[0].lines[0].rows[0].move
    assert (move.book, move.opened, move.latest, move.direction) == ("Keystone", 2.0, 2.2, "up")

    later = seen(at=make.NOON + timedelta(hours=1)).events[0].lines[0].rows[0].move
    assert (later.direction, later.was) == ("", "up")


def test_filters_choose_events_and_nothing_else():
    two_books()
    priced("1.500", "home", "keystone", game=2)
    Event.objects.filter(home__name="Home 2").update(starts_at=make.EVENING + timedelta(days=3))

    assert seen().total == 2
    assert seen(within=timedelta(days=1)).total == 1
    assert seen(competition="elsewhere").total == 0
    assert [event.home for event in seen(team="home 2").events] == ["Home 2"]
    assert seen(team="%").total == seen(team="_").total == 0
    second = seen(page=2, size=1)
    assert ([event.home for event in second.events], second.total) == (["Home 2"], 2)


def test_a_page_costs_the_same_however_many_books_and_events():
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            seen()
        return len(captured)

    two_books()
    few = queries()
    for game in range(2, 12):
        for book in ("keystone", "northbet", "oddsmill"):
            priced("1.800", "home", book, game=game)
            priced("2.100", "away", book, game=game)

    assert queries() == few


def test_the_export_is_what_the_filters_keep(as_alice, alice):
    fresh = timezone.now()
    two_books()
    Event.objects.update(starts_at=fresh + timedelta(hours=2))
    priced("1.500", "home", "keystone", game=2)
    Event.objects.filter(home__name="Home 2").update(starts_at=fresh + timedelta(days=9))

    everything = json.loads(as_alice.get("/odds/export.json").getvalue())
    near = list(
        csv.DictReader(io.StringIO(as_alice.get("/odds/export.csv?when=24h").getvalue().decode()))
    )

    assert len(everything) == 5
    assert len(near) == 4
    assert {row["price"] for row in near} == {"2.000", "2.100", "1.900", "1.800"}
    assert [row["bookmaker"] for row in near if row["is_best"] == "True"] == [
        "northbet",
        "keystone",
    ]


def test_plain_rows_carry_every_cell_of_the_board():
    two_books()
    rows = list(flat(seen(), "h2h"))
    assert len(rows) == 4
    assert sum(row["is_best"] for row in rows) == 2


def test_filters_are_kept_by_name_for_their_owner_alone(as_alice, alice, bob, client):
    as_alice.post(
        "/filters/", {"page": "odds", "name": " Tonight ", "query": "market=totals&when=3h"}
    )
    as_alice.post("/filters/", {"page": "odds", "name": "Tonight", "query": "market=h2h&when=3h"})
    kept = SavedFilter.objects.get()
    assert (kept.owner, kept.name, kept.query) == (alice, "Tonight", "market=h2h&when=3h")
    assert b"market=h2h&amp;when=3h" in as_alice.get("/odds/").content

    client.force_login(bob)
    assert b"Tonight" not in client.get("/odds/").content
    client.post(f"/filters/{kept.pk}/delete/")
    assert SavedFilter.objects.exists()
    as_alice.post(f"/filters/{kept.pk}/delete/")
    assert not SavedFilter.objects.exists()


def test_my_books_are_kept_and_unknown_ones_are_not(as_alice, alice):
    two_books()
    as_alice.post("/odds/books/", {"book": ["northbet", "nobody"]})

    alice.refresh_from_db()
    assert alice.my_books == ["northbet"]
    assert b"Mine only" in as_alice.get("/odds/").content


def test_a_name_that_is_too_long_is_said(as_alice):
    answer = as_alice.post(
        "/filters/", {"page": "odds", "name": "x" * 41, "query": ""}, follow=True
    )
    assert "Name: give it 1 to 40 characters, not 41." in answer.content.decode()
