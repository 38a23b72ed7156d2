"""Past results and prices in files, read into values; no database is needed.

`recognise(path).read(path)` gives the facts of a file. Each format is a module with one `FORMAT`,
recognised by its header, never by its name. `docs/data.md` tells when each fact counts as known.
Nothing is resolved or compared here: teams go by the source's own names (codes in the NBA and NFL
files), and a fact that two files tell is told twice.
"""

from odds.feeds.history.formats import Fact, Format, Unrecognised
from odds.feeds.history.reading import find_files, recognise

__all__ = [
    "Fact",
    "Format",
    "Unrecognised",
    "find_files",
    "recognise",
]
