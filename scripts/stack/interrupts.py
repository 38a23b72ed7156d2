"""Ctrl-C and SIGTERM as one thing: KeyboardInterrupt, once, and never at a bad moment."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from stack import say

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns the first signal into KeyboardInterrupt; later ones are told to wait."""

    def __init__(self) -> None:
        self._asked = False
        self._held = False

    def listen(self) -> None:
        """Take over the signals."""
        for number in SIGNALS:
            signal.signal(number, self._arrived)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put an interrupt off while something is done whole or not at all."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._asked:
            raise KeyboardInterrupt

    def ignore_from_here(self) -> None:
        """Let nothing interrupt the clean-up."""
        self._asked = self._held = True

    def _arrived(self, _number: int, _frame: object) -> None:
        if self._asked:
            say.progress("stopping already; a moment")
            return
        self._asked = True
        if not self._held:
            raise KeyboardInterrupt
