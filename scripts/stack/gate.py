"""scripts/test: everything that guards the project, on servers of its own."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from stack import environment, installing, say
from stack.place import Place
from stack.services import FAST, Services


@dataclass(frozen=True)
class Gate:
    """One thing that must pass."""

    name: str
    command: list[str]
    variables: Mapping[str, str]


def gate(place: Place, arguments: Sequence[str]) -> int:
    """Run every gate, or with arguments only pytest with them; return 1 if one failed."""
    if {"-h", "--help"} & set(arguments):
        say.result(
            "scripts/test              style, layers, types, migrations, deployment, tests\n"
            "scripts/test ARGUMENTS    only pytest, with these arguments; --cov -n 2 measures how\n"
            "                          much of the code is run, which takes twice as long\n\n"
            "It has its own Postgres and Valkey and touches no others; see var/test/log."
        )
        return 0
    place = Place(var=place.var / "test", root=place.root)
    place.prepare()
    installing.install(place, "dev")
    chromium = _chromium()
    secrets_ = environment.installation_secrets(place)
    with Services(place, {}, secrets_=secrets_, postgres_settings=FAST).in_use() as urls:
        env = _clean_environment(place, secrets_) | urls
        if chromium:
            env["CHROMIUM"] = chromium
        if arguments:
            failed = _failed(place, [_tests(place, arguments)], env)
        else:
            failed = _all_failed(place, env)
    tests = _tests_said(place)
    say.result()
    say.result(f"{'FAILED: ' + ', '.join(failed) if failed else 'all gates passed'}")
    say.result(f"took {say.seconds_since_start():.0f} s")
    say.result(tests)
    return 1 if failed else 0


def _all_failed(place: Place, env: Mapping[str, str]) -> list[str]:
    """Run everything; return the names of what failed."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        # They take a minute and one core: the tests, which often wait, leave them the time.
        slow = beside.submit(_failed, place, _slow_checks(place), env)
        return _failed(place, [*_quick_checks(place), _tests(place, [])], env) + slow.result()


def _failed(place: Place, gates: Sequence[Gate], env: Mapping[str, str]) -> list[str]:
    return [each.name for each in gates if not _passes(place, each, env)]


def _clean_environment(place: Place, secrets_: Mapping[str, str]) -> dict[str, str]:
    """Return an environment where nothing of the user's settings changes what is tested."""
    ours = re.compile(
        r"FAIRLINE_(?!SHARED_DATA)|THE_ODDS_API_|DATABASE_|REDIS_|DEBUG|SECRET_|ALLOWED_"
        # Fifty processes would compile every module anew.
        r"|PYTHONDONTWRITEBYTECODE"
    )
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    kept |= {
        "FAIRLINE_VAR": str(place.var),
        "FAIRLINE_DOTENV": os.devnull,
        "SECRET_KEY": secrets_["secret_key"],
        "OMP_NUM_THREADS": "1",
        "PATH": f"{place.venv / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    shared = place.root.parent / "shared" / "data"
    if shared.is_dir():
        kept.setdefault("FAIRLINE_SHARED_DATA", str(shared))
    return kept


def _quick_checks(place: Place) -> list[Gate]:
    bin_ = place.venv / "bin"
    return [
        Gate("ruff check", [str(bin_ / "ruff"), "check", "."], {}),
        Gate("ruff format", [str(bin_ / "ruff"), "format", "--check", "."], {}),
        Gate("import-linter", [str(bin_ / "lint-imports")], {}),
    ]


def _slow_checks(place: Place) -> list[Gate]:
    """Return what runs beside the tests, and behind them where both want a core.

    Django's own check of a deployment is one of the tests (tests/config/test_env.py).
    """
    manage = ["nice", "-n", "10", str(place.python), "manage.py"]
    return [
        Gate("mypy", ["nice", "-n", "10", str(place.venv / "bin" / "mypy")], {}),
        Gate("migrations", [*manage, "makemigrations", "--check", "--dry-run"], {}),
    ]


def _tests(place: Place, arguments: Sequence[str]) -> Gate:
    # One more than there are cores: what drives whole processes waits for them half of the time.
    # Two more keep the cores busier, and were no quicker.
    workers = ["-n", str(min((os.cpu_count() or 1) + 1, 4)), "--dist=loadgroup"]
    # In the order of tests/conftest.py, not those with the most tests first.
    workers.append("--no-loadscope-reorder")
    options = list(arguments) or workers
    junit = f"--junit-xml={place.var / 'tests.xml'}"
    return Gate("pytest", [str(place.python), "-m", "pytest", junit, *options], {})


def _passes(place: Place, each: Gate, env: Mapping[str, str]) -> bool:
    started = time.monotonic()
    say.progress(f"{each.name} ...")
    loud = each.name == "pytest"
    done = subprocess.run(
        each.command,
        cwd=place.root,
        env=dict(env) | dict(each.variables),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr if loud else subprocess.PIPE,
        stderr=sys.stderr if loud else subprocess.STDOUT,
        text=True,
        check=False,
    )
    verdict = "FAILED" if done.returncode else "passed"
    if done.returncode and done.stdout:
        print(done.stdout, file=sys.stderr)
    say.progress(f"{each.name} {verdict} ({time.monotonic() - started:.1f} s)")
    return not done.returncode


def _tests_said(place: Place) -> str:
    """Return pytest's own count, from its report."""
    report = place.var / "tests.xml"
    suite = re.search(r"<testsuite [^>]*>", report.read_text()) if report.exists() else None
    if suite is None:
        return "0 passed, 0 failed"
    count = {
        name: int(number)
        for name, number in re.findall(r'(tests|failures|errors|skipped)="(\d+)"', suite[0])
    }
    failed = count["failures"] + count["errors"]
    passed = count["tests"] - failed - count["skipped"]
    return f"{passed} passed, {failed} failed, {count['skipped']} skipped"


def _chromium() -> str | None:
    """Return a Chromium for the browser tests; as root on Debian, install a missing one."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        say.progress("installing Chromium for the browser tests (apt-get, once)")
        install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
        for command in (["apt-get", "update"], install):
            subprocess.run(command, capture_output=True, check=False)
        found = shutil.which("chromium")
    if found is None:
        say.progress("no Chromium here: the browser tests will skip")
    return found
