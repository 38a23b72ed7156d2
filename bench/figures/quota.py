"""Figure 21: a thousand paid calls by eight threads, Valkey emptied meanwhile: never over a budget.

Budget after budget, eight threads ask the simulated provider over HTTP until each is refused; a
budget's end is where they race. What was spent is the provider's count.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import stamina
from figures.shared import Faults, at_once, database, valkey
from measured import say
from redis import Redis

from odds.feeds import the_odds_api as api
from odds.feeds.gate import Gate, InValkey
from odds.feeds.the_odds_api import PROVIDER
from odds.services.credit_ledger import Ledger, account_of
from odds.simulator.clock import ManualClock
from odds.simulator.league import SPORT_KEY
from odds.simulator.protocol import Account
from odds.simulator.proving import FewEvents
from odds.simulator.server import serve
from tests.odds.simulator.door import NOON

THREADS, COST, BUDGETS = 8, 2, 14
# Odd, so that the last call that fits leaves a credit over.
BUDGET = 151


def run(*, small: bool, seed: int) -> int:
    """Spend some budgets, and hold each against what the provider counted."""
    del seed
    faults = Faults()
    came: Counter[str] = Counter()
    plans = [Account(f"key-{number}", credits=10_000) for number in range(2 if small else BUDGETS)]
    with (
        database(),
        valkey() as url,
        emptied_again_and_again(url, came),
        serve(FewEvents(1), clock=ManualClock(NOON), accounts=plans) as provider,
        stamina.set_testing(True, attempts=1),
    ):
        for plan in plans:

            def work(_: int, key: str = plan.key) -> str:
                return spend_all(provider.url, key, Gate(PROVIDER, InValkey(url)))

            came.update(str(answer) for answer in at_once(THREADS, work))
            account = account_of(plan.key, now=NOON, budget=BUDGET)
            came["paid"] += plan.used // COST
            faults.expect(plan.used == BUDGET - 1, f"{plan.key}: {plan.used} spent of {BUDGET}")
            faults.expect(
                (account.spent, account.held) == (plan.used, 0),
                f"{plan.key}: {account.spent} written, {account.held} held, {plan.used} spent",
            )
    say("calls that were paid for, by eight threads", came.pop("paid"), "calls")
    say("times that Valkey was emptied meanwhile", came.pop("emptied"), "times")
    say("threads that the budget ended", came.pop("the budget is spent"), "threads")
    faults.expect(not came, f"threads that something else ended: {dict(came)}")
    return faults.said("budgets overspent, not used up, or written down otherwise")


def spend_all(url: str, key: str, gate: Gate) -> str:
    """Ask for odds until the budget refuses; each key has a budget of its own."""
    purse = Ledger(provider=key, now=NOON, budget=BUDGET)
    with api.Client(url, key, gate=gate, purse=purse) as client:
        # Were it never refused, it would ask for ever.
        for _ in range(BUDGET):
            try:
                client.odds(SPORT_KEY, regions=["us", "eu"], markets=["h2h"], now=NOON)
            except api.BudgetSpent:
                return "the budget is spent"
    return "nothing"


@contextmanager
def emptied_again_and_again(url: str, came: Counter[str]) -> Iterator[None]:
    """Empty a Valkey every fifth of a second."""
    over = threading.Event()

    def empty() -> None:
        with Redis.from_url(url) as store:
            while not over.wait(0.2):
                store.flushall()
                came["emptied"] += 1

    thread = threading.Thread(target=empty)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
