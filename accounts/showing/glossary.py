"""The words of docs/glossary.md: pages explain them from there, and from nowhere else."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its aliases as the glossary has them, and what they mean."""

    names: tuple[str, ...]
    means: str

    @property
    def title(self) -> str:
        """Return how the glossary writes it."""
        return ", ".join(self.names)


@cache
def words() -> tuple[Word, ...]:
    """Return the glossary, in its order."""
    return parse((Path(settings.BASE_DIR) / "docs" / "glossary.md").read_text())


@cache
def meaning(name: str) -> str:
    """Return what a word means.

    Raises:
        KeyError: naming a word that the glossary does not have.
    """
    for word in words():
        if name.lower() in (each.lower() for each in word.names):
            return word.means
    raise KeyError(f"{name!r} is not a word of docs/glossary.md")


def parse(text: str) -> tuple[Word, ...]:
    r"""Return the rows of the glossary's table.

    >>> parse("| word | means | not |\n|---|---|---|\n| push, void | stake returned: `1` | |")
    (Word(names=('push', 'void'), means='stake returned: 1'),)
    """
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| ") or len(cells) < 2 or cells[0] == "word":
            continue
        names = tuple(name.strip() for name in cells[0].split(","))
        found.append(Word(names, cells[1].replace("`", "")))
    return tuple(found)
