"""Whether what some bets earned can be told from luck. docs/algorithms/performance.md."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from betting.domain.record import Record, numbered
from odds.domain.table import FloatArray, IntArray

# Two sides of a normal distribution that leave out one case in twenty.
TWO_SIDED = 1.96
# A verdict looks twice, at the profit and at the close: each look may be wrong once in eighty, so
# that both together are wrong once in forty.
LOOK = 1 / 80
# Fewer bets than this allow no verdict.
FEWEST = 30
# With a handful of bets the spread seen says nothing of the spread there is: two losses in a row
# would look like certainty.
FEWEST_FOR_INTERVAL = 10
RESAMPLES = 2_000
# More clusters than this are drawn in so many bundles: their sums are near normal by then.
MOST_CLUSTERS = 1_000
SEED = 17
FEW, DRAWS = 400, 5_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval, and how many bets it comes from."""

    value: float
    low: float
    high: float
    count: int

    @property
    def is_bounded(self) -> bool:
        """Return whether there were enough values for bounds to mean anything."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


class Finding(StrEnum):
    """What a verdict comes down to."""

    NOTHING = "nothing"  # no settled bets
    NO_EVIDENCE = "no_evidence"  # of skill
    LOSING = "losing"  # worse than luck explains
    SKILL = "skill"  # by the profit, or by the close


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be concluded, and the sentences that say so."""

    finding: Finding
    sentence: str


@dataclass(frozen=True, slots=True)
class _Sums:
    """Stakes and profits added up by what shares its luck, shapes (k,)."""

    stake: FloatArray
    profit: FloatArray

    @classmethod
    def of(cls, record: Record) -> "_Sums":
        _, place = numbered(record.event)
        return cls(_added(place, record.stake), _added(place, record.profit))

    def __len__(self) -> int:
        return len(self.stake)

    def value(self) -> float:
        return float(self.profit.sum() / self.stake.sum())


def _added(place: IntArray, values: FloatArray, count: int = 0) -> FloatArray:
    return np.asarray(np.bincount(place, weights=values, minlength=count), dtype=np.float64)


def yields_of(record: Record, place: IntArray, count: int, event: IntArray) -> list[Interval]:
    """Return by group the profit per unit staked with the interval of a ratio of sums.

    `place` (n,) tells each bet's group, of `count`; none may be empty. Events are independent;
    `event` (n,) tells each bet's, numbered from 0. The quick ones, for lines of a table;
    `resampled_yield` is the one that a verdict rests on.
    """
    events = int(event.max(initial=-1)) + 1
    cell = place * events + event

    def added(values: FloatArray) -> FloatArray:
        return _added(cell, values, count * events).reshape(count, events)

    stake, profit, bets = (
        added(each) for each in (record.stake, record.profit, np.ones(len(record)))
    )
    staked = stake.sum(axis=1)
    values = profit.sum(axis=1) / staked
    clusters = (bets > 0).sum(axis=1)
    squares = ((profit - values[:, None] * stake) ** 2).sum(axis=1)
    errors = np.sqrt(squares * clusters / np.maximum(clusters - 1, 1)) / staked
    return [
        _bounded(value, error, int(n))
        for value, error, n in zip(
            values.tolist(), errors.tolist(), bets.sum(axis=1).tolist(), strict=True
        )
    ]


def resampled_yield(record: Record) -> Interval | None:
    """Return profit per unit staked with its bootstrap interval.

    Events are drawn with replacement, all bets on one together, `RESAMPLES` times with a fixed
    seed, and the interval holds the middle 95 % of the yields (Efron 1979). It is widened by
    sqrt(k / (k - 1)) for k events, which a bootstrap leaves out.
    """
    if not len(record):
        return None
    sums = _Sums.of(record)
    value, n, k = sums.value(), len(record), len(sums)
    if n < FEWEST_FOR_INTERVAL or k < FEWEST_FOR_INTERVAL:
        return Interval(value, float("-inf"), float("inf"), n)
    if k > MOST_CLUSTERS:
        bundle = np.arange(k) % MOST_CLUSTERS
        sums, k = _Sums(_added(bundle, sums.stake), _added(bundle, sums.profit)), MOST_CLUSTERS
    drawn = _draws(k)
    yields = (drawn @ sums.profit) / (drawn @ sums.stake)
    low, high = np.quantile(yields, (0.025, 0.975)).tolist()
    wider = float(np.sqrt(k / (k - 1)))
    return Interval(value, value - (value - low) * wider, value + (high - value) * wider, n)


@lru_cache(maxsize=2)
def _draws(k: int) -> FloatArray:
    """Return how often each of k is drawn in each of `RESAMPLES` draws of k, (RESAMPLES, k).

    They are the same for all bets; the two kept are those of many bets, 16 MB, and of few.
    """
    drawn = np.random.default_rng(SEED).integers(0, k, (RESAMPLES, k))
    places = drawn + np.arange(RESAMPLES)[:, None] * k
    counts = np.bincount(places.ravel(), minlength=RESAMPLES * k)
    return counts.reshape(RESAMPLES, k).astype(np.float64)


def mean_of(values: FloatArray, cluster: IntArray) -> Interval | None:
    """Return a mean with its interval; values of one cluster are not independent. Shapes (n,)."""
    n = len(values)
    if not n:
        return None
    value = float(values.mean())
    _, place = numbered(cluster)
    residual = _added(place, values - value)
    k = len(residual)
    return _bounded(value, float(np.sqrt((residual**2).sum() * k / max(k - 1, 1)) / n), n)


def _bounded(value: float, error: float, n: int) -> Interval:
    reach = TWO_SIDED * error if n >= FEWEST_FOR_INTERVAL and error > 0 else float("inf")
    return Interval(value, value - reach, value + reach, n)


def chance_of_luck(record: Record) -> float | None:
    """Return how often bets without any edge would earn at least as much as these did.

    Each wins as often as its price after commission pays for: 1 / price. Up to `FEW` bets are drawn
    `DRAWS` times with a fixed seed: a few long shots are skewed and come in steps, where intervals
    from what was seen are too narrow. The sum of more of them is read from the first term of
    Edgeworth's series: its mean is 0, its variance and skewness are known. Bets that came to
    nothing are left out.

    >>> from betting.domain.performance import flat_record
    >>> record = flat_record(prices=[2.0] * 1000, won=[1] * 532 + [0] * 468)
    >>> round(chance_of_luck(record), 4)
    0.0215
    """
    rows = ~np.isnan(record.won) & (record.price > 1.0)
    stake, over = record.stake[rows], record.price[rows] - 1.0
    variance = float((stake**2 * over).sum())
    if variance <= 0.0:
        return None
    earned = float(record.profit[rows].sum())
    if len(stake) <= FEW:
        wins = np.random.default_rng(SEED).random((DRAWS, len(stake))) * (over + 1.0) < 1.0
        profits = np.where(wins, stake * over, -stake).sum(axis=1)
        # A chance that no draw met is not none: these bets themselves are one more.
        return float(((profits >= earned - 1e-9).sum() + 1) / (DRAWS + 1))
    third = float((stake**3 * over * (over - 1.0)).sum())
    z = earned / variance**0.5
    normal = NormalDist()
    skew = third / variance**1.5
    tail = 1.0 - normal.cdf(z) + skew / 6.0 * (z * z - 1.0) * normal.pdf(z)
    return float(min(max(tail, 0.0), 1.0))


def bets_needed(earned: Interval) -> int | None:
    """Return how many bets in all would set this yield apart from zero; None where none would.

    The interval shrinks with the root of the number of bets: n x (half width / yield)^2.

    >>> bets_needed(Interval(0.03, -0.03, 0.09, 400))
    1600
    """
    half = (earned.high - earned.low) / 2
    if not np.isfinite(half) or abs(earned.value) < 1e-9:
        return None
    return int(np.ceil(round(earned.count * (half / earned.value) ** 2, 6)))


