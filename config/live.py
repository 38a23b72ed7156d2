"""The door for live signals: `/live/?topics=prices,bets`, an event stream of what changed.

`/ws/live` says the same over a WebSocket. A plain ASGI application beside the pages. It asks the
database once, who this is, in a thread that lets go of its connection before the stream begins; an
open stream holds none. docs/live.md says what a client sees.
"""

import asyncio
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from importlib import import_module
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import BadRequest, DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.utils import timezone
from prometheus_client import Counter as Count
from prometheus_client import Gauge

from accounts.http import client_address
from accounts.keys import note_key_use, usable_key
from accounts.live import TOPIC, stream_key
from accounts.live.streams import Hub, Listener, Told
from accounts.models import PriceFormat
from accounts.scopes import READ, READ_OWN, scopes_of
from config.pacing import Pacing, part_of
from config.talking import EventStream, Message, Receive, Refused, Send, WebSocket

MOST_TOPICS = 40
# Of one person in one process. A browser shares six connections among all tabs of a site.
MOST_STREAMS = 8
HEARTBEAT_SECONDS = 15.0
# Signals that come in quick succession are told together.
GAP_SECONDS = 0.25
# Whoever takes nothing for so long is gone, or cannot keep up: it comes back and starts over.
SLOWEST_SECONDS = 20.0
# A stream ends after so long; the client comes back at once and is asked again who it is.
LONGEST_SECONDS = 600.0

open_streams = Gauge("fairline_live_streams", "Live streams open now.", multiprocess_mode="livesum")
frames_sent = Count("fairline_live_frames_total", "Times that a live stream was told something.")
dropped = Count("fairline_live_dropped_total", "Live streams dropped because they took nothing.")


