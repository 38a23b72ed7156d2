from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odds.domain.consensus import BY_SPORT, PRIOR_DISAGREEMENT, consensus, probability_by_book
from odds.domain.margins import remove_margin
from odds.domain.table import NO_REFERENCE
from tests.tables import SEEN, moment, quote_table, row, two_way


def by_side(answer) -> dict:
    return dict(zip(answer.side.tolist(), answer.probability.tolist(), strict=True))


def test_one_book_is_its_own_consensus_and_not_certain():
    answer = consensus(quote_table(*two_way(1, 1.80, 2.10)), method="multiplicative")

    assert by_side(answer) == {
        "home": pytest.approx(2.10 / 3.90),
        "away": pytest.approx(1.80 / 3.90),
    }
    assert answer.book_count.tolist() == [1, 1]
    centre = np.log(2.10 / 1.80)
    assert answer.low[0] == pytest.approx(1 / (1 + np.exp(-(centre - PRIOR_DISAGREEMENT))))
    assert answer.high[0] == pytest.approx(1 / (1 + np.exp(-(centre + PRIOR_DISAGREEMENT))))


def test_log_odds_are_averaged_by_weight():
    # Margin-free 3:1 on at weight 2, evens at weight 1: log-odds (2 ln 3 + 0) / 3.
    table = quote_table(*two_way(1, 4 / 3, 4.0, weight=2.0), *two_way(2, 2.0, 2.0))
    answer = consensus(table, method="power")

    odds = 3 ** (2 / 3)
    assert by_side(answer)["home"] == pytest.approx(odds / (1 + odds))
    assert answer.book_count.tolist() == [2, 2]
    # Weighted variance of (ln 3, 0) with weights 2:1 is 2/9 ln(3)^2; sum of squares of weights 5.
    error = np.sqrt((2 / 9 * np.log(3) ** 2 + PRIOR_DISAGREEMENT**2 / 2) * 5) / 3
    centre = np.log(odds)
    assert answer.low[0] == pytest.approx(1 / (1 + np.exp(-(centre - error))))


def aged(book: int, home: float, away: float, minutes: float, **columns) -> list[dict]:
    stood = SEEN - timedelta(minutes=minutes)
    return two_way(book, home, away, confirmed_at=stood, **columns)


def test_a_book_that_is_left_behind_has_no_voice():
    now = [*aged(1, 1.50, 2.70, 0), *aged(2, 1.52, 2.62, 19)]
    late = [*aged(3, 1.10, 7.00, 21), *aged(4, 1.10, 7.00, 300, weight=9.0)]

    with_late, without = (
        consensus(quote_table(*rows), method="shin") for rows in (now + late, now)
    )

    assert by_side(with_late) == by_side(without)
    assert with_late.book_count.tolist() == [2, 2]
    assert with_late.highest.tolist() == without.highest.tolist()
    # Another line of the same market, and one that has no voice itself, make nobody late.
    other = [*aged(3, 1.10, 7.00, 300, line=-5.5), *aged(4, 1.11, 7.00, 300, line=-5.5)]
    silent = aged(5, 2.0, 2.0, 0, line=-5.5, weight=0.0)
    alone = consensus(quote_table(*now, *other, *silent), method="shin")
    assert sorted(alone.book_count.tolist()) == [2, 2, 2, 2]


def test_what_a_book_withdrew_long_ago_makes_it_no_later_than_it_is():
    """Pages read withdrawn quotes too, decisions do not: both hear the same books."""
    gone = row("draw", np.nan, bookmaker_id=1, confirmed_at=SEEN - timedelta(days=2))
    standing = [*aged(1, 1.50, 2.70, 0), *aged(2, 1.52, 2.62, 0)]

    seen, decided = (
        consensus(quote_table(*rows), method="shin") for rows in ([*standing, gone], standing)
    )

    assert by_side(seen) == by_side(decided)
    assert seen.book_count.tolist() == [2, 2]


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, 60)), min_size=1, max_size=8))
def test_a_book_has_a_voice_on_all_outcomes_or_on_none(stood):
    """By rows, one side could be left alone: it was then certain."""
    rows = []
    for number, minutes in enumerate(stood):
        book = two_way(number + 1, 1.9, 1.9 + number / 50)
        rows += [
            each | {"confirmed_at": SEEN - timedelta(minutes=ago)}
            for each, ago in zip(book, minutes, strict=True)
        ]
    answer = consensus(quote_table(*rows), method="shin")

    assert sum(by_side(answer).values()) == pytest.approx(1.0)
    assert len(set(answer.book_count.tolist())) == 1
    assert len(answer) == 2


