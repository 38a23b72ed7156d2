"""gunicorn's ASGI worker, which waits for answers when it is told to stop, and for nothing else."""

import asyncio

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

# Sets Django up, before the door reads its models.
import config.wsgi
from config.live import door

__all__ = ["Worker", "config"]


class Connection(ASGIProtocol):  # type: ignore[misc]
    """One connection, known to its worker for as long as it is open."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.worker.open_connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.worker.open_connections.discard(self)
        super().connection_lost(exc)

    def end_if_idle(self) -> None:
        """Close it unless a request is being answered."""
        if self._awaiting_request:
            self._keepalive_timeout()


# Named there only, when a worker begins to listen.
gasgi.ASGIProtocol = Connection


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """Stops without waiting for listeners and for whoever asks nothing.

    Listeners come back to another worker by themselves. Browsers open connections ahead of need;
    gunicorn would wait the whole of graceful_timeout for a first request on them.
    """

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.open_connections: set[Connection] = set()

    async def _shutdown(self) -> None:
        door.end_all()
        for connection in list(self.open_connections):
            connection.end_if_idle()
        await super()._shutdown()
