"""Messages sent: each claimed, sent outside any transaction, and tried again until it is taken.

A worker that dies between sending and writing it down sends the message again, with the same id:
at least once, and the receiver can tell. A channel that fails rests, so it keeps up nobody else.
"""

import logging
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.alerts.messages import Request, request_of, said
from accounts.domain.alerts import MOST_TRIES, NUDGES, wait_after
from accounts.models import AlertChannel, AlertTrigger, Delivery
from accounts.outbound import AddressRefused, Answered, NotReached, post
from accounts.outbound.traces import going_on
from accounts.secrets import CannotDecrypt, decrypt

logger = logging.getLogger(__name__)

# Longer than one try takes; after it whoever claimed the message is taken for dead.
LEASE = timedelta(seconds=60)
AT_ONCE = 400
# A channel that takes longer over one message waits for the next round, so that others have a turn.
SLOW = timedelta(seconds=2)
LONGEST_TRIED = timedelta(days=3)
# The receiver is gone, and says so.
GONE = 410

Clock = Callable[[], datetime]


class NotTaken(Exception):
    """The message was not taken: why, and how long the receiver asked to be left alone."""

    def __init__(self, why: str, *, asked: timedelta | None = None, for_good: bool = False) -> None:
        super().__init__(why)
        self.asked, self.for_good = asked, for_good


@dataclass(slots=True)
class Delivered:
    """What came of a round: messages sent, to be tried again, given up, not to be sent."""

    sent: int = 0
    again: int = 0
    dead: int = 0
    dropped: int = 0


def deliver_due(
    *, clock: Clock, not_nudged: Collection[int], for_seconds: float, limit: int = AT_ONCE
) -> Delivered:
    """Send what is due, the longest waiting first, for so long or so many; `clock` is real time."""
    done = Delivered(dead=_give_up_old(clock()))
    slow: set[int] = set()
    begin = clock()
    for _ in range(limit):
        now = clock()
        delivery = _claim(now, slow) if now < begin + timedelta(seconds=for_seconds) else None
        if delivery is None:
            break
        _send(delivery, done, clock=clock, not_nudged=not_nudged)
        if clock() - now > SLOW:
            slow.add(delivery.channel_id)
    return done


def is_waiting(*, now: datetime) -> bool:
    """Say whether anything is to be fanned out or sent now."""
    return AlertTrigger.objects.filter(handled_at__isnull=True).exists() or _due(now).exists()


def _give_up_old(now: datetime) -> int:
    """Give up what was due and could not be sent for three days, however often it was tried."""
    return Delivery.objects.filter(
        status=Delivery.Status.WAITING, due_at__lte=now, made_at__lt=now - LONGEST_TRIED
    ).update(status=Delivery.Status.DEAD, leased_until=None, error="not taken for three days")


def _due(now: datetime) -> QuerySet[Delivery]:
    """Return what is due and nobody has, of channels that do not rest."""
    return Delivery.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lte=now),
        Q(channel__rests_until__isnull=True) | Q(channel__rests_until__lte=now),
        status=Delivery.Status.WAITING,
        due_at__lte=now,
    )


def _claim(now: datetime, slow: Collection[int]) -> Delivery | None:
    """Take what is due the longest, so that nobody else sends it too."""
    with transaction.atomic():
        delivery = (
            _due(now)
            .exclude(channel_id__in=slow)
            .select_for_update(of=("self",), skip_locked=True)
            .select_related("channel__owner", "rule")
            .order_by("due_at", "pk")
            .first()
        )
        if delivery is not None:
            delivery.leased_until = now + LEASE
            delivery.tries += 1
            delivery.save(update_fields=["leased_until", "tries"])
    return delivery


def _send(
    delivery: Delivery, done: Delivered, *, clock: Clock, not_nudged: Collection[int]
) -> None:
    channel = delivery.channel
    told = list(AlertTrigger.objects.filter(notifications__deliveries=delivery).order_by("pk"))
    if why := _reason_to_drop(channel, told, not_nudged):
        _close(delivery, Delivery.Status.DROPPED, why)
        done.dropped += 1
        return
    kept = [each for each in told if each.kind not in NUDGES or channel.owner_id not in not_nudged]
    # Several things told together go on with the first of them.
    with going_on(told[0].trace_id if told else ""):
        try:
            _hand_over(channel, delivery, kept, now=clock())
        except NotTaken as failure:
            logger.info("Message %s over %s: %s", delivery.uid, channel.kind, failure)
            _keep_for_later(delivery, failure, done, now=clock())
        else:
            logger.info("Message %s over %s: sent", delivery.uid, channel.kind)
            _note_sent(delivery, now=clock())
            done.sent += 1


