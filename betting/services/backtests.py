"""Backtests as rows: asked for, worked on by one process at a time, cancelled, gone on with.

Whoever works on one holds its advisory lock (docs/decisions/0012): a row that says it is running
and that nobody holds was left by a worker that died, and the next worker does it again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from accounts import audit
from accounts.live import announce_job
from accounts.replicas import from_replica, not_from_replica
from betting.domain.configuration import BadConfiguration, Configuration
from betting.domain.costs import BadCosts, Costs
from betting.domain.outlook import outlook_of
from betting.domain.rules import rule_by_key
from betting.models import Backtest, Strategy
from betting.selectors.strategies import seen_by
from betting.services.backtesting import (
    CAPITAL,
    Played,
    bounds_of,
    levels_of,
    limits_of,
    play,
)
from betting.services.kept_bets import pack
from betting.services.past import NothingToRun, Past, read_past
from models_registry.code import code_version
from models_registry.describing import predictor_key
from models_registry.history import NoSuchCompetition, read_history
from models_registry.models import Opening
from models_registry.services import (
    Look,
    OpenedBefore,
    open_held_out_once,
    opened_before,
    refusal_words,
    stored_seasons_held_out,
)
from models_registry.services.holds import held, held_by_anyone
from odds.models import Event
from risk.domain.breakers import PERSONAL
from risk.domain.limits import Bounds
from risk.selectors import bounds_of as limits_in_force
from risk.selectors import levels_of as levels_in_force

BACKTESTS = 0x_7EA5
# The first worker, and one more: settings that kill two workers will kill a third.
MOST_ATTEMPTS = 2
# Why a season is opened again, in words: a letter is no reason.
SHORTEST_REASON = 10
Status = Backtest.Status
_WRITTEN = (
    "status", "error", "finished_at", "step", "data_hash", "code_version", "summary", "bets",
    "opening", "outlook",
)  # fmt: skip


class BacktestRefused(Exception):
    """A backtest that cannot begin or be cancelled, with the remedy. Nothing was written."""


class _Cancelled(Exception):
    """Somebody asked for it while it ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to run: a stored strategy with some settings changed, over days, at a cost."""

    strategy_key: str
    competition_key: str
    starts_on: date
    ends_on: date
    changed: dict[str, Any]
    costs: Costs = field(default_factory=Costs)


def ask_for_backtest(
    wish: Wish,
    *,
    by_id: int | None,
    now: datetime,
    opens_held_out: bool = False,
    reason: str = "",
) -> Backtest:
    """Queue a backtest, with the limits and breakers of whoever asks.

    A stretch that reaches into a held-out season is refused unless `opens_held_out` says that it
    shall be opened; then the look is recorded, and counted. A strategy that saw the season before
    sees it again only for a `reason` that a person gives.

    Raises:
        BacktestRefused: if it cannot be, with the remedy.
    """
    strategy, configuration = checked(wish, by_id=by_id)
    locked = held_out_within(wish, now=now)
    if locked and not opens_held_out:
        raise BacktestRefused(
            f"ends_on: {wish.ends_on} reaches into {', '.join(locked)}, which is held out: end "
            "before it, or say that it shall be opened. It opens once in full: every later "
            "configuration that sees it counts as one more try."
        )
    columns = row_of(wish, strategy, configuration, by_id=by_id)
    if locked:
        _may_open(wish, columns, locked, by_id=by_id, reason=reason.strip())
    with transaction.atomic():
        row = Backtest.objects.create(
            **columns,
            opens_held_out=bool(locked),
            reason=reason.strip() if locked else "",
            started_at=now,
        )
        audit.record(
            action="asked for backtest",
            subject=str(row),
            actor_id=by_id,
            detail={"backtest": row.pk, "opens": locked, "reason": row.reason},
            at=now,
        )
    return row


def _may_open(
    wish: Wish, columns: dict[str, Any], seasons: list[str], *, by_id: int | None, reason: str
) -> None:
    earlier = opened_before(
        predictor_key=predictor_key(wish.competition_key),
        recipe=recipe_of(wish.strategy_key),
        parameters=seen_with(columns["configuration"], columns["costs"]),
        seasons=seasons,
    )
    if earlier and (by_id is None or len(reason) < SHORTEST_REASON):
        raise BacktestRefused(refusal_words(earlier[0]))


def recipe_of(strategy_key: str) -> str:
    """Return what openings of held-out seasons by a strategy are named, whatever its settings."""
    return f"strategy {strategy_key}"[:64]


def seen_with(configuration: dict[str, Any], costs: dict[str, Any]) -> dict[str, Any]:
    """Return what makes two looks of one strategy at a season the same look."""
    return {"configuration": configuration, "costs": costs}


def _meant_by(row: Backtest) -> Wish:
    """Return the strategy, days and competition that a backtest was asked for."""
    return Wish(
        strategy_key=row.strategy_key,
        competition_key=row.competition_key,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        changed={},
    )


def checked(wish: Wish, *, by_id: int | None) -> tuple[Strategy, Configuration]:
    """Return the strategy and configuration that a wish means.

    Everybody reads a backtest and its settings, so nobody plays what is another person's own; the
    command line, which is nobody, plays everything.

    Raises:
        BacktestRefused: naming the field that cannot be.
    """
    strategies = Strategy.objects.all()
    if by_id is not None:
        strategies = strategies.filter(seen_by(by_id))
    strategy = strategies.filter(key=wish.strategy_key).first()
    if strategy is None:
        known = ", ".join(strategies.values_list("key", flat=True))
        raise BacktestRefused(f"strategy: there is no {wish.strategy_key!r}; use one of {known}.")
    if wish.starts_on > wish.ends_on:
        raise BacktestRefused(f"ends_on: {wish.ends_on} is before {wish.starts_on}; swap them.")
    try:
        configuration = Configuration.from_json(strategy.configuration | wish.changed)
    except BadConfiguration as bad:
        raise BacktestRefused(str(bad)) from None
    if rule_by_key(configuration.rule).reads_signals:
        raise BacktestRefused(
            f"strategy: {wish.strategy_key} decides on what a bot says at the time, and nothing "
            "was said of days that are past; follow it on paper instead."
        )
    if configuration.model_weight > 0:
        raise BacktestRefused(
            f"strategy: {wish.strategy_key} blends in a model; `replay --strategy "
            f"{wish.strategy_key}` trains versions that knew no more than their day, and plays it."
        )
    return strategy, configuration


def row_of(
    wish: Wish, strategy: Strategy, configuration: Configuration, *, by_id: int | None
) -> dict[str, Any]:
    """Return the columns of a queued backtest."""
    bounds, levels = Bounds(), dict(PERSONAL)
    if by_id is not None:
        bounds, levels = limits_in_force(by_id), levels_in_force(by_id)
    return {
        "strategy_key": strategy.key,
        "version": strategy.versions.get(number=strategy.version),
        "changed": wish.changed,
        "configuration": configuration.to_json()
        | {
            "limits": limits_of(bounds),
            "breakers": {name: list(level) for name, level in levels.items()},
        },
        "costs": wish.costs.to_json(),
        "competition_key": wish.competition_key,
        "starts_on": wish.starts_on,
        "ends_on": wish.ends_on,
        "status": Status.QUEUED,
        "by_id": by_id,
    }


def configuration_of(row: Backtest) -> Configuration:
    """Return how a backtest's strategy decides, without the limits and breakers of who asked."""
    kept = row.configuration.items()
    return Configuration.from_json({k: v for k, v in kept if k not in ("limits", "breakers")})


