"""Money by a machine that knows, in whole cents, what each step must do, and what is refused."""

import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from betting.domain.bankroll_run import half_even
from betting.models import LedgerAccount, Transfer
from betting.services import bankrolls, correcting, ledger, settlement
from betting.services.books import check_books
from betting.services.placement import StakeRefused
from odds.models import Bookmaker
from tests import make

RESULTS = ("won", "half_won", "push", "void", "half_lost", "lost")
BOOKS = ("paperbook", "other")
amounts = st.one_of(st.integers(1, 300), st.integers(1, 60_000))


@dataclass
class Told:
    """A bet as the machine knows it: cents, thousandths, and the pot it came out of."""

    pk: int
    stake: int
    price: int
    pot: str
    result: str = ""

    def paid(self, result: str) -> tuple[int, int]:
        """Return what comes back and what is forfeited."""
        won = {"won": 2, "half_won": 1}.get(result, 0)
        forfeited = half_even(self.stake * {"lost": 2, "half_lost": 1}.get(result, 0), 2)
        gain = half_even(self.stake * won * (self.price - 1000), 2000)
        return self.stake - forfeited + gain, forfeited


def euros(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


class Money(RuleBasedStateMachine):
    bets = Bundle("bets")

    @initialize()
    def open(self) -> None:
        self.owner = make.user(uuid.uuid4().hex)
        self.bankroll = make.bankroll(self.owner, "1000.00")
        limits = make.limits(self.owner, bet="1.0000", event="1.0000", day="1.0000", drawdown="1")
        limits.min_stake, limits.max_market_share = Decimal("0.01"), 1
        limits.max_league_share = limits.max_bookmaker_share = 1
        limits.save()
        self.pots = {"free": 100_000, "at_risk": 0, "house": 0, "world": -100_000}
        self.books = {
            key: Bookmaker.objects.get_or_create(key=key, defaults={"title": key.title()})[0].pk
            for key in BOOKS
        }
        self.games = 0
        self.kept: set[str] = set()
        self.told: list[Told] = []
        # Else most runs would end before a bet came out of a bookmaker's pot.
        self.book(cents=30_000, book="paperbook", back=False, key=uuid.uuid4())

    @contextmanager
    def expect(self, error: type[Exception] | None):
        """Expect a refusal that writes nothing, or none."""
        if error is None:
            yield
            return
        before = Transfer.objects.count()
        with pytest.raises(error):
            yield
        assert Transfer.objects.count() == before

    def move(self, source: str, destination: str, cents: int) -> None:
        self.pots[source] = self.pots.get(source, 0) - cents
        self.pots[destination] = self.pots.get(destination, 0) + cents

    def on(self, **more: object) -> dict[str, object]:
        return {"bankroll_id": self.bankroll.pk, "now": make.NOON, **more}

    @rule(cents=amounts, out=st.booleans(), key=st.uuids())
    def world(self, cents, out, key) -> None:
        do = partial(ledger.move_money, "withdrawal" if out else "deposit")
        short = out and cents > self.pots["free"]
        asked = self.on(amount=euros(cents), reference=key.hex)
        with self.expect(ledger.AmountRefused if short else None):
            assert do(**asked) == do(**asked)
        if not short:
            self.move(*(("free", "world") if out else ("world", "free")), cents)

    @rule(cents=amounts, book=st.sampled_from(BOOKS), back=st.booleans(), key=st.uuids())
    def book(self, cents, book, back, key) -> None:
        do = partial(ledger.move_money, "from_book" if back else "to_book")
        short = cents > self.pots.get(book if back else "free", 0)
        asked = self.on(amount=euros(cents), reference=key.hex, bookmaker_id=self.books[book])
        with self.expect(ledger.AmountRefused if short else None):
            assert do(**asked) == do(**asked)
        if not short:
            self.kept |= set() if back else {book}
            self.move(*((book, "free") if back else ("free", book)), cents)

    @rule(book=st.sampled_from(BOOKS))
    def close(self, book) -> None:
        if book not in self.kept:
            return
        waits = any(bet.pot == book and not bet.result for bet in self.told)
        held = self.pots[book] > 0
        with self.expect(bankrolls.NotEmpty if held or waits else None):
            bankrolls.close_pot(**self.on(bookmaker_id=self.books[book]))
        if not (held or waits):
            self.kept.discard(book)

    @rule(target=bets, cents=amounts, price=st.integers(1001, 9000), book=st.sampled_from(BOOKS))
    def place(self, cents, price, book):
        pot = book if book in self.kept else "free"
        short = cents > self.pots[pot]
        self.games += 1
        game = f"{self.games} of {self.owner}"
        quote = make.priced(str(Decimal(price) / 1000), book=book, game=game)
        before, key = Transfer.objects.count(), uuid.uuid4().hex
        try:
            bet = make.place(self.owner, quote, str(euros(cents)), request_key=key)
        except StakeRefused as refused:
            rules = {breach.rule for breach in refused.breaches}
            # Other limits may speak too; what there is to stake from is known exactly.
            assert ("free_money" in rules) is short
            assert rules <= {"free_money", "max_day_share", "max_bet_share"} | {
                f"max_{of}_share" for of in ("market", "event", "league", "bookmaker")
            }
            assert Transfer.objects.count() == before
            return multiple()
        assert not short
        assert make.place(self.owner, quote, str(euros(cents)), request_key=key).pk == bet.pk
        self.move(pot, "at_risk", cents)
        self.told.append(Told(bet.pk, cents, price, pot))
        return self.told[-1]

    @rule(bet=bets, result=st.sampled_from(RESULTS))
    def settle(self, bet, result) -> None:
        again = bet.result not in ("", result)
        with self.expect(settlement.BetAlreadySettled if again else None):
            for _ in range(2):
                settlement.settle_bet(bet_id=bet.pk, result=result, now=make.NIGHT)
        if not bet.result:
            self.apply(bet, result)

    @rule(bet=bets, result=st.sampled_from(RESULTS))
    def correct(self, bet, result) -> None:
        asked = {"bet_id": bet.pk, "result": result, "reason": "machine", "now": make.NIGHT}
        error: type[Exception] | None = None
        if not bet.result:
            error = settlement.BetNotOpen
        elif bet.result != result and self.pots[bet.pot] < bet.paid(bet.result)[0]:
            error = correcting.CorrectionNotCovered
        with self.expect(error):
            for _ in range(2):
                correcting.correct_settlement(**asked)
        if error is None and bet.result != result:
            self.apply(bet, bet.result, sign=-1)
            self.apply(bet, result)

    def apply(self, bet: Told, result: str, sign: int = 1) -> None:
        returned, forfeited = bet.paid(result)
        self.move("at_risk", bet.pot, sign * (bet.stake - forfeited))
        self.move("at_risk", "house", sign * forfeited)
        self.move("house", bet.pot, sign * (returned - bet.stake + forfeited))
        bet.result = result

    @invariant()
    def pots_are_as_told(self) -> None:
        found = {
            pot.bookmaker.key if pot.bookmaker else pot.kind: int(pot.amount * 100)
            for pot in LedgerAccount.objects.filter(bankroll=self.bankroll).select_related(
                "bookmaker"
            )
        }
        assert found == {"free": 0, "at_risk": 0, "house": 0, "world": 0} | self.pots
        assert sum(found.values()) == 0

    def teardown(self) -> None:
        assert check_books() == []


@pytest.mark.slow
@pytest.mark.django_db
def test_money_does_what_the_machine_says():
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=8,
            # A failure is told at once: making it smaller would take minutes.
            phases=(Phase.explicit, Phase.generate),
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
