"""Take the legs of an arbitrage so that least is open, and say at once what stays open."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts import audit
from accounts.live import announce_bet
from betting.domain.legs import Leg, in_order, stake_beside
from betting.models import NOT_TAKEN, UNANSWERED, Bet, Opportunity
from betting.selectors.legs import Legs, is_of_legs, legs_of, line_of, payout_of
from betting.services.placement import RequestKeyReused, StakeRefused, place_bet
from betting.services.prices import PriceSource
from risk.domain.kelly import net_price

logger = logging.getLogger(__name__)


OPEN_LEG = "a leg of an arbitrage stands open"


@dataclass(frozen=True, slots=True)
class Followed:
    """How many bets were placed, and how many refused."""

    placed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Taking:
    """Whose bets are placed, out of which bankroll; `key` is the market's own request key."""

    owner_id: int
    bankroll_id: int
    key: str
    now: datetime
    prices: PriceSource

    def alone(self, found: Opportunity, stakes: Mapping[int, Decimal]) -> Followed:
        """Take one opportunity; `stakes` are by opportunity."""
        try:
            bet = self._place(found, stakes[found.pk], key=self.key)
        except (StakeRefused, RequestKeyReused) as reason:
            logger.info("Not placed for user %s: %s", self.owner_id, reason)
            return Followed(0, 1)
        taken = bet.status not in NOT_TAKEN
        return Followed(int(taken), int(not taken))

    def has_begun(self, legs: Sequence[Opportunity]) -> bool:
        """Return whether some legs that belong together were taken before, and not all."""
        return is_of_legs(legs[0]) and 0 < len(self._held(legs[0])) < len(legs)

    def legs(self, legs: Sequence[Opportunity], stakes: Mapping[int, Decimal]) -> Followed:
        """Take what is not taken yet of some legs, the one most likely to be refused first.

        A leg that its venue has not decided is waited for before the next: a later round goes on.
        Each next one is sized to what those before were matched for. One that is refused leaves
        those before it standing: what is open, and the hedge that closes it, goes to the audit log
        at once and is on the bet's page. Repeats place nothing twice.
        """
        by_selection = {each.quote.selection_id: each for each in legs}
        held = self._held(legs[0])
        placed = 0
        for leg in in_order([_leg(each) for each in legs]):
            if any(bet.status in NOT_TAKEN or bet.status in UNANSWERED for bet in held.values()):
                break
            if leg.selection_id in held:
                continue
            found = by_selection[leg.selection_id]
            try:
                bet = held[leg.selection_id] = self._place(
                    found,
                    _beside(found, stakes, held, by_selection),
                    key=f"{self.key}:leg:{leg.selection_id}" if held else self.key,
                )
            except (StakeRefused, RequestKeyReused) as reason:
                logger.info("Not placed for user %s: %s", self.owner_id, reason)
                _say_what_is_open(held, str(reason), now=self.now)
                return Followed(placed, 1)
            if bet.status in NOT_TAKEN:
                _say_what_is_open(held, bet.rejection, now=self.now)
                return Followed(placed, 1)
            placed += 1
        return Followed(placed, 0)

    def _place(self, found: Opportunity, stake: Decimal, *, key: str) -> Bet:
        return place_bet(
            owner_id=self.owner_id,
            request_key=key,
            selection_id=found.quote.selection_id,
            bookmaker_id=found.quote.bookmaker_id,
            price=found.price,
            stake=stake,
            now=self.now,
            opportunity_id=found.pk,
            bankroll_id=self.bankroll_id,
            prices=self.prices,
        )

    def _held(self, leg: Opportunity) -> dict[int, Bet]:
        """Return the legs that rounds before took of the same market and line, by selection."""
        earlier = Bet.objects.filter(
            bankroll_id=self.bankroll_id,
            request_key__startswith=self.key,
            opportunity__strategy_id=leg.strategy_id,
            selection__market_id=leg.quote.selection.market_id,
        ).select_related("selection")
        line = line_of(leg.quote.selection)
        return {bet.selection_id: bet for bet in earlier if line_of(bet.selection) == line}


def _leg(found: Opportunity) -> Leg:
    return Leg(found.quote.selection_id, _net(found), found.market_probability, found.price_seen_at)


def _net(found: Opportunity) -> float:
    return net_price(found.price, found.quote.bookmaker.commission_share)


def _beside(
    found: Opportunity,
    stakes: Mapping[int, Decimal],
    held: Mapping[int, Bet],
    by_selection: Mapping[int, Opportunity],
) -> Decimal:
    """Return the stake of a leg beside those taken: it pays what the least of them pays."""
    planned = stakes[found.pk]
    beside = [
        stake_beside(
            planned,
            planned_payout=float(stakes[by_selection[selection].pk])
            * net_price(bet.price, bet.commission_share),
            payout=payout_of(bet),
        )
        for selection, bet in held.items()
        if selection in by_selection
    ]
    return min(beside, default=planned)


def _say_what_is_open(held: Mapping[int, Bet], reason: str, *, now: datetime) -> None:
    """Write down, once, what a refused leg leaves open, where anything was taken before it."""
    taken = next((bet.pk for bet in held.values() if bet.status not in NOT_TAKEN), None)
    if taken is None:
        return
    first = Bet.objects.select_related(
        "selection__market__event__home", "selection__market__event__away", "opportunity"
    ).get(pk=taken)
    legs = legs_of(first, now=now)
    subject = f"bet {first.pk}"
    if legs is None or not legs.open or audit.was_recorded(action=OPEN_LEG, subject=subject):
        return
    logger.warning("Bet %s stands without its other leg: %s", first.pk, reason)
    audit.record(
        action=OPEN_LEG,
        subject=subject,
        actor_id=None,
        detail={"user": first.owner_id, "refused": reason, "open": in_words(legs)},
        at=now,
    )
    announce_bet(owner_id=first.owner_id, bet_id=first.pk)


def in_words(legs: Legs) -> list[str]:
    """Return what is open of some legs and what closes it, a sentence an outcome."""
    said = []
    for each in legs.open:
        if each.hedge is None:
            said.append(f"{each.title} is open; nobody offers it now. It loses {legs.outlay}.")
            continue
        hedge = each.hedge
        said.append(
            f"{each.title} is open: it loses {legs.outlay}. {hedge.stake} at {hedge.price} at "
            f"{hedge.bookmaker} closes it, for {hedge.profit:+} in all."
        )
    return said
