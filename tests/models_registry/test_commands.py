"""The registry's words on the command line, and the scheduled tasks."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from accounts.models import JobRun
from models_registry import selectors, tasks
from models_registry.models import Prediction, Promotion
from tests.models_registry import league

PREDICTOR = f"{league.KEY}-h2h"


def _models(*words: str):
    out = io.StringIO()
    call_command("models", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_from_training_to_champion_and_back_in_words(trained, alice):
    assert "No versions yet" in _models("list", "another-h2h")

    said = json.loads(_models("train", league.KEY, "--until", "2023-07-01", "--json"))
    assert (said["name"], said["checksum"]) == (f"{PREDICTOR}/2", trained.checksum)
    for number in (1, 2):
        _models("promote", f"{PREDICTOR}/{number}", "--reason", "good", "--by", "alice")
    compared = json.loads(_models("compare", f"{PREDICTOR}/1", f"{PREDICTOR}/2", "--json"))
    shown = json.loads(_models("show", f"{PREDICTOR}/2", "--json"))
    listed = json.loads(_models("list", "--json"))

    assert (compared["difference"], compared["interval"]) == (0.0, [0.0, 0.0])
    assert shown["champion"] is True
    assert all(gate["passed"] for gate in shown["gates"])
    assert [row["champion"] for row in listed] == [True, False]

    assert "is the champion again" in _models("rollback", PREDICTOR, "--reason", "drift")
    assert selectors.champion(PREDICTOR).number == 1
    assert [row.by for row in Promotion.objects.order_by("-pk")] == [None, alice, alice]


def test_stages_tags_notes_and_the_log_in_words(trained, alice):
    first, second = f"{PREDICTOR}/1", f"{PREDICTOR}/{league.once_more(trained).number}"

    _models("promote", first, "--reason", "the first")
    assert "is staging" in _models("stage", second, "staging", "--reason", "try", "--by", "alice")
    assert "tagged reviewed" in _models("tag", second, "reviewed", "--by", "alice")
    _models("note", second, "Odd in May.")
    _models("untag", second, "reviewed")

    listed = json.loads(_models("list", "--stage", "staging", "--json"))
    assert [(row["name"], row["stage"], row["tags"]) for row in listed] == [(second, "staging", [])]
    log = json.loads(_models("log", PREDICTOR, "--json"))
    assert {(row["version"], row["what"], row["by"], row["reason"]) for row in log} == {
        (first, "promoted", "the system", "the first"),
        (second, "candidate to staging", "alice", "try"),
        (second, "tagged", "alice", "reviewed"),
        (second, "note", "the system", "Odd in May."),
        (second, "tag taken off", "the system", "reviewed"),
    }
    assert "no version of" in _models("log", PREDICTOR, "--at", "2020-01-01")
    assert f"{first} priced at" in _models("log", PREDICTOR, "--at", "2999-01-01")
    assert "where they differ most" in _models("compare", first, second)
    assert "Nothing was left over" in _models("clean")


def test_a_training_is_left_to_a_worker_seen_and_cancelled(trained, alice, monkeypatch):
    monkeypatch.setattr("models_registry.management.commands.models.queue_training", lambda pk: pk)

    asked = json.loads(_models("train", league.KEY, "--queue", "--by", "alice", "--json"))
    assert (asked["status"], asked["by"], asked["cause"]) == ("queued", "alice", "asked")
    with pytest.raises(CommandError, match=r"is being trained already: run .* is queued; wait"):
        _models("train", league.KEY)
    assert "queued" in _models("runs", PREDICTOR)
    assert "is cancelled" in _models("cancel", str(asked["run"]), "--reason", "mistaken")
    with pytest.raises(CommandError, match=r"is over \(cancelled\)"):
        _models("cancel", str(asked["run"]), "--reason", "again")

    latest, before = json.loads(_models("runs", "--json"))
    assert (latest["status"], latest["error"]) == ("cancelled", "cancelled: mistaken")
    assert before["version"] == f"{PREDICTOR}/1"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("train", "chess", "--until", "soon"), "--until: 'soon' is not an ISO day"),
        (("train", "chess", "--by", "nobody"), "--by: there is no user 'nobody'"),
        (("cancel", "0", "--reason", "x"), "there is no run 0; models runs shows them"),
        (("show", "nothing/1"), "there is no version 'nothing/1'; models list"),
        (("train", "chess"), "no competition 'chess' is stored"),
        (("rollback", "nothing", "--reason", "x"), "there is no predictor 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_said(db, words, reason):
    with pytest.raises(CommandError, match=reason):
        _models(*words)


def test_the_tasks_record_what_they_did(trained, monkeypatch):
    queued: list[int] = []
    monkeypatch.setattr(tasks, "queue_training", queued.append)
    monkeypatch.setattr(tasks.clock, "now", lambda: league.AFTER)
    _models("promote", f"{PREDICTOR}/1", "--reason", "good")
    event = league.upcoming(trained.predictor.competition, day=league.AFTER.date())

    tasks.predict_upcoming()
    tasks.evaluate_champion(days=3650)
    tasks.retrain()

    predicted, evaluated, retrained = JobRun.objects.order_by("pk")
    assert predicted.detail[PREDICTOR]["predicted"] == 1
    assert Prediction.objects.get().event == event
    # The event is not played yet: nothing to judge, and that is said.
    assert evaluated.detail == {PREDICTOR: {"version": 1, "events": 0}}
    assert retrained.detail == {league.KEY: {"run": queued[0]}}

    event.status, event.home_score, event.away_score = "finished", 101, 99
    event.result_seen_at = event.starts_at
    event.save()
    monkeypatch.setattr(tasks.clock, "now", lambda: event.starts_at)
    tasks.evaluate_champion(days=3650)

    record = JobRun.objects.latest("pk").detail[PREDICTOR]
    assert (record["events"], record["closed_events"]) == (1, 0)
    assert set(record["model"]) == {"log_loss", "brier", "accuracy", "calibration_error"}
