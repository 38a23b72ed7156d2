"""What /metrics tells beside Django's own counters: is work being done, and on what."""

import os
from collections.abc import Iterator

from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from accounts.heartbeat import last_beat
from accounts.selectors import last_job_runs


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
