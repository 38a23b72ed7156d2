"""The published consensus strategy on a handful of matches that can be checked by hand."""

import gzip

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from betting.services.consensus_study import NoSuchColumns, read_matches, study
from betting.services.strategies import PRESETS

CONFIGURATION = next(each.configuration for each in PRESETS if each.key == "published-consensus")
HEAD = (
    "Season,Div,Date,FTR,BbMxH,BbAvH,BbMxD,BbAvD,BbMxA,BbAvA,"
    "MaxH,AvgH,MaxD,AvgD,MaxA,AvgA,PSCH,PSCD,PSCA"
)
ROWS = [
    # 1 / 2.00 - 0.05 = 0.45: anything above 2.2222 is bet on; it won, and closed at evens.
    "2005-06,E0,13/08/05,H,2.30,2.00,3.50,3.40,4.10,4.00,,,,,,,2.00,3.60,4.20",
    # A hair below: no bet.
    "2005-06,E0,20/08/05,H,2.22,2.00,3.50,3.40,4.10,4.00,,,,,,,,,",
    # The newer columns count where both are there: the away price, which lost.
    "2006-07,E0,19/08/2006,H,9.00,2.00,3.50,3.40,4.10,4.00,2.10,2.00,3.50,3.40,5.50,4.00,,,",
    # No result, and no price of the draw: left out.
    "2006-07,E0,26/08/2006,,2.30,2.00,3.50,3.40,4.10,4.00,,,,,,,,,",
    "2006-07,E0,27/08/2006,H,2.30,2.00,,3.40,4.10,4.00,,,,,,,,,",
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "E0.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEAD, *ROWS]).encode()))
    return path


def test_it_bets_where_the_best_price_beats_the_average_and_counts_what_came_of_it(file):
    by_season, finer = study(read_matches([file]), CONFIGURATION)

    assert [(line.name, line.matches, line.bets) for line in by_season] == [
        ("2005-06", 2, 1),
        ("2006-07", 1, 1),
        ("all", 3, 2),
    ]
    won, lost, every = by_season
    assert won.yields[0].value == pytest.approx(1.30)
    assert [each.value for each in won.yields[1:]] == pytest.approx(
        [2.30 * share - 1 for share in (0.99, 0.98, 0.97)]
    )
    assert lost.yields[0].value == -1
    assert every.yields[0].value == pytest.approx(0.15)
    # Against the close without its margin, not against the naked 1 / 2.00.
    assert 2.30 * 0.46 - 1 < won.clv.value < 2.30 * 0.5 - 1
    assert lost.clv is None
    assert [line.name for line in finer] == ["E0 2005-06", "E0 2006-07", "E0 all"]


def test_results_do_not_reach_the_choice(file, tmp_path):
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join([HEAD, *(row.replace(",H,", ",A,") for row in ROWS)]))

    def bets(path):
        return [line.bets for line in study(read_matches([path]), CONFIGURATION)[0]]

    assert bets(turned) == bets(file)


@pytest.mark.django_db
def test_a_file_without_those_prices_is_refused_by_name(tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("Season,Div,Date,FTR\n2005-06,E0,13/08/05,H\n")

    with pytest.raises(NoSuchColumns, match="BbMxH/BbAvH"):
        read_matches([other])
    with pytest.raises(CommandError, match="no match has a best and a mean price"):
        call_command("consensus_study", str(other))


@pytest.mark.django_db
def test_the_command_writes_a_table_or_json(file, capsys):
    call_command("consensus_study", str(file), "--to", "2005-06")
    shown = capsys.readouterr().out
    assert "| 2005-06 | 2 | 1 | 100.0% | +130.0% (too few) |" in shown
    assert "2006-07" not in shown

    call_command("consensus_study", str(file), "--alpha", "0.5", "--json")
    assert '"bets": 0' in capsys.readouterr().out
    with pytest.raises(CommandError, match="cannot be; use 0 to 0"):
        call_command("consensus_study", str(file), "--alpha", "0.9")


def test_an_unknown_close_is_no_close(file):
    matches = read_matches([file])

    assert np.isnan(matches.close[1:]).all()
