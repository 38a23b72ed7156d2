"""How the simulated bookmakers price: a function of seed, event, book and moment.

News about an event comes in over the day before its start, and is fair: what it will be
cannot be guessed, so the belief that holds all news so far is the true chance at that moment. Each
book quotes off that belief as it saw it some time ago, with an error of its own, plus its margin.
Slow books now and then sleep through news: those prices are the edge there is to find. In an
efficient market nobody is late and nobody errs by more than a fraction of the margin.
"""

from dataclasses import dataclass

import numpy as np

from odds.simulator import chances
from odds.simulator.noise import FloatArray, normal, uniform
from odds.simulator.schedule import HOUR, IntArray, expectations, starts
from odds.simulator.teams import BOOKS, BookSpec

NEWS_HOURS = 24
STEP = 15 * 60
_STEPS = NEWS_HOURS * HOUR // STEP
# The share of steps that bring real news, such as an injury: most of it comes near the start.
LATE_STEPS = 4 * HOUR // STEP
JUMP_SHARE = np.where(np.arange(_STEPS) < _STEPS - LATE_STEPS, 0.006, 0.10)
JUMP_SD = 1.1  # points
MURMUR_SD = 0.06  # points, at every other step
_STEP_VARIANCE = JUMP_SHARE * JUMP_SD**2 + (1 - JUMP_SHARE) * MURMUR_SD**2
# What is still to come, by the number of steps known.
_LEFT = np.append(np.cumsum(_STEP_VARIANCE[::-1])[::-1], 0.0)
DOZE_SECONDS = 4 * HOUR
FLICKER_SECONDS = 3 * HOUR
SUREST = 0.98  # implied probability from which a book offers no price
WHOLE_LINES_SHARE = 0.3  # of the events have lines that can push

_NEWS, _JUMP, _ERROR, _FLICKER, _PHASE, _DOZE, _LINES, _RESULT = range(11, 19)
_MARGIN, _TOTAL = 1, 2


@dataclass(frozen=True, slots=True)
class Belief:
    """What all news up to a moment says: expected margin and total, and how unsure they are."""

    margin: FloatArray
    total: FloatArray
    margin_sd: FloatArray
    total_sd: FloatArray


@dataclass(frozen=True, slots=True)
class Prices:
    """Decimal prices, all of shape (events, books); NaN where a book has none.

    A moneyline may have one side without a price; then the book does not offer it.
    """

    updated: FloatArray
    home: FloatArray
    away: FloatArray
    spread_line: FloatArray
    spread_home: FloatArray
    spread_away: FloatArray
    total_line: FloatArray
    over: FloatArray
    under: FloatArray


