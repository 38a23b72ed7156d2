"""Which of a provider's markets we can keep, and why not the others.

A selection of ours has a side (home, away, draw, over, under) and a point. What needs more (a
player, a team for its own total, yes and no, two results at once) is refused by name.
"""

import re
from functools import lru_cache

LAY = frozenset({"h2h_lay", "outrights_lay"})
FEATURED = frozenset({"h2h", "spreads", "totals", "outrights", *LAY})
_KEPT = frozenset(
    {"h2h", "h2h_lay", "h2h_3_way", "spreads", "totals", "draw_no_bet"}
    | {"alternate_spreads", "alternate_totals"}
)
_PERIOD = re.compile(
    r"(?P<market>h2h|h2h_3_way|spreads|totals|team_totals"
    r"|alternate_spreads|alternate_totals|alternate_team_totals)"
    r"_(?:q[1-4]|h[12]|p[1-3]|1st_[1357]_innings|s[12])"
)
_LINE = re.compile(r"(?:alternate_)?(?:spreads|totals|team_totals)(?:_|$)")
_TEAM_TOTALS = frozenset({"team_totals", "alternate_team_totals"})
_WHY_NOT = {
    "btts": "its outcomes are Yes and No",
    "double_chance": "its outcomes are two results at once",
    "outrights": "it has no home and away",
    "outrights_lay": "it has no home and away",
}
_PLAYER = re.compile(r"(?:player|batter|pitcher)_[a-z0-9_]+")


def market_fault(key: str) -> str | None:
    """Return why a market cannot be kept, or None where it can.

    >>> market_fault("spreads_h1") is None, market_fault("player_points")
    (True, 'its outcomes are of players')
    >>> market_fault("corners_1x2")
    'unknown market'
    """
    if key in _KEPT:
        return None
    if key in _WHY_NOT:
        return _WHY_NOT[key]
    found = _PERIOD.fullmatch(key)
    if key in _TEAM_TOTALS or (found and found["market"] in _TEAM_TOTALS):
        return "its totals are of one team"
    if found:
        return None
    if _PLAYER.fullmatch(key):
        return "its outcomes are of players"
    return "unknown market"


@lru_cache(maxsize=1024)
def has_line(key: str) -> bool:
    """Say whether a market's outcomes are about a line, so that one without it means nothing.

    >>> has_line("alternate_spreads_h1"), has_line("h2h_3_way")
    (True, False)
    """
    return _LINE.match(key) is not None


def is_known(key: str) -> bool:
    """Say whether the provider's guide names this market, kept or not.

    >>> is_known("btts"), is_known("corners_1x2")
    (True, False)
    """
    return market_fault(key) != "unknown market"
