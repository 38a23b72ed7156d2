"""The real files, where they are: each is recognised, and small slices give what they say."""

import gzip
import itertools
import os
from pathlib import Path

import pytest

from odds.feeds.history import recognise
from odds.feeds.parsed import ParsedBoxScore, ParsedEvent, ParsedResult, ParsedSweep, RejectedRow

FOLDER = Path(os.environ.get("FAIRLINE_SHARED_DATA", "../shared/data"))
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no shared data at {FOLDER}"),
]
FORMATS = {
    "nba_games.csv.gz": "NBA games",
    "nba_team_boxscores.csv.gz": "NBA box scores",
    "nba_odds_snapshots.csv.gz": "NBA odds snapshots",
    "nba_odds_v4_native.jsonl.gz": "stored The Odds API answers",
    "nfl_games.csv.gz": "NFL games",
    "nhl_wnba_odds_snapshots.csv.gz": "odds by bookmaker",
    "multisport_67books_20260416.csv.gz": "odds of many bookmakers",
    "soccer_E0.csv.gz": "football-data.co.uk",
}


@pytest.mark.parametrize(("name", "form"), FORMATS.items())
def test_every_file_is_recognised_and_the_head_of_it_read_without_a_fault(tmp_path, name, form):
    assert recognise(FOLDER / name).name == form
    lines = 4 if name.endswith("jsonl.gz") else 301
    with gzip.open(FOLDER / name, "rt", encoding="utf-8") as file:
        head = "".join(itertools.islice(file, lines))
    path = tmp_path / "head"
    path.write_text(head, encoding="utf-8")

    facts = list(recognise(path).read(path))

    reasons = {fact.reason for fact in facts if isinstance(fact, RejectedRow)}
    # Early football seasons have handicap prices whose handicap is blank.
    assert reasons <= {"blank, so the price has no line"}
    if form in ("NBA games", "NFL games", "football-data.co.uk"):
        assert sum(isinstance(fact, ParsedEvent) for fact in facts) == 300
        assert sum(isinstance(fact, ParsedResult) for fact in facts) == 300
    elif form == "NBA box scores":
        assert sum(isinstance(fact, ParsedBoxScore) for fact in facts) == 300
    else:
        assert sum(len(fact.quotes) for fact in facts if isinstance(fact, ParsedSweep)) >= 300
