"""Soccer, from files and from the database: what is read, and what evaluate says of it."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from models_registry.history import read_history
from models_registry.history.files import read_files
from models_registry.models import ModelVersion
from tests.models_registry import matches

SHARED = Path(os.environ.get("FAIRLINE_SHARED_DATA", "../shared/data"))
KEY = "soccer_epl"
SEASON = ("--test-from", "2015-08-01", "--test-until", "2016-07-01", "--json")


def evaluate(folder: Path, *words: str) -> tuple[dict, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(
        "evaluate", "--sport", KEY, "--history", str(folder), *words, stdout=out, stderr=err
    )
    return json.loads(out.getvalue()), err.getvalue()


def test_model_baseline_and_bookmakers_are_judged_on_the_same_matches(tmp_path):
    """No database here: any query would fail."""
    made = matches.rows()
    made[-1][15:21] = [""] * 6
    matches.write(tmp_path / "season.csv", made)

    answer, said = evaluate(tmp_path, *SEASON)

    assert list(answer) == [
        "games", "seasons", "model", "elo", "bet365", "pinnacle", "pinnacle_close", "close",
        "verdict", "lines",
    ]  # fmt: skip
    assert (answer["games"], answer["seasons"]) == (223, ["2015-16"])
    assert "1 matches lack a market that others have and are left out" in said
    assert answer["close"] is None
    assert set(answer["model"]) == {"log_loss", "brier", "rps", "accuracy", "calibration_error"}
    # Between what is known of nobody and what the market knows.
    assert answer["pinnacle_close"]["rps"] < answer["model"]["rps"] < 0.2285
    assert answer["model"]["log_loss"] < 1.05
    assert answer["verdict"]["close"]["kind"] in {"worse", "not distinguishable"}
    # The close's prices are the same for every match: about as good as a coin.
    for kind, coin in (("spreads", 1 / 1.9 / (1 / 1.9 + 1 / 2.0)), ("totals", 2.1 / (1.8 + 2.1))):
        lines = answer["lines"][kind]
        assert lines["games"] == 223
        assert [each["said"] for each in lines["pinnacle_close"]["calibration"]] == [
            pytest.approx(coin, abs=1e-4)
        ]
        assert 0.5 < lines["model"]["log_loss"] < 0.76
        assert 0 < lines["trust"]["games"] <= 223


def test_what_comes_after_the_test_range_changes_nothing(tmp_path):
    made = matches.rows()
    matches.write(tmp_path / "season.csv", made)
    words = ("--test-from", "2015-08-01", "--test-until", "2015-10-31", "--json")
    whole, _ = evaluate(tmp_path, *words)
    # Rounds are four days apart: the 21st is on 30 October.
    matches.write(tmp_path / "season.csv", made[: 4 * (3 * 56 + 21)])

    cut, _ = evaluate(tmp_path, *words)

    assert cut == whole


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ([], "no match of soccer_epl has a score"),
        ([["E0", "soon", "A", "B", 1, 0, *[""] * 25]], "line 2: Date: 'soon'"),
        (matches.rows(seasons=1), "too few matches come before the season 2012"),
    ],
)
def test_what_is_missing_is_named(tmp_path, made, reason):
    matches.write(tmp_path / "season.csv", made)

    with pytest.raises(CommandError, match=reason):
        evaluate(tmp_path, "--test-from", "2012-08-01", "--test-until", "2016-07-01", "--json")


@pytest.mark.django_db
def test_the_database_tells_what_the_files_tell(tmp_path):
    made = matches.rows(seasons=1, rounds=6)
    made[0][4:6] = [1, 1]
    made[1][6:8] = ["", ""]
    made[2][12:15] = [""] * 3
    made[3][18:21] = ["1.01", "9", "9"]
    made[4][-4:] = [""] * 4
    made[5][24:27] = ["", "", ""]
    matches.write(tmp_path / "season.csv", made)
    filed = read_files(KEY, tmp_path)
    call_command("import_history", str(tmp_path), stdout=io.StringIO(), stderr=io.StringIO())

    stored = read_history(KEY)

    assert len(stored) == len(filed) == 24
    assert filed.games.played.all()
    drawn = filed.games.home_score == filed.games.away_score
    assert drawn.any()
    for name in ("day", "season", "known_at", "home_score", "away_score", "box", "box_known_at"):
        assert np.array_equal(
            getattr(stored.games, name), getattr(filed.games, name),
            equal_nan=getattr(filed.games, name).dtype.kind in "fM",
        ), name  # fmt: skip
    assert np.isnan(filed.games.box).sum() == 2
    for name in ("bet365", "pinnacle", "pinnacle_close", "spreads", "totals"):
        np.testing.assert_allclose(stored.market[name], filed.market[name], atol=1e-12)
    assert np.isnan(filed.market["bet365"]).any(axis=1).sum() == 1
    assert np.isnan(filed.market["pinnacle_close"]).any(axis=1).sum() == 1
    np.testing.assert_allclose(np.nansum(stored.market["close"], axis=1), 1)
    assert np.isnan(filed.market["totals"]).any(axis=1).sum() == 1
    # Where the close's line is missing, the one before it stands; else the newest does.
    assert filed.market["spreads"][5].tolist() == [made[5][21], pytest.approx(2.5 / 4)]
    assert filed.market["spreads"][6].tolist() == [made[6][24], pytest.approx(2.0 / 3.9)]


@pytest.mark.real_data
@pytest.mark.skipif(not (SHARED / "soccer_E0.csv.gz").exists(), reason=f"no archive in {SHARED}")
def test_on_real_seasons_the_bookmakers_figures_are_the_published_ones(tmp_path):
    (tmp_path / "soccer_E0.csv.gz").symlink_to((SHARED / "soccer_E0.csv.gz").resolve())

    answer, _ = evaluate(
        tmp_path, "--test-from", "2012-08-01", "--test-until", "2013-07-01", "--json"
    )

    assert (answer["games"], answer["seasons"]) == (380, ["2012-13"])
    # By hand from the file's columns, without any of our code.
    assert answer["bet365"]["log_loss"] == pytest.approx(0.964112, abs=2e-6)
    assert answer["pinnacle_close"]["rps"] == pytest.approx(0.185080, abs=2e-6)
    assert answer["model"]["rps"] < answer["elo"]["rps"] - 0.002


def test_a_version_is_believed_on_the_lines_it_has_a_record_on():
    earned = {"weight": 0.2, "error": 0.3, "games": 500}
    metrics = {"trust": earned, "lines": {"totals": {"trust": earned}, "spreads": None}}

    assert ModelVersion(metrics=metrics).trust.keys() == {"h2h", "totals"}
    assert ModelVersion(metrics={}).trust == {}
