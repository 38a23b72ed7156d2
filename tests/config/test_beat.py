"""However many beats are started, one of them sends."""

import pytest
from celery import Celery
from celery.beat import PersistentScheduler

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
