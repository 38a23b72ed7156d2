"""A web server's turn to be sent requests: all its processes know from the moment it changes."""

import mmap

# Shared with whoever is forked: gunicorn's settings and the doors are imported before that.
_said = mmap.mmap(-1, 2)
_BEGUN, _OVER = 0, 1


def begin() -> None:
    _said[_BEGUN] = 1


def end() -> None:
    _said[_OVER] = 1


def has_begun() -> bool:
    return _said[_BEGUN] == 1


def is_over() -> bool:
    return _said[_OVER] == 1
