"""A backtest and a sweep that are done, with bets, for the pages that show them."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import numpy as np

from accounts import clock
from betting.domain.configuration import Configuration
from betting.domain.outlook import outlook_of
from betting.domain.performance import flat_record, measure
from betting.models import Backtest, Sweep
from betting.services.backtesting import limits_of, summary_of
from betting.services.kept_bets import LABELS, KeptBets, pack
from betting.services.sweeps import summary_of_sweep
from risk.domain.breakers import PERSONAL
from risk.domain.limits import Bounds

DAYS = 90
CAPITAL = 1000.0
# The league and the first day of the worlds of tests.
LEAGUE, SINCE = "basketball_test", date(2026, 1, 1)


def backtested(league: str = LEAGUE, since: date = SINCE, **fields: object) -> Backtest:
    """Make a backtest that is done: a bet a day for three months, by the seed of its number."""
    rng = np.random.default_rng(int(str(fields.get("number", 0))))
    price = np.round(rng.uniform(1.6, 3.2, DAYS), 2)
    record = flat_record(
        prices=price, won=(rng.random(DAYS) < 1.03 / price).astype(float), stake=20.0
    )
    days = record.placed_at + (np.datetime64(since, "us") - record.placed_at[0])
    record = replace(
        record, probability=1.03 / price, clv=rng.normal(0.01, 0.03, DAYS), placed_at=days,
        settled_at=days, starts_at=days + np.timedelta64(3, "h"),
    )  # fmt: skip
    locked = since + timedelta(days=31)
    names = {name: np.full(DAYS, "h2h" if name == "market" else name) for name in LABELS}
    summary = summary_of(measure(record, capital=CAPITAL)) | {
        "prices": 4000, "decisions": 130, "recommended": 110, "passed": {"stale": 20},
        "refused": {"losing_streak": 12, "limits": 8},
        "locks": [
            {"breaker": "losing_streak", "at": f"{locked}T20:00:00.000000",
             "until": f"{locked + timedelta(days=1)}T20:00:00.000000", "figure": 20.0},
        ],
    }  # fmt: skip
    return Backtest.objects.create(
        **{
            "strategy_key": "consensus", "competition_key": league,
            "starts_on": since, "ends_on": since + timedelta(days=DAYS - 1), "status": "done",
            "configuration": Configuration().to_json()
            | {
                "limits": limits_of(Bounds()),
                "breakers": {name: list(level) for name, level in PERSONAL.items()},
            },
            "costs": {"worse": 0.01, "commission": 0.0, "latency": 0.0, "slippage": 0.0},
            "started_at": clock.now(), "finished_at": clock.now(), "data_hash": "d" * 64,
            "code_version": "1", "summary": summary, "bets": pack(KeptBets(record, names)),
            "outlook": outlook_of(record, capital=CAPITAL, part=0.25),
        }
        | fields
    )  # fmt: skip


def swept(league: str = LEAGUE, since: date = SINCE) -> Sweep:
    """Make a sweep of two settings, three values each, that is done: its map has nine fields."""
    space = {"min_edge": [0.01, 0.02, 0.03], "max_edge": [0.1, 0.15, 0.2]}
    sweep = Sweep.objects.create(
        strategy_key="consensus", competition_key=league, starts_on=since,
        ends_on=since + timedelta(days=DAYS - 1), kind="grid", space=space, periods=3,
        status="done", asked_at=clock.now(), finished_at=clock.now(),
    )  # fmt: skip
    for number, values in enumerate(product(*space.values()), 1):
        changed = dict(zip(space, values, strict=True))
        backtested(league, since, sweep=sweep, number=number, changed=changed, outlook={})
    sweep.summary = summary_of_sweep(sweep)
    sweep.save(update_fields=["summary"])
    return sweep
