"""What a competition's key tells: its sport, its calendar, how a season is named.

Keys are those of The Odds API. A key that is not listed here is as welcome as one that is: its
sport is read from the key, its days are counted in UTC until someone sets another zone.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class CompetitionInfo:
    """What to store of a competition when it is met first."""

    key: str
    sport_key: str
    sport_title: str
    title: str
    time_zone: str


_SPORTS = {
    "basketball": "Basketball",
    "soccer": "Soccer",
    "americanfootball": "American football",
    "icehockey": "Ice hockey",
    "baseball": "Baseball",
    "tennis": "Tennis",
}
_COMPETITIONS = {
    "basketball_nba": ("NBA", "America/New_York"),
    "basketball_wnba": ("WNBA", "America/New_York"),
    "basketball_ncaab": ("NCAA basketball", "America/New_York"),
    "basketball_sim": ("Simulated league", "UTC"),
    "americanfootball_nfl": ("NFL", "America/New_York"),
    "americanfootball_ncaaf": ("NCAA football", "America/New_York"),
    "icehockey_nhl": ("NHL", "America/New_York"),
    "baseball_mlb": ("MLB", "America/New_York"),
    "soccer_epl": ("Premier League", "Europe/London"),
    "soccer_efl_champ": ("EFL Championship", "Europe/London"),
    "soccer_england_league1": ("EFL League One", "Europe/London"),
    "soccer_england_league2": ("EFL League Two", "Europe/London"),
    "soccer_spl": ("Scottish Premiership", "Europe/London"),
    "soccer_spain_la_liga": ("La Liga", "Europe/Madrid"),
    "soccer_spain_segunda_division": ("Segunda División", "Europe/Madrid"),
    "soccer_italy_serie_a": ("Serie A", "Europe/Rome"),
    "soccer_italy_serie_b": ("Serie B", "Europe/Rome"),
    "soccer_germany_bundesliga": ("Bundesliga", "Europe/Berlin"),
    "soccer_germany_bundesliga2": ("2. Bundesliga", "Europe/Berlin"),
    "soccer_france_ligue_one": ("Ligue 1", "Europe/Paris"),
    "soccer_france_ligue_two": ("Ligue 2", "Europe/Paris"),
    "soccer_netherlands_eredivisie": ("Eredivisie", "Europe/Amsterdam"),
    "soccer_belgium_first_div": ("Belgian First Division", "Europe/Brussels"),
    "soccer_portugal_primeira_liga": ("Primeira Liga", "Europe/Lisbon"),
    "soccer_turkey_super_league": ("Süper Lig", "Europe/Istanbul"),
    "soccer_greece_super_league": ("Super League Greece", "Europe/Athens"),
}
# The month in which the next season begins to count. Leagues that fit one calendar year are named
# by it; the NFL by the year in which it began.
_TURN_OF_SEASON = {"basketball": 8, "icehockey": 8, "soccer": 7, "americanfootball": 5}
_ONE_YEAR = {"basketball_wnba"}


@lru_cache(maxsize=256)
def competition_info(key: str, title: str = "") -> CompetitionInfo:
    """Return what to store of a competition; `title` serves where its key is not listed.

    >>> competition_info("soccer_epl").time_zone
    'Europe/London'
    >>> competition_info("darts_pdc", "PDC").sport_title
    'Darts'
    """
    sport_key = key.split("_", 1)[0]
    known_title, zone = _COMPETITIONS.get(key, (title or key, "UTC"))
    sport_title = _SPORTS.get(sport_key, sport_key.capitalize())
    return CompetitionInfo(key, sport_key, sport_title, known_title, zone)


def season_of(competition_key: str, day: date) -> str:
    """Return the season a day belongs to, as the league writes it.

    >>> season_of("basketball_nba", date(2022, 1, 22)), season_of("baseball_mlb", date(2022, 6, 1))
    ('2021-22', '2022')
    >>> season_of("americanfootball_nfl", date(2023, 2, 12))
    '2022'
    """
    sport_key = competition_key.split("_", 1)[0]
    turn = _TURN_OF_SEASON.get(sport_key)
    if turn is None or competition_key in _ONE_YEAR:
        return str(day.year)
    first = day.year if day.month >= turn else day.year - 1
    if sport_key == "americanfootball":
        return str(first)
    return f"{first}-{(first + 1) % 100:02d}"


def outcome_count(competition_key: str, market_key: str) -> int:
    """Return how many sides a whole book of this market has.

    >>> outcome_count("soccer_epl", "h2h"), outcome_count("soccer_epl", "totals")
    (3, 2)
    """
    three_way = competition_key.startswith("soccer_") or "3_way" in market_key
    return 3 if three_way and market_key.startswith("h2h") else 2
