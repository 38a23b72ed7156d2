"""Fuzz the whole API with Schemathesis as each role; books and audit must hold after.

Real gunicorn on a filled database of its own, a fixed seed (FAIRLINE_FUZZ_SEED), every operation of
the schema, data that fits it and data that does not, and chains of calls. A failure is printed with
the call that repeats it. FAIRLINE_FUZZ_EXAMPLES: cases an operation that are made up, beside those
of every border (default 10). FAIRLINE_FUZZ_AS: only one of viewer, bettor, operator, reader.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up

from accounts.audit.chain import verify_chain  # noqa: E402 - after the set-up
from accounts.scopes import READ, scopes_of  # noqa: E402 - after the set-up
from bench.measured import say  # noqa: E402 - after the set-up
from betting.services.books import check_books  # noqa: E402 - after the set-up
from tests import make  # noqa: E402 - after the set-up
from tests.journeys import world  # noqa: E402 - after the set-up
from tests.live.serving import serving  # noqa: E402 - after the set-up

EXAMPLES = os.environ.get("FAIRLINE_FUZZ_EXAMPLES", "10")
ONLY = os.environ.get("FAIRLINE_FUZZ_AS", "")
SEED = os.environ.get("FAIRLINE_FUZZ_SEED", "20261122")
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,negative_data_rejection,"
    "missing_required_header,unsupported_method,ignored_auth,use_after_free"
)
# An address that is too long was refused too, by the server; and the world here has versions
# without their files, which the schema says is a 503.
EXPECTED = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 422, 429, 503]

[[operations]]
include-path-regex = "/predictions/"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
"""


def main() -> None:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        asks = {name: key for name, key in _keys().items() if name.startswith(ONLY)}
        calls, failures = 0, 0
        with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
            for name, key in asks.items():
                begun = time.perf_counter()
                made, failed = fuzz(server.url, name, key, Path(folder))
                took = time.perf_counter() - begun
                say(f"API fuzzing as {name}, calls", made, f"in {took:.0f} s")
                calls, failures = calls + made, failures + failed
        problems, audit = check_books(), verify_chain()
        say("API fuzzing, calls", calls, "calls")
        say("API fuzzing, failures", failures, "failures")
        say("API fuzzing, problems in the books after it", len(problems), "problems")
        say("API fuzzing, entries of the audit that hold after it", audit.entries, "entries")
    finally:
        runner.teardown_databases(databases)
    sys.exit(failures > 0 or bool(problems) or audit.broken is not None)


def fuzz(url: str, role: str, key: str, folder: Path) -> tuple[int, int]:
    """Run Schemathesis once; return how many calls it made and how many failures it found."""
    report = folder / f"{role}.ndjson"
    (folder / "schemathesis.toml").write_text(EXPECTED)
    command = [
        Path(sys.executable).parent / "schemathesis", "run", f"{url}/api/v1/schema",
        "--header", f"X-Api-Key: {key}", "--checks", CHECKS, "--mode", "all",
        "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES,
        "--seed", SEED, "--no-shrink", "--continue-on-failure", "--workers", "1",
        "--suppress-health-check", "all", "--request-timeout", "30", "--warnings", "off",
        "--report", "ndjson", "--report-ndjson-path", report, "--output-sanitize", "true",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        # Some of what it sends is longer than anybody reads.
        told = (line[:300] for line in (done.stdout + done.stderr).splitlines()[-2_000:])
        print("\n".join(told), file=sys.stderr)
    calls, failures = counted(report)
    # It may also have broken down itself, without any failure of ours.
    return calls, failures or done.returncode


def counted(report: Path) -> tuple[int, int]:
    """Return how many calls a report tells of, and how many failed checks."""
    calls = failures = 0
    for line in report.open():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        made = recorder.get("interactions", {})
        calls += len(made)
        for checks in recorder.get("checks", {}).values():
            failures += sum(check["status"] == "failure" for check in checks)
    return calls, failures


def _keys() -> dict[str, str]:
    """Return a key for all that each role may do, and one that only reads."""
    viewer = make.user("viewer", role="viewer")
    bettor = make.user("bettor")
    make.bankroll(bettor, "100000.00")
    world.fill(bettor)
    operator = make.operator("operator")
    make.bankroll(operator, "100000.00")
    people = {"viewer": viewer, "bettor": bettor, "operator": operator}
    keys = {name: make.api_key(each, scopes=scopes_of(each))[1] for name, each in people.items()}
    return keys | {"reader": make.api_key(bettor, scopes=[READ])[1]}


if __name__ == "__main__":
    main()