def held_out_within(wish: Wish, *, now: datetime) -> list[str]:
    """Return the held-out seasons of which events start within the days of a wish.

    Raises:
        BacktestRefused: if there is no such competition.
    """
    try:
        seasons = stored_seasons_held_out(wish.competition_key, now=now)
    except NoSuchCompetition as unknown:
        raise BacktestRefused(f"competition: {unknown}") from None
    if not seasons:
        return []
    spans = (
        Event.objects.filter(competition__key=wish.competition_key, season__in=seasons)
        .values("season")
        .annotate(first=Min("starts_at"), last=Max("starts_at"))
        .order_by("season")
    )
    begin = datetime.combine(wish.starts_on, time.min, tzinfo=UTC)
    end = datetime.combine(wish.ends_on, time.max, tzinfo=UTC)
    return [each["season"] for each in spans if each["first"] <= end and each["last"] >= begin]


def cancel_backtest(*, backtest_id: int, by_id: int | None, now: datetime) -> Backtest:
    """Cancel a backtest: at once while it waits, at its next step while it runs.

    Cancelling one that is cancelled writes nothing.

    Raises:
        Backtest.DoesNotExist: if there is no such backtest.
        BacktestRefused: if it is over.
    """
    with transaction.atomic():
        row = Backtest.objects.select_for_update(of=["self"]).get(pk=backtest_id)
        if row.status == Status.CANCELLED or row.cancel_asked_at is not None:
            return row
        if row.status not in Backtest.ACTIVE:
            raise BacktestRefused(f"backtest {row.pk} is {row.status}; it cannot be cancelled.")
        row.cancel_asked_at = timezone.now()
        if row.status == Status.QUEUED or row.pk not in held_by_anyone(BACKTESTS):
            row.status, row.finished_at = Status.CANCELLED, timezone.now()
        row.save()
        audit.record(
            action="cancelled backtest",
            subject=str(row),
            actor_id=by_id,
            detail={"backtest": row.pk},
            at=now,
        )
    return row


