"""What leaves as a file: no spreadsheet runs it, and CSV and JSON hold the same rows."""

import csv
import io
import json
from pathlib import Path

import pytest

from accounts.showing.exports import export, harmless

ROWS = [
    {"id": 1, "name": '=cmd|"/c calc"!A1', "profit": "-5.00", "clv": -0.01},
    {"id": 2, "name": 'Boston, "the" home\nteam', "profit": None, "clv": None},
]
COLUMNS = ("id", "name", "profit", "clv")


def sent(kind: str) -> str:
    answer = export(iter(ROWS), COLUMNS, kind=kind, name="x", texts={"name"})
    assert f'filename="fairline-x.{kind}"' in answer["Content-Disposition"]
    return b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r", "\n", " =", "\u2212", "\uff1d"])
def test_no_text_begins_as_a_formula_does(start):
    assert harmless(f"{start}1+1").startswith("'")


def test_a_file_reads_back_as_what_was_sent_and_numbers_stay_numbers():
    first, second = csv.DictReader(io.StringIO(sent("csv"), newline=""))

    assert first == {"id": "1", "name": "'" + ROWS[0]["name"], "profit": "-5.00", "clv": "-0.01"}
    assert second["name"] == ROWS[1]["name"]
    assert (second["profit"], second["clv"]) == ("", "")
    assert json.loads(sent("json")) == ROWS


def test_every_csv_that_leaves_is_written_by_this_writer():
    root = Path(__file__).parents[2]
    for app in ("accounts", "odds", "models_registry", "risk", "betting", "config"):
        for file in (root / app).rglob("*.py"):
            text = file.read_text()
            if file.name != "exports.py" and "simulator" not in file.parts:
                assert "csv.writer" not in text, file
                assert "DictWriter" not in text, file
                assert "text/csv;" not in text or "Accept" in text, file