def belief(seed: int, number: IntArray, at: FloatArray) -> Belief:
    """Return the belief about events (n,) at moments (n,) or (n, books); nobody can know more."""
    at = np.asarray(at, dtype=np.float64)
    shape = at.shape
    moments = at.reshape(len(number), -1)
    begins = starts(number)[:, None] - NEWS_HOURS * HOUR
    known = np.clip((moments - begins) // STEP, 0, _STEPS).astype(np.int64)
    margin, total = expectations(seed, number)
    left = _LEFT[known]
    row = np.arange(len(number))[:, None]
    return Belief(
        margin=(margin[:, None] + _news(seed, number, _MARGIN)[row, known]).reshape(shape),
        total=(total[:, None] + _news(seed, number, _TOTAL)[row, known]).reshape(shape),
        margin_sd=np.sqrt(chances.MARGIN_SD**2 + left).reshape(shape),
        total_sd=np.sqrt(chances.TOTAL_SD**2 + left).reshape(shape),
    )


def _news(seed: int, number: IntArray, about: int) -> FloatArray:
    step = np.arange(_STEPS)[None, :]
    name = number[:, None]
    is_jump = uniform(seed, _JUMP, about, name, step) < JUMP_SHARE
    size = normal(seed, _NEWS, about, name, step) * np.where(is_jump, JUMP_SD, MURMUR_SD)
    return np.concatenate([np.zeros((len(number), 1)), np.cumsum(size, axis=1)], axis=1)


def final_scores(seed: int, number: IntArray) -> tuple[IntArray, IntArray]:
    """Return the results, drawn from the belief at the start."""
    truth = belief(seed, number, starts(number))
    home, away = chances.final_score(
        truth.margin + truth.margin_sd * normal(seed, _RESULT, _MARGIN, number),
        truth.total + truth.total_sd * normal(seed, _RESULT, _TOTAL, number),
    )
    return home.astype(np.int64), away.astype(np.int64)


def quote(
    seed: int,
    number: IntArray,
    at: FloatArray,
    *,
    is_efficient: bool,
    books: tuple[BookSpec, ...] = BOOKS,
) -> Prices:
    """Return every book's prices for events (n,) at moments (n,)."""
    start = starts(number)[:, None]
    name = number[:, None]
    book = np.arange(len(books))[None, :]
    at = at[:, None]

    def column(field: str) -> FloatArray:
        return np.array([[getattr(spec, field) for spec in books]], dtype=np.float64)

    interval = column("interval") * 60
    phase = np.floor(uniform(seed, _PHASE, name, book) * interval)
    updated = np.floor((at - phase) / interval) * interval + phase
    opening = start - column("opens") * HOUR
    is_open = (updated >= opening) & (at < start)
    if is_efficient:
        # Everybody re-quotes the moment there is news.
        updated = np.maximum(updated, at - (at - start) % STEP)
        seen, error = updated, 0.1 * column("noise") * normal(seed, _ERROR, name, book)
    else:
        moved = np.maximum(_last_move(seed, name, book, updated, column("doze")), opening)
        seen = moved - column("lag") * 60
        error = column("noise") * normal(seed, _ERROR, name, book) + column("flicker") * normal(
            seed, _FLICKER, name, book, (moved // FLICKER_SECONDS).astype(np.int64)
        )
    known = belief(seed, number, seen)
    margin = known.margin + error
    total = known.total + error

    whole_lines = uniform(seed, _LINES, name) < WHOLE_LINES_SHARE
    half = np.where(whole_lines, 0.0, 0.5)
    spread_line = 0.0 - (np.rint(margin - half) + half)
    total_line = np.rint(total - half) + half
    home = chances.home_wins(margin, known.margin_sd)
    cover, push = chances.home_covers(spread_line, margin, known.margin_sd)
    cover = cover / (1 - push)
    over, on_it = chances.goes_over(total_line, total, known.total_sd, margin, known.margin_sd)
    over = over / (1 - on_it)

    overround, even_share = column("margin"), column("even_share")
    ticks = 10.0 ** column("decimals")

    def price(probability: FloatArray) -> FloatArray:
        implied = probability * (1 + overround * (1 - even_share)) + overround * even_share / 2
        exact = 1 / np.maximum(implied, 0.004)
        # Rounded down, as bookmakers do, to fewer places where prices are long.
        step = np.where(exact < 10, ticks, 10.0)
        # A foregone conclusion is not offered.
        offered = is_open & (implied < SUREST)
        return np.where(offered, np.floor(exact * step + 1e-9) / step, np.nan)

    return Prices(
        updated=updated,
        home=price(home),
        away=price(1 - home),
        spread_line=spread_line,
        spread_home=price(cover),
        spread_away=price(1 - cover),
        total_line=total_line,
        over=price(over),
        under=price(1 - over),
    )


def _last_move(
    seed: int, name: IntArray, book: IntArray, updated: FloatArray, doze: FloatArray
) -> FloatArray:
    """Return when each book last moved its price: now, or when it dozed off."""
    offset = np.floor(uniform(seed, _DOZE, name, book) * DOZE_SECONDS)
    stretch = np.floor((updated + offset) / DOZE_SECONDS)
    sleeps = uniform(seed, _DOZE, name, book, stretch.astype(np.int64)) < doze
    return np.where(sleeps, stretch * DOZE_SECONDS - offset, updated)
