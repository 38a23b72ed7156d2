"""What a slow listener costs: one entry a topic, however much happens."""

import asyncio

import pytest

from accounts import live
from accounts.live.streams import Hub, Listener, Signal
from config.talking import EventStream, WebSocket


def signal(number: int, *topics: str, ids=(), owner_id=None, quotes=None, fair=None) -> Signal:
    return Signal(
        f"{number}-0", frozenset(topics), tuple(ids), more=False, owner_id=owner_id, quotes=quotes,
        fair=fair,
    )  # fmt: skip


def test_what_was_not_taken_is_merged_by_topic_and_bounded():
    listener = Listener(topics=frozenset({"prices", "event:3"}), owner_id=1)
    for number in range(1, 100_001):
        listener.hear(signal(number, "prices", f"event:{number % 5}", ids=[number % 5]))

    assert dict(listener.take()) == {"prices": {"ids": [0, 1, 2, 3, 4]}, "event:3": {"ids": [3]}}
    assert listener.last_id == "100000-0"


def test_more_rows_than_are_named_become_all():
    listener = Listener(topics=frozenset({"prices"}), owner_id=1)
    for number in range(live.MOST_IDS + 1):
        listener.hear(signal(number + 1, "prices", ids=[number]))

    assert listener.take() == [("prices", {"ids": None})]


def test_of_a_price_that_moved_often_the_last_is_told_and_of_too_many_none():
    listener = Listener(frozenset({"quotes"}), 1)
    for number in range(1, 100_001):
        quotes = {f"{number % 3}-7": 1.0 + number / 1_000}
        listener.hear(signal(number, "prices", "quotes", quotes=quotes))

    assert listener.take() == [
        ("quotes", {"prices": {"1-7": "101.00", "2-7": "100.998", "0-7": "100.999"}})
    ]
    assert listener.take() == []
    for number in range(live.MOST_QUOTES + 1):
        listener.hear(signal(200_000 + number, "quotes", quotes={f"{number}-7": 2.0}))
    assert listener.take() == [("quotes", {"prices": None})]
    listener.hear(signal(300_000, "quotes", quotes={"1-7": 2.0}))
    assert listener.take() == [("quotes", {"prices": {"1-7": "2.00"}})]


def test_of_what_a_selection_is_worth_the_last_word_is_told_and_of_too_many_none():
    listener = Listener(frozenset({"fair"}), 1, "american")
    for number in range(1, 100_001):
        worth = live.Worth(0.5 + number / 1e6, 2.1, ((4, "Keystone"),), number / 1e6, None, None)
        listener.hear(signal(number, "fair", fair={str(number % 2): worth}))

    [(name, told)] = listener.take()
    assert (name, list(told)) == ("fair", ["fair"])
    assert told["fair"]["0"] == {
        "fair": "−149", "probability": "60.0\xa0%", "edge": "+10.0\xa0%", "hold": "–",
        "best": "+110", "books": {"4": "Keystone"}, "move": None,
    }  # fmt: skip
    assert listener.take() == []
    listener.hear(signal(200_000, "fair", fair={"7": live.Worth(None, None, (), None, None, None)}))
    assert listener.take()[0][1]["fair"]["7"]["best"] is None
    nothing = live.Worth(None, None, (), None, None, None)
    for number in range(live.MOST_QUOTES + 1):
        listener.hear(signal(300_000 + number, "fair", fair={f"{number}": nothing}))
    assert listener.take() == [("fair", {"fair": None})]


@pytest.mark.parametrize("way", [EventStream, WebSocket])
def test_only_the_last_that_is_told_moves_the_place_to_come_back_to(way):
    sent = []

    async def send(message):
        sent.append(message.get("text") or message["body"].decode())

    told = [("prices", {"ids": [1]}), ("jobs", {"ids": [2]})]
    asyncio.run(way(send, send).tell(told, "2-0"))

    whole = "".join(sent)
    assert whole.count("2-0") == 1
    assert whole.index("2-0") > whole.index("jobs")


def test_starting_over_replaces_what_was_pending():
    listener = Listener(topics=frozenset({"prices"}), owner_id=1)
    listener.hear(signal(1, "prices", ids=[1]))
    listener.start_over()

    assert listener.take() == [("reload", {})]
    assert listener.take() == []


def test_nothing_falls_between_catching_up_and_reading_on(settings, monkeypatch):
    monkeypatch.setattr(live, "_away_until", 0.0)
    listener = Listener(topics=frozenset({"prices"}), owner_id=1)

    class Busy(Hub):
        """Looks one after the other, and something happens after each."""

        looks = 0
        turn = asyncio.Lock()

        async def _look(self, since):
            async with self.turn:
                found = await super()._look(since)
                self.looks += 1
                assert live.publish(["prices"], [self.looks])
            return found

    async def listen() -> tuple[set[int], int]:
        hub = Busy(settings.REDIS_URL, live.stream_key())
        await hub.join(listener, since="")
        live.publish(["prices"], [99])
        heard: set[int] = set()
        async with asyncio.timeout(10):
            while 99 not in heard:
                await listener.woken.wait()
                heard.update(*(data["ids"] for name, data in listener.take() if name == "prices"))
        hub.leave(listener)
        return heard, hub.looks

    heard, looks = asyncio.run(listen())
    assert heard == {*range(1, looks + 1), 99}


@pytest.mark.django_db
def test_without_valkey_publishing_is_quick_and_silent(settings, monkeypatch, caplog):
    monkeypatch.setattr(live, "_away_until", 0.0)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert live.publish(["prices"], [1]) is False
    assert live.position() == ""
    assert "Valkey is away" in caplog.text
    assert live.publish(["prices"], [2]) is False
    assert caplog.text.count("Valkey is away") == 1
    monkeypatch.setattr(live, "_away_until", 0.0)
