"""Take a stake: once, inside the limits, at a price that is still there."""

import logging
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.live import announce_bet
from accounts.showing.formats import price_text
from betting.models import UNANSWERED, Bet, Transfer
from betting.selectors.opportunities import opportunity as opportunity_seen
from betting.selectors.opportunities import proposal_of
from betting.selectors.stakes import draw_is_offered, on_selection, staked_of
from betting.selectors.venues import why_not_armed
from betting.services.answers import order_of, record_answer, resolve_unknown
from betting.services.asking import (
    Asked,
    StakeRefused,
    check_request,
    facts_of,
    read_price,
    read_stake,
    refusal,
)
from betting.services.pots import Pots, lock_accounts, pots_of
from betting.services.prices import PriceSource, latest_price
from betting.services.terms import Offered, offer_of, terms_against
from betting.venues.base import Answer, Code, Order, Venue, Verdict
from betting.venues.registry import venue_by_key
from odds.fair import worth_now
from odds.models import Bookmaker, Selection
from odds.screens import market_title, selection_title
from risk.domain.kelly import net_price
from risk.domain.limits import Breach
from risk.services import assess_stake, begin_stake

logger = logging.getLogger(__name__)


class RequestKeyReused(Exception):
    """The request key placed another bet before."""


def place_bet(  # noqa: PLR0913 - each is part of what a bet is
    *,
    owner_id: int,
    request_key: str,
    selection_id: int,
    bookmaker_id: int,
    price: Decimal,
    stake: Decimal,
    now: datetime,
    opportunity_id: int | None = None,
    bankroll_id: int | None = None,
    venue: str = "paper",
    prices: PriceSource = latest_price,
) -> Bet:
    """Place a bet in two phases: commit it and its stake, then ask the venue.

    `price` is the least the bettor accepts, and the price taken: the quote must show it or better
    now. Repeating the key with the same content returns the bet and moves nothing; while its
    answer is UNKNOWN a repeat looks it up. A refusal leaves nothing but its Assessment. Without a
    bankroll it is the owner's first. Call it outside a transaction.

    Raises:
        StakeRefused: with every breach.
        RequestKeyReused: if the key placed something else.
    """
    asked = Asked(
        owner_id=owner_id,
        request_key=request_key,
        selection_id=selection_id,
        bookmaker_id=bookmaker_id,
        price=read_price(price),
        stake=read_stake(stake),
        opportunity_id=opportunity_id,
        bankroll_id=bankroll_id,
        venue=venue,
    )
    check_request(asked)
    place = venue_by_key(venue)
    offered = offer_of(place, asked, now=now)
    bet, is_new = _commit(asked, now=now, prices=prices, offered=offered)
    if is_new:
        # Outside any transaction: the row is safe, whatever happens to this process now.
        version = offered.quoted.version if offered.quoted else ""
        order = replace(order_of(bet), version=version)
        return record_answer(bet, _ask(place, order, now=now), now=now)
    if bet.status in UNANSWERED:
        return resolve_unknown(bet_id=bet.pk, now=now)
    return bet


def _ask(venue: Venue, order: Order, *, now: datetime) -> Answer:
    """Return the venue's answer; one that breaks off may have taken the order all the same."""
    # Disarmed since the bet was committed: nothing was sent, and nothing is.
    if disarmed := why_not_armed(venue, now=now):
        return Answer(Verdict.REJECTED, code=Code.NOT_ALLOWED, reason=disarmed)
    try:
        return venue.place(order)
    except Exception:
        logger.exception("%s broke off while placing %s", venue.key, order.reference)
        return Answer(Verdict.UNKNOWN)


def _pots(asked: Asked) -> Pots:
    """Lock what the owner has, and return the pots of the bankroll asked for, else of the first."""
    accounts = lock_accounts(asked.owner_id)
    mine = sorted({a.bankroll_id for a in accounts if a.bankroll.closed_at is None})
    found = next((pk for pk in mine if asked.bankroll_id in (None, pk)), None)
    if found is None:
        raise refusal(
            "bankroll",
            "You have no such bankroll; open one and pay into it first.",
            figure=str(asked.bankroll_id or "none"),
        )
    return pots_of(accounts, found)


