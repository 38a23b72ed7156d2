"""The future changes nothing that was said before it; and a feature that peeks is caught."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from models_registry import services
from models_registry.domain.features import FeatureMatrix, build_features
from models_registry.domain.games import BOX, Games
from models_registry.domain.lookahead import find_leaks
from models_registry.history import read_history
from models_registry.models import Prediction
from models_registry.serving import LOADED, MEMORIES
from odds.models import Bookmaker, Event, Market, Quote, Selection, TeamGame
from tests.models_registry import arrays, league

MOMENTS = np.array([40, 90, 121, 170, 239])


def test_no_feature_moves_when_the_future_is_cut_or_poisoned():
    assert find_leaks(build_features, arrays.league(), MOMENTS) == []


def _own_score(games: Games) -> np.ndarray:
    return games.home_score - games.away_score


def _own_box(games: Games) -> np.ndarray:
    return games.box[:, 0, 0]


def _season_mean(games: Games) -> np.ndarray:
    return np.full(len(games), np.nanmean(games.home_score))


def _same_day_table(games: Games) -> np.ndarray:
    """Points of the home side's games up to and with the day: what a day's table shows."""
    return np.array(
        [
            np.nansum(games.home_score[(games.home == home) & (games.day <= day)])
            for home, day in zip(games.home, games.day, strict=True)
        ]
    )


def _elo_after(games: Games) -> np.ndarray:
    return np.append(build_features(games).column("elo")[1:], 0.0)


@pytest.mark.parametrize("peek", [_own_score, _own_box, _season_mean, _same_day_table, _elo_after])
def test_a_planted_leak_is_found(peek):
    def leaky(games: Games) -> FeatureMatrix:
        honest = build_features(games)
        return FeatureMatrix(
            (*honest.names, "planted"), np.column_stack([honest.values, peek(games)])
        )

    leaks = find_leaks(leaky, arrays.league(), MOMENTS)

    assert {leak.feature for leak in leaks} == {"planted"}
    assert {leak.attack for leak in leaks} >= {"poison"}


def test_using_results_on_their_own_day_is_found():
    """Break the rule itself: let results count from the moment their day begins."""

    def hasty(games: Games) -> FeatureMatrix:
        early = games.day.astype("M8[us]")
        known = np.where(np.isnat(games.known_at), games.known_at, early)
        return build_features(replace(games, known_at=known))

    assert "elo" in {leak.feature for leak in find_leaks(hasty, arrays.league(), MOMENTS)}


def _said(version, events, as_of):
    made = services.predict_events(
        event_ids=[event.pk for event in events], as_of=as_of, made_at=as_of, version=version
    )
    return [(row.event_id, row.home_probability, row.features) for row in made.predictions]


def test_planted_results_boxes_and_prices_change_no_prediction_made_before_them(trained):
    again = league.once_more(trained)
    as_of = league.AFTER - timedelta(days=250)
    events = list(Event.objects.filter(starts_at__gt=as_of).order_by("starts_at", "pk")[:6])
    before = _said(trained, events, as_of)

    # Everything after the moment is overwritten, and more is added.
    later = Event.objects.filter(result_seen_at__gt=as_of)
    assert later.update(home_score=250, away_score=3) > 400
    TeamGame.objects.bulk_create(
        TeamGame(
            event=event, team_id=event.home_id, is_home=True, seen_at=event.result_seen_at,
            stats=dict.fromkeys(BOX, 99),
        )
        for event in later
    )  # fmt: skip
    extra = league.upcoming(trained.predictor.competition, day=date(2024, 1, 1))
    extra.status, extra.home_score, extra.away_score = "finished", 200, 10
    extra.result_seen_at = league.AFTER + timedelta(days=200)
    extra.save()
    _plant_price(events[0])

    assert _said(again, events, as_of) == before
    assert Prediction.objects.count() == 2 * len(events)


def test_a_result_known_before_the_moment_does_change_it(trained):
    """If this fails, the test above proves nothing."""
    again = league.once_more(trained)
    as_of = league.AFTER - timedelta(days=250)
    events = list(Event.objects.filter(starts_at__gt=as_of).order_by("starts_at", "pk")[:6])
    before = _said(trained, events, as_of)

    Event.objects.filter(result_seen_at__lte=as_of - timedelta(days=2)).update(
        home_score=250, away_score=3
    )

    assert _said(again, events, as_of) != before


def test_a_history_read_once_says_at_each_moment_what_reading_it_anew_says(trained):
    """What a replay saves: the past is read once and cut at each moment, never ahead of it."""
    kept = read_history(league.KEY)
    again = league.once_more(trained)
    for days in (260, 255, 259, 200):
        as_of = league.AFTER - timedelta(days=days)
        events = list(Event.objects.filter(starts_at__gt=as_of).order_by("starts_at", "pk")[:6])
        asked = {"event_ids": [each.pk for each in events], "as_of": as_of, "made_at": as_of}

        once = services.predict_events(**asked, version=trained, history=kept)
        MEMORIES.clear()
        LOADED.clear()
        anew = services.predict_events(**asked, version=again)

        assert [(row.event_id, row.home_probability, row.features) for row in once.predictions] == [
            (row.event_id, row.home_probability, row.features) for row in anew.predictions
        ]


def _plant_price(event: Event) -> None:
    book = Bookmaker.objects.create(key="planted", title="Planted", is_archive=True)
    market = Market.objects.create(event=event, key="h2h")
    for side, price in (("home", "1.010"), ("away", "26.000")):
        selection = Selection.objects.create(market=market, side=side)
        Quote.objects.create(
            selection=selection,
            bookmaker=book,
            price=Decimal(price),
            seen_at=event.starts_at,
        )
