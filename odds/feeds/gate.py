"""The gate before a provider: a breaker, and a limit on calls at once, shared by all processes.

Both live in Valkey, so that workers and commands agree; while it is away each process counts in its
own memory, so a provider that is down is left alone even then. Times are real, not the world's: it
is a real server that is spared.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from redis import Redis
from redis.exceptions import RedisError

from odds.feeds.provider import BreakerOpen, NoSlot

logger = logging.getLogger(__name__)
T = TypeVar("T")

FAILURES_TO_OPEN = 5
FAILURES_COUNT_FOR = 120
OPEN_FOR = 60
# One call finds out whether the provider is back; if its process dies, another may after this.
TRIAL_FOR = 30
CALLS_AT_ONCE = 4
# A slot of a process that died is free again after this; no call takes as long.
SLOT_EXPIRES = 60
WAIT_FOR_SLOT = 20.0
_BETWEEN_LOOKS = 0.05
_VALKEY_RESTS = 30.0
_DROP_OWN = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"


class Store(Protocol):
    """Keys that expire."""

    def holds(self, key: str) -> bool: ...
    def put(self, key: str, value: str, seconds: int) -> None: ...
    def put_new(self, key: str, value: str, seconds: int) -> bool: ...
    def count(self, key: str, seconds: int) -> int: ...
    def drop(self, *keys: str) -> None: ...
    def drop_own(self, key: str, value: str) -> None: ...


class InMemory:
    """Keys of this process alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, float]] = {}

    def _get(self, key: str) -> str | None:
        value, until = self._kept.get(key, ("", 0.0))
        return value if until > self._clock() else None

    def holds(self, key: str) -> bool:
        with self._lock:
            return self._get(key) is not None

    def put(self, key: str, value: str, seconds: int) -> None:
        with self._lock:
            self._kept[key] = (value, self._clock() + seconds)

    def put_new(self, key: str, value: str, seconds: int) -> bool:
        with self._lock:
            if self._get(key) is not None:
                return False
            self._kept[key] = (value, self._clock() + seconds)
            return True

    def count(self, key: str, seconds: int) -> int:
        with self._lock:
            count = int(self._get(key) or 0) + 1
            self._kept[key] = (str(count), self._clock() + seconds)
            return count

    def drop(self, *keys: str) -> None:
        with self._lock:
            for key in keys:
                self._kept.pop(key, None)

    def drop_own(self, key: str, value: str) -> None:
        with self._lock:
            if self._get(key) == value:
                del self._kept[key]


class InValkey:
    """Keys that all processes share, and this process's own while Valkey is away."""

    def __init__(self, url: str) -> None:
        self._valkey = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self._memory = InMemory()
        self._away_until = 0.0

    def _do(self, shared: Callable[[], T], own: Callable[[], T]) -> T:
        if time.monotonic() >= self._away_until:
            try:
                return shared()
            except RedisError as error:
                # Asked again soon, not at each call: each could wait for the whole timeout.
                self._away_until = time.monotonic() + _VALKEY_RESTS
                logger.warning("Valkey is away, this process counts alone: %s", type(error))
        return own()

    def holds(self, key: str) -> bool:
        return self._do(lambda: bool(self._valkey.exists(key)), lambda: self._memory.holds(key))

    def put(self, key: str, value: str, seconds: int) -> None:
        def shared() -> None:
            self._valkey.set(key, value, ex=seconds)

        self._do(shared, lambda: self._memory.put(key, value, seconds))

    def put_new(self, key: str, value: str, seconds: int) -> bool:
        return self._do(
            lambda: bool(self._valkey.set(key, value, ex=seconds, nx=True)),
            lambda: self._memory.put_new(key, value, seconds),
        )

    def count(self, key: str, seconds: int) -> int:
        def shared() -> int:
            with self._valkey.pipeline() as pipeline:
                pipeline.incr(key)
                pipeline.expire(key, seconds)
                return int(pipeline.execute()[0])

        return self._do(shared, lambda: self._memory.count(key, seconds))

    def drop(self, *keys: str) -> None:
        # Both: what was counted alone must not outlive the outage.
        self._memory.drop(*keys)
        self._do(lambda: self._valkey.delete(*keys), lambda: None)

    def drop_own(self, key: str, value: str) -> None:
        self._memory.drop_own(key, value)
        self._do(lambda: self._valkey.eval(_DROP_OWN, 1, key, value), lambda: None)


class Gate:
    """Lets calls through to one provider; five failures shut it for a minute.

    After that one call is let through: if it succeeds the gate is open, if not it is shut again.
    """

    def __init__(self, provider: str, store: Store) -> None:
        self._store = store
        at = f"fairline:gate:{provider}"
        self._failures, self._shut = f"{at}:failures", f"{at}:shut"
        self._tripped, self._trial = f"{at}:tripped", f"{at}:trial"
        self._slots = [f"{at}:slot:{number}" for number in range(CALLS_AT_ONCE)]

    @property
    def is_shut(self) -> bool:
        """Say whether calls are refused just now."""
        return self._store.holds(self._shut)

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Go through with one call; tell `failed` or `succeeded` what became of it.

        Raises:
            BreakerOpen: where the provider failed too often just now.
            NoSlot: where as many calls as allowed stay under way.
        """
        self._check_breaker()
        holder = uuid.uuid4().hex
        slot = self._take_slot(holder)
        try:
            yield
        finally:
            self._store.drop_own(slot, holder)

    def failed(self) -> None:
        """Count a failure of the provider: it did not answer, or nothing that can be read."""
        store = self._store
        is_trial = store.holds(self._tripped)
        if store.count(self._failures, FAILURES_COUNT_FOR) < FAILURES_TO_OPEN and not is_trial:
            return
        store.put(self._shut, "1", OPEN_FOR)
        # Outlives the shutting: what comes next is a trial, not one of five.
        store.put(self._tripped, "1", 10 * OPEN_FOR)
        store.drop(self._trial, self._failures)
        logger.warning("The gate is shut for %s s: the provider failed too often", OPEN_FOR)

    def succeeded(self) -> None:
        """Forget failures: the provider answered, be it with a refusal."""
        self._store.drop(self._failures, self._shut, self._tripped, self._trial)

    def _check_breaker(self) -> None:
        if self._store.holds(self._shut):
            raise BreakerOpen("BREAKER_OPEN", "it failed too often; it is left alone for a minute")
        if self._store.holds(self._tripped) and not self._store.put_new(
            self._trial, "1", TRIAL_FOR
        ):
            raise BreakerOpen("BREAKER_OPEN", "another call is finding out whether it is back")

    def _take_slot(self, holder: str) -> str:
        deadline = time.monotonic() + WAIT_FOR_SLOT
        pause = threading.Event()
        while True:
            for slot in self._slots:
                if self._store.put_new(slot, holder, SLOT_EXPIRES):
                    return slot
            if time.monotonic() >= deadline:
                raise NoSlot("NO_SLOT", f"{CALLS_AT_ONCE} calls are under way and none ended")
            pause.wait(_BETWEEN_LOOKS)
