"""The simulated league's events and prices as the world's plain values."""

from datetime import datetime

import numpy as np

from odds.simulator import market
from odds.simulator.schedule import IntArray, event_id, pairs, starts, to_datetime
from odds.simulator.teams import BOOKS, TEAMS
from odds.simulator.worlds import WorldBook, WorldEvent, WorldMarket, WorldOutcome

SPORT_KEY = "basketball_sim"
SPORT_TITLE = "Simulated League"


def events(seed: int, number: IntArray) -> list[WorldEvent]:
    """Return events by their numbers."""
    home, away = pairs(seed, number)
    return [
        WorldEvent(
            id=event_id(seed, each),
            sport_key=SPORT_KEY,
            sport_title=SPORT_TITLE,
            starts_at=to_datetime(begins),
            home=TEAMS[at_home],
            away=TEAMS[guest],
        )
        for each, begins, at_home, guest in zip(
            number.tolist(), starts(number).tolist(), home.tolist(), away.tolist(), strict=True
        )
    ]


def books(prices: market.Prices, row: int, event: WorldEvent) -> list[WorldBook]:
    """Return what each open book says about one event, one row of the prices."""
    found = []
    for column, spec in enumerate(BOOKS):
        home, away = prices.home[row, column], prices.away[row, column]
        if np.isnan(home):
            continue
        updated = to_datetime(prices.updated[row, column])

        def named(
            key: str, *outcomes: tuple[str, float, float | None], updated: datetime = updated
        ) -> WorldMarket:
            made = (
                WorldOutcome(name, round(float(price), 3), point) for name, price, point in outcomes
            )
            return WorldMarket(key, updated, tuple(made))

        markets = [named("h2h", (event.home, home, None), (event.away, away, None))]
        if spec.is_exchange:
            lay_home, lay_away = _lay(home), _lay(away)
            markets.append(
                named("h2h_lay", (event.home, lay_home, None), (event.away, lay_away, None))
            )
        spread, total = (
            float(prices.spread_line[row, column]),
            float(prices.total_line[row, column]),
        )
        markets.append(
            named(
                "spreads",
                (event.home, prices.spread_home[row, column], spread),
                (event.away, prices.spread_away[row, column], 0.0 - spread),
            )
        )
        markets.append(
            named(
                "totals",
                ("Over", prices.over[row, column], total),
                ("Under", prices.under[row, column], total),
            )
        )
        found.append(WorldBook(spec.key, spec.title, spec.region, updated, tuple(markets)))
    return found


def _lay(price: float) -> float:
    """Return the price at which an exchange's customers offer to be laid: a step above."""
    return price + max(0.01, round((price - 1) * 0.02, 2))
