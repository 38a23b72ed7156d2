"""The public libraries on margin removal; runs in `.venv-bench`, never in the product's own.

`time` and `answers` read markets as JSON from stdin, `record` writes what the libraries say about
the markets below: tests/odds/margins_peers.json, which the tests hold us against.

    .venv-bench/bin/python bench/peers_margins.py record > tests/odds/margins_peers.json
"""

import contextlib
import io
import json
import math
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import goto_conversion
import numpy as np
import penaltyblog
import shin

Market = list[float]
Answer = list[float] | None
REPEATS = 3
# What the libraries call the methods that we call so.
PENALTYBLOG = {
    "multiplicative": "multiplicative",
    "additive": "additive",
    "power": "power",
    "shin": "shin",
    "odds_ratio": "odds_ratio",
    "differential": "differential_margin_weighting",
    "logarithmic": "logarithmic",
}
RECORDED: list[Market] = [
    [2.7, 2.3, 4.4],
    [1.5, 2.8],
    [1.91, 1.91],
    [1.001, 501.0],
    [1.3, 5.5, 11.0],
    [1.02, 26.0, 81.0],
    [1.02, 26.0, 201.0],
    [1.5, 3.5, 3.0],
    [4.2, 3.6, 1.95],
    [2.2, 2.1],
    [3.2, 3.6, 3.4],
    [3.0, 4.0, 5.0, 7.0, 9.0, 15.0, 26.0],
]


def of_penaltyblog(method: str) -> Callable[[Market], Any]:
    return lambda row: penaltyblog.implied.calculate_implied(row, method=method).probabilities


CALLS: dict[str, dict[str, Callable[[Market], Any]]] = {
    "penaltyblog": {ours: of_penaltyblog(theirs) for ours, theirs in PENALTYBLOG.items()},
    "shin": {"shin": shin.calculate_implied_probabilities},
    "goto_conversion": {
        "goto": lambda row: goto_conversion.goto_conversion(np.array(row)),
        "efficient_shin": lambda row: goto_conversion.efficient_shin_conversion(np.array(row)),
    },
}


def answer(call: Callable[[Market], Any], row: Market) -> Answer:
    """Return a library's probabilities, or None where it raises or answers with no number."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            found = [float(each) for each in call(row)]
    except Exception:  # noqa: BLE001 - whatever a library raises, it has no answer
        return None
    return found if all(math.isfinite(each) for each in found) else None


def best_time(call: Callable[[Market], Any], rows: list[Market]) -> float:
    """Return seconds a market, the best of several runs over all; what raises costs its time."""
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            for row in rows:
                with contextlib.suppress(ValueError):
                    call(row)
        times.append(time.perf_counter() - begin)
    return min(times) / len(rows)


def main() -> None:
    """Answer one request on stdout as JSON."""
    asked = sys.argv[1]
    rows: list[Market] = RECORDED if asked == "record" else json.load(sys.stdin)
    found: dict[str, Any] = {}
    for library, calls in CALLS.items():
        for method, call in calls.items():
            found.setdefault(library, {})[method] = (
                best_time(call, rows) if asked == "time" else [answer(call, row) for row in rows]
            )
    if asked == "record":
        versions = {library: version(library.replace("_", "-")) for library in CALLS}
        found = {"versions": versions, "prices": rows, **found}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
