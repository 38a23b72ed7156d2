"""Searches over the slate: arbitrages, low holds, middles, outliers, steam, and their gates."""

import csv
import gzip
import os
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odds.domain.arbitrage import arbitrages, best_books, low_holds, stakes_for
from odds.domain.bookmakers import bookmaker_info
from odds.domain.consensus import consensus
from odds.domain.lines import quarters, settled_halves
from odds.domain.middles import middles
from odds.domain.outliers import outliers
from odds.domain.sanity import HIGHEST_SUM
from odds.domain.scan import Gates
from odds.domain.steam import shifts
from odds.domain.table import QuoteTable, line_codes, pair_codes
from odds.feeds.columns import NO_POINT, joined
from odds.feeds.columns import SIDES as COLUMN_SIDES
from odds.feeds.history import recognise
from odds.feeds.parsed import ParsedSweep
from tests.tables import SEEN, moment, quote_table, row, two_way

AT = moment(SEEN + timedelta(minutes=5))
GATES = Gates()
EARLIER = SEEN - timedelta(minutes=20)
FOLDER = Path(os.environ.get("FAIRLINE_SHARED_DATA", "../shared/data"))
SNAPSHOTS = FOLDER / "nba_odds_snapshots.csv.gz"
MANY_BOOKS = FOLDER / "multisport_67books_20260416.csv.gz"


def books(*rows, at=AT, gates=GATES):
    return best_books(quote_table(*rows), at=at, gates=gates)


def test_an_arbitrage_takes_the_best_price_of_each_side_after_commission():
    found = arbitrages(
        books(
            *two_way(1, 2.10, 1.80), *two_way(2, 1.80, 2.05), *two_way(3, 1.9, 2.10, commission=0.1)
        )
    )
    assert len(found) == 1
    best = found[0]
    # Book 3's 2.10 pays 1.99 after commission, so book 2's 2.05 is the better one.
    assert {each.side: each.bookmaker_key for each in best.legs} == {
        "home": "book_1",
        "away": "book_2",
    }
    assert best.profit == pytest.approx(1 / (1 / 2.10 + 1 / 2.05) - 1)
    assert best.oldest_age == 5.0
    assert best.doubts == ()
    assert best.comes_back == 0.0


def test_of_equal_prices_the_one_seen_last_is_taken():
    later = SEEN + timedelta(minutes=4)
    home = [row("home", 2.1, bookmaker_id=book, confirmed_at=at)
            for book, at in ((1, SEEN), (2, later), (3, later), (4, SEEN))]  # fmt: skip
    best = books(*home, row("away", 2.1, bookmaker_id=5))[0]
    assert best.legs[1].bookmaker_key == "book_2"


def test_two_legs_of_a_three_way_market_are_no_arbitrage():
    two_sides = [*two_way(1, 2.6, 2.9), row("draw", 3.3, bookmaker_id=2, confirmed_at=SEEN)]
    assert books(*two_sides)[0].profit < 0
    # Somebody offers a draw, only archived: still an outcome.
    archived = [*two_way(1, 2.6, 2.9), row("draw", 3.3, bookmaker_id=2, is_archive=True)]
    assert books(*archived) == []
    three = arbitrages(books(*two_way(1, 2.9, 2.9), row("draw", 3.6, bookmaker_id=2)))
    assert [len(each.legs) for each in three] == [3]


def test_lines_are_markets_of_their_own_and_some_return_stakes():
    found = arbitrages(
        books(
            row("home", 2.1, line=-6.0, bookmaker_id=1),
            row("away", 2.1, line=-6.0, bookmaker_id=2),
            row("home", 2.2, line=-6.5, bookmaker_id=1),
            row("away", 2.2, line=-7.5, bookmaker_id=2),
            row("home", 2.05, line=-6.75, bookmaker_id=1),
            row("away", 2.05, line=-6.75, bookmaker_id=2),
        )
    )
    assert [(each.line, each.comes_back) for each in found] == [(-6.0, 1.0), (-6.75, 0.5)]
    tied = arbitrages(books(*two_way(1, 2.1, 2.1, market_key="draw_no_bet")))
    assert [each.comes_back for each in tied] == [1.0]


@pytest.mark.parametrize(
    ("rows", "doubt"),
    [
        ([row("home", 2.1), row("away", 2.1, bookmaker_id=2, confirmed_at=EARLIER)],
         "book_2's price is 25 min old, over 15 min"),
        (two_way(1, 2.1, 2.1), "every leg is at one bookmaker, who will notice"),
        ([row("home", 2.5), row("away", 2.5, bookmaker_id=2)],
         "25.0% is over 10%: more likely an error"),
    ],
)  # fmt: skip
def test_a_find_that_breaks_a_gate_says_which(rows, doubt):
    assert [each.doubts for each in arbitrages(books(*rows))] == [(doubt,)]


