"""The one shape in which the API says no: application/problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from structlog.contextvars import get_contextvars

CONTENT_TYPE = "application/problem+json"
GENERAL = "request"


@dataclass(frozen=True)
class Fault:
    """One thing wrong: where, what, what was sent there if it was text, and what it may be."""

    field: str
    detail: str
    code: str = "invalid"
    value: str | None = None
    bound: str | None = None


def body(
    *, status: int, detail: str, errors: Sequence[Fault] = (), kind: str = ""
) -> dict[str, Any]:
    """Return a problem's body. `kind` names it where the status alone does not.

    >>> body(status=404, detail="No such bet.")["type"]
    'urn:fairline:problem:not-found'
    """
    title = HTTPStatus(status).phrase
    return {
        "type": f"urn:fairline:problem:{kind or title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": str(get_contextvars().get("request_id", "")),
        "errors": [asdict(fault) for fault in errors],
    }


def faults_of(
    detail: object, *, field: str = "", sent: Mapping[str, Any] | None = None
) -> list[Fault]:
    """Return every fault in REST framework's nested error detail, with dotted field names."""
    if isinstance(detail, Mapping):
        return [
            fault
            for name, inner in detail.items()
            for fault in faults_of(
                inner, field=f"{field}.{name}" if field else str(name), sent=sent
            )
        ]
    if isinstance(detail, list | tuple):
        return [fault for inner in detail for fault in faults_of(inner, field=field, sent=sent)]
    value = (sent or {}).get(field)
    return [
        Fault(
            field=GENERAL if field in {"", "non_field_errors"} else field,
            detail=str(detail),
            code=str(getattr(detail, "code", "invalid")),
            value=value[:200] if isinstance(value, str) else None,
        )
    ]
