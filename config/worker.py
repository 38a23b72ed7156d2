"""gunicorn's ASGI worker, which ends open streams when it is told to stop."""

from gunicorn.workers.gasgi import ASGIWorker

# Sets Django up, before the door reads its models.
import config.wsgi
from config.live import door

__all__ = ["Worker", "config"]


class Worker(ASGIWorker):  # type: ignore[misc]
    """Stops without waiting for listeners: they come back to another worker by themselves."""

    async def _shutdown(self) -> None:
        door.end_all()
        await super()._shutdown()
