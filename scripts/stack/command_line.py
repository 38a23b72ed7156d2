"""scripts/run, manage, test, bench: what each is called with."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from stack import bench, gate, manage, run
from stack.place import ROOT, Place
from stack.say import Trouble


def main(arguments: Sequence[str]) -> int:
    """Run one of the scripts; return its exit code."""
    name, *rest = arguments
    place = Place(var=Path(os.environ.get("FAIRLINE_VAR") or ROOT / "var").resolve())
    scripts = {"run": run.run, "manage": manage.manage, "test": gate.gate, "bench": bench.bench}
    try:
        return scripts[name](place, rest)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