def test_what_nobody_can_take_is_not_looked_at():
    pair = two_way(1, 2.1, 1.5)
    for spoiled in (
        {"is_archive": True},
        {"market_key": "h2h_lay"},
        {"starts_at": SEEN},
    ):
        assert books(*pair, row("away", 2.1, bookmaker_id=2) | spoiled)[0].profit < 0
    assert books(*pair, row("away", 1002.0, bookmaker_id=2))[0].profit < 0
    assert books(row("home", 2.0), row("over", 2.0, bookmaker_id=2)) == []


def test_low_holds_are_the_cheapest_markets_that_are_no_arbitrage():
    found = books(
        *two_way(1, 2.1, 2.1, market_id=1), *two_way(1, 1.99, 1.99, market_id=2),
        *two_way(1, 1.9, 1.9, market_id=3),
    )  # fmt: skip
    assert [each.market_id for each in low_holds(found)] == [2]
    assert low_holds(found)[0].hold == pytest.approx(0.005)


def test_stakes_are_whole_units_and_the_profit_is_what_the_worst_outcome_leaves():
    found = stakes_for(
        [Decimal("2.10"), Decimal("2.10")], [Decimal(0), Decimal("0.02")],
        outlay=Decimal(200), unit=Decimal(5),
    )  # fmt: skip
    # 2.10 at 2 % pays 2.078: 100 on each, 210.00 or 207.80.
    assert found.stakes == (Decimal(100), Decimal(100))
    assert found.payouts == (Decimal("210.00"), Decimal("207.80"))
    assert found.profit == Decimal("7.80")


@given(
    prices=st.lists(st.decimals("1.05", "30", places=2), min_size=2, max_size=3),
    outlay=st.decimals("50", "1000", places=2),
    unit=st.sampled_from([Decimal("0.01"), Decimal("0.5"), Decimal(1)]),
)
def test_stakes_keep_their_promise(prices, outlay, unit):
    try:
        found = stakes_for(prices, [Decimal(0)] * len(prices), outlay=outlay, unit=unit)
    except ValueError:
        return
    assert all(stake % unit == 0 and stake > 0 for stake in found.stakes)
    assert found.outlay == sum(found.stakes)
    assert outlay - unit * len(prices) <= found.outlay <= outlay
    exact = [stake * price for stake, price in zip(found.stakes, prices, strict=True)]
    assert found.profit <= min(exact) - found.outlay
    # Rounding costs at most what a unit on the longest price pays.
    ideal = outlay / sum(1 / price for price in prices) - outlay
    assert found.profit >= ideal - unit * (max(prices) + len(prices)) - Decimal("0.01")


@pytest.mark.parametrize(("outlay", "unit"), [("10", "0"), ("0", "1"), ("1", "10")])
def test_stakes_that_cannot_be_are_refused(outlay, unit):
    with pytest.raises(ValueError, match=r"above zero|without a stake"):
        stakes_for(
            [Decimal(2), Decimal(9)], [Decimal(0)] * 2, outlay=Decimal(outlay), unit=Decimal(unit)
        )


def test_a_middle_costs_a_little_on_a_miss_and_wins_both_on_a_hit():
    table = quote_table(
        row("home", 1.95, line=-4.5, bookmaker_id=1), row("away", 1.95, line=-6.5, bookmaker_id=2),
        row("away", 1.85, line=-4.5, bookmaker_id=1), row("home", 1.85, line=-6.5, bookmaker_id=2),
        row("over", 1.95, line=221.5, market_id=2, market_key="totals", bookmaker_id=1),
        row("under", 2.15, line=224.5, market_id=2, market_key="totals", bookmaker_id=2),
        # The other way round both can lose: no middle. And 4.5 to 5 holds no whole number.
        row("home", 2.0, line=-7.5, bookmaker_id=3), row("away", 1.95, line=-5.0, bookmaker_id=4),
    )  # fmt: skip
    found = middles(table, at=AT, gates=GATES, method="shin")
    spans = [(each.market_key, each.from_score, each.to_score) for each in found]
    assert spans == [("totals", 221.5, 224.5), ("spreads", 4.5, 6.5)]
    total, spread = found
    assert spread.cost == pytest.approx(1 - 1.95 / 2)
    assert spread.gain == pytest.approx(0.95)
    assert spread.break_even == pytest.approx(0.025 / 0.975)
    assert total.cost < 0
    assert total.width == 3.0
    # Each book stands on a line of its own, so nobody says how often the score falls between.
    assert {each.hit_probability for each in found} == {each.expected for each in found} == {None}


