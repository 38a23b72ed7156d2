"""Past results and prices in files, read into values; no database is needed.

`read_history(path)` gives the facts of a file or of a folder. Each format is a module with one
`FORMAT`, recognised by its header, never by its name. `docs/data.md` tells when each fact counts
as known.
"""

from odds.feeds.history.formats import Fact, Format, Unrecognised
from odds.feeds.history.reading import find_files, read_games, read_history, recognise

__all__ = [
    "Fact",
    "Format",
    "Unrecognised",
    "find_files",
    "read_games",
    "read_history",
    "recognise",
]