def work_on_backtest(
    *, backtest_id: int, progress: Callable[[str], None] = lambda _: None
) -> Backtest:
    """Run a backtest that waits or whose worker died; another's is left alone.

    The same history, configuration and code give the same figures. What stopped it is written to
    it, and not raised.
    """
    with held(BACKTESTS, backtest_id) as is_ours:
        row = _begun(backtest_id) if is_ours else None
        if row is None:
            return Backtest.objects.get(pk=backtest_id)

        def told(step: str) -> None:
            progress(step)
            Backtest.objects.filter(pk=backtest_id).update(step=step[:96])
            announce_job(run_id=backtest_id)
            asked = Backtest.objects.filter(pk=backtest_id, cancel_asked_at__isnull=False)
            if asked.exists():
                raise _Cancelled

        try:
            past = _past_of(row, told)
            told(f"{len(past):,} prices read; deciding")
            played = play(
                past,
                configuration_of(row),
                bounds=bounds_of(row.configuration["limits"]),
                levels=levels_of(row.configuration.get("breakers")),
                costs=Costs.from_json(row.costs),
            )
            return _done(row, past, played)
        except _Cancelled:
            return _ended(row, Status.CANCELLED)
        except (NothingToRun, BadConfiguration, BadCosts, OpenedBefore) as reason:
            return _ended(row, Status.FAILED, str(reason))
        except Exception as error:
            _ended(row, Status.FAILED, f"{type(error).__name__}: {error}")
            raise


def backtests_to_work_on() -> list[int]:
    """Return the backtests that wait or whose worker died, but for those of sweeps."""
    waiting = Backtest.objects.filter(status__in=Backtest.ACTIVE, sweep__isnull=True)
    alive = held_by_anyone(BACKTESTS)
    return [pk for pk in waiting.order_by("pk").values_list("pk", flat=True) if pk not in alive]


