"""What runs by itself, and that each piece of it can be trusted to run."""

import inspect
from datetime import UTC, datetime

import pytest

from accounts.clock import Acceleration
from accounts.jobs import SLOT
from accounts.models import JobRun
from config.celery import REAL, WORLD, app, schedule
from config.queues import HURRIED

NAMED = {
    "odds.fetch_odds",
    "odds.fetch_scores",
    "odds.fetch_files",
    "odds.capture_closes",
    "odds.tell_of_finds",
    "odds.upkeep",
    "models_registry.predict_upcoming",
    "models_registry.evaluate_champion",
    "models_registry.report_drift",
    "models_registry.retrain",
    "models_registry.sweep_runs",
    "betting.tell_of_backtests",
    "betting.tell_people",
    "betting.make_take_outs",
    "betting.close_accounts",
    "models_registry.upkeep",
    "betting.refresh_opportunities",
    "betting.place_for_followers",
    "betting.settle_due_bets",
    "betting.measure_clv",
    "betting.read_breakers",
    "betting.reconcile_venues",
    "betting.refresh_outlooks",
    "betting.drop_old_prices",
    "accounts.heartbeat",
    "accounts.upkeep",
    "accounts.print_audit_head",
    "accounts.verify_audit",
    "accounts.backup",
    "betting.check_books",
}
app.loader.import_default_modules()
OURS = sorted(
    name
    for name in app.tasks
    if name.partition(".")[0] in {name.partition(".")[0] for name in NAMED}
)
# Of these a second delivery finds the row held by a lock, and does nothing.
HELD = {
    "models_registry.train",
    "models_registry.attack",
    "models_registry.search",
    "betting.backtest",
    "betting.sweep",
}
START = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_schedule_names_every_job_once():
    assert {job["task"] for job in schedule(None).values()} == NAMED
    assert len(schedule(None)) == len(NAMED) - 1 + len(HURRIED)
    assert not WORLD.keys() & REAL.keys()


def test_every_job_of_the_schedule_is_there_to_run():
    assert set(OURS) >= NAMED


@pytest.mark.parametrize("name", OURS)
def test_a_task_can_be_repeated_limited_and_called_by_name_only(name):
    task = app.tasks[name]
    parameters = inspect.signature(task.run).parameters.values()

    assert {parameter.kind for parameter in parameters} <= {
        inspect.Parameter.KEYWORD_ONLY,
        inspect.Parameter.VAR_KEYWORD,
    }
    assert name not in NAMED or all(
        parameter.default is not inspect.Parameter.empty
        or parameter.kind is inspect.Parameter.VAR_KEYWORD
        for parameter in parameters
    ), "beat sends no arguments"
    assert task.acks_late
    assert task.reject_on_worker_lost or app.conf.task_reject_on_worker_lost
    limit = task.time_limit or app.conf.task_time_limit
    # Longer than this and the broker gives it to a second worker while the first is still at it.
    assert name in HELD or limit < app.conf.broker_transport_options["visibility_timeout"]


# These hold rows of their own (messages, take-outs), only say something, or have no key to seal by.
NO_SLOT = {
    "accounts.backup",
    "accounts.heartbeat",
    "accounts.print_audit_head",
    "betting.make_take_outs",
    "betting.tell_people",
}


@pytest.mark.django_db
def test_a_slot_that_is_done_is_done_by_nobody_however_often_it_is_delivered():
    slot = {"headers": {SLOT: START.isoformat()}}
    for name in NAMED - NO_SLOT:
        JobRun.objects.create(
            job=name, slot=START, started_at=START, finished_at=START, succeeded=True
        )

    came = {
        name: {app.tasks[name].apply(**slot).state for _ in range(3)} for name in NAMED - NO_SLOT
    }

    assert {name for name, states in came.items() if states != {"IGNORED"}} == set()
    assert JobRun.objects.count() == len(NAMED - NO_SLOT)


def test_the_brokers_worst_option_is_not_set():
    """With retry_on_timeout one dropped connection hangs a worker for good."""
    assert "retry_on_timeout" not in app.conf.broker_transport_options


def test_a_fast_world_is_served_faster_but_never_without_rest():
    world = schedule(Acceleration(real=START, world=START, rate=60))

    assert world["odds.fetch_odds"]["schedule"] == 5
    assert world["betting.refresh_opportunities"]["schedule"] == 5
    assert world["models_registry.retrain"]["schedule"] == 10_080
    assert world["accounts.heartbeat.money"]["schedule"] == 15


def test_in_the_real_world_the_plan_is_asked_each_minute():
    """What that costs is the plan's to say: tests/odds/test_planning.py."""
    world = schedule(None)

    assert world["odds.fetch_odds"]["schedule"] == 60
    assert world["betting.settle_due_bets"]["schedule"] == 60


def test_what_waits_too_long_is_dropped_not_piled_up():
    for job in schedule(None).values():
        assert job["options"]["expires"] == max(job["schedule"], 30)


@pytest.mark.parametrize("queue", HURRIED)
def test_a_queue_is_sent_its_own_heartbeat(queue):
    sent = schedule(None)[f"accounts.heartbeat.{queue}"]

    assert (sent["kwargs"], sent["options"]["queue"]) == ({"queue": queue}, queue)
