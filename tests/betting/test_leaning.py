"""A backtest says when its profit is one bookmaker's, and that book's prices stand apart."""

import numpy as np

from betting.domain.configuration import Configuration
from betting.domain.leaning import Scatter, leaning_of
from betting.services.backtesting import Played, play
from risk.domain.limits import Bounds
from tests.betting.test_backtest import looks

EVEN = dict.fromkeys("abc", Scatter(0.02, 400))


def played(late: float) -> Played:
    """Play 80 looks at five books; the fifth's prices are `late`: off by as much, by chance."""
    past = looks(80)
    rows = np.flatnonzero(past.quotes.bookmaker_id == 5)
    off = np.exp(np.random.default_rng(2).normal(0, late, len(rows)))
    past.quotes.price[rows] = np.round(past.quotes.price[rows] * off, 3).clip(1.05)
    return play(past, Configuration(max_edge=0.5), bounds=Bounds(), levels={})


def test_a_book_whose_prices_are_late_is_named_with_what_is_left_without_it():
    told = played(late=0.12).summary

    leaning = told["leans_on"]
    assert leaning["bookmaker"] == "book_5"
    assert leaning["share"] > 0.5
    assert leaning["scatter"] > 2
    assert told["verdict"].endswith(leaning["sentence"])
    assert "% of the profit is of" in leaning["sentence"]
    assert "late or mistaken prices look like that" in leaning["sentence"]


def test_books_that_are_alike_are_not_said_to_stand_apart():
    leaning = played(late=0.0).summary.get("leans_on")

    assert leaning is None or leaning["scatter"] is None


def test_nothing_leans_where_nothing_was_earned_or_no_book_has_most_of_it():
    books = np.array(["a", "b", "c"] * 20)

    assert leaning_of(books, np.ones(60), EVEN) is None
    assert leaning_of(books, np.where(books == "a", 1.0, -2.0), EVEN) is None
    assert leaning_of(books[:9], np.array([9.0, 0, 0] * 3), EVEN) is None
    most = leaning_of(books, np.where(books == "a", 3.0, -0.5), EVEN)
    assert most is not None
    assert (most.bookmaker, most.bets, most.rest, most.scatter) == ("a", 20, -20.0, None)
    assert most.sentence == (
        "All of the profit is of 20 of the 60 bets, those at a; "
        "without them \N{MINUS SIGN}20.00 is left."
    )
