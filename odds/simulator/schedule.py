"""Who plays when, and how strong they are: all of it a function of the seed.

A league that never rests, so that it has events on any day: one start every two hours, twelve a
day, of thirty teams. A season begins on 1 August. An event's number is its day and its slot.
"""

from datetime import UTC, date, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from odds.simulator.noise import FloatArray, bits, normal, uniform
from odds.simulator.teams import TEAMS

IntArray = NDArray[np.int64]

HOUR = 3600
DAY = 24 * HOUR
SLOTS = 12
SLOT_SECONDS = DAY // SLOTS
_NUMBERS_A_DAY = 16

HOME_ADVANTAGE = 2.5
BASE_SPREAD = 4.2  # standard deviation between teams, in points
KEPT_OVER_SUMMER = 0.6
WEEKLY_DRIFT = 0.45
MEAN_TOTAL = 224.0
PACE_SPREAD = 4.0
_FIRST_SEASON = 2000

# What a random number is for; part of its name, so that no two uses share one.
_PAIRING, _STRENGTH, _DRIFT, _PACE, _IDENTITY = range(1, 6)


def epoch(moment: datetime) -> float:
    """Return seconds since 1970, the simulator's own time."""
    return moment.timestamp()


def to_datetime(seconds: float) -> datetime:
    """Return the moment, to the whole second."""
    return datetime.fromtimestamp(int(seconds), UTC)


def numbers_starting(after: float, until: float) -> IntArray:
    """Return the numbers of the events that start after one moment and not after another."""
    first, last = int(after // SLOT_SECONDS) + 1, int(until // SLOT_SECONDS)
    slot = np.arange(first, last + 1, dtype=np.int64)
    return np.asarray(slot // SLOTS * _NUMBERS_A_DAY + slot % SLOTS)


def starts(number: IntArray) -> FloatArray:
    """Return when events start."""
    day, slot = np.divmod(number, _NUMBERS_A_DAY)
    return np.asarray(day * DAY + slot * SLOT_SECONDS, dtype=np.float64)


def season_of(day: int) -> int:
    """Return the year in which the season of a day (since 1970) began."""
    on = date.fromordinal(date(1970, 1, 1).toordinal() + day)
    return on.year if on.month >= 8 else on.year - 1


def season_name(season: int) -> str:
    """Return a season's name.

    >>> season_name(2025)
    '2025-26'
    """
    return f"{season}-{(season + 1) % 100:02d}"


def season_begins(season: int) -> datetime:
    """Return the first moment of a season."""
    return datetime(season, 8, 1, tzinfo=UTC)


def pairs(seed: int, number: IntArray) -> tuple[IntArray, IntArray]:
    """Return the home and the away team (their places in TEAMS) of events."""
    day, slot = np.divmod(number, _NUMBERS_A_DAY)
    order = np.argsort(
        uniform(seed, _PAIRING, day[:, None], np.arange(len(TEAMS))[None, :]), axis=1
    )
    row = np.arange(len(number))
    return order[row, 2 * slot], order[row, 2 * slot + 1]


@lru_cache(maxsize=64)
def _season_strength(seed: int, season: int) -> FloatArray:
    team = np.arange(len(TEAMS))
    fresh_share = np.sqrt(1 - KEPT_OVER_SUMMER**2)
    base = BASE_SPREAD * normal(seed, _STRENGTH, _FIRST_SEASON - 1, team)
    for year in range(_FIRST_SEASON, season + 1):
        fresh = BASE_SPREAD * normal(seed, _STRENGTH, year, team)
        base = KEPT_OVER_SUMMER * base + fresh_share * fresh
    weeks = np.arange(54)
    steps = WEEKLY_DRIFT * normal(seed, _DRIFT, season, weeks[:, None], team[None, :])
    return np.asarray(base[None, :] + np.cumsum(steps, axis=0))


@lru_cache(maxsize=64)
def _pace(seed: int, season: int) -> FloatArray:
    return PACE_SPREAD * normal(seed, _PACE, season, np.arange(len(TEAMS)))


def expectations(seed: int, number: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the home margin and the total to expect of events before any news about them."""
    margin, total = np.zeros(len(number)), np.zeros(len(number))
    home, away = pairs(seed, number)
    days = number // _NUMBERS_A_DAY
    for day in np.unique(days).tolist():
        season = season_of(day)
        opening = int(season_begins(season).timestamp()) // DAY
        strength = _season_strength(seed, season)[(day - opening) // 7]
        pace = _pace(seed, season)
        here = days == day
        margin[here] = strength[home[here]] - strength[away[here]] + HOME_ADVANTAGE
        total[here] = MEAN_TOTAL + pace[home[here]] + pace[away[here]]
    return margin, total


def event_ids(seed: int, number: IntArray) -> list[str]:
    """Return the 32 hex digits that name each event; `number_of` reads them back."""
    mask = int(bits(seed, _IDENTITY))
    salts = bits(seed, _IDENTITY, number).tolist()
    return [
        f"{salt:016x}{each ^ mask:016x}" for salt, each in zip(salts, number.tolist(), strict=True)
    ]


def number_of(seed: int, identity: str) -> int | None:
    """Return the number of a named event, or None where the league has no such event."""
    try:
        number = int(identity[16:], 16) ^ int(bits(seed, _IDENTITY))
    except ValueError:
        return None
    if number % _NUMBERS_A_DAY >= SLOTS or number >= 2**40:
        return None
    return number if event_ids(seed, np.array([number])) == [identity] else None
