"""The truth table of the doors, against really closed and really silent ports."""

import socket
from datetime import timedelta
from decimal import Decimal
from time import monotonic

import pgtrigger
import pytest
import time_machine
from django.conf import settings
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from accounts import heartbeat
from accounts.jobs import recorded
from betting.models import LedgerAccount
from betting.selectors.figures import Figures, business_figures
from config import doors, measures, turn
from config.queues import QUEUES
from odds.feeds.gate import Gate
from odds.feeds.the_odds_api import PROVIDER
from odds.models import FeedRun, Sighting
from tests import make

NOTHING = Figures({}, {}, {}, {}, timedelta())


@pytest.fixture
def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def silent_port():
    """Return a port that takes calls and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def beating():
    for queue in QUEUES:
        heartbeat.beat(queue=queue, at=timezone.now())


def database_at(monkeypatch, port):
    monkeypatch.setitem(connections.settings["default"], "HOST", "127.0.0.1")
    monkeypatch.setitem(connections.settings["default"], "PORT", port)


def cache_at(settings, port):
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": f"redis://127.0.0.1:{port}/0"}
    }


def ask(door="ready"):
    # Whoever has a session is answered like anybody: it is not looked up.
    someone = Client(HTTP_COOKIE=f"{settings.SESSION_COOKIE_NAME}=abc")
    # A door that waits too long does so every time; a busy machine does not.
    for _ in range(3):
        started = monotonic()
        answer = someone.get(f"/health/{door}")
        if (took := monotonic() - started) < 2:
            break
    assert took < 2
    said = answer.json()
    return answer.status_code, said["status"], said["checks"]


OK = {"database": "ok", "cache": "ok", "feed": "ok"} | dict.fromkeys(
    ("worker money", "worker feeds", "worker models"), "ok"
)


@pytest.mark.django_db
@pytest.mark.usefixtures("beating")
def test_ready_when_all_is_there():
    assert ask() == (200, "ok", OK)
    assert ask("start") == (200, "ok", {"database": "ok"})


@pytest.mark.django_db
@pytest.mark.usefixtures("beating")
def test_not_ready_without_the_database(monkeypatch, closed_port):
    database_at(monkeypatch, closed_port)

    said = OK | {"database": "OperationalError", "feed": "OperationalError"}
    assert ask() == (503, "unavailable", said)
    assert ask("start") == (503, "unavailable", {"database": "OperationalError"})


@pytest.fixture
def new_server(monkeypatch):
    """As if nobody had been sent here yet."""
    monkeypatch.setattr(turn, "_said", bytearray(2))


@pytest.mark.django_db
@pytest.mark.usefixtures("new_server")
def test_requests_are_sent_here_once_it_can_serve_and_until_it_is_told_to_stop(
    monkeypatch, closed_port
):
    def serving():
        return Client().get("/health/serving").status_code

    with monkeypatch.context() as away:
        database_at(away, closed_port)
        assert serving() == 503
    assert serving() == 200
    # Nobody else has that database either.
    with monkeypatch.context() as away:
        database_at(away, closed_port)
        assert serving() == 200
    turn.end()
    assert serving() == 503
    assert ask("start")[0] == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("beating")
def test_with_a_silent_database_every_door_answers_within_two_seconds(monkeypatch, silent_port):
    database_at(monkeypatch, silent_port)

    status, word, checks = ask()

    assert (status, word) == (503, "unavailable")
    assert checks["database"] == checks["feed"] == "no answer within 1.5 s"
    assert (checks["cache"], checks["worker money"]) == ("ok", "ok")
    assert ask("start")[0] == 503
    assert Client().get("/health/live").status_code == 200


@pytest.mark.django_db
def test_degraded_without_the_cache_where_the_heartbeats_are_too(settings, closed_port):
    """Pages still answer; who logs in waits."""
    cache_at(settings, closed_port)

    status, word, checks = ask()

    assert (status, word) == (200, "degraded")
    assert {checks["cache"], checks["worker money"]} == {"ConnectionError"}
    assert ask("start")[0] == 200


@pytest.mark.django_db
def test_a_silent_cache_is_given_two_seconds(settings, silent_port):
    cache_at(settings, silent_port)

    status, word, checks = ask()

    assert (status, word) == (200, "degraded")
    assert checks["database"] == "ok"
    assert checks["cache"] in {"no answer within 1.5 s", "TimeoutError"}


@pytest.mark.django_db
@pytest.mark.usefixtures("beating")
@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize(
    ("age", "said"), [(89, "ok"), (91, "no worker of {} has reported for 91 s")]
)
def test_a_silent_queue_is_named(queue, age, said):
    with time_machine.travel(timezone.now(), tick=False):
        heartbeat.beat(queue=queue, at=timezone.now() - timedelta(seconds=age))

        status, word, checks = ask()

    assert (status, word) == (200, "ok" if said == "ok" else "degraded")
    assert checks == OK | {f"worker {queue}": said.format(queue)}


@pytest.mark.django_db
def test_degraded_before_any_worker_ever_reported():
    _, word, checks = ask()

    assert word == "degraded"
    assert checks["worker feeds"] == "no worker of feeds has ever reported: start worker and beat"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("beating")
def test_degraded_when_the_last_fetch_failed_until_one_succeeds():
    def fetched(outcome, minute, kind="odds"):
        at = make.NOON + timedelta(minutes=minute)
        FeedRun.objects.create(provider=PROVIDER, kind=kind, started_at=at, outcome=outcome)

    fetched("succeeded", 0)
    fetched("failed", 1)
    fetched("running", 2)
    fetched("succeeded", 3, kind="scores")
    assert ask() == (200, "degraded", OK | {"feed": "the last fetch of odds failed: see Status"})
    assert ask("start")[1] == "ok"
    fetched("succeeded", 4)
    assert ask() == (200, "ok", OK)


@pytest.mark.django_db
@pytest.mark.usefixtures("beating")
def test_degraded_while_the_provider_is_left_alone(monkeypatch):
    monkeypatch.setattr(Gate, "is_shut", property(lambda _: True))

    _, word, checks = ask()

    assert word == "degraded"
    assert "left alone" in checks["feed"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("beating")
def test_not_ready_with_a_migration_missing():
    row = MigrationRecorder.Migration.objects.get(app="sessions", name="0001_initial")
    MigrationRecorder.Migration.objects.filter(pk=row.pk).delete()
    try:
        status, _, checks = ask()
        begun = ask("start")[0]
    finally:
        MigrationRecorder.Migration.objects.create(app=row.app, name=row.name, applied=row.applied)

    assert (status, begun) == (503, 503)
    assert checks["database"] == "migration sessions.0001_initial not applied: run migrate"


@pytest.mark.django_db
def test_a_probe_may_come_by_an_address_and_nobody_else(settings):
    """As an image's health check and Kubernetes do; a page by a wrong host is refused."""
    settings.ALLOWED_HOSTS = [".fairline.example.org"]
    pod = Client(HTTP_HOST="10.1.2.3:8000")

    assert pod.get("/health/live").status_code == 200
    assert pod.get("/version").status_code == 200
    assert pod.get("/metrics").status_code == 200
    assert pod.get("/login/").status_code == 400


