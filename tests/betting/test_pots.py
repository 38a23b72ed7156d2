"""Money at bookmakers, several bankrolls, and the chain that holds every transfer in its place."""

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from decimal import Decimal

import pgtrigger
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry
from betting.models import LedgerAccount, Transfer
from betting.selectors.money import bankroll_of, bankrolls_of
from betting.services import bankrolls, ledger
from betting.services.books import check_books
from betting.services.correcting import correct_settlement
from betting.services.placement import StakeRefused
from betting.services.settlement import settle_bet
from risk.services.personal import exclude, set_personal_limit
from tests import make


def held(bankroll) -> dict[str, Decimal]:
    """Return what each pot holds, a pot at a bookmaker by its key."""
    pots = LedgerAccount.objects.filter(bankroll=bankroll).select_related("bookmaker")
    return {pot.bookmaker.key if pot.bookmaker else pot.kind: pot.amount for pot in pots}


def to_book(bankroll, quote, amount: str, reference: str = "m1") -> Transfer:
    return ledger.move_money(
        "to_book",
        bankroll_id=bankroll.pk,
        bookmaker_id=quote.bookmaker_id,
        amount=Decimal(amount),
        reference=reference,
        now=make.NOON,
    )


def test_a_bet_at_a_bookmaker_with_a_pot_stakes_from_it_and_is_paid_there(alice):
    bankroll = make.bankroll(alice, "1000.00")
    there, elsewhere = make.priced("2.500"), make.priced("2.500", book="other")
    to_book(bankroll, there, "100.00")
    bet = make.place(alice, there, "10.00")
    make.place(alice, elsewhere, "5.00")

    assert held(bankroll) == {
        "free": Decimal("895.00"),
        "paperbook": Decimal("90.00"),
        "at_risk": Decimal("15.00"),
        "house": Decimal("0.00"),
        "world": Decimal("-1000.00"),
    }
    assert bankroll_of(alice.pk).equity == Decimal("1000.00")
    settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
    assert held(bankroll)["paperbook"] == Decimal("115.00")
    correct_settlement(bet_id=bet.pk, result="lost", reason="score", now=make.NIGHT)
    assert held(bankroll)["paperbook"] == Decimal("90.00")
    assert held(bankroll)["free"] == Decimal("895.00")
    assert check_books() == []


def test_a_stake_is_refused_where_too_little_lies_however_much_is_free(alice):
    bankroll = make.bankroll(alice, "1000.00")
    quote = make.priced()
    to_book(bankroll, quote, "4.00")

    with pytest.raises(StakeRefused) as refusal:
        make.place(alice, quote, "5.00")

    assert [(b.rule, b.bound) for b in refusal.value.breaches] == [("free_money", "4.00")]


def test_money_goes_to_a_bookmaker_and_back_once_a_reference(alice):
    bankroll = make.bankroll(alice, "100.00")
    quote = make.priced()
    on = {"bankroll_id": bankroll.pk, "bookmaker_id": quote.bookmaker_id, "now": make.NOON}

    assert to_book(bankroll, quote, "60.00") == to_book(bankroll, quote, "60.00")
    with pytest.raises(ledger.AmountRefused, match=r"40\.01 is more than the free 40\.00"):
        to_book(bankroll, quote, "40.01", "m2")
    with pytest.raises(ledger.AmountRefused, match="at bookmakers when it is moved back"):
        ledger.move_money(
            "withdrawal",
            bankroll_id=bankroll.pk,
            amount=Decimal("50.00"),
            reference="w",
            now=make.NOON,
        )
    with pytest.raises(ledger.TransferRepeatedDifferently, match="to a bookmaker"):
        ledger.move_money("from_book", amount=Decimal("60.00"), reference="m1", **on)
    with pytest.raises(ledger.AmountRefused, match=r"more than the 60\.00 lying there"):
        ledger.move_money("from_book", amount=Decimal("60.01"), reference="m3", **on)
    ledger.move_money("from_book", amount=Decimal("60.00"), reference="m4", **on)

    assert held(bankroll)["free"] == Decimal("100.00")
    assert check_books() == []


