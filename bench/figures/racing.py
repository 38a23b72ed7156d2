"""Figure 41: a hundred stakes at once race for the last of a limit; none goes over it."""

from decimal import Decimal

from django.db import OperationalError
from django.db.models import Sum
from figures.shared import Faults, at_once, database
from measured import say

from betting.models import Bet
from betting.services.books import check_books
from betting.services.placement import StakeRefused
from risk.services.personal import set_personal_limit
from tests import make

RACERS, FIT = 100, 25
PERIODS = ("day", "week", "month")


def run(*, small: bool, seed: int) -> int:
    """Race ten rounds a seed, for stakes and losses a day, a week, a month."""
    faults = Faults()
    rounds = 1 if small else 10
    with database():
        raced = [race(number, faults) for number in range(seed, seed + rounds)]
        for fault in check_books():
            faults.expect(False, f"books: {fault}")
    say("rounds of a hundred stakes racing for a limit", rounds, "rounds")
    say("stakes taken in them, of those that fit", sum(raced), "stakes", "goal", rounds * FIT)
    return faults.said("rounds over a limit, or not up to it, or books that do not balance")


def race(number: int, faults: Faults) -> int:
    """Let a hundred stakes of 10.00 race for the last 250.00 of a limit; return how many won."""
    kind, period = ("stake", "loss")[number % 2], PERIODS[number % 3]
    owner = make.user(f"racer-{number}")
    make.bankroll(owner, "100000.00")
    make.limits(owner, bet="1.0000", event="1.0000", day="1.0000")
    set_personal_limit(
        owner_id=owner.pk, kind=kind, period=period, amount=Decimal(10 * FIT), now=make.BEFORE
    )
    quote = make.priced(game=2 + number)

    def bet(thread: int) -> bool:
        while True:
            try:
                make.place(owner, quote, "10.00", request_key=f"racer-{thread}")
                return True
            except StakeRefused:
                return False
            except OperationalError:
                # A hundred wait for one lock, some for too long; they ask again, as a client does.
                continue

    taken = at_once(RACERS, bet).count(True)
    staked = Bet.objects.filter(owner=owner).aggregate(all=Sum("stake"))["all"]
    faults.expect(staked == 10 * FIT == 10 * taken, f"{kind} a {period}: {staked} of {10 * FIT}")
    return taken