@pytest.mark.parametrize(
    ("low", "high", "both"),
    [(4.5, 6.5, 2), (4.0, 6.5, 2), (4.0, 7.0, 2), (4.25, 6.0, 1), (4.75, 7.25, 1), (3.75, 6.25, 1)],
)
def test_who_prices_both_lines_says_how_often_a_middle_hits(low, high, both):
    margins = np.arange(-40, 41)
    # Alike likely from 2 to 9, anything elsewhere.
    chance = np.where((margins >= 2) & (margins <= 9), 2.0, 1 + np.sin(margins))
    chance /= chance.sum()

    def fair(points: float, sign: int) -> float:
        won, lost = settled_halves(sign * (quarters(margins) - quarters(np.array(points))))
        return 1 + (chance * lost).sum() / (chance * won).sum()

    rows = [
        row(side, fair(points, sign), line=-points, bookmaker_id=1)
        for points in (low, high)
        for side, sign in (("home", 1), ("away", -1))
    ]
    found = middles(quote_table(*rows), at=AT, gates=GATES, method="shin", max_cost=1.0)
    assert len(found) == 1
    assert found[0].hit_probability == pytest.approx(both * chance[margins == 5][0])
    # Both prices are fair, so together they are too, whatever comes back.
    assert found[0].expected == pytest.approx(0.0, abs=1e-12)


def test_an_outlier_is_judged_by_the_others_alone():
    later = SEEN + timedelta(minutes=3)
    table = quote_table(
        *two_way(1, 2.2, 1.7),
        *(r for book in (2, 3, 4) for r in two_way(book, 1.9, 1.9, seen_at=later)),
    )  # fmt: skip
    found = outliers(table, at=AT, gates=GATES, method="multiplicative")
    assert [(each.leg.bookmaker_key, each.leg.side) for each in found] == [("book_1", "home")]
    assert found[0].fair == pytest.approx(0.5)
    assert found[0].edge == pytest.approx(0.1)
    assert (found[0].others, found[0].moved_since, found[0].is_stale) == (3, 3, True)
    by_all = consensus(table, method="multiplicative")
    assert found[0].consensus == by_all.probability[by_all.side == "home"][0] < found[0].fair
    # Two others are too few to call anybody an outlier.
    assert outliers(table.where(table.bookmaker_id < 4), at=AT, gates=GATES, method="shin") == []


def test_the_scanner_hears_the_books_that_the_consensus_hears():
    """A late book vouches for nobody; its own price may be found all the same."""
    long_ago = SEEN - timedelta(minutes=21)
    others = [r for book in (2, 3, 4) for r in two_way(book, 1.9, 1.9)]
    late = two_way(5, 1.2, 4.5, weight=9.0, confirmed_at=long_ago, seen_at=long_ago)
    asked = {"at": AT, "gates": GATES, "method": "multiplicative"}

    [with_late, stale] = sorted(
        outliers(quote_table(*two_way(1, 2.2, 1.7), *others, *late), **asked),
        key=lambda each: each.leg.bookmaker_key,
    )
    [without] = outliers(quote_table(*two_way(1, 2.2, 1.7), *others), **asked)

    assert (with_late.fair, with_late.others) == (pytest.approx(without.fair), 3)
    assert with_late.consensus == without.consensus
    assert (stale.leg.bookmaker_key, stale.leg.side, stale.others) == ("book_5", "away", 4)
    assert any("min old" in doubt for doubt in stale.doubts)
    # Of middles too: the one book that prices both lines is late beside those on each of them.
    lines = [
        *two_way(1, 1.80, 2.05, line=-4.5, confirmed_at=long_ago),
        *two_way(1, 2.10, 1.76, line=-6.5, confirmed_at=long_ago),
        *two_way(2, 1.95, 1.90, line=-4.5),
        *two_way(3, 1.90, 1.95, line=-6.5),
    ]
    assert {each.hit_probability for each in middles(quote_table(*lines), **asked)} == {None}


