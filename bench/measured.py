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


def say(name: str, value: float, unit: str, peer: str, peer_value: float) -> None:
    """Print one measurement beside its peer's, as scripts/bench reads it."""
    line = {"name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value}
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in line.items()}))
