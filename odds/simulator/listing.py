"""The simulated league's events and prices as the world's plain values."""

from datetime import datetime
from math import isnan

import numpy as np

from odds.simulator import market
from odds.simulator.schedule import IntArray, event_ids, pairs, starts, to_datetime
from odds.simulator.teams import BOOKS, TEAMS
from odds.simulator.worlds import WorldBook, WorldEvent, WorldMarket, WorldOutcome

SPORT_KEY = "basketball_sim"
SPORT_TITLE = "Simulated League"


def events(seed: int, number: IntArray) -> list[WorldEvent]:
    """Return events by their numbers."""
    home, away = pairs(seed, number)
    return [
        WorldEvent(
            id=identity,
            sport_key=SPORT_KEY,
            sport_title=SPORT_TITLE,
            starts_at=to_datetime(begins),
            home=TEAMS[at_home],
            away=TEAMS[guest],
        )
        for identity, begins, at_home, guest in zip(
            event_ids(seed, number),
            starts(number).tolist(),
            home.tolist(),
            away.tolist(),
            strict=True,
        )
    ]


def books(prices: market.Prices, row: int, event: WorldEvent) -> list[WorldBook]:
    """Return what each open book says about one event, one row of the prices."""
    found = []
    columns = zip(
        BOOKS,
        prices.updated[row].tolist(),
        *(
            np.round(getattr(prices, name)[row], 3).tolist()
            for name in (
                "home",
                "away",
                "spread_line",
                "spread_home",
                "spread_away",
                "total_line",
                "over",
                "under",
            )
        ),
        strict=True,
    )
    for spec, moment, home, away, spread, cover, stay, total, over, under in columns:
        if isnan(over):
            continue
        at = to_datetime(moment)
        names = (event.home, event.away)
        markets = []
        has_moneyline = not (isnan(home) or isnan(away))
        if has_moneyline:
            markets.append(_market("h2h", at, names, (home, away)))
        if has_moneyline and spec.is_exchange:
            markets.append(_market("h2h_lay", at, names, (_lay(home), _lay(away))))
        markets.append(_market("spreads", at, names, (cover, stay), (spread, 0.0 - spread)))
        markets.append(_market("totals", at, ("Over", "Under"), (over, under), (total, total)))
        found.append(WorldBook(spec.key, spec.title, spec.region, at, tuple(markets)))
    return found


def _market(
    key: str,
    at: datetime,
    names: tuple[str, str],
    prices: tuple[float, float],
    points: tuple[float | None, float | None] = (None, None),
) -> WorldMarket:
    return WorldMarket(
        key,
        at,
        (
            WorldOutcome(names[0], prices[0], points[0]),
            WorldOutcome(names[1], prices[1], points[1]),
        ),
    )


def _lay(price: float) -> float:
    """Return the price at which an exchange's customers offer to be laid: a step above."""
    return round(price + max(0.01, round((price - 1) * 0.02, 2)), 3)
