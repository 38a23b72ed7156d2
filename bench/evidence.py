"""What is left when a strained product has come to rest: nothing lost, nothing double."""

from collections import Counter
from collections.abc import Iterator

import django

django.setup()

from django.db.models import Count  # noqa: E402 - after the set-up
from load_threads import Seen  # noqa: E402 - after the set-up

from accounts.alerts.selecting import outbox  # noqa: E402 - after the set-up
from accounts.audit.chain import verify_chain  # noqa: E402 - after the set-up
from accounts.models import AlertTrigger, Delivery, JobRun  # noqa: E402 - after the set-up
from betting.models import Bet, Settlement, Transfer  # noqa: E402 - after the set-up
from betting.services.books import check_books  # noqa: E402 - after the set-up


def at_rest() -> bool:
    """Tell whether every venue has answered and everybody was told."""
    return (
        not Bet.objects.filter(status__in=("placing", "pending")).exists()
        and not AlertTrigger.objects.filter(handled_at=None).exists()
        and not Delivery.objects.filter(status="waiting").exists()
        and not outbox().count
    )


def order_faults(seen: Seen) -> Iterator[str]:
    """Every order that was confirmed is there once, what was refused is not, and no other is."""
    bets = Counter(Bet.objects.filter(owner__username__startswith="bettor")
                   .values_list("request_key", flat=True))  # fmt: skip
    moved = Counter(
        reference.partition(":")[2]
        for reference in Transfer.objects.filter(
            kind="deposit", bankroll__owner__username__startswith="bettor"
        ).values_list("reference", flat=True)
    )
    for key, (_, name, status, body) in seen.ended.items():
        found = (moved if name == "api deposit" else bets)[key]
        confirmed = status in (201, 202)
        if found > 1 or (confirmed and not found):
            yield f"{'double' if found else 'lost'}: {name} {key}: {found} rows"
        # Status 0: nobody answered, and nobody asked again.
        if found and status and not confirmed:
            yield f"told {status}, yet done: {name} {key}: {body[-200:]}"
    known = set(seen.ended)
    yield from (f"made by nobody: bet {key}" for key in set(bets) - known)
    yield from (
        f"made by nobody: deposit {key}"
        for key in set(moved) - known
        if not key.endswith("-begins")
    )


def alert_faults(taken: Counter[str], told: dict[str, str]) -> Iterator[str]:
    """Every settlement was told once: one message, taken under one id."""
    settled = Settlement.objects.filter(
        bet__owner__username__startswith="bettor", sequence=1
    ).count()
    messages = Delivery.objects.exclude(status="dropped")
    if settled != messages.count():
        yield f"{settled} settlements, {messages.count()} messages"
    unsent = messages.exclude(status="sent")
    yield from (f"message {each.uid} is {each.status}: {each.error}" for each in unsent)
    sent = {str(uid) for uid in messages.values_list("uid", flat=True)}
    yield from (f"message {uid} never arrived" for uid in sent - set(taken))
    yield from (f"message {uid} is not ours" for uid in set(taken) - sent)
    keys = Counter(told[uid] for uid in taken)
    yield from (f"{key} was told under {n} ids" for key, n in keys.items() if n > 1)


def slot_faults() -> Iterator[str]:
    """Every slot of the schedule was worked at most once to its end."""
    twice = (
        JobRun.objects.exclude(slot=None).values("job", "slot").annotate(n=Count("pk"))
        .filter(n__gt=1)
    )  # fmt: skip
    yield from (f"{each['job']} ran {each['n']} times for {each['slot']}" for each in twice)


def book_faults() -> Iterator[str]:
    yield from (f"{p.rule}: {p.subject}: {p.detail}" for p in check_books())
    if broken := verify_chain().broken:
        yield f"audit entry {broken.number}: {broken.detail}"
    shared = Bet.objects.exclude(opportunity=None).exclude(owner__username__startswith="bettor")
    doubles = shared.values("owner", "opportunity").annotate(n=Count("pk")).filter(n__gt=1)
    yield from (f"opportunity {each['opportunity']} taken {each['n']} times" for each in doubles)


def tally() -> dict[str, int]:
    """Return how much came of it."""
    slots = JobRun.objects.exclude(slot=None)
    return {
        "bets": Bet.objects.count(),
        "bets settled": Bet.objects.filter(status="settled").count(),
        "transfers": Transfer.objects.count(),
        "messages sent": Delivery.objects.filter(status="sent").count(),
        "job slots worked": slots.filter(succeeded=True).count(),
        "job slots that failed": slots.filter(succeeded=False).count(),
        "job slots whose worker was killed": slots.filter(finished_at=None).count(),
    }