def _in_words(selection: Selection, bookmaker: Bookmaker, price: Decimal) -> str:
    """Say what is to be staked on, as a list of refusals shows it."""
    market = selection.market
    event = market.event
    what = f"{selection_title(selection, event)}, {market_title(market.key)}"
    where = f"{bookmaker.title} {price_text(price)}"
    return f"{what} of {event.away.name} at {event.home.name}, {where}"[:160]


@transaction.atomic(durable=True)
def _decide_and_write(
    asked: Asked, *, now: datetime, prices: PriceSource, offered: Offered, worth: float | None
) -> tuple[Bet | None, bool, tuple[Breach, ...], int | None]:
    """Under the owner's lock: repeat, refusal (with its evidence), or a new bet and its stake.

    `worth` is the fair probability of what rests on no opportunity.
    """
    begin_stake()
    pots = _pots(asked)
    asked = replace(asked, bankroll_id=pots.bankroll.pk)
    stakes = pots.stakes_at(asked.bookmaker_id)
    earlier = Bet.objects.filter(owner_id=asked.owner_id, request_key=asked.request_key).first()
    if earlier is not None:
        if earlier.fingerprint != asked.fingerprint:
            raise RequestKeyReused(
                f"request_key: {asked.request_key!r} placed another bet ({earlier}); "
                "use a new key for a new bet."
            )
        return earlier, False, (), None
    selection = (
        Selection.objects.select_related(
            "market__event__home", "market__event__away", "market__event__competition"
        )
        .annotate(draw_offered=draw_is_offered("market_id"))
        .filter(pk=asked.selection_id)
        .first()
    )
    bookmaker = Bookmaker.objects.filter(pk=asked.bookmaker_id).first()
    if selection is None or bookmaker is None:
        missing = "selection" if selection is None else "bookmaker"
        raise refusal(missing, f"{missing}: there is none of that number.", figure="unknown")
    opportunity = (
        opportunity_seen(asked.opportunity_id, seen_by=asked.owner_id)
        if asked.opportunity_id
        else None
    )
    assessment, breaches = assess_stake(
        owner_id=asked.owner_id,
        subject=_in_words(selection, bookmaker, asked.price),
        proposal=proposal_of(opportunity, price=net_price(asked.price, bookmaker.commission_share))
        if opportunity
        else None,
        facts=facts_of(
            asked,
            selection,
            bookmaker,
            opportunity,
            exposure=staked_of(pots.bankroll.pk, asked.owner_id, now=now).exposure(
                equity=pots.equity,
                free=stakes.amount,
                on=on_selection(
                    selection, bookmaker, price=asked.price, draw_offered=selection.draw_offered
                ),
            ),
            now=now,
            prices=prices,
        ),
        found=terms_against(
            asked,
            venue_by_key(asked.venue),
            bookmaker,
            selection,
            offered,
            currency=pots.bankroll.currency,
            now=now,
        ),
        now=now,
    )
    if breaches:
        return None, False, breaches, assessment.pk
    bet = Bet.objects.create(
        owner_id=asked.owner_id,
        bankroll=pots.bankroll,
        request_key=asked.request_key,
        fingerprint=asked.fingerprint,
        venue=asked.venue,
        selection=selection,
        bookmaker=bookmaker,
        opportunity=opportunity,
        assessment=assessment,
        price=asked.price,
        commission_share=bookmaker.commission_share,
        stake=asked.stake,
        fair_probability=opportunity.fair_probability if opportunity else worth,
        placed_at=now,
    )
    Transfer.objects.create(
        reference=f"bet:{bet.pk}:stake",
        kind=Transfer.Kind.STAKE,
        source=stakes,
        destination=pots.at_risk,
        amount=bet.stake,
        bet=bet,
        at=now,
    )
    announce_bet(owner_id=bet.owner_id, bet_id=bet.pk)
    return bet, True, (), None


def _commit(
    asked: Asked, *, now: datetime, prices: PriceSource, offered: Offered
) -> tuple[Bet, bool]:
    # Without a strategy the consensus is what it is believed to be worth; read before the lock.
    worth = None if asked.opportunity_id else worth_now(asked.selection_id, now=now)
    bet, is_new, breaches, assessment_id = _decide_and_write(
        asked, now=now, prices=prices, offered=offered, worth=worth
    )
    if bet is None:
        raise StakeRefused(breaches, assessment_id)
    return bet, is_new


__all__ = ["RequestKeyReused", "StakeRefused", "place_bet"]
