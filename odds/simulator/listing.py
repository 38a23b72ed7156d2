"""Simulated events and prices as the world's plain values."""

from datetime import datetime
from math import isnan

from odds.simulator.boards import Board, IntArray, Sport
from odds.simulator.schedule import event_ids, pairs, starts, to_datetime
from odds.simulator.teams import BOOKS
from odds.simulator.worlds import WorldBook, WorldEvent, WorldMarket, WorldOutcome

# The sport of the product's demonstration.
SPORT_KEY = "basketball_sim"


def events(sport: Sport, seed: int, number: IntArray) -> list[WorldEvent]:
    """Return a sport's events by their numbers."""
    own = sport.own_seed(seed)
    home, away = pairs(own, number)
    return [
        WorldEvent(
            id=identity,
            sport_key=sport.key,
            sport_title=sport.title,
            starts_at=to_datetime(begins),
            home=sport.teams[at_home],
            away=sport.teams[guest],
        )
        for identity, begins, at_home, guest in zip(
            event_ids(own, number),
            starts(number).tolist(),
            home.tolist(),
            away.tolist(),
            strict=True,
        )
    ]


def books(board: Board, row: int, event: WorldEvent) -> list[WorldBook]:
    """Return what each open book says about one event, one row of the board."""
    found = []
    names = {
        "home": event.home, "away": event.away, "draw": "Draw", "over": "Over", "under": "Under",
    }  # fmt: skip
    rows = [
        (
            offer.market_key,
            tuple(names[side] for side in offer.sides),
            offer.line[row].tolist(),
            offer.prices[row].tolist(),
        )
        for offer in board.offers
    ]
    for place, (spec, moment) in enumerate(zip(BOOKS, board.updated[row].tolist(), strict=True)):
        at = to_datetime(moment)
        markets = []
        for key, told, line, prices in rows:
            # A side without a price: the book does not offer the market, or is not open.
            if any(map(isnan, prices[place])):
                continue
            points = _points(key, line[place], len(told))
            markets.append(_market(key, at, told, prices[place], points))
            if key == "h2h" and spec.is_exchange:
                lays = [_lay(price) for price in prices[place]]
                markets.append(_market("h2h_lay", at, told, lays, points))
        if markets:
            found.append(WorldBook(spec.key, spec.title, spec.region, at, tuple(markets)))
    return found


def _points(key: str, line: float, count: int) -> tuple[float | None, ...]:
    if isnan(line):
        return (None,) * count
    return (line, 0.0 - line) if key == "spreads" else (line,) * count


def _market(
    key: str,
    at: datetime,
    names: tuple[str, ...],
    prices: list[float],
    points: tuple[float | None, ...],
) -> WorldMarket:
    return WorldMarket(
        key,
        at,
        tuple(
            WorldOutcome(name, price, point)
            for name, price, point in zip(names, prices, points, strict=True)
        ),
    )


def _lay(price: float) -> float:
    """Return the price at which an exchange's customers offer to be laid: a step above."""
    return round(price + max(0.01, round((price - 1) * 0.02, 2)), 3)
