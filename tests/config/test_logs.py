"""One request, one id: in its answer, in its log lines, in the job that it queued."""

import io
import json
import logging
import threading
from contextlib import contextmanager

import pytest
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from accounts import audit
from accounts.models import AuditEntry
from config.celery import app
from config.observability import mask_secrets
from config.routes import OPEN, PAGES


@shared_task(name="tests.note")
def note(*, subject):
    """Write down which request this belongs to."""
    audit.record(action="noted", subject=subject, actor_id=None, at=NOON)
    logging.getLogger("odds.services").info("noted in the worker")


def queue(_request):
    note.delay(subject="the job")
    return HttpResponse("queued")


urlpatterns = [path("queue", queue, name="queue")]
NOON = "2026-03-01T12:00:00Z"


@contextmanager
def listening():
    """Give a function that returns the lines that the product's own log handler wrote since."""
    ours = next(h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler)
    kept = io.StringIO()
    before = ours.setStream(kept)
    try:
        yield lambda: [json.loads(line) for line in kept.getvalue().splitlines()]
    finally:
        ours.setStream(before)


@pytest.fixture
def lines():
    with listening() as lines:
        yield lines


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("tests.config.test_logs")
def test_the_id_of_a_request_follows_into_the_worker(monkeypatch):
    """A real broker and a real worker, in a thread of this process."""
    monkeypatch.setattr(app.conf, "task_default_queue", "test-logs")
    monkeypatch.setitem(PAGES, "queue", (OPEN, OPEN))
    worker = start_worker(
        app, perform_ping_check=False, pool="solo", queues=["test-logs"], shutdown_timeout=20
    )
    # The worker sets logging up anew, as it does in its own process; so listen after it started.
    with worker, listening() as lines:
        answer = Client().get("/queue")
        # The line is the last thing the task does: the audit entry is there before it.
        wait_for(lambda: "noted in the worker" in {line["event"] for line in lines()})

        heard = lines()

    request_id = answer["X-Request-ID"]
    assert AuditEntry.objects.get(subject="the job").request_id == request_id
    said = {line["event"] for line in heard if line.get("request_id") == request_id}
    assert {"request_started", "request_finished", "task_enqueued", "noted in the worker"} <= said


def wait_for(happened, *, tries=200):
    for _ in range(tries):
        if happened():
            return
        threading.Event().wait(0.05)
    raise AssertionError("It never happened")


@pytest.mark.django_db
def test_two_requests_have_two_ids():
    assert Client().get("/version")["X-Request-ID"] != Client().get("/version")["X-Request-ID"]


@pytest.mark.django_db
def test_a_client_cannot_choose_its_id():
    answer = Client().get("/version", headers={"X-Request-ID": "forged"})

    assert answer["X-Request-ID"] != "forged"


@pytest.mark.django_db
def test_every_line_is_json_with_the_id_also_from_plain_loggers(lines):
    answer = Client().get("/version")
    logging.getLogger("odds").warning("A plain line with %s", "words")

    said = lines()
    started, plain = said[0], said[-1]
    assert started["event"] == "request_started"
    assert started["request_id"] == answer["X-Request-ID"]
    assert (plain["event"], plain["level"], plain["logger"]) == (
        "A plain line with words",
        "warning",
        "odds",
    )
    assert "timestamp" in plain


@pytest.mark.django_db
def test_a_password_or_a_key_is_in_no_line(lines):
    Client().post("/login/", {"login": "alice", "password": "canary-hunter2"})
    Client().get("/api/v1/auth/me", headers={"X-Api-Key": "canary.key"})

    said = json.dumps(lines())
    assert "/login/" in said
    assert "canary" not in said


@pytest.mark.parametrize(
    "name", ["password", "SECRET_KEY", "the_odds_api_key", "Authorization", "session_cookie"]
)
def test_what_is_named_like_a_secret_is_masked(name):
    assert mask_secrets(None, "info", {name: "hunter2"}) == {name: "***"}