def _reason_to_drop(
    channel: AlertChannel, told: list[AlertTrigger], not_nudged: Collection[int]
) -> str:
    if channel.removed_at is not None:
        return "the channel was removed"
    if not channel.owner.is_active:
        return "the account is closed"
    if told and channel.owner_id in not_nudged and all(each.kind in NUDGES for each in told):
        return "no invitations to bet while excluded"
    return ""


def _hand_over(
    channel: AlertChannel, delivery: Delivery, told: list[AlertTrigger], *, now: datetime
) -> None:
    """Send one message.

    Raises:
        NotTaken: with a reason that holds no secret.
    """
    if channel.kind == AlertChannel.Kind.MAIL:
        _mail(channel, delivery, told)
        return
    try:
        secret = decrypt(channel.secret)
        request: Request = request_of(channel, delivery, told, secret=secret, now=now)
        answered = post(request.url, body=request.body, headers=request.headers)
    except (AddressRefused, CannotDecrypt) as refusal:
        raise NotTaken(str(refusal)) from None
    except NotReached as failure:
        raise NotTaken(f"no answer: {failure}") from None
    _judge(answered)


def _judge(answered: Answered) -> None:
    if not 200 <= answered.status < 300:
        raise NotTaken(
            f"answered {answered.status}",
            asked=answered.retry_after,
            for_good=answered.status == GONE,
        )


def _mail(channel: AlertChannel, delivery: Delivery, told: list[AlertTrigger]) -> None:
    if not channel.owner.email:
        raise NotTaken("the account has no mail address")
    message = said(delivery, told)
    # A line break in a subject would begin another header.
    subject = " ".join(message.title.split())[:150]
    try:
        EmailMessage(
            subject=f"[Fairline] {subject}",
            body=message.text,
            to=[channel.owner.email],
            headers={
                "Message-ID": f"<{delivery.uid}@fairline>",
                "Auto-Submitted": "auto-generated",
            },
        ).send()
    except (SMTPException, OSError) as failure:
        raise NotTaken(f"mail was not taken: {type(failure).__name__}") from None


def _note_sent(delivery: Delivery, *, now: datetime) -> None:
    with transaction.atomic():
        delivery.sent_at, delivery.error = now, ""
        _close(delivery, Delivery.Status.SENT, "")
        AlertChannel.objects.filter(pk=delivery.channel_id).update(
            failures=0, rests_until=None, last_error="", last_sent_at=now
        )


def _keep_for_later(
    delivery: Delivery, failure: NotTaken, done: Delivered, *, now: datetime
) -> None:
    why = str(failure)[:200]
    gives_up = failure.for_good or delivery.tries >= MOST_TRIES
    with transaction.atomic():
        channel = AlertChannel.objects.select_for_update().get(pk=delivery.channel_id)
        channel.failures += 1
        wait = wait_after(
            channel.failures,
            first=settings.ALERT_RETRY_AFTER,
            spread=random.random(),  # noqa: S311 - spreads load, keeps no secret
            asked=failure.asked,
        )
        channel.rests_until, channel.last_error = now + wait, why
        channel.save(update_fields=["failures", "rests_until", "last_error"])
        if gives_up:
            _close(delivery, Delivery.Status.DEAD, why)
        else:
            # A digest keeps its time, which tells it from others; its channel rests anyway.
            if not delivery.is_digest:
                delivery.due_at = now + wait
            delivery.leased_until, delivery.error = None, why
            delivery.save(update_fields=["due_at", "leased_until", "error"])
    done.dead += gives_up
    done.again += not gives_up


def _close(delivery: Delivery, status: Delivery.Status, why: str) -> None:
    delivery.status, delivery.error, delivery.leased_until = status, why, None
    delivery.save(update_fields=["status", "error", "leased_until", "sent_at"])
