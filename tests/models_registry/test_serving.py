"""Who may speak, who only whispers, and who has to decline; and what a process keeps loaded."""

from datetime import date, timedelta

import numpy as np
import pytest

from models_registry import selectors, services, serving
from models_registry.domain import schedule
from models_registry.models import Pause, Prediction, Refusal
from models_registry.services.stages import stage_version
from odds.models import Event, Team
from tests import make
from tests.api.conftest import Api
from tests.models_registry import arrays, league

NOW = league.AFTER
PREDICTOR = f"{league.KEY}-h2h"


@pytest.fixture
def champion(trained):
    services.promote_version(version_id=trained.pk, by_id=None, reason="", now=NOW)
    return trained


@pytest.fixture
def event(champion) -> Event:
    return league.upcoming(champion.predictor.competition, day=date(2023, 7, 3))


def priced(event, *, at=NOW) -> set[int]:
    return set(selectors.predictions_for([event.pk], as_of=at))


def test_a_challenger_predicts_in_shadow_and_never_reaches_betting(champion, event):
    challenger = league.once_more(champion)
    stage_version(version_id=challenger.pk, stage="staging", by_id=None, reason="", now=NOW)

    counts = services.predict_upcoming(now=NOW)

    assert counts == {PREDICTOR: {"predicted": 1, "in_shadow": 1, "refused": 0, "failed": 0}}
    assert set(Prediction.objects.values_list("version", flat=True)) == {
        champion.pk,
        challenger.pk,
    }
    assert selectors.predictions_for([event.pk], as_of=NOW)[event.pk].version == champion
    by_version = {row.version_id: row.in_shadow for row in selectors.predictions()}
    assert by_version == {champion.pk: False, challenger.pk: True}


def test_an_expired_version_is_refused_and_its_earlier_words_price_nothing(
    champion, event, settings
):
    services.predict_upcoming(now=NOW)
    assert priced(event) == {event.pk}
    settings.MODEL_EXPIRY_DAYS = 1
    later = NOW + timedelta(days=1, seconds=1)

    for _ in range(2):
        counts = services.predict_upcoming(now=later)

    assert counts[PREDICTOR]["refused"] == 0
    refusal = Refusal.objects.get()
    assert (refusal.cause, refusal.version, refusal.event) == ("expired", champion, event)
    assert "versions serve for" in refusal.detail
    assert PREDICTOR not in refusal.detail, "a reader knows no keys"
    assert priced(event, at=later) == set()
    settings.MODEL_EXPIRY_DAYS = 0
    services.predict_upcoming(now=later + timedelta(hours=1))
    assert priced(event, at=later + timedelta(hours=1)) == {event.pk}


def test_an_event_unlike_any_of_training_is_refused_until_it_is_like_them_again(
    champion, event, monkeypatch
):
    monkeypatch.setattr(serving, "WHOLE_CHECK_SECONDS", 0.0)
    services.predict_upcoming(now=NOW)
    team = Team.objects.get(pk=event.home_id)
    lately = Event.objects.filter(home=team, status="finished").order_by("-starts_at")[:20]
    before = list(lately)
    Event.objects.filter(pk__in=[each.pk for each in before]).update(home_score=400, away_score=3)
    later = NOW + timedelta(hours=1)

    services.predict_upcoming(now=later)

    refusal = Refusal.objects.get()
    assert refusal.cause == "outside"
    assert refusal.distance > serving.load_reach(champion.artifact, champion.checksum).limit
    assert "venue_form +" in refusal.detail
    assert priced(event, at=later) == set()
    assert priced(event, at=NOW) == {event.pk}, "what was known then stands as it was"
    Event.objects.bulk_update(before, ["home_score", "away_score"])

    services.predict_upcoming(now=later + timedelta(hours=1))

    assert priced(event, at=later + timedelta(hours=1)) == {event.pk}


def test_broken_files_refuse_their_own_version_only(champion, event, artifacts):
    challenger = league.once_more(champion)
    stage_version(version_id=challenger.pk, stage="staging", by_id=None, reason="", now=NOW)
    broken = artifacts / "broken"
    (artifacts / champion.artifact).rename(broken)
    serving.load_model.cache_clear()
    serving.load_reach.cache_clear()

    services.predict_upcoming(now=NOW)

    assert set(Refusal.objects.values_list("cause", flat=True)) == {"broken"}
    assert "missing or was changed" in Refusal.objects.first().detail
    assert priced(event) == set()


def test_a_paused_champion_predicts_and_prices_nothing_until_released(champion, event):
    Pause.objects.create(version=champion, kind="paused", at=NOW, reason="drifted")

    services.predict_upcoming(now=NOW)

    assert Prediction.objects.get().version == champion
    assert priced(event) == set()
    Pause.objects.create(
        version=champion, kind="released", at=NOW + timedelta(minutes=1), reason="looked at"
    )
    assert priced(event, at=NOW + timedelta(minutes=1)) == {event.pk}


def test_a_moment_refused_once_is_answered_the_same_again(champion, event, settings):
    settings.MODEL_EXPIRY_DAYS = 1
    asked = {"event_ids": [event.pk], "as_of": NOW + timedelta(days=2)}

    first = services.predict_events(**asked, made_at=NOW)
    again = services.predict_events(**asked, made_at=NOW + timedelta(days=9))

    assert (first.predictions, [row.pk for row in again.refusals]) == (
        [],
        [first.refusals[0].pk],
    )


