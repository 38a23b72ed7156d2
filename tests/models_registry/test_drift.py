"""A champion that drifts is paused and a challenger asked for; an honest one is let be."""

import json
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import AuditEntry
from models_registry import artifacts as files
from models_registry import selectors, services
from models_registry.domain.drift import shift
from models_registry.models import DriftReport, ModelVersion, Pause, Prediction, TrainingRun
from models_registry.services.drift import readings_of
from models_registry.services.stages import stage_version
from models_registry.watching import Watched
from odds.models import Event
from tests.models_registry import league

KEY = f"{league.KEY}-h2h"
EVENTS = 110


@pytest.fixture
def champion(trained, settings) -> ModelVersion:
    services.promote_version(version_id=trained.pk, by_id=None, reason="", now=league.AFTER)
    return trained


@pytest.fixture
def now(champion):
    """The morning after the last game."""
    return Event.objects.filter(status="finished").latest("starts_at").starts_at + timedelta(days=1)


def say(version: ModelVersion, now, *, twisted: bool = False) -> None:
    """Store what its record says of the last games, an hour before each; or the very opposite."""
    record = files.load_evaluation(version.artifact, version.checksum)
    said = dict(zip(record["event_id"], record["model"], strict=True))
    events = Event.objects.filter(pk__in=said, starts_at__lt=now).order_by("-starts_at")[:EVENTS]
    rows = files.load_training(version.artifact, version.checksum)
    features = dict(zip(rows.event_id.tolist(), rows.values.tolist(), strict=True))
    Prediction.objects.bulk_create(
        Prediction(
            event=event,
            version=version,
            as_of=event.starts_at - timedelta(hours=1),
            made_at=event.starts_at - timedelta(hours=1),
            home_probability=0.97 if twisted and said[event.pk] < 0.5 else said[event.pk],
            features={
                name: None if np.isnan(value) else value
                for name, value in zip(rows.names, features[event.pk], strict=True)
            },
        )
        for event in events
    )


def levels(report: DriftReport) -> dict[str, str]:
    return {row["name"]: row["level"] for row in report.readings}


def test_an_honest_champion_is_let_be_and_read_once_a_day(champion, now):
    say(champion, now)

    first = services.report_drift(now=now)
    again = services.report_drift(now=now + timedelta(minutes=5))

    report = DriftReport.objects.get()
    assert first == {KEY: {"level": report.level, "events": report.plots["calibration"] and 110}}
    assert again[KEY]["why"] == "today's report is there"
    assert levels(report)["calibration"] == levels(report)["predictions"] == "fine"
    assert report.level != "pause"
    assert not Pause.objects.exists()
    assert not TrainingRun.objects.filter(cause="drift").exists()


def test_a_drifted_champion_is_paused_and_a_challenger_asked_for(champion, now):
    say(champion, now, twisted=True)
    event = league.upcoming(champion.predictor.competition, day=(now + timedelta(days=2)).date())
    services.predict_events(event_ids=[event.pk], as_of=now, made_at=now)
    assert set(selectors.predictions_for([event.pk], as_of=now)) == {event.pk}

    done = services.report_drift(now=now)

    run = TrainingRun.objects.get(cause="drift")
    assert done[KEY]["run"] == run.pk
    assert (run.status, run.until) == ("queued", now)
    assert levels(DriftReport.objects.get())["calibration"] == "pause"
    pause = Pause.objects.get()
    assert pause.kind == "paused"
    assert "home wins of 110" in pause.reason
    assert selectors.predictions_for([event.pk], as_of=now) == {}


def test_a_released_version_is_not_paused_again_before_it_was_fine(champion, now, alice, settings):
    say(champion, now, twisted=True)
    services.report_drift(now=now)
    released = services.release_version(
        predictor_key=KEY, by_id=alice.pk, reason="looked at", now=now + timedelta(hours=1)
    )

    services.report_drift(now=now + timedelta(days=1))

    assert Pause.objects.latest("pk") == released
    assert AuditEntry.objects.filter(action="model version released", actor=alice).exists()
    with pytest.raises(services.NotPaused):
        services.release_version(
            predictor_key=KEY, by_id=None, reason="", now=now + timedelta(hours=2)
        )
    strict = settings.DRIFT_BOUNDS
    settings.DRIFT_BOUNDS = {name: type(each)(99, 999) for name, each in strict.items()}
    services.report_drift(now=now + timedelta(days=2))
    settings.DRIFT_BOUNDS = strict
    services.report_drift(now=now + timedelta(days=3))
    assert [row.kind for row in Pause.objects.order_by("pk")] == ["paused", "released", "paused"]


def test_an_idle_month_is_no_recovery(champion, now):
    say(champion, now, twisted=True)
    services.report_drift(now=now)

    services.report_drift(now=now + timedelta(days=90))

    assert DriftReport.objects.latest("day").level == "fine"
    assert Pause.objects.get().kind == "paused"


