"""What a person keeps for themselves about a page: named filters, and the books they bet at."""

from collections.abc import Sequence

from django.db import transaction

from accounts.models import SavedFilter, User

MOST_FILTERS = 20
MOST_BOOKS = 60


class NotSaved(Exception):
    """Why something was not kept, in words for its owner."""


@transaction.atomic
def save_filter(*, owner_id: int, page: str, name: str, query: str) -> SavedFilter:
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
    saved, _ = SavedFilter.objects.update_or_create(
        owner_id=owner_id, page=page, name=name, defaults={"query": query}
    )
    return saved


def delete_filter(*, owner_id: int, filter_id: int) -> None:
    """Forget a set of filters. Deleting it again changes nothing; another's is not touched."""
    SavedFilter.objects.filter(owner_id=owner_id, pk=filter_id).delete()


def saved_filters(owner_id: int, page: str) -> Sequence[SavedFilter]:
    """Return a person's sets of filters of one page, by name."""
    return list(SavedFilter.objects.filter(owner_id=owner_id, page=page))


def save_my_books(*, owner_id: int, keys: Sequence[str]) -> None:
    """Keep which bookmakers a person bets at; they come first on the odds screen.

    Raises:
        NotSaved: for more than 60.
    """
    if len(keys) > MOST_BOOKS:
        raise NotSaved(f"Books: choose at most {MOST_BOOKS}, not {len(keys)}.")
    User.objects.filter(pk=owner_id).update(my_books=sorted(set(keys)))