@pytest.mark.parametrize("days_ago", [1, 300])
def test_what_is_kept_loaded_follows_a_correction(champion, event, monkeypatch, days_ago):
    """An old one at the next look at all the years, which is due at once here."""
    monkeypatch.setattr(serving, "WHOLE_CHECK_SECONDS", 0.0)
    last = Event.objects.filter(home=event.home_id, status="finished").order_by("starts_at").last()
    as_of = last.starts_at + timedelta(days=days_ago)

    def features():
        serving.MEMORIES.clear()
        return serving.features_now(league.KEY, [event.pk], as_of)[1].values.tobytes()

    before = features()
    assert features() == before
    Event.objects.filter(pk=last.pk).update(home_score=200, away_score=100)

    kept = features()

    serving.LOADED.clear()
    assert kept == features() != before


def test_features_are_worked_out_once_while_no_result_came(champion, event, monkeypatch):
    serving.features_now(league.KEY, [event.pk], NOW)
    monkeypatch.setattr(serving, "build_features", None)

    serving.features_now(league.KEY, [event.pk], NOW + timedelta(hours=5))

    with pytest.raises(TypeError):
        serving.features_now(league.KEY, [event.pk], NOW - timedelta(days=30 * 9))


@pytest.fixture
def ask(alice, monkeypatch):
    """Ask as alice's program, at NOW."""
    monkeypatch.setattr("accounts.clock.now", lambda: NOW)
    api = Api(make.full_key(alice)[1])

    def asked(*events, **filters):
        if not events:
            return api.get("predictions/now", **filters)
        return api.post("predictions", {"events": [event.pk for event in events]})

    return asked


def test_the_champion_answers_a_program_and_what_it_says_is_stored(champion, event, ask):
    answer = ask(event)

    assert answer.status_code == 200, answer.content
    row = Prediction.objects.get()
    said = answer.json()["predictions"][0]
    assert (said["event"], said["id"], said["in_shadow"]) == (event.pk, row.pk, False)
    assert said["home_probability"] == pytest.approx(row.home_probability, abs=1e-6)
    assert ask(competition=league.KEY).json() == {"predictions": [said], "refusals": []}


def test_asking_again_without_news_writes_nothing(champion, event, ask, monkeypatch):
    first = ask(event).json()
    monkeypatch.setattr("accounts.clock.now", lambda: NOW + timedelta(minutes=5))

    assert ask(event).json() == first
    assert Prediction.objects.count() == 1


def test_one_version_that_fails_does_not_stop_the_rest(champion, event, monkeypatch):
    challenger = league.once_more(champion)
    stage_version(version_id=challenger.pk, stage="staging", by_id=None, reason="", now=NOW)
    load = serving.load_reach

    def failing(*asked):
        monkeypatch.setattr(serving, "load_reach", load)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(serving, "load_reach", failing)

    counts = services.predict_upcoming(now=NOW)

    assert counts == {PREDICTOR: {"predicted": 0, "in_shadow": 1, "refused": 0, "failed": 1}}


def assert_nothing_serves(answer, words):
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "request_id", "errors"}
    assert body["type"] == "urn:fairline:problem:nothing-serves"
    assert words in body["detail"]


@pytest.mark.parametrize("way", ["post", "get"])
def test_where_nothing_serves_the_answer_says_why(
    champion, event, ask, settings, artifacts, monkeypatch, way
):
    def answer():
        return ask(event) if way == "post" else ask(competition=league.KEY)

    settings.MODEL_EXPIRY_DAYS = 1
    monkeypatch.setattr("accounts.clock.now", lambda: NOW + timedelta(days=1, minutes=1))
    assert_nothing_serves(answer(), "expired")
    settings.MODEL_EXPIRY_DAYS = 0
    monkeypatch.setattr("accounts.clock.now", lambda: NOW)
    (artifacts / champion.artifact / "trees.ubj").write_bytes(b"{")
    serving.load_model.cache_clear()
    assert_nothing_serves(answer(), "missing or was changed")
    other = league.competition("basketball_other")
    Event.objects.filter(pk=event.pk).update(competition=other)
    if way == "post":
        assert_nothing_serves(answer(), "has no champion")
    else:
        assert_nothing_serves(ask(competition=other.key), "has no champion")


def test_events_that_are_over_or_unknown_are_refused_and_nothing_is_written(champion, event, ask):
    over = Event.objects.filter(status="finished").first()

    answer = ask(event, over)

    assert answer.status_code == 422
    assert [fault["value"] for fault in answer.json()["errors"]] == [str(over.pk)]
    assert not Prediction.objects.exists()
    assert ask(competition="nowhere").status_code == 400


@pytest.mark.parametrize("far_back", [9, 400])
def test_a_slates_schedule_is_what_the_whole_schedule_says(monkeypatch, far_back):
    """Also where the days looked at are too few to say, and across an idle summer."""
    games = arrays.league()
    whole = schedule.schedule_features(games, np.arange(len(games)))
    monkeypatch.setattr(schedule, "FAR_BACK", far_back)

    for first in range(0, len(games) - 8, 5):
        rows = np.arange(first, first + 8)
        assert np.array_equal(schedule.schedule_features(games, rows), whole[rows]), first