class LiveDoor:
    """Opens streams, and closes them when the process ends."""

    def __init__(self) -> None:
        self._hub: Hub | None = None
        self._open: Counter[int] = Counter()
        self.pacing = Pacing()
        self._is_ending = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request with a stream, or with the reason why not."""
        way = WebSocket if scope["type"] == "websocket" else EventStream
        talk = way(receive, send)
        try:
            # A handshake is a GET; only its scope does not say so.
            asked = cast(Any, {"method": "GET", **scope, "type": "http"})
            request = ASGIRequest(asked, io.BytesIO())
            owner_id, scopes = await asyncio.to_thread(_who, request)
            topics = _topics(request.GET.get("topics", "").split(","), scopes)
            price_format = _price_format(request.GET.get("prices", "decimal"))
            if self._open[owner_id] >= MOST_STREAMS:
                raise Refused(429, f"You have {MOST_STREAMS} streams open; close one first.")
        except Refused as refusal:
            await talk.refuse(refusal)
            return
        since = request.headers.get("Last-Event-ID") or request.GET.get("since", "")
        # Whoever comes while the process stops is told where things stand, and goes elsewhere.
        listener = Listener(topics, owner_id, price_format, is_over=self._is_ending)
        part = part_of(topics)
        self._open[owner_id] += 1
        self.pacing.join(part)
        open_streams.inc()
        try:
            await self._hub_of_loop().join(listener, since=_known(since))
            await _tell(listener, talk, scopes, lambda: self.pacing.seconds(part))
        finally:
            self._hub_of_loop().leave(listener)
            self._open[owner_id] -= 1
            self.pacing.leave(part)
            open_streams.dec()

    def end_all(self) -> None:
        """End every stream, so that the process can stop without waiting for listeners."""
        self._is_ending = True
        if self._hub is not None:
            self._hub.end_all()

    def _hub_of_loop(self) -> Hub:
        # Made in the worker, after the fork, by the loop that will use it.
        if self._hub is None:
            self._hub = Hub(settings.REDIS_URL, stream_key())
        return self._hub


def _who(request: ASGIRequest) -> tuple[int, Collection[str]]:
    """Return who listens and for what scopes, letting go of the database before it returns.

    Raises:
        Refused: if nobody is logged in, the key does not work, or the host is not ours.
    """
    try:
        request.get_host()
        if request.method != "GET":
            raise Refused(405, "Only GET opens a stream.")
        if text := request.headers.get("X-Api-Key"):
            now = timezone.now()
            address = client_address(request, trusted_proxies=settings.TRUSTED_PROXIES)
            key = usable_key(text, address=address, now=now)
            if key is None:
                raise Refused(401, "The key in X-Api-Key is unknown, expired or revoked.")
            note_key_use(key, now=now)
            return int(key.owner_id), scopes_of(key.owner) & set(key.scopes)
        # Any page may open a WebSocket to here, and the browser sends the cookie with it.
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.get_host():
            raise Refused(403, "Another site's page may not listen; a program sends X-Api-Key.")
        sessions = import_module(settings.SESSION_ENGINE)
        cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        request.session = sessions.SessionStore(cookie)
        user = get_user(cast(Any, request))
        if not user.is_authenticated:
            raise Refused(401, "Log in first, or send a key in X-Api-Key.")
        return int(user.pk), scopes_of(user)
    except (DisallowedHost, BadRequest) as fault:
        raise Refused(400, "This host is not served here.") from fault
    finally:
        connections.close_all()


def _topics(named: Iterable[str], scopes: Collection[str]) -> frozenset[str]:
    asked = [topic for topic in named if topic]
    unknown = [topic for topic in asked if not TOPIC.fullmatch(topic)]
    if unknown or not 0 < len(asked) <= MOST_TOPICS:
        raise Refused(
            400,
            f"topics: name 1 to {MOST_TOPICS} of prices, quotes, fair, opportunities, bets, "
            f"jobs, models, sport:KEY and event:NUMBER, with commas between"
            + (f"; {unknown[0][:80]!r} is none of them." if unknown else "."),
        )
    if lacking := {READ_OWN if topic == "bets" else READ for topic in asked} - set(scopes):
        raise Refused(403, f"topics: this key lacks the scope {min(lacking)!r}.")
    return frozenset(asked)


def _price_format(asked: str) -> str:
    if asked in PriceFormat:
        return asked
    known = ", ".join(PriceFormat)
    raise Refused(400, f"prices: {asked[:20]!r} is no way to write them; use {known}.")


def _known(since: str) -> str:
    """Return an id as the stream writes it; anything else means: everything may be missing."""
    moment, dash, number = since.partition("-")
    if not since or (dash and moment.isdecimal() and number.isdecimal() and len(since) < 40):
        return since
    return f"{2**63}-0"


async def _tell(
    listener: Listener,
    talk: EventStream | WebSocket,
    scopes: Collection[str],
    pace: Callable[[], int],
) -> None:
    """Tell the listener what it hears until it goes, lags too far behind, or its time is over.

    And how many seconds to let pass between asking for all else, where that is not what it was.
    """
    await talk.open()
    gone = asyncio.create_task(_heed(listener, talk, scopes))
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + LONGEST_SECONDS
    told: Told = []
    paced = 0
    try:
        while not gone.done():
            if (every := pace()) != paced:
                told, paced = [*told, ("pace", {"seconds": every})], every
            async with asyncio.timeout(SLOWEST_SECONDS):
                await talk.tell(told or [("beat", {})], listener.last_id)
            if listener.is_over or loop.time() > ends_at:
                await talk.end()
                return
            await asyncio.wait({gone}, timeout=GAP_SECONDS)
            await _woken(listener, gone)
            if told := listener.take():
                frames_sent.inc()
        if fault := gone.result():
            await talk.end(fault)
    except TimeoutError:
        dropped.inc()
        raise
    finally:
        gone.cancel()


async def _heed(
    listener: Listener, talk: EventStream | WebSocket, scopes: Collection[str]
) -> Refused | None:
    """Listen to other topics when asked to; return once it is gone, or why it has to go."""
    try:
        while (named := await talk.asked()) is not None:
            listener.listen_to(_topics(named, scopes))
    except Refused as refusal:
        return refusal
    return None


async def _woken(listener: Listener, gone: "asyncio.Task[Refused | None]") -> None:
    """Wait until there is something to tell, nobody to tell it, or a heartbeat is due."""
    woken = asyncio.create_task(_wait(listener))
    try:
        await asyncio.wait(
            {woken, gone}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        woken.cancel()


async def _wait(listener: Listener) -> None:
    await listener.woken.wait()


door = LiveDoor()
