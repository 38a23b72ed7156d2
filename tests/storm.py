"""A storm on the money path: what each writer does, and what must be true when it is over.

A writer's operations follow from the seed alone. Each is done under its own key, many of them
twice, some again much later; a writer that was killed goes on where its log ends, with the
operation that was under way, so whatever had been committed is repeated. Used by
`bench/storm_money.py`, whole, and by a short test.
"""

import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F

from betting.domain.bankroll_run import half_even
from betting.models import Bankroll, Bet, LedgerAccount, Result, Settlement, Transfer
from betting.services import answers, correcting, ledger, settlement
from betting.services.books import check_books
from betting.services.placement import StakeRefused, place_bet
from betting.services.prices import PriceNow
from betting.venues.base import Verdict
from betting.venues.paper import Paper, Temper, look_up
from odds.models import Event
from risk.models import Limits
from tests import make

KINDS = {
    "place": 48,
    "settle": 16,
    "correct": 12,
    "cancel": 5,
    "deposit": 4,
    "withdraw": 4,
    "to_book": 4,
    "from_book": 3,
    "again": 4,
}
REFUSALS = (
    StakeRefused,
    ledger.AmountRefused,
    answers.CannotCancel,
    settlement.BetAlreadySettled,
    settlement.BetNotOpen,
    correcting.CorrectionNotCovered,
    Bet.DoesNotExist,
)
RESULTS = ("won", "half_won", "push", "void", "half_lost", "lost")
TRANSFER_KINDS = {
    "deposit": "deposit",
    "withdraw": "withdrawal",
    "to_book": "to_book",
    "from_book": "from_book",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a writer does. `on` is the key of the operation that it is about."""

    number: int
    kind: str
    key: str
    owner: int = 0
    bankroll: int = 0
    bookmaker: int = 0
    selection: int = 0
    price: str = ""
    amount: str = ""
    result: str = ""
    twice: bool = False
    on: str = ""


# What each bankroll begins with: it lasts to the end of a long storm.
SEED_MONEY = Decimal("100000.00")


def make_world(folder: Path, *, owners: int = 6, events: int = 150) -> None:
    """Make bettors with two bankrolls each, and events to bet on, and write down which."""
    people = [make.user(f"storm{n}") for n in range(owners)]
    bankrolls = [
        [make.bankroll(person, str(SEED_MONEY), name=name).pk for name in ("Main", "Second")]
        for person in people
    ]
    whole = Decimal("1.0000")
    shares = ("bet", "market", "event", "league", "bookmaker", "day", "drawdown")
    Limits.objects.bulk_create(
        Limits(
            owner=person,
            min_stake="0.01",
            max_open_bets=100_000,
            **{f"max_{name}_share": whole for name in shares},
        )
        for person in people
    )
    selections, books, keys = [], [], set()
    for game in range(events):
        for market, side, point in (
            ("h2h", "home", None),
            ("h2h", "away", None),
            ("totals", "over", "2.75"),
            ("spreads", "away", "0.25"),
        ):
            book = f"book{(game + len(side)) % 3}"
            quote = make.priced(side=side, point=point, market=market, game=game, book=book)
            selections.append((quote.selection_id, quote.selection.market.event_id))
            if book not in keys:
                keys.add(book)
                books.append(quote.bookmaker_id)
    world = {
        "began": time.time(),
        "owners": [[p.pk, b] for p, b in zip(people, bankrolls, strict=True)],
        "selections": selections,
        "bookmakers": books,
    }
    (folder / "world.json").write_text(json.dumps(world))


def read_world(folder: Path) -> dict[str, Any]:
    world: dict[str, Any] = json.loads((folder / "world.json").read_text())
    return world


def moment(world: dict[str, Any]) -> datetime:
    """Return the time in the world: as much after noon as the storm has lasted."""
    return make.NOON + timedelta(seconds=time.time() - world["began"])


def operations(world: dict[str, Any], seed: int, writer: int, count: int) -> Iterator[Operation]:
    """Yield what a writer does, always the same."""
    rng = random.Random(f"{seed}:{writer}")  # noqa: S311 - no secret
    done: list[Operation] = []
    placed: list[Operation] = []
    settled: list[Operation] = []
    # What is cancelled was just placed; what is settled had time to be answered; what is
    # corrected was settled before. Some of each comes too early or too late, and is refused.
    about = {
        "cancel": lambda: placed[-2:],
        "settle": lambda: placed[-60:-5],
        "correct": lambda: settled[-40:],
        "again": lambda: done,
    }
    for number in range(count):
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        if kind in about and not about[kind]():
            kind = "place"
        owner, bankrolls = rng.choice(world["owners"])
        selection, _ = rng.choice(world["selections"])
        operation = Operation(
            number=number,
            kind=kind,
            key=f"w{writer}-{number}",
            owner=owner,
            bankroll=rng.choice(bankrolls),
            bookmaker=rng.choice(world["bookmakers"]),
            selection=selection,
            price=f"{rng.randint(1050, 6000) / 1000:.3f}",
            # Pots at bookmakers must last for many stakes, and run dry now and then.
            amount=f"{rng.randint(1, 2500) * (20 if kind == 'to_book' else 1) / 100:.2f}",
            result=rng.choice(RESULTS),
            twice=rng.random() < 0.25,
        )
        if kind == "again":
            operation = _repeat(operation, rng.choice(done))
        elif kind in about:
            operation = _about(operation, rng.choice(about[kind]()))
        elif kind == "place":
            placed.append(operation)
        if kind == "settle":
            settled.append(operation)
        if kind != "again":
            done.append(operation)
        yield operation


def _about(operation: Operation, about: Operation) -> Operation:
    return Operation(
        operation.number,
        operation.kind,
        operation.key,
        owner=about.owner,
        result=operation.result,
        twice=operation.twice,
        on=about.on or about.key,
    )


def _repeat(operation: Operation, earlier: Operation) -> Operation:
    fields = {name: getattr(earlier, name) for name in Operation.__slots__}
    return Operation(**(fields | {"number": operation.number}))


def carry_out(operation: Operation, *, now: datetime) -> str:
    """Do one operation; return 'ok' or what refused it."""
    try:
        _DO[operation.kind](operation, now)
    except REFUSALS as refusal:
        return type(refusal).__name__
    return "ok"


def _place(o: Operation, now: datetime) -> None:
    price = Decimal(o.price)
    place_bet(
        owner_id=o.owner,
        request_key=o.key,
        selection_id=o.selection,
        bookmaker_id=o.bookmaker,
        price=price,
        stake=Decimal(o.amount),
        now=now,
        bankroll_id=o.bankroll,
        prices=lambda _selection, _bookmaker: PriceNow(price, now),
    )


def _bet(o: Operation) -> int:
    return Bet.objects.get(owner_id=o.owner, request_key=o.on).pk


def _settle(o: Operation, now: datetime) -> None:
    settlement.settle_bet(bet_id=_bet(o), result=Result(o.result), now=now)


def _correct(o: Operation, now: datetime) -> None:
    correcting.correct_settlement(
        bet_id=_bet(o), result=Result(o.result), reason="storm", now=now, by_id=o.owner
    )


def _cancel(o: Operation, now: datetime) -> None:
    answers.cancel_bet(owner_id=o.owner, bet_id=_bet(o), now=now)


def _money(o: Operation, now: datetime) -> None:
    there = {"bookmaker_id": o.bookmaker} if o.kind.endswith("_book") else {}
    ledger.move_money(
        TRANSFER_KINDS[o.kind],
        bankroll_id=o.bankroll,
        amount=Decimal(o.amount),
        reference=o.key,
        now=now,
        **there,
    )


_DO = {
    "place": _place,
    "settle": _settle,
    "correct": _correct,
    "cancel": _cancel,
    **dict.fromkeys(TRANSFER_KINDS, _money),
}


def until_it_answers(do: Any, *arguments: Any, **named: Any) -> Any:
    """Return what a call returns, as often as the database goes away under it."""
    while True:
        try:
            return do(*arguments, **named)
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.05)  # noqa: TID251 - the database comes back in its own time


def write(folder: Path, seed: int, writer: int, count: int) -> None:
    """Do a writer's operations from where its log ends, and log each when it is over."""
    world = read_world(folder)
    path = folder / f"writer-{writer}.log"
    begun = sum(line.endswith("}\n") for line in path.open()) if path.exists() else 0
    _note_what_the_venue_is_asked(folder / f"venue-{writer}.log")
    with path.open("a") as log:
        for operation in operations(world, seed, writer, count):
            if operation.number < begun:
                continue
            if (folder / "enough").exists():
                return
            came = [
                until_it_answers(carry_out, operation, now=moment(world))
                for _ in range(2 if operation.twice else 1)
            ]
            line = {
                "kind": operation.kind,
                "key": operation.key,
                "again": not operation.key.endswith(f"-{operation.number}"),
                "outcomes": came,
            }
            log.write(json.dumps(line) + "\n")
            log.flush()


def _note_what_the_venue_is_asked(path: Path) -> None:
    place = Paper.place
    log = path.open("a")

    def noted(self: Paper, order: Any) -> Any:
        log.write(order.reference + "\n")
        log.flush()
        return place(self, order)

    Paper.place = noted  # type: ignore[method-assign]


def work(folder: Path, seed: int) -> None:
    """Do what the scheduled jobs do, while events end and some results are corrected."""
    world = read_world(folder)
    rng = random.Random(f"{seed}:{os.getpid()}")  # noqa: S311 - no secret
    events = sorted({event for _, event in world["selections"]})
    stop = folder / "stop"
    while not stop.exists():
        now = moment(world)
        until_it_answers(_end_an_event, rng.choice(events), rng, now)
        until_it_answers(settlement.settle_due_bets, now)
        until_it_answers(correcting.correct_changed_results, now)
        until_it_answers(answers.resolve_unknowns, now=now)
        time.sleep(0.1)  # noqa: TID251 - the schedule's pause


def _end_an_event(event_id: int, rng: random.Random, now: datetime) -> None:
    # A third of all events at most: the rest is there to be bet on to the end.
    if event_id % 3 == 0:
        Event.objects.filter(pk=event_id).update(
            status="finished",
            home_score=rng.randint(0, 4),
            away_score=rng.randint(0, 4),
            result_seen_at=now,
        )


# --- when it is over


def temper(paper: dict[str, str]) -> Temper:
    """Return how the paper venue was, of the environment's words without their beginning."""
    shares = {name.lower(): float(value) for name, value in paper.items() if name != "LATENCY"}
    return Temper(latency=timedelta(seconds=float(paper["LATENCY"])), **shares)


def tally() -> dict[str, int]:
    """Return how much came of it."""
    bets = Bet.objects
    return {
        "bets placed": bets.count(),
        "bets settled": bets.filter(status="settled").count(),
        "bets matched in part": bets.filter(matched_stake__lt=F("stake")).count(),
        "bets cancelled": bets.filter(status="cancelled").count(),
        "bets that had to be looked up": bets.filter(look_ups__gt=0).count(),
        "settlements corrected": Settlement.objects.filter(sequence__gt=1).count(),
        "transfers": Transfer.objects.count(),
    }


def done_by(folder: Path, writers: int) -> list[int]:
    """Return how many operations each writer did."""
    return [
        len((folder / f"writer-{writer}.log").read_text().splitlines()) for writer in range(writers)
    ]


def outcomes(folder: Path) -> dict[str, int]:
    """Return how often each kind of operation was done, and how often each refusal met it."""
    came: Counter[str] = Counter()
    for path in folder.glob("writer-*.log"):
        for line in map(json.loads, path.read_text().splitlines()):
            repeat = " again" if line["again"] else ""
            came.update(f"{line['kind']}{repeat}: {outcome}" for outcome in line["outcomes"])
    return dict(sorted(came.items()))


def come_to_rest(folder: Path) -> None:
    """Let every venue answer, and every due bet settle."""
    later = moment(read_world(folder)) + timedelta(hours=1)
    for _ in range(200):
        waiting = Bet.objects.filter(status__in=("placing", "pending"))
        waiting.update(next_look_at=None)
        if not waiting.exists():
            break
        # What never came is believed after two looks apart.
        later += answers.LOOKS_APART
        answers.resolve_unknowns(now=later, limit=2000)
    settlement.settle_due_bets(later, limit=100_000)


def faults(folder: Path, *, seed: int, counts: list[int]) -> list[str]:
    """Return everything that is not as it must be; nothing is right."""
    world = read_world(folder)
    plan = {
        o.key: o
        for writer, count in enumerate(counts)
        for o in operations(world, seed, writer, count)
    }
    lines = [
        json.loads(line)
        for writer in range(len(counts))
        for line in (folder / f"writer-{writer}.log").read_text().splitlines()
    ]
    ok = {line["key"] for line in lines if "ok" in line["outcomes"]}
    return [
        *([f"{len(lines)} of {sum(counts)} operations were done"] * (len(lines) != sum(counts))),
        *(f"{p.rule}: {p.subject}: {p.detail}" for p in check_books()),
        *_money_faults(plan, ok),
        *_bet_faults(plan, ok, folder),
        *_balance_faults(plan, ok),
    ]


def _money_faults(plan: dict[str, Operation], ok: set[str]) -> Iterator[str]:
    """Every move that was confirmed is there, once, and no other is."""
    wanted = {
        (f"{o.owner}:{o.key}", TRANSFER_KINDS[o.kind], Decimal(o.amount))
        for o in plan.values()
        if o.kind in TRANSFER_KINDS and o.key in ok
    }
    found = Counter(
        Transfer.objects.filter(kind__in=TRANSFER_KINDS.values())
        .exclude(reference__contains=":seed-")
        .values_list("reference", "kind", "amount")
    )
    for each in wanted - set(found):
        yield f"lost: {each}"
    for each in set(found) - wanted:
        yield f"made: {each}"
    yield from (f"twice: {each}" for each, times in found.items() if times > 1)


def _bet_faults(plan: dict[str, Operation], ok: set[str], folder: Path) -> Iterator[str]:
    wanted = {(o.owner, o.key) for o in plan.values() if o.kind == "place" and o.key in ok}
    bets = list(Bet.objects.all())
    found = Counter((bet.owner_id, bet.request_key) for bet in bets)
    if set(found) != wanted or max(found.values(), default=1) > 1:
        yield f"{len(found)} bets for {len(wanted)} that were confirmed"
    asked = Counter(
        line for path in folder.glob("venue-*.log") for line in path.read_text().splitlines()
    )
    yield from (f"{ref} was sent {times} times" for ref, times in asked.items() if times > 1)
    far = make.NOON + timedelta(days=1)
    for bet in bets:
        said = look_up(answers.order_of(bet), settings.PAPER, now=far)
        if bet.status in ("placing", "pending"):
            yield f"bet {bet.pk} is still {bet.status}"
        elif said.verdict is Verdict.ACCEPTED and bet.matched_stake != said.matched_stake:
            yield f"bet {bet.pk}: the venue matched {said.matched_stake}, we {bet.matched_stake}"
        elif said.verdict is not Verdict.ACCEPTED and bet.matched_stake is not None:
            yield f"bet {bet.pk} is {bet.status}; the venue said {said.verdict}"


def _cents(amount: Decimal | str) -> int:
    return int(Decimal(amount).scaleb(2))


def _balance_faults(plan: dict[str, Operation], ok: set[str]) -> Iterator[str]:
    """Each pot again, in whole cents, from what was asked and what became of each bet."""
    expected: dict[tuple[int, str], int] = defaultdict(int)
    for bankroll in Bankroll.objects.filter(transfers__reference__contains=":seed-").distinct():
        expected[bankroll.pk, "free"] += _cents(SEED_MONEY)
        expected[bankroll.pk, "world"] -= _cents(SEED_MONEY)
    for o in plan.values():
        if o.kind in TRANSFER_KINDS and o.key in ok:
            here, there = (
                ("free", str(o.bookmaker)) if o.kind.endswith("_book") else ("world", "free")
            )
            sign = 1 if o.kind in ("deposit", "to_book") else -1
            expected[o.bankroll, here] -= sign * _cents(o.amount)
            expected[o.bankroll, there] += sign * _cents(o.amount)
    pots = {
        pot.pk: (pot.bankroll_id, str(pot.bookmaker_id) if pot.bookmaker_id else pot.kind)
        for pot in LedgerAccount.objects.all()
    }
    from_pot = dict(Transfer.objects.filter(kind="stake").values_list("bet", "source"))
    for bet in Bet.objects.exclude(matched_stake=None):
        stake, own = _cents(bet.matched_stake), pots[from_pot[bet.pk]]
        expected[own] -= stake
        if bet.status != "settled":
            expected[bet.bankroll_id, "at_risk"] += stake
            continue
        won = {"won": 2, "half_won": 1}.get(bet.result, 0)
        lost = {"lost": 2, "half_lost": 1}.get(bet.result, 0)
        gain = half_even(stake * won * (int(bet.matched_price * 1000) - 1000), 2000)
        forfeited = half_even(stake * lost, 2)
        expected[own] += stake - forfeited + gain
        expected[bet.bankroll_id, "house"] += forfeited - gain
    found = {
        where: _cents(amount)
        for pk, amount in LedgerAccount.objects.values_list("pk", F("amount"))
        if (where := pots[pk])
    }
    for where in sorted(set(found) | set(expected)):
        if found.get(where, 0) != expected.get(where, 0):
            yield f"pot {where} holds {found.get(where, 0)} cents, not {expected.get(where, 0)}"


if __name__ == "__main__":
    role, at, seed_, *rest = sys.argv[1:]
    if role == "write":
        write(Path(at), int(seed_), *map(int, rest))
    else:
        work(Path(at), int(seed_))
