"""scripts/bench: each bench/bench_*.py prints JSON lines, beside a peer where there is one."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stack import environment, installing, say
from stack.place import Place
from stack.services import Services

# Peers too heavy, or too careless, for our own environment have one to themselves.
WITH_PEERS = {"bench_goals.py", "bench_margins.py", "bench_backtest.py"}
FIELDS = {"name", "value", "unit", "peer", "peer_value"}


def bench(place: Place, arguments: Sequence[str]) -> int:
    """Run all benchmarks, or those whose name contains an argument; return 1 if one failed."""
    if {"-h", "--help"} & set(arguments):
        say.result("scripts/bench [WORD ...]   run bench/bench_*WORD*.py, or all of them")
        return 0
    place = Place(var=place.var / "bench", root=place.root)
    place.prepare()
    installing.install(place, "dev")
    chosen = [
        path
        for path in sorted((place.root / "bench").glob("bench_*.py"))
        if not arguments or any(word in path.name for word in arguments)
    ]
    if not chosen:
        raise say.Trouble(
            f"No benchmark in bench/ is called like {' or '.join(arguments) or 'any'}."
        )
    secrets_ = environment.installation_secrets(place)
    full = environment.complete(place, secrets_=secrets_)
    if WITH_PEERS & {path.name for path in chosen}:
        peers = replace(place, venv_name=".venv-bench")
        installing.install(peers, "bench")
        full |= {"FAIRLINE_BENCH_PEERS": str(peers.python)}
    failures = []
    with Services(place, {}, secrets_=secrets_).in_use() as urls:
        ready = full | urls | {"PYTHONPATH": str(place.root)}
        migrate = [str(place.python), "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=place.root, env=ready, stdout=sys.stderr, check=True)
        for path in chosen:
            say.progress(path.name)
            if not _run(place, path, ready):
                failures.append(path.name)
    if failures:
        say.progress(f"failed: {', '.join(failures)}")
    return 1 if failures else 0


def _run(place: Place, path: Path, env: Mapping[str, str]) -> bool:
    done = subprocess.run(
        [place.python, path],
        cwd=place.root,
        env=dict(env),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    fine = not done.returncode
    for line in done.stdout.splitlines():
        if _is_measurement(line):
            say.result(line)
        else:
            fine = False
            print(f"not a measurement: {line}", file=sys.stderr)
    return fine


def _is_measurement(line: str) -> bool:
    try:
        content = json.loads(line)
    except json.JSONDecodeError:
        return False
    return isinstance(content, dict) and set(content) == FIELDS
