"""Sweeps: changes are appended, quotes move on, nothing is done twice."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odds.as_of import quotes_as_of
from odds.models import (
    Bookmaker,
    Event,
    EventReference,
    PriceChange,
    QuarantinedRow,
    Quote,
    Selection,
)
from odds.scanner import Asked, scan, slate_before
from odds.selectors import latest_quotes, line_movement
from odds.services import name_bookmakers, price_store, record_sweep, sweeps
from tests import make

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 15, 0, 10, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return make.SWEPT + timedelta(minutes=minutes)


def pair(home: str, away: str, **fields) -> list:
    return [make.parsed_quote("home", home, **fields), make.parsed_quote("away", away, **fields)]


def record(quotes, minutes: int = 0, **fields):
    return record_sweep(
        make.parsed_sweep(quotes, at=at(minutes), **fields), feed_run=make.feed_run()
    )


def changes() -> list:
    return [
        (change.quote.selection.side, change.price, change.seen_at)
        for change in PriceChange.objects.select_related("quote__selection").order_by(
            "seen_at", "quote_id"
        )
    ]


def tables() -> list:
    return [
        list(Quote.objects.order_by("pk").values()),
        changes(),
        list(Event.objects.order_by("pk").values()),
        list(EventReference.objects.order_by("pk").values()),
        list(Selection.objects.order_by("pk").values()),
    ]


def test_a_first_sweep_makes_the_event_its_quotes_and_one_change_each():
    counts = record(pair("1.48", "2.75"))

    assert (counts.read, counts.new, counts.repeated, counts.quarantined) == (2, 2, 0, 0)
    event = Event.objects.get()
    assert (str(event), event.season, event.starts_at) == (
        "Miami Heat at Boston Celtics, 2026-01-14",
        "2025-26",
        START,
    )
    assert changes() == [
        ("home", Decimal("1.480"), at(0)),
        ("away", Decimal("2.750"), at(0)),
    ]


def test_only_a_changed_price_is_appended_and_the_others_are_confirmed():
    record(pair("1.48", "2.75", last_update=at(-1)))

    counts = record(pair("1.50", "2.75", last_update=at(4)), 5)

    assert (counts.new, counts.repeated) == (1, 1)
    assert changes()[2:] == [("home", Decimal("1.500"), at(5))]
    home, away = Quote.objects.with_looks().order_by("pk")
    assert (home.price, home.seen_at, home.confirmed_at) == (Decimal("1.500"), at(5), at(4))
    assert (away.seen_at, away.confirmed_at, away.newest_update) == (at(0), at(4), at(4))
    assert away.last_update == at(-1)


def test_only_events_of_which_a_price_changed_are_announced(monkeypatch):
    told = []
    monkeypatch.setattr(sweeps, "announce_prices", lambda **said: told.append(said))
    events = [make.parsed_event("g1"), make.parsed_event("g2", "Utah Jazz", "Chicago Bulls")]
    other = pair("1.9", "1.9", event_key="g2")
    record([*pair("1.48", "2.75"), *other], events=events)
    record([*pair("1.50", "2.75"), *other], 5, events=events)
    record([*pair("1.50", "2.75"), *other], 6, events=events)
    record(other, 7, events=events)

    first, second = Event.objects.order_by("pk").values_list("pk", flat=True)
    assert [each["event_ids"] for each in told] == [{first, second}, {first}, set(), {first}]
    # Of quotes that were there before; the last sweep no longer lists the first event's.
    home, away = Selection.objects.filter(market__event=first).order_by("side").reverse()
    book = Bookmaker.objects.get().pk
    assert [each["quotes"] for each in told] == [
        {}, {(home.pk, book): 1.5}, {}, {(home.pk, book): None, (away.pk, book): None},
    ]  # fmt: skip


def test_a_sweep_that_comes_late_tells_no_price_as_that_of_now(monkeypatch):
    told = []
    record(pair("1.48", "2.75"))
    record(pair("1.52", "2.75"), 9)
    monkeypatch.setattr(sweeps, "announce_prices", lambda **said: told.append(said["quotes"]))

    record(pair("1.50", "2.75"), 5)

    assert told == [{}]


def test_the_same_sweep_twice_changes_nothing_at_all():
    record(pair("1.48", "2.75"))
    record(pair("1.50", "2.70"), 5)
    before = tables()

    first, second = record(pair("1.48", "2.75")), record(pair("1.50", "2.70"), 5)

    assert tables() == before
    assert [first.new, first.repeated, second.new, second.repeated] == [0, 2, 0, 2]


def test_what_a_later_sweep_no_longer_lists_is_withdrawn_and_may_come_back():
    record([*pair("1.48", "2.75"), *pair("1.5", "2.7", bookmaker_key="fanduel")])

    counts = record(pair("1.48", "2.75"), 5)

    assert counts.withdrawn == 2
    gone = Quote.objects.filter(bookmaker__key="fanduel")
    assert [(quote.price, quote.seen_at) for quote in gone] == [(None, at(5)), (None, at(5))]

    record([*pair("1.48", "2.75"), *pair("1.5", "2.7", bookmaker_key="fanduel")], 10)
    assert [quote.price for quote in gone.all()] == [Decimal("1.500"), Decimal("2.700")]
    assert PriceChange.objects.count() == 8


def test_a_moved_line_withdraws_the_old_one():
    record([make.parsed_quote("home", "1.91", point="-5.5")])
    record([make.parsed_quote("home", "1.91", point="-6.5")], 5)

    table = latest_quotes(now=at(5), starts_before=START)
    assert table.line.tolist() == [-6.5]


def test_an_event_or_market_or_bookmaker_that_was_not_looked_at_is_not_touched():
    record([*pair("1.48", "2.75"), make.parsed_quote("home", "1.91", point="-5.5")])
    other = make.parsed_event("g2", "Utah Jazz", "Chicago Bulls")

    record(pair("1.9", "1.9", event_key="g2"), 5, events=[other])
    record(pair("1.48", "2.75"), 6, markets_asked=frozenset({"h2h"}))
    record([], 7, books_asked=frozenset({"fanduel"}), markets_asked=frozenset({"h2h"}))

    assert not Quote.objects.filter(price=None).exists()


def test_a_listed_event_without_any_price_loses_all_that_was_asked_for():
    record(pair("1.48", "2.75"))

    counts = record([], 5, markets_asked=frozenset({"h2h"}))

    assert counts.withdrawn == 2
    assert len(latest_quotes(now=at(5), starts_before=START)) == 0


def test_an_older_sweep_fills_in_history_and_never_moves_a_quote_back():
    record(pair("1.48", "2.75"))
    record(pair("1.60", "2.40"), 10)

    counts = record(pair("1.55", "2.75"), 5)

    assert counts.new == 1
    home = Quote.objects.with_looks().get(selection__side="home")
    assert (home.price, home.confirmed_at) == (Decimal("1.600"), at(10))
    seen = [quotes_as_of(at=at(m), starts_after=at(m), starts_before=START) for m in (4, 5, 9, 10)]
    assert [table.price[table.side == "home"].tolist() for table in seen] == [
        [1.48],
        [1.55],
        [1.55],
        [1.6],
    ]


def test_an_older_sweep_does_not_overrule_what_a_later_one_confirmed():
    record(pair("1.48", "2.75"))
    record(pair("1.48", "2.75"), 10)

    record(pair("1.55", "2.75"), 5)

    for minutes, price in ((0, 1.48), (5, 1.55), (9, 1.55), (10, 1.48), (11, 1.48)):
        table = quotes_as_of(at=at(minutes), starts_after=at(minutes), starts_before=START)
        assert table.price[table.side == "home"].tolist() == [price], minutes
    assert Quote.objects.get(selection__side="home").price == Decimal("1.480")


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    offers=st.lists(
        st.dictionaries(
            st.sampled_from(["draftkings", "fanduel"]),
            st.sampled_from(["1.50", "1.60", "1.70"]),
        ),
        min_size=2,
        max_size=4,
    ),
    data=st.data(),
)
def test_shuffled_and_repeated_sweeps_tell_at_every_moment_what_was_offered_then(offers, data):
    whole = list(enumerate(offers))
    repeated = data.draw(st.lists(st.sampled_from(whole), max_size=3))

    def told(table) -> list:
        rows = zip(table.bookmaker_key, table.price, table.confirmed_at, strict=True)
        return sorted((book, price, seen.item()) for book, price, seen in rows)

    with transaction.atomic():
        for minutes, offer in data.draw(st.permutations(whole + repeated)):
            quotes = [
                make.parsed_quote("home", price, bookmaker_key=book)
                for book, price in sorted(offer.items())
            ]
            record(quotes, minutes, markets_asked=frozenset({"h2h"}))
        found = [
            told(quotes_as_of(at=at(minutes), starts_after=at(-9), starts_before=START))
            for minutes, _ in whole
        ]
        latest = told(latest_quotes(now=at(60), starts_before=START))
        transaction.set_rollback(True)

    offered = [
        sorted(
            (book, float(price), at(minutes).replace(tzinfo=None)) for book, price in offer.items()
        )
        for minutes, offer in whole
    ]
    assert found == offered
    assert latest == offered[-1]


def test_as_of_now_is_what_is_latest():
    record([*pair("1.48", "2.75"), make.parsed_quote("home", "1.91", point="-5.5")])
    record(pair("1.50", "2.75"), 5, markets_asked=frozenset({"h2h"}))
    record(pair("1.50", "2.75", bookmaker_key="fanduel"), 9)

    latest = latest_quotes(now=at(9), starts_before=START)
    as_of = quotes_as_of(at=at(9), starts_after=at(9), starts_before=START)

    assert len(latest) == 3
    for name in latest.__slots__:
        same = np.array_equal(
            getattr(latest, name), getattr(as_of, name), equal_nan=name in ("line", "last_update")
        )
        assert same, name


def test_a_planted_later_row_changes_nothing_at_an_earlier_moment():
    record(pair("1.48", "2.75"))
    before = quotes_as_of(at=at(3), starts_after=at(3), starts_before=START)

    record(pair("1.90", "1.95"), 4)
    record([], 5, markets_asked=frozenset({"h2h"}))
    after = quotes_as_of(at=at(3), starts_after=at(3), starts_before=START)

    for name in before.__slots__:
        equal_nan = getattr(before, name).dtype.kind in "fM"
        assert np.array_equal(getattr(before, name), getattr(after, name), equal_nan=equal_nan)


def test_the_movement_of_an_event_is_every_change_seen_by_then():
    record([*pair("1.48", "2.75"), make.parsed_quote("home", "1.91", point="-5.5")])
    record(pair("1.50", "2.75"), 5)
    record(pair("1.55", "2.75"), 9)
    event = Event.objects.get()

    moves = line_movement(event.pk, until=at(8), market_key="h2h")

    assert list(zip(moves.side, moves.price, moves.seen_at.tolist(), strict=True)) == [
        ("home", 1.48, at(0).replace(tzinfo=None)),
        ("home", 1.50, at(5).replace(tzinfo=None)),
        ("away", 2.75, at(0).replace(tzinfo=None)),
    ]
    assert (moves.bookmaker_key == "draftkings").all()
    whole = line_movement(event.pk, until=at(9))
    assert whole.line[whole.market_key == "spreads"].tolist() == [-5.5]
    assert (len(whole), len(line_movement(event.pk, until=at(-1)))) == (5, 0)


def test_latest_quotes_do_not_show_what_was_seen_later():
    record(pair("1.48", "2.75"), 10)

    assert len(latest_quotes(now=at(9), starts_before=START)) == 0


def test_prices_are_told_by_line_from_the_home_side():
    record(
        [
            make.parsed_quote("home", "1.91", point="-5.5"),
            make.parsed_quote("away", "1.91", point="5.5"),
        ]
    )

    table = latest_quotes(now=at(0), starts_before=START)
    assert table.line.tolist() == [-5.5, -5.5]


def test_what_nobody_can_mean_is_quarantined_with_the_reason():
    counts = record(
        [
            make.parsed_quote("home", "1.01"),
            make.parsed_quote("away", "1500"),
            make.parsed_quote("yes", "1.9"),
            *pair("19.1", "1.91", bookmaker_key="fanduel"),
        ]
    )

    assert (counts.read, counts.new, counts.quarantined) == (5, 0, 5)
    reasons = QuarantinedRow.objects.order_by("pk").values_list("field", "reason")
    assert list(reasons) == [
        ("price", "placeholder price 1.01 (1.01 or less)"),
        ("price", "price 1500 above 1001"),
        ("side", "unknown side 'yes'"),
        ("price", "overround -42.4% outside -10% to 60%"),
        ("price", "overround -42.4% outside -10% to 60%"),
    ]
    assert not Quote.objects.exists()


def test_unknown_bookmakers_and_markets_are_welcome():
    record(pair("1.9", "1.9", bookmaker_key="new_book", market_key="h2h_q9"))

    quote = Quote.objects.select_related("bookmaker", "selection__market").first()
    assert (quote.bookmaker.title, quote.selection.market.key) == ("new_book", "h2h_q9")


def test_a_bookmaker_met_by_its_key_alone_has_the_name_that_is_known_of_it_or_told_later():
    def titles() -> list[str]:
        return list(Bookmaker.objects.order_by("key").values_list("title", flat=True))

    for key in ("betonlineag", "corner"):
        record(pair("1.9", "1.9", bookmaker_key=key), bookmaker_titles={key: key})
    assert titles() == ["BetOnline.ag", "corner"]
    for minutes, title in ((5, "Corner Shop"), (6, "corner"), (7, "Another")):
        record(
            pair("1.9", "1.9", bookmaker_key="corner"), minutes, bookmaker_titles={"corner": title}
        )
    # What an operator may have written is never overruled.
    assert titles() == ["BetOnline.ag", "Corner Shop"]


def test_who_was_called_by_a_key_before_names_were_known_is_named_by_upkeep():
    record(pair("1.9", "1.9", bookmaker_key="betonlineag"))
    for stored, said in (("betonlineag", "BetOnline.ag"), ("Ours", "Ours")):
        Bookmaker.objects.update(title=stored)
        name_bookmakers()
        assert Bookmaker.objects.get().title == said


def test_a_moved_start_moves_a_scheduled_event_and_its_day():
    record(pair("1.48", "2.75"))
    later = make.parsed_event(starts_at=datetime(2026, 1, 17, 1, tzinfo=UTC), day=date(2026, 1, 16))

    record(pair("1.48", "2.75"), 5, events=[later])
    assert (Event.objects.get().day, Event.objects.get().starts_at) == (
        later.day,
        later.starts_at,
    )

    record(pair("1.47", "2.75"), 2)
    assert Event.objects.get().starts_at == later.starts_at


def test_a_game_listed_again_under_another_key_is_the_same_event():
    record(pair("1.48", "2.75"))
    record(pair("1.50", "2.75", event_key="x9"), 5, events=[make.parsed_event("x9")])

    assert Event.objects.count() == 1
    assert set(EventReference.objects.values_list("key", flat=True)) == {"g1", "x9"}
    assert PriceChange.objects.count() == 3


def test_price_changes_refuse_update_and_delete_and_lie_in_monthly_partitions():
    record(pair("1.48", "2.75"))

    for statement in ("UPDATE odds_pricechange SET price = 3", "DELETE FROM odds_pricechange"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind FROM pg_class WHERE relname = 'odds_pricechange'")
        assert cursor.fetchone()[0] == "p"
        cursor.execute("SELECT DISTINCT tableoid::regclass::text FROM odds_pricechange")
        assert cursor.fetchall() == [("odds_pricechange_2026_01",)]


def test_a_sweep_takes_the_same_number_of_queries_for_one_event_and_for_ten(
    django_assert_max_num_queries,
):
    names = [f"Team {number}" for number in range(20)]
    events = (
        [
            make.parsed_event(f"e{index}", home, away)
            for index, (home, away) in enumerate(itertools.batched(names, 2))
        ]
        if hasattr(itertools, "batched")
        else [
            make.parsed_event(f"e{index}", names[2 * index], names[2 * index + 1])
            for index in range(10)
        ]
    )
    quotes = [quote for event in events for quote in pair("1.9", "1.9", event_key=event.key)]
    record(quotes, events=events)
    moved = [quote for event in events for quote in pair("1.8", "2.0", event_key=event.key)]

    with django_assert_max_num_queries(24):
        record(moved, 5, events=events)


def test_after_many_new_quotes_postgres_knows_how_many_there_are(
    django_capture_on_commit_callbacks,
):
    with connection.cursor() as cursor:

        def known_after(count: int) -> float:
            with django_capture_on_commit_callbacks(execute=True):
                price_store.count_again(count)
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'odds_quote'::regclass")
            return cursor.fetchone()[0]

        # Whatever the file holds of tests before: its size says nothing of its rows.
        cursor.execute("ANALYZE odds_quote")
        record(pair("1.48", "2.75"))
        assert known_after(9_999) == 0
        assert known_after(10_000) == 2


def test_steam_is_against_an_hour_ago_and_reads_that_once_a_minute():
    books = ("draftkings", "fanduel", "betmgm")
    record([each for book in books for each in pair("2.00", "1.90", bookmaker_key=book)])
    record([each for book in books for each in pair("1.80", "2.10", bookmaker_key=book)], 30)

    def moved(now: datetime) -> tuple[list[bool], int]:
        found = scan("steam", Asked(max_age=120.0), now=now).found
        return [find.numbers["is_steam"] for find in found], slate_before.cache_info().misses

    assert moved(at(80)) == ([True], 1)
    assert moved(at(80) + timedelta(seconds=59)) == ([True], 1)
    # An hour before this nothing had moved since.
    assert moved(at(95)) == ([], 2)
