"""Goal figures at their full size: `python bench/figures NAME [--small] [--seed N]`.

docs/guides/evidence.md says which figure is which, and what was seen. Outside the gate, which
proves the same in little. `--small` is for bench/mutants.py, which plants a fault and demands that
it is found. With DATABASE_URL and REDIS_URL; has a database of its own beside that of
DATABASE_URL, and leaves nothing. Exits with 1 if a figure misses its goal.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "scripts")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Fifty at once are fifty connections.
os.environ["DATABASE_POOL_SIZE"] = "60"
# What is refused on purpose would fill the screen.
os.environ.setdefault("LOG_LEVEL", "CRITICAL")

NAMES = ("settling", "quota", "registry", "limits", "racing", "probes", "drift")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()

    import django

    django.setup()
    room = import_module(f"figures.{asked.name}")
    return 1 if room.run(small=asked.small, seed=asked.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
