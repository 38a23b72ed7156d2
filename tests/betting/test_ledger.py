from decimal import Decimal

import pgtrigger
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.db.models.deletion import ProtectedError

from betting.models import Bankroll, Bet, LedgerAccount, Settlement, Transfer
from betting.selectors.money import bankroll_of
from betting.services import bankrolls, ledger
from betting.services.books import check_books
from betting.services.settlement import settle_bet
from tests import make

HOSTILE = [
    *("0", "-0.01", "0.001", "1e100", "1e-40", "NaN", "sNaN", "Infinity", "-Infinity"),
    *("1,5", "0x10", "ten", "", str(2**63)),
]


def amounts(bankroll) -> dict[str, Decimal]:
    return dict(LedgerAccount.objects.filter(bankroll=bankroll).values_list("kind", "amount"))


def test_a_deposit_moves_money_from_the_world_into_the_free_pot(alice):
    bankroll = make.bankroll(alice, "250.50")

    assert amounts(bankroll) == {
        "free": Decimal("250.50"),
        "at_risk": Decimal("0.00"),
        "house": Decimal("0.00"),
        "world": Decimal("-250.50"),
    }
    assert check_books() == []


def test_opening_the_same_bankroll_twice_opens_one(alice):
    first = bankrolls.open_bankroll(alice.pk, "Main", "EUR", make.BEFORE)

    assert bankrolls.open_bankroll(alice.pk, "Main", "EUR", make.NOON) == first
    assert LedgerAccount.objects.count() == 4
    with pytest.raises(ledger.AmountRefused, match="kept in EUR, not USD"):
        bankrolls.open_bankroll(alice.pk, "Main", "USD", make.NOON)


def test_a_repeated_reference_moves_nothing_and_a_different_repeat_is_an_error(alice):
    bankroll = make.bankroll(alice, "100.00")
    repeat = {"bankroll_id": bankroll.pk, "reference": "seed-Main", "now": make.NOON}

    again = ledger.move_money("deposit", amount=Decimal("100.00"), **repeat)

    assert again == Transfer.objects.get()
    assert amounts(bankroll)["free"] == Decimal("100.00")
    with pytest.raises(ledger.TransferRepeatedDifferently):
        ledger.move_money("deposit", amount=Decimal("99.00"), **repeat)


def test_no_more_can_be_withdrawn_than_is_free(alice):
    bankroll = make.bankroll(alice, "100.00")
    on = {"bankroll_id": bankroll.pk, "now": make.NOON}

    ledger.move_money("withdrawal", amount=Decimal("40.00"), reference="w1", **on)
    with pytest.raises(ledger.AmountRefused, match=r"60\.01 is more than the free 60\.00"):
        ledger.move_money("withdrawal", amount=Decimal("60.01"), reference="w2", **on)

    assert amounts(bankroll)["free"] == Decimal("60.00")
    assert check_books() == []


def test_an_operator_pays_into_a_bankroll_by_command_once_a_reference(alice):
    for _ in range(2):
        call_command("bankroll", "deposit", "alice", "250", "--reference", "first")
    call_command("bankroll", "withdraw", "alice", "50.5")
    assert bankroll_of(alice.pk).free == Decimal("199.50")

    for refused, said in (
        (("deposit", "alice", "1.005"), "amount"),
        (("withdraw", "alice", "200"), "199.50"),
        (("deposit", "nobody", "1"), "no such user"),
        (("deposit", "alice", "1", "--name", "Second", "--currency", "euro"), "currency"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("bankroll", *refused)
    assert Bankroll.objects.count() == 1


@pytest.mark.parametrize("amount", HOSTILE)
def test_a_hostile_amount_is_refused_and_moves_nothing(alice, amount):
    bankroll = make.bankroll(alice, "100.00")

    with pytest.raises(ledger.AmountRefused, match="amount: "):
        ledger.move_money(
            "deposit", bankroll_id=bankroll.pk, amount=amount, reference="x", now=make.NOON
        )

    assert Transfer.objects.count() == 1


def settled_world(alice) -> Bet:
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.100"))
    return settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE betting_transfer SET amount = amount + 1",
        "DELETE FROM betting_transfer",
        "TRUNCATE betting_transfer CASCADE",
        "TRUNCATE betting_bet CASCADE",
        "UPDATE betting_ledgeraccount SET amount = amount + 1",
        "DELETE FROM betting_ledgeraccount",
        "UPDATE betting_ledgeraccount SET kind = 'world' WHERE kind = 'house'",
        "TRUNCATE betting_ledgeraccount CASCADE",
        "UPDATE betting_bankroll SET currency = 'USD'",
        "DELETE FROM betting_bankroll",
        "TRUNCATE betting_bankroll CASCADE",
        "UPDATE betting_settlement SET returned = 0",
        "DELETE FROM betting_settlement",
        "TRUNCATE betting_settlement",
        "UPDATE betting_bet SET stake = stake + 1",
        "UPDATE betting_bet SET price = price + 1",
        "UPDATE betting_bet SET returned = NULL",
        "DELETE FROM betting_bet",
        "UPDATE risk_assessment SET allowed = 0",
        "DELETE FROM risk_assessment",
    ],
)
def test_raw_sql_cannot_change_what_happened(alice, statement):
    settled_world(alice)

    with connection.cursor() as cursor:
        # Else a TRUNCATE is refused for the checks that wait, whatever the triggers say.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError) as refusal, transaction.atomic():
            cursor.execute(statement)

    assert "pending" not in str(refusal.value)

    assert check_books() == []


def test_the_orm_cannot_change_what_happened(alice):
    bet = settled_world(alice)
    transfer = Transfer.objects.first()
    transfer.amount = Decimal("1.00")
    attempts = [
        transfer.save,
        transfer.delete,
        lambda: Transfer.objects.bulk_update([transfer], ["amount"]),
        lambda: Transfer.objects.update(amount=1),
        lambda: LedgerAccount.objects.update(amount=1),
        lambda: Settlement.objects.update(returned=1),
        lambda: Bet.objects.update(stake=1),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    for owner_of_evidence in (bet.owner, bet.bankroll, bet.selection, bet.bookmaker):
        with pytest.raises(ProtectedError):
            owner_of_evidence.delete()
    assert check_books() == []


def test_money_cannot_leave_its_bankroll(alice, bob):
    mine = make.bankroll(alice).accounts.get(kind="free")
    theirs = make.bankroll(bob).accounts.get(kind="free")

    with pytest.raises(DatabaseError, match="stays in its bankroll"), transaction.atomic():
        Transfer.objects.create(
            reference="x", kind="deposit", source=theirs, destination=mine, amount=5, at=make.NOON
        )


@pytest.mark.parametrize("amount", ["5.01", "NaN", "-1"])
def test_the_database_itself_refuses_to_overdraw_and_what_is_no_amount(alice, amount):
    bankroll = make.bankroll(alice, "5.00")
    pots = {pot.kind: pot.pk for pot in bankroll.accounts.all()}

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO betting_transfer (reference, kind, source_id, destination_id,"
            " amount, at) VALUES ('x', 'stake', %s, %s, %s, now())",
            [pots["free"], pots["at_risk"], amount],
        )

    assert amounts(bankroll)["free"] == Decimal("5.00")


@pytest.mark.parametrize(
    ("statement", "rules"),
    [
        (
            "UPDATE betting_ledgeraccount SET amount = amount + 1 WHERE kind = 'free'",
            {"pots_are_the_fold_of_transfers"},
        ),
        (
            "UPDATE betting_ledgeraccount SET amount = amount + 1 WHERE kind = 'at_risk'",
            {"pots_are_the_fold_of_transfers", "at_risk_is_the_sum_of_open_stakes"},
        ),
        (
            "DELETE FROM betting_transfer WHERE kind = 'winnings'",
            {"pots_are_the_fold_of_transfers", "each_bet_moved_its_stake_and_its_return"},
        ),
        (
            "UPDATE betting_bet SET returned = returned + 1",
            {"each_bet_moved_its_stake_and_its_return", "each_settled_bet_is_resolved_once"},
        ),
        ("DELETE FROM betting_settlement", {"each_settled_bet_is_resolved_once"}),
        (
            "UPDATE betting_transfer SET kind = 'return' WHERE kind = 'stake'",
            {"each_bet_takes_its_stake_once", "transfers_are_chained"},
        ),
        (
            "UPDATE betting_bet SET status = 'open'",
            {
                "at_risk_is_the_sum_of_open_stakes",
                "each_bet_moved_its_stake_and_its_return",
                "each_settled_bet_is_resolved_once",
            },
        ),
    ],
)
def test_check_books_finds_each_kind_of_damage(alice, statement, rules):
    """Each fault is planted behind the triggers' back."""
    settled_world(alice)
    assert check_books() == []

    with pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert {problem.rule for problem in check_books()} == rules
