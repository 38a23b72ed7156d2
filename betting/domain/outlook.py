"""How equity could go on from a record, and how it could have gone: drawn once, kept as JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from betting.domain.luck import FEWEST
from betting.domain.record import Record, days_of
from betting.domain.ruin import FALLS, PATHS, Ruin, chance_of_fall, from_beliefs, from_record

# Bankrolls times days at most, and never so few bankrolls that a chance of 1 % is a guess.
MOST_DRAWN, FEWEST_PATHS = 10_000_000, 500
FLOOR = 0.5
FUTURES = ("record", "beliefs", "no_edge")
# From fewer, what could come is what happened once.
FEWEST_DAYS = 10


def outlook_of(record: Record, *, capital: float, part: float | None = None) -> dict[str, Any]:
    """Return the outlook of settled bets as JSON: three futures, drawn, and Kelly's own formula.

    `record`: days like those of the record; `beliefs`: the same stakes, each bet winning as often
    as was believed; `no_edge`: as often as its price pays for. None where there is nothing to draw
    from, and of a record of fewer than 30 bets or ten days. `kelly`: how likely equity ever falls
    to half, for ever, with stakes of `part` of Kelly and beliefs that are right.
    """
    days = len(np.unique(days_of(record.settled_at)))
    if refusal := _too_few(len(record), days):
        return {"bets": len(record), "sentence": refusal, "kelly": None} | dict.fromkeys(FUTURES)
    before = capital + np.concatenate([[0.0], np.cumsum(record.profit)])[:-1]
    alive = np.logical_and.accumulate(before > 0.0)
    share = np.divide(record.stake, before, out=np.zeros(len(record)), where=alive)
    price = np.maximum(record.price, 1.0)
    paths = int(np.clip(MOST_DRAWN // max(len(record), 1), FEWEST_PATHS, PATHS))
    drawn = {
        "record": from_record(record, capital=capital, floor=FLOOR, paths=paths),
        "beliefs": from_beliefs(share, price, record.probability, floor=FLOOR, paths=paths),
        "no_edge": from_beliefs(share, price, 1.0 / price, floor=FLOOR, paths=paths),
    }
    return {
        "bets": len(record),
        "sentence": sentence_of(drawn["record"]),
        "kelly": None
        if part is None
        else {"part": part, "to_half": round(chance_of_fall(part, FLOOR), 4)},
        **{name: None if each is None else _plain(each) for name, each in drawn.items()},
    }


def why_not_drawn(told: Mapping[str, Any]) -> str:
    """Return why an outlook that was kept shows nothing; empty where it does.

    Also of one that was drawn when fewer bets would do.

    >>> why_not_drawn({"bets": 3, "record": {"days": 1}})
    'An outlook takes at least 30 settled bets, on 10 days or more: there are 3, on 1.'
    """
    record = told.get("record")
    if not record:
        return str(told.get("sentence", ""))
    return _too_few(told["bets"], record["days"])


def _too_few(bets: int, days: int) -> str:
    if bets >= FEWEST and days >= FEWEST_DAYS:
        return ""
    return (
        f"An outlook takes at least {FEWEST} settled bets, on {FEWEST_DAYS} days or more: "
        f"there are {bets}, on {days}."
    )


def sentence_of(ruin: Ruin | None) -> str:
    """Return in one sentence what more of the same could bring."""
    if ruin is None:
        return "Nothing can be drawn from it."
    low, high = ruin.final[0], ruin.final[-1]
    return (
        f"With {ruin.days:,} more day{'s' * (ruin.days != 1)} like these, nine bankrolls in ten "
        f"end between {low:.2f} and {high:.2f} times their start; "
        f"{_chance(ruin.losing, ruin)} end below it, "
        f"{_chance(float(ruin.fell[1]), ruin)} fall by a fifth on the way, "
        f"{_chance(ruin.ruined, ruin)} to half the start."
    )


def _chance(part: float, ruin: Ruin) -> str:
    if part == 0:
        return f"under 1 in {ruin.paths:,}"
    return f"{part:.0%}" if part >= 0.005 else "fewer than 1 in 200"


def _plain(ruin: Ruin) -> dict[str, Any]:
    return {
        "paths": ruin.paths,
        "days": ruin.days,
        "ruined": round(ruin.ruined, 4),
        "losing": round(ruin.losing, 4),
        "fell": [
            [fall, round(float(part), 4)] for fall, part in zip(FALLS, ruin.fell, strict=True)
        ],
        "fall": np.round(ruin.fall, 4).tolist(),
        "final": np.round(ruin.final, 4).tolist(),
        "step": ruin.step.tolist(),
        "band": np.round(ruin.band, 4).tolist(),
    }
