"""Take a strategy's opportunities on paper for those who follow it."""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch

from accounts.models import User
from betting.models import Bankroll, Bet, Opportunity, Strategy
from betting.selectors.money import money_in
from betting.selectors.opportunities import OpportunityFilter, opportunities, stake_steps
from betting.selectors.stakes import staked_of
from betting.services.placement import RequestKeyReused, StakeRefused, place_bet
from betting.services.prices import PriceSource, latest_price
from risk.selectors import rules_of

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
    if strategy_id is None:
        # Whoever may not log in any more places nothing either.
        welcome = Prefetch("followers", User.objects.filter(is_active=True))
        strategies = Strategy.objects.filter(is_active=True).prefetch_related(welcome)
    else:
        strategies = Strategy.objects.filter(pk=strategy_id).prefetch_related("followers")
    placed = refused = 0
    for strategy in strategies.order_by("pk"):
        followers = strategy.followers.all()
        if not followers:
            continue
        # Ties go as in a backtest: to the lowest quote.
        found = list(
            opportunities(
                OpportunityFilter(
                    status="open", strategy=strategy.key, recommended=True, starts_after=now
                )
            ).order_by("-edge", "quote_id")
        )
        if not found:
            continue
        for follower in followers:
            done = _place_for(follower.pk, found, now=now, bankroll_id=bankroll_id, prices=prices)
            placed, refused = placed + done.placed, refused + done.refused
    return Followed(placed, refused)


def _place_for(
    owner_id: int,
    found: list[Opportunity],
    *,
    now: datetime,
    bankroll_id: int | None,
    prices: PriceSource,
) -> Followed:
    bankroll = Bankroll.objects.filter(owner_id=owner_id).order_by("pk")
    if bankroll_id is not None:
        bankroll = bankroll.filter(pk=bankroll_id)
    chosen = bankroll.values_list("pk", flat=True).first()
    if chosen is None:
        return Followed(0, 0)
    rules = rules_of(owner_id)
    held = set(
        Bet.objects.filter(
            bankroll_id=chosen,
            selection__market__in={o.quote.selection.market_id for o in found},
        ).values_list("selection__market_id", flat=True)
    )
    placed = refused = 0
    for opportunity in found:
        quote = opportunity.quote
        if quote.selection.market_id in held:
            continue
        # Read anew for each: the bet before moved both.
        stake = stake_steps(
            opportunity,
            rules=rules,
            money=money_in(chosen),
            staked=staked_of(chosen, now=now),
        )[-1].stake
        if stake <= 0:
            continue
        try:
            place_bet(
                owner_id=owner_id,
                # Of the market: two rounds at once cannot both take it, whichever outcome.
                request_key=f"follow:{chosen}:market:{quote.selection.market_id}",
                selection_id=quote.selection_id,
                bookmaker_id=quote.bookmaker_id,
                price=opportunity.price,
                stake=stake,
                now=now,
                opportunity_id=opportunity.pk,
                bankroll_id=chosen,
                prices=prices,
            )
        except (StakeRefused, RequestKeyReused) as reason:
            logger.info("Not placed for user %s: %s", owner_id, reason)
            refused += 1
        else:
            held.add(quote.selection.market_id)
            placed += 1
    return Followed(placed, refused)
