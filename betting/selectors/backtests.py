"""Backtests and sweeps as they are shown: figures, cuts, how many were tried, what is left."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from betting.domain.breakdowns import Group, Labels, cut
from betting.domain.luck import TWO_SIDED, Interval
from betting.domain.performance import Performance, measure
from betting.domain.record import Record, curve_times
from betting.domain.sweep_map import SweepMap, Trial, sweep_map
from betting.models import Backtest, Strategy, Sweep
from betting.selectors.settled import regimes_at
from betting.selectors.strategies import LEAGUE, seen_by
from betting.services.backtesting import CAPITAL
from betting.services.kept_bets import unpack
from models_registry.domain.holdout import expected_best
from odds.domain.table import FloatArray, TimeArray
from odds.models import Competition, Event
from odds.screens import bookmaker_titles, market_title

MOST_COMPARED = 4
SHOWN = 100
DONE = Backtest.Status.DONE
# What a run played and where, by their names; a key where a strategy is no longer here.
TITLES = {
    "title": Coalesce(
        Subquery(Strategy.objects.filter(key=OuterRef("strategy_key")).values("title")[:1]),
        F("strategy_key"),
    ),
    "league": LEAGUE,
}


@dataclass(frozen=True, slots=True)
class Tried:
    """How many configurations saw these days of a competition, and what is left of a yield.

    `chance` is what the best of so many shows by chance alone, `left` the yield less that; None
    where the yield has no interval.
    """

    tries: int
    chance: float | None
    left: float | None


@dataclass(frozen=True, slots=True)
class BacktestShown:
    """A backtest that is done, with everything that is cut and drawn of it."""

    row: Backtest
    performance: Performance
    times: TimeArray
    clvs: FloatArray
    groups: dict[str, list[Group]]
    tried: Tried


def backtests(
    *,
    strategy: str | None = None,
    competition: str | None = None,
    status: str | None = None,
    sweep_id: int | None = None,
) -> QuerySet[Backtest]:
    """Return the backtests of a sweep or of none, newest first, without their bets."""
    rows = Backtest.objects.filter(**_named(strategy, competition, status))
    return _light(rows.filter(sweep=sweep_id))


def sweeps(
    *, strategy: str | None = None, competition: str | None = None, status: str | None = None
) -> QuerySet[Sweep]:
    """Return the sweeps, newest first, with how many trials each has and how many are done."""
    return (
        Sweep.objects.filter(**_named(strategy, competition, status))
        .select_related("by")
        .annotate(
            count=Count("trials"), done=Count("trials", filter=Q(trials__status=DONE)), **TITLES
        )
        .order_by("-asked_at", "-pk")
    )


def _named(strategy: str | None, competition: str | None, status: str | None) -> dict[str, str]:
    wanted = {"strategy_key": strategy, "competition_key": competition, "status": status}
    return {name: value for name, value in wanted.items() if value is not None}


def trials_of(sweep_id: int) -> list[Backtest]:
    """Return the trials of a sweep, best yield first, those without one in order of number."""

    def place(row: Backtest) -> tuple[float, int]:
        value = (row.summary.get("yield") or {}).get("value")
        return (-value if value is not None else np.inf, row.number)

    return sorted(_light(Backtest.objects.filter(sweep=sweep_id)), key=place)


def map_of(sweep: Sweep, trials: Sequence[Backtest], asked: Mapping[str, str]) -> SweepMap | None:
    """Return the trials of a sweep as a map of two settings; None where fewer than two vary.

    `asked` may name `across` and `down`, and by `hold-NAME` the values of the other settings.
    """
    hold = {name: asked.get(f"hold-{name}", "") for name in sweep.space}
    return sweep_map(
        sweep.space,
        [_trial(each) for each in trials],
        across=asked.get("across", ""),
        down=asked.get("down", ""),
        hold=hold,
    )


def _trial(row: Backtest) -> Trial:
    earned = row.summary.get("yield") or {}
    low, high = earned.get("low"), earned.get("high")
    error = None if low is None or high is None else (high - low) / 2 / TWO_SIDED
    return Trial(
        id=row.pk,
        number=row.number,
        changed=row.changed,
        bets=row.summary.get("bets"),
        value=earned.get("value"),
        error=error,
    )


def backtest(backtest_id: int) -> Backtest | None:
    """Return one backtest, a trial of a sweep or not."""
    found = Backtest.objects.annotate(**TITLES).select_related(
        "by", "version", "sweep", "opening__by"
    )
    return found.filter(pk=backtest_id).first()


def backtest_in_full(backtest_id: int) -> Backtest | None:
    """Return one backtest with `tried` and `groups`; nothing of either while it is not done."""
    row = backtest(backtest_id)
    if row is not None:
        shown = backtest_shown(row)
        row.tried = None if shown is None else shown.tried  # type: ignore[attr-defined]
        row.groups = {} if shown is None else shown.groups  # type: ignore[attr-defined]
    return row


def sweep_in_full(sweep_id: int) -> Sweep | None:
    """Return one sweep with its trials, best yield first, as `ranked`."""
    found = sweeps().filter(pk=sweep_id).first()
    if found is not None:
        found.ranked = trials_of(sweep_id)  # type: ignore[attr-defined]
    return found


def backtest_shown(row: Backtest) -> BacktestShown | None:
    """Return a backtest with its curves and cuts; None while it is not done, or kept no bets."""
    if row.status != DONE or row.bets is None:
        return None
    kept = unpack(bytes(row.bets))
    record = kept.record
    tries = _tries(row)
    done = measure(record, capital=CAPITAL / 100, tries=tries)
    titles = bookmaker_titles()
    said: dict[str, Callable[[str], str]] = {
        "bookmaker": lambda key: titles.get(key, key),
        "market": market_title,
        "selection": str.capitalize,
        "season": str,
    }
    labels = {key: Labels.of(kept.labels[key]).renamed(say) for key, say in said.items()}
    return BacktestShown(
        row=row,
        performance=done,
        times=curve_times(record, np.datetime64(row.starts_on, "us")),
        clvs=record.clv[~np.isnan(record.clv)],
        groups=cut(record, labels | {"regime": _regimes(row, record)}, whole=done.yield_)
        if len(record)
        else {},
        tried=_tried(tries, done.yield_),
    )


def _regimes(row: Backtest, record: Record) -> Labels:
    competition = Competition.objects.filter(key=row.competition_key).values_list("pk", flat=True)
    return regimes_at(np.full(len(record), competition.first() or 0), record.placed_at)


def _tries(row: Backtest) -> int:
    """Return how many configurations saw the days of a backtest."""
    return (
        Backtest.objects.filter(
            competition_key=row.competition_key,
            status=DONE,
            starts_on__lte=row.ends_on,
            ends_on__gte=row.starts_on,
        )
        .order_by()
        .values("configuration", "costs")
        .distinct()
        .count()
    )


def _tried(tries: int, earned: Interval | None) -> Tried:
    """Return what so many trials leave of a yield.

    The expected best of so many trials without any edge (`expected_best`) is taken off, in standard
    errors of the yield. Trials that resemble each other look less good than that, so what is left
    is not flattered.
    """
    if earned is None or not earned.is_bounded:
        return Tried(tries, None, None)
    chance = expected_best(tries) * (earned.high - earned.low) / 2 / TWO_SIDED
    return Tried(tries, chance, earned.value - chance)


def compared(backtest_ids: Sequence[int]) -> list[Backtest]:
    """Return up to four backtests that are done, in the order asked for."""
    chosen = list(dict.fromkeys(backtest_ids))[:MOST_COMPARED]
    found = _light(Backtest.objects.filter(pk__in=chosen, status=DONE)).in_bulk()
    return [found[pk] for pk in chosen if pk in found]


def opening_words(row: Backtest) -> str:
    """Return how a backtest saw a held-out season, empty if it saw none."""
    if row.opening is None:
        return ""
    again = f": {row.opening.reason}" if row.opening.reason else ""
    return f"saw {row.opening.season}, look {row.opening.number}{again}"


def differences(rows: Sequence[Backtest]) -> list[tuple[str, list[Any]]]:
    """Return the settings, costs and limits in which backtests differ, with each one's value."""

    def flat(row: Backtest) -> dict[str, Any]:
        own = ("limits", "breakers")
        settings = {k: v for k, v in row.configuration.items() if k not in own}
        limits = {k: v for each in own for k, v in row.configuration.get(each, {}).items()}
        days = {"days": f"{row.starts_on} to {row.ends_on}", "competition": row.competition_key}
        seen = {"held-out season": opening_words(row)} if row.opening else {}
        told: dict[str, Any] = days | seen | settings | dict(row.costs) | limits
        return told

    told = [flat(row) for row in rows]
    names = dict.fromkeys(name for each in told for name in each)
    table = [(name, [each.get(name) for each in told]) for name in names]
    return [(name, values) for name, values in table if any(v != values[0] for v in values)]


def choices(user_id: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return (key, title) of the strategies and competitions that a person can have played."""
    strategies = [
        (each.key, each.title)
        for each in Strategy.objects.filter(seen_by(user_id), is_active=True).order_by("title")
        if not each.configuration.get("model_weight")
    ]
    played = Event.objects.filter(status="finished").values("competition")
    competitions = Competition.objects.filter(pk__in=played).order_by("title")
    return strategies, list(competitions.values_list("key", "title"))


def _light(rows: QuerySet[Backtest]) -> QuerySet[Backtest]:
    return (
        rows.annotate(**TITLES)
        .defer("bets", "outlook")
        .select_related("by", "version", "opening__by")
        .order_by("-started_at", "-pk")
    )
