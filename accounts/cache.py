"""Answers kept for seconds, shared by all processes: for what many ask and nobody owns.

Kept in Valkey, and in this process's memory while Valkey is away. Only JSON is kept, but for what
a process shares among its own readers, and never anything about one person. An answer is used while
it is younger than asked for and, where it depends on prices, while no price changed; `refresh` asks
anew whatever is kept.
"""

import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar, cast

from django.conf import settings
from prometheus_client import REGISTRY, CollectorRegistry, Counter
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisError

from accounts import live

# An answer that is too old may still be given while another process makes the next.
KEPT_SECONDS = 60
MAKING_MS = 5_000
MOST_IN_MEMORY = 256
# Pages of rows, some 100 KB each.
MOST_SHARED = 64
# Before an answer that is text; nothing in JSON begins so.
_WRITTEN = "="
KEPT_IN_MEMORY = "answers are kept in memory"

requests = Counter(
    "fairline_cache_requests",
    "Times a kept answer was asked for: hit, stale (given while another process makes the next), "
    "miss or refresh; in Valkey, in memory while that is away, or in this process alone.",
    ["name", "outcome", "place"],
)


Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer and when it was made (real time)."""

    answer: Any
    made_at: float

    def is_younger(self, seconds: float) -> bool:
        """Return whether it was made less than so many seconds ago."""
        return 0 <= time.time() - self.made_at < seconds


_memory: OrderedDict[str, Kept] = OrderedDict()
_shared: OrderedDict[str, tuple[bytes, Kept]] = OrderedDict()
_memory_lock = threading.Lock()
_making: dict[str, threading.Lock] = {}


def remember(
    name: str,
    key: str,
    make: Callable[[], Any],
    *,
    seconds: float,
    refresh: bool = False,
) -> Any:  # noqa: ANN401 - whatever JSON `make` makes
    """Return what `make` makes, or what it made less than `seconds` ago from the same prices.

    `name` says what it is (a label of the metrics), `key` which one. `make` returns what JSON can
    hold. However many ask at once, one thread of a process makes it and the others wait for it;
    where only the age ran out, the old answer is given while another process makes the next.
    """
    place_key = _key(name, key)
    if not refresh:
        _, kept, place = _look(place_key)
        if kept is not None and kept.is_younger(seconds):
            return _counted(name, "hit", place, kept)
    with _lock_of(place_key):
        # Whoever waited finds it made.
        version, kept, place = _look(place_key, refresh=refresh)
        if kept is not None:
            if kept.is_younger(seconds):
                return _counted(name, "hit", place, kept)
            if not _may_make(place_key, place):
                return _counted(name, "stale", place, kept)
        made = Kept(make(), time.time())
        _keep(place_key, made, version)
        return _counted(name, "refresh" if refresh else "miss", place, made)


def share(
    name: str,
    key: str,
    make: Callable[[], Answer],
    *,
    topic: str,
    seconds: float,
    refresh: bool = False,
) -> Answer:
    """Return what `make` made in this process less than `seconds` ago, before `topic` changed.

    For what many threads may read and none changes, and JSON cannot hold: rows of the database.
    `topic` is one of `live.COUNTED`. However many ask at once, one thread makes it.
    """
    place_key = _key(name, key)
    with _lock_of(place_key):
        version = _version_of(topic)
        with _memory_lock:
            of, kept = _shared.get(place_key, (b"", None))
        if kept is not None and of == version and kept.is_younger(seconds) and not refresh:
            return cast(Answer, _counted(name, "hit", "process", kept))
        begun = time.time()
        made = Kept(make(), begun)
        with _memory_lock:
            _shared[place_key] = version, made
            _shared.move_to_end(place_key)
            while len(_shared) > MOST_SHARED:
                _shared.popitem(last=False)
        return cast(Answer, _counted(name, "refresh" if refresh else "miss", "process", made))


def _version_of(topic: str) -> bytes:
    """Return how often what is of this topic has changed; empty while nobody says so."""
    if not live.is_away():
        try:
            return cast(bytes, live.client().get(live.version_key(topic)) or b"")
        except (RedisError, OSError) as error:
            live.leave_alone(error, so=KEPT_IN_MEMORY)
    return b""


def hit_rates() -> dict[str, tuple[int, float]]:
    """Return, by name, how often kept answers were asked for and which share was given at once.

    Of this process, or of all web processes where they share their metrics.
    """
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    asked: dict[str, int] = {}
    given: dict[str, int] = {}
    for metric in registry.collect():
        for sample in metric.samples if metric.name == "fairline_cache_requests" else ():
            if sample.name.endswith("_total"):
                name = sample.labels["name"]
                asked[name] = asked.get(name, 0) + int(sample.value)
                if sample.labels["outcome"] in {"hit", "stale"}:
                    given[name] = given.get(name, 0) + int(sample.value)
    return {name: (count, given.get(name, 0) / count) for name, count in asked.items() if count}


def _counted(name: str, outcome: str, place: str, kept: Kept) -> Any:  # noqa: ANN401
    requests.labels(name, outcome, place).inc()
    return kept.answer


def _key(name: str, key: str) -> str:
    digest = blake2b(key.encode(), digest_size=12).hexdigest()
    return f"{settings.CACHES['default']['KEY_PREFIX']}:kept:{name}:{digest}"


def _lock_of(key: str) -> threading.Lock:
    with _memory_lock:
        if len(_making) > MOST_IN_MEMORY * 4:
            for idle in [name for name, lock in _making.items() if not lock.locked()]:
                del _making[idle]
        return _making.setdefault(key, threading.Lock())


def _look(key: str, *, refresh: bool = False) -> tuple[bytes, Kept | None, str]:
    """Return the version of prices, what is kept of that version, and where was looked."""
    if not live.is_away():
        # A refresh uses nothing kept, so it does not have it sent.
        keys = [live.version_key()] if refresh else [live.version_key(), key]
        try:
            found: Any = live.client().mget(keys)
        except (RedisError, OSError) as error:
            live.leave_alone(error, so=KEPT_IN_MEMORY)
        else:
            version = found[0] or b""
            return version, None if refresh else _read(found[1], version), "valkey"
    with _memory_lock:
        # Without Valkey nobody says that prices changed: age alone decides.
        return b"", None if refresh else _memory.get(key), "memory"


def _read(text: bytes | None, version: bytes) -> Kept | None:
    """Return what was kept of this version; the answer of another is not worth its reading."""
    head, _, body = (text or b"").partition(b"\n")
    made_at, _, of = head.partition(b" ")
    if not body or of != version:
        return None
    return Kept(_from_bytes(body), float(made_at))


def _as_text(answer: Any) -> str:  # noqa: ANN401
    # A written page is long, and reading it out of JSON would take longer than all else about it.
    if isinstance(answer, str):
        return _WRITTEN + answer
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False)


def _from_bytes(body: bytes) -> Any:  # noqa: ANN401
    is_written = body.startswith(_WRITTEN.encode())
    return body[len(_WRITTEN) :].decode() if is_written else json.loads(body)


def _may_make(key: str, place: str) -> bool:
    """Return whether no other process makes it now; then nobody else may for a while."""
    if place == "memory":
        return True
    try:
        return bool(live.client().set(f"{key}:making", 1, nx=True, px=MAKING_MS))
    except (RedisError, OSError) as error:
        live.leave_alone(error, so=KEPT_IN_MEMORY)
        return True


def _keep(key: str, made: Kept, version: bytes) -> None:
    if not live.is_away():
        text = f"{made.made_at} {version.decode()}\n{_as_text(made.answer)}"
        try:
            with live.client().pipeline(transaction=False) as pipe:
                pipe.set(key, text, ex=KEPT_SECONDS)
                pipe.delete(f"{key}:making")
                pipe.execute()
        except (RedisError, OSError) as error:
            live.leave_alone(error, so=KEPT_IN_MEMORY)
        else:
            return
    with _memory_lock:
        _memory[key] = made
        _memory.move_to_end(key)
        while len(_memory) > MOST_IN_MEMORY:
            _memory.popitem(last=False)