def _begun(backtest_id: int) -> Backtest | None:
    with transaction.atomic():
        row = Backtest.objects.select_for_update(of=["self"]).get(pk=backtest_id)
        if row.status not in Backtest.ACTIVE:
            return None
        if row.cancel_asked_at is not None:
            row.status, row.finished_at = Status.CANCELLED, timezone.now()
        elif row.attempt >= MOST_ATTEMPTS:
            row.status, row.finished_at = Status.FAILED, timezone.now()
            row.error = f"{row.attempt} workers died of it"
        else:
            row.status, row.attempt = Status.RUNNING, row.attempt + 1
        row.save()
        return row if row.status == Status.RUNNING else None


def _past_of(row: Backtest, progress: Callable[[str], None]) -> Past:
    markets = tuple(row.configuration["market_keys"])
    stretch = (row.competition_key, row.starts_on, row.ends_on, markets)
    if row.sweep_id is None:
        return from_replica(lambda: read_past(*stretch, progress=not_from_replica(progress)))
    return _past_of_sweep(row.sweep_id, *stretch)


@lru_cache(maxsize=1)
def _past_of_sweep(
    _sweep_id: int, competition_key: str, starts_on: date, ends_on: date, markets: tuple[str, ...]
) -> Past:
    """Return the past that the trials of a sweep share; kept for the next trial."""
    return from_replica(lambda: read_past(competition_key, starts_on, ends_on, markets))


def _done(row: Backtest, past: Past, played: Played) -> Backtest:
    # First: of a season that may not be seen again nothing is kept that it showed.
    if row.opens_held_out:
        row.opening = _opened(row, played)
    row.data_hash, row.code_version = past.fingerprint(), code_version()[:64]
    row.summary, row.bets = played.summary, pack(played.bets)
    # Of a sweep it is drawn once, of what choosing as time went earned.
    if row.sweep_id is None:
        row.outlook = outlook_of(
            played.bets.record,
            capital=CAPITAL / 100,
            part=part_of(configuration_of(row), bounds_of(row.configuration["limits"])),
        )
    return _ended(row, Status.DONE)


def part_of(configuration: Configuration, bounds: Bounds) -> float | None:
    """Return which part of Kelly is staked at most; None by another plan."""
    if configuration.stake_plan != "kelly":
        return None
    return min(configuration.kelly_fraction, float(bounds.kelly_fraction))


def _ended(row: Backtest, status: str, error: str = "") -> Backtest:
    row.status, row.error, row.finished_at, row.step = status, error, timezone.now(), ""
    # Whether it was to be cancelled is written by whoever asks, meanwhile.
    row.save(update_fields=_WRITTEN)
    announce_job(run_id=row.pk)
    return row


def _opened(row: Backtest, played: Played) -> Opening | None:
    """Record that a strategy saw held-out seasons; return the opening of the newest of them."""
    now = timezone.now()
    history = read_history(row.competition_key)
    openings = open_held_out_once(
        # Whoever looks at a season takes of it, be it a model or a strategy: one count.
        predictor_key=predictor_key(row.competition_key),
        history=history,
        seasons=held_out_within(_meant_by(row), now=now),
        look=Look(
            recipe=recipe_of(row.strategy_key),
            parameters=seen_with(row.configuration, row.costs),
            figures={
                "yield": played.summary["yield"],
                "verdict": {"words": played.performance.verdict},
            },
            events=played.performance.bets,
        ),
        by_id=row.by_id,
        now=now,
        reason=row.reason,
    )
    return openings[-1] if openings else None


def run_now(
    wish: Wish,
    *,
    by_id: int | None,
    now: datetime,
    opens_held_out: bool = False,
    reason: str = "",
    progress: Callable[[str], None] = lambda _: None,
) -> Backtest:
    """Ask for a backtest, work on it here and return it done.

    Raises:
        BacktestRefused: as `ask_for_backtest`, or with what stopped it.
    """
    row = ask_for_backtest(wish, by_id=by_id, now=now, opens_held_out=opens_held_out, reason=reason)
    row = work_on_backtest(backtest_id=row.pk, progress=progress)
    if row.status != Status.DONE:
        raise BacktestRefused(row.error or f"backtest {row.pk} was {row.status}.")
    return row
