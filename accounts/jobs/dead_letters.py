"""Tasks that failed for good: kept, sent once more, dismissed, or overtaken by a later round."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import Count, QuerySet
from kombu.exceptions import OperationalError

from accounts import audit
from accounts.carried import LETTER, LONGEST_ERROR, LONGEST_TRACEBACK, SLOT
from accounts.models import DeadLetter
from accounts.secrets.masking import masked_text, scrubbed

WAITING = DeadLetter.Status.WAITING
CLOSED_KEPT = timedelta(days=90)
PRUNED_AT_ONCE = 5_000
LONGEST_ARGUMENTS = 20_000


class UnknownLetter(Exception):
    """There is no such letter."""


class LetterRefused(Exception):
    """What was asked cannot be done to this letter, and why."""


@dataclass(frozen=True)
class Failure:
    """One failure as the worker saw it; `name` tells it from every other, also from its repeat."""

    name: str
    task: str
    task_id: str
    queue: str
    error: str
    at: datetime
    arguments: Mapping[str, Any] = field(default_factory=dict)
    is_whole: bool = True
    traceback: str = ""
    slot: str = ""
    trace_id: str = ""
    letter: str = ""


FIELDS = frozenset(each.name for each in fields(Failure)) - {"at"}


@transaction.atomic
def keep(failure: Failure) -> DeadLetter:
    """Keep a failure: as a new letter, or as once more of the one that waits for the same.

    A letter that was sent once more and failed again waits again. One failure that is told twice in
    a row is counted once.
    """
    arguments, is_whole = _kept(failure.arguments)
    last = {
        "task_id": failure.task_id[:64],
        "slot": failure.slot[:40],
        "queue": failure.queue[:32],
        "error": _text(failure.error)[:LONGEST_ERROR],
        # The end says where it broke.
        "traceback": _text(failure.traceback)[-LONGEST_TRACEBACK:],
        "trace_id": failure.trace_id[:32],
        "last_failure": failure.name[:36],
    }
    letter = _again(failure)
    if letter is None:
        fingerprint = _fingerprint(failure)
        made = DeadLetter(
            task=failure.task[:128],
            arguments=arguments,
            is_whole=is_whole and failure.is_whole,
            fingerprint=fingerprint,
            first_at=failure.at,
            last_at=failure.at,
            **last,
        )
        # Two workers may fail at the same moment: one of them makes it.
        DeadLetter.objects.bulk_create([made], ignore_conflicts=True)
        letter = DeadLetter.objects.select_for_update().get(fingerprint=fingerprint, status=WAITING)
    if letter.last_failure != failure.name:
        letter.times += 1
        letter.last_at = max(failure.at, letter.last_at)
        for name, value in last.items():
            setattr(letter, name, value)
        letter.status, letter.closed_at, letter.closed_by, letter.reason = WAITING, None, None, ""
        letter.save()
    return letter


def _again(failure: Failure) -> DeadLetter | None:
    """Return the letter that was sent once more and failed, unless another waits for the same."""
    if not failure.letter:
        return None
    letter = DeadLetter.objects.select_for_update().filter(pk=failure.letter).first()
    if letter is None or letter.task != failure.task:
        return None
    others = DeadLetter.objects.filter(fingerprint=letter.fingerprint, status=WAITING)
    return None if others.exclude(pk=letter.pk).exists() else letter


def retry(*, letter_id: int, by_id: int, reason: str, now: datetime) -> DeadLetter:
    """Send a task once more, under the number and for the slot it had, so that it has one effect.

    Asked twice, it is sent once.

    Raises:
        UnknownLetter: when there is none of this number.
        LetterRefused: when it is closed otherwise, cannot be sent as it was, or nobody takes it.
    """
    with transaction.atomic():
        letter = _locked(letter_id)
        if letter.status == DeadLetter.Status.RETRIED:
            return letter
        _refuse_closed(letter)
        if not letter.is_whole:
            raise LetterRefused(
                "arguments: they held a secret, or were too long, and are not kept whole; ask for"
                " it where it was asked for the first time, and dismiss this."
            )
        current_app.loader.import_default_modules()
        task = current_app.tasks.get(letter.task)
        if task is None:
            raise LetterRefused(f"task: there is none called {letter.task} in this release.")
        _close(letter, DeadLetter.Status.RETRIED, by_id=by_id, reason=reason, now=now)
        try:
            task.apply_async(
                kwargs=letter.arguments,
                task_id=letter.task_id,
                queue=letter.queue,
                headers={LETTER: str(letter.pk)} | ({SLOT: letter.slot} if letter.slot else {}),
            )
        except OperationalError as error:
            raise LetterRefused("The queue is away; nothing was done, try again.") from error
    return letter


def dismiss(*, letter_id: int, by_id: int, reason: str, now: datetime) -> DeadLetter:
    """Close a letter without doing its task; asked twice, once.

    Raises:
        UnknownLetter: when there is none of this number.
        LetterRefused: when no reason is given, or it was closed otherwise.
    """
    if not reason.strip():
        raise LetterRefused("reason: say why nothing is to be done.")
    with transaction.atomic():
        letter = _locked(letter_id)
        if letter.status != DeadLetter.Status.DISMISSED:
            _refuse_closed(letter)
            _close(letter, DeadLetter.Status.DISMISSED, by_id=by_id, reason=reason, now=now)
    return letter


def prune(*, now: datetime) -> int:
    """Delete letters closed 90 days ago, at most 5,000; return how many. What waits stays."""
    old = DeadLetter.objects.filter(closed_at__lt=now - CLOSED_KEPT).values_list("pk", flat=True)
    count, _ = DeadLetter.objects.filter(pk__in=list(old[:PRUNED_AT_ONCE])).delete()
    return count


def waiting_letters() -> QuerySet[DeadLetter]:
    """Return what waits for somebody, newest first."""
    return DeadLetter.objects.filter(status=WAITING)


def waiting_by_queue() -> dict[str, int]:
    """Return how many letters wait, by the queue their task came from."""
    counted = waiting_letters().order_by().values_list("queue").annotate(Count("pk"))
    return dict(counted)


def letter_of(letter_id: int) -> DeadLetter:
    """Return one letter, with who closed it.

    Raises:
        UnknownLetter: when there is none of this number.
    """
    letter = DeadLetter.objects.select_related("closed_by").filter(pk=letter_id).first()
    if letter is None:
        raise UnknownLetter(f"No dead letter {letter_id}")
    return letter


def _locked(letter_id: int) -> DeadLetter:
    letter = DeadLetter.objects.select_for_update().filter(pk=letter_id).first()
    if letter is None:
        raise UnknownLetter(f"No dead letter {letter_id}")
    return letter


def _refuse_closed(letter: DeadLetter) -> None:
    if letter.status != WAITING:
        raise LetterRefused(f"It is closed: {letter.get_status_display().lower()}.")


def _close(
    letter: DeadLetter, status: DeadLetter.Status, *, by_id: int, reason: str, now: datetime
) -> None:
    letter.status, letter.closed_at, letter.closed_by_id = status, now, by_id
    letter.reason = reason.strip()[:500]
    letter.save(update_fields=["status", "closed_at", "closed_by", "reason"])
    audit.record(
        action=f"{status.value} dead letter",
        subject=f"{letter.task}, letter {letter.pk}",
        actor_id=by_id,
        at=now,
        detail={"reason": letter.reason, "failed": letter.times, "error": letter.error[:200]},
    )


def _kept(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return arguments as they may be kept, and whether they are all there."""
    # Postgres keeps every character but this one.
    said = json.dumps(arguments, default=str).replace("\\u0000", "")
    if len(said) > LONGEST_ARGUMENTS:
        return {"characters too many to keep": len(said)}, False
    given = json.loads(said)
    hidden = scrubbed(given)
    return hidden, hidden == dict(arguments)


def _fingerprint(failure: Failure) -> str:
    """Return what the same task with the same arguments has in common; made of unhidden ones."""
    said = json.dumps([failure.task, failure.arguments], sort_keys=True, default=str)
    return sha256(said.encode()).hexdigest()


def _text(text: str) -> str:
    return masked_text(text.replace("\0", ""))
