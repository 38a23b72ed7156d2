"""Answers kept for seconds: shared, as new as the prices, made once, with Valkey or without."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from accounts import cache, live


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(live, "_away_until", 0.0)
    cache._memory.clear()


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(time=1_000.0)
    monkeypatch.setattr(cache.time, "time", lambda: now.time)
    return now


class Counting:
    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> dict[str, int]:
        self.made += 1
        return {"made": self.made}


def ask(make: Counting, **how) -> int:
    return cache.remember("test", "one", make, seconds=5, **how)["made"]


def test_an_answer_serves_until_it_is_too_old(clock):
    make = Counting()
    assert [ask(make), ask(make)] == [1, 1]
    clock.time += 4.9
    assert ask(make) == 1
    clock.time += 0.2
    assert ask(make) == 2


def test_a_change_of_prices_ends_it_at_once():
    make = Counting()
    assert ask(make) == 1
    live.publish(["opportunities"], [1])
    assert ask(make) == 1
    live.publish(["prices"], [1])
    assert ask(make) == 2


def test_refresh_asks_anew_and_keeps_what_it_got():
    make = Counting()
    assert [ask(make), ask(make, refresh=True), ask(make)] == [1, 2, 2]


def test_however_many_ask_at_once_it_is_made_once():
    begun, go_on = threading.Event(), threading.Event()
    make = Counting()

    def slowly() -> dict[str, int]:
        begun.set()
        assert go_on.wait(60)
        return make()

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(cache.remember, "test", "slow", slowly, seconds=5) for _ in range(8)]
        assert begun.wait(60)
        go_on.set()
        assert [each.result(10) for each in asked] == [{"made": 1}] * 8


def test_while_another_process_makes_the_next_the_old_one_serves(clock):
    make = Counting()
    ask(make)
    clock.time += 6
    live.client().set(f"{cache._key('test', 'one')}:making", 1)
    assert ask(make) == 1
    live.client().delete(f"{cache._key('test', 'one')}:making")
    assert ask(make) == 2


def test_without_valkey_it_is_kept_in_memory(settings, clock, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    make = Counting()
    assert [ask(make), ask(make)] == [1, 1]
    assert live.is_away()
    clock.time += 6
    assert ask(make) == 2
    assert caplog.text.count("kept in memory") == 1


def test_memory_is_bounded(settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(cache, "MOST_IN_MEMORY", 3)
    for number in range(10):
        cache.remember("test", str(number), lambda: 1, seconds=5)
    assert len(cache._memory) == 3


def test_the_hit_rate_is_counted():
    before = cache.hit_rates().get("counted", (0, 0.0))[0]
    for _ in range(4):
        cache.remember("counted", "one", lambda: 1, seconds=5)
    asked, rate = cache.hit_rates()["counted"]
    assert asked - before == 4
    if not before:
        assert rate == 0.75


# --- shared among the readers of a process


def shared(make: Counting, **how) -> int:
    return cache.share("test", "one", make, topic="opportunities", seconds=5, **how)["made"]


def test_what_is_shared_serves_until_it_is_too_old_or_its_topic_changes(clock):
    make = Counting()
    assert [shared(make), shared(make)] == [1, 1]
    live.publish(["prices"], [1])
    assert shared(make) == 1
    live.publish(["opportunities"], [1])
    assert shared(make) == 2
    clock.time += 5
    assert shared(make) == 3
    assert shared(make, refresh=True) == 4


def test_what_changes_while_it_is_made_is_not_shared_on():
    def make_late() -> dict[str, int]:
        live.publish(["opportunities"], [1])
        return {"made": 0}

    assert shared(make_late) == 0
    assert shared(Counting()) == 1


def test_without_valkey_age_alone_ends_what_is_shared(clock, monkeypatch):
    monkeypatch.setattr(live, "is_away", lambda: True)
    make = Counting()
    assert [shared(make), shared(make)] == [1, 1]
    clock.time += 5
    assert shared(make) == 2


def test_however_many_ask_at_once_one_makes_what_is_shared():
    make, together = Counting(), threading.Barrier(8)

    def ask_together(_: int) -> int:
        together.wait(10)
        return shared(make)

    with ThreadPoolExecutor(8) as people:
        assert set(people.map(ask_together, range(8))) == {1}


def test_few_answers_are_shared_at_a_time(monkeypatch):
    monkeypatch.setattr(cache, "MOST_SHARED", 2)
    cache._shared.clear()
    for key in "abc":
        cache.share("test", key, Counting(), topic="prices", seconds=5)
    assert len(cache._shared) == 2
