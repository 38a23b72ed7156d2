"""What a bankroll holds, and how it came to be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import QuerySet

from betting.models import Bankroll, LedgerAccount
from odds.models import Bookmaker

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class BookMoney:
    """What of a bankroll lies at one bookmaker; stakes there come out of it, until it is closed."""

    bookmaker: Bookmaker
    amount: Decimal
    is_closed: bool


@dataclass(frozen=True, slots=True)
class BankrollMoney:
    """One bankroll's money: equity = free + at bookmakers + at risk."""

    bankroll: Bankroll
    free: Decimal = ZERO
    at_risk: Decimal = ZERO
    deposited: Decimal = ZERO
    books: tuple[BookMoney, ...] = ()

    @property
    def is_open(self) -> bool:
        """Return whether the bankroll exists; one that does not holds nothing."""
        return self.bankroll.pk is not None

    @property
    def bankroll_id(self) -> int:
        """Return its key; 0, which nothing has, where it does not exist."""
        return self.bankroll.pk or 0

    @property
    def currency(self) -> str:
        """Return the currency of all amounts."""
        return self.bankroll.currency

    @property
    def at_books(self) -> Decimal:
        """Return what lies at bookmakers."""
        return sum((book.amount for book in self.books), ZERO)

    @property
    def equity(self) -> Decimal:
        """Return free, at bookmakers and at risk together."""
        return self.free + self.at_books + self.at_risk

    def stakeable_at(self, bookmaker_id: int) -> Decimal:
        """Return what a stake at a bookmaker can come out of: its pot if one is kept, or free."""
        kept = {book.bookmaker.pk: book.amount for book in self.books if not book.is_closed}
        return kept.get(bookmaker_id, self.free)

    def staking(self, stake: Decimal, bookmaker_id: int) -> "BankrollMoney":
        """Return it with one more stake at a bookmaker, taken from where that comes out of."""
        kept = [book.bookmaker.pk == bookmaker_id and not book.is_closed for book in self.books]
        return replace(
            self,
            free=self.free if any(kept) else self.free - stake,
            at_risk=self.at_risk + stake,
            books=tuple(
                replace(book, amount=book.amount - stake) if is_kept else book
                for book, is_kept in zip(self.books, kept, strict=True)
            ),
        )

    @property
    def profit(self) -> Decimal:
        """Return equity less what was paid in, net of what was taken out."""
        return self.equity - self.deposited


def bankrolls_of(owner_id: int) -> list[BankrollMoney]:
    """Return a person's bankrolls with their money, the first opened first. One query.

    A closed one is left out, unless a correction brought money back to it.
    """
    mine = _monies(LedgerAccount.objects.filter(bankroll__owner_id=owner_id))
    return [money for money in mine if money.bankroll.closed_at is None or money.equity]


def bankroll_of(owner_id: int) -> BankrollMoney:
    """Return a person's first bankroll with its money; where there is none, one not yet open."""
    return first_of(bankrolls_of(owner_id), owner_id)


def first_of(bankrolls: Sequence[BankrollMoney], owner_id: int) -> BankrollMoney:
    """Return the first of a person's bankrolls; where there is none, one not yet open."""
    return bankrolls[0] if bankrolls else BankrollMoney(Bankroll(owner_id=owner_id))


def books_to_move_to() -> list[tuple[int, str]]:
    """Return (key, title) of the bookmakers that money can lie at, by title."""
    real = Bookmaker.objects.filter(is_archive=False)
    return list(real.order_by("title").values_list("pk", "title"))


def money_in(bankroll_id: int) -> BankrollMoney:
    """Return one bankroll with its money."""
    return _monies(LedgerAccount.objects.filter(bankroll_id=bankroll_id))[0]


def _monies(accounts: QuerySet[LedgerAccount]) -> list[BankrollMoney]:
    pots: dict[int, list[LedgerAccount]] = {}
    for account in accounts.select_related("bankroll", "bookmaker").order_by("bankroll_id", "pk"):
        pots.setdefault(account.bankroll_id, []).append(account)
    return [_money(each) for each in pots.values()]


def _money(pots: list[LedgerAccount]) -> BankrollMoney:
    amounts = {pot.kind: pot.amount for pot in pots}
    return BankrollMoney(
        bankroll=pots[0].bankroll,
        free=amounts["free"],
        at_risk=amounts["at_risk"],
        deposited=-amounts["world"],
        books=tuple(
            BookMoney(pot.bookmaker, pot.amount, is_closed=pot.closed_at is not None)
            for pot in pots
            if pot.bookmaker is not None and (pot.closed_at is None or pot.amount)
        ),
    )
