"""OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT says who takes the spans; otherwise nothing.

Its own variables hold (OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS ...). Pages, tasks and
statements become spans; values of statements, bodies and headers do not.
"""

from typing import Any

import structlog
from django.conf import settings
from django.dispatch import receiver
from django_structlog.celery.signals import (
    bind_extra_task_metadata,
    modify_context_before_task_publish,
)

from accounts.outbound import traces


@receiver(bind_extra_task_metadata)
def _give_each_task_a_trace(**_more: object) -> None:
    """Keep what came with the message; what the schedule sent begins a trace of its own."""
    if "trace_id" not in structlog.contextvars.get_contextvars():
        structlog.contextvars.bind_contextvars(trace_id=traces.begun())


@receiver(modify_context_before_task_publish)
def _give_each_message_a_trace(*, context: dict[str, Any], **_more: object) -> None:
    """Begin what the schedule sends where it is sent, so that a worker knows what it lost."""
    context.setdefault("trace_id", traces.begun())


def start(exporter: Any = None) -> bool:  # noqa: ANN401 - any SpanExporter
    """Begin to trace if it is configured, and say whether it is.

    `exporter` takes spans one by one instead of the collector; for tests.
    """
    if not (exporter or settings.TRACES_TO):
        return False
    # Heavy, and of no use where nobody takes spans.
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
        OTLPSpanExporter,
    )
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        SimpleSpanProcessor,
    )

    provider = TracerProvider(resource=Resource.create({"service.name": settings.TRACES_AS}))
    provider.add_span_processor(
        SimpleSpanProcessor(exporter) if exporter else BatchSpanProcessor(OTLPSpanExporter())
    )
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(excluded_urls="health/.*,metrics,static/.*")
    CeleryInstrumentor().instrument()
    PsycopgInstrumentor().instrument()
    return True
