"""Facts about leagues that are public before its games: conferences, length, places, halls."""

from datetime import date

NBA = "basketball_nba"
EAST, WEST = 0, 1
_EAST = {
    "ATL": "Atlanta Hawks",
    "BKN": "Brooklyn Nets",
    "BOS": "Boston Celtics",
    "CHA": "Charlotte Hornets",
    "CHI": "Chicago Bulls",
    "CLE": "Cleveland Cavaliers",
    "DET": "Detroit Pistons",
    "IND": "Indiana Pacers",
    "MIA": "Miami Heat",
    "MIL": "Milwaukee Bucks",
    "NYK": "New York Knicks",
    "ORL": "Orlando Magic",
    "PHI": "Philadelphia 76ers",
    "TOR": "Toronto Raptors",
    "WAS": "Washington Wizards",
}
_WEST = {
    "DAL": "Dallas Mavericks",
    "DEN": "Denver Nuggets",
    "GSW": "Golden State Warriors",
    "HOU": "Houston Rockets",
    "LAC": "Los Angeles Clippers",
    "LAL": "Los Angeles Lakers",
    "MEM": "Memphis Grizzlies",
    "MIN": "Minnesota Timberwolves",
    "NOP": "New Orleans Pelicans",
    "OKC": "Oklahoma City Thunder",
    "PHX": "Phoenix Suns",
    "POR": "Portland Trail Blazers",
    "SAC": "Sacramento Kings",
    "SAS": "San Antonio Spurs",
    "UTA": "Utah Jazz",
}
_CONFERENCES = {
    team: number
    for number, teams in ((EAST, _EAST), (WEST, _WEST))
    for code, name in teams.items()
    for team in (code, name)
} | {"LA Clippers": WEST}
# The Hornets moved to New Orleans in 2002 and west two years later.
_MOVED = {("NOP", 2002): EAST, ("NOP", 2003): EAST}
# Lockouts of 1998 and 2011, and the season that began in December 2020.
_SHORTER = {1998: 50, 2011: 66, 2020: 72}
FULL = 82
# Since 2020 the teams of rank 7 to 10 play for the last two places.
FIRST_PLAY_IN = 2020
# The rest of 2019-20 was played in one place; the next season without crowds, then with them.
_ONE_PLACE = (date(2020, 7, 22), date(2020, 10, 12))
_HALLS_CHANGED = (date(2020, 12, 11), date(2021, 10, 1))


def conference_of(competition_key: str, team: str, season: int) -> int:
    """Return the number of a team's conference, -1 where it has none that is known.

    The team is known by the league's code or its full name, the season by the year it starts in.

    >>> conference_of("basketball_nba", "NOP", 2003), conference_of("basketball_nba", "NOP", 2022)
    (0, 1)
    >>> conference_of("soccer_epl", "Arsenal", 2022)
    -1
    """
    if competition_key != NBA:
        return -1
    return _MOVED.get((team, season), _CONFERENCES.get(team, -1))


def season_of(competition_key: str, season: int) -> tuple[int, int]:
    """Return how many games a team plays before the playoffs and how many of a conference go on.

    (0, 0) where that is not known.

    >>> season_of("basketball_nba", 2011), season_of("basketball_nba", 2022)
    ((66, 8), (82, 10))
    """
    if competition_key != NBA:
        return 0, 0
    return _SHORTER.get(season, FULL), 8 if season < FIRST_PLAY_IN else 10


def halls_on(competition_key: str, day: date) -> int:
    """Return how often crowds had been shut out or let back in by a day; -1: nobody is at home.

    >>> days = date(2019, 1, 1), date(2020, 8, 1), date(2021, 1, 1), date(2022, 1, 1)
    >>> [halls_on("basketball_nba", day) for day in days]
    [0, -1, 1, 2]
    """
    if competition_key != NBA:
        return 0
    if _ONE_PLACE[0] <= day <= _ONE_PLACE[1]:
        return -1
    return sum(day >= changed for changed in _HALLS_CHANGED)
