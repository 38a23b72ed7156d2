"""Basketball: margin and total are normal numbers made whole (`chances.py` has the law)."""

import numpy as np

from odds.simulator import chances, market
from odds.simulator.boards import Board, FloatArray, IntArray, Offer
from odds.simulator.schedule import numbers_starting
from odds.simulator.teams import BASKETBALL_SPLIT, TEAMS


class Basketball:
    """The league that the product's demonstration plays."""

    key = "basketball_sim"
    title = "Simulated League"
    group = "Basketball"
    teams = TEAMS
    split = BASKETBALL_SPLIT

    def numbers(self, after: float, until: float) -> IntArray:
        return numbers_starting(after, until)

    def board(self, seed: int, number: IntArray, at: FloatArray, *, is_efficient: bool) -> Board:
        prices = market.quote(seed, number, at, is_efficient=is_efficient)
        return Board(
            prices.updated,
            (
                _offer("h2h", ("home", "away"), None, prices.home, prices.away),
                _offer(
                    "spreads",
                    ("home", "away"),
                    prices.spread_line,
                    prices.spread_home,
                    prices.spread_away,
                ),
                _offer("totals", ("over", "under"), prices.total_line, prices.over, prices.under),
            ),
        )

    def truth(
        self, seed: int, number: IntArray, at: FloatArray, market_key: str, line: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        known = market.belief(seed, number, at[:, None])
        if market_key == "h2h":
            win = np.broadcast_to(chances.home_wins(known.margin, known.margin_sd), line.shape)
            push = np.zeros(line.shape)
        elif market_key == "spreads":
            win, push = chances.home_covers(line, known.margin, known.margin_sd)
        elif market_key == "totals":
            win, push = chances.goes_over(
                line, known.total, known.total_sd, known.margin, known.margin_sd
            )
        else:
            raise KeyError(market_key)
        return np.stack([win, 1 - win - push], axis=-1), push

    def own_seed(self, seed: int) -> int:
        return seed

    def final_scores(self, seed: int, number: IntArray) -> tuple[IntArray, IntArray]:
        return market.final_scores(seed, number)


def _offer(
    market_key: str, sides: tuple[str, ...], line: FloatArray | None, *prices: FloatArray
) -> Offer:
    every: FloatArray = np.stack(prices, axis=-1)
    lines = np.full(every.shape[:2], np.nan) if line is None else line
    return Offer(market_key, sides, lines, np.asarray(np.round(every, 3), dtype=np.float64))