def test_a_pot_is_closed_when_empty_and_stakes_are_free_money_again(alice):
    bankroll = make.bankroll(alice, "1000.00")
    quote = make.priced()
    to_book(bankroll, quote, "5.00")
    on = {"bankroll_id": bankroll.pk, "bookmaker_id": quote.bookmaker_id, "now": make.NOON}
    with pytest.raises(bankrolls.NotEmpty, match=r"5\.00 lies there"):
        bankrolls.close_pot(**on)
    bet = make.place(alice, quote, "5.00")
    with pytest.raises(bankrolls.NotEmpty, match="1 of its bets are open"):
        bankrolls.close_pot(**on)
    settle_bet(bet_id=bet.pk, result="lost", now=make.NIGHT)

    bankrolls.close_pot(**on)

    make.place(alice, quote, "4.00")
    assert held(bankroll)["free"] == Decimal("991.00")
    # What a correction returns goes where it came from, closed or not, and is seen there.
    correct_settlement(bet_id=bet.pk, result="void", reason="called off", now=make.NIGHT)
    assert [(b.bookmaker.key, b.amount) for b in bankroll_of(alice.pk).books] == [
        ("paperbook", Decimal("5.00"))
    ]
    assert bankroll_of(alice.pk).stakeable_at(quote.bookmaker_id) == Decimal("991.00")
    assert check_books() == []


def test_a_bankroll_is_renamed_closed_when_empty_and_opened_again(alice):
    bankroll = make.bankroll(alice, "10.00")
    make.bankroll(alice, "100.00", name="Second")
    on = {"bankroll_id": bankroll.pk, "now": make.NOON, "by_id": alice.pk}
    with pytest.raises(ledger.AmountRefused, match="Second is another bankroll"):
        bankrolls.rename_bankroll(name="Second", **on)
    bankrolls.rename_bankroll(name="First", **on)
    with pytest.raises(bankrolls.NotEmpty, match=r"still holds 10\.00 EUR"):
        bankrolls.close_bankroll(**on)
    ledger.move_money("withdrawal", amount=Decimal("10.00"), reference="all", **on)

    bankrolls.close_bankroll(**on)

    assert [m.bankroll.name for m in bankrolls_of(alice.pk)] == ["Second"]
    with pytest.raises(ledger.BankrollClosed):
        ledger.move_money("deposit", amount=Decimal("1.00"), reference="d", **on)
    assert make.place(alice, make.priced(), "1.00").bankroll.name == "Second"
    assert bankrolls.open_bankroll(alice.pk, "First", "EUR", make.NIGHT).pk == bankroll.pk
    assert len(bankrolls_of(alice.pk)) == 2
    mine = AuditEntry.objects.filter(actor=alice).order_by("pk").values_list("action", flat=True)
    assert list(mine) == ["renamed bankroll", "moved money: withdrawal", "closed bankroll"]


# --- the chain


def test_the_hash_is_what_the_documents_say(alice):
    bankroll = make.bankroll(alice)
    settle_bet(bet_id=make.place(alice, make.priced()).pk, result="won", now=make.NIGHT)

    before = ""
    for number, t in enumerate(Transfer.objects.order_by("number"), 1):
        said = [before, bankroll.pk, number, t.kind, t.source_id, t.destination_id, t.amount]
        said += [t.bet_id or "", f"{t.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"]
        said += [t.reverses_id or "", t.reference]
        before = hashlib.sha256("|".join(map(str, said)).encode()).hexdigest()
        assert (t.number, t.hash) == (number, before)
    assert number == 4


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE betting_transfer SET at = at - interval '1 day' WHERE number = 3", "transfer 3 "),
        ("UPDATE betting_transfer SET amount = 7 WHERE number = 2", "transfer 2 "),
        ("DELETE FROM betting_transfer WHERE number = 3", "transfer 4 "),
        ("UPDATE betting_transfer SET number = 9 WHERE number = 1", "transfer 2 "),
        ("UPDATE betting_transfer SET hash = repeat('0', 64) WHERE number = 5", "transfer 5 "),
    ],
)
def test_check_books_names_the_first_transfer_that_was_touched(alice, statement, first):
    bankroll = make.bankroll(alice, "100.00")
    for n in range(5):
        to_book(bankroll, make.priced(game=n), "1.00", f"m{n}")

    with pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute(statement)

    chained = [p for p in check_books() if p.rule == "transfers_are_chained"]
    assert [problem.subject for problem in chained] == [f"bankroll {bankroll.pk}"]
    assert chained[0].detail.startswith(first)


