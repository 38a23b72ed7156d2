"""The pipeline's pages: what an operator sees of each step, and what comes of what they do."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.test import Client
from django.utils import timezone

from accounts.carried import SLOT
from accounts.jobs import dead_letters, recorded, skips
from accounts.models import AuditEntry, DeadLetter, JobRun, JobSkip
from betting.domain.pipeline import STEPS

pytestmark = pytest.mark.django_db
STEP = "betting.settle_due_bets"


@pytest.fixture
def desk(olivia) -> Client:
    client = Client()
    client.force_login(olivia)
    return client


@pytest.fixture
def sent(monkeypatch):
    """Send nothing; note what would have been."""
    told = []
    app = current_app._get_current_object()
    monkeypatch.setattr(
        app, "send_task", lambda name, *_, **how: told.append((name, how.get("task_id")))
    )
    monkeypatch.setattr(
        "celery.app.task.Task.apply_async",
        lambda task, *_, **how: told.append((task.name, how.get("task_id"))),
    )
    monkeypatch.setattr(
        "celery.canvas._chain.apply_async",
        lambda these, **_: told.extend((each.task, None) for each in these.tasks),
    )
    return told


def ran(step=STEP, *, ago=timedelta(), seconds=2, error=""):
    began = timezone.now() - ago
    return JobRun.objects.create(
        job=step, started_at=began, finished_at=began + timedelta(seconds=seconds),
        succeeded=not error, error=error,
    )  # fmt: skip


def a_letter(**more):
    told = {"name": "one", "task": STEP, "task_id": "id-1", "queue": "money"}
    failure = dead_letters.Failure(
        **told | {"at": timezone.now(), "error": "ValueError: <b>no</b>"} | more
    )
    return dead_letters.keep(failure)


def test_each_step_says_how_it_stands_and_a_day_how_it_went(desk):
    # Whatever the hour, this was today.
    for error in ("", "ValueError: no such league"):
        ran(error=error)
    ran("odds.fetch_odds", ago=timedelta(days=2))

    text = desk.get("/pipeline/").content.decode()

    assert all(step in text for step in STEPS)
    assert "ValueError: no such league" in text
    assert text.count("tag-halt") == 1
    assert text.count(">Late<") == 1
    assert "Nothing failed for good" in text
    assert "after “Fetch scores”" in text
    assert "no such league" in desk.get("/pipeline/betting.settle_due_bets/").content.decode()
    assert desk.get("/pipeline/nonsense/").status_code == 404
    assert desk.get("/pipeline/", {"day": "nonsense"}).status_code == 200


def test_the_page_asks_no_more_for_more(desk, django_assert_max_num_queries):
    for number in range(30):
        ran(ago=timedelta(minutes=number))
        a_letter(name=str(number), arguments={"of": number})
    desk.get("/pipeline/")

    with django_assert_max_num_queries(14):
        desk.get("/pipeline/")


def test_a_step_is_run_again_with_a_reason_and_what_rests_on_it(desk, sent, olivia):
    refused = desk.post(f"/pipeline/{STEP}/run/", {"reason": " "})
    assert (refused.status_code, sent) == (422, [])
    assert "say why it is run again" in refused.content.decode()

    desk.post(f"/pipeline/{STEP}/run/", {"reason": "mended", "following": "on"})

    assert [name for name, _ in sent] == [STEP, "betting.measure_clv", "betting.check_books"]
    entry = AuditEntry.objects.get(action="asked for step")
    assert (entry.actor, entry.subject, entry.detail["reason"]) == (olivia, STEP, "mended")


def deliver(step):
    @current_app.task(name=f"tests.{timezone.now().timestamp()}")
    def task():
        with recorded(step):
            pass

    return task.apply(headers={SLOT: timezone.now().isoformat()}).state


def test_a_step_that_is_left_out_ignores_the_schedule_until_it_is_taken_up(desk, olivia):
    assert desk.post(f"/pipeline/{STEP}/skip/", {"minutes": "60"}).status_code == 422
    for wrong in ("0", "x", "10081", "9" * 20):
        answer = desk.post(f"/pipeline/{STEP}/skip/", {"minutes": wrong, "reason": "moving"})
        assert answer.status_code == 422
    assert not JobSkip.objects.exists()

    for _ in range(2):
        desk.post(f"/pipeline/{STEP}/skip/", {"minutes": "60", "reason": "moving house"})

    assert "moving house" in desk.get("/pipeline/").content.decode()
    assert deliver(STEP) == "IGNORED"
    assert deliver("odds.fetch_odds") == "SUCCESS"
    # What somebody asks for runs all the same.
    with recorded(STEP):
        pass
    desk.post(f"/pipeline/{STEP}/resume/")
    assert deliver(STEP) == "SUCCESS"
    did = AuditEntry.objects.filter(subject=STEP, actor=olivia).values_list("action", flat=True)
    assert sorted(did) == ["resumed job", "skipped job", "skipped job"]


def test_a_step_comes_back_by_itself_when_its_time_is_over():
    now = datetime.now(UTC)
    skips.skip(STEP, for_=timedelta(hours=1), reason="x", by_id=None, now=now - timedelta(hours=2))

    assert deliver(STEP) == "SUCCESS"
    assert skips.skips_in_force(now=now) == {}


def test_a_dead_letter_is_shown_and_dealt_with(desk, sent):
    letter = a_letter(traceback="line 1", arguments={"league": "<i>7</i>"}, trace_id="ab" * 16)
    other = a_letter(name="two", arguments={"league": 8})
    address = f"/dead-letters/{letter.pk}/"

    assert "&lt;b&gt;no&lt;/b&gt;" in desk.get("/pipeline/").content.decode()
    text = desk.get(address).content.decode()
    assert all(word in text for word in ("line 1", "abab", "&lt;i&gt;7&lt;/i&gt;"))
    assert desk.post(f"/dead-letters/{other.pk}/dismiss/", {"reason": ""}).status_code == 422
    desk.post(f"/dead-letters/{other.pk}/dismiss/", {"reason": "not needed"})
    for _ in range(2):
        desk.post(f"{address}retry/", {"reason": "mended"})

    assert sent == [(STEP, "id-1")]
    assert sorted(DeadLetter.objects.values_list("status", flat=True)) == ["dismissed", "retried"]
    assert desk.get("/dead-letters/999/").status_code == 404
    assert "sent once more" in desk.get(address).content.decode().lower()


def test_it_is_for_operators_alone(as_alice):
    letter = a_letter()
    for address in ("/pipeline/", f"/pipeline/{STEP}/", f"/dead-letters/{letter.pk}/"):
        assert as_alice.get(address).status_code == 403
    for address in (f"/pipeline/{STEP}/run/", f"/dead-letters/{letter.pk}/retry/"):
        assert as_alice.post(address, {"reason": "x"}).status_code == 403
