"""Hear bots: a source is a strategy of its owner's, and decides as every strategy does.

A signal says where to look and a probability. Prices, the market's opinion, gates, limits and
breakers are ours, and nothing is placed that its owner does not place or follow.
"""

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts import audit, sources
from accounts.models import SignalSource, User
from betting.domain.configuration import Configuration
from betting.domain.rules.signals import RULE
from betting.models import Signal
from betting.services.strategies import archive_strategy, make_strategy, switch_strategy
from odds.models import Event, EventStatus, Selection

logger = logging.getLogger(__name__)

MARKETS = ("h2h", "spreads", "totals")


class SignalRefused(Exception):
    """Why a signal was not heard: the field, what was sent there, and what would do."""

    def __init__(self, field: str, detail: str, value: str | None = None) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail, self.value = field, detail, value


@dataclass(frozen=True, slots=True)
class Said:
    """What a bot says. `event` is our number of it, or the key that a feed has for it."""

    source: str
    event: str
    market: str
    side: str
    point: Decimal | None
    probability: float
    minutes: int

    @property
    def content(self) -> dict[str, Any]:
        """What was said, but for by whom."""
        return {name: value for name, value in asdict(self).items() if name != "source"}


@dataclass(frozen=True, slots=True)
class Sealed:
    """A body as it came in, with the signature and the id it was sent with."""

    reference: str
    signature: str
    body: bytes

    @property
    def signed(self) -> bytes:
        """What the signature is of: the id, a dot, and the very bytes of the body."""
        return f"{self.reference}.".encode() + self.body


@transaction.atomic
def make_source(
    *, by: User, name: str, now: datetime, real_now: datetime
) -> tuple[SignalSource, str]:
    """Make a source with its strategy, switched on; return it with its secret, shown once.

    Raises:
        SourceRefused: naming the field.
    """
    source, text = sources.make_source(owner_id=by.pk, name=name, now=real_now)
    strategy = make_strategy(
        title=source.name,
        content=Configuration(rule=RULE.key, market_keys=MARKETS).to_json(),
        by=by,
        is_shared=False,
        now=now,
    )
    strategy.source = source
    strategy.save(update_fields=["source"])
    switch_strategy(key=strategy.key, is_active=True, by=by, now=now)
    return source, text


@transaction.atomic
def revoke_source(*, by: User, key: str, now: datetime, real_now: datetime) -> SignalSource:
    """Revoke a source and put its strategy away: what it found ends with the next look.

    Raises:
        UnknownSource: if it is not this person's.
    """
    source = sources.revoke_source(owner_id=by.pk, key=key, now=real_now)
    archive_strategy(key=source.strategy.key, is_archived=True, by=by, now=now)
    return source


@transaction.atomic
def hear_signal(
    *, owner_id: int, said: Said, sealed: Sealed, now: datetime, real_now: datetime
) -> Signal:
    """Take down what a bot says, in force from `now`; what names nothing we know is put aside.

    `real_now` is what the signature is held against. A repeat of the sender's id returns the first
    signal and writes nothing.

    Raises:
        SignalRefused: naming the field, for an unknown source, a signature that does not prove
            what was sent, an id used for something else, or an event that has begun.
    """
    source = sources.usable_source(owner_id=owner_id, key=said.source)
    if source is None:
        raise SignalRefused(
            "source",
            "You have no source of this key that works; the page Signals shows yours.",
            said.source,
        )
    if why := sources.why_not_proven(source, sealed.signature, sealed.signed, now=real_now):
        logger.warning("A signal to source %s was not proven", source.key)
        raise SignalRefused("Fairline-Signature", f"{why[:1].upper()}{why[1:]}.")
    first = Signal.objects.filter(source=source, reference=sealed.reference).first()
    if first is not None:
        if any(getattr(first, name) != value for name, value in said.content.items()):
            raise SignalRefused(
                "Idempotency-Key", "It was sent with something else; use a new one.",
                sealed.reference,
            )  # fmt: skip
        return first
    selection, problem, starts_at = _meant_by(said)
    if starts_at is not None and starts_at <= now:
        raise SignalRefused(
            "event", f"It began at {starts_at.isoformat()}; send signals before.", said.event
        )
    ends = now + timedelta(minutes=said.minutes)
    signal = Signal.objects.create(
        source=source,
        reference=sealed.reference,
        **said.content,
        selection=selection,
        received_at=now,
        expires_at=ends if starts_at is None else min(ends, starts_at),
        problem=problem,
    )
    audit.record(
        action="put signal aside" if problem else "received signal",
        subject=f"{signal.reference} of {source.key}",
        actor_id=owner_id,
        at=now,
        detail=said.content | {"point": signal.point and str(signal.point), "problem": problem},
    )
    return signal


def _meant_by(said: Said) -> tuple[Selection | None, str, datetime | None]:
    """Return the selection, else why there is none; and when its event starts, where known."""
    if said.event.isdecimal() and len(said.event) < 19:
        events = Event.objects.filter(pk=int(said.event))
    else:
        events = Event.objects.filter(references__key=said.event)
    found = list(events.distinct()[:2])
    if len(found) != 1:
        how_many = "no event" if not found else "more than one event"
        return None, f"event: {how_many} has the number or key {said.event!r}.", None
    event = found[0]
    if event.status != EventStatus.SCHEDULED:
        return None, f"event: {event} is {event.get_status_display().lower()}.", event.starts_at
    on = Selection.objects.filter(market__event=event, market__key=said.market, side=said.side)
    selection = on.filter(point=said.point).first()
    if selection is None:
        line = "" if said.point is None else f" {said.point}"
        why = f"selection: nobody prices {said.market} {said.side}{line} of {event}."
        return None, why[:200], event.starts_at
    return selection, "", event.starts_at
