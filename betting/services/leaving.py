"""Close the accounts whose time has come, with what of betting shows who they were."""

from datetime import datetime

from django.db import transaction

from accounts.models import SignalSource
from accounts.people.closing import close_person, due_to_close
from accounts.sources import revoke_source
from betting.models import Bet, SharedLink, TakeOut, TrackRecord


def close_due_accounts(*, now: datetime) -> int:
    """Close every account that is due, each in a transaction of its own; return how many.

    Bets, transfers, settlements and commitments stay as they are: the books balance, and the
    chain of a record verifies. A record is shown no longer, a link opens nothing.
    """
    due = due_to_close(now=now)
    for user_id in due:
        _close(user_id, now=now)
    return len(due)


@transaction.atomic
def _close(user_id: int, *, now: datetime) -> None:
    close_person(user_id, now=now)
    # In their own words, so the likeliest to say who they are.
    Bet.objects.filter(owner_id=user_id).exclude(tags=[], note="").update(tags=[], note="")
    SharedLink.objects.filter(owner_id=user_id, revoked_at=None).update(revoked_at=now)
    SharedLink.objects.filter(owner_id=user_id).update(label="closed")
    TakeOut.objects.filter(owner_id=user_id).update(content=None)
    for source in SignalSource.objects.filter(owner_id=user_id, revoked_at=None):
        revoke_source(owner_id=user_id, key=source.key, now=now)
    TrackRecord.objects.filter(owner_id=user_id).update(
        is_public=False, title="closed", slug=f"closed-{user_id}", changed_at=now
    )
