"""What failed for good is kept, told once, and dealt with once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Terminated, TimeLimitExceeded, WorkerLostError
from django.conf import settings
from django.utils import timezone
from redis import Redis

from accounts.carried import LETTER, SLOT
from accounts.jobs import dead_letters, recorded
from accounts.jobs.dead_letters import Failure, LetterRefused
from accounts.jobs.skips import skip
from accounts.models import AuditEntry, DeadLetter, JobRun
from config.celery import app
from config.seeing import letters, tasks
from tests.live.serving import until

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUEUE = "tests-letters"
FAILED = Failure(
    name="one", task="tests.mends", task_id="id-1", queue=QUEUE, at=NOON,
    error="ValueError: no such league", arguments={"league": 7}, traceback="line 1\nline 2",
    trace_id="ab" * 16,
)  # fmt: skip
mended: list[int] = []


@shared_task(name="tests.mends")
def mends(*, league: int = 0) -> None:
    """Fail until it was mended; of one slot, do once."""
    with recorded("tests.mends") as run:
        if not mended:
            raise ValueError(f"no such league, token=canary{league}")
        run.detail["did"] = league
        mended.append(league)


@pytest.fixture(autouse=True)
def _mended():
    mended.clear()


@pytest.mark.django_db
def test_the_same_failure_is_one_letter_that_counts():
    dead_letters.keep(FAILED)
    dead_letters.keep(FAILED)
    later = NOON + timedelta(minutes=1)
    dead_letters.keep(replace(FAILED, name="two", at=later, error="KeyError: 7", task_id="id-2"))
    dead_letters.keep(replace(FAILED, name="three", arguments={"league": 8}))

    eighth, seventh = DeadLetter.objects.order_by("first_at", "-pk")
    assert eighth.times == 1
    assert (seventh.times, seventh.first_at, seventh.last_at) == (2, NOON, later)
    assert (seventh.error, seventh.task_id) == ("KeyError: 7", "id-2")
    assert dead_letters.waiting_by_queue() == {QUEUE: 2}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments",
    [{"league": 7, "api_key": "canary"}, {"at": "https://x/?apiKey=canary"}, {"x": "a" * 20_001}],
)
def test_a_secret_is_not_kept_and_what_is_not_whole_is_not_sent(arguments, olivia):
    letter = dead_letters.keep(
        replace(FAILED, arguments=arguments, error="token=canary", traceback="Bearer canary\0")
    )

    row = DeadLetter.objects.values().get()
    assert "canary" not in str(row)
    with pytest.raises(LetterRefused, match="arguments: they held a secret"):
        dead_letters.retry(letter_id=letter.pk, by_id=olivia.pk, reason="", now=NOON)
    letter.refresh_from_db()
    assert letter.status == "waiting"


@pytest.mark.django_db
def test_a_letter_is_dismissed_with_a_reason_and_then_not_sent(olivia):
    letter = dead_letters.keep(FAILED)
    ask = {"letter_id": letter.pk, "by_id": olivia.pk, "now": NOON}

    with pytest.raises(LetterRefused, match="reason: say why"):
        dead_letters.dismiss(reason=" ", **ask)
    for _ in range(2):
        dead_letters.dismiss(reason="The league is no more", **ask)
    with pytest.raises(LetterRefused, match="closed: dismissed"):
        dead_letters.retry(reason="", **ask)

    entry = AuditEntry.objects.get(action="dismissed dead letter")
    assert (entry.actor, entry.detail["reason"]) == (olivia, "The league is no more")


@pytest.mark.django_db
def test_a_later_round_that_ends_well_closes_what_waits_of_the_job():
    job = dead_letters.keep(replace(FAILED, arguments={}))
    other = dead_letters.keep(FAILED)
    mended.append(0)

    mends.apply()

    job.refresh_from_db()
    other.refresh_from_db()
    assert (job.status, other.status) == ("overtaken", "waiting")


@pytest.mark.django_db
def test_letters_are_forgotten_90_days_after_they_are_closed(olivia):
    for name in ("a", "b"):
        dead_letters.keep(replace(FAILED, name=name, arguments={"of": name}))
    old = DeadLetter.objects.first()
    dead_letters.dismiss(letter_id=old.pk, by_id=olivia.pk, reason="old", now=NOON)

    assert dead_letters.prune(now=NOON + timedelta(days=89)) == 0
    assert dead_letters.prune(now=NOON + timedelta(days=91)) == 1
    assert DeadLetter.objects.get().status == "waiting"


@pytest.mark.django_db(transaction=True)
def test_a_task_that_fails_is_kept_and_sent_once_more_has_one_effect(monkeypatch, olivia):
    """A real broker and a real worker, in a thread of this process."""
    monkeypatch.setattr(app.conf, "task_default_queue", QUEUE)
    Redis.from_url(settings.REDIS_URL).delete(QUEUE)
    slot = {SLOT: NOON.isoformat()}
    with start_worker(
        app, perform_ping_check=False, pool="solo", queues=[QUEUE], shutdown_timeout=60
    ):
        sent = mends.apply_async(kwargs={"league": 7}, headers=slot)
        until(DeadLetter.objects.exists, "a letter")
        letter = DeadLetter.objects.get()
        told = {"letter_id": letter.pk, "by_id": olivia.pk, "reason": "mended", "now": NOON}

        # Not mended yet: it fails again and waits again.
        dead_letters.retry(**told)
        until(lambda: DeadLetter.objects.filter(times=2, status="waiting").exists(), "it again")
        mended.append(0)
        for _ in range(3):
            dead_letters.retry(**told)
        until(lambda: len(mended) > 1, "the effect")
        # Delivered once more, its slot is done.
        mends.apply_async(kwargs={"league": 7}, headers=slot | {LETTER: str(letter.pk)})
        until(lambda: Redis.from_url(settings.REDIS_URL).llen(QUEUE) == 0, "the queue to be empty")

    letter.refresh_from_db()
    assert mended == [0, 7]
    assert (letter.task_id, letter.queue, letter.arguments) == (sent.id, QUEUE, {"league": 7})
    assert letter.error == "ValueError: no such league, token=***"
    assert 'raise ValueError(f"no such league' in letter.traceback
    assert len(letter.trace_id) == 32
    assert JobRun.objects.filter(job="tests.mends", succeeded=True).count() == 1
    assert AuditEntry.objects.filter(action="retried dead letter").count() == 2


@pytest.mark.django_db
def test_what_somebody_sends_once_more_runs_although_its_job_is_left_out():
    skip("tests.mends", for_=timedelta(hours=1), reason="x", by_id=None, now=timezone.now())
    mended.append(0)
    slot = {SLOT: NOON.isoformat()}

    mends.apply(kwargs={"league": 7}, headers=slot)
    assert mended == [0]
    mends.apply(kwargs={"league": 7}, headers=slot | {LETTER: "1"})

    assert mended == [0, 7]


class Given:
    """A delivery, as a worker's first process has it."""

    def __init__(self, *, redelivered: bool) -> None:
        self.delivery_info = {"redelivered": redelivered, "routing_key": QUEUE}
        self.acknowledged = False

    def acknowledge(self):
        self.acknowledged = True


@pytest.mark.parametrize(
    ("error", "redelivered", "is_told"),
    [
        (WorkerLostError("killed"), False, False),
        (WorkerLostError("killed"), True, True),
        (SystemExit(), True, True),
        (Terminated(15), True, False),
        (TimeLimitExceeded(300), False, True),
        (ValueError("wrong"), False, True),
    ],
)
def test_a_task_that_two_workers_die_of_is_not_given_to_a_third(
    monkeypatch, error, redelivered, is_told
):
    told = []
    monkeypatch.setattr(letters, "tell", lambda *failure: told.append(failure))
    delivery = Given(redelivered=redelivered)

    tasks.CountedRequest._give_up(delivery, error, "")

    assert bool(told) is is_told
    # What failed is acknowledged by Celery itself.
    lost = isinstance(error, WorkerLostError | SystemExit)
    assert delivery.acknowledged is (is_told and lost)
