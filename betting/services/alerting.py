"""What happened to bets and prices, put into words for whoever asked to be told."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import prefetch_related_objects

from accounts.alerts.telling import kinds_asked_for, owners_who_ask_for, tell
from accounts.domain.alerts import Fact, Kind
from accounts.showing.formats import money_text
from betting.models import Bet, Opportunity, Result, Strategy
from betting.selectors.money import bankrolls_of
from betting.selectors.stakes import limits_used
from odds.screens import selection_title

# From how much of a limit one wants to know.
NEARLY = 80
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
    """Tell owners that their bets settled; return of how many."""
    if Kind.SETTLEMENT not in kinds_asked_for():
        return 0
    prefetch_related_objects(bets, *NAMED)
    return tell(
        Fact(
            kind=Kind.SETTLEMENT,
            key=f"bet {bet.pk} {bet.result}",
            title=f"{bet.selection.market.event.away.name} at "
            f"{bet.selection.market.event.home.name}: {Result(bet.result).label.lower()}, "
            f"{money_text(bet.returned, bet.bankroll.currency)} back",
            text=f"Staked {money_text(bet.matched_stake, bet.bankroll.currency)}.",
            path=f"/bets/{bet.pk}/",
            at=now,
            owner_id=bet.owner_id,
        )
        for bet in bets
    )


def tell_of_correction(
    bet: Bet, *, before: str, returned: Decimal, reason: str, now: datetime
) -> None:
    """Tell the owner that a settlement was put right: always, and in the same transaction."""
    event = bet.selection.market.event
    difference = (bet.returned or Decimal("0.00")) - returned
    tell(
        [
            Fact(
                kind=Kind.CORRECTION,
                key=f"bet {bet.pk} correction",
                title=f"{event.away.name} at {event.home.name}: {Result(before).label.lower()}"
                f" became {Result(bet.result).label.lower()}",
                text=f"{reason} That changes your money by {difference:+} {bet.bankroll.currency}.",
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