@given(st.floats(0, 10_000), st.integers(1, 6))
def test_where_all_are_as_old_all_count(minutes, books):
    rows = [each for book in range(books) for each in aged(book + 1, 1.9, 1.9 + book / 50, minutes)]

    assert set(consensus(quote_table(*rows), method="shin").book_count.tolist()) == {books}


def test_a_book_with_one_side_has_no_opinion():
    table = quote_table(*two_way(1, 1.9, 1.9), row("home", 9.0, bookmaker_id=2))
    answer = consensus(table, method="shin")
    assert by_side(answer) == {"home": pytest.approx(0.5), "away": pytest.approx(0.5)}
    assert answer.book_count.tolist() == [1, 1]
    assert np.isnan(probability_by_book(table, method="shin")[2])


def test_only_one_sided_books_make_no_consensus():
    table = quote_table(row("home", 9.0), row("over", 1.9, market_id=2, line=200.5))
    answer = consensus(table, method="shin")
    assert len(answer) == 0
    assert answer.rows_of(np.array([5])).tolist() == [-1]


def test_no_quotes_no_consensus():
    assert len(consensus(quote_table(), method="shin")) == 0


def test_a_forgotten_draw_does_not_pass_as_two_way():
    whole = [row("home", 2.6), row("draw", 3.4), row("away", 2.9)]
    table = quote_table(*whole, *two_way(2, 1.6, 1.7))
    answer = consensus(table, method="power")
    assert answer.book_count.tolist() == [1, 1, 1]
    assert answer.probability.sum() == pytest.approx(1.0)


def test_most_books_decide_what_the_outcomes_are():
    stray = [row("home", 2.6), row("draw", 30.0), row("away", 2.9)]
    table = quote_table(*stray, *two_way(2, 1.9, 1.9), *two_way(3, 1.9, 1.9))
    answer = consensus(table, method="power")
    assert sorted(by_side(answer)) == ["away", "home"]
    assert answer.book_count.tolist() == [2, 2]


def test_commission_comes_off_before_the_margin():
    exchange = two_way(1, 2.0, 2.2, commission=0.05)
    bookmaker = two_way(1, 1.95, 2.14)
    left = consensus(quote_table(*exchange), method="power")
    right = consensus(quote_table(*bookmaker), method="power")
    assert left.probability == pytest.approx(right.probability)


def test_lay_prices_and_voiceless_books_do_not_count():
    table = quote_table(
        *two_way(1, 1.9, 1.9),
        *two_way(2, 1.1, 9.0, market_key="h2h_lay", market_id=2),
        *two_way(3, 1.1, 9.0, weight=0.0),
    )
    answer = consensus(table, method="power")
    assert answer.market_id.tolist() == [1, 1]
    assert answer.book_count.tolist() == [1, 1]
    assert by_side(answer)["home"] == pytest.approx(0.5)


def test_every_line_is_a_market_of_its_own():
    table = quote_table(
        *two_way(1, 1.9, 1.9, line=-5.5),
        *two_way(2, 1.7, 2.1, line=-4.5),
    )
    answer = consensus(table, method="multiplicative")
    assert answer.line.tolist() == [-5.5, -5.5, -4.5, -4.5]
    assert answer.probability[:2] == pytest.approx([0.5, 0.5])
    assert answer.probability[2] == pytest.approx(2.1 / 3.8)


def test_the_newest_book_time_stands_for_all():
    later = SEEN + timedelta(minutes=7)
    table = quote_table(
        *two_way(1, 1.9, 1.9, last_update=None),
        *two_way(2, 1.9, 1.9, last_update=later),
    )
    assert consensus(table, method="power").newest_update[0] == moment(later)
    unsaid = quote_table(*two_way(1, 1.9, 1.9, last_update=None))
    assert consensus(unsaid, method="power").newest_update[0] == moment(SEEN)


@given(data=st.data())
def test_the_order_of_quotes_means_nothing_and_each_market_sums_to_one(data):
    rows = []
    for market in (1, 2):
        for book in range(1, data.draw(st.integers(1, 4)) + 1):
            prices = data.draw(st.lists(st.floats(1.05, 40.0), min_size=3, max_size=3))
            sides = ("home", "draw", "away") if market == 2 else ("home", "away")
            rows += [
                row(side, price, bookmaker_id=book, market_id=market, weight=float(book))
                for side, price in zip(sides, prices, strict=False)
            ]
    expected = consensus(quote_table(*rows), method="power")
    shuffled = data.draw(st.permutations(rows))
    answer = consensus(quote_table(*shuffled), method="power")

    assert answer.selection_id.tolist() == expected.selection_id.tolist()
    assert answer.probability == pytest.approx(expected.probability)
    for market in (1, 2):
        assert answer.probability[answer.market_id == market].sum() == pytest.approx(1.0)
    assert (answer.low < answer.probability).all()
    assert (answer.probability < answer.high).all()


