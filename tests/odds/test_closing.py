from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from odds.closing import AFTER_START, capture_closes, capture_closes_between, closes_for
from odds.domain.closing import closes
from odds.models import (
    Bookmaker,
    ClosingPrice,
    Competition,
    Event,
    Market,
    MarketLook,
    PriceChange,
    Quote,
    Selection,
    Sport,
    Team,
)
from tests.tables import quote_table, two_way

START = datetime(2026, 1, 15, 19, 0, tzinfo=UTC)


def minutes(count: float) -> datetime:
    """So many minutes before the start."""
    return START - timedelta(minutes=count)


@pytest.fixture
def event(db) -> Event:
    sport = Sport.objects.create(key="basketball", title="Basketball")
    competition = Competition.objects.create(sport=sport, key="basketball_sim", title="Sim")
    home, away = (Team.objects.create(competition=competition, name=n) for n in ("Home", "Away"))
    return Event.objects.create(
        competition=competition,
        season="2025-26",
        home=home,
        away=away,
        day=START.date(),
        starts_at=START,
    )


def selection(event: Event, side: str, point: str | None = None) -> Selection:
    market, _ = Market.objects.get_or_create(event=event, key="spreads" if point else "h2h")
    chosen, _ = Selection.objects.get_or_create(
        market=market, side=side, point=Decimal(point) if point else None
    )
    return chosen


def book(key: str, **fields) -> Bookmaker:
    made, _ = Bookmaker.objects.get_or_create(key=key, defaults={"title": key, **fields})
    return made


def say(where: Selection, who: Bookmaker, price: float | None, *, at: datetime, last_update=None):
    """The bookmaker's price became this, as we saw then."""
    amount = None if price is None else Decimal(str(price))
    quote, _ = Quote.objects.update_or_create(
        selection=where,
        bookmaker=who,
        defaults={"price": amount, "last_update": last_update, "seen_at": at},
    )
    PriceChange.objects.create(quote=quote, price=amount, last_update=last_update, seen_at=at)


def say_both(event, who, home, away, *, at, last_update=None, points=(None, None)):
    say(selection(event, "home", points[0]), who, home, at=at, last_update=last_update)
    say(selection(event, "away", points[1]), who, away, at=at, last_update=last_update)


def look(event, who: Bookmaker, *, at: datetime, told: datetime | None = None) -> None:
    """The bookmaker's prices were still there when we looked then, and it gave that time."""
    MarketLook.objects.update_or_create(
        market=Market.objects.get(event=event),
        defaults={"bookmaker_ids": [who.pk], "looked_at": [at], "last_update": [told]},
    )


def home_close(event) -> ClosingPrice:
    return ClosingPrice.objects.get(selection=selection(event, "home"))


def test_each_books_last_quote_by_the_start_counts_and_none_after(event):
    sharp = book("sharp")
    say_both(event, sharp, 3.0, 1.5, at=minutes(90))
    say_both(event, sharp, 2.0, 2.0, at=minutes(4))
    say_both(event, sharp, 9.0, 1.1, at=minutes(-3))

    assert capture_closes(now=minutes(-10)) == 2

    close = home_close(event)
    assert close.fair_probability == pytest.approx(0.5)
    assert close.is_final
    assert close.method == "shin"
    assert close.book_count == 1
    assert close.last_update == minutes(4)
    assert close.age == timedelta(minutes=4)


def test_a_close_of_a_book_that_stood_still_is_as_old_as_that_book(event):
    sharp = book("sharp")
    say_both(event, sharp, 2.0, 2.0, at=minutes(90), last_update=minutes(91))
    look(event, sharp, at=minutes(1), told=minutes(91))
    capture_closes(now=minutes(-10))
    assert home_close(event).age == timedelta(minutes=91)


def test_a_quote_seen_after_the_start_counts_if_the_books_own_time_is_before(event):
    sharp = book("sharp")
    say_both(event, sharp, 3.0, 1.5, at=minutes(90), last_update=minutes(91))
    say_both(event, sharp, 2.0, 2.0, at=minutes(-1), last_update=minutes(2))
    capture_closes(now=minutes(-10))
    assert home_close(event).fair_probability == pytest.approx(0.5)


def test_a_quote_that_is_not_seen_yet_changes_nothing(event):
    sharp = book("sharp")
    say_both(event, sharp, 3.0, 1.5, at=minutes(90))
    say_both(event, sharp, 2.0, 2.0, at=minutes(4))
    capture_closes(now=minutes(60))
    assert home_close(event).fair_probability == pytest.approx(1 / 3)


def test_a_close_follows_the_prices_until_the_start_and_then_stays(event):
    sharp = book("sharp")
    say_both(event, sharp, 3.0, 1.5, at=minutes(90))
    capture_closes(now=minutes(80))
    first = home_close(event)
    assert (first.is_final, first.captured_at) == (False, minutes(80))

    say_both(event, sharp, 2.0, 2.0, at=minutes(4))
    capture_closes(now=START)
    assert not home_close(event).is_final
    capture_closes(now=START + AFTER_START)
    final = home_close(event)
    assert final.is_final
    assert final.fair_probability == pytest.approx(0.5)

    # A late fact about before the start no longer moves a final close.
    say_both(event, sharp, 5.0, 1.2, at=minutes(-30), last_update=minutes(1))
    assert capture_closes(now=minutes(-31)) == 0
    assert home_close(event).captured_at == final.captured_at


