"""Where a free bet or a promotion converts best by the prices of now, named for readers."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from odds.domain.arbitrage import CENT
from odds.domain.free_bets import Conversion, Offer, Place, convert, net_price, places
from odds.domain.scan import Gates, Leg
from odds.finds import FoundLeg, Naming, three_places
from odds.models import Event
from odds.scanner import AHEAD, as_moment
from odds.screens import market_title
from odds.selectors import latest_quotes

# More are no choice: the best few are alike, and prices move.
SHOWN = 25


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to search for: the offer, where it is valid, and what it may be placed on.

    `min_price` is the least decimal price, `market_keys` empty for all; `max_age` of a leg in
    minutes, as in the Scanner.
    """

    offer: Offer
    bookmaker_id: int
    min_price: Decimal = Decimal(1)
    market_keys: Collection[str] = ()
    max_age: float = 15.0
    with_doubtful: bool = False
    with_simulated: bool = False


@dataclass(frozen=True, slots=True)
class Converted:
    """One way to use an offer: `placed` at its bookmaker, `hedges` at others with their stakes."""

    event: Event
    market_key: str
    market: str
    placed: FoundLeg
    hedges: list[FoundLeg]
    conversion: Conversion
    oldest: timedelta
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversions:
    """The best ways first; how many there are at all, and how many broke a gate."""

    found: list[Converted]
    total: int
    left_out: int
    quotes: int
    own_quotes: int


def conversions(wanted: Wanted, *, now: datetime) -> Conversions:
    """Search the slate of the next seven days for where an offer converts best.

    Three queries, however many prices: the Scanner's slate, and the names of what is shown.
    """
    table = latest_quotes(now=now, starts_before=now + AHEAD)
    every = places(
        table,
        wanted.offer,
        bookmaker_id=wanted.bookmaker_id,
        min_price=float(wanted.min_price),
        market_keys=frozenset(wanted.market_keys),
        at=as_moment(now),
        gates=Gates(max_age=wanted.max_age),
    )
    books = [each.book for each in every]
    naming = Naming("free-bets", books, outlay=wanted.offer.amount, unit=CENT)
    real = [
        each
        for each in every
        if wanted.with_simulated or not naming.events[each.book.event_id].competition.is_simulated
    ]
    sound = [each for each in real if not each.book.doubts]
    chosen = real if wanted.with_doubtful else sound
    return Conversions(
        found=[_converted(each, wanted.offer, naming) for each in chosen[:SHOWN]],
        total=len(chosen),
        left_out=len(real) - len(sound),
        quotes=len(table),
        own_quotes=int(np.count_nonzero(table.bookmaker_id == wanted.bookmaker_id)),
    )


def _converted(place: Place, offer: Offer, naming: Naming) -> Converted:
    book = place.book
    own, *others = book.legs
    conversion = convert(offer, _net(own), [_net(each) for each in others])
    return Converted(
        event=naming.events[book.event_id],
        market_key=book.market_key,
        market=market_title(book.market_key),
        placed=naming.leg(book.event_id, own, offer.amount),
        hedges=[
            naming.leg(book.event_id, each, stake)
            for each, stake in zip(others, conversion.stakes, strict=True)
        ],
        conversion=conversion,
        oldest=timedelta(minutes=book.oldest_age),
        doubts=book.doubts,
    )


def _net(leg: Leg) -> Decimal:
    return net_price(three_places(leg.price), Decimal(repr(leg.commission)))
