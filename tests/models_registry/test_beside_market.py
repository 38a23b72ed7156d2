"""Spreads and totals beside closing lines; a blend whose weight is of earlier days only."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from models_registry.beside_market import (
    blend_with_prices,
    judge_blend,
    judge_lines,
    regress_on_market,
)
from models_registry.domain.logistic import log_odds_of
from models_registry.domain.market_before import MarketBefore
from models_registry.domain.scores import PointScores
from models_registry.history import History, read_history
from models_registry.history.prices_before import prices_before_in_files, stored_prices_before
from odds.models import PriceChange
from odds.services.partitions import ensure_partitions
from tests import make
from tests.models_registry import arrays

HEADER = (
    "source,snapshot_time,event_id,commence_time,home,away,bookmaker,market,outcome,point,"
    "price_american,price_decimal,last_update\n"
)


def history(games, **others) -> History:
    seasons = tuple("2020-21" for _ in range(len(games)))
    return History(
        "basketball_nba", games, seasons, ("ATL", "BOS"), np.full(len(games), np.nan), **others
    )


def test_lines_are_judged_on_what_was_decided_and_pushes_counted_beside_those_expected():
    games = arrays.games(
        [
            ("2021-11-01", 0, 1, 110, 100),
            ("2021-11-03", 0, 1, 106, 100),
            ("2021-11-05", 0, 1, 100, 110),
            ("2021-11-07", 0, 1, 100, 110),
        ]
    )
    spreads = np.array([-5.5, -6.0, -6.0, np.nan])
    scores = PointScores(*(np.full(4, value) for value in (6.0, 12.0, 210.0, 17.0)))
    told = judge_lines(history(games, lines={"spreads": spreads}), scores, np.ones(4, bool))

    found = told["spreads"]
    assert list(told) == ["spreads"]
    assert found["games"] == 2
    ends = scores.spread(np.array([-5.5, -6.0, -6.0, 0.5]))
    cover, not_cover = ends.decided[0], 1 - ends.decided[2]
    assert found["model"]["log_loss"] == pytest.approx(-np.log([cover, not_cover]).mean(), abs=1e-6)
    assert found["pushes"]["whole_lines"] == 2
    assert found["pushes"]["happened"] == 1
    assert found["pushes"]["expected"] == pytest.approx(2 * ends.push[1], abs=0.06)


def market(prices, moved=0.0) -> MarketBefore:
    """What one bookmaker said, whose prices moved so far."""
    unmoved = np.where(np.isfinite(prices), 0.0, np.nan)
    return MarketBefore(prices, np.isfinite(prices).astype(int), unmoved, unmoved + moved)


def league_with_prices(count=1200):
    """Prices that know half of what there is to know, a model that knows the other half."""
    rng = np.random.default_rng(4)
    one, two = rng.normal(0, 0.8, (2, count))
    games = arrays.league(count)
    won = rng.random(count) < 1 / (1 + np.exp(-one - two))
    games = replace(games, home_score=np.where(won, 101.0, 99.0), away_score=np.full(count, 100.0))
    return games, 1 / (1 + np.exp(-one)), 1 / (1 + np.exp(-two))


def test_a_blend_earns_its_share_on_earlier_days_only():
    games, model, prices = league_with_prices()
    every, none = np.ones(len(games), bool), np.full(len(games), np.nan)

    blended, share = blend_with_prices(games, model, prices, none, every)
    found = judge_blend(games, model, market(prices), none, every)

    # The first 300 games teach nothing yet: the prices stand.
    assert share[:300].tolist() == [0.0] * 300
    np.testing.assert_allclose(blended[:300], prices[:300])
    assert 0.3 < share[-1] < 0.6
    assert found["interval"][1] < 0
    assert found["words"] == "the blend is better than the prices by themselves"
    # What happens on a day or after it moves nothing of that day.
    later = games.day >= games.day[800] - 1
    turned = replace(games, home_score=np.where(later, 200 - games.home_score, games.home_score))
    again, _ = blend_with_prices(turned, model, prices, none, every)
    before = games.day <= games.day[800]
    assert np.array_equal(again[before], blended[before])


def test_games_without_such_prices_teach_by_their_close():
    games, model, prices = league_with_prices()
    late = np.arange(len(games)) >= 600
    known = np.where(late, prices, np.nan)

    _, share = blend_with_prices(games, model, known, prices, late)

    # The first that are judged have 600 closes behind them.
    assert 0.3 < share[600] < 0.6


def test_a_model_without_news_gets_no_share_and_games_without_prices_are_left_out():
    games, _, prices = league_with_prices()
    prices[::2] = np.nan
    noise = np.random.default_rng(5).uniform(0.1, 0.9, len(games))

    every, none = np.ones(len(games), bool), np.full(len(games), np.nan)

    found = judge_blend(games, noise, market(prices), none, every)

    assert found["games"] == 600
    assert found["share_of_model"] == {"first": 0.0, "mean": 0.0, "last": 0.0}
    assert found["difference"] == 0
    assert judge_blend(games, noise, market(none), none, every) is None


def test_prices_of_files_are_the_last_that_were_known_so_long_before(tmp_path):
    games = arrays.games([("2021-11-01", 0, 1, 110, 100), ("2021-11-03", 1, 0, 110, 100)])
    rows = [
        # Known 13 hours before, a bookmaker each; then one 11 hours before, too late.
        ("2021-11-01T10:00:00Z", "one", "home", "1.5"),
        ("2021-11-01T10:00:00Z", "one", "away", "3.0"),
        ("2021-11-01T10:00:00Z", "two", "home", "1.9"),
        ("2021-11-01T12:00:00Z", "one", "home", "1.1"),
        ("2021-11-01T12:00:00Z", "one", "away", "8.0"),
    ]
    lines = [
        f"x,{at},e1,2021-11-01T23:00:00Z,ATL,BOS,{book},h2h,{side},,,{price},\n"
        for at, book, side, price in rows
    ]
    (tmp_path / "odds.csv").write_text(HEADER + "".join(lines))

    def asked(hours):
        return prices_before_in_files(history(games), tmp_path, timedelta(hours=hours))

    # 1.5 and 3.0 without their margin; the bookmaker with one side says nothing.
    early, late = asked(12), asked(10)
    assert (early.probability.round(4)[0], late.probability.round(4)[0]) == (0.6667, 0.8791)
    assert early.books.tolist() == [1, 0]
    assert np.isnan(asked(14).probability).all()
    assert np.isnan(early.probability[1])
    assert early.moved[0] == 0
    assert late.moved[0] == pytest.approx(np.log(8.0 / 1.1) - np.log(2))


@pytest.mark.django_db
def test_prices_of_the_database_are_the_last_that_were_known_so_long_before():
    home, away, alone = (
        make.priced("1.500"), make.priced("3.000", side="away"), make.priced("1.900", book="two"),
    )  # fmt: skip
    ensure_partitions([make.NOON])
    for quote, hours, price in (
        (home, 13, "2.000"), (away, 13, "2.000"), (home, 12, "1.500"), (away, 12, "3.000"),
        (alone, 12, "1.900"), (home, 5, "1.100"), (away, 5, None),
    ):  # fmt: skip
        PriceChange.objects.create(
            quote=quote,
            price=price and Decimal(price),
            seen_at=make.EVENING - timedelta(hours=hours),
        )
    event = home.selection.market.event
    event.status, event.home_score, event.away_score = "finished", 110, 100
    event.result_seen_at = make.NIGHT
    event.save()
    stored = read_history(event.competition.key)

    at_noon = stored_prices_before(stored, timedelta(hours=11))

    assert at_noon.probability.round(4).tolist() == [0.6667]
    assert at_noon.books.tolist() == [1]
    assert at_noon.moved[0] == pytest.approx(np.log(2))
    # The away side was withdrawn: half a market says nothing.
    assert np.isnan(stored_prices_before(stored, timedelta(hours=4)).probability).all()
    assert np.isnan(stored_prices_before(stored, timedelta(hours=14)).probability).all()


def test_a_regression_learns_of_earlier_days_that_moves_go_on():
    games, _, prices = league_with_prices()
    rng = np.random.default_rng(6)
    moved = rng.normal(0, 1.0, len(games))
    won = rng.random(len(games)) < 1 / (1 + np.exp(-log_odds_of(prices) - 0.8 * moved))
    games = replace(games, home_score=np.where(won, 101.0, 99.0))
    every, none = np.ones(len(games), bool), np.full(len(games), np.nan)

    found = judge_blend(games, prices, market(prices, moved), none, every)

    assert found["difference"] == 0
    assert found["regression"]["interval"][1] < 0
    assert found["regression"]["words"] == "the regression is better than the prices by themselves"
    said = regress_on_market(games, prices, market(prices, moved), every)
    changed = replace(games, home_score=np.where(games.day > games.day[600], 0.0, games.home_score))
    again = regress_on_market(changed, prices, market(prices, moved), every)
    first = games.day <= games.day[600] + 1
    assert np.array_equal(said[first], again[first])
    assert not np.array_equal(said[~first], again[~first])


def test_a_time_before_that_is_none_is_refused():
    with pytest.raises(CommandError, match="prices-before"):
        call_command(
            "evaluate", "--sport", "basketball_nba", "--test-from", "2022-01-01", "--test-until",
            "2022-02-01", "--prices-before", "soon",
        )  # fmt: skip
