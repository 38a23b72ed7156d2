"""penaltyblog's Dixon and Coles model; runs in `.venv-bench`, never in the product's own.

Reads a season from stdin as JSON columns; answers with seconds of a fit (the best of five), of the
three-way prices of every match, and those prices.
"""

import json
import sys
import time

import numpy as np
from penaltyblog.models import DixonColesGoalModel

REPEATS = 5


def main() -> None:
    """Fit, price, answer."""
    season = json.load(sys.stdin)
    home, away = ([f"T{team}" for team in season[side]] for side in ("home", "away"))
    goals = [np.array(season[f"{side}_goals"], dtype=np.int64) for side in ("home", "away")]
    fits, prices = [], []
    h2h: list[list[float]] = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        model = DixonColesGoalModel(*goals, home, away)
        model.fit()
        fits.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        h2h = [
            list(map(float, model.predict(*pair).home_draw_away))
            for pair in zip(home, away, strict=True)
        ]
        prices.append(time.perf_counter() - begun)
    print(json.dumps({"fit": min(fits), "prices": min(prices), "h2h": h2h}))


if __name__ == "__main__":
    main()