def test_a_hundred_tamperings_are_found_each_at_its_transfer(alice):
    bankroll = make.bankroll(alice, "100.00")
    for n in range(9):
        to_book(bankroll, make.priced(game=n), "1.00", f"m{n}")
    last = Transfer.objects.count()
    draw = random.Random(20261122)  # noqa: S311
    update = "UPDATE betting_transfer SET"
    deletion = "DELETE FROM betting_transfer WHERE number = {}"
    insertion = (
        "INSERT INTO betting_transfer (reference, kind, source_id, destination_id, amount, at,"
        " bankroll_id, number, hash) SELECT 'never', kind, source_id, destination_id, amount, at,"
        " bankroll_id, {}, reverse(hash) FROM betting_transfer LIMIT 1"
    )
    shifted = "UPDATE betting_transfer SET number = number + {} WHERE number >= {}"
    missed = []
    for _ in range(100):
        at = draw.randint(1, last)
        other = draw.choice([n for n in range(1, last + 1) if n != at])
        said = draw.choice(
            ["kind = 'reversal'", "amount = amount + 0.01", "at = at + interval '1 microsecond'",
             "reference = reference || '.'", "hash = reverse(hash)", "source_id = source_id + 1"]
        )  # fmt: skip
        how, statements, first = draw.choice(
            [
                ("flip", [f"{update} {said} WHERE number = {at}"], at),
                ("delete", [deletion.format(at)], at + 1),
                (
                    "swap",
                    [
                        f"{update} number = {to} WHERE number = {of}"
                        for of, to in ((at, 999), (other, at), (999, other))
                    ],
                    min(at, other),
                ),
                (
                    "insert",
                    [
                        shifted.format(1000, at),
                        shifted.format(-999, 1000),
                        insertion.format(at),
                    ],
                    at,
                ),
            ]
        )
        mark = transaction.savepoint()
        with connection.cursor() as cursor:
            # What the owner of the database can do; it needs no superuser.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE betting_transfer DISABLE TRIGGER USER")
            for statement in statements:
                cursor.execute(statement)
        # The last one leaves no gap behind it: what the pots hold tells.
        told = {
            "pots_are_the_fold_of_transfers"
            if how == "delete" and at == last
            else f"transfer {first} "
        }
        problems = check_books()
        found = {p.rule for p in problems} | {
            " ".join(p.detail.split()[:2]) + " "
            for p in problems
            if p.rule == "transfers_are_chained"
        }
        if not told <= found:
            missed.append((how, at, told, found))
        transaction.savepoint_rollback(mark)

    assert missed == []


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_make_one_chain_even_past_the_owners_lock(alice):
    bankroll = make.bankroll(alice, "100.00")
    pots = {pot.kind: pot.pk for pot in bankroll.accounts.all()}

    def write(n):
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO betting_transfer"
                    " (reference, kind, source_id, destination_id, amount, at)"
                    " SELECT %s || '-' || n, 'deposit', %s, %s, 1, now()"
                    " FROM generate_series(1, 25) n",
                    [str(n), pots["world"], pots["free"]],
                )
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(write, range(8)))

    assert list(Transfer.objects.order_by("number").values_list("number", flat=True)) == list(
        range(1, 202)
    )
    assert check_books() == []


def test_a_deposit_limit_counts_all_that_is_paid_in_whatever_is_taken_out(alice):
    bankroll, second = make.bankroll(alice, "100.00"), make.bankroll(alice, "5.00", name="Second")
    for period, amount in (("day", "30.00"), ("week", "125.00")):
        set_personal_limit(
            owner_id=alice.pk,
            kind="deposit",
            period=period,
            amount=Decimal(amount),
            now=timezone.now(),
        )

    with pytest.raises(ledger.AmountRefused, match=r"deposits a week: 20\.00 of 125\.00"):
        make.deposit(bankroll, "20.01")
    make.deposit(bankroll, "15.00")
    make.withdrawal(bankroll, "15.00")
    with pytest.raises(ledger.AmountRefused, match=r"deposits a week: 5\.00 of 125\.00"):
        make.deposit(second, "5.01", reference="d2")
    make.deposit(second, "5.00", reference="d2")

    assert make.deposit(bankroll, "15.00").amount == Decimal("15.00"), "a repeat is no deposit"
    make.place(alice, make.priced(), "1.00")


def test_who_keeps_away_pays_nothing_in_and_takes_everything_out(alice):
    bankroll, quote = make.bankroll(alice, "100.00"), make.priced()
    to_book(bankroll, quote, "10.00")
    exclude(owner_id=alice.pk, kind="time_out", length=timedelta(days=7), now=timezone.now())

    with pytest.raises(ledger.AmountRefused, match=r"Time-out until .*: no deposit is taken"):
        make.deposit(bankroll, "1.00")
    with pytest.raises(ledger.AmountRefused, match="no deposit"):
        to_book(bankroll, quote, "1.00", "m2")
    with pytest.raises(CommandError, match="no deposit"):
        call_command("bankroll", "deposit", "alice", "1.00")
    back = {"bankroll_id": bankroll.pk, "bookmaker_id": quote.bookmaker_id, "now": make.NOON}
    ledger.move_money("from_book", amount=Decimal("10.00"), reference="back", **back)
    make.withdrawal(bankroll, "100.00")

    assert bankroll_of(alice.pk).equity == 0
    assert check_books() == []
