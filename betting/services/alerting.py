"""What happened to bets and prices, put into words for whoever asked to be told."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from urllib.parse import urlencode

from django.db.models import prefetch_related_objects

from accounts.alerts.telling import kinds_asked_for, owners_who_ask_for, tell
from accounts.domain.alerts import Fact, Kind
from accounts.showing.formats import money_text, signed_money_text
from betting.models import Bet, Opportunity, Result, Strategy
from betting.selectors.money import bankrolls_of
from betting.selectors.stakes import limits_used
from odds.screens import market_title, selection_title

# From how much of a limit one wants to know.
NEARLY = 80
# How many of the bets that settled together are named.
SPELT_OUT = 5
# What names a bet, as many bets as settle at once in as few queries as one.
NAMED = ("selection__market__event__home", "selection__market__event__away", "bankroll")


def tell_of_edges(strategy: Strategy, *, now: datetime) -> int:
    """Tell of what a strategy recommends since this moment; return how many."""
    if Kind.EDGE not in kinds_asked_for():
        return 0
    found = Opportunity.objects.filter(strategy=strategy, as_of=now, passes=[]).select_related(
        "quote__bookmaker",
        "quote__selection__market__event__competition",
        "quote__selection__market__event__home",
        "quote__selection__market__event__away",
    )
    facts = []
    for each in found:
        selection = each.quote.selection
        event = selection.market.event
        facts.append(
            Fact(
                kind=Kind.EDGE,
                key=f"{strategy.key} {selection.pk} {each.quote.bookmaker.key}",
                title=f"{selection_title(selection, event)} at {each.price}, edge {each.edge:.1%}",
                text=f"{event.away.name} at {event.home.name}, {each.quote.bookmaker.title}: fair"
                f" probability {each.fair_probability:.1%}, by {strategy.title}. No guarantee: most"
                " edges are small, and many bets are lost.",
                path=f"/events/{event.pk}/",
                at=now,
                competition=event.competition.key,
                strategy=strategy.key,
                bookmaker=each.quote.bookmaker.key,
                edge=each.edge,
            )
        )
    return tell(facts)


def tell_of_settlements(bets: Sequence[Bet], *, now: datetime) -> int:
    """Tell owners what settled at this moment: one notice each, however many bets; return how many.

    A notice of several bets leads to exactly those of this moment.
    """
    prefetch_related_objects(bets, *NAMED)

    def whose(bet: Bet) -> tuple[int, str]:
        return bet.owner_id, bet.bankroll.currency

    return tell(
        _settled(list(together), currency, now=now)
        for (_, currency), together in groupby(sorted(bets, key=whose), key=whose)
    )


def _settled(bets: Sequence[Bet], currency: str, *, now: datetime) -> Fact:
    """Put one person's bets that settled together into words."""
    first = bets[0]
    if len(bets) == 1:
        event = first.selection.market.event
        title = _outcome(first, currency)
        text = (
            f"Your bet of {money_text(first.matched_stake, currency)} on {event.away.name} at"
            f" {event.home.name}, {market_title(first.selection.market.key)}."
        )
        key, path = f"bet {first.pk} {first.result}", f"/bets/{first.pk}/"
    else:
        total = sum(map(_profit, bets), Decimal("0.00"))
        title = f"{len(bets)} bets settled: {signed_money_text(total, currency)}"
        counts = Counter(Result(bet.result).label.lower() for bet in bets)
        # What moved most is named.
        largest = sorted(bets, key=lambda bet: -abs(_profit(bet)))[:SPELT_OUT]
        named = "; ".join(_outcome(bet, currency) for bet in largest)
        rest = f"; and {len(bets) - SPELT_OUT} more" if len(bets) > SPELT_OUT else ""
        told = ", ".join(f"{count} {result}" for result, count in counts.most_common())
        text = f"{told}. {named}{rest}."
        numbers = sorted(bet.pk for bet in bets)
        key = f"{len(bets)} bets, {numbers[0]} to {numbers[-1]}"
        path = "/bets/?" + urlencode({"settled_at": now.isoformat()})
    return Fact(
        kind=Kind.SETTLEMENT, key=key, title=title, text=text, path=path, at=now,
        owner_id=first.owner_id,
    )  # fmt: skip


def _profit(bet: Bet) -> Decimal:
    return (bet.returned or Decimal("0.00")) - bet.taken_stake


def _outcome(bet: Bet, currency: str) -> str:
    """Say what became of a bet: 'Lakers won: +€45.00', 'Over 221.5: push, €10.00 back'."""
    title = selection_title(bet.selection, bet.selection.market.event)
    result = Result(bet.result).label.lower()
    if bet.result in (Result.PUSH, Result.VOID):
        return f"{title}: {result}, {money_text(bet.returned, currency)} back"
    of = ":" if bet.result == Result.DEAD_HEAT else ""
    return f"{title}{of} {result}: {signed_money_text(_profit(bet), currency)}"


def tell_of_correction(
    bet: Bet, *, before: str, returned: Decimal, reason: str, now: datetime
) -> None:
    """Tell the owner that a settlement was put right: always, and in the same transaction."""
    event = bet.selection.market.event
    difference = signed_money_text(
        (bet.returned or Decimal("0.00")) - returned, bet.bankroll.currency
    )
    tell(
        [
            Fact(
                kind=Kind.CORRECTION,
                key=f"bet {bet.pk} correction",
                title=f"{event.away.name} at {event.home.name}: {Result(before).label.lower()}"
                f" became {Result(bet.result).label.lower()}",
                text=f"{reason} That changes your money by {difference}.",
                path=f"/bets/{bet.pk}/",
                at=now,
                owner_id=bet.owner_id,
            )
        ]
    )


def tell_of_limits(*, now: datetime) -> int:
    """Tell those who ask of limits that are nearly or wholly used; return of how many."""
    facts = []
    for owner_id in owners_who_ask_for(Kind.LIMITS):
        for money in bankrolls_of(owner_id):
            for room in limits_used(money, now=now).rooms.values():
                if room.percent >= NEARLY:
                    full = "used up" if room.percent >= 100 else f"{room.percent} % used"
                    facts.append(
                        Fact(
                            kind=Kind.LIMITS,
                            key=f"{money.bankroll_id} {room.rule} {room.percent >= 100}",
                            title=f"{room.title}: {full}",
                            text=f"{room.used} of {room.bound}, {money.bankroll.name}.",
                            path="/risk/",
                            at=now,
                            owner_id=owner_id,
                        )
                    )
    return tell(facts)
