"""Room for the frames of a request's calls, taken at once instead of call by call.

CPython keeps the frames of a thread's calls in chunks of 16 KB, and gives a chunk back to the
system as soon as no frame is in it. Where a loop's calls happen to cross the end of a chunk, each
of them asks for memory and gives it back: a page whose rows lie there takes twice as long, and one
middleware more or less decides which page that is. A chunk is as large as its first frame asks for,
twice over at most: so a call with a large frame, which it does not use, leaves room for all within.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

# In words of 8 bytes: a chunk of 512 KB, of which half is left, and only what is used is touched.
ROOM = 32_768

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def with_room(call: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Return the same call, whose own calls have room for their frames."""

    def roomy(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        return call(*args, **kwargs)

    roomy.__code__ = roomy.__code__.replace(co_stacksize=ROOM)
    return roomy
