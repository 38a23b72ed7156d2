"""One trace id from a request, or a job, into the tasks it queues and the servers it calls.

As W3C Trace Context writes it. Logs carry it as `trace_id`; where OpenTelemetry is configured it is
that of the span, so a log line leads to its trace.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from opentelemetry import trace
from structlog.contextvars import bound_contextvars, get_contextvars

HEADER = "traceparent"
_WRITTEN = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def begun(header: str = "") -> str:
    """Return the trace a piece of work belongs to: the span's, the caller's, or a new one.

    >>> begun("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    '4bf92f3577b34da6a3ce929d0e0e4736'
    >>> len(begun("anything else"))
    32
    """
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        return trace.format_trace_id(span.trace_id)
    told = _WRITTEN.fullmatch(header)
    return told[1] if told else secrets.token_hex(16)


@contextmanager
def going_on(trace_id: str) -> Iterator[None]:
    """Go on with the trace in which something began that was left for now; empty: with our own."""
    with bound_contextvars(**({"trace_id": trace_id} if trace_id else {})):
        yield


def tell(request: httpx2.Request) -> None:
    """Add to a request on its way out which trace it belongs to; a hook of the HTTP client.

    It is that of the log lines, and the span's too where they are one.
    """
    span = trace.get_current_span().get_span_context()
    own = str(get_contextvars().get("trace_id") or begun())
    ours = span.is_valid and own == trace.format_trace_id(span.trace_id)
    this = trace.format_span_id(span.span_id) if ours else secrets.token_hex(8)
    request.headers[HEADER] = f"00-{own}-{this}-01"
