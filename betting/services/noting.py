"""What a bettor writes on their own bets: tags to find them by, and a note. No money moves."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts import audit
from betting.domain.tags import LONGEST_NOTE, tidy_tags
from betting.models import Bet


class NoSuchBet(Exception):
    """There is no such bet of theirs."""


class BadNote(ValueError):
    """Why a note cannot be kept."""


@transaction.atomic
def tag_bet(
    *,
    owner_id: int,
    bet_id: int,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    now: datetime,
) -> Bet:
    """Put tags on one of a person's bets and take others off. A repeat changes nothing.

    Raises:
        NoSuchBet: if it is not theirs.
        BadTags: for what cannot be a tag, or too many on the bet then.
    """
    bet = _own(owner_id, bet_id)
    gone = set(tidy_tags(remove))
    tags = tidy_tags([*(tag for tag in bet.tags if tag not in gone), *add])
    if tags != bet.tags:
        audit.record(
            action="tagged a bet",
            subject=f"bet {bet.pk}",
            actor_id=owner_id,
            at=now,
            before={"tags": bet.tags},
            after={"tags": tags},
        )
        bet.tags = tags
        bet.save(update_fields=["tags"])
    return bet


@transaction.atomic
def note_on_bet(*, owner_id: int, bet_id: int, note: str, now: datetime) -> Bet:
    """Keep a note on one of a person's bets in place of the one before. A repeat changes nothing.

    The audit keeps how long it was, not what it said: that is its writer's own.

    Raises:
        NoSuchBet: if it is not theirs.
        BadNote: for one that is too long.
    """
    note = note.replace("\r\n", "\n").strip()
    if len(note) > LONGEST_NOTE:
        raise BadNote(f"note: {len(note):,} letters; write at most {LONGEST_NOTE:,}.")
    bet = _own(owner_id, bet_id)
    if note != bet.note:
        audit.record(
            action="noted on a bet",
            subject=f"bet {bet.pk}",
            actor_id=owner_id,
            at=now,
            before={"letters": len(bet.note)},
            after={"letters": len(note)},
        )
        bet.note = note
        bet.save(update_fields=["note"])
    return bet


def _own(owner_id: int, bet_id: int) -> Bet:
    bet = Bet.objects.select_for_update().filter(pk=bet_id, owner_id=owner_id).first()
    if bet is None:
        raise NoSuchBet(f"bet: you have no bet {bet_id}.")
    return bet
