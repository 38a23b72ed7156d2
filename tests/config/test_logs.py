"""One request, one id: in its answer, in its log lines, in the job that it queued."""

import io
import json
import logging
import threading
from contextlib import closing, contextmanager

import pytest
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from accounts import audit, outbound
from accounts.alerts import keeping, telling
from accounts.domain.alerts import Fact, Kind
from accounts.models import AlertTrigger, AuditEntry
from betting.tasks import tell_people
from config.celery import app
from config.observability import mask_secrets
from config.routes import OPEN, PAGES
from odds.feeds.http import Transport


@shared_task(name="tests.note")
def note(*, subject):
    """Write down which request this belongs to."""
    audit.record(action="noted", subject=subject, actor_id=None, at=NOON)
    logging.getLogger("odds.services").info("noted in the worker")


def queue(_request):
    note.delay(subject="the job")
    return HttpResponse("queued")


def happen(request):
    """Something that somebody wants to be told of."""
    telling.tell(
        [Fact(kind=Kind.EDGE, key="q", title="Edge", text="", path="/", at=timezone.now())]
    )
    return HttpResponse("told")


urlpatterns = [path("queue", queue, name="queue"), path("happen", happen, name="happen")]
NOON = "2026-03-01T12:00:00Z"


@contextmanager
def listening():
    """Give a function that returns the lines that the product's own log handler wrote since."""
    ours = next(h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler)
    kept = io.StringIO()
    # Not by setStream, which flushes the one before: that of a test which ended may be closed.
    before, ours.stream = ours.stream, kept
    try:
        yield lambda: [json.loads(line) for line in kept.getvalue().splitlines()]
    finally:
        ours.stream = before


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
        app, perform_ping_check=False, pool="solo", queues=["test-logs"], shutdown_timeout=60
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
    traced = {line.get("trace_id") for line in heard if line.get("request_id") == request_id}
    # The logger's own first line comes before the trace is known.
    assert len(traced - {None}) == 1
    assert {"request_started", "request_finished", "task_enqueued", "noted in the worker"} <= said


def wait_for(happened, *, tries=1200):
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


@pytest.mark.django_db
def test_a_caller_that_traces_finds_its_trace_in_our_lines(lines):
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

    Client().get("/version", headers={"traceparent": f"00-{trace}-{span}-01"})
    Client().get("/version", headers={"traceparent": f"00-{trace}-forged"})

    first, second = (x["trace_id"] for x in lines() if x["event"] == "request_finished")
    assert first == trace
    assert second != trace
    assert len(second) == 32


def test_feeds_and_webhooks_are_told_which_trace_they_are_asked_for(provider, settings):
    provider.says({})
    settings.WEBHOOK_ORIGINS = [provider.url]
    trace = "ab" * 16
    with bound_contextvars(trace_id=trace):
        with closing(Transport(provider.url)) as client:
            client.get("/odds")
        outbound.post(f"{provider.url}/hook", body=b"{}", headers={})

    told = [headers["traceparent"].split("-") for headers in provider.headers]
    assert [each[1] for each in told] == [trace, trace]
    assert told[0][2] != told[1][2]


@pytest.mark.django_db
@pytest.mark.urls("tests.config.test_logs")
def test_a_request_its_outbox_the_task_and_the_webhook_are_one_trace(
    alice, lines, monkeypatch, provider, settings
):
    monkeypatch.setitem(PAGES, "happen", (OPEN, OPEN))
    settings.WEBHOOK_ORIGINS = [provider.url]
    provider.says({})
    made = keeping.add_channel(
        owner_id=alice.pk, name="bot", kind="webhook", address=f"{provider.url}/hook", token="",
        now=timezone.now(),
    )  # fmt: skip
    keeping.save_rule(
        owner_id=alice.pk, said={"name": "edges", "kind": "edge"},
        channel_ids=[made.channel.pk], now=timezone.now(),
    )  # fmt: skip
    traces = [f"{number:032x}" for number in (1, 2)]
    for trace in traces:
        Client().get("/happen", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        AlertTrigger.objects.filter(trace_id=trace).update(key=trace)

    # As the schedule starts it: in a trace of its own.
    tell_people.apply()

    told = [headers["traceparent"].split("-")[1] for headers in provider.headers]
    said = [line for line in lines() if line["event"].startswith("Message ")]
    assert told == [line["trace_id"] for line in said] == traces
