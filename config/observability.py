"""Logs as JSON lines with a request id that follows into Celery, and error reports."""

import logging
from typing import Any

import sentry_sdk
import structlog

from accounts.secrets.masking import MASK, names_a_secret, scrubbed

_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def mask_secrets(_logger: object, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Replace the value of any key that names a secret.

    >>> mask_secrets(None, "info", {"event": "login", "password": "hunter2"})
    {'event': 'login', 'password': '***'}
    """
    return {key: MASK if names_a_secret(key) else value for key, value in event.items()}


def logging_settings(*, level: str) -> dict[str, Any]:
    """Return Django's LOGGING: one JSON object a line on stderr."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    mask_secrets,
                    structlog.processors.format_exc_info,
                    structlog.processors.JSONRenderer(),
                ],
                "foreign_pre_chain": _shared,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # httpx logs whole URLs, and ours carry the provider's key.
            "httpx": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "httpcore2": {"level": "WARNING"},
            "django.request": {"level": logging.getLevelName(logging.ERROR)},
        },
    }


def start_error_reports(*, dsn: str, release: str) -> None:
    """Send errors to Sentry, without personal data and without secrets, if a DSN is set."""
    if dsn:
        sentry_sdk.init(dsn=dsn, release=release, **SCRUBBED)


def _scrubbed(event: Any, _hint: object = None) -> Any:  # noqa: ANN401 - Sentry's own
    return scrubbed(event)


# No bodies, no local variables, nothing of the person; what is left is gone through once more.
SCRUBBED: dict[str, Any] = {
    "data_collection": {
        "user_info": False,
        "cookies": {"mode": "off"},
        "http_headers": {"request": {"mode": "off"}},
        "http_bodies": [],
        "url_query_params": {"mode": "off"},
        "graphql": {"document": False, "variables": False},
        "gen_ai": {"inputs": False, "outputs": False},
        "database_query_data": False,
        "queues": False,
        "stack_frame_variables": False,
    },
    "max_request_body_size": "never",
    "before_send": _scrubbed,
    "before_send_transaction": _scrubbed,
    "before_breadcrumb": _scrubbed,
}
