"""Which settings a sweep tries, and what choosing among them would have earned afterwards."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from betting.domain.record import Record
from odds.domain.table import FloatArray, IntArray, TimeArray

MOST_TRIALS = 500
# Fewer bets than this in the periods before are no ground to choose by.
FEWEST_TO_CHOOSE = 20
WEEK = np.timedelta64(7 * 86_400_000_000, "us")


class BadSpace(ValueError):
    """A space that cannot be swept, naming the setting, the value and the remedy."""


def trials_of(
    space: Mapping[str, Sequence[Any]], *, most: int | None, seed: int
) -> list[dict[str, Any]]:
    """Return the settings to try: every combination, or `most` of them drawn without repeat.

    >>> trials_of({"min_edge": [0.01, 0.02], "min_books": [3, 5]}, most=None, seed=0)[1]
    {'min_edge': 0.01, 'min_books': 5}
    >>> len(trials_of({"min_edge": [0.01, 0.02], "min_books": [3, 5]}, most=3, seed=1))
    3

    Raises:
        BadSpace: if a setting has no values or repeats one, or there would be over `MOST_TRIALS`.
    """
    if not space:
        raise BadSpace("space: nothing to sweep; name a setting with its values.")
    for name, values in space.items():
        if not isinstance(values, list | tuple) or not values:
            raise BadSpace(f"{name}: {values!r} are no values; give a list, such as [0.01, 0.02].")
        if len({repr(value) for value in values}) < len(values):
            raise BadSpace(f"{name}: {values!r} names a value twice; give each once.")
    count = math.prod(len(values) for values in space.values())
    wanted = count if most is None else min(most, count)
    if not 1 <= wanted <= MOST_TRIALS:
        raise BadSpace(
            f"space: {wanted:,} combinations; try 1 to {MOST_TRIALS}, or draw some at random."
        )
    sizes = [len(values) for values in space.values()]
    drawn = (
        range(count)
        if wanted == count
        else sorted(np.random.default_rng(seed).choice(count, wanted, replace=False).tolist())
    )
    if wanted == count:
        return [dict(zip(space, each, strict=True)) for each in itertools.product(*space.values())]
    places = zip(*(axis.tolist() for axis in np.unravel_index(list(drawn), sizes)), strict=True)
    return [
        {name: space[name][at] for name, at in zip(space, place, strict=True)} for place in places
    ]


def bounds_of_periods(starts: np.datetime64, ends: np.datetime64, periods: int) -> TimeArray:
    """Return the periods + 1 moments that cut a stretch into equal periods."""
    whole = (ends - starts) / np.timedelta64(1, "us")
    cuts = (whole * np.arange(periods + 1) / periods).astype("timedelta64[us]")
    return np.asarray(starts.astype("datetime64[us]") + cuts)


def period_yields(records: Sequence[Record], bounds: TimeArray) -> FloatArray:
    """Return profit per unit staked by period and trial, 0 where nothing was staked.

    Shape (periods, trials); a bet belongs to the period that it was placed in.
    """
    table = np.zeros((len(bounds) - 1, len(records)))
    for t, record in enumerate(records):
        at = np.clip(np.searchsorted(bounds, record.placed_at, side="right") - 1, 0, len(table) - 1)
        staked = np.bincount(at, weights=record.stake, minlength=len(table))
        earned = np.bincount(at, weights=record.profit, minlength=len(table))
        np.divide(earned, staked, out=table[:, t], where=staked > 0)
    return table


def by_week(records: Sequence[Record], bounds: TimeArray) -> tuple[FloatArray, FloatArray]:
    """Return what each trial earned and staked in each week between the outer bounds.

    Shapes (weeks, trials); a bet belongs to the week that it was placed in.
    """
    weeks = int((bounds[-1] - bounds[0]) / WEEK) + 1
    profit, stake = np.zeros((weeks, len(records))), np.zeros((weeks, len(records)))
    for t, record in enumerate(records):
        at = np.clip(((record.placed_at - bounds[0]) / WEEK).astype(np.int64), 0, weeks - 1)
        profit[:, t] = np.bincount(at, weights=record.profit, minlength=weeks)
        stake[:, t] = np.bincount(at, weights=record.stake, minlength=weeks)
    return profit, stake


@dataclass(frozen=True, slots=True)
class Walked:
    """What was chosen for each period after the first, and the rows of bets that followed.

    `chosen` has -1 where nothing was known to choose by; `rows` are (trial, rows of its record).
    """

    chosen: IntArray
    rows: tuple[tuple[int, IntArray], ...]


def walk_forward(records: Sequence[Record], bounds: TimeArray) -> Walked:
    """Choose for each period the trial with the best yield before it, and take its bets in it.

    Only bets settled by the period's beginning count; a trial with fewer than `FEWEST_TO_CHOOSE`
    of them is not chosen. So the bets are those of somebody who swept, chose and bet as time went.
    """
    chosen = np.full(len(bounds) - 2, -1, dtype=np.int64)
    taken = []
    for i in range(1, len(bounds) - 1):
        begin, end = bounds[i], bounds[i + 1]
        best = -np.inf
        for t, record in enumerate(records):
            known = record.settled_at <= begin
            if known.sum() < FEWEST_TO_CHOOSE:
                continue
            earned = float(record.profit[known].sum() / record.stake[known].sum())
            if earned > best:
                best, chosen[i - 1] = earned, t
        if chosen[i - 1] >= 0:
            record = records[chosen[i - 1]]
            inside = (record.placed_at >= begin) & (record.placed_at < end)
            taken.append((int(chosen[i - 1]), np.flatnonzero(inside)))
    return Walked(chosen, tuple(taken))


def joined(parts: Sequence[Record]) -> Record:
    """Return the bets of several records as one, in the order of settling."""
    names = Record.__slots__
    whole = Record(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    return whole.where(np.argsort(whole.settled_at, kind="stable"))
