"""scripts/run."""

from collections.abc import Sequence

from stack import say
from stack.place import Place


def run(place: Place, arguments: Sequence[str]) -> int:
    """Not there yet."""
    raise say.Trouble("not there yet")
