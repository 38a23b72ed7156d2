"""Figure 41: limits over time decide as an oracle does, in 5,000 random timelines.

250 of them a seed, since they take minutes: seeds 1 to 20 are all.

The oracle (figures/promised.py) is written from the words of docs/algorithms/risk.md. Triggers
compare with the database's own clock, so the clock moves there: a schema with a `now()` of its own
comes before the system's on the search path. The triggers themselves are those that are shipped.
"""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import time_machine
from django.db import connection
from figures.promised import PERIODS, Promised
from figures.shared import Faults, database
from measured import say

from betting.models import Bet
from betting.services import ledger
from betting.services.books import check_books
from betting.services.placement import StakeRefused, place_bet
from betting.services.prices import PriceNow
from betting.services.settlement import settle_bet
from odds.models import Event, Quote
from risk.models import PersonalAsked
from risk.services.personal import (
    NotYet,
    confirm_raise,
    exclude,
    note_presence,
    set_personal_limit,
    withdraw_raise,
)
from tests import make

STEPS, PRICE = 14, Decimal("2.000")
ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")]
# Days before which something ends: a month of a leap year and of none, a year, a week, summer time.
ENDS = [
    datetime(*day, tzinfo=UTC)
    for day in (
        (2028, 3, 1),
        (2027, 3, 1),
        (2027, 1, 1),
        (2027, 5, 3),
        (2027, 3, 28),
        (2027, 11, 1),
    )
]  # fmt: skip
KINDS = ("stake", "loss", "deposit", "time")
MOVING_CLOCK = """
CREATE SCHEMA clock;
CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('clock.at', true), '')::timestamptz, pg_catalog.now())
$$;
CREATE FUNCTION clock.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT clock.now() $$;
"""


def run(*, small: bool, seed: int) -> int:
    """Play a share of the timelines."""
    faults = Faults()
    did: Counter[str] = Counter()
    with database():
        with connection.cursor() as cursor:
            cursor.execute(MOVING_CLOCK)
            cursor.execute("SET search_path = clock, pg_catalog, public")
        quote = make.priced()
        event = quote.selection.market.event
        Event.objects.filter(pk=event.pk).update(starts_at=datetime(2030, 1, 1, tzinfo=UTC))
        timelines = 100 if small else 250
        for number in range(timelines):
            play(Timeline(f"{seed}-{number}", quote, faults, did))
        for fault in check_books():
            faults.expect(False, f"books: {fault}")
    say("timelines of a person's own limits", timelines, "timelines")
    say(f"what was done in them: {dict(sorted(did.items()))}", did.total(), "steps")
    return faults.said("decided otherwise than the oracle")


class Timeline:
    """One person, the moment it is for them, and what was promised to them."""

    def __init__(self, seed: str, quote: Quote, faults: Faults, did: Counter[str]) -> None:
        self.seed, self.quote, self.faults, self.did = seed, quote, faults, did
        self.rng = random.Random(seed)  # noqa: S311 - no secret
        self.now = self.rng.choice(ENDS) - timedelta(hours=self.rng.randrange(1, 60))
        self.promised = Promised()
        self.owner = make.user(f"person-{seed}")
        self.bankroll = make.bankroll(self.owner, "100000.00")
        make.limits(self.owner, bet="1.0000", event="1.0000", day="1.0000")
        self.kinds = self.rng.sample([(k, p) for k in KINDS for p in PERIODS], 3)
        self.bets: list[Bet] = []
        self.asked: list[PersonalAsked] = []

    def wait(self) -> None:
        """Let a while pass: minutes, hours, until just before or after a border or a day."""
        rng, day = self.rng, timedelta(days=1)
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0) + day
        border = rng.choice([end for end in ENDS if end > self.now] or [midnight])
        until = [
            self.now + timedelta(seconds=rng.randrange(1, 700)),
            self.now + timedelta(hours=rng.random() * 12),
            midnight + timedelta(seconds=rng.choice((-1, 0, 1))),
            min(border, self.now + 20 * day) + timedelta(seconds=rng.choice((-1, 0, 1))),
            *[a.ready_at + timedelta(seconds=rng.choice((-1, 0, 1))) for a in self.asked[-1:]],
        ]
        self.now = max(rng.choice(until), self.now + timedelta(seconds=1))

    def differs(self, what: str, *, mine: object, theirs: object) -> None:
        """Note where the oracle says something else."""
        self.did[what] += 1
        self.faults.expect(
            mine == theirs, f"{self.seed} {self.now}: {what}: {mine} where {theirs} was promised"
        )


def play(line: Timeline) -> None:
    """Let one person do random things, each judged by the oracle too."""
    for _ in range(STEPS):
        line.wait()
        acts = (limit, limit, stake, stake, stake, settle, settle, deposit, confirm, confirm,
                take_back, be_here, keep_away)  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('clock.at', %s, false)", [line.now.isoformat()])
        with time_machine.travel(line.now, tick=False):
            line.rng.choice(acts)(line, line.now.astimezone(line.rng.choice(ZONES)))


