"""What changed prices come to, as it is told: the same as the pages show, once, in order."""

import json
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from accounts import live
from odds import telling
from odds.board import Reader, board, event_lines
from odds.models import Bookmaker, Market, PriceChange, Quote, Selection
from odds.selectors import market_quotes
from odds.services import sweeps
from odds.slate import SlateFilter, event_slate, market_slate, read_slate
from odds.telling import tell_worth, worth_of
from tests import make

LATER = make.NOON + timedelta(minutes=2)
BOOKS = (("keystone", "2.000", "1.900", 3), ("northbet", "2.100", "1.800", 1))


def two_books(**where) -> Market:
    """Keystone 2.00/1.90, Northbet 2.10/1.80: best 2.10 and 1.90."""
    for book, home, away, weight in BOOKS:
        quote = make.priced(home, side="home", book=book, **where)
        make.priced(away, side="away", book=book, **where)
        Bookmaker.objects.filter(key=book).update(weight=weight)
    return quote.selection.market


def shown(market: Market, now=LATER) -> dict[int, live.Worth]:
    """Return what the odds screen has of a market, as it would be told."""
    seen = board(
        read_slate(SlateFilter(market=market.key), now=now), Reader(all_lines=True), now=now
    )
    lines = [line for each in seen.events if each.id == market.event_id for line in each.lines]
    return {
        row.id: live.Worth(
            row.fair,
            row.best.price,
            tuple((cell.book.id, cell.book.title) for cell in row.ranked if cell.is_best),
            row.edge,
            line.hold,
            row.move,
        )
        for line in lines
        for row in line.rows
    }


@pytest.mark.django_db
def test_what_is_told_is_what_the_screens_show():
    market, other = two_books(), two_books(game=2, market="spreads", point="-1.5")
    Bookmaker.objects.filter(key="northbet").update(commission_share="0.05")
    reference = Quote.objects.get(bookmaker__key="keystone", selection__market=market,
                                  selection__side="home")  # fmt: skip
    PriceChange.objects.create(
        quote=reference, price=Decimal("2.200"), seen_at=make.NOON + timedelta(minutes=1)
    )

    told = worth_of([market.pk, other.pk], now=LATER)

    assert len(told) == 4
    assert told == shown(market) | shown(other)
    assert told[reference.selection_id].move.latest == 2.2
    table = market_quotes([market.event_id], market.key, now=LATER)
    [line] = event_lines(event_slate(market.event, table, {
        each.pk: each.title for each in Bookmaker.objects.all()
    }, now=LATER), now=LATER)  # fmt: skip
    assert [told[row.id].edge for row in line.rows] == [row.edge for row in line.rows]
    assert told[line.rows[0].id].hold == line.hold


@pytest.mark.django_db
def test_a_price_that_is_not_known_yet_changes_nothing():
    market = two_books()
    before = worth_of([market.pk], now=LATER)
    late = make.priced("9.000", side="home", book="oddsmill")
    Quote.objects.filter(pk=late.pk).update(seen_at=LATER + timedelta(seconds=1))

    assert worth_of([market.pk], now=LATER) == before
    assert worth_of([market.pk], now=LATER + timedelta(seconds=1)) != before


@pytest.mark.django_db
def test_books_that_share_the_best_price_are_all_named():
    market = two_books()
    make.priced("2.100", side="home", book="oddsmill")

    told = worth_of([market.pk], now=LATER)

    home = Selection.objects.get(market=market, side="home")
    assert {title for _, title in told[home.pk].books} == {"Northbet", "Oddsmill"}


@pytest.mark.django_db
def test_of_what_was_withdrawn_nothing_is_best_and_nothing_fair():
    market = two_books()
    Quote.objects.update(price=None)

    told = worth_of([market.pk], now=LATER)

    assert set(told.values()) == {live.Worth(None, None, (), None, None, None)}
    assert len(told) == 2


@pytest.mark.django_db
def test_where_all_prices_are_stale_no_best_is_told():
    market = two_books()
    now = make.NOON + timedelta(hours=2)

    told = worth_of([market.pk], now=now)

    assert [each.best for each in told.values()] == [None, None]
    assert [each.fair for each in told.values()] == [
        each.fair for each in shown(market, now).values()
    ]


@pytest.mark.django_db
def test_nothing_is_told_of_what_has_started():
    market = two_books()
    assert worth_of([market.pk], now=make.EVENING + timedelta(seconds=1)) == {}


@pytest.mark.django_db
def test_many_markets_take_as_many_questions_as_one(django_assert_num_queries):
    markets = [two_books(game=game).pk for game in range(1, 9)]
    with CaptureQueriesContext(connections["default"]) as one:
        market_slate(markets[:1], now=LATER)
    with django_assert_num_queries(len(one)):
        worth_of(markets, now=LATER)