def test_steam_is_several_books_moving_one_way_and_nobody_the_other():
    before = [r for book in (1, 2, 3, 4) for r in two_way(book, 2.0, 1.9)]
    later = SEEN + timedelta(minutes=2)
    now = [
        *(r for book in (1, 2, 3) for r in two_way(book, 1.9, 2.0, seen_at=later)),
        *two_way(4, 2.0, 1.9),
    ]
    found = shifts(quote_table(*before), quote_table(*now), at=AT, method="power", gates=GATES)
    assert [(each.side, each.shortened, each.drifted, each.is_steam) for each in found] == [
        ("home", 3, 0, True)
    ]
    assert found[0].change == pytest.approx(found[0].now - found[0].before)
    assert found[0].now > 0.5 > found[0].before
    assert found[0].first_mover == "book_1"
    # Three of four that moved are fewer than four in five.
    mixed = [*now[:6], *two_way(4, 2.05, 1.87, seen_at=later)]
    shifted = shifts(
        quote_table(*before), quote_table(*mixed), at=AT, method="power", gates=GATES,
        min_change=0.0005,
    )  # fmt: skip
    assert [each.is_steam for each in shifted] == [False]
    nothing = shifts(quote_table(), quote_table(*now), at=AT, method="power", gates=GATES)
    assert nothing == []


def test_a_shift_seen_long_ago_is_doubted():
    before = [r for book in (1, 2, 3) for r in two_way(book, 2.0, 1.9)]
    now = [r for book in (1, 2, 3) for r in two_way(book, 1.9, 2.0)]
    late = moment(SEEN + timedelta(minutes=40))
    found = shifts(quote_table(*before), quote_table(*now), at=late, method="power", gates=GATES)
    assert found[0].doubts == ("a price is 40 min old, over 15 min",)


def recorded(event: str, at: str) -> list[dict[str, str]]:
    """One event's moneylines in the recorded NBA snapshots, as of one of them."""
    with gzip.open(SNAPSHOTS, "rt") as file:
        header = next(file)
        lines = [line for line in file if event in line and at in line and ",h2h," in line]
    return list(csv.DictReader([header, *lines]))


@pytest.mark.real_data
@pytest.mark.skipif(not SNAPSHOTS.is_file(), reason=f"no shared data at {FOLDER}")
@pytest.mark.parametrize(
    ("event", "moments", "side", "moved", "books"),
    [
        # Minutes before a start: every book shortened the home side.
        ("460ca5da65548d349cb007bdceb84163",
         ("2025-11-21T01:08:41Z", "2025-11-21T01:20:43Z"), "home", 3, 3),
        # Four minutes apart: three of four shortened an outsider, one stood still.
        ("63748218430054c9c947b1beeab351c9",
         ("2025-11-26T18:18:49Z", "2025-11-26T18:22:55Z"), "away", 3, 4),
    ],
)  # fmt: skip
def test_recorded_snapshots_show_their_steam_and_how_far_the_consensus_shifted(
    event, moments, side, moved, books
):
    told = [recorded(event, at) for at in moments]
    ids = {name: place for place, name in enumerate(sorted({r["bookmaker"] for r in told[0]}), 1)}
    slates, by_hand = [], []
    for at, rows in zip(moments, told, strict=True):
        seen = datetime.fromisoformat(at)
        prices = {(r["bookmaker"], r["outcome"]): float(r["price_decimal"]) for r in rows}
        slates.append(
            quote_table(
                *(
                    row(outcome, price, bookmaker_id=ids[book], seen_at=seen, confirmed_at=seen)
                    for (book, outcome), price in prices.items()
                )
            )
        )
        # Shin of two outcomes: half of the margin off each; then the mean of the log-odds.
        log_odds = []
        for book in ids:
            home, away = 1 / prices[book, "home"], 1 / prices[book, "away"]
            fair = (home if side == "home" else away) - (home + away - 1) / 2
            log_odds.append(np.log(fair / (1 - fair)))
        by_hand.append((1 / (1 + np.exp(-np.mean(log_odds))), prices))
    (before, earlier), (now, later) = by_hand
    fell = [book for book in ids if later[book, side] < earlier[book, side]]
    assert len(fell) == moved

    found = shifts(
        *slates, at=moment(datetime.fromisoformat(moments[1])), method="shin", gates=GATES
    )

    (steam,) = (each for each in found if each.is_steam)
    assert (steam.side, steam.shortened, steam.drifted, steam.books) == (side, moved, 0, books)
    assert (steam.before, steam.now) == (
        pytest.approx(before, abs=1e-4),
        pytest.approx(now, abs=1e-4),
    )
    assert steam.now - steam.before > 0.015


