"""What every benchmark shares: the best of some runs, and one JSON line a measurement."""

import json
import time
from collections.abc import Callable


def seconds(run: Callable[[], object], repeats: int = 1) -> float:
    """Return the shortest of some runs."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return min(times)


def say(
    name: str, value: float, unit: str, peer: str | None = None, peer_value: float | None = None
) -> None:
    """Print one measurement beside its peer's, if it has one, as scripts/bench reads it."""
    line = {"name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value}
    told = {k: _short(v) if isinstance(v, float) else v for k, v in line.items()}
    print(json.dumps(told), flush=True)


def _short(value: float) -> float:
    return round(value, 3) if abs(value) >= 0.01 else float(f"{value:.2g}")
