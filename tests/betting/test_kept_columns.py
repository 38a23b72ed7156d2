"""What is kept of a person's bets and money between asks says what the database says, always."""

import random
import threading
from collections import OrderedDict
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection, transaction

from betting.models import Bet
from betting.selectors import columns, paths
from betting.selectors.bets import BetFilter, BetSums, bet_sums, bets
from betting.selectors.columns import BetColumns, bet_columns, names_of
from betting.selectors.paths import equity_paths
from betting.services.correcting import correct_settlement
from betting.services.noting import tag_bet
from betting.services.settlement import settle_bet
from tests import make
from tests.live.serving import until


def is_true(owner) -> bool:
    """Return whether what is kept, with what is read beside it, is what is read of all."""
    kept, whole = bet_columns(owner.pk), bet_columns(owner.pk, anew=True)
    bets = all(np.array_equal(kept.whole(name), whole.whole(name)) for name in whole.found)
    ours, all_of_it = equity_paths(owner.pk), equity_paths(owner.pk, anew=True)
    return bets and len(ours) == len(all_of_it) and all(
        np.array_equal(one.at, other.at)
        and np.array_equal(one.equity, other.equity)
        and np.array_equal(one.flow, other.flow)
        for one, other in zip(ours, all_of_it, strict=True)
    )  # fmt: skip


def with_bets(owner, *results: str) -> list[Bet]:
    make.bankroll(owner)
    bets = [make.place(owner, make.priced("2.500", game=each)) for each in range(len(results))]
    for bet, result in zip(bets, results, strict=True):
        if result:
            settle_bet(bet_id=bet.pk, result=result, now=make.NIGHT)
    return bets


def kept_of(owner, count: int) -> columns._Kept:
    """Return what is kept once that is so many bets: none are that a transaction may yet undo.

    Whose transaction says nobody: those of other tests' databases hold it up too.
    """

    def all_of_them() -> columns._Kept | None:
        bet_columns(owner.pk)
        kept = columns._kept[owner.pk]
        return kept if len(kept.bets) == count else None

    return until(all_of_them, "every bet to be kept")


def tagged(owner, bet: Bet, *tags: str) -> None:
    tag_bet(owner_id=owner.pk, bet_id=bet.pk, add=tags, now=make.NIGHT)


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_to_bets_is_told(alice):
    rng = random.Random(8)  # noqa: S311 - no secret
    games, open_bets, settled = iter(range(100)), [], []
    make.bankroll(alice)
    for step in range(60):
        does = rng.choice(["place", "place", "settle", "correct", "tag", "deposit", "undo"])
        if does == "place":
            open_bets.append(make.place(alice, make.priced("2.500", game=next(games)), "1.00"))
        elif does == "settle" and open_bets:
            settled.append(open_bets.pop(rng.randrange(len(open_bets))))
            settle_bet(bet_id=settled[-1].pk, result="won", now=make.NIGHT)
        elif does == "correct" and settled:
            bet = settled.pop(0)
            correct_settlement(bet_id=bet.pk, result="lost", reason="wrong", now=make.NIGHT)
        elif does == "tag" and settled:
            tagged(alice, settled[0], rng.choice(["a", "b"]))
        elif does == "deposit":
            make.deposit(alice.bankrolls.get(), "1.00", reference=f"d{step}")
        elif does == "undo" and open_bets:
            with transaction.atomic():
                settle_bet(bet_id=open_bets[0].pk, result="won", now=make.NIGHT)
                make.deposit(alice.bankrolls.get(), "1.00", reference=f"u{step}")
                # Read while it is there, as a page in a transaction would.
                assert is_true(alice)
                transaction.set_rollback(True)
        assert is_true(alice), (step, does)


@pytest.mark.django_db(transaction=True)
def test_what_was_not_committed_when_others_were_read_is_found_later(alice):
    slow, quick = with_bets(alice, "won", "won")
    written, go = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic():
            Bet.objects.filter(pk=slow.pk).update(clv=0.5)
            written.set()
            go.wait(60)
        connection.close()

    thread = threading.Thread(target=write_slowly)
    thread.start()
    assert written.wait(60)
    Bet.objects.filter(pk=quick.pk).update(clv=0.25)
    assert np.isnan(bet_columns(alice.pk).real("clv")[0])
    go.set()
    thread.join()

    assert bet_columns(alice.pk).real("clv").tolist() == [0.5, 0.25]


