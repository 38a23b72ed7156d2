"""Take a strategy's opportunities on paper for those who follow it."""

import logging
from dataclasses import dataclass
from datetime import datetime

from betting.domain.decide import Configuration
from betting.models import Bankroll, Bet, LedgerAccount, Opportunity, Strategy
from betting.services.ledger import pots_of
from betting.services.placement import (
    RequestKeyReused,
    StakeRefused,
    exposure_of,
    place_bet,
)
from betting.services.prices import PriceSource, latest_price
from risk.domain.limits import Exposure
from risk.services import recommended_stake

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Followed:
    """What one round did."""

    placed: int
    refused: int


def place_for_followers(
    now: datetime,
    *,
    strategy_id: int | None = None,
    bankroll_id: int | None = None,
    prices: PriceSource = latest_price,
) -> Followed:
    """Place paper bets on every recommended opportunity for each follower, best edge first.

    One bet a market and follower: whoever has one there already, by any strategy or by hand, is
    left alone, so a repeat places nothing. Stakes are the end of the follower's own waterfall, at
    most the strategy's part of Kelly. A refusal stops nobody else.
    """
    strategies = Strategy.objects.prefetch_related("followers")
    if strategy_id is None:
        strategies = strategies.filter(is_active=True, followers__isnull=False).distinct()
    else:
        strategies = strategies.filter(pk=strategy_id)
    placed = refused = 0
    for strategy in strategies.order_by("pk"):
        found = list(
            Opportunity.objects.filter(
                strategy=strategy,
                status=Opportunity.Status.OPEN,
                passes=[],
                quote__selection__market__event__starts_at__gt=now,
            )
            .select_related("quote__bookmaker", "quote__selection__market")
            .order_by("-edge", "quote_id")
        )
        if not found:
            continue
        for follower in strategy.followers.all():
            done = _place_for(
                follower.pk, strategy, found, now=now, bankroll_id=bankroll_id, prices=prices
            )
            placed, refused = placed + done.placed, refused + done.refused
    return Followed(placed, refused)


def _place_for(
    owner_id: int,
    strategy: Strategy,
    found: list[Opportunity],
    *,
    now: datetime,
    bankroll_id: int | None,
    prices: PriceSource,
) -> Followed:
    bankroll = (
        Bankroll.objects.filter(owner_id=owner_id, **({"pk": bankroll_id} if bankroll_id else {}))
        .order_by("pk")
        .first()
    )
    if bankroll is None:
        return Followed(0, 0)
    part = Configuration.from_json(strategy.configuration).kelly_fraction
    held = set(
        Bet.objects.filter(
            bankroll=bankroll,
            selection__market__in={o.quote.selection.market_id for o in found},
        ).values_list("selection__market_id", flat=True)
    )
    placed = refused = 0
    for opportunity in found:
        quote = opportunity.quote
        market = quote.selection.market
        if market.pk in held:
            continue
        stake = recommended_stake(
            owner_id=owner_id,
            probability=opportunity.fair_probability,
            price=1
            + (float(opportunity.price) - 1) * (1 - float(quote.bookmaker.commission_share)),
            exposure=_exposure(bankroll, market.event_id, now=now),
            kelly_fraction=part,
        )
        if stake <= 0:
            continue
        try:
            place_bet(
                owner_id=owner_id,
                request_key=f"follow:{bankroll.pk}:{strategy.pk}:{quote.selection_id}",
                selection_id=quote.selection_id,
                bookmaker_id=quote.bookmaker_id,
                price=opportunity.price,
                stake=stake,
                now=now,
                opportunity_id=opportunity.pk,
                bankroll_id=bankroll.pk,
                prices=prices,
            )
        except (StakeRefused, RequestKeyReused) as reason:
            logger.info("Not placed for user %s: %s", owner_id, reason)
            refused += 1
        else:
            held.add(market.pk)
            placed += 1
    return Followed(placed, refused)


def _exposure(bankroll: Bankroll, event_id: int, *, now: datetime) -> Exposure:
    accounts = LedgerAccount.objects.filter(bankroll=bankroll).select_related("bankroll")
    return exposure_of(pots_of(accounts, bankroll.pk), event_id=event_id, now=now)
