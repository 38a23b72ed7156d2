"""Scrapes what is deployed as Prometheus does, and asks deploy/prometheus/rules.yml of it."""

import re
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import promql_parser as grammar
import yaml
from deployed import ROOT, Deployed
from prometheus_client.parser import text_string_to_metric_families
from traffic import Way

from tests.deploy.promql import At, Labels, Series

RULES = ROOT / "deploy/prometheus/rules.yml"
# The evaluator's own grid, and coarser than prometheus.yml's 15 s.
EVERY = timedelta(minutes=1)
# What never goes down but by a restart, which Prometheus takes for one.
COUNTERS = ("_total", "_bucket", "_count", "_sum")


class Watch(threading.Thread):
    """One sample a minute of each target; a target without answer is `up` 0."""

    def __init__(self, product: Deployed) -> None:
        super().__init__(daemon=True)
        self.targets = {
            **{("fairline-web", name): product.way(name) for name in product.webs},
            **{
                ("fairline-worker", queue): Way("127.0.0.1", port)
                for queue, port in product.metrics_ports.items()
            },
        }
        self.token = {"Authorization": f"Bearer {product.token}"}
        self.series: Series = {}
        self.samples = 0
        self.done = threading.Event()
        self._last: dict[Labels, float] = {}
        self._before: dict[Labels, float] = {}

    def run(self) -> None:
        begun = time.monotonic()
        while not self.done.is_set():
            for (job, instance), way in self.targets.items():
                self._scrape(job, instance, way)
            self.samples += 1
            self.done.wait(
                max(0.0, begun + self.samples * EVERY.total_seconds() - time.monotonic())
            )

    def _scrape(self, job: str, instance: str, way: Way) -> None:
        where = {"job": job, "instance": instance}
        try:
            answer = way.ask("GET", "/metrics", headers=self.token, patience=10.0)
        except OSError:
            self._keep({"__name__": "up", **where}, 0.0)
            return
        self._keep({"__name__": "up", **where}, float(answer.status == 200))
        if answer.status != 200:
            return
        for family in text_string_to_metric_families(answer.body):
            for sample in family.samples:
                self._keep({"__name__": sample.name, **sample.labels, **where}, sample.value)

    def _keep(self, labels: dict[str, str], value: float) -> None:
        key = frozenset(labels.items())
        if labels["__name__"].endswith(COUNTERS):
            if value < self._last.get(key, 0.0):
                self._before[key] = self._before.get(key, 0.0) + self._last[key]
            self._last[key] = value
            value += self._before.get(key, 0.0)
        points = self.series.setdefault(key, [])
        points += [None] * (self.samples - len(points)) + [value]

    def fired(self) -> dict[str, list[int]]:
        """Return at which minutes each rule's alert was firing."""
        series = {
            labels: points + [None] * (self.samples - len(points))
            for labels, points in self.series.items()
        }
        found = {}
        for rule in _rules():
            asked, needs = grammar.parse(rule["expr"]), _minutes(rule["for"])
            held = [bool(At(series, minute).ask(asked)) for minute in range(self.samples)]
            firing = [m for m in range(needs, self.samples) if all(held[m - needs : m + 1])]
            if firing:
                found[rule["alert"]] = firing
        return found

    def fires(self, alert: str) -> bool:
        """Tell whether an alert fires at the newest minute."""
        newest = self.samples
        # The next scrape may begin meanwhile.
        series = {
            labels: points[:newest] + [None] * (newest - len(points))
            for labels, points in dict(self.series).items()
        }
        (rule,) = (each for each in _rules() if each["alert"] == alert)
        asked, needs = grammar.parse(rule["expr"]), _minutes(rule["for"])
        return newest > needs and all(
            bool(At(series, minute).ask(asked)) for minute in range(newest - needs - 1, newest)
        )


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _minutes(text: str) -> int:
    amount, unit = re.fullmatch(r"(\d+)([mh])", text).groups()
    return int(amount) * (60 if unit == "h" else 1)


def until(condition: Callable[[], bool], what: str, seconds: float, pause: float = 0.5) -> bool:
    """Return whether a condition came true in time; say so if it did not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            print(f"waited {seconds:.0f} s for {what}", file=sys.stderr)
            return False
        time.sleep(pause)  # noqa: TID251 - it watches processes
    return True
