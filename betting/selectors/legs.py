"""The legs of an arbitrage that a person took, as one thing: what is open, and what closes it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from betting.domain.legs import Hedge, hedge_of
from betting.domain.rules import rule_by_key
from betting.models import NOT_TAKEN, Bet, BetStatus, Opportunity
from betting.services.prices import quote_age_limit
from odds.models import Quote, Selection, Side
from odds.screens import selection_title
from risk.domain.kelly import net_price


@dataclass(frozen=True, slots=True)
class OpenLeg:
    """An outcome that no leg covers: what closes it now, None where nobody offers it."""

    title: str
    hedge: Hedge | None


@dataclass(frozen=True, slots=True)
class Legs:
    """What was taken together in one market and line; money in the bankroll's currency.

    `least` is what comes back whatever happens, once nothing is open; before that an open outcome
    returns nothing.
    """

    taken: list[Bet]
    refused: list[Bet]
    outlay: Decimal
    least: Decimal
    open: list[OpenLeg]

    @property
    def profit(self) -> Decimal:
        """Return what is certain if nothing is open, else what the open outcome would lose."""
        return -self.outlay if self.open else self.least - self.outlay


def is_of_legs(opportunity: Opportunity) -> bool:
    """Return whether an opportunity's strategy takes all legs of a market together."""
    return rule_by_key(opportunity.configuration.get("rule", "fair_price")).takes_all_legs


def line_of(selection: Selection) -> Decimal | None:
    """Return the line as the home side or the total has it: what the sides of one line share."""
    point = selection.point
    return -point if point is not None and selection.side == Side.AWAY else point


def payout_of(bet: Bet) -> float:
    """Return what a leg pays if it wins, after commission."""
    return float(bet.taken_stake) * net_price(bet.taken_price, bet.commission_share)


def legs_of(bet: Bet, *, now: datetime) -> Legs | None:
    """Return the legs that a bet is one of, None where it stands alone.

    Those of the same bankroll, strategy, market and line. Three queries, one more an open outcome.
    """
    if bet.opportunity is None or not is_of_legs(bet.opportunity):
        return None
    line, market = line_of(bet.selection), bet.selection.market
    beside = (
        Bet.objects.filter(
            bankroll_id=bet.bankroll_id,
            selection__market=market,
            opportunity__strategy_id=bet.opportunity.strategy_id,
        )
        .select_related("selection", "bookmaker")
        .order_by("pk")
    )
    legs = [each for each in beside if line_of(each.selection) == line]
    taken = [each for each in legs if each.status not in NOT_TAKEN]
    covered = {each.selection.side for each in taken}
    missing = [
        each
        for each in Selection.objects.filter(market=market).order_by("pk")
        if line_of(each) == line and each.side not in covered
    ]
    outlay = sum((each.taken_stake for each in taken), Decimal("0.00"))
    payout = min(map(payout_of, taken), default=0.0)
    is_over = now >= market.event.starts_at or any(
        each.status == BetStatus.SETTLED for each in taken
    )
    open_legs, cost = [], outlay
    for each in missing if taken else []:
        hedge = None if is_over else _best_hedge(each, payout=payout, outlay=cost, now=now)
        cost += hedge.stake if hedge else Decimal(0)
        open_legs.append(OpenLeg(selection_title(each, market.event), hedge))
    return Legs(
        taken=taken,
        refused=[each for each in legs if each.status in NOT_TAKEN],
        outlay=outlay,
        least=Decimal(repr(payout)).quantize(Decimal("0.01"), rounding="ROUND_DOWN"),
        open=open_legs,
    )


def _best_hedge(
    selection: Selection, *, payout: float, outlay: Decimal, now: datetime
) -> Hedge | None:
    """Return what closes an outcome at the best price that stands at any bookmaker."""
    offers = (
        Quote.objects.with_looks()
        .filter(selection=selection, price__isnull=False, bookmaker__is_archive=False)
        .values_list(  # type: ignore[misc]
            "price", "bookmaker__commission_share", "bookmaker__title", "confirmed_at"
        )
    )
    nets = [
        (net_price(price, commission), price, title)
        for price, commission, title, confirmed_at in offers
        if confirmed_at >= now - quote_age_limit()
    ]
    if not nets:
        return None
    net, price, title = max(nets)
    return hedge_of(selection.pk, title, price=price, net=net, payout=payout, outlay=outlay)
