"""What docstrings show is so."""

import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("accounts", "betting", "config", "models_registry", "odds", "risk", "tests")


def modules() -> Iterator[str]:
    """Yield those with examples: to look for some in each would import all of them."""
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        if re.search(r"^ *>>> ", path.read_text(), re.MULTILINE):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__")


@pytest.mark.parametrize("name", list(modules()))
def test_examples_hold(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed
