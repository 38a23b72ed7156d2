"""Money in, money out, and whether the books balance.

Every transfer is written here or by placement and settlement, under the lock of the owner's pots.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from accounts.money import to_cents
from betting.models import Bankroll, LedgerAccount, Transfer

Kind = LedgerAccount.Kind
MOST = Decimal("1000000000.00")


class AmountRefused(Exception):
    """An amount that cannot be moved, with the field, the value and the remedy."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.field = "amount"
        self.detail = detail


class TransferRepeatedDifferently(Exception):
    """A reference that was used before comes back with another amount or other pots."""


@dataclass(frozen=True, slots=True)
class Pots:
    """The four pots of one bankroll."""

    bankroll: Bankroll
    free: LedgerAccount
    at_risk: LedgerAccount
    house: LedgerAccount
    world: LedgerAccount

    @property
    def equity(self) -> Decimal:
        """Return free plus at risk, as it was when the pots were read."""
        return self.free.amount + self.at_risk.amount


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the books that cannot be: which rule, of what, in words."""

    rule: str
    subject: str
    detail: str


def read_amount(value: Decimal | str, *, field: str = "amount") -> Decimal:
    """Return money with two places, or refuse it: nothing is rounded on the way in.

    >>> read_amount("12.5")
    Decimal('12.50')

    Raises:
        AmountRefused: naming the value and the remedy.
    """
    try:
        amount = Decimal(str(value).strip()) if not isinstance(value, Decimal) else value
        whole = amount.is_finite()
    except ArithmeticError:
        raise AmountRefused(f"{field}: {value!r} is no number; write it like 12.50.") from None
    if not whole:
        raise AmountRefused(f"{field}: {value!r} is no amount; write it like 12.50.")
    if not Decimal("0.01") <= amount <= MOST:
        raise AmountRefused(f"{field}: {amount} is not between 0.01 and {MOST}.")
    if amount != to_cents(amount):
        raise AmountRefused(
            f"{field}: {amount} has more than two decimals; {to_cents(amount)} would do."
        )
    return to_cents(amount)


def lock_accounts(owner_id: int) -> list[LedgerAccount]:
    """Lock all pots of a person, in the order of their keys, and return them.

    These rows are the lock of the money path: one money decision per owner at a time. Everybody
    locks in the same order, so nobody waits in a ring.
    """
    return list(
        LedgerAccount.objects.select_for_update(of=("self",))
        .filter(bankroll__owner_id=owner_id)
        .select_related("bankroll")
        .order_by("pk")
    )


def pots_of(accounts: Iterable[LedgerAccount], bankroll_id: int) -> Pots:
    """Return one bankroll's pots out of the locked ones.

    Raises:
        Bankroll.DoesNotExist: if none of them belongs to that bankroll.
    """
    mine = {a.kind: a for a in accounts if a.bankroll_id == bankroll_id}
    if len(mine) != len(Kind.values):
        raise Bankroll.DoesNotExist(f"There is no bankroll {bankroll_id} of this owner.")
    return Pots(
        bankroll=mine[Kind.FREE].bankroll,
        free=mine[Kind.FREE],
        at_risk=mine[Kind.AT_RISK],
        house=mine[Kind.HOUSE],
        world=mine[Kind.WORLD],
    )


@transaction.atomic
def open_bankroll(owner_id: int, name: str, currency: str, now: datetime) -> Bankroll:
    """Open a bankroll with its four empty pots. The same owner and name return the first one.

    Raises:
        AmountRefused: if that name is open already in another currency.
    """
    bankroll, is_new = Bankroll.objects.get_or_create(
        owner_id=owner_id, name=name, defaults={"currency": currency, "opened_at": now}
    )
    if bankroll.currency != currency:
        raise AmountRefused(
            f"currency: {name} is kept in {bankroll.currency}, not {currency}; "
            "give the new bankroll another name."
        )
    if is_new:
        LedgerAccount.objects.bulk_create(
            [LedgerAccount(bankroll=bankroll, kind=kind) for kind in Kind.values]
        )
    return bankroll


def deposit(*, bankroll_id: int, amount: Decimal, reference: str, now: datetime) -> Transfer:
    """Pay money into a bankroll. A repeated reference returns the first transfer.

    Raises:
        AmountRefused: naming what is wrong with the amount.
        TransferRepeatedDifferently: if the reference was used for something else.
    """
    return _move_world(
        bankroll_id=bankroll_id,
        amount=read_amount(amount),
        reference=reference,
        kind=Transfer.Kind.DEPOSIT,
        now=now,
    )


def withdraw(*, bankroll_id: int, amount: Decimal, reference: str, now: datetime) -> Transfer:
    """Take free money out of a bankroll. A repeated reference returns the first transfer.

    Raises:
        AmountRefused: naming what is wrong with the amount, or how much is free.
        TransferRepeatedDifferently: if the reference was used for something else.
    """
    return _move_world(
        bankroll_id=bankroll_id,
        amount=read_amount(amount),
        reference=reference,
        kind=Transfer.Kind.WITHDRAWAL,
        now=now,
    )


@transaction.atomic
def _move_world(
    *, bankroll_id: int, amount: Decimal, reference: str, kind: str, now: datetime
) -> Transfer:
    owner_id = Bankroll.objects.values_list("owner_id", flat=True).get(pk=bankroll_id)
    pots = pots_of(lock_accounts(owner_id), bankroll_id)
    source, destination = pots.world, pots.free
    if kind == Transfer.Kind.WITHDRAWAL:
        source, destination = pots.free, pots.world
    # The owner is part of it: two people may well use the same words.
    reference = f"{owner_id}:{reference}"
    if earlier := Transfer.objects.filter(reference=reference).first():
        if (earlier.source_id, earlier.destination_id, earlier.amount) != (
            source.pk,
            destination.pk,
            amount,
        ):
            raise TransferRepeatedDifferently(
                f"Reference {reference} moved {earlier.amount} before, not {amount}."
            )
        return earlier
    if kind == Transfer.Kind.WITHDRAWAL and amount > pots.free.amount:
        raise AmountRefused(
            f"amount: {amount} is more than the free {pots.free.amount}; "
            "money at risk comes free when its bets settle."
        )
    return Transfer.objects.create(
        reference=reference,
        kind=kind,
        source=source,
        destination=destination,
        amount=amount,
        at=now,
    )


# Each query returns (subject, detail) for what cannot be. Sums are over transfers, the only truth;
# pots, bets and settlements must all agree with them.
_CHECKS: tuple[tuple[str, str], ...] = (
    (
        "pots_are_the_fold_of_transfers",
        """
        SELECT a.kind || ' of bankroll ' || a.bankroll_id,
               'holds ' || a.amount || ', its transfers add up to ' || coalesce(t.total, 0)
        FROM betting_ledgeraccount a LEFT JOIN (
            SELECT account, sum(amount) AS total FROM (
                SELECT destination_id AS account, amount FROM betting_transfer
                UNION ALL SELECT source_id, -amount FROM betting_transfer) moved
            GROUP BY account) t ON t.account = a.id
        WHERE a.amount <> coalesce(t.total, 0)
        """,
    ),
    (
        "own_money_is_never_negative",
        """
        SELECT kind || ' of bankroll ' || bankroll_id, 'holds ' || amount
        FROM betting_ledgeraccount WHERE kind IN ('free', 'at_risk') AND amount < 0
        """,
    ),
    (
        "transfers_stay_in_their_bankroll",
        """
        SELECT 'transfer ' || t.reference, 'from bankroll ' || s.bankroll_id
               || ' to bankroll ' || d.bankroll_id
        FROM betting_transfer t
        JOIN betting_ledgeraccount s ON s.id = t.source_id
        JOIN betting_ledgeraccount d ON d.id = t.destination_id
        WHERE s.bankroll_id <> d.bankroll_id
        """,
    ),
    (
        "at_risk_is_the_sum_of_open_stakes",
        """
        SELECT 'bankroll ' || a.bankroll_id,
               'at risk ' || a.amount || ', open stakes ' || coalesce(b.stakes, 0)
        FROM betting_ledgeraccount a LEFT JOIN (
            SELECT bankroll_id, sum(stake) AS stakes FROM betting_bet
            WHERE status IN ('placing', 'open') GROUP BY bankroll_id) b
          ON b.bankroll_id = a.bankroll_id
        WHERE a.kind = 'at_risk' AND a.amount <> coalesce(b.stakes, 0)
        """,
    ),
    (
        "each_bet_moved_its_stake_and_its_return",
        """
        SELECT 'bet ' || b.id, b.status || ': at risk ' || coalesce(m.at_risk, 0)
               || ', free ' || coalesce(m.free, 0) || ' from stake ' || b.stake
               || ' and returned ' || coalesce(b.returned::text, 'nothing')
        FROM betting_bet b LEFT JOIN (
            SELECT moved.bet_id,
                   sum(moved.amount) FILTER (WHERE a.kind = 'at_risk') AS at_risk,
                   sum(moved.amount) FILTER (WHERE a.kind = 'free') AS free
            FROM (SELECT bet_id, destination_id AS account, amount FROM betting_transfer
                  UNION ALL
                  SELECT bet_id, source_id, -amount FROM betting_transfer) moved
            JOIN betting_ledgeraccount a ON a.id = moved.account
            WHERE moved.bet_id IS NOT NULL GROUP BY moved.bet_id) m ON m.bet_id = b.id
        WHERE coalesce(m.at_risk, 0)
              <> CASE WHEN b.status IN ('placing', 'open') THEN b.stake ELSE 0 END
           OR coalesce(m.free, 0) <> CASE b.status
              WHEN 'settled' THEN b.returned - b.stake WHEN 'rejected' THEN 0 ELSE -b.stake END
        """,
    ),
    (
        "each_bet_takes_its_stake_once",
        """
        SELECT 'bet ' || b.id, count(t.id) || ' stake transfers'
        FROM betting_bet b
        LEFT JOIN betting_transfer t ON t.bet_id = b.id AND t.kind = 'stake'
        GROUP BY b.id HAVING count(t.id) <> 1
        """,
    ),
    (
        "each_settled_bet_is_resolved_once",
        """
        SELECT 'bet ' || b.id,
               b.status || ' with ' || count(s.id) || ' settlements, the last says '
               || coalesce((array_agg(s.result ORDER BY s.sequence DESC))[1], 'nothing')
               || ', the bet ' || coalesce(nullif(b.result, ''), 'nothing')
        FROM betting_bet b LEFT JOIN betting_settlement s ON s.bet_id = b.id
        GROUP BY b.id
        HAVING (b.status = 'settled' AND (
                    count(s.id) = 0 OR max(s.sequence) <> count(s.id)
                    OR (array_agg(s.result ORDER BY s.sequence DESC))[1] <> b.result
                    OR (array_agg(s.returned ORDER BY s.sequence DESC))[1] <> b.returned))
            OR (b.status <> 'settled' AND count(s.id) > 0)
        """,
    ),
    (
        "every_earlier_settlement_is_reversed",
        """
        SELECT 'bet ' || t.bet_id, 'two settlements stand: ' || string_agg(t.reference, ', ')
        FROM betting_transfer t
        WHERE t.bet_id IS NOT NULL AND t.kind IN ('return', 'winnings', 'loss')
          AND NOT EXISTS (SELECT 1 FROM betting_transfer r WHERE r.reverses_id = t.id)
        GROUP BY t.bet_id, t.kind HAVING count(*) > 1
        """,
    ),
)


def check_books() -> list[Problem]:
    """Return everything in the books that cannot be; an empty list is a clean bill.

    Reads one consistent moment, reports, and never repairs.
    """
    problems = []
    with transaction.atomic(), connection.cursor() as cursor:
        # Outside a transaction of the caller's the moment is one; inside, it is theirs.
        if len(connection.savepoint_ids) == 0:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for rule, query in _CHECKS:
            cursor.execute(query)
            problems += [Problem(rule, str(s), str(d)) for s, d in cursor.fetchall()]
    return problems
