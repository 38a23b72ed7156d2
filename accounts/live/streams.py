"""The listeners of one process: one reader of Valkey's stream, many open streams fed by it.

Each listener holds at most one entry a topic, so a slow one costs no memory: what it has not yet
taken is merged. Nothing here touches the database.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from accounts.live import MOST_IDS, MOST_QUOTES, Move, Worth
from accounts.showing.formats import fair_text, price_text, share_text, signed_share_text

logger = logging.getLogger(__name__)

# Whoever missed more signals than this loads its page again instead.
MOST_REPLAYED = 2_000
BLOCK_MS = 5_000
RETRY_SECONDS = 1.0
NOTHING_YET = "0-0"

QUOTES, FAIR = "quotes", "fair"
ARROWS = {"up": "▲", "down": "▼"}
WORDS = {"up": "rose", "down": "fell"}
# Names with their data, in the order in which they are told.
Told = list[tuple[str, dict[str, object]]]
# By name, None where there are more than are named.
Named = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Signal:
    """One entry of the stream."""

    id: str
    topics: frozenset[str]
    ids: tuple[int, ...]
    more: bool
    owner_id: int | None
    quotes: Named = field(default_factory=dict)
    fair: Named = field(default_factory=dict)

    @classmethod
    def read(cls, entry_id: bytes, entry: dict[bytes, bytes]) -> "Signal":
        """Return the signal that an entry is."""
        ids, owner = entry.get(b"ids", b""), entry.get(b"owner", b"")
        return cls(
            id=entry_id.decode(),
            topics=frozenset(entry.get(b"topics", b"").decode().split()),
            ids=tuple(map(int, ids.split(b","))) if ids else (),
            more=entry.get(b"more") == b"1",
            owner_id=int(owner) if owner else None,
            quotes=json.loads(entry.get(b"quotes", b"{}")),
            fair=_worth(json.loads(entry.get(b"fair", b"{}"))),
        )


def _worth(named: Mapping[str, list[Any]] | None) -> Mapping[str, Worth] | None:
    if named is None:
        return None
    return {
        selection: Worth(
            fair, best, tuple(map(tuple, books)), edge, hold, Move(*move) if move else None
        )
        for selection, (fair, best, books, edge, hold, move) in named.items()
    }


class MoveTold(NamedTuple):
    """A move as pages write it, in prices as the reader writes them."""

    path: str
    text: str
    arrow: str
    is_recent: bool


def move_told(move: Move, price_format: str) -> MoveTold:
    """Return how a price moved as pages write it."""
    opened, latest = price_text(move.opened, price_format), price_text(move.latest, price_format)
    text = f"{move.book}: opened {opened}, now {latest}"
    if move.direction:
        text += f"; {WORDS[move.direction]} in the last {move.window}"
    return MoveTold(move.path, text, ARROWS.get(move.was, ""), bool(move.direction))


@lru_cache(maxsize=4096)
def worth_told(worth: Worth, price_format: str) -> Mapping[str, object]:
    """Return what a selection is worth as pages write it, once for all who like prices alike."""
    return {
        "fair": fair_text(worth.fair, price_format),
        "probability": share_text(worth.fair),
        "edge": signed_share_text(worth.edge),
        "hold": share_text(worth.hold),
        "best": None if worth.best is None else price_text(worth.best, price_format),
        "books": {str(book): title for book, title in worth.books},
        "move": worth.move and move_told(worth.move, price_format)._asdict(),
    }


def place(entry_id: str) -> tuple[int, int]:
    """Return an id of the stream as numbers that compare in its order.

    >>> place("1700000000000-2") < place("1700000000000-10")
    True
    """
    moment, _, number = entry_id.partition("-")
    return int(moment), int(number or 0)


@dataclass(eq=False)
class Listener:
    """One open stream: what it asked for, and what it has yet to be told."""

    topics: frozenset[str]
    owner_id: int
    price_format: str = "decimal"
    last_id: str = NOTHING_YET
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False
    _pending: dict[str, set[int] | None] = field(default_factory=dict)
    _named: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    _reload: bool = False
    _state: str = ""
    _changed: bool = False

    def hear(self, signal: Signal) -> None:
        """Note a signal, if it is for this listener; merge it with what is still untold."""
        if place(signal.id) > place(self.last_id):
            self.last_id = signal.id
        if signal.owner_id is not None and signal.owner_id != self.owner_id:
            return
        for topic in signal.topics & self.topics:
            if topic in {QUOTES, FAIR}:
                self._hear_named(topic, signal.quotes if topic == QUOTES else signal.fair)
                continue
            known = self._pending.setdefault(topic, set())
            if known is None:
                continue
            known.update(signal.ids)
            if signal.more or len(known) > MOST_IDS:
                self._pending[topic] = None
        if self._pending or self._named:
            self.woken.set()

    def _hear_named(self, topic: str, said: Named) -> None:
        known = self._named.setdefault(topic, {})
        if known is None or said is None:
            self._named[topic] = None
            return
        known.update(said)
        if len(known) > MOST_QUOTES:
            self._named[topic] = None

    def listen_to(self, topics: frozenset[str]) -> None:
        """Hear these from now on, and tell it so; what it heard of others is still told."""
        self.topics = topics
        self._changed = True
        self.woken.set()

    def start_over(self) -> None:
        """Tell it to load its page again: what it missed is no longer known."""
        self._reload = True
        self._pending.clear()
        self._named.clear()
        self.woken.set()

    def be_told(self, state: str) -> None:
        """Tell it whether signals arrive: `live`, or `polling` while Valkey is away."""
        self._state = state
        self.woken.set()

    def end(self) -> None:
        """Close it as soon as it has been told what is pending."""
        self.is_over = True
        self.woken.set()

    def take(self) -> Told:
        """Return what it has yet to be told, as names with their data, and forget it."""
        self.woken.clear()
        told: Told = []
        if self._state:
            told.append(("state", {"state": self._state}))
        if self._reload:
            told.append(("reload", {}))
        if self._changed:
            told.append(("topics", {"topics": sorted(self.topics)}))
        told += [
            (topic, {"ids": None if ids is None else sorted(ids)})
            for topic, ids in self._pending.items()
        ]
        told += [
            (topic, {"prices" if topic == QUOTES else topic: self._as_written(topic, said)})
            for topic, said in self._named.items()
        ]
        self._named.clear()
        self._state, self._reload, self._changed = "", False, False
        self._pending.clear()
        return told

    def _as_written(self, topic: str, said: Named) -> Named:
        if said is None:
            return None
        if topic == FAIR:
            return {each: worth_told(worth, self.price_format) for each, worth in said.items()}
        return {
            each: None if price is None else price_text(price, self.price_format)
            for each, price in said.items()
        }


class Hub:
    """Reads the stream once for all listeners of this process."""

    def __init__(self, url: str, key: str) -> None:
        # Its types allow for every protocol and decoding; ours answers in bytes.
        self._redis: Any = Redis.from_url(
            url, socket_timeout=BLOCK_MS / 1000 + 5, socket_connect_timeout=2
        )
        self._key = key
        self._listeners: set[Listener] = set()
        self._position: str | None = None
        self._is_away = False
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def join(self, listener: Listener, *, since: str) -> None:
        """Feed a listener from now on, and first with what came after `since`, if that is known."""
        self._listeners.add(listener)
        try:
            # The reader's place comes first: nothing falls between it and what is caught up with.
            await self._start_reader()
            await self._catch_up(listener, since)
        except (RedisError, OSError):
            self._go_away()
            listener.be_told("polling")
        else:
            listener.be_told("live")

    def leave(self, listener: Listener) -> None:
        """Feed it no more; without listeners nothing is read."""
        self._listeners.discard(listener)
        if not self._listeners and self._reader is not None:
            self._reader.cancel()
            # A cancel that meets a command being sent is lost: the reader also looks at this.
            self._reader = None

    def end_all(self) -> None:
        """End every open stream: this process stops, another will take them."""
        for listener in self._listeners:
            listener.end()

    async def _start_reader(self) -> None:
        async with self._starting:
            if self._reader is None or self._reader.done():
                self._position = None
                try:
                    self._position, _ = await self._look("")
                finally:
                    self._reader = asyncio.create_task(self._read())

    async def _catch_up(self, listener: Listener, since: str) -> None:
        newest, is_lost = await self._look(since)
        if not since:
            listener.last_id = newest
        elif is_lost:
            listener.last_id = newest
            listener.start_over()
        else:
            listener.last_id = since
            missed = await self._redis.xrange(self._key, min=f"({since}", count=MOST_REPLAYED + 1)
            if len(missed) > MOST_REPLAYED:
                listener.last_id = newest
                listener.start_over()
            for entry_id, entry in missed[:MOST_REPLAYED]:
                listener.hear(Signal.read(entry_id, entry))

    async def _look(self, since: str) -> tuple[str, bool]:
        """Return the newest id, and whether something after `since` may be gone."""
        try:
            info = await self._redis.xinfo_stream(self._key)
        except ResponseError:
            # There is no stream: nothing was ever published, or Valkey was emptied.
            return NOTHING_YET, since not in {"", NOTHING_YET}
        newest = info["last-generated-id"].decode()
        if not since:
            return newest, False
        if place(since) > place(newest):
            return newest, True
        first = info["first-entry"]
        was_cut = info["entries-added"] > info["length"]
        reaches = first is not None and place(first[0].decode()) <= place(since)
        return newest, was_cut and not reaches and since != newest

    async def _read(self) -> None:
        """Read on while this is the reader; when Valkey is away, try again and say so."""
        while asyncio.current_task() is self._reader:
            try:
                await self._read_on()
            except (RedisError, OSError) as error:
                self._go_away()
                logger.warning(
                    "Valkey is away, so open pages ask instead: %s", type(error).__name__
                )
                await asyncio.sleep(RETRY_SECONDS)

    async def _read_on(self) -> None:
        if self._position is None:
            self._position, _ = await self._look("")
        if self._is_away:
            await self._come_back(self._position)
        answer = await self._redis.xread({self._key: self._position}, count=500, block=BLOCK_MS)
        for _, entries in answer:
            for entry_id, entry in entries:
                signal = Signal.read(entry_id, entry)
                self._position = signal.id
                for listener in self._listeners:
                    listener.hear(signal)

    async def _come_back(self, position: str) -> None:
        newest, is_lost = await self._look(position)
        self._is_away = False
        if is_lost:
            self._position = newest
        for listener in self._listeners:
            listener.be_told("live")
            if is_lost:
                listener.last_id = newest
                listener.start_over()

    def _go_away(self) -> None:
        if not self._is_away:
            self._is_away = True
            for listener in self._listeners:
                listener.be_told("polling")
