"""The command that acceptance reads: its JSON, its sources, and what it says when it cannot."""

import csv
import gzip
import io
import json
import os
import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from models_registry.history import instant, read_history
from models_registry.history.files import read_files
from models_registry.management.commands import evaluate
from odds.models import Competition, Event, Team, TeamGame
from tests.models_registry import league

SHARED = Path(os.environ.get("FAIRLINE_SHARED_DATA", "../shared/data"))
FIGURES = {"log_loss", "brier", "accuracy", "calibration_error"}
SEASON = ("--test-from", "2022-10-01", "--test-until", "2023-07-01", "--json")


def _evaluate(*words: str) -> tuple[dict, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("evaluate", *words, stdout=out, stderr=err)
    return json.loads(out.getvalue()), err.getvalue()


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """Write the made-up league as an archive, with closing prices that know a little."""
    made_up = Competition(key=league.KEY, time_zone="America/New_York")
    teams = [Team(competition=made_up, name=f"Team {n}") for n in range(10)]
    columns = (
        "season,game_id,game_date,home,away,home_score,away_score,is_playoffs,neutral_site,"
        "ml_home_close_dec,ml_away_close_dec"
    )
    folder = tmp_path_factory.mktemp("archive")
    with gzip.open(folder / "nba_games.csv.gz", "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.split(","))
        for number, event in enumerate(league.played(made_up, teams, seasons=3, games=500)):
            favourite = event.home_score > event.away_score or number % 3 == 0
            prices = ("1.5", "2.7") if favourite else ("2.7", "1.5")
            if number == 1400:
                prices = ("", "")
            writer.writerow(
                [
                    event.season, f"{number:05d}", event.day, event.home.name, event.away.name,
                    event.home_score, event.away_score, 0, 0, *prices,
                ]
            )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def evaluated(archive) -> tuple[dict, str]:
    """Evaluate the archive once. No test's database is open here: any query would fail."""
    return _evaluate("--sport", "basketball_nba", *SEASON, "--history", str(archive))


def test_the_json_has_exactly_what_the_issue_asks(evaluated):
    answer, said = evaluated

    assert list(answer) == ["games", "seasons", "model", "elo", "close", "verdict"]
    assert (answer["games"], answer["seasons"]) == (499, ["2022-23"])
    assert set(answer["model"]) == set(answer["elo"]) == set(answer["close"]) == FIGURES
    assert "1 games have no sound closing moneyline" in said
    assert answer["close"]["log_loss"] < answer["model"]["log_loss"] < 0.69


def test_the_verdict_is_a_sentence_with_the_figures_it_rests_on(evaluated):
    answer, said = evaluated
    verdict = answer["verdict"]
    market = verdict["close"]["differences"]["log_loss"]

    assert verdict["words"].startswith("worse than the market by 0.")
    assert f"the model is {verdict['words']}" in said
    assert market["difference"] == pytest.approx(
        answer["model"]["log_loss"] - answer["close"]["log_loss"], abs=2e-6
    )
    assert 0 < market["interval"][0] < market["difference"] < market["interval"][1]
    assert set(verdict["intervals"]) == {"model", "close", "elo"}
    low, high = verdict["intervals"]["elo"]["brier"]
    assert low < answer["elo"]["brier"] < high


def test_files_are_known_by_their_header_whatever_their_name(archive, tmp_path):
    shutil.copy(archive / "nba_games.csv.gz", tmp_path / "league.csv.gz")

    first, renamed = (read_files("basketball_nba", folder) for folder in (archive, tmp_path))

    assert len(renamed) == 1500
    assert renamed.fingerprint() == first.fingerprint()


def test_files_need_no_database_at_all(tmp_path):
    """No `db` fixture here: any query would fail."""
    with pytest.raises(CommandError, match=r"no file in .* has games of basketball_nba"):
        _evaluate("--sport", "basketball_nba", *SEASON, "--history", str(tmp_path))


def test_database_and_files_give_the_same_figures_where_both_know_the_same(evaluated, competition):
    league.fill(competition)

    stored, said = _evaluate("--sport", league.KEY, *SEASON)
    filed, _ = evaluated

    assert stored["close"] is None
    assert "no game has a sound closing moneyline" in said
    assert stored["games"] == filed["games"] + 1
    assert stored["elo"]["log_loss"] == pytest.approx(filed["elo"]["log_loss"], abs=0.002)


def test_what_comes_after_the_test_range_changes_nothing(archive, tmp_path):
    whole, _ = _evaluate(
        "--sport", "basketball_nba", "--test-from", "2022-10-01", "--test-until", "2022-12-01",
        "--json", "--history", str(archive),
    )  # fmt: skip
    with gzip.open(archive / "nba_games.csv.gz", "rt") as file:
        rows = [row for row in file if not "2022-12-02" <= row.split(",")[2] < "a"]
    with gzip.open(tmp_path / "nba_games.csv.gz", "wt") as file:
        file.writelines(rows)

    cut, _ = _evaluate(
        "--sport", "basketball_nba", "--test-from", "2022-10-01", "--test-until", "2022-12-01",
        "--json", "--history", str(tmp_path),
    )  # fmt: skip

    assert cut == whole


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--test-from", "1999-01-01", "--test-until", "1999-12-31"), "spans 2020-10-01 to"),
        (("--test-from", "2020-01-01", "--test-until", "2020-12-31"), "earlier seasons to learn"),
    ],
)
def test_what_is_missing_is_named(competition, words, reason):
    league.fill(competition)

    with pytest.raises(CommandError, match=reason):
        _evaluate("--sport", league.KEY, *words, "--json")


