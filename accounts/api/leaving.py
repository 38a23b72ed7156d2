"""What is to go from the API: said in the schema and with every answer, long before it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.utils.http import http_date

# docs/api.md promises it.
NOTICE = timedelta(days=180)
ABOUT = "/api/v1/docs"
Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True)
class Leaving:
    """Since when an operation should not be used any more, when it goes, and what to use."""

    since: datetime
    until: datetime
    instead: str

    def headers(self) -> dict[str, str]:
        """Return what goes with every answer (RFC 9745, RFC 8594)."""
        return {
            "Deprecation": f"@{int(self.since.timestamp())}",
            "Sunset": http_date(self.until.timestamp()),
            "Link": f'<{ABOUT}>; rel="sunset"',
        }


def leaves(*, since: datetime, until: datetime, instead: str) -> Callable[[Method], Method]:
    """Mark a method of a view as one that goes; `instead` says what to use, in words.

    Raises:
        ValueError: where it would go sooner than was promised.
    """
    if until - since < NOTICE:
        raise ValueError(f"until: {until:%Y-%m-%d} is less than {NOTICE.days} days after since.")

    def marked(method: Method) -> Method:
        method.leaving = Leaving(since, until, instead)  # type: ignore[attr-defined]
        return method

    return marked


def leaving_of(view: Any, method: str) -> Leaving | None:  # noqa: ANN401 - a view or its class
    """Return when a method of a view goes, if it does."""
    handler = getattr(view, "get" if method == "HEAD" else method.lower(), None)
    found: Leaving | None = getattr(handler, "leaving", None)
    return found
