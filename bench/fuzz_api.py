"""Fuzz the whole API with Schemathesis as each role; the books must balance after.

Real gunicorn on a filled database of its own, a fixed seed (FAIRLINE_FUZZ_SEED), every operation of
the schema, data that fits it and data that does not, and chains of calls. A failure is printed with
the call that repeats it. FAIRLINE_FUZZ_EXAMPLES: cases an operation (default 60).
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

from accounts.models import User  # noqa: E402 - after the set-up
from bench.measured import say  # noqa: E402 - after the set-up
from betting.services.books import check_books  # noqa: E402 - after the set-up
from tests import make  # noqa: E402 - after the set-up
from tests.journeys import world  # noqa: E402 - after the set-up
from tests.live.serving import serving  # noqa: E402 - after the set-up

EXAMPLES = os.environ.get("FAIRLINE_FUZZ_EXAMPLES", "60")
SEED = os.environ.get("FAIRLINE_FUZZ_SEED", "20261122")
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,negative_data_rejection,"
    "missing_required_header,unsupported_method,ignored_auth,use_after_free"
)


def main() -> None:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        people = _people()
        calls, failures = 0, 0
        with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
            for role, person in people.items():
                begun = time.perf_counter()
                made, failed = fuzz(server.url, role, make.full_key(person)[1], Path(folder))
                took = time.perf_counter() - begun
                say(f"API fuzzing as {role}, calls", made, f"in {took:.0f} s")
                calls, failures = calls + made, failures + failed
        say("API fuzzing, all roles, calls", calls, "calls")
        say("API fuzzing, failures", failures, "failures")
        say("API fuzzing, problems in the books after it", len(check_books()), "problems")
    finally:
        runner.teardown_databases(databases)
    sys.exit(failures > 0)


def fuzz(url: str, role: str, key: str, folder: Path) -> tuple[int, int]:
    """Run Schemathesis once; return how many calls it made and how many failures it found."""
    report = folder / f"{role}.ndjson"
    command = [
        Path(sys.executable).parent / "schemathesis", "run", f"{url}/api/v1/schema",
        "--header", f"X-Api-Key: {key}", "--checks", CHECKS, "--mode", "all",
        "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES,
        "--seed", SEED, "--no-shrink", "--continue-on-failure", "--workers", "2",
        "--suppress-health-check", "all", "--request-timeout", "30", "--warnings", "off",
        "--report", "ndjson", "--report-ndjson-path", report, "--output-sanitize", "true",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        print(done.stdout[-60_000:], done.stderr[-5_000:], file=sys.stderr)
    return counted(report)


def counted(report: Path) -> tuple[int, int]:
    """Return how many calls a report tells of, and how many failed checks."""
    calls = failures = 0
    for line in report.open():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        made = recorder.get("interactions", {})
        calls += len(made)
        for case, checks in recorder.get("checks", {}).items():
            status = (made.get(case, {}).get("response") or {}).get("status_code")
            failures += sum(
                check["status"] == "failure"
                # Documented: the world here has versions without their files.
                and not (check["name"] == "not_a_server_error" and status == 503)
                for check in checks
            )
    return calls, failures


def _people() -> dict[str, User]:
    viewer = make.user("viewer", role="viewer")
    bettor = make.user("bettor")
    make.bankroll(bettor, "100000.00")
    world.fill(bettor)
    operator = make.operator("operator")
    make.bankroll(operator, "100000.00")
    return {"viewer": viewer, "bettor": bettor, "operator": operator}


if __name__ == "__main__":
    main()
