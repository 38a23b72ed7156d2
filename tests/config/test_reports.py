"""What leaves for Sentry and for a collector of traces holds no secret."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sentry_sdk
from sentry_sdk.transport import Transport

from config.observability import SCRUBBED
from tests.live.serving import environment

ROOT = Path(__file__).parents[2]
CANARY = "canary-7f3a"


class Recorded(Transport):
    """Keeps what would have been sent."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def capture_envelope(self, envelope):
        self.sent += [json.dumps(item.payload.json) for item in envelope.items]


def test_an_error_report_holds_no_secret_wherever_it_stood():
    recorded = Recorded()
    client = sentry_sdk.Client(
        dsn="https://key@sentry.example.org/1", transport=recorded, **SCRUBBED
    )
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        scope.set_context("job", {"api_key": CANARY, "competition": "nba"})
        scope.set_extra("url", f"https://odds.example.org/v4?apiKey={CANARY}&regions=eu")
        scope.add_breadcrumb(message=f"Authorization: Bearer {CANARY}")
        scope.set_extra("broker", f"redis://:{CANARY}@cache:6379/0")
        try:
            password = CANARY
            raise ValueError(f'refused: {{"token": "{password}"}}')
        except ValueError as error:
            sentry_sdk.capture_exception(error)

    (report,) = recorded.sent
    assert CANARY not in report
    assert "regions=eu" in report
    assert "refused" in report
    assert "nba" in report


TRACED = """
import io, json, logging
import django
django.setup()
from django.test import Client
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from config.seeing import traces
spans = InMemorySpanExporter()
assert traces.start(spans)
ours = next(h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler)
heard = io.StringIO()
ours.setStream(heard)
Client(HTTP_HOST="localhost").post("/login/?next=/", {"login": "nobody", "password": "canary-7f3a"})
print(json.dumps({
    "spans": [[s.name, format(s.context.trace_id, "032x"), str(dict(s.attributes))]
              for s in spans.get_finished_spans()],
    "logged": [json.loads(line).get("trace_id") for line in heard.getvalue().splitlines()],
}))
"""


@pytest.mark.django_db(transaction=True)
def test_a_page_and_its_statements_are_one_trace_that_its_log_lines_name():
    pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry's SDK is not installed")

    done = subprocess.run(
        [sys.executable, "-c", TRACED], cwd=ROOT, env=environment("traced") | {"LOG_LEVEL": "INFO"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    (page,) = [trace for name, trace, _ in told["spans"] if name == "POST login/"]
    asked = [what for name, trace, what in told["spans"] if (name, trace) == ("SELECT", page)]
    assert any("accounts_user" in what for what in asked)
    assert set(told["logged"]) - {None} == {page}
    assert CANARY not in done.stdout