def with_rule(table, *, method="power", references=()):
    """The table as a sport's pricing rule has it."""
    rank = [
        references.index(book) if book in references else NO_REFERENCE
        for book in table.bookmaker_id.tolist()
    ]
    return replace(
        table,
        margin_method=np.full(len(table), method),
        reference_rank=np.array(rank, dtype=np.int64),
    )


def test_the_first_reference_that_prices_a_market_speaks_alone_and_all_give_its_width():
    table = quote_table(
        *two_way(1, 2.0, 2.0), *two_way(2, 1.5, 3.0), *two_way(3, 1.6, 2.6),
        *two_way(3, 1.8, 2.2, market_id=2), *two_way(1, 1.9, 1.9, market_id=2),
        *two_way(1, 1.9, 1.9, market_id=3),
    )  # fmt: skip
    answer = consensus(with_rule(table, references=(2, 3)), method=BY_SPORT)
    first, second, third = (answer.market_id == market for market in (1, 2, 3))
    assert answer.probability[first & (answer.side == "home")] == pytest.approx([2 / 3])
    assert answer.reference[first].tolist() == ["book_2", "book_2"]
    # Book 2 does not price market 2, and nobody of both market 3: the next, then all.
    assert answer.reference[second].tolist() == ["book_3", "book_3"]
    assert answer.reference[third].tolist() == ["", ""]
    assert answer.book_count[first].tolist() == [3, 3]
    home = first & (answer.side == "home")
    assert answer.lowest[home] == pytest.approx([0.5])
    assert answer.highest[home] == pytest.approx([2 / 3])
    assert answer.disagreement[home][0] > 0.2
    assert (answer.low < answer.probability).all()


def test_a_reference_with_one_side_is_passed_over():
    table = quote_table(row("home", 1.5, bookmaker_id=2), *two_way(1, 1.9, 1.9))
    answer = consensus(with_rule(table, references=(2,)), method=BY_SPORT)
    assert answer.reference.tolist() == ["", ""]


def test_each_row_goes_by_the_method_of_its_sport():
    prices = {"home": 1.3, "draw": 5.5, "away": 11.0}
    rows = [row(side, p, market_id=market) for market in (1, 2) for side, p in prices.items()]
    table = with_rule(quote_table(*rows))
    table = replace(table, margin_method=np.where(table.market_id == 1, "additive", "2*shin+power"))
    answer = consensus(table, method=BY_SPORT)
    odds = np.array([list(prices.values())])
    for market, method in ((1, "additive"), (2, "2*shin+power")):
        of_market = by_side_of(answer, market)
        assert list(map(of_market.get, prices)) == pytest.approx(remove_margin(odds, method)[0])


def by_side_of(answer, market) -> dict:
    of_market = answer.market_id == market
    return dict(zip(answer.side[of_market], answer.probability[of_market], strict=True))


def test_without_a_rule_margins_go_by_shin():
    rows = [row("home", 1.3), row("draw", 5.5), row("away", 11.0)]
    answer = consensus(quote_table(*rows), method=BY_SPORT)
    shin = consensus(quote_table(*rows), method="shin")
    assert (answer.probability == shin.probability).all()


def test_a_worst_case_is_the_lowest_of_each_outcome_and_is_never_scaled_up():
    rows = [*two_way(1, 1.30, 3.9), *two_way(2, 1.32, 3.7), *two_way(1, 2.2, 1.7, market_id=2)]
    table = quote_table(*rows)
    methods = ("shin", "multiplicative")
    each = [consensus(table, method=method).probability for method in methods]
    worst = consensus(table, method="|".join(methods))
    assert worst.probability == pytest.approx(np.min(each, axis=0), abs=1e-12)
    assert worst.probability[:2].sum() < 0.995
    assert (worst.low < worst.probability).all()
    # A rule may ask it of one sport and not of another.
    mixed = replace(
        with_rule(table),
        margin_method=np.where(table.market_id == 1, "shin|multiplicative", "shin"),
    )
    by_sport = consensus(mixed, method=BY_SPORT).probability
    assert by_sport[:2] == pytest.approx(worst.probability[:2])
    assert by_sport[2:].sum() == pytest.approx(1.0)