@pytest.mark.django_db(transaction=True)
def test_only_what_moved_is_read_again(alice, monkeypatch):
    moved, _ = with_bets(alice, "won", "lost")
    kept_of(alice, 2)
    read, fetch = [], columns.fetch_columns

    def counted(*asked):
        read.append(fetch(*asked))
        return read[-1]

    monkeypatch.setattr(columns, "fetch_columns", counted)
    # Some other person's bets.
    make.bankroll(other := make.user("other"))
    make.place(other, make.priced("2.500", game=5))
    bet_columns(alice.pk)
    Bet.objects.filter(pk=moved.pk).update(clv=0.5)
    bet_columns(alice.pk)

    # Each begins with the row that says up to where it is whole.
    assert [len(found[0]) - 1 for found in read] == [0, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("module", [columns, paths])
def test_of_another_history_of_the_database_nothing_kept_counts(alice, module):
    with_bets(alice, "won", "lost")
    assert is_true(alice)
    # As where the last of it was lost, and the same numbers came again for something else.
    if module is columns:
        kept = kept_of(alice, 2)
        wrong = BetColumns({**kept.bets.found, "cents": kept.bets.whole("cents") + 1})
        columns._kept[alice.pk] = replace(kept, bets=wrong)
        assert not is_true(alice)
        columns._kept[alice.pk] = columns._Kept(wrong, replace(kept.mark, history=1))
    else:
        ((pk, moves),) = paths._kept[alice.pk].items()
        table = moves.columns.copy()
        table[[paths._MARK, paths._AT], -1] += 1
        paths._kept[alice.pk] = {pk: paths._Moves(table)}

    assert is_true(alice)


@pytest.mark.django_db(transaction=True)
def test_no_more_is_kept_than_fits(alice, bob, monkeypatch):
    monkeypatch.setattr(columns, "MOST_KEPT", 2)
    monkeypatch.setattr(columns, "_kept", OrderedDict())
    with_bets(alice, "won", "lost")
    make.bankroll(bob)
    make.bankroll(bob)
    make.place(bob, make.priced("2.500", game=5))

    kept_of(alice, 2)
    kept_of(bob, 1)
    assert is_true(alice)
    kept_of(bob, 1)
    assert list(columns._kept) == [bob.pk]


def test_a_person_without_bets_has_none(alice):
    assert len(bet_columns(alice.pk)) == len(bet_columns(alice.pk)) == 0
    assert names_of(bet_columns(alice.pk)).every_tag == []
    assert equity_paths(alice.pk) == equity_paths(alice.pk) == []


def test_a_filter_finds_the_same_bets_whoever_asks(alice):
    first, second = with_bets(alice, "won", "lost")
    tagged(alice, first, "early", "sharp")
    tagged(alice, second, "sharp")
    names = names_of(bet_columns(alice.pk))

    def those(tag: str) -> list[int]:
        bets = bet_columns(alice.pk)
        return bets.whole("id")[np.isin(bets.whole("tags"), names.tagged(tag))].tolist()

    assert names.every_tag == ["early", "sharp"]
    assert (those("early"), those("sharp"), those("none")) == (
        [first.pk],
        [first.pk, second.pk],
        [],
    )
    assert names.choices("market") == [("h2h", "Moneyline")]
    assert names.numbers("bookmaker", "paperbook") == [first.bookmaker_id]
    assert names.numbers("bookmaker", "nobody") == []


def test_the_sums_of_bets_are_those_of_the_database(alice, bob):
    """Whatever filter is set: what the columns keep is what the query of the rows keeps."""
    won, lost, *_ = with_bets(alice, "won", "half_lost", "void", "", "push")
    make.bankroll(bob)
    make.place(bob, make.priced("2.500", game=40))
    tagged(alice, won, "a", "b")
    tagged(alice, lost, "b")
    Bet.objects.filter(pk=won.pk).update(clv=0.031)
    Bet.objects.filter(pk=lost.pk).update(clv=-0.007)
    at = Bet.objects.get(pk=won.pk).placed_at
    event = won.selection.market.event
    asked = [
        {}, {"status": "settled"}, {"status": "open"}, {"status": "rejected"}, {"result": "won"},
        {"result": "push"}, {"tag": "b"}, {"tag": "a", "result": "won"}, {"tag": "none"},
        {"event": event.pk}, {"competition": event.competition.key}, {"competition": "none"},
        {"market": won.selection.market.key}, {"bookmaker": won.bookmaker.key},
        {"bankroll": won.bankroll_id}, {"bankroll": 0}, {"placed_after": at},
        {"placed_before": at}, {"settled_at": make.NIGHT}, {"settled_at": make.NOON},
    ]  # fmt: skip
    for each in asked:
        which = BetFilter(**each)
        rows = list(bets(alice.pk, which))
        done = [bet for bet in rows if bet.status == "settled"]
        clv = [bet.clv for bet in rows if bet.clv is not None]
        columns_ = bet_columns(alice.pk)
        assert bet_sums(columns_, names_of(columns_), which) == BetSums(
            count=len(rows),
            staked=sum((bet.taken_stake for bet in rows), Decimal()),
            settled_stake=sum((bet.taken_stake for bet in done), Decimal()),
            profit=sum((bet.returned - bet.taken_stake for bet in done), Decimal()),
            clv_count=len(clv),
            clv=pytest.approx(sum(clv) / len(clv)) if clv else None,
        ), each