def limit(line: Timeline, now: datetime) -> None:
    """Set a limit: lower, the same or higher, which has to wait."""
    kind, period = line.rng.choice(line.kinds)
    amount = line.rng.choice([None, *(Decimal(n) for n in (0, 10, 20, 25, 40))])
    made = set_personal_limit(
        owner_id=line.owner.pk, kind=kind, period=period, amount=amount, now=now
    )
    waits = isinstance(made, PersonalAsked)
    if waits and made not in line.asked:
        line.asked.append(made)
    line.differs(
        "set a limit", mine=waits,
        theirs=line.promised.set_limit(kind, period, amount, now, made.pk if waits else 0),
    )  # fmt: skip


def confirm(line: Timeline, now: datetime) -> None:
    """Say the second yes to anything ever asked for."""
    answer_raise(line, now, "confirm", confirm_raise, line.promised.confirm)


def take_back(line: Timeline, now: datetime) -> None:
    """Withdraw anything ever asked for."""
    answer_raise(line, now, "take back", withdraw_raise, line.promised.take_back)


def answer_raise(line: Timeline, now: datetime, what: str, act, promised) -> None:  # noqa: ANN001
    """Do something about a raise, and compare whether it was let."""
    if not line.asked:
        return
    asked = line.rng.choice(line.asked[-2:])
    try:
        act(owner_id=line.owner.pk, asked_id=asked.pk, now=now)
        mine = True
    except NotYet:
        mine = False
    line.differs(f"{what}: {mine}", mine=mine, theirs=promised(asked.pk, now))


def stake(line: Timeline, now: datetime) -> None:
    """Ask for a bet at the same door as everybody."""
    amount = Decimal(line.rng.choice(("1.00", "5.00", "9.99", "10.00", "10.01", "20.00")))
    forbid = line.promised.forbid_stake(amount, now)
    try:
        bet = place_bet(
            owner_id=line.owner.pk, request_key=f"{line.seed}-{now.timestamp()}",
            selection_id=line.quote.selection_id, bookmaker_id=line.quote.bookmaker_id,
            price=PRICE, stake=amount, now=now, prices=lambda *_: PriceNow(PRICE, now),
        )  # fmt: skip
        told: set[str] = set()
        line.bets.append(bet)
        line.promised.staked(amount, now)
    except StakeRefused as refusal:
        told = {breach.rule for breach in refusal.breaches}
    line.differs(f"stake: {'refused' if told else 'taken'}", mine=bool(told), theirs=bool(forbid))
    line.faults.expect(told <= forbid, f"{line.seed} {now}: {told} said, {forbid} promised")


def settle(line: Timeline, now: datetime) -> None:
    """Settle an open bet somehow."""
    if not line.bets:
        return
    bet = line.bets.pop(line.rng.randrange(len(line.bets)))
    result = line.rng.choice(("won", "lost", "lost", "void", "half_lost"))
    settled = settle_bet(bet_id=bet.pk, result=result, now=now)
    back = {"won": 2, "lost": 0, "void": 1, "half_lost": Decimal("0.5")}[result] * bet.stake
    # Half a cent that cannot be paid is the person's or the house's: half a cent here or there.
    line.faults.expect(abs(settled.returned - back) < Decimal("0.01"), f"{settled} paid otherwise")
    line.promised.settled(bet.stake, settled.returned, now)
    line.did["settle"] += 1


def deposit(line: Timeline, now: datetime) -> None:
    """Pay something in."""
    amount = Decimal(line.rng.choice(("5.00", "10.00", "20.01")))
    forbid = line.promised.forbid_deposit(amount, now)
    try:
        ledger.move_money(
            "deposit", bankroll_id=line.bankroll.pk, amount=amount,
            reference=f"d-{now.timestamp()}", now=now,
        )  # fmt: skip
        mine = False
        line.promised.deposited(amount, now)
    except ledger.AmountRefused:
        mine = True
    line.differs(f"deposit: {'refused' if mine else 'taken'}", mine=mine, theirs=bool(forbid))


def be_here(line: Timeline, now: datetime) -> None:
    """Look at pages for a while: each seven minutes, or longer apart than counts."""
    gap = timedelta(minutes=line.rng.choice((7, 10, 11)))
    with connection.cursor() as cursor:
        for _ in range(line.rng.randrange(2, 5)):
            note_presence(owner_id=line.owner.pk, now=line.now)
            line.promised.seen(line.now)
            line.now += gap
        cursor.execute("SELECT set_config('clock.at', %s, false)", [line.now.isoformat()])
    line.did["be here"] += 1


def keep_away(line: Timeline, now: datetime) -> None:
    """Take a time-out, once in a while."""
    if line.rng.random() < 0.3:
        length = timedelta(days=line.rng.choice((1, 2)))
        exclude(owner_id=line.owner.pk, kind="time_out", length=length, now=now)
        line.promised.away(now + length)
        line.did["time-out"] += 1
