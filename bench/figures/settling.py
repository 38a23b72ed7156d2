"""Figure 10: fifty settle one bet at once, half of them with another result: one resolution."""

from decimal import Decimal

from figures.shared import Faults, at_once, database
from measured import say

from betting.models import Bet, LedgerAccount, Settlement
from betting.services.books import check_books
from betting.services.settlement import BetAlreadySettled, settle_bet
from tests import make

AT_ONCE = 50
PAIRS = (("won", "lost"), ("won", "void"), ("half_won", "half_lost"), ("lost", "push"))
# What 10.00 at 2.000 comes back as.
BACK = {
    "won": 20, "half_won": 15, "void": 10, "push": 10, "half_lost": 5, "lost": 0,
}  # fmt: skip


def run(*, small: bool, seed: int) -> int:
    """Settle a bet a pair, some rounds of them, and look what is left of each."""
    del seed
    faults = Faults()
    rounds = 1 if small else 10
    with database():
        bankroll = make.bankroll(make.user("settler"), "100000.00")
        for number in range(rounds * len(PAIRS)):
            settle(bankroll, number, faults)
        for fault in check_books():
            faults.expect(False, f"books: {fault}")
    say("bets settled by fifty at once with two results", rounds * len(PAIRS), "bets")
    return faults.said("settling at once: not one resolution, or other money than it makes")


def settle(bankroll, number: int, faults: Faults) -> None:  # noqa: ANN001 - a Bankroll
    """Place a bet and settle it fifty times at once; say what is wrong with it then."""
    pair = PAIRS[number % len(PAIRS)]
    free = LedgerAccount.objects.get(bankroll=bankroll, kind="free").amount
    bet = make.place(bankroll.owner, make.priced(game=number), "10.00")

    def one(thread: int) -> str:
        return settle_bet(bet_id=bet.pk, result=pair[thread % 2], now=make.NIGHT).result

    answers = at_once(AT_ONCE, one)

    kept = list(Settlement.objects.filter(bet=bet))
    result = Bet.objects.get(pk=bet.pk).result
    agreed = answers.count(result)
    refused = sum(isinstance(answer, BetAlreadySettled) for answer in answers)
    moved = LedgerAccount.objects.get(bankroll=bankroll, kind="free").amount - free
    where = f"bet {number} as {' or '.join(pair)}:"
    faults.expect(len(kept) == 1, f"{where} {len(kept)} resolutions")
    faults.expect(
        (agreed, refused) == (AT_ONCE // 2, AT_ONCE // 2),
        f"{where} {agreed} were told {result!r} and {refused} that it is not theirs",
    )
    faults.expect(moved == Decimal(BACK.get(result, -1)) - 10, f"{where} {result!r} moved {moved}")
