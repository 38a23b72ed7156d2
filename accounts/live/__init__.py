"""Signals that something changed, for whoever is listening: pages, and programs on `/live/`.

A signal says which rows changed, never what they became: the listener asks again, with its own
rights. Prices alone, which are everybody's and many, are said themselves, and what they come to:
what is fair by them, which is best. Signals are published
after commit into one bounded stream in Valkey, so that a listener that was away for a while can be
told what it missed. Losing Valkey loses signals, not data: pages then ask at intervals.
"""

import json
import logging
import re
from collections.abc import Collection, Mapping
from functools import cache as once
from functools import partial
from time import monotonic
from typing import NamedTuple

import redis
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# What one may listen to. `bets` are the listener's own; the others are everybody's.
TOPIC = re.compile(
    r"prices|quotes|fair|opportunities|bets|jobs|models|sport:[\w-]{1,64}|event:[0-9]{1,12}",
    re.ASCII,
)
# At a signal a second this is over two hours; whoever was away longer loads the page again.
KEPT = 10_000
# More rows than this are not named one by one.
MOST_IDS = 200
# Nor more prices, or what selections are worth.
MOST_QUOTES = 1_000
# Of these it is counted how often they changed: what is kept of them is of one count.
COUNTED = frozenset({"prices", "opportunities"})
# After a failure Valkey is left alone for so long, so that its absence slows nothing down.
PAUSE_SECONDS = 5.0

_away_until = 0.0


class Move(NamedTuple):
    """How a selection's price moved at its reference book since it opened.

    `path` draws it; `direction` is up or down where the last change fell within the `window`, else
    empty; `was` is the direction of the last change whenever it was.
    """

    book: str
    path: str
    opened: float
    latest: float
    direction: str
    was: str
    window: str


class Worth(NamedTuple):
    """What the bookmakers' prices of a selection come to.

    `fair` is its probability by all of them; `best` the price that pays most after commission, at
    `books` by number and title; `edge` what that is above fair, and `hold` what the best prices of
    its line keep; `move` how its price moved. None where there is no such, and of `best` what
    follows from it also where it is stale.
    """

    fair: float | None
    best: float | None
    books: tuple[tuple[int, str], ...]
    edge: float | None
    hold: float | None
    move: Move | None


def stream_key() -> str:
    """Return the name of the stream in Valkey."""
    return f"{settings.CACHES['default']['KEY_PREFIX']}:live"


def version_key(topic: str = "prices") -> str:
    """Return the name of the counter that says how often what is `COUNTED` has changed."""
    return f"{settings.CACHES['default']['KEY_PREFIX']}:live:{topic}"


def announce_prices(
    *,
    competition_key: str,
    event_ids: Collection[int],
    quotes: Mapping[tuple[int, int], float | None],
) -> None:
    """Say, once the transaction is committed, that prices of these events changed.

    `quotes` are those that were there before, by selection and bookmaker: their prices now, None
    where withdrawn. They are everybody's to read, so the signal may say what they became.
    """
    if event_ids:
        topics = ["prices", f"sport:{competition_key}", *(f"event:{pk}" for pk in event_ids)]
        said = {f"{selection}-{book}": price for (selection, book), price in quotes.items()}
        _after_commit([*topics, "quotes"] if said else topics, event_ids, quotes=said)


def publish_worth(worth: Mapping[int, Worth] | None) -> bool:
    """Tell what selections are worth by the prices just announced, None where too many changed.

    Whoever read the prices earlier may not tell after who read them later: the last word stays.
    """
    return _put({"topics": "fair", "fair": json.dumps(worth)})


def announce_opportunities(*, event_ids: Collection[int]) -> None:
    """Say, once the transaction is committed, that opportunities on these events came or went."""
    if event_ids:
        _after_commit(["opportunities"], event_ids)


def announce_bet(*, owner_id: int, bet_id: int) -> None:
    """Tell the owner, once the transaction is committed, that a bet was placed or settled."""
    _after_commit(["bets"], [bet_id], owner_id=owner_id)


def announce_job(*, run_id: int) -> None:
    """Say, once the transaction is committed, that a job started or finished."""
    _after_commit(["jobs"], [run_id])


def announce_training(*, run_id: int) -> None:
    """Say, once the transaction is committed, that a training run went a step further."""
    _after_commit(["models"], [run_id])


def _after_commit(
    topics: Collection[str],
    ids: Collection[int],
    *,
    owner_id: int | None = None,
    quotes: Mapping[str, float | None] | None = None,
) -> None:
    said = partial(publish, topics, ids, owner_id=owner_id, quotes=quotes)
    transaction.on_commit(said, robust=True)


def publish(
    topics: Collection[str],
    ids: Collection[int],
    *,
    owner_id: int | None = None,
    quotes: Mapping[str, float | None] | None = None,
) -> bool:
    """Put one signal into the stream now; return whether Valkey took it.

    Never raises for Valkey's sake: what was committed is committed, and pages ask anyway.
    """
    named = sorted(ids)[:MOST_IDS]
    entry: dict[str, str | int] = {
        "topics": " ".join(topics),
        "ids": ",".join(map(str, named)),
        "more": int(len(named) < len(ids)),
        "owner": "" if owner_id is None else owner_id,
    }
    if quotes:
        # Too many are told as none by name: whoever shows them asks again anyway.
        entry["quotes"] = json.dumps(quotes if len(quotes) <= MOST_QUOTES else None)
    return _put(entry, counted=COUNTED.intersection(topics))


def _put(entry: Mapping[str, str | int], *, counted: Collection[str] = ()) -> bool:
    """Put an entry into the stream, and count what it says has changed."""
    if is_away():
        return False
    try:
        with client().pipeline(transaction=False) as pipe:
            for topic in counted:
                pipe.incr(version_key(topic))
            pipe.xadd(stream_key(), entry, maxlen=KEPT, approximate=True)  # type: ignore[arg-type]
            pipe.execute()
    except (RedisError, OSError) as error:
        leave_alone(error, so="nobody is told of changes")
        return False
    return True


def position() -> str:
    """Return where the stream stands now; what is published later comes after it.

    Empty when Valkey is away. A page read after this moment and told of everything after this
    position shows everything.
    """
    if is_away():
        return ""
    try:
        newest = client().xrevrange(stream_key(), count=1)
    except (RedisError, OSError) as error:
        leave_alone(error, so="pages ask at intervals")
        return ""
    return newest[0][0].decode() if newest else "0-0"  # type: ignore[union-attr]


def is_away() -> bool:
    """Return whether Valkey is left alone because it did not answer this process lately."""
    return monotonic() < _away_until


def leave_alone(error: redis.RedisError | OSError, *, so: str) -> None:
    """Ask Valkey nothing for a while, and say what that means."""
    global _away_until
    _away_until = monotonic() + PAUSE_SECONDS
    logger.warning("Valkey is away, so %s: %s", so, type(error).__name__)


def client() -> redis.Redis:
    """Return this process's connections to Valkey, which give up within a second."""
    return _client(settings.REDIS_URL)


@once
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
