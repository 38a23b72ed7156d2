"""Changes found on arrays are those that the plain definition finds, listing by listing."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from odds.domain.changes import WITHDRAWN, Changes, Listed, Looks, follow, in_force
from tests.odds import plain_changes as plain

BOOKS, SELECTIONS, MOMENTS = 2, 2, 5
NO_TIME = -1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def plain_key(key: int) -> plain.Key:
    """Keys count through the selections of each bookmaker."""
    return ("home", key % SELECTIONS, key // SELECTIONS)


looks = st.tuples(
    st.integers(1, MOMENTS),
    st.sets(st.integers(0, BOOKS - 1), min_size=1),
    st.dictionaries(st.integers(0, BOOKS * SELECTIONS - 1), st.sampled_from([1500, 1600])),
)


def listings_of(drawn) -> list[plain.Listing]:
    """A look at some bookmakers, which lists none of the others."""
    return [
        plain.Listing(
            moment(at),
            frozenset(books),
            {plain_key(k): (p, None) for k, p in prices.items() if k // SELECTIONS in books},
        )
        for at, books, prices in drawn
    ]


def as_arrays(listings: list[plain.Listing], first_rank: int = 0) -> tuple[Looks, Listed]:
    seen, rows = [], []
    for rank, one in enumerate(listings, start=first_rank):
        at = (one.seen_at - EPOCH) // timedelta(microseconds=1)
        seen += [(book, at, rank) for book in sorted(one.books or ())]
        rows += [
            (book * SELECTIONS + point, at, rank, price, NO_TIME)
            for (_, point, book), (price, _) in one.prices.items()
        ]
    return Looks(*columns(seen, 3)), Listed(*columns(rows, 5))


def columns(rows: list, width: int) -> list:
    return list(np.array(rows, np.int64).reshape(-1, width).T)


BOOK_OF = np.arange(BOOKS * SELECTIONS) // SELECTIONS
NONE = np.zeros(0, np.int64)


def found_by(looks_: Looks, listed: Listed, standing: dict[int, int]):
    return follow(
        book_of=BOOK_OF,
        looks=looks_,
        listed=listed,
        standing_key=np.array(list(standing), np.int64),
        standing_price=np.array(list(standing.values()), np.int64),
        no_time=NO_TIME,
    )


def told(changes: Changes) -> set:
    rows = zip(changes.key.tolist(), changes.at.tolist(), changes.price.tolist(), strict=True)
    return {(plain_key(key), moment(at), price or None) for key, at, price in rows}


@settings(max_examples=100, deadline=None)
@given(
    drawn=st.lists(looks, max_size=8),
    standing=st.dictionaries(st.integers(0, BOOKS * SELECTIONS - 1), st.sampled_from([1500, 1600])),
)
def test_following_later_looks_finds_the_same_changes_and_conflicts(drawn, standing):
    listings = sorted(listings_of(drawn), key=lambda one: one.seen_at)
    states = {
        plain_key(key): plain.State(price, None, moment(0), moment(0))
        for key, price in standing.items()
    }
    expected, conflicts = plain.follow(states, listings)

    found = found_by(*as_arrays(listings), standing)

    assert told(found.changes) == {(c.key, c.seen_at, c.price) for c in expected}
    assert len(found.changes) == len(expected)
    _, listed = as_arrays(listings)
    refused = Counter(
        (plain_key(int(listed.key[row])), int(listed.price[row]), kept or None)
        for row, kept in zip(found.conflict.tolist(), found.kept.tolist(), strict=True)
    )
    assert refused == Counter((c.key, c.price, c.kept) for c in conflicts)


@settings(max_examples=100, deadline=None)
@given(before=st.lists(looks, max_size=5), late=st.lists(looks, min_size=1, max_size=4))
def test_working_older_looks_into_a_history_adds_the_same_changes(before, late):
    old = sorted(listings_of(before), key=lambda one: one.seen_at)
    new = listings_of(late)
    written, _ = plain.follow({}, old)
    history: dict[plain.Key, list[plain.Change]] = {}
    for change in sorted(written, key=lambda one: one.seen_at):
        history.setdefault(change.key, []).append(change)
    seen_before = [(one.seen_at, one.books) for one in old]
    _, expected, conflicts = plain.fill_in(history, seen_before, new)

    stored = found_by(*as_arrays(old), {}).changes
    assert told(stored) == {(c.key, c.seen_at, c.price) for c in written}
    old_looks, _ = as_arrays(old)
    stood = in_force(stored, book_of=BOOK_OF, looks=old_looks)
    new_looks, listed = as_arrays(new, first_rank=len(old))
    both = Looks(
        *(np.concatenate(pair) for pair in zip(parts(old_looks), parts(new_looks), strict=True))
    )
    rows = Listed(*(np.concatenate(pair) for pair in zip(parts(stood), parts(listed), strict=True)))
    found = found_by(both, rows, {})

    # What is there already is never taken back, even where the whole story tells otherwise now.
    there = {(key, at) for key, at, _ in told(stored)}
    added = {change for change in told(found.changes) if change[:2] not in there}
    assert added == {(c.key, c.seen_at, c.price) for c in expected}
    assert len(found.conflict) == len(conflicts)


def parts(value: Looks | Listed) -> list:
    return [getattr(value, name) for name in value.__slots__]


def test_a_price_gone_and_back_is_two_changes():
    seen, listed = as_arrays(
        [
            plain.Listing(moment(1), frozenset({0}), {plain_key(0): (1500, None)}),
            plain.Listing(moment(2), frozenset({0}), {}),
            plain.Listing(moment(3), frozenset({0}), {plain_key(0): (1500, None)}),
        ]
    )

    changes = found_by(seen, listed, {}).changes

    assert changes.at.tolist() == [1, 2, 3]
    assert changes.price.tolist() == [1500, WITHDRAWN, 1500]
