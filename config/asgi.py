"""The door for gunicorn: live streams as they come, everything else as WSGI in threads."""

import os
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from a2wsgi import WSGIMiddleware

# First: it sets Django up, and the door reads its models.
import config.wsgi
from config.live import door as live
from config.talking import Message, Receive, Send

pages: Any = WSGIMiddleware(
    cast(Any, config.wsgi.application), workers=int(os.environ.get("WEB_THREADS", "4"))
)
# Pages may all wait for a database that hangs; whoever asks how we are is not to wait behind them.
doors: Any = WSGIMiddleware(cast(Any, config.wsgi.application), workers=4)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Send live streams and probes to their doors, the rest to pages, which refuse a WebSocket."""
    if (scope["type"], scope["path"]) in {("http", "/live/"), ("websocket", "/ws/live")}:
        await live(scope, receive, send)
    elif scope["type"] == "http" and scope["path"].startswith("/health/"):
        await doors(scope, receive, send)
    else:
        await pages(scope, receive, send)