# --- told


@pytest.fixture
def told(monkeypatch):
    said = []
    monkeypatch.setattr(live, "publish_worth", lambda worth: said.append(worth))
    monkeypatch.setattr(telling.clock, "now", lambda: LATER)
    return said


def test_of_too_many_markets_nothing_is_worked_out(told, monkeypatch):
    monkeypatch.setattr(telling, "worth_of", None)

    tell_worth(competition_key="nba", market_ids=range(telling.MOST_MARKETS + 1))
    tell_worth(competition_key="nba", market_ids=[])

    assert told == [None]


@pytest.mark.django_db
def test_what_cannot_be_worked_out_is_told_as_that_and_logged(told, monkeypatch, caplog):
    monkeypatch.setattr(telling, "market_slate", lambda *_, **__: 1 / 0)

    tell_worth(competition_key="nba", market_ids=[1])

    assert told == [None]
    assert "Could not tell" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_sweep_tells_what_its_prices_come_to_once_it_is_committed(told, monkeypatch):
    monkeypatch.setattr(telling.clock, "now", lambda: make.SWEPT + timedelta(minutes=9))
    published = []
    monkeypatch.setattr(live, "publish", lambda topics, *_, **__: published.append(len(told)))
    for minute, home in ((0, "1.48"), (5, "1.60")):
        quotes = [make.parsed_quote("home", home), make.parsed_quote("away", "2.75")]
        seen = make.SWEPT + timedelta(minutes=minute)
        sweeps.record_sweep(make.parsed_sweep(quotes, at=seen), feed_run=make.feed_run())

    best = [sorted(worth.best for worth in each.values()) for each in told]
    assert best == [[1.48, 2.75], [1.6, 2.75]]
    moves = [{worth.move.latest: worth.move.was for worth in each.values()} for each in told]
    assert moves == [{1.48: "", 2.75: ""}, {1.6: "up", 2.75: ""}]
    # Prices are announced first: nobody waits for what follows.
    assert published == [0, 1]


def in_turn(monkeypatch) -> list[float]:
    """Have one read, then the price change and another tell, then the first; return what was told.

    Of the home side: its best price.
    """
    market = two_books()
    home = Selection.objects.get(market=market, side="home").pk
    said, has_read, may_tell = [], threading.Event(), threading.Event()
    monkeypatch.setattr(telling.clock, "now", lambda: LATER)
    monkeypatch.setattr(live, "publish_worth", lambda worth: said.append(worth[home].best))
    real = telling.worth_of

    def slow(market_ids, **given):
        found = real(market_ids, **given)
        if threading.current_thread().name == "first":
            has_read.set()
            may_tell.wait(20)
        return found

    monkeypatch.setattr(telling, "worth_of", slow)

    def tell() -> None:
        tell_worth(competition_key="nba", market_ids=[market.pk])
        connections.close_all()

    first = threading.Thread(target=tell, name="first")
    second = threading.Thread(target=tell, name="second")
    first.start()
    assert has_read.wait(20)
    Quote.objects.filter(selection=home, bookmaker__key="northbet").update(price=Decimal("2.500"))
    second.start()
    # Long enough for who does not wait.
    second.join(1.5)
    may_tell.set()
    first.join(20)
    second.join(20)
    return said


@pytest.mark.django_db(transaction=True)
def test_who_read_earlier_never_tells_after_who_read_later(monkeypatch):
    assert in_turn(monkeypatch) == [2.1, 2.5]


@pytest.mark.django_db(transaction=True)
def test_without_turns_what_is_older_would_be_the_last_word(monkeypatch):
    """If this fails, the test above proves nothing."""
    monkeypatch.setattr(telling, "_wait_for_turn", lambda _key: None)
    assert in_turn(monkeypatch) == [2.5, 2.1]


@pytest.mark.django_db(transaction=True)
def test_what_is_published_is_read_as_it_was(settings, monkeypatch):
    monkeypatch.setattr(live, "_away_until", 0.0)
    worth = live.Worth(0.5, 2.1, ((4, "Keystone"),), 0.05, None, None)
    version = live.client().get(live.version_key())

    assert live.publish_worth({12: worth})

    [(_, entry)] = live.client().xrevrange(live.stream_key(), count=1)
    assert json.loads(entry[b"fair"]) == {"12": [0.5, 2.1, [[4, "Keystone"]], 0.05, None, None]}
    # Nothing that was kept of these prices is wrong by it.
    assert live.client().get(live.version_key()) == version
