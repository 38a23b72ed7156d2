"""Take a strategy's opportunities on paper for those who follow it."""

from datetime import datetime

from django.db.models import Prefetch

from accounts.models import User
from betting.models import FOLLOWING, Bankroll, Bet, Opportunity, Strategy
from betting.selectors.legs import is_of_legs, line_of
from betting.selectors.money import BankrollMoney, money_in
from betting.selectors.opportunities import (
    OpportunityFilter,
    on_opportunity,
    opportunities_with_models,
    stake_steps,
)
from betting.selectors.stakes import Staked, staked_of
from betting.services.legs import Followed, Taking
from betting.services.prices import PriceSource, latest_price
from risk.domain.staking import Step, still_match
from risk.selectors import Rules, rules_of


def place_for_followers(
    now: datetime,
    *,
    strategy_id: int | None = None,
    bankroll_id: int | None = None,
    prices: PriceSource = latest_price,
) -> Followed:
    """Place paper bets on every recommended opportunity for each follower, best edge first.

    One bet a market and follower: whoever has one there already, by any strategy or by hand, is
    left alone, so a repeat places nothing. Of a strategy whose legs belong together all are taken
    (`Taking.legs`), or none where a limit would cut one. Stakes are the end of the follower's own
    waterfall, at most the strategy's part of Kelly. A refusal stops nobody else.
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
            opportunities_with_models(
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
    rules = rules_of(owner_id, now=now)
    held = set(
        Bet.objects.filter(
            bankroll_id=chosen,
            selection__market__in={o.quote.selection.market_id for o in found},
        ).values_list("selection__market_id", flat=True)
    )
    placed = refused = 0
    for legs in _together(found):
        market_id = legs[0].quote.selection.market_id
        # Of the market: two rounds at once cannot both take it, whichever outcome.
        taking = Taking(owner_id, chosen, f"{FOLLOWING}{chosen}:market:{market_id}", now, prices)
        begun = market_id in held
        if begun and not taking.has_begun(legs):
            continue
        # Read anew for each: the bet before moved both.
        money, staked = money_in(chosen), staked_of(chosen, owner_id, now=now)
        steps = _sized(legs, rules=rules, money=money, staked=staked)
        # What is begun is gone on with as planned: a leg alone is what nobody wanted.
        if not begun and not _is_worth_it(legs, steps):
            continue
        stakes = {
            leg.pk: step[0 if begun else -1].stake for leg, step in zip(legs, steps, strict=True)
        }
        took = taking.legs(legs, stakes) if is_of_legs(legs[0]) else taking.alone(legs[0], stakes)
        placed, refused = placed + took.placed, refused + took.refused
        if took.placed:
            held.add(market_id)
    return Followed(placed, refused)


def _together(found: list[Opportunity]) -> list[list[Opportunity]]:
    """Return the opportunities to take together: alone, but for the legs of one market and line."""
    groups: dict[tuple[object, ...], list[Opportunity]] = {}
    for each in found:
        selection = each.quote.selection
        key = (selection.market_id, line_of(selection)) if is_of_legs(each) else (each.pk,)
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def _sized(
    legs: list[Opportunity], *, rules: Rules, money: BankrollMoney, staked: Staked
) -> list[tuple[Step, ...]]:
    """Return the waterfall of each leg beside those before it, as a backtest sizes them."""
    sized = []
    for leg in legs:
        steps = stake_steps(leg, rules=rules, money=money, staked=staked)
        staked.take(on_opportunity(leg), steps[-1].stake)
        money = money.staking(steps[-1].stake, leg.quote.bookmaker_id)
        sized.append(steps)
    return sized


def _is_worth_it(legs: list[Opportunity], steps: list[tuple[Step, ...]]) -> bool:
    """Return whether the limits leave a stake, and of legs that belong together enough of each."""
    if not is_of_legs(legs[0]):
        return steps[0][-1].stake > 0
    planned, left = ([int(each[place].stake * 100) for each in steps] for place in (0, -1))
    return still_match(planned, left)