def test_an_event_moved_to_a_later_start_closes_again(event):
    sharp = book("sharp")
    say_both(event, sharp, 3.0, 1.5, at=minutes(90))
    capture_closes(now=minutes(-10))
    Event.objects.update(starts_at=START + timedelta(days=1))
    say_both(event, sharp, 2.0, 2.0, at=START + timedelta(hours=23))
    capture_closes(now=START + timedelta(hours=25))
    assert home_close(event).fair_probability == pytest.approx(0.5)


def test_a_withdrawn_quote_and_a_line_left_behind_have_no_close(event):
    sharp = book("sharp")
    say_both(event, sharp, 1.9, 1.9, at=minutes(90), points=("-5.5", "5.5"))
    capture_closes(now=minutes(80))
    assert ClosingPrice.objects.count() == 2

    say_both(event, sharp, None, None, at=minutes(30), points=("-5.5", "5.5"))
    say_both(event, sharp, 1.9, 1.9, at=minutes(30), points=("-6.5", "6.5"))
    capture_closes(now=minutes(20))
    closed = {c.selection.point for c in ClosingPrice.objects.select_related("selection")}
    assert closed == {Decimal("-6.50"), Decimal("6.50")}


def test_an_event_whose_books_all_withdrew_has_no_close(event):
    say_both(event, book("sharp"), 2.0, 1.8, at=minutes(90))
    capture_closes(now=minutes(80))
    say_both(event, book("sharp"), None, None, at=minutes(30))
    assert capture_closes(now=minutes(-10)) == 0
    assert not ClosingPrice.objects.exists()


def test_a_price_that_sweeps_still_confirm_is_as_fresh_as_the_last_sweep(event):
    sharp = book("sharp")
    say_both(event, sharp, 2.0, 2.0, at=minutes(600))
    look(event, sharp, at=minutes(3))
    capture_closes(now=minutes(-10))
    assert home_close(event).age == timedelta(minutes=3)
    # Confirmed also after the start: it stood at the start.
    ClosingPrice.objects.all().delete()
    look(event, sharp, at=minutes(-8))
    capture_closes(now=minutes(-10))
    assert home_close(event).age == timedelta(0)


def test_books_are_weighted_and_exchanges_pay_commission(event):
    say_both(event, book("sharp", weight=3.0), 2.0, 2.0, at=minutes(9))
    say_both(event, book("soft", weight=0.0), 9.0, 1.1, at=minutes(9))
    capture_closes(now=minutes(-10))
    close = home_close(event)
    assert close.fair_probability == pytest.approx(0.5)
    assert close.book_count == 1


def test_capturing_twice_writes_the_same(event):
    say_both(event, book("sharp"), 2.0, 1.8, at=minutes(9))
    capture_closes(now=minutes(5))
    before = list(ClosingPrice.objects.order_by("pk").values())
    capture_closes(now=minutes(5))
    assert list(ClosingPrice.objects.order_by("pk").values()) == before


def test_history_is_captured_in_bulk_and_final_at_once(event):
    say_both(event, book("sharp"), 2.0, 2.0, at=minutes(9))
    years_later = START + timedelta(days=900)
    assert capture_closes(now=years_later) == 0

    written = capture_closes_between(
        after=START - timedelta(days=100), before=START, now=years_later
    )
    assert written == 2
    assert home_close(event).is_final
    assert closes_for([home_close(event).selection_id, 0]) == {
        home_close(event).selection_id: home_close(event)
    }


def test_prices_of_noon_are_no_close_where_an_archive_has_the_evenings():
    noon, an_hour_before = START - timedelta(hours=7), START - timedelta(hours=1)
    table = quote_table(
        *two_way(1, 2.0, 2.0, market_id=1, last_update=noon),
        *two_way(market_id=1, home=4.0, away=4 / 3, book=9, is_archive=True, last_update=START),
        *two_way(1, 2.0, 2.0, market_id=2, last_update=an_hour_before),
        *two_way(market_id=2, home=4.0, away=4 / 3, book=9, is_archive=True, last_update=START),
    )

    found = closes(table, method="power")

    assert found.fair_probability == pytest.approx([0.25, 0.75, 0.5, 0.5])


def test_an_archive_close_counts_only_where_nothing_better_is():
    table = quote_table(
        *two_way(1, 2.0, 2.0, market_id=1),
        *two_way(market_id=1, home=4.0, away=1.25, book=9, is_archive=True),
        *two_way(market_id=2, home=4.0, away=4 / 3, book=9, is_archive=True),
    )
    found = closes(table, method="power")
    assert found.event_id.tolist() == [1, 1, 2, 2]
    assert found.fair_probability == pytest.approx([0.5, 0.5, 0.25, 0.75])
    assert found.book_count.tolist() == [1, 1, 1, 1]
    assert len(closes(quote_table(), method="power")) == 0
    assert np.all(np.diff(found.selection_id) > 0)
