"""Let somebody without an account look at one's performance, by a link that ends."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from accounts import audit
from accounts.models import User
from accounts.people.tokens import digest_of, new_token
from betting.models import SharedLink

MOST_LINKS = 20
LONGEST_DAYS = 365


class CannotShare(Exception):
    """Why no link was made, naming the field, its value and the remedy."""


class UnknownLink(Exception):
    """The owner has no such link."""


@transaction.atomic
def share(
    *, owner_id: int, label: str, days: int, shows_money: bool, now: datetime
) -> tuple[SharedLink, str]:
    """Make a link and return it with its token, which is shown once and kept nowhere.

    Raises:
        CannotShare: without a label, for more than a year, or beside 20 that still work.
    """
    owner = User.objects.select_for_update().get(pk=owner_id)
    if not label.strip():
        raise CannotShare("label: say for whom it is, such as My accountant.")
    if not 1 <= days <= LONGEST_DAYS:
        raise CannotShare(f"days: {days} is not from 1 to {LONGEST_DAYS}.")
    if links_of(owner_id).filter(revoked_at=None, expires_at__gt=now).count() >= MOST_LINKS:
        raise CannotShare(f"label: {MOST_LINKS} links work already; revoke one first.")
    token = new_token()
    link = SharedLink.objects.create(
        owner=owner,
        token_hash=digest_of(token),
        label=label.strip()[:64],
        shows_money=shows_money,
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    audit.record(
        action="shared performance",
        subject=f"link {link.pk} of {owner}",
        actor_id=owner_id,
        at=now,
        detail={"label": link.label, "days": days, "shows_money": shows_money},
    )
    return link, token


@transaction.atomic
def unshare(*, owner_id: int, link_id: int, now: datetime) -> SharedLink:
    """Revoke a link at once and for good. Again changes nothing.

    Raises:
        UnknownLink: when the owner has none with this id.
    """
    link = SharedLink.objects.select_for_update().filter(owner_id=owner_id, pk=link_id).first()
    if link is None:
        raise UnknownLink(f"No link {link_id}")
    if link.revoked_at is None:
        link.revoked_at = now
        link.save(update_fields=["revoked_at"])
        audit.record(
            action="revoked shared link", subject=f"link {link.pk}", actor_id=owner_id, at=now
        )
    return link


def open_link(token: str, *, now: datetime) -> SharedLink | None:
    """Return the link of a token while it works, and count that it was opened."""
    link = (
        SharedLink.objects.select_related("owner")
        .filter(
            token_hash=digest_of(token),
            revoked_at=None,
            expires_at__gt=now,
            owner__is_active=True,
        )
        .first()
    )
    if link is not None:
        SharedLink.objects.filter(pk=link.pk).update(
            opened_count=F("opened_count") + 1, opened_at=now
        )
    return link


def links_of(owner_id: int) -> QuerySet[SharedLink]:
    """Return a person's links, newest first, ended ones too."""
    return SharedLink.objects.filter(owner_id=owner_id)
