"""Rules and dashboards ask for metrics and labels that a real scrape gives, and for no others."""

import json
from pathlib import Path

import promql_parser as grammar
import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts import heartbeat
from accounts.jobs import recorded
from config import live, measures
from config.seeing import pools, tasks
from odds.models import FeedRun, Sighting
from tests import make
from tests.deploy.promql import selectors

DEPLOY = Path(__file__).parents[2] / "deploy"
# Prometheus itself adds these to what it scrapes.
TARGET = {"job", "instance"}
OWN = {"up": set()}
# One process's own, which several web processes together do not tell: only of workers.
ONE_PROCESS = ("process_", "python_")

WATCHED = {
    "fairline_ledger_drift",
    "fairline_quote_age_seconds",
    "fairline_credits_remaining",
    "fairline_best_edge",
    "fairline_open_exposure",
    "fairline_settlement_lag_seconds",
    "fairline_model_drift",
    "fairline_queue_length",
    "fairline_queue_oldest_seconds",
    "fairline_pool_waiting",
    "fairline_task_runs_total",
    "fairline_task_seconds_bucket",
    "django_http_requests_latency_seconds_by_view_method_bucket",
}


def asked():
    """Yield where each expression stands, and the expression."""
    for group in yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for path in sorted((DEPLOY / "grafana").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{path.stem}: {panel['title']}", target["expr"]


def told():
    """Return the names of all samples that a scrape can give, with their labels if it gave any."""
    text = Client().get("/metrics").content.decode()
    found = {name: set(labels) for name, labels in OWN.items()}
    for family in text_string_to_metric_families(text):
        ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
        for end in ends.get(family.type, [""]):
            found.setdefault(family.name + end, None)
        for sample in family.samples:
            found[sample.name] = (found.get(sample.name) or set()) | set(sample.labels)
    return found


@pytest.fixture
def world(alice, settings, monkeypatch):
    """Something of everything that is told of only when it is there."""
    make.bankroll(alice)
    bet = make.place(alice, make.priced(), "12.50")
    Sighting.objects.create(
        event=bet.selection.market.event, market_key="h2h", seen_at=make.NOON, fingerprint=1
    )
    FeedRun.objects.create(
        provider="the_odds_api", kind="odds", started_at=make.NOON, credits_remaining=400
    )
    with recorded("odds.fetch_odds"):
        heartbeat.beat(queue="money", at=timezone.now())
    tasks.runs.labels("odds.fetch_odds", "succeeded").inc()
    tasks.seconds.labels("odds.fetch_odds").observe(1)
    tasks.waited.labels("feeds").observe(1)
    pools.tell()
    live.open_streams.set(0)
    settings.WAL_ARCHIVED = True
    monkeypatch.setattr(measures, "lag_bytes", lambda: 0.0)
    Client().get("/metrics")


@pytest.mark.django_db
@pytest.mark.usefixtures("world")
def test_rules_and_dashboards_name_only_what_a_scrape_gives():
    given, wrong = told(), []
    for place, expression in asked():
        for one in selectors(grammar.parse(expression)):
            labels = {each.name: each for each in one.matchers.matchers}
            if one.name.startswith(ONE_PROCESS):
                wrong += [] if labels["job"].value == "fairline-worker" else [(place, one.name)]
            if one.name not in given:
                wrong.append((place, one.name))
            elif given[one.name] is not None and labels.keys() - given[one.name] - TARGET:
                wrong.append((place, one.name, sorted(labels)))

    assert wrong == []


@pytest.mark.django_db
@pytest.mark.usefixtures("world")
def test_the_figures_that_are_watched_are_there():
    given = told()

    assert given.keys() >= WATCHED
