"""How a listener is spoken to: by an event stream over HTTP, or over a WebSocket."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from accounts.live.streams import Told

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]
SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]

# RFC 6455 7.4.1: the server restarts; come back. What is ours starts at 4000.
COME_BACK = 1012
# RFC 6455 5.5: a close frame holds 125 bytes, two of them the code.
LONGEST_REASON = 123


def _json(data: object) -> str:
    # For each of hundreds of listeners, several times a second.
    return orjson.dumps(data).decode()


class Refused(Exception):
    """Why no stream is opened, or an open one ends, in words, with the status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class EventStream:
    """Server-sent events: text frames in one endless answer."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def refuse(self, refusal: Refused) -> None:
        """Answer with the status and the reason, and nothing else."""
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
        if refusal.status == 429:
            headers.append((b"retry-after", b"30"))
        await self._start(refusal.status, headers)
        await self._send({"type": "http.response.body", "body": f"{refusal}\n".encode()})

    async def open(self) -> None:
        """Begin the answer, and say after how many milliseconds to come back."""
        await self._start(200, HEADERS)
        await self._write("retry: 1500\n\n")

    async def tell(self, told: Told, last_id: str) -> None:
        """Send frames. Only the last carries the id: who is lost between two hears both again."""
        frames = [f"event: {name}\ndata: {_json(data)}\n" for name, data in told]
        frames[-1] += f"id: {last_id}\n"
        await self._write("".join(f"{frame}\n" for frame in frames))

    async def asked(self) -> list[str] | None:
        """Wait until the listener is gone: over this way it can ask for nothing more."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        return None

    async def end(self, _fault: Refused | None = None) -> None:
        """End the answer."""
        await self._send({"type": "http.response.body", "body": b""})

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        start = {"type": "http.response.start", "status": status, "headers": headers + SAFE}
        await self._send(start)

    async def _write(self, text: str) -> None:
        part = {"type": "http.response.body", "body": text.encode(), "more_body": True}
        await self._send(part)


class WebSocket:
    """JSON messages: `{"event", "data", "id"}` to the listener, `{"topics"}` from it."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def refuse(self, refusal: Refused) -> None:
        """Close with 4000 and the status; a handshake that is turned down tells no reason."""
        await self.open()
        await self.end(refusal)

    async def open(self) -> None:
        """Take the handshake."""
        while (await self._receive())["type"] != "websocket.connect":
            pass
        await self._send({"type": "websocket.accept"})

    async def tell(self, told: Told, last_id: str) -> None:
        """Send a message each; only the last carries the id, as in an event stream."""
        for number, (name, data) in enumerate(told, start=1):
            message: dict[str, object] = {"event": name, "data": data}
            if number == len(told):
                message["id"] = last_id
            await self._send({"type": "websocket.send", "text": _json(message)})

    async def asked(self) -> list[str] | None:
        """Return the topics that it wants to hear instead, None once it is gone.

        Raises:
            Refused: if what it says is not `{"topics": ["prices", ...]}`.
        """
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            return None
        try:
            topics = json.loads(message.get("text") or "")["topics"]
        except (ValueError, KeyError, TypeError, RecursionError):
            topics = None
        if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
            raise Refused(400, 'Say {"topics": ["prices", "bets"]} to hear something else.')
        return topics

    async def end(self, fault: Refused | None = None) -> None:
        """Close it: to come back with the last id, or for a fault."""
        code = COME_BACK if fault is None else 4000 + fault.status
        reason = "Come back with the last id." if fault is None else str(fault)
        # Cut by bytes, and no character in two.
        short = reason.encode()[:LONGEST_REASON].decode(errors="ignore")
        await self._send({"type": "websocket.close", "code": code, "reason": short})
