"""However many beats are started, one of them sends."""

from datetime import timedelta

import pytest
import time_machine
from celery import Celery
from celery.beat import PersistentScheduler, ScheduleEntry
from celery.schedules import schedule

from accounts.carried import SLOT
from config.beat import LOOK_SECONDS, Leadership, OneBeat
from config.celery import app
from tests.live.serving import until

LOCK = 20_260_115


@pytest.fixture
def two():
    first, second = Leadership(LOCK), Leadership(LOCK)
    yield first, second
    first.resign()
    second.resign()


@pytest.mark.django_db
def test_one_leads_until_it_resigns(two):
    first, second = two

    assert [first.is_ours(), second.is_ours(), first.is_ours()] == [True, False, True]
    first.resign()

    assert second.is_ours()
    assert not first.is_ours()


@pytest.mark.django_db
def test_whose_connection_is_cut_leads_no_more_and_the_next_does(two):
    first, second = two
    assert first.is_ours()
    first._connection.close()

    assert not first.is_ours()
    # The database has to notice.
    until(second.is_ours, "the other to lead")


@pytest.mark.django_db
def test_a_beat_that_does_not_lead_sends_nothing(two, tmp_path, monkeypatch):
    ticks = []
    monkeypatch.setattr(PersistentScheduler, "tick", lambda self: ticks.append(self) or 1.0)
    beats = []
    for number, leadership in enumerate(two):
        beat = OneBeat(
            Celery("test", set_as_current=False),
            schedule_filename=str(tmp_path / str(number)),
            lazy=True,
        )
        beat._leadership = leadership
        beats.append(beat)

    assert [beat.tick() for beat in beats] == [1.0, LOOK_SECONDS]
    assert ticks == [beats[0]]


def test_the_product_is_scheduled_by_it():
    assert app.conf.beat_scheduler == "config.beat:OneBeat"


def test_two_beats_send_a_job_for_the_same_slot_and_the_next_round_for_another(
    tmp_path, monkeypatch
):
    sent = []
    monkeypatch.setattr(
        PersistentScheduler,
        "apply_async",
        lambda self, entry, *_, **__: sent.append(entry.options["headers"][SLOT]),
    )
    entry = ScheduleEntry("a", "odds.fetch_odds", schedule=schedule(timedelta(seconds=60)), app=app)
    beats = [
        OneBeat(app, schedule_filename=str(tmp_path / str(number)), lazy=True)
        for number in range(2)
    ]
    with time_machine.travel("2026-03-01T12:00:07Z", tick=False) as clock:
        for beat in beats:
            beat.apply_async(entry)
            clock.shift(20)
        clock.shift(20)
        beats[0].apply_async(entry)

    assert sent == ["2026-03-01T12:00:00+00:00"] * 2 + ["2026-03-01T12:01:00+00:00"]
