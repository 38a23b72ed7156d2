"""Held-out seasons: every look is kept and counted, and what many looks show by chance is said."""

import io
import json
from datetime import datetime, timedelta

import numpy as np
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import ProgrammingError, transaction

from config.env import holdout
from models_registry import services
from models_registry.domain.holdout import expected_best, newest_finished, seasons_of
from models_registry.history import read_history
from models_registry.models import Opening
from tests.models_registry import league

SEASON = ("--sport", league.KEY, "--test-from", "2022-10-01", "--test-until", "2023-07-01")


def _evaluate() -> tuple[dict, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("evaluate", *SEASON, "--json", stdout=out, stderr=err)
    return json.loads(out.getvalue()), err.getvalue()


def test_the_expected_best_of_noise_is_about_what_noise_shows():
    rng = np.random.default_rng(1)
    for tries in (10, 100):
        seen = rng.normal(size=(4000, tries)).max(axis=1).mean()
        assert expected_best(tries) == pytest.approx(seen, rel=0.03)


def test_the_season_held_out_is_the_newest_that_is_over(trained):
    history = read_history(league.KEY)

    def newest(moment):
        return newest_finished(seasons_of(history.games, history.season), np.datetime64(moment))

    assert newest("2023-08-01") == "2022-23"
    assert newest("2023-01-01") == "2021-22"
    assert newest("2020-10-05") is None
    # An archive that ends soon after the newest season began: that one is too short to judge by.
    short = history.where(np.arange(len(history)) < 1100)
    assert (
        newest_finished(seasons_of(short.games, short.season), np.datetime64("2023-08-01"))
        == "2021-22"
    )


@pytest.mark.parametrize("day", ["2020-10-05", "2023-01-01", "2023-08-01"])
def test_what_is_held_out_of_what_is_stored_is_what_is_held_out_of_its_history(trained, day):
    now = datetime.fromisoformat(f"{day}T00:00:00+00:00")

    stored = services.stored_seasons_held_out(league.KEY, now=now)

    assert stored == services.seasons_held_out(read_history(league.KEY), now=now)


def test_training_opens_the_season_once_and_another_model_that_looks_is_counted(
    trained, monkeypatch
):
    later = league.AFTER + timedelta(days=60)
    version = services.train_version(competition_key=league.KEY, until=later)

    opened = Opening.objects.get()
    assert (opened.season, opened.version, opened.number) == ("2022-23", version, 1)
    assert opened.figures["games"] == version.metrics["games"]

    # The same recipe with the same code: the same model has seen it before.
    told, said = _evaluate()
    assert Opening.objects.get() == opened
    assert "2022-23 is held out; first opened with this model on" in said
    assert told["verdict"]["holdout"]["tries"] == 1

    monkeypatch.setattr(services.holdout, "code_version", lambda: "another code")
    told, said = _evaluate()
    second = Opening.objects.latest("pk")
    assert (second.number, second.version, second.events) == (2, None, 500)
    assert "as model number 2 of basketball_test-h2h to see it" in said
    elo = told["verdict"]["elo"]
    assert told["verdict"]["holdout"]["elo"] == pytest.approx(
        elo["difference"] + elo["error"] * expected_best(2), abs=2e-6
    )
    with pytest.raises(ProgrammingError), transaction.atomic():
        Opening.objects.filter(pk=second.pk).update(number=1)


def test_a_season_that_is_not_held_out_is_looked_at_freely(trained, settings):
    settings.HOLDOUT = {league.KEY: ("2019-20",)}

    told, said = _evaluate()

    assert not Opening.objects.exists()
    assert "held out" not in said
    assert "holdout" not in told["verdict"]


def test_a_setting_that_cannot_be_read_is_named():
    with pytest.raises(ImproperlyConfigured, match="FAIRLINE_HOLDOUT: 'basketball_nba' does not"):
        holdout("soccer_epl=2022-23; basketball_nba")
