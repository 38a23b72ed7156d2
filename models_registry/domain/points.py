"""From the probability that the home side wins, and an expected total, to a score distribution."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models_registry.domain.games import BoolArray, FloatArray, IntArray
from models_registry.domain.logistic import log_odds_of
from models_registry.domain.scores import BASKETBALL, PointScores

# With fewer games the spreads of earlier seasons stand.
FEWEST_GAMES = 300
USUAL_MARGIN_SD, USUAL_TOTAL_SD = 12.75, 17.0
NARROWEST, WIDEST = 6.0, 25.0
# Where the home side's margin may be expected, in standard deviations: 5 is 1 to 3 million.
REACH, STEPS = 5.0, 4000


@dataclass(frozen=True, slots=True)
class Points:
    """How a version's probabilities and expected totals become margins and totals, in points."""

    margin_sd: float = USUAL_MARGIN_SD
    total_shift: float = 0.0
    total_shift_in_playoffs: float = 0.0
    total_sd: float = USUAL_TOTAL_SD

    def scores(
        self, home_probability: FloatArray, expected_total: FloatArray, playoffs: BoolArray
    ) -> PointScores:
        """Return the distributions whose home sides win as likely as said."""
        count = len(home_probability)
        total = expected_total + np.where(playoffs, self.total_shift_in_playoffs, self.total_shift)
        return PointScores(
            margin_centres(home_probability, self.margin_sd),
            np.full(count, self.margin_sd),
            total - BASKETBALL.overtime_share * BASKETBALL.overtime_points,
            np.full(count, self.total_sd),
        )


def margin_centres(home_probability: FloatArray, margin_sd: float) -> FloatArray:
    """Return the centres of margins at which home sides win with some probabilities.

    Read off a table of 4,000 steps, to about a millionth of a probability.

    >>> centre = margin_centres(np.array([0.5, 0.7]), 12.5)
    >>> PointScores(centre, np.full(2, 12.5), centre, np.full(2, 17.0)).h2h()[:, 0].round(5)
    array([0.5, 0.7])
    """
    return np.interp(log_odds_of(home_probability), *_table(margin_sd))


@lru_cache(maxsize=32)
def _table(margin_sd: float) -> tuple[FloatArray, FloatArray]:
    """Return log odds of winning, rising, and the centres of the margins they follow from."""
    centre = np.linspace(-REACH * margin_sd, REACH * margin_sd, STEPS + 1)
    sd = np.full(len(centre), margin_sd)
    said = PointScores(centre, sd, centre, sd).h2h()
    return np.log(said[:, 0]) - np.log(said[:, 1]), centre


def fit_points(
    home_probability: FloatArray,
    expected_total: FloatArray,
    playoffs: BoolArray,
    margin: IntArray,
    total: FloatArray,
) -> Points:
    """Return what fits games that were predicted out of sample best; the usual below 300 games.

    The margin's spread by likelihood of the exact margins, to a twentieth of a point; the total's
    mean by what was missed, in and outside playoffs, its spread from what is left once
    overtime is taken out.
    """
    if len(margin) < FEWEST_GAMES:
        return Points()
    # Loaded late: an eighth of the time that every process takes to start, and training alone asks.
    from scipy.optimize import minimize_scalar

    best = minimize_scalar(
        lambda sd: _loss_of_margins(home_probability, margin, sd),
        bounds=(NARROWEST, WIDEST),
        method="bounded",
        options={"xatol": 0.05},
    )
    missed = total - expected_total
    shift = float(missed[~playoffs].mean()) if (~playoffs).any() else 0.0
    # Playoffs are few: their own shift counts as its games beside a hundred like the rest.
    own = missed[playoffs]
    in_playoffs = float((own.sum() + 100 * shift) / (len(own) + 100))
    left = missed - np.where(playoffs, in_playoffs, shift)
    share, longer = BASKETBALL.overtime_share, BASKETBALL.overtime_points
    overtime = share * BASKETBALL.overtime_variance + share * (1 - share) * longer**2
    return Points(
        margin_sd=round(float(best.x), 2),
        total_shift=shift,
        total_shift_in_playoffs=in_playoffs,
        total_sd=float(np.sqrt(max(left.var() - overtime, 25.0))),
    )


def _loss_of_margins(home_probability: FloatArray, margin: IntArray, sd: float) -> float:
    """Return the mean log loss of the exact margins, their centres following from the moneyline."""
    centre = margin_centres(home_probability, sd)
    sds = np.full(len(centre), sd)
    exactly = PointScores(centre, sds, centre, sds).spread(-margin.astype(np.float64)).push
    return float(-np.log(np.maximum(exactly, 1e-12)).mean())
