from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from celery import shared_task
from django.utils import timezone

from accounts.carried import SLOT
from accounts.jobs import recorded
from accounts.models import JobRun
from accounts.selectors import last_job_runs
from accounts.services import prune_job_runs

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_run_records_its_times_and_what_it_did():
    with time_machine.travel(NOON, tick=False) as clock, recorded("odds.fetch_odds") as run:
        assert JobRun.objects.get().finished_at is None
        run.detail["new"] = 3
        clock.shift(5)

    run = JobRun.objects.get()
    assert run.job == "odds.fetch_odds"
    assert (run.started_at, run.finished_at) == (NOON, NOON + timedelta(seconds=5))
    assert (run.succeeded, run.error, run.detail) == (True, "", {"new": 3})


def test_an_error_is_recorded_and_raised_again():
    with pytest.raises(ValueError, match="no such league"):
        fail_after_reading_one()

    run = JobRun.objects.get()
    assert (run.succeeded, run.error) == (False, "ValueError: no such league")
    assert run.detail == {"read": 1}


def test_a_clock_set_back_does_not_lose_the_record():
    with time_machine.travel(NOON, tick=False) as clock, recorded("odds.fetch_odds"):
        clock.shift(-60)

    run = JobRun.objects.get()
    assert (run.started_at, run.finished_at) == (NOON, NOON)


def test_the_state_of_a_job_is_its_latest_run_and_its_last_success():
    at = timezone.now()
    good = make_run("b", at - timedelta(hours=2), succeeded=True)
    make_run("b", at - timedelta(hours=1), succeeded=False, error="boom")
    JobRun.objects.create(job="a", started_at=at)

    a, b = last_job_runs()

    assert (a.job, a.is_running, a.last_succeeded_at) == ("a", True, None)
    assert (b.job, b.succeeded, b.error) == ("b", False, "boom")
    assert b.last_succeeded_at == good.finished_at


def test_a_job_whose_last_good_run_is_older_than_two_rounds_is_late_and_not_ok():
    now, every = timezone.now(), timedelta(minutes=15)
    old = make_run("a", now - timedelta(hours=8), succeeded=True)
    assert old.finished_at

    def said():
        return last_job_runs()[0].state(every, now=now)

    assert said() == "late"
    # One that began since and never ends has not brought anything either.
    JobRun.objects.create(job="a", started_at=now - timedelta(hours=7))
    assert said() == "late"
    make_run("a", now - timedelta(minutes=20), succeeded=True)
    assert said() == "ok"
    make_run("a", now - timedelta(minutes=10), succeeded=False)
    assert said() == "failed"
    # Of what no schedule sends, nothing is late.
    make_run("a", now - timedelta(minutes=1), succeeded=True)
    assert last_job_runs()[0].state(None, now=now + timedelta(days=9)) == "ok"


def test_a_scheduled_job_that_never_ran_is_listed_too():
    at = timezone.now()
    make_run("b", at, succeeded=True)

    a, b = last_job_runs(scheduled=["a", "b"])

    assert (a.job, a.started_at, a.is_running, a.last_finished_at) == ("a", None, False, None)
    assert (b.job, b.last_finished_at) == ("b", at)


def test_pruning_keeps_a_month_and_the_last_word_of_every_job():
    at = timezone.now()
    make_run("busy", at - timedelta(days=40), succeeded=True)
    recent = make_run("busy", at - timedelta(days=1), succeeded=True)
    make_run("silent", at - timedelta(days=50), succeeded=True)
    last_good = make_run("silent", at - timedelta(days=45), succeeded=True)
    last = make_run("silent", at - timedelta(days=44), succeeded=False)

    assert prune_job_runs(now=at) == 2
    assert set(JobRun.objects.all()) == {recent, last_good, last}


def fail_after_reading_one():
    with recorded("odds.fetch_odds") as run:
        run.detail["read"] = 1
        raise ValueError("no such league")


def make_run(job, at, *, succeeded, error=""):
    return JobRun.objects.create(
        job=job, started_at=at, finished_at=at, succeeded=succeeded, error=error
    )


@shared_task(name="tests.slotted")
def slotted():
    with recorded("tests.slotted") as run:
        run.detail["did"] = 1


def deliver(slot):
    return slotted.apply(headers={SLOT: slot.isoformat()}).state


def test_a_slot_runs_once_however_often_it_is_delivered_and_others_run():
    assert deliver(NOON) == "SUCCESS"
    assert [deliver(NOON) for _ in range(3)] == ["IGNORED"] * 3
    assert deliver(NOON + timedelta(minutes=1)) == "SUCCESS"

    assert [run.slot for run in JobRun.objects.order_by("pk")] == [
        NOON,
        NOON + timedelta(minutes=1),
    ]


def test_a_slot_whose_worker_died_is_run_by_who_is_given_it_next():
    JobRun.objects.create(job="tests.slotted", slot=NOON, started_at=NOON)

    assert deliver(NOON) == "SUCCESS"

    run = JobRun.objects.get()
    assert (run.succeeded, run.detail) == (True, {"did": 1})
    assert run.started_at > NOON


def test_what_somebody_asked_for_runs_as_often_as_they_ask():
    for _ in range(2):
        slotted.apply()

    assert JobRun.objects.filter(slot=None).count() == 2
