"""The round as steps: in an order that each can rest on, run again from anywhere, without some."""

import json
from datetime import timedelta

import pytest
from celery import current_app
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, JobRun
from betting.domain.pipeline import STEPS, choose, why_not
from config.celery import schedule
from tests import make


@pytest.fixture
def ran(monkeypatch):
    """Run no task; note which would have been, and let some fail."""
    done = []
    failing = set()

    class Tasks(dict):
        def __getitem__(self, step):
            def task():
                done.append(step)
                if step in failing:
                    raise ValueError("as it was told to")

            return task

    monkeypatch.setattr(current_app._get_current_object(), "tasks", Tasks())
    return done, failing


def run(capsys, *words):
    try:
        call_command("pipeline", "run", "--json", *words)
    finally:
        said = json.loads(capsys.readouterr().out or '{"steps": []}')["steps"]
    return {each["step"]: each["outcome"] for each in said}


def test_every_step_is_scheduled_and_comes_after_what_it_rests_on():
    assert STEPS.keys() <= schedule(None).keys()
    before = set()
    for step, needs in STEPS.items():
        assert set(needs) <= before, step
        before.add(step)


@pytest.mark.django_db
def test_a_stretch_is_run_in_order_without_what_is_skipped(ran, capsys):
    done, _ = ran

    said = run(
        capsys, "--from", "odds.fetch_scores", "--until", "betting.measure_clv",
        "--skip", "betting.settle_due_bets",
    )  # fmt: skip

    assert done == ["odds.fetch_scores", "betting.measure_clv"]
    assert said["betting.settle_due_bets"] == "skipped"
    assert AuditEntry.objects.filter(subject__contains="pipeline").exists()


@pytest.mark.django_db
def test_what_rests_on_a_failed_step_waits_and_the_rest_goes_on(ran, capsys):
    done, failing = ran
    failing.add("models_registry.predict_upcoming")

    with pytest.raises(CommandError, match="3 steps were not done"):
        run(capsys)

    assert "betting.refresh_opportunities" not in done
    assert "betting.place_for_followers" not in done
    assert {"betting.settle_due_bets", "betting.check_books"} <= set(done)
    assert why_not("betting.place_for_followers", failed={"models_registry.predict_upcoming"})


@pytest.mark.parametrize(
    "asked", [{"first": "nonsense"}, {"skip": ["x"]},
              {"first": "betting.tell_people", "last": "odds.fetch_odds"}],
)  # fmt: skip
def test_a_step_that_is_none_is_named(asked):
    with pytest.raises(ValueError, match=r"no step|comes before"):
        choose(**asked)


@pytest.mark.django_db
def test_a_day_is_told_step_by_step(capsys):
    for hour, error in ((1, ""), (2, "ValueError: no such league"), (23, "")):
        began = make.NOON.replace(hour=hour, minute=59, second=58)
        JobRun.objects.create(
            job="odds.fetch_odds", started_at=began, finished_at=began + timedelta(seconds=3),
            succeeded=not error, error=error,
        )  # fmt: skip

    call_command("pipeline", "list", "--day", f"{make.NOON:%Y-%m-%d}", "--json")

    told = {each["step"]: each for each in json.loads(capsys.readouterr().out)["steps"]}
    first = told["odds.fetch_odds"]
    assert (first["runs"], first["failed"], first["median_seconds"]) == (3, 1, 3.0)
    assert first["last_error"] == "ValueError: no such league"
    assert told["betting.place_for_followers"]["runs"] == 0


@pytest.mark.django_db
def test_a_step_is_left_out_and_taken_up_by_command(capsys):
    call_command("pipeline", "skip", "odds.fetch_odds", "--minutes", "30", "--reason", "moving")
    capsys.readouterr()
    call_command("pipeline", "list", "--json")
    first = json.loads(capsys.readouterr().out)["steps"][0]
    call_command("pipeline", "resume", "odds.fetch_odds")
    call_command("pipeline", "resume", "odds.fetch_odds")

    assert (first["step"], first["state"]) == ("odds.fetch_odds", "skipped")
    assert "runs again" in capsys.readouterr().out
    with pytest.raises(CommandError, match="for how long"):
        call_command("pipeline", "skip", "odds.fetch_odds", "--minutes", "0", "--reason", "x")
