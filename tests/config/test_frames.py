"""Wherever a loop lies in the stack, its calls ask the system for no memory."""

from resource import RUSAGE_THREAD, getrusage

from config import wsgi
from config.frames import ROOM, with_room

CALLS = 2_000
# Of some hundred bytes a frame: deep enough to pass the end of a chunk.
DEPTHS = range(250)


def taken(depth: int) -> int:
    """Return how often the calls of a loop that deep in the stack took memory."""
    if depth:
        return taken(depth - 1)
    before = getrusage(RUSAGE_THREAD).ru_minflt
    for _ in range(CALLS):
        nothing()
    return getrusage(RUSAGE_THREAD).ru_minflt - before


def nothing() -> None:
    """Do nothing, in a frame larger than one of `taken`: at some depth it is the first too many."""


nothing.__code__ = nothing.__code__.replace(co_stacksize=64)


def test_no_loop_of_a_request_takes_memory_at_each_call():
    assert max(map(with_room(taken), DEPTHS)) < CALLS / 10
    assert wsgi.application.__code__.co_stacksize == ROOM


def test_without_room_one_would():
    """If this fails, Python keeps frames another way, and config/frames.py is for nothing."""
    assert max(map(taken, DEPTHS)) >= CALLS
