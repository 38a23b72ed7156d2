"""Team names: when two spellings are the same, and what someone may have meant.

Only equal spellings match, and those someone listed. Likeness only ever makes a suggestion:
"Manchester United" is closer to "Manchester City" than to "Man Utd".
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import fuzz, process


@lru_cache(maxsize=16384)
def normalise(name: str) -> str:
    """Return a spelling without case, accents and spare spaces.

    >>> normalise("  Atlético   Madrid ")
    'atletico madrid'
    """
    if not name.isascii():
        decomposed = unicodedata.normalize("NFKD", name)
        name = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(name.casefold().split())


def suggest(name: str, known: Iterable[str], *, limit: int = 3) -> list[str]:
    """Return the known names most like this one, likest first; none if none is like it.

    >>> suggest("Los Angeles Clipers", ["Los Angeles Clippers", "Los Angeles Lakers", "Utah Jazz"])
    ['Los Angeles Clippers', 'Los Angeles Lakers']
    """
    found = process.extract(
        name, list(known), scorer=fuzz.WRatio, processor=normalise, limit=limit, score_cutoff=60
    )
    return [match for match, _score, _index in found]
