"""A sweep as a map of two of its settings: what is left of each trial's yield after so many trials.

The colour is of the deflated yield, not of the yield: a map of yields shows its brightest spot
wherever luck was, and invites to take it. docs/algorithms/overfit.md.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betting.domain.overfit import deflated_yield

# Steps of colour to either side of nothing.
STEPS = 4


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: its number in the sweep, its settings, and its yield with its standard error.

    No yield: it is not done, or made no bet. No error: too few bets for one.
    """

    id: int
    number: int
    changed: Mapping[str, Any]
    bets: int | None
    value: float | None
    error: float | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One trial on the map. `left`: of its yield, None where that cannot be said.

    `step` is its colour: from -STEPS to STEPS, the farthest of the map at the end; 0 for nothing.
    """

    trial: Trial
    left: float | None
    step: int

    @property
    def shade(self) -> str:
        """Return the colour by its name.

        >>> Cell(Trial(1, 1, {}, 9, -0.1, 0.1), -0.2, -3).shade
        'loss-3'
        """
        if self.left is None:
            return "none"
        return f"{'loss' if self.step < 0 else 'gain'}-{abs(self.step)}" if self.step else "even"


@dataclass(frozen=True, slots=True)
class Settings:
    """One setting of a sweep that is held while two others vary: its values, the one held."""

    name: str
    values: list[Any]
    held: Any


@dataclass(frozen=True, slots=True)
class SweepMap:
    """The trials by two settings: one across, one down, the others held.

    `rows` are a value of the setting down with a cell for each of `columns`; None where no trial
    has both values. `tries` is how many trials are done, on the map or not.
    """

    across: str
    down: str
    columns: list[Any]
    rows: list[tuple[Any, list[Cell | None]]]
    held: list[Settings]
    names: list[str]
    tries: int


def sweep_map(
    space: Mapping[str, Sequence[Any]],
    trials: Sequence[Trial],
    *,
    across: str = "",
    down: str = "",
    hold: Mapping[str, str] | None = None,
) -> SweepMap | None:
    """Return the map of a sweep by two of its settings; None where fewer than two vary.

    `across` and `down` are those tried with the most values where they name none. The others are
    held at the value that `hold` gives as text, or at that of the trial with the best yield.
    """
    names = [name for name, values in space.items() if len(values) > 1]
    if len(names) < 2:
        return None
    names.sort(key=lambda name: -len(space[name]))
    x = across if across in names else next(name for name in names if name != down)
    y = down if down in names and down != x else next(name for name in names if name != x)
    done = [each for each in trials if each.value is not None]
    best = max(done, key=lambda each: each.value or 0.0, default=None)
    held = [
        Settings(name, list(space[name]), _held(space[name], (hold or {}).get(name), best, name))
        for name in names
        if name not in (x, y)
    ]
    shown = {
        (_text(each.changed.get(x)), _text(each.changed.get(y))): each
        for each in trials
        if all(_text(each.changed.get(other.name)) == _text(other.held) for other in held)
    }
    left = {
        each.id: deflated_yield(each.value, each.error, len(done)).left
        for each in done
        if each.value is not None and each.error
    }
    farthest = max((abs(left[each.id]) for each in shown.values() if each.id in left), default=0.0)

    def cell(trial: Trial | None) -> Cell | None:
        if trial is None:
            return None
        of_it = left.get(trial.id)
        if not of_it or not farthest:
            return Cell(trial, of_it, 0)
        # However little: which side of nothing it is on shows.
        step = max(1, round(abs(of_it) / farthest * STEPS))
        return Cell(trial, of_it, step if of_it > 0 else -step)

    return SweepMap(
        across=x,
        down=y,
        columns=list(space[x]),
        rows=[
            (value, [cell(shown.get((_text(each), _text(value)))) for each in space[x]])
            for value in space[y]
        ],
        held=held,
        names=names,
        tries=len(done),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _held(values: Sequence[Any], asked: str | None, best: Trial | None, name: str) -> object:
    for value in values:
        if _text(value) == asked:
            return value
    chosen = None if best is None else _text(best.changed.get(name))
    return next((value for value in values if _text(value) == chosen), values[0])
