"""How the simulated bookmakers price: a function of seed, event, book and moment.

News about an event comes in over the day before its start, and is fair: what it will be
cannot be guessed, so the belief that holds all news so far is the true chance at that moment. Each
book quotes off that belief as it saw it some time ago, with an error of its own, plus its margin.
Slow books now and then sleep through news: those prices are the edge there is to find. In an
efficient market nobody is late and nobody errs by more than a fraction of the margin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from odds.simulator import chances
from odds.simulator.noise import FloatArray, normal, uniform
from odds.simulator.schedule import HOUR, IntArray, expectations, starts
from odds.simulator.teams import BASKETBALL_SPLIT, BOOKS, BookSpec, Split

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
    size = normal(seed, _NEWS, about, number[:, None], np.arange(_STEPS)[None, :])
    size = size * _news_sd(seed, number, about)
    return np.concatenate([np.zeros((len(number), 1)), np.cumsum(size, axis=1)], axis=1)


def _news_sd(seed: int, number: IntArray, about: int) -> FloatArray:
    step = np.arange(_STEPS)[None, :]
    is_jump = uniform(seed, _JUMP, about, number[:, None], step) < JUMP_SHARE
    return np.where(is_jump, JUMP_SD, MURMUR_SD)


def signal(
    seed: int, number: IntArray, at: FloatArray, about: int, noise_sd: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a standard normal fate as it is known at moments (n, m): mean, deviation; scale (n,).

    The fate is all news about an event plus noise of `noise_sd`, divided by the scale. When news
    comes, and how large it may be, is public; so what is known is normal, exactly.
    """
    begins = starts(number)[:, None] - NEWS_HOURS * HOUR
    known = np.clip((at - begins) // STEP, 0, _STEPS).astype(np.int64)
    variance = _news_sd(seed, number, about) ** 2
    left = np.concatenate([np.cumsum(variance[:, ::-1], axis=1)[:, ::-1], 0 * variance[:, :1]], 1)
    scale = np.sqrt(noise_sd**2 + left[:, :1])
    row = np.arange(len(number))[:, None]
    mean = _news(seed, number, about)[row, known] / scale
    return mean, np.sqrt(noise_sd**2 + left[row, known]) / scale, scale[:, 0]


def final_scores(seed: int, number: IntArray) -> tuple[IntArray, IntArray]:
    """Return the results, drawn from the belief at the start."""
    truth = belief(seed, number, starts(number))
    home, away = chances.final_score(
        truth.margin + truth.margin_sd * normal(seed, _RESULT, _MARGIN, number),
        truth.total + truth.total_sd * normal(seed, _RESULT, _TOTAL, number),
    )
    return home.astype(np.int64), away.astype(np.int64)


@dataclass(frozen=True, slots=True)
class View:
    """How each book sees events, (events, books): when it last moved, as of when, how wrong.

    `error` is in points of basketball; other sports scale it.
    """

    updated: FloatArray
    is_open: NDArray[np.bool_]
    seen: FloatArray
    error: FloatArray


def column(books: tuple[BookSpec, ...], field: str) -> FloatArray:
    """Return one number a book, shape (1, books)."""
    return np.array([[getattr(spec, field) for spec in books]], dtype=np.float64)


def views(
    seed: int,
    number: IntArray,
    at: FloatArray,
    *,
    is_efficient: bool,
    books: tuple[BookSpec, ...] = BOOKS,
) -> View:
    """Return how every book sees events (n,) at moments (n,)."""
    start = starts(number)[:, None]
    name = number[:, None]
    book = np.arange(len(books))[None, :]
    at = at[:, None]
    interval = column(books, "interval") * 60
    phase = np.floor(uniform(seed, _PHASE, name, book) * interval)
    updated = np.floor((at - phase) / interval) * interval + phase
    opening = start - column(books, "opens") * HOUR
    is_open = (updated >= opening) & (at < start)
    if is_efficient:
        # Everybody re-quotes the moment there is news.
        updated = np.maximum(updated, at - (at - start) % STEP)
        seen, error = updated, 0.1 * column(books, "noise") * normal(seed, _ERROR, name, book)
    else:
        moved = np.maximum(_last_move(seed, name, book, updated, column(books, "doze")), opening)
        seen = moved - column(books, "lag") * 60
        error = column(books, "noise") * normal(seed, _ERROR, name, book)
        error = error + column(books, "flicker") * normal(
            seed, _FLICKER, name, book, (moved // FLICKER_SECONDS).astype(np.int64)
        )
    return View(updated, is_open, seen, error)


def priced(
    probability: FloatArray,
    is_open: NDArray[np.bool_],
    books: tuple[BookSpec, ...],
    split: Split,
    outcomes: int,
) -> FloatArray:
    """Return what each book pays for outcomes of these probabilities, (events, books)."""
    overround, even_share = column(books, "margin"), np.array([split.of(books)])
    ticks = 10.0 ** column(books, "decimals")
    implied = probability * (1 + overround * (1 - even_share)) + overround * even_share / outcomes
    exact = 1 / np.maximum(implied, 0.004)
    # To fewer places where prices are long.
    step = np.where(exact < 10, ticks, 10.0)
    # A foregone conclusion is not offered.
    offered = is_open & (implied < SUREST)
    return np.where(offered, np.rint(exact * step) / step, np.nan)


def has_whole_lines(seed: int, number: IntArray) -> NDArray[np.bool_]:
    """Return, (events, 1), whether an event's lines are whole numbers, which can push."""
    return uniform(seed, _LINES, number[:, None]) < WHOLE_LINES_SHARE


def quote(
    seed: int,
    number: IntArray,
    at: FloatArray,
    *,
    is_efficient: bool,
    books: tuple[BookSpec, ...] = BOOKS,
) -> Prices:
    """Return every book's prices for events (n,) at moments (n,)."""
    view = views(seed, number, at, is_efficient=is_efficient, books=books)
    known = belief(seed, number, view.seen)
    margin = known.margin + view.error
    total = known.total + view.error

    half = np.where(has_whole_lines(seed, number), 0.0, 0.5)
    spread_line = 0.0 - (np.rint(margin - half) + half)
    total_line = np.rint(total - half) + half
    home = chances.home_wins(margin, known.margin_sd)
    cover, push = chances.home_covers(spread_line, margin, known.margin_sd)
    cover = cover / (1 - push)
    over, on_it = chances.goes_over(total_line, total, known.total_sd, margin, known.margin_sd)
    over = over / (1 - on_it)

    def price(probability: FloatArray) -> FloatArray:
        return priced(probability, view.is_open, books, BASKETBALL_SPLIT, 2)

    return Prices(
        updated=view.updated,
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
