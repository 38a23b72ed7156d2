"""What a person at the terminal is told: progress on stderr, results on stdout."""

import sys
import time

_started = time.monotonic()


class Trouble(Exception):
    """Something a person has to put right; the text says what and how."""


def progress(text: str) -> None:
    """Tell how far things are, with the seconds since the start."""
    print(f"{time.monotonic() - _started:7.1f} s  {text}", file=sys.stderr, flush=True)


def result(text: str = "") -> None:
    """Print what was asked for."""
    print(text, flush=True)


def seconds_since_start() -> float:
    """Return how long this script has been running."""
    return time.monotonic() - _started