def test_it_recovers_by_itself_only_once_every_reading_is_fine(champion, now, settings):
    say(champion, now, twisted=True)
    services.report_drift(now=now)
    figures = {row["name"]: row["figure"] for row in DriftReport.objects.get().readings}
    wide = {name: type(bounds)(99, 999) for name, bounds in settings.DRIFT_BOUNDS.items()}
    halfway = type(wide["clv"])(figures["calibration"] / 2, figures["calibration"] * 2)

    settings.DRIFT_BOUNDS = wide | {"calibration": halfway}
    services.report_drift(now=now + timedelta(days=1))
    assert Pause.objects.count() == 1, "a warning is no recovery"
    settings.DRIFT_BOUNDS = wide
    services.report_drift(now=now + timedelta(days=2))

    assert Pause.objects.latest("pk").kind == "recovered"


def test_a_challenger_in_shadow_is_judged_on_the_champions_events(champion, now):
    challenger = league.once_more(champion)
    stage_version(version_id=challenger.pk, stage="staging", by_id=None, reason="", now=now)
    say(champion, now)
    say(challenger, now, twisted=True)

    services.report_drift(now=now)

    row = DriftReport.objects.get().plots["shadow"][0]
    assert (row["version"], row["events"]) == (challenger.pk, EVENTS)
    assert row["log_loss"] > row["champion"]
    assert row["words"].startswith("worse than the champion by")


def test_one_champion_that_cannot_be_read_does_not_stop_the_rest(champion, now, artifacts):
    (artifacts / champion.artifact / "evaluation.json").unlink()

    done = services.report_drift(now=now)

    assert "ArtifactRefused" in done[KEY]["error"]
    assert not DriftReport.objects.exists()


def test_the_page_says_what_is_blocked_and_an_operator_releases(
    champion, now, monkeypatch, as_alice, olivia
):
    say(champion, now, twisted=True)
    services.report_drift(now=now)
    monkeypatch.setattr("accounts.clock.now", lambda: now + timedelta(minutes=1))

    assert "paused: prices nothing" in as_alice.get("/models/").content.decode()
    assert "paused" in as_alice.get("/models/drift/").content.decode()
    page = as_alice.get(f"/models/drift/{KEY}/").content.decode()
    assert "Not blocked:" in page
    assert "Why it may price again" not in page
    address = f"/models/drift/{KEY}/release/"
    assert as_alice.post(address, {"reason": "me"}).status_code == 403
    operator = Client()
    operator.force_login(olivia)
    assert operator.post(address, {"reason": "looked at"}).status_code == 302
    assert Pause.objects.latest("pk").by.username == "olivia"


def test_the_command_reads_and_shows(champion, now, monkeypatch, capsys):
    say(champion, now)
    monkeypatch.setattr("accounts.clock.now", lambda: now)

    call_command("models", "drift", "--json")

    rows = json.loads(capsys.readouterr().out)
    assert [row["version"] for row in rows] == [f"{KEY}/1"]
    assert {each["name"] for each in rows[0]["readings"]} == {
        "inputs", "predictions", "calibration", "log_loss", "clv",
    }  # fmt: skip


def test_what_began_a_month_ago_is_not_thinned_by_the_month_before():
    """Seven games a day at even chances: a month as foretold, then 32 home wins too many of 210.

    Over both months that is three standard errors, over the newest one more than four.
    """
    count, half = 420, 210
    won = np.concatenate([np.arange(half) % 2 == 0, np.arange(half) < 137])
    even = np.full(count, 0.5)
    seen = Watched(
        day=np.repeat(np.arange(60), 7), happened=won, said=even, first=even,
        then=np.full(count, np.nan), close=np.full(count, np.nan), values=np.empty((count, 0)),
    )  # fmt: skip
    record = {"model": even, "won": won.astype(float), "close": np.full(count, np.nan)}

    told = {each.name: each for each in readings_of(seen, record, {})}

    assert told["calibration"].level == "pause"
    assert told["calibration"].figure == pytest.approx(4.416, abs=0.001)
    assert told["calibration"].words.startswith("137 home wins of 210, 105.0 expected")
    assert told["calibration"].words.endswith("in the last 30 days")
    assert told["predictions"].words.endswith("mean 0.500, then 0.500")


def test_two_samples_of_one_distribution_do_not_drift():
    """The chance that is taken off holds: of 400 honest samples hardly one exceeds it."""
    rng = np.random.default_rng(0)
    reference = np.round(rng.normal(size=2000), 1)
    excess = [shift(reference, np.round(rng.normal(size=150), 1)).excess for _ in range(400)]

    assert np.mean(np.array(excess) > 0) < 0.01
    assert shift(reference, rng.normal(0.7, size=150)).excess > 0.1