def slate_of_file(path) -> QuoteTable:
    """The prices of a file as its reader gives them, with what is known of each bookmaker.

    As an import has them: prices at fault are left out, and books whose prices cannot be meant.
    """
    sweeps = [fact for fact in recognise(path).read(path) if isinstance(fact, ParsedSweep)]
    columns = joined([sweep.quotes for sweep in sweeps])
    columns = columns.rows(np.flatnonzero(columns.price >= 0))
    starts = {event.key: event.starts_at for sweep in sweeps for event in sweep.events}
    names = columns.names
    events = np.array([moment(starts[key]) for _, key in names.events], "datetime64[us]")
    infos = [bookmaker_info(key) for key in names.bookmakers]
    side = np.array(COLUMN_SIDES)[columns.side]
    point = np.where(columns.point == NO_POINT, np.nan, columns.point / 100)
    line = np.where(side == "away", -point, point)
    market = pair_codes(columns.event, columns.market)
    seen = np.full(len(columns), moment(sweeps[0].seen_at))
    book = pair_codes(pair_codes(market, line_codes(line)), columns.bookmaker)
    meant = np.bincount(book, weights=1000 / columns.price)[book] <= HIGHEST_SUM
    table = QuoteTable(
        quote_id=np.arange(len(columns)),
        event_id=columns.event,
        market_id=market,
        market_key=np.array(list(names.markets))[columns.market],
        selection_id=pair_codes(pair_codes(market, columns.side), line_codes(line)),
        side=side,
        line=line,
        bookmaker_id=columns.bookmaker,
        bookmaker_key=np.array(list(names.bookmakers))[columns.bookmaker],
        weight=np.array([info.weight for info in infos])[columns.bookmaker],
        commission=np.array([float(info.commission_share) for info in infos])[columns.bookmaker],
        is_archive=np.zeros(len(columns), np.bool_),
        price=columns.price / 1000,
        last_update=columns.last_update.view("datetime64[us]"),
        seen_at=seen,
        confirmed_at=seen,
        starts_at=events[columns.event],
    )
    return table.where(meant)


@pytest.mark.real_data
@pytest.mark.skipif(not MANY_BOOKS.is_file(), reason=f"no shared data at {FOLDER}")
def test_the_moment_of_67_books_shows_its_arbitrages():
    at = datetime(2026, 4, 16, 19, 1, tzinfo=UTC)
    table = slate_of_file(MANY_BOOKS)

    found = best_books(table, at=moment(at), gates=GATES)

    arbs = arbitrages(found)
    assert len(arbs) == 42
    assert [len(each.legs) for each in arbs].count(3) == 24
    assert all(each.doubts == () for each in arbs)
    top = arbs[0]
    assert (top.market_key, top.line) == ("totals", 6.5)
    assert {each.bookmaker_key: each.price for each in top.legs} == {
        "onexbet": 2.2,
        "matchbook": 2.0,
    }
    # Matchbook takes 2 % of winnings: 1.98.
    assert top.profit == pytest.approx(1 / (1 / 2.2 + 1 / 1.98) - 1)
    # The same by hand, straight from the file.
    assert sorted(round(each.profit, 9) for each in arbs) == sorted(by_hand())
    assert len(low_holds(found)) == 299
    assert len(middles(table, at=moment(at), gates=GATES, method="shin")) == 10
    assert len(outliers(table, at=moment(at), gates=GATES, method="shin")) == 26


def by_hand() -> list[float]:
    """Best net price per side, line and event, as anybody would do it with a dictionary."""
    best = defaultdict(dict)
    draws = set()
    with gzip.open(MANY_BOOKS, "rt", encoding="utf-8") as file:
        for each in csv.DictReader(file):
            market, price = each["market"], float(each["price"])
            if market not in ("h2h", "spreads", "totals") or not 1.01 < price <= 1001:
                continue
            if each["commence_time"] <= "2026-04-16T19:01:00Z":
                continue
            name, point = each["outcome_name"], float(each["point"] or "nan")
            line = -point if market == "spreads" and name == each["away_team"] else point
            line = None if line != line else line
            cut = float(bookmaker_info(each["bookmaker_key"]).commission_share)
            net = 1 + (price - 1) * (1 - cut)
            sides = best[each["event_id"], market, line]
            sides[name] = max(sides.get(name, 0), net)
            if name == "Draw":
                draws.add(each["event_id"])
    profits = []
    for (event, market, _), sides in best.items():
        if len(sides) == (3 if market == "h2h" and event in draws else 2):
            profits.append(1 / sum(1 / net for net in sides.values()) - 1)
    return [round(profit, 9) for profit in profits if profit > 0]
