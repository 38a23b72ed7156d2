"""What a person keeps for themselves about a page: named filters, and the books they bet at."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import SavedFilter, User

# The pages with filters, by the names of their addresses.
PAGES = frozenset(
    {"today", "odds", "scanner", "bets", "performance", "journal", "refused", "audit"}
)
MOST_FILTERS = 20
MOST_BOOKS = 60


class NotSaved(Exception):
    """Why something was not kept, in words for its owner."""


@transaction.atomic
def save_filter(*, owner_id: int, page: str, name: str, query: str, now: datetime) -> SavedFilter:
    """Keep a page's filters under a name; the same name again replaces what it meant.

    Raises:
        NotSaved: without a name, for one that is too long, or when 20 are kept already.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= 40:
        raise NotSaved(f"Name: give it 1 to 40 characters, not {len(name)}.")
    if len(query) > 512:
        raise NotSaved("Filters: this set is too long to keep; take some away.")
    User.objects.select_for_update().get(pk=owner_id)
    mine = SavedFilter.objects.filter(owner_id=owner_id, page=page)
    if mine.exclude(name=name).count() >= MOST_FILTERS:
        raise NotSaved(f"You keep {MOST_FILTERS} sets of filters here already; delete one first.")
    before = mine.filter(name=name).values_list("query", flat=True).first()
    saved, _ = SavedFilter.objects.update_or_create(
        owner_id=owner_id, page=page, name=name, defaults={"query": query}
    )
    audit.record(
        action="saved filters",
        subject=f"{name} of {page}",
        actor_id=owner_id,
        at=now,
        before=None if before is None else {"query": before},
        after={"query": query},
    )
    return saved


@transaction.atomic
def delete_filter(*, owner_id: int, filter_id: int, now: datetime) -> None:
    """Forget a set of filters. Deleting it again changes nothing; another's is not touched."""
    saved = SavedFilter.objects.select_for_update().filter(owner_id=owner_id, pk=filter_id).first()
    if saved is not None:
        audit.record(
            action="deleted filters",
            subject=f"{saved.name} of {saved.page}",
            actor_id=owner_id,
            at=now,
            before={"query": saved.query},
        )
        saved.delete()


@transaction.atomic
def save_my_books(*, owner_id: int, keys: Sequence[str], now: datetime) -> None:
    """Keep which bookmakers a person bets at; they come first on the odds screen.

    Raises:
        NotSaved: for more than 60.
    """
    if len(keys) > MOST_BOOKS:
        raise NotSaved(f"Books: choose at most {MOST_BOOKS}, not {len(keys)}.")
    user = User.objects.select_for_update().get(pk=owner_id)
    before, user.my_books = user.my_books, sorted(set(keys))
    user.save(update_fields=["my_books"])
    audit.record(
        action="saved my books",
        subject=str(user),
        actor_id=owner_id,
        at=now,
        before={"books": before},
        after={"books": user.my_books},
    )
