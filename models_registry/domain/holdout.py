"""Seasons kept out of every choice, and what is left of a result that was the best of many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from models_registry.domain.games import Games

# A season is over when nothing of it has started for so long: longer than any winter break.
QUIET_DAYS = 45
EULER_MASCHERONI = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class Season:
    """A season's name, how many results it has, and when the last of its games starts."""

    name: str
    results: int
    last_start: np.datetime64


def seasons_of(games: Games, names: Sequence[str]) -> list[Season]:
    """Return the seasons of games, oldest first; `names` names the season of each game."""
    found = []
    for year in np.unique(games.season).tolist():
        rows = np.flatnonzero(games.season == year)
        results = int(games.played[rows].sum())
        found.append(Season(names[int(rows[-1])], results, games.starts_at[rows].max()))
    return found


def newest_finished(seasons: Sequence[Season], now: np.datetime64) -> str | None:
    """Return the name of the newest season, of some oldest first, that was played and is over.

    None if there is none. A season of which only the beginning is stored (less than half as many
    results as seasons have in the median) is too little to be judged by.
    """
    over = now - np.timedelta64(QUIET_DAYS, "D")
    played = [each.results for each in seasons if each.results]
    enough = float(np.median(played)) / 2 if played else 0.0
    for each in reversed(seasons):
        if each.last_start < over and each.results and each.results >= enough:
            return each.name
    return None


def held_out(
    seasons: Sequence[Season], now: np.datetime64, configured: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the seasons held out: those configured, else the newest one that is over."""
    if configured is not None:
        return tuple(configured)
    newest = newest_finished(seasons, now)
    return () if newest is None else (newest,)


def expected_best(tries: int) -> float:
    """Return how good the best of so many trials looks by chance alone, in standard errors.

    The expected maximum of N standard normal draws, (1 - g) z(1 - 1/N) + g z(1 - 1/(N e)), with
    g Euler's constant and z the normal quantile (Bailey and Lopez de Prado 2014, "The Deflated
    Sharpe Ratio", eq. 6). Trials that resemble each other look less good than this, so what is
    left after it is taken away is not flattered.

    >>> [round(expected_best(tries), 2) for tries in (1, 2, 10, 100, 1000)]
    [0.0, 0.52, 1.57, 2.53, 3.26]
    """
    if tries < 2:
        return 0.0
    z = NormalDist().inv_cdf
    first, second = z(1 - 1 / tries), z(1 - 1 / (tries * np.e))
    return float((1 - EULER_MASCHERONI) * first + EULER_MASCHERONI * second)


def deflated(difference: float, error: float, tries: int) -> float:
    """Return a difference in log loss less what the best of so many trials shows by chance.

    `difference` is model minus other, so below zero is better, and `error` its standard error.

    >>> round(deflated(-0.0040, 0.0010, 100), 4)
    -0.0015
    """
    return difference + error * expected_best(tries)


def deflation_words(difference: float, error: float, tries: int) -> str:
    """Return what is left of an improvement, as a sentence without its full stop.

    >>> deflation_words(-0.0040, 0.0010, 100)
    'better by 0.0040, of which the best of 100 trials shows 0.0025 by chance: 0.0015 is left'
    >>> deflation_words(-0.0020, 0.0010, 100)
    'better by 0.0020, no more than the best of 100 trials shows by chance (0.0025)'
    >>> deflation_words(0.0020, 0.0010, 100)
    'not better, though it is the best of 100 trials'
    """
    if difference >= 0:
        return f"not better, though it is the best of {tries:,} trials"
    chance, left = error * expected_best(tries), -deflated(difference, error, tries)
    if left <= 0:
        return (
            f"better by {-difference:.4f}, no more than the best of {tries:,} trials shows by "
            f"chance ({chance:.4f})"
        )
    return (
        f"better by {-difference:.4f}, of which the best of {tries:,} trials shows {chance:.4f} by "
        f"chance: {left:.4f} is left"
    )


def parse_held_out(text: str) -> Mapping[str, tuple[str, ...]]:
    """Read which seasons are held out: "KEY=SEASON,SEASON;KEY=SEASON".

    Nothing after the = holds none out of that competition.

    Raises:
        ValueError: naming the part that cannot be read.

    >>> parse_held_out("basketball_nba=2021-22,2022-23; soccer_epl=")
    {'basketball_nba': ('2021-22', '2022-23'), 'soccer_epl': ()}
    """
    read = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        key, given, seasons = part.partition("=")
        if not given or not key.strip():
            raise ValueError(
                f"{part!r} does not say which seasons of which competition: write "
                "basketball_nba=2022-23, several seasons with commas, competitions with ;"
            )
        names = (each.strip() for each in seasons.split(","))
        read[key.strip()] = tuple(name for name in names if name)
    return read
