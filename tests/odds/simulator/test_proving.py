"""A failing provider does no harm; and the proof of it would notice harm."""

import logging
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from betting.domain.decide import Configuration
from odds.feeds import the_odds_api_payloads
from odds.models import CreditEntry, FeedRun, PriceChange
from odds.services.credit_ledger import Ledger
from odds.simulator import drawing, proving
from odds.simulator.drawing import draw
from odds.simulator.faults import KINDS, drift_names
from odds.simulator.proving import MAX_AGE, prove
from odds.simulator.scenario import Fault, Scenario, as_toml

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def drawn(monkeypatch, *faults, **account):
    """Let every number draw this scenario."""
    monkeypatch.setattr(proving, "draw", lambda _: Scenario(faults=faults, **account))


def test_a_thousand_numbers_draw_every_fault_and_every_drift_the_same_each_time():
    scenarios = [draw(number) for number in range(1000)]
    faults = [fault for scenario in scenarios for fault in scenario.faults]
    assert min(Counter(fault.kind for fault in faults)[kind] for kind in KINDS) > 50
    assert {fault.variant for fault in faults if fault.variant} == set(drift_names())
    assert sum(scenario.credits < 100 for scenario in scenarios) == 200
    assert scenarios[17] == draw(17)
    for scenario in scenarios[:60]:
        assert Scenario.from_toml(as_toml(scenario)) == scenario


@pytest.mark.parametrize("number", range(2, len(KINDS), 3))
def test_a_drawn_scenario_does_no_harm(number):
    verdict = prove(number)
    assert verdict.faults == [], as_toml(verdict.scenario)
    assert PriceChange.objects.count() == FeedRun.objects.count() == 0
    assert CreditEntry.objects.count() == 0


def test_without_faults_everything_is_stored_and_live(monkeypatch):
    drawn(monkeypatch)
    verdict = prove(1)
    assert verdict.faults == []
    assert (verdict.sweeps, verdict.refused) == (8, {})
    assert verdict.prices > 150
    assert verdict.live > 300
    # Three markets in two regions, three times, then nothing is listed; the scores once.
    assert verdict.spent == 20


def test_the_age_is_the_one_that_strategies_have():
    assert timedelta(minutes=Configuration().max_quote_age) == MAX_AGE


def test_a_client_that_matches_by_order_is_found_out(monkeypatch):
    drawn(monkeypatch, Fault("swapped_outcomes", frozenset({"odds"})))

    class ByOrder(dict):
        """Sides by turns, whatever the names."""

        turn = 0

        def get(self, name, default=None):
            side = super().get(name, default)
            if side not in {"home", "away"}:
                return side
            self.turn += 1
            return ("home", "away")[(self.turn - 1) % 2]

        def __or__(self, other):
            return ByOrder(dict(self) | other)

    assert prove(1).faults == []
    by_order = ByOrder(the_odds_api_payloads._SIDES_BY_NAME)
    monkeypatch.setattr(the_odds_api_payloads, "_SIDES_BY_NAME", by_order)
    assert any("but" in fault and "was offered" in fault for fault in prove(1).wrong)


def test_a_confirmation_out_of_nothing_is_found_out(monkeypatch):
    drawn(monkeypatch, Fault("server_error", frozenset({"odds"}), first_call=2))
    assert prove(1).faults == []
    latest = proving.latest_quotes

    def confirmed_just_now(*, now, starts_before):
        table = latest(now=now, starts_before=starts_before)
        table.confirmed_at[:] = table.confirmed_at + (1000 if now > proving.BEGINS else 0)
        return table

    monkeypatch.setattr(proving, "latest_quotes", confirmed_just_now)
    assert any("but last listed at" in fault for fault in prove(1).stale)


def test_a_book_that_freezes_is_not_live_and_called_live_is_found_out(monkeypatch):
    drawn(
        monkeypatch, Fault("stale_update", frozenset({"odds"}), first_call=2, events=0.5, amount=90)
    )
    frozen = prove(1)
    assert frozen.faults == []
    drawn(monkeypatch)
    assert 0 < frozen.live < prove(1).live
    drawn(monkeypatch, Fault("stale_update", frozenset({"odds"}), amount=90))
    assert prove(1).live == 0
    latest = proving.latest_quotes

    def as_looked(*, now, starts_before):
        table = latest(now=now, starts_before=starts_before)
        table.confirmed_at[:] = np.maximum(table.confirmed_at, table.seen_at)
        return table

    monkeypatch.setattr(proving, "latest_quotes", as_looked)
    assert any("told at 2026-01-15T10:3" in fault for fault in prove(1).stale)


def test_a_ledger_that_lets_everything_pass_is_found_out(monkeypatch):
    silent = Fault("timeout", frozenset({"odds"}), amount=drawing.SILENCE)
    drawn(monkeypatch, silent, credits=10)
    assert prove(1).faults == []
    monkeypatch.setattr(Ledger, "reserve", lambda self, ask: None)
    assert prove(1).overspent == ["spent 12 of 10 credits"]


def test_a_crash_is_told_and_the_proof_goes_on(monkeypatch):
    drawn(monkeypatch)

    def broken(*_, **__):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(proving.services, "fetch_scores", broken)
    verdict = prove(1)
    assert verdict.crashes == ["ZeroDivisionError: planted"] * 4
    assert verdict.prices > 0
