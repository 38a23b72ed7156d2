"""Tasks, queues and what cannot be read, as a scrape tells them."""

import os
import socket
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from celery.worker import state
from django.conf import settings
from django.test import Client
from django.utils import timezone
from kombu import Connection
from prometheus_client import REGISTRY
from redis import Redis

from accounts import heartbeat
from accounts.models import AlertChannel, Delivery
from config import queues
from config.celery import app
from config.seeing import machines, signs
from tests import make
from tests.live.serving import until


@shared_task(name="tests.does")
def does():
    """End well."""


@shared_task(name="tests.fails")
def fails():
    raise ValueError("as it was told to")


@pytest.fixture
def queue(monkeypatch):
    """Return a queue of this test's own, the only one there is."""
    name = f"tests-{uuid.uuid4()}"
    monkeypatch.setattr(machines, "QUEUES", (name,))
    yield name
    Redis.from_url(settings.REDIS_URL).delete(name)


def count(task, outcome):
    named = {"task": task, "outcome": outcome}
    return REGISTRY.get_sample_value("fairline_task_runs_total", named) or 0


def figures(queue):
    return {
        family.name: sample.value
        for family in machines.queues()
        for sample in family.samples
        if sample.labels.get("queue") == queue
    }


def test_a_queue_tells_how_many_wait_and_for_how_long(queue):
    assert figures(queue) == {"fairline_queue_length": 0, "fairline_queue_oldest_seconds": 0}

    with time_machine.travel(make.NOON, tick=False) as now:
        does.apply_async(queue=queue)
        now.shift(40)
        does.apply_async(queue=queue)
        now.shift(2)

        assert figures(queue) == {"fairline_queue_length": 2, "fairline_queue_oldest_seconds": 42}


def test_a_worker_counts_what_ends_well_what_fails_and_what_waited_too_long(queue):
    before = {each: count(*each) for each in _ENDS}
    waits = {"queue": queue}
    does.apply_async(queue=queue)
    fails.apply_async(queue=queue)
    does.apply_async(queue=queue, expires=-1)

    with start_worker(
        app, perform_ping_check=False, pool="solo", queues=[queue], shutdown_timeout=60
    ):
        until(lambda: all(count(*each) == before[each] + 1 for each in _ENDS), "three ends")

    took = REGISTRY.get_sample_value("fairline_task_seconds_count", {"task": "tests.fails"})
    assert took >= 1
    assert REGISTRY.get_sample_value("fairline_task_wait_seconds_count", waits) == 2


_ENDS = [("tests.does", "succeeded"), ("tests.fails", "failed"), ("tests.does", "expired")]


@pytest.mark.django_db
def test_what_cannot_be_read_is_said_and_the_rest_is_told(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"

    text = Client().get("/metrics").content.decode()

    assert 'fairline_unread{part="queues"} 1.0' in text
    assert 'fairline_unread{part="database"} 0.0' in text
    assert "fairline_database_connections_max " in text
    assert "fairline_queue_length{" not in text


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("odds.fetch_odds", queues.FEEDS),
        ("odds.upkeep", queues.FEEDS),
        ("betting.settle_due_bets", queues.MONEY),
        ("accounts.heartbeat", queues.MONEY),
        ("models_registry.predict_upcoming", queues.MONEY),
        ("models_registry.train", queues.MODELS),
        ("betting.backtest", queues.MODELS),
    ],
)
def test_what_waits_in_which_queue(task, queue):
    assert app.amqp.router.route({}, task)["queue"].name == queue


def test_the_settings_that_were_found_by_breaking_things():
    """What a killed worker, a dropped connection and a restarted broker asked for, measured."""
    conf = app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_serializer == "json"
    assert conf.accept_content == ["json"]
    assert conf.task_ignore_result
    assert conf.worker_cancel_long_running_tasks_on_connection_loss
    assert conf.worker_soft_shutdown_timeout == 30
    assert conf.worker_max_tasks_per_child == 500
    assert conf.broker_connection_retry_on_startup
    assert conf.broker_connection_max_retries is None
    assert not conf.worker_enable_remote_control
    options = conf.broker_transport_options
    # With it one dropped connection hangs a worker for good.
    assert "retry_on_timeout" not in options
    seen = conf.visibility_timeout, conf.result_backend_transport_options["visibility_timeout"]
    assert {options["visibility_timeout"], *seen} == {900}
    assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (5, 1)
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (10, 5)
    assert options["socket_keepalive"]
    assert options["health_check_interval"] == 10
    assert conf.task_soft_time_limit < conf.task_time_limit < options["visibility_timeout"]


@pytest.mark.django_db
def test_messages_of_the_last_hour_are_told_by_channel_and_result(alice):
    now = timezone.now()
    mail = AlertChannel.objects.create(owner=alice, name="me", kind="mail", created_at=now)
    for result, age in (("sent", 1), ("sent", 59), ("sent", 61), ("dead", 5)):
        made = now - timedelta(minutes=age)
        Delivery.objects.create(channel=mail, status=result, made_at=made, due_at=made)

    told = {
        (sample.labels["channel"], sample.labels["result"]): sample.value
        for family in machines.messages()
        if family.name == "fairline_outbox_messages"
        for sample in family.samples
    }

    assert told == {("mail", "sent"): 2, ("mail", "dead"): 1}


def test_a_worker_gives_its_sign_in_its_file_and_for_queues_that_may_be_busy(settings, tmp_path):
    settings.WORKER_SIGN_FILE = str(tmp_path / "sign")

    signs.give(("money", "models", "tests-own"))

    assert (tmp_path / "sign").read_text() == str(os.getpid())
    # Of money a heartbeat tells that goes the whole way.
    assert heartbeat.last_beats(queues.QUEUES).keys() == {"models"}


def test_a_worker_without_a_cache_gives_its_sign_all_the_same(settings, tmp_path):
    settings.WORKER_SIGN_FILE = str(tmp_path / "sign")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": address}}

        signs.give(("models",))

    assert (tmp_path / "sign").exists()


def test_a_worker_with_full_hands_and_no_task_in_them_connects_anew(settings, monkeypatch):
    """As after a task that ended while the broker was away, whose message nobody answers for."""
    settings.WORKER_SIGN_FILE = ""
    with Connection("memory://") as line:
        channel = line.channel()
        channel.qos.prefetch_count = 1
        worker = SimpleNamespace(consumer=SimpleNamespace(task_consumer=None))
        step = signs.Signs(worker)
        # While it connects it is nothing yet.
        step._look(worker, ())
        worker.consumer.task_consumer = SimpleNamespace(channel=channel)
        step._look(worker, ())
        channel.qos.append(object(), "a tag")
        monkeypatch.setattr(state, "reserved_requests", {"a task at work"})
        step._look(worker, ())
        step._look(worker, ())
        monkeypatch.setattr(state, "reserved_requests", set())
        step._look(worker, ())
        with pytest.raises(ConnectionResetError, match="hands are full"):
            step._look(worker, ())
