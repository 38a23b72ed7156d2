"""The public libraries that backtest bets, on the same candidates; runs in `.venv-bench`.

Reads an .npz of price, probability (of the candidate), won and day, and prints processor seconds
by library as JSON. Each is given what it needs and no more: the candidate and its other side, which
is never worth a bet; a quarter of Kelly, at most 2 % of the bankroll a bet. Neither has limits by
event, league, bookmaker or day, nor a breaker, nor whole cents.
"""

import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import backtestbuddy
import numpy as np
import pandas as pd
import penaltyblog


def of_backtestbuddy(table: pd.DataFrame) -> Callable[[], object]:
    def run() -> object:
        test = backtestbuddy.PredictionBacktest(
            table, ["price", "other"], "lost", "date", "pick", 1000.0,
            strategy=backtestbuddy.KellyCriterion(downscaling=0.25, max_bet=0.02),
            model_prob_columns=["p", "q"],
        )  # fmt: skip
        test.run()
        return test

    return run


def of_penaltyblog(table: pd.DataFrame) -> Callable[[], object]:
    def decide(context: Any) -> None:  # noqa: ANN401
        row = context.fixture
        edge = row["p"] * row["price"] - 1
        if 0.02 <= edge <= 0.2:
            part = min(0.02, 0.25 * edge / (row["price"] - 1))
            context.account.place_bet(
                row["price"], context.account.current_bankroll * part, int(row["lost"] == 0)
            )

    def run() -> object:
        test = penaltyblog.backtest.Backtest(table, "2000-01-01", "2100-01-01")
        with contextlib.redirect_stderr(io.StringIO()):
            test.start(1000.0, decide)
        return test

    return run


def main() -> None:
    warnings.simplefilter("ignore")
    given = np.load(sys.argv[1])
    p = given["probability"]
    table = pd.DataFrame(
        {
            "price": given["price"],
            "other": np.full(len(p), 1.01),
            "p": p,
            "q": 1 - p,
            "lost": 1 - given["won"],
            "pick": np.zeros(len(p), np.int64),
            "date": pd.Timestamp("2015-01-01") + pd.to_timedelta(given["day"], unit="D"),
        }
    )
    told = {}
    for name, run in (
        ("backtestbuddy", of_backtestbuddy(table)),
        ("penaltyblog", of_penaltyblog(table)),
    ):
        begun = time.process_time()
        run()
        told[name] = time.process_time() - begun
    print(json.dumps(told))


if __name__ == "__main__":
    main()
