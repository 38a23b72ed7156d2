"""What /metrics tells beside Django's own counters: is work being done, and on what."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from django.core.cache import cache
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from accounts import clock
from accounts.heartbeat import last_beat
from accounts.selectors import last_job_runs
from betting.selectors.figures import Figures, business_figures
from models_registry.drift_screens import DriftGauge, drift_gauges
from odds.feed_status import credits_told
from odds.selectors import newest_look

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


class Work(Collector):
    """Read from database and cache at each scrape, so every web process tells the same."""

    def collect(self) -> Iterator[Metric]:
        """Yield how long ago jobs finished well and a worker reported."""
        now = timezone.now()
        ages = GaugeMetricFamily(
            "fairline_job_success_age_seconds",
            "Seconds since the job last finished well.",
            labels=["job"],
        )
        failing = GaugeMetricFamily(
            "fairline_job_failing", "1 if the job's last finished run failed.", labels=["job"]
        )
        for state in last_job_runs():
            if state.last_succeeded_at:
                ages.add_metric([state.job], (now - state.last_succeeded_at).total_seconds())
            failing.add_metric([state.job], float(state.succeeded is False))
        yield ages
        yield failing
        if beat := last_beat():
            age = (now - beat).total_seconds()
            yield GaugeMetricFamily(
                "fairline_worker_heartbeat_age_seconds", "Seconds since a worker reported.", age
            )

        read = cache.get_or_set("measures", _read_business, KEPT_SECONDS)
        yield from _business(cast(Business, read))

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
