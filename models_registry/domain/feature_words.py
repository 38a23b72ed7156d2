"""What each feature is called, what it is measured in and what it says, for whoever reads pages.

One row a feature of `features.NAMES` (basketball) and `goal_ratings.NAMES` (soccer). Records,
signatures and the API keep the names themselves; only pages read these.
"""

import re
from typing import NamedTuple

from models_registry.domain.reach import WITHIN


class Words(NamedTuple):
    """A feature in words: its title, its unit, and in one line what it says."""

    title: str
    unit: str
    meaning: str


POINTS, YES, LOG = "points", "1 yes, 0 no", "log goals"
WORDS = {
    "elo": Words("Elo rating", "Elo points", "Home side's less visitors', home edge included."),
    "strength": Words("Strength", POINTS, "By how much the home side should win."),
    "strength_quick": Words("Strength lately", POINTS, "The same, by what changed of late."),
    "strength_sd": Words("Spread of the result", POINTS, "How far results stray from strength."),
    "form_4": Words("Form, short", POINTS, "Above expectation in about the last 4 games."),
    "form_16": Words("Form, long", POINTS, "Above expectation in about the last 16 games."),
    "venue_form": Words(
        "Form at home and away", POINTS, "Home side's surplus at home less visitors' away."
    ),
    "attack": Words("Attack", POINTS, "Scored above what the others' defence allows."),
    "defence": Words("Defence", POINTS, "Conceded below what the others' attack scores."),
    "expected_total": Words("Expected total", POINTS, "What both sides should score together."),
    "home_pace": Words("Home side's pace", "possessions a game", "How fast its games are."),
    "away_pace": Words("Visitors' pace", "possessions a game", "How fast their games are."),
    "shooting": Words("Shooting", "share", "Shooting efficiency, own less allowed."),
    "turnovers": Words("Few turnovers", "share", "Possessions not lost, own less the others'."),
    "rebounds": Words("Rebounds", "share", "Own misses won back, less what the others win back."),
    "free_throws": Words("Free throws", "share", "Free throws a shot, own less allowed."),
    "home_games": Words("Home side's games", "games", "Played this season."),
    "away_games": Words("Visitors' games", "games", "Played this season."),
    "record": Words("Season's record", "share won", "Of the regular season's games so far."),
    "contest": Words(
        "Fight for a place", "0 to 1", "How close a side is to the last place that goes on."
    ),
    "locked": Words(
        "Rank is settled", "0 to 1", "In the last ten games, where a side's rank cannot change."
    ),
    "last_game": Words(
        "Last game without need", YES, "The last before the playoffs of a side that is through."
    ),
    "home_rest": Words("Home side's rest", "days", "Days off before the game, at most 7."),
    "away_rest": Words("Visitors' rest", "days", "Days off before the game, at most 7."),
    "home_back_to_back": Words("Home side played yesterday", YES, "Two games in two days."),
    "away_back_to_back": Words("Visitors played yesterday", YES, "Two games in two days."),
    "home_games_in_7_days": Words("Home side's week", "games", "In the seven days before."),
    "away_games_in_7_days": Words("Visitors' week", "games", "In the seven days before."),
    "home_away_streak": Words(
        "Home side back from the road", "games", "Away games in a row it comes from."
    ),
    "away_away_streak": Words("Visitors on the road", "games", "Away games in a row before it."),
    "playoffs": Words("Playoffs", YES, "Whether the game belongs to them."),
    "neutral": Words("Neutral court", YES, "Whether nobody is at home."),
    "phase": Words("How far into the season", "share", "Games played of 82."),
    "strength_by_phase": Words(
        "Strength, by the season", POINTS, "Counts more the more of the season was seen."
    ),
    "strength_in_playoffs": Words("Strength in the playoffs", POINTS, "Strength there, else 0."),
    "record_in_playoffs": Words(
        "Record in the playoffs", "share won", "The season's record there, else 0."
    ),
    "goals_supremacy": Words(
        "Supremacy by goals",
        LOG,
        "Half the log of the home side's goals over visitors'.",
    ),
    "goals_total": Words("Goals of both sides", LOG, "Half the log of both expectations' product."),
    "chances_supremacy": Words("Supremacy by chances", LOG, "By shots, on target, and corners."),
    "chances_total": Words("Chances of both sides", LOG, "By shots, on target, and corners."),
}
# What holds for the home side less the visitors, said once beside a table of features.
DIFFERENCES = "Where no side is named, a figure is the home side's less the visitors'."
_OFF = re.compile(r"([a-z_0-9]+) ([+-]\d+\.\d)(?=,|$)")
_FAR = re.compile(
    r"distance (?P<far>[\d.]+) from .* lie within (?P<limit>[\d.]+); furthest off, in standard "
    r"deviations: (?P<off>.+)"
)


def title_of(name: str) -> str:
    """Return what a feature is called; what has no words is written as words.

    >>> title_of("last_game"), title_of("of_an_old_version")
    ('Last game without need', 'Of an old version')
    """
    return WORDS[name].title if name in WORDS else name.replace("_", " ").capitalize()


def said_of(sentence: str) -> str:
    """Return a stored sentence about features with their titles, for readers.

    >>> said_of("nothing is known of home_pace, turnovers, which training had")
    "nothing is known of Home side's pace, Few turnovers, which training had"
    >>> said_of("1 of 36 features lie further from training than chance; furthest elo: PSI 0.31")
    '1 of 36 features lie further from training than chance; furthest Elo rating: PSI 0.31'
    """
    if far := _FAR.fullmatch(sentence):
        off = "; ".join(f"{title_of(name)} {by}" for name, by in _OFF.findall(far["off"]))
        return (
            f"Less like its training games than {WITHIN:.1%} of them are: its distance is "
            f"{far['far']}, the limit {far['limit']}. Furthest from usual, in standard "
            f"deviations: {off}"
        )
    sentence = re.sub(
        r"(?<=nothing is known of ).+(?=, which training had)",
        lambda names: ", ".join(map(title_of, names[0].split(", "))),
        sentence,
    )
    return re.sub(r"(?<=furthest )\w+(?=: PSI)", lambda name: title_of(name[0]), sentence)