def test_live_needs_nothing(monkeypatch, settings, closed_port):
    """No database mark: a query would fail the test."""
    database_at(monkeypatch, closed_port)
    cache_at(settings, closed_port)

    answer = Client().get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_reason_never_shows_a_drivers_message():
    def leak():
        raise OSError("could not reach postgres://me:hunter2@db")

    assert doors.run_checks({"database": leak}) == {"database": "OSError"}


def test_version_says_which(settings):
    settings.REVISION = "abc123"

    assert Client().get("/version").json() == {
        "name": "fairline",
        "version": settings.VERSION,
        "revision": "abc123",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "192.0.2.1"}, 403),
        ({"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, 403),
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_AUTHORIZATION": "Bearer wrong"}, 403),
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_AUTHORIZATION": "Bearer the-token"}, 200),
    ],
)
def test_metrics_are_for_this_machine_or_the_token(settings, asked, status):
    settings.METRICS_TOKEN = "the-token"

    assert Client().get("/metrics", **asked).status_code == status


@pytest.mark.django_db
def test_without_a_token_set_an_empty_bearer_opens_nothing():
    asked = {"REMOTE_ADDR": "192.0.2.1", "HTTP_AUTHORIZATION": "Bearer "}

    assert Client().get("/metrics", **asked).status_code == 403


@pytest.mark.django_db
@pytest.mark.usefixtures("beating")
def test_metrics_tell_requests_and_jobs():
    with recorded("odds.fetch_odds"):
        pass

    text = Client().get("/metrics").content.decode()

    assert "django_http_requests_total" in text
    assert 'fairline_job_failing{task="odds.fetch_odds"} 0.0' in text
    assert 'fairline_job_success_age_seconds{task="odds.fetch_odds"} ' in text
    assert 'fairline_worker_heartbeat_age_seconds{queue="feeds"} ' in text


@pytest.mark.django_db
def test_metrics_tell_the_business(alice):
    make.bankroll(alice)
    quote = make.priced()
    bet = make.place(alice, quote, "12.50")
    Sighting.objects.create(
        event=bet.selection.market.event, market_key="h2h", seen_at=make.NOON, fingerprint=1
    )
    make.finish(bet.selection.market.event, 100, 90)

    with time_machine.travel(make.NIGHT + timedelta(minutes=5), tick=False):
        text = Client().get("/metrics").content.decode()

    assert 'fairline_open_exposure{currency="EUR"} 12.5' in text
    assert 'fairline_ledger_drift{currency="EUR"} 0.0' in text
    assert "fairline_settlement_lag_seconds 300.0" in text
    age = (make.NIGHT - make.NOON + timedelta(minutes=5)).total_seconds()
    assert f"fairline_quote_age_seconds {age}" in text


@pytest.mark.django_db
def test_a_reading_of_the_business_serves_several_scrapes(monkeypatch):
    reads = []
    monkeypatch.setattr(measures, "business_figures", lambda now: reads.append(now) or NOTHING)

    for _ in range(3):
        Client().get("/metrics")

    assert len(reads) == 1


@pytest.mark.django_db
def test_money_that_does_not_add_up_shows(alice):
    make.bankroll(alice, "1000.00")
    with pgtrigger.ignore():
        LedgerAccount.objects.filter(kind="free").update(amount=Decimal("999.00"))

    assert business_figures(make.NOON).drift == {"EUR": Decimal("1.00")}