def test_an_unknown_sport_names_the_known_ones(competition):
    with pytest.raises(CommandError, match="stored: basketball_test"):
        _evaluate("--sport", "chess", *SEASON)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("season,game_id\n2022-23,1\n", "no file in .* in the format of NBA games"),
        (
            "season,game_id,game_date,home,away,home_score,away_score\n2022-23,1,soon,A,B,1,2\n",
            "line 2: .*: .*soon",
        ),
    ],
)
def test_an_unusable_file_is_named_with_its_line(tmp_path, content, reason):
    (tmp_path / "nba_games.csv").write_text(content)

    with pytest.raises(CommandError, match=reason):
        _evaluate("--sport", "basketball_nba", *SEASON, "--history", str(tmp_path))


def test_a_tie_counts_for_nothing(competition):
    league.fill(competition, seasons=1, games=4)
    Event.objects.filter(pk=Event.objects.first().pk).update(home_score=90, away_score=90)

    assert read_history(league.KEY).games.played.tolist() == [False, True, True, True]


def test_box_scores_are_read_side_by_side_and_only_where_both_are_there(competition):
    first, second = league.fill(competition, seasons=1, games=2)
    for event, is_home, made in ((first, False, 38), (first, True, 40), (second, True, 50)):
        TeamGame.objects.create(
            event=event,
            team=event.home if is_home else event.away,
            is_home=is_home,
            seen_at=event.result_seen_at + timedelta(hours=7 if is_home else 6),
            stats={"fgm": made, "fga": 80.5, "pts": 99},
        )

    games = read_history(league.KEY).games

    both = [[40, 80.5] + [np.nan] * 7, [38, 80.5] + [np.nan] * 7]
    assert np.array_equal(games.box[0], both, equal_nan=True)
    assert np.isnan(games.box[1]).all()
    assert games.box_known_at[0] == instant(first.result_seen_at + timedelta(hours=7))


@pytest.mark.real_data
@pytest.mark.skipif(
    not (SHARED / "nba_games.csv.gz").exists(), reason=f"no real history in {SHARED}"
)
def test_on_the_real_season_elo_and_close_are_the_published_figures(monkeypatch):
    read = []

    def reading(*words):
        read.append(read_files(*words))
        return read[-1]

    monkeypatch.setattr(evaluate, "read_files", reading)
    answer, _ = _evaluate(
        "--sport", "basketball_nba", "--test-from", "2021-10-01", "--test-until", "2022-07-01",
        "--json", "--history", str(SHARED),
    )  # fmt: skip

    assert (answer["games"], answer["seasons"]) == (1321, ["2021-22"])
    assert answer["elo"]["log_loss"] == pytest.approx(0.6415, abs=0.003)
    assert answer["elo"]["accuracy"] == pytest.approx(0.6465, abs=0.003)
    assert answer["close"]["log_loss"] == pytest.approx(0.6073, abs=0.0015)
    assert answer["close"]["accuracy"] == pytest.approx(0.6760, abs=0.0015)
    # A plain logistic on Elo, ratings and rest gives 0.6354.
    assert answer["model"]["log_loss"] < 0.6354
    # Reading them takes as long as all else here: real box scores meet their games, said here too.
    [history] = read
    assert (history.games.box_known_at <= history.games.known_at).mean() > 0.99
    assert history.games.day.min() == date(1996, 11, 1)