def judge(
    earned: Interval | None, clv: Interval | None, luck: float | None, *, tries: int = 1
) -> Verdict:
    """Return in one or two plain sentences what may be concluded, and what may not.

    Skill is seen in the profit where the 95 % interval leaves out zero and bets without an edge
    would do as well at most once in eighty times; in the close where it was beaten by more than
    chance shows as rarely. Either over at least 30 bets. What is one of so many `tries` has to be
    as many times rarer (Bonferroni): the best of forty worthless ones looks like one in forty.
    """
    if earned is None:
        return Verdict(
            Finding.NOTHING, "No settled bets yet: nothing can be said, so no evidence of skill."
        )
    said = f"Yield {_share(earned.value)} over {earned.count:,} bet{'s' * (earned.count != 1)}"
    is_many = earned.count >= FEWEST
    is_rare = luck is not None and luck <= LOOK / tries
    profits = is_many and earned.low > 0 and is_rare
    loses = is_many and earned.high < 0
    beats = clv is not None and clv.count >= FEWEST and _beats(clv, tries)
    if not is_many:
        more = _how_many_more(earned) or f"; a verdict takes at least {FEWEST} settled bets"
        sentence = f"{said}: too early to tell skill from luck{more.replace(':', ';')}."
    elif profits:
        also = f", also as one of {tries:,} trials" if tries > 1 else ""
        sentence = f"{said}: better than luck alone explains, evidence of skill{also}."
    elif loses:
        sentence = f"{said}: worse than luck alone explains; these bets lose."
    elif earned.low > 0 and luck is not None and luck <= LOOK:
        sentence = (
            f"{said}: luck alone rarely does as well, but it is one of {tries:,} trials, and the "
            "best of so many looks like this without an edge, so it cannot be told from luck."
        )
    elif earned.low > 0 and luck is not None:
        sentence = (
            f"{said}: its interval leaves out zero, but bets at these prices without an edge would "
            f"earn as much in {luck * 100:.0f} % of cases, so it cannot be told from luck."
        )
    else:
        sentence = f"{said} cannot be told from luck{_how_many_more(earned)}."
    finding = Finding.SKILL if profits or beats else Finding.LOSING if loses else None
    finding = finding or Finding.NO_EVIDENCE
    return Verdict(
        finding, f"{sentence} {_of_the_close(clv, profits=profits, beats=beats, tries=tries)}"
    )


def _beats(clv: Interval, tries: int) -> bool:
    error = (clv.high - clv.value) / TWO_SIDED
    return bool(np.isfinite(error)) and clv.value > NormalDist().inv_cdf(1 - LOOK / tries) * error


def _of_the_close(clv: Interval | None, *, profits: bool, beats: bool, tries: int) -> str:
    nothing = "." if profits else ": no evidence of skill."
    if clv is None:
        return f"No bet has a close to compare with{nothing}"
    if beats:
        return f"The close was beaten by {_share(clv.value)}: evidence of skill."
    if clv.count >= FEWEST and clv.high < 0:
        return f"The close was better by {_share(-clv.value)}: no evidence of skill in that."
    if profits:
        return f"The close does not confirm it ({_share(clv.value)})."
    if clv.count < FEWEST:
        bets = f"{clv.count:,} bet{'s' * (clv.count != 1)}"
        return (
            f"Against the close ({_share(clv.value)} over {bets}) it is too early to tell "
            f"before {FEWEST} bets: no evidence of skill yet."
        )
    if clv.low > 0:
        looks = f"the best of {tries:,} trials" if tries > 1 and _beats(clv, 1) else ""
        return (
            f"Against the close ({_share(clv.value)}) the interval leaves out zero, but not by "
            f"enough for {looks or 'the second of two looks at the same bets'}: no evidence of "
            "skill."
        )
    return f"Against the close ({_share(clv.value)}) there is no evidence of skill."


def _share(value: float) -> str:
    return f"{value * 100:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _how_many_more(earned: Interval) -> str:
    needed = bets_needed(earned)
    more = 0 if needed is None else max(needed, FEWEST) - earned.count
    if more <= 0:
        return ""
    return f": about {more:,} more bet{'s' * (more != 1)} like these would tell"
