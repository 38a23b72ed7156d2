"""The breaker and the slots: shared by processes through Valkey, in memory without it."""

import contextlib
import threading
import uuid

import pytest
import stamina
from django.conf import settings

from odds.feeds import gate as gates
from odds.feeds import the_odds_api as api
from odds.feeds.gate import Gate, InMemory, InValkey
from odds.feeds.provider import FreePurse
from odds.services.fetching import shared_gate
from tests.odds import payloads


class HandClock:
    def __init__(self):
        self.at = 1000.0

    def __call__(self):
        return self.at


@pytest.fixture
def name():
    return f"test-{uuid.uuid4()}"


def fail(gate, times=1):
    for _ in range(times):
        with gate.passage():
            gate.failed()


def test_five_failures_shut_it_and_one_call_finds_out_whether_it_is_back():
    clock = HandClock()
    gate = Gate("p", InMemory(clock))
    fail(gate, 4)
    with gate.passage():
        pass
    fail(gate)
    assert gate.is_shut
    with pytest.raises(api.BreakerOpen), gate.passage():
        pass

    clock.at += gates.OPEN_FOR + 1
    with gate.passage():
        # While this one finds out, no other goes through.
        with pytest.raises(api.BreakerOpen), gate.passage():
            pass
        gate.failed()
    assert gate.is_shut, "one failed trial is enough"

    clock.at += gates.OPEN_FOR + 1
    with gate.passage():
        gate.succeeded()
    fail(gate, 4)
    assert not gate.is_shut


def test_failures_long_ago_do_not_add_up():
    clock = HandClock()
    gate = Gate("p", InMemory(clock))
    for _ in range(8):
        fail(gate)
        clock.at += gates.FAILURES_COUNT_FOR + 1
    assert not gate.is_shut


def test_processes_share_the_breaker(name):
    one, other = (Gate(name, InValkey(settings.REDIS_URL)) for _ in range(2))
    fail(one, 3)
    fail(other, 2)
    assert one.is_shut
    assert other.is_shut
    one.succeeded()
    assert not other.is_shut


@pytest.mark.parametrize("store", ["valkey", "memory"])
def test_no_more_than_four_calls_are_under_way(name, store, monkeypatch):
    monkeypatch.setattr(gates, "_BETWEEN_LOOKS", 0.002)
    shared = InMemory()
    lock, now, most = threading.Lock(), 0, 0
    enter = threading.Barrier(4, timeout=60)

    def call():
        nonlocal now, most
        gate = Gate(name, InValkey(settings.REDIS_URL) if store == "valkey" else shared)
        with gate.passage():
            with lock:
                now += 1
                most = max(most, now)
            # Four at a time must be able to meet; a fifth beside them would be counted.
            enter.wait()
            with lock:
                now -= 1

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 4


def test_a_call_that_finds_no_slot_gives_up_by_name(name, monkeypatch):
    monkeypatch.setattr(gates, "WAIT_FOR_SLOT", 0.0)
    gate = Gate(name, InMemory())
    four = contextlib.ExitStack()
    for _ in range(4):
        four.enter_context(gate.passage())
    with four, pytest.raises(api.NoSlot), gate.passage():
        pass
    with gate.passage():
        pass


def test_without_valkey_the_process_counts_alone(name):
    gate = Gate(name, InValkey("redis://127.0.0.1:9/0"))
    fail(gate, 5)
    assert gate.is_shut
    gate.succeeded()
    assert not gate.is_shut


def test_while_valkey_is_away_a_process_remembers_from_job_to_job(settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    fail(shared_gate(), 5)
    assert shared_gate().is_shut
    shared_gate().succeeded()


def test_a_provider_that_is_down_is_left_alone(provider, name):
    provider.says(b"", 503)
    with stamina.set_testing(True, attempts=3):
        client = api.Client(provider.url, "key", gate=Gate(name, InMemory()))
        with pytest.raises(api.ProviderFailed):
            client.sports()
        with pytest.raises(api.BreakerOpen):
            client.sports()
        assert len(provider.asked) == 5
        with pytest.raises(api.BreakerOpen):
            client.sports()
        assert len(provider.asked) == 5
        client.close()


def test_refusals_do_not_shut_it_but_answers_nobody_can_read_do(provider, name):
    with stamina.set_testing(True, attempts=1):
        client = api.Client(provider.url, "key", gate=Gate(name, InMemory()))
        provider.says(payloads.refusal("UNKNOWN_SPORT", "Unknown sport"), 404)
        for _ in range(9):
            with pytest.raises(api.UnknownSport):
                client.events("x")
        provider.says_now(b"<html>busy</html>")
        for _ in range(5):
            with pytest.raises(api.BadPayload, match="HTML instead of JSON"):
                client.sports()
        with pytest.raises(api.BreakerOpen):
            client.sports()
        client.close()


def test_a_call_that_our_budget_stopped_says_nothing_of_the_provider(provider, name):
    class Empty(FreePurse):
        def reserve(self, ask):
            if ask.planned:
                raise api.BudgetSpent("BUDGET_SPENT", "")

    provider.says(b"", 503)
    with stamina.set_testing(True, attempts=1):
        client = api.Client(provider.url, "key", gate=Gate(name, InMemory()), purse=Empty())
        for _ in range(4):
            with pytest.raises(api.ProviderFailed):
                client.sports()
        with pytest.raises(api.BudgetSpent):
            client.participants("x")
        with pytest.raises(api.ProviderFailed):
            client.sports()
        with pytest.raises(api.BreakerOpen):
            client.sports()
        client.close()
