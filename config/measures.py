"""What /metrics tells beside Django's own counters: is work being done, and on what."""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from accounts import clock
from accounts.backups.streaming import told
from accounts.heartbeat import last_beats
from accounts.jobs.dead_letters import waiting_by_queue
from accounts.replicas import lag_bytes
from accounts.selectors import last_job_runs, late_after
from betting.scheduled import intervals
from betting.selectors.figures import Figures, business_figures
from config.queues import QUEUES
from config.seeing import machines
from models_registry.screens.drift import DriftGauge, drift_gauges
from odds.feed_status import credits_told
from odds.selectors import newest_look
from odds.services.fetching import shared_gate

logger = logging.getLogger(__name__)
# Several scrapers, or one in a hurry, cost the database one reading.
KEPT_SECONDS = 10


@dataclass(frozen=True)
class Business:
    """What the business figures are read from."""

    figures: Figures
    quote_age: timedelta | None
    credits: int | None
    drift: list[DriftGauge]


def _read_business() -> Business:
    now = clock.now()
    newest = newest_look()
    return Business(
        figures=business_figures(now),
        quote_age=None if newest is None else now - newest,
        credits=credits_told(),
        drift=drift_gauges(now=now),
    )


def _business(read: Business) -> Iterator[Metric]:
    """Yield money, prices and what waits; times are the betting world's."""
    figures = read.figures
    for name, words, label, values in (
        ("fairline_open_exposure", "Money at risk on open bets.", "currency", figures.at_risk),
        ("fairline_ledger_drift", "Money that does not add up; 0 is right.", "currency",
         figures.drift),
        ("fairline_opportunities_open", "Prices worth a bet now.", "strategy",
         figures.open_opportunities),
        ("fairline_best_edge", "Highest edge of them, as a share of a stake.", "strategy",
         figures.best_edges),
    ):  # fmt: skip
        family = GaugeMetricFamily(name, words, labels=[label])
        for key, value in values.items():
            family.add_metric([key], float(value))
        yield family
    yield GaugeMetricFamily(
        "fairline_settlement_lag_seconds",
        "How long the result of the longest waiting open bet has been known.",
        figures.settlement_lag.total_seconds(),
    )
    yield from _drift(read.drift)
    if read.quote_age is not None:
        yield GaugeMetricFamily(
            "fairline_quote_age_seconds",
            "Age of the newest confirmed price.",
            read.quote_age.total_seconds(),
        )
    if read.credits is not None:
        yield GaugeMetricFamily(
            "fairline_credits_remaining", "Credits left with the odds provider.", read.credits
        )


def _drift(gauges: list[DriftGauge]) -> Iterator[Metric]:
    """Yield how champions drift, as last reported."""
    level = GaugeMetricFamily(
        "fairline_model_drift_level", "0 fine, 1 warning, 2 pause.", labels=["predictor"]
    )
    paused = GaugeMetricFamily(
        "fairline_model_paused", "1 if no opportunity rests on the champion.", labels=["predictor"]
    )
    figure = GaugeMetricFamily(
        "fairline_model_drift",
        "Each reading's figure, the higher the worse.",
        labels=["predictor", "reading"],
    )
    for each in gauges:
        level.add_metric([each.predictor], each.level)
        paused.add_metric([each.predictor], float(each.is_paused))
        for name, value in each.figures.items():
            figure.add_metric([each.predictor, name], value)
    yield from (level, paused, figure)


def _jobs() -> Iterator[Metric]:
    """Yield how long ago each job finished well, and whether it failed since."""
    now = timezone.now()
    ages = GaugeMetricFamily(
        "fairline_job_success_age_seconds",
        "Seconds since the job last finished well.",
        labels=["task"],
    )
    failing = GaugeMetricFamily(
        "fairline_job_failing", "1 if the job's last finished run failed.", labels=["task"]
    )
    late = GaugeMetricFamily(
        "fairline_job_late_after_seconds",
        "The age of a job's last good run from which on it is late.",
        labels=["task"],
    )
    for state in last_job_runs():
        if state.last_succeeded_at:
            ages.add_metric([state.job], (now - state.last_succeeded_at).total_seconds())
        failing.add_metric([state.job], float(state.succeeded is False))
    for job, every in intervals().items():
        late.add_metric([job], late_after(every).total_seconds())
    yield from (ages, failing, late)


def _letters() -> Iterator[Metric]:
    letters = GaugeMetricFamily(
        "fairline_dead_letters",
        "Tasks that failed for good and that nobody dealt with.",
        labels=["queue"],
    )
    waiting = waiting_by_queue()
    for queue in {*QUEUES, *waiting}:
        letters.add_metric([queue], waiting.get(queue, 0))
    yield letters


def _workers() -> Iterator[Metric]:
    ages = GaugeMetricFamily(
        "fairline_worker_heartbeat_age_seconds",
        "Seconds since a worker of the queue gave a sign.",
        labels=["queue"],
    )
    now = timezone.now()
    for queue, beat in last_beats(QUEUES).items():
        ages.add_metric([queue], (now - beat).total_seconds())
    yield ages


def _archive() -> Iterator[Metric]:
    """Yield how far behind the archive of the log is; infinitely where nobody knows."""
    if not settings.WAL_ARCHIVED:
        return
    now, known = timezone.now(), told()
    until, base = known or (None, None)
    for name, words, moment in (
        ("fairline_wal_archived_age_seconds",
         "Seconds since everything committed was in the archive.", until),
        ("fairline_base_backup_age_seconds", "Seconds since the newest base backup.", base),
    ):  # fmt: skip
        age = (now - moment).total_seconds() if moment else float("inf")
        yield GaugeMetricFamily(name, words, age)


def _replica() -> Iterator[Metric]:
    """Yield how far behind the copy of the database is, where there is one."""
    behind = lag_bytes()
    if behind is not None:
        yield GaugeMetricFamily(
            "fairline_replica_lag_bytes",
            "What the copy of the database has not replayed; infinite where it is away.",
            behind,
        )


def _feeds() -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "fairline_feed_breaker_open",
        "1 while the odds provider is left alone.",
        float(shared_gate().is_shut),
    )


def _business_kept() -> Iterator[Metric]:
    yield from _business(cast(Business, cache.get_or_set("measures", _read_business, KEPT_SECONDS)))


PARTS: dict[str, Callable[[], Iterator[Metric]]] = {
    "jobs": _jobs,
    "letters": _letters,
    "workers": _workers,
    "queues": machines.queues,
    "database": machines.database,
    "disk": machines.disk,
    "archive": _archive,
    "replica": _replica,
    "messages": machines.messages,
    "feeds": _feeds,
    "business": _business_kept,
}


class Work(Collector):
    """Read from database and cache at each scrape, so every web process tells the same."""

    def collect(self) -> Iterator[Metric]:
        """Yield every part that can be read, and which could not be."""
        unread = GaugeMetricFamily(
            "fairline_unread", "1 if this part of the figures could not be read.", labels=["part"]
        )
        for name, part in PARTS.items():
            try:
                yield from list(part())
                unread.add_metric([name], 0)
            except (RedisError, DatabaseError, OSError) as error:
                logger.warning("No figures of %s: %s", name, type(error).__name__)
                unread.add_metric([name], 1)
        yield unread

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: registering must not query."""
        yield from ()


def registry() -> CollectorRegistry:
    """Return what one scrape shows: all web processes together where they share a folder."""
    scrape = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(scrape)  # type: ignore[no-untyped-call]
    else:
        scrape.register(REGISTRY)
    scrape.register(Work())
    return scrape
