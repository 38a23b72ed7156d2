"""What a free bet, a credit or a refund offer is worth in cash when every other outcome is hedged.

With F the amount of the offer and p the price it is placed at, the placed bet earns

    free bet, stake not returned   W = F (p - 1)   where it wins,   L = 0          where it loses
    credit, stake returned         W = F p                          L = 0
    refund as a free bet worth x   W = F (p - 1)                    L = -F + F x

A hedge of h = (W - L) / n on every other outcome, n its net price, earns the same whichever wins:
W - (W - L) sum(1 / n). That is the equal-profit formula of matched betting; with one other
outcome laid at l on an exchange of commission c the stake is (W - L) / (l - c), since laying risks
s (l - 1) for s (1 - c). docs/algorithms/free_bets.md has a worked table.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from enum import StrEnum

import numpy as np

from odds.domain.arbitrage import CENT, DRAW_NO_BET, BestBook, best_books
from odds.domain.lines import comes_back
from odds.domain.scan import (
    Gates,
    Leg,
    ages,
    doubts,
    is_whole_market,
    legs_of,
    markets_with_draw,
    net_prices,
    offered,
)
from odds.domain.table import QuoteTable


class OfferKind(StrEnum):
    """What comes back of the amount where the placed bet wins, and where it loses."""

    FREE_BET = "free_bet"
    CREDIT = "credit"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion of so much money. `refund_worth` is the cash value of a refunded unit, a share.

    Only a refund offer stakes cash of its own and asks `refund_worth`.
    """

    kind: OfferKind
    amount: Decimal
    refund_worth: Decimal = Decimal("0.70")

    def earned(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """Return what it earns where its bet wins at a net price, and where it loses; to the cent.

        Rounded down, so neither is flattered.

        >>> Offer(OfferKind.FREE_BET, Decimal(50)).earned(Decimal("4.10"))
        (Decimal('155.00'), Decimal('0.00'))
        >>> Offer(OfferKind.REFUND, Decimal(50)).earned(Decimal("4.10"))
        (Decimal('155.00'), Decimal('-15.00'))
        """
        stake_back = self.amount if self.kind is OfferKind.CREDIT else Decimal(0)
        won = self.amount * (price - 1) + stake_back
        lost = Decimal(0)
        if self.kind is OfferKind.REFUND:
            lost = self.amount * self.refund_worth - self.amount
        return _down(won), _down(lost)


@dataclass(frozen=True, slots=True)
class Conversion:
    """The hedge of an offer: stakes to the cent, and what each outcome earns then.

    `earned` is of the placed bet winning, then of each hedge; `risked` what the hedges cost where
    they lose: their stakes, or a lay's liability.
    """

    stakes: tuple[Decimal, ...]
    risked: Decimal
    earned: tuple[Decimal, ...]
    amount: Decimal

    @property
    def least(self) -> Decimal:
        """Return the least that any outcome earns, after rounding."""
        return min(self.earned)

    @property
    def rate(self) -> float:
        """Return the least as a share of the offer's amount."""
        return float(self.least / self.amount)


def net_price(price: Decimal, commission: Decimal) -> Decimal:
    """Return what a price pays after commission on winnings, a share; not rounded.

    >>> net_price(Decimal("3.00"), Decimal("0.05"))
    Decimal('2.9000')
    """
    return 1 + (price - 1) * (1 - commission)


def convert(offer: Offer, price: Decimal, against: Sequence[Decimal]) -> Conversion:
    """Return the stakes on every other outcome that earn most in the worst case.

    All prices are net. Each equal-profit stake is rounded to the cent below or above, in every
    combination; payouts are rounded down to the cent. Where no hedge is needed it is 0.00.

    Raises:
        ValueError: for an amount not above zero, or a price not above one.

    >>> found = convert(Offer(OfferKind.FREE_BET, Decimal(50)), Decimal("4.10"), [Decimal("1.28")])
    >>> found.stakes, found.earned, round(found.rate, 4)
    ((Decimal('121.09'),), (Decimal('33.91'), Decimal('33.90')), 0.678)
    """
    _check(offer, price, *against)
    if not against:
        raise ValueError("without another outcome there is nothing to hedge with")
    won, lost = offer.earned(price)
    whole = [max((won - lost) / net, Decimal(0)) for net in against]
    ways = itertools.product(
        *({_to(stake, ROUND_FLOOR), _to(stake, ROUND_CEILING)} for stake in whole)
    )
    found = [_backed(offer, won, lost, stakes, against) for stakes in ways]
    return max(found, key=lambda each: (each.least, -each.risked, each.stakes))


def convert_by_laying(
    offer: Offer, price: Decimal, lay: Decimal, commission: Decimal
) -> Conversion:
    """Return the lay stake on the same outcome at an exchange that earns most in the worst case.

    `price` is net; `lay` is the price laid, `commission` the exchange's share of what it wins. The
    liability is rounded up to the cent, winnings down.

    Raises:
        ValueError: for an amount not above zero, or a price not above one.

    >>> offer = Offer(OfferKind.FREE_BET, Decimal(50))
    >>> found = convert_by_laying(offer, Decimal("5.00"), Decimal("5.20"), Decimal("0.02"))
    >>> found.stakes, found.risked, found.earned
    ((Decimal('38.61'),), Decimal('162.17'), (Decimal('37.83'), Decimal('37.83')))
    """
    _check(offer, price, lay)
    won, lost = offer.earned(price)
    whole = max((won - lost) / (lay - commission), Decimal(0))
    found = []
    for stake in {_to(whole, ROUND_FLOOR), _to(whole, ROUND_CEILING)}:
        liability = _to(stake * (lay - 1), ROUND_CEILING)
        earned = (won - liability, lost + _down(stake * (1 - commission)))
        found.append(Conversion((stake,), liability, earned, offer.amount))
    return max(found, key=lambda each: (each.least, -each.risked))


def _backed(
    offer: Offer,
    won: Decimal,
    lost: Decimal,
    stakes: Sequence[Decimal],
    against: Sequence[Decimal],
) -> Conversion:
    risked = sum(stakes, Decimal(0))
    hedged = (
        lost + _down(stake * net) - risked for stake, net in zip(stakes, against, strict=True)
    )
    return Conversion(tuple(stakes), risked, (won - risked, *hedged), offer.amount)


def _check(offer: Offer, *prices: Decimal) -> None:
    if offer.amount <= 0:
        raise ValueError(f"an offer must be above zero, not {offer.amount}")
    if min(prices) <= 1:
        raise ValueError(f"a price must be above one, not {min(prices)}")


def _to(amount: Decimal, rounding: str) -> Decimal:
    return amount.quantize(CENT, rounding)


def _down(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_FLOOR if amount < 0 else ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an offer could be used: its own leg first in `book`, then the best of other books.

    `rate` is what equal profits come to per unit of the offer before rounding, its rank.
    """

    book: BestBook
    rate: float


def places(
    table: QuoteTable,
    offer: Offer,
    *,
    bookmaker_id: int,
    min_price: float,
    market_keys: frozenset[str],
    at: np.datetime64,
    gates: Gates,
) -> list[Place]:
    """Return every outcome at a bookmaker whose others all are offered elsewhere, best first.

    A market must be whole at the other bookmakers, as for an arbitrage (`best_books`). Lines on
    which a score returns stakes are left out: there no hedge is whole. No market key: all.
    """
    with_draw = markets_with_draw(table)
    own = table.bookmaker_id == bookmaker_id
    mine = offered(table.where(own), at=at)
    rows = np.flatnonzero(mine.price >= min_price)
    legs = dict(
        zip(
            mine.selection_id[rows].tolist(),
            legs_of(mine, net_prices(mine), ages(mine, at=at), rows),
            strict=True,
        )
    )
    found = [
        _place(book, leg, place, offer, gates)
        for book in best_books(table.where(~own), at=at, gates=gates)
        if _is_settled_whole(book, with_draw)
        and (not market_keys or book.market_key in market_keys)
        for place, each in enumerate(book.legs)
        if (leg := legs.get(each.selection_id))
    ]
    return sorted(found, key=lambda each: (-each.rate, each.book.market_id, each.book.line))


def _is_settled_whole(book: BestBook, with_draw: frozenset[int]) -> bool:
    # The draw may be offered by the one book alone that was left out.
    whole = is_whole_market([each.side for each in book.legs], book.market_id in with_draw)
    return whole and book.market_key != DRAW_NO_BET and not comes_back(book.line)


def _place(book: BestBook, leg: Leg, place: int, offer: Offer, gates: Gates) -> Place:
    legs = (leg, *book.legs[:place], *book.legs[place + 1 :])
    others = sum(1.0 / each.net for each in legs[1:])
    won, lost = (
        leg.net - 1.0 + (offer.kind is OfferKind.CREDIT),
        float(offer.refund_worth) - 1.0 if offer.kind is OfferKind.REFUND else 0.0,
    )
    profit = 1.0 / (others + 1.0 / leg.net) - 1.0
    used = BestBook(
        event_id=book.event_id,
        market_id=book.market_id,
        market_key=book.market_key,
        line=book.line,
        legs=legs,
        profit=profit,
        comes_back=0.0,
        doubts=doubts(legs, profit, gates),
    )
    return Place(used, won - (won - lost) * others)
