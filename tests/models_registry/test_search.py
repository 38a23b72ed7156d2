"""A search: what it tries, that it never sees the held-out season, and that it survives."""

import json
import subprocess
import sys
from dataclasses import asdict, replace

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, transaction

from models_registry import tasks, training
from models_registry.models import Opening, Promotion, Search, TrainingRun, Trial, TrialFold
from models_registry.selectors import proofs as selectors_proofs
from models_registry.services import ask_for_training, train_run, trials
from models_registry.services.search import (
    SearchRefused,
    resume_search,
    start_search,
    stop_search,
)
from models_registry.services.trials import searches_to_work_on, work_on_search
from models_registry.training import searching
from models_registry.training.boosters import BOOSTERS
from models_registry.training.learners import AS_THEY_STAND
from models_registry.training.searching import Tried, hopeless, leanings, suggest
from tests import make
from tests.models_registry import league


def _tried(number: int, lost: float, **others) -> Tried:
    parameters = asdict(replace(AS_THEY_STAND, max_depth=1 + number % 4, ridge=100.0 + number))
    return Tried(
        number, others.get("status", "complete"), parameters, lost, others.get("scores", (lost,))
    )


def test_the_first_trial_is_the_recipe_as_it_stands_and_the_next_are_repeatable():
    seen = [_tried(number, 0.6 + number / 100) for number in range(12)]

    first, again = (suggest(seen, seed=5, number=12) for _ in range(2))

    assert suggest([], seed=5, number=0) == AS_THEY_STAND
    assert first == again != suggest(seen, seed=5, number=13)
    assert first.algorithm in BOOSTERS
    for name, each in searching.SPACE.items():
        assert name == "algorithm" or each.low <= getattr(first, name) <= each.high


def test_a_trial_worse_than_the_median_at_its_season_is_given_up_but_never_the_first():
    ended = [_tried(n, 0.65, scores=(0.66, 0.65, 0.65)) for n in range(6)]
    poor = _tried(9, None, status="running", scores=(0.67, 0.68))

    assert hopeless(ended, poor)
    assert not hopeless(ended, replace(poor, scores=(0.67, 0.64)))
    assert not hopeless(ended, replace(poor, scores=(0.68,)))
    assert not hopeless(ended, replace(poor, number=0))
    assert not hopeless(ended[:4], poor)


def test_leanings_say_which_parameter_went_with_worse():
    ended = [_tried(number, 0.6 + number / 100) for number in range(12)]

    assert leanings(ended)[0] == ("ridge", pytest.approx(1.0))
    assert leanings(ended[:9]) == []


@pytest.fixture
def quick_to_fit(monkeypatch):
    monkeypatch.setattr(training, "WARM_UP", 100)
    monkeypatch.setattr(training, "FEWEST_TO_FIT", 150)
    monkeypatch.setattr(searching, "FEWEST_TO_FIT", 150)
    trials._prepared.cache_clear()


@pytest.fixture
def search(competition, quick_to_fit) -> Search:
    """A search of three trials on a league whose newest season is held out."""
    league.fill(competition, games=250)
    return start_search(
        competition_key=league.KEY, trials=3, workers=2, by_id=None, now=league.LATER
    )


def test_a_search_ends_with_the_best_of_what_it_tried_and_says_what_chance_shows(search):
    while work_on_search(search_id=search.pk):
        pass

    search.refresh_from_db()
    best = selectors_proofs.best_of(search)
    assert (search.status, search.held_out, search.folds) == ("done", ["2022-23"], [2021])
    assert [each.number for each in search.trials.all()] == [0, 1, 2, 3]
    assert best.tries == 3
    assert best.trial.log_loss == min(each.log_loss for each in search.trials.all())
    if best.verdict is not None:
        stands = search.trials.get(number=0)
        assert best.verdict.difference == pytest.approx(
            best.trial.log_loss - stands.log_loss, abs=1e-6
        )
        assert best.left > best.verdict.difference
    with pytest.raises(ProgrammingError), transaction.atomic():
        Trial.objects.filter(number=1).update(log_loss=0.1)
    with pytest.raises(ProgrammingError), transaction.atomic():
        TrialFold.objects.update(log_loss=0.1)


def test_nothing_of_the_held_out_season_or_after_reaches_a_trial(search):
    prepared, held_out, _ = trials._prepared(league.KEY, search.until, search.pk)

    assert held_out == ("2022-23",)
    assert set(prepared.history.season) == {"2020-21", "2021-22"}


def test_a_trial_whose_worker_died_is_done_again_and_by_no_third(search, monkeypatch):
    monkeypatch.setattr(trials, "_try", lambda *_: None)
    work_on_search(search_id=search.pk)
    left = search.trials.get()
    assert (left.status, left.attempt) == ("running", 1)
    assert searches_to_work_on() == [(search.pk, 2)]

    work_on_search(search_id=search.pk)
    left.refresh_from_db()
    assert (search.trials.count(), left.attempt) == (1, 2)

    work_on_search(search_id=search.pk)
    left.refresh_from_db()
    assert (left.status, left.error) == ("failed", "2 workers died of it")


def test_a_search_whose_trials_all_failed_ends_with_the_reason(search, monkeypatch):
    def broken(*_):
        raise MemoryError("too deep")

    monkeypatch.setattr(searching, "walk_trial", broken)
    more = True
    while more:
        try:
            more = work_on_search(search_id=search.pk)
        except MemoryError:
            more = True

    search.refresh_from_db()
    assert search.status == "failed"
    assert search.error == "most trials failed, the last of: MemoryError: too deep"


def test_workers_at_once_take_trials_of_their_own_and_no_more_than_are_wanted(search):
    """A trial is held before others see it, so none takes it for one that a dead worker left."""
    with (
        trials.claimed(search.pk) as first,
        trials.claimed(search.pk) as second,
        trials.claimed(search.pk) as third,
    ):
        assert [(each.number, each.attempt) for each in (first, second)] == [(0, 1), (1, 1)]
        assert third is None
        assert searches_to_work_on() == [(search.pk, 0)]
    assert searches_to_work_on() == [(search.pk, 2)]


def test_a_stopped_search_puts_its_trial_down_and_goes_on_where_it_was(search, monkeypatch):
    work_on_search(search_id=search.pk)
    honest = searching.walk_trial

    def stopped_meanwhile(*given):
        stop_search(search_id=search.pk, by_id=None, now=league.LATER)
        yield from honest(*given)

    monkeypatch.setattr(searching, "walk_trial", stopped_meanwhile)
    assert not work_on_search(search_id=search.pk)
    assert not work_on_search(search_id=search.pk)
    begun = search.trials.get(number=1)
    assert (begun.status, begun.attempt) == ("running", 0)
    assert searches_to_work_on() == []

    monkeypatch.setattr(searching, "walk_trial", honest)
    resume_search(search_id=search.pk, by_id=None, now=league.LATER)
    while work_on_search(search_id=search.pk):
        pass

    begun.refresh_from_db()
    assert begun.status in ("complete", "pruned")
    assert Search.objects.get().status == "done"
    with pytest.raises(SearchRefused, match="has tried 3 of 3"):
        resume_search(search_id=search.pk, by_id=None, now=league.LATER)


def test_a_search_that_cannot_begin_says_why_and_writes_nothing(search):
    asked = {"competition_key": league.KEY, "workers": 1, "by_id": None, "now": league.LATER}

    with pytest.raises(SearchRefused, match=r"is running; wait for it or stop it"):
        start_search(**asked, trials=5)
    with pytest.raises(SearchRefused, match="trials is 0: 1 to 1000"):
        start_search(**asked, trials=0)
    assert Search.objects.get() == search


def test_a_history_corrected_meanwhile_fails_the_search(search):
    work_on_search(search_id=search.pk)
    Search.objects.update(data_hash="f" * 64)

    assert not work_on_search(search_id=search.pk)

    search.refresh_from_db()
    assert (search.status, search.error) == (
        "failed", "its history was corrected since it began; begin another",
    )  # fmt: skip


def test_a_history_too_short_to_fit_on_fails_the_search(search, monkeypatch):
    monkeypatch.setattr(searching, "FEWEST_TO_FIT", 10_000)

    assert not work_on_search(search_id=search.pk)

    search.refresh_from_db()
    assert (search.status, search.trials.count()) == ("failed", 0)
    assert "usable events to learn from before any season" in search.error


def test_a_young_league_is_searched_on_sixths_of_its_time(competition, quick_to_fit):
    league.fill(competition, games=400, seasons=2)
    search = start_search(
        competition_key=league.KEY, trials=1, workers=1, by_id=None, now=league.LATER
    )

    while work_on_search(search_id=search.pk):
        pass

    search.refresh_from_db()
    assert (search.status, search.error) == ("done", "")
    assert search.scored_on.startswith("sixth ")


def test_a_search_is_begun_watched_stopped_and_trained_from_on_the_command_line(
    search, monkeypatch, capsys
):
    stop_search(search_id=search.pk, by_id=None, now=league.LATER)
    told = []
    monkeypatch.setattr(tasks.search, "apply_async", lambda **how: told.append(how["kwargs"]))
    monkeypatch.setattr(tasks, "queue_training", told.append)

    call_command("search", "start", league.KEY, "--trials", "2", "--json")
    begun = json.loads(capsys.readouterr().out)
    assert (begun["status"], begun["trials_wanted"], begun["held_out"]) == ("running", 2, [])
    assert told == [{"search_id": begun["id"]}] * 2

    while work_on_search(search_id=begun["id"]):
        pass
    call_command("search", "status", str(begun["id"]))
    said = capsys.readouterr().out
    assert "2 of 2 trials; scored on 2021; held out 2022-23" in said
    assert "beside the recipe as it stands:" in said

    monkeypatch.setattr(
        selectors_proofs, "best_of", lambda _: selectors_proofs.Best(
            Trial.objects.get(search=begun["id"], number=1), 2, None, None, ""
        )
    )  # fmt: skip
    call_command("search", "train", str(begun["id"]))
    run = TrainingRun.objects.get()
    assert told[-1] == run.pk
    assert run.notes == f"trial 1 of search {begun['id']}, the best of 2 trials"
    with pytest.raises(CommandError, match="there is no search 99; search status shows them"):
        call_command("search", "stop", "99")


def test_a_version_trained_from_a_trial_has_its_parameters_and_how_many_were_tried(search):
    while work_on_search(search_id=search.pk):
        pass
    trial = search.trials.get(number=1)
    run = ask_for_training(
        competition_key=league.KEY, until=league.LATER, by_id=None, now=league.LATER,
        trial_id=trial.pk,
    )  # fmt: skip

    version = train_run(run_id=run.pk).version

    assert version.parameters["searched"] == {"search": search.pk, "trial": 1, "tries": 3}
    assert version.parameters["linear"]["ridge"] == trial.parameters["ridge"]
    assert version.parameters["trees"]["eta"] == trial.parameters["eta"]
    left = version.metrics["verdict"]["deflated"]
    assert left["tries"] == 3
    assert left["elo"]["left"] > version.metrics["verdict"]["elo"]["difference"]
    # Nobody has to search again: the next scheduled training takes over what the champion has.
    Promotion.objects.create(
        predictor=version.predictor, version=version, kind="promoted", at=league.LATER, gates=[]
    )
    scheduled = ask_for_training(
        competition_key=league.KEY, until=league.LATER, by_id=None, now=league.LATER,
        cause="scheduled",
    )  # fmt: skip
    assert scheduled.trial_id == trial.pk
    opened = Opening.objects.get()
    assert (opened.parameters, opened.trials) == (trial.parameters, 3)


def test_a_search_is_seen_by_everybody_and_run_by_operators(search, client, monkeypatch):
    told = []
    monkeypatch.setattr(tasks.search, "apply_async", lambda **how: told.append(how["kwargs"]))
    work_on_search(search_id=search.pk)
    page = f"/models/searches/{search.pk}/"
    client.force_login(make.user("vera"))
    assert "recipe as it stands" in client.get(page).content.decode()
    assert f"{page}stop/" not in client.get(page).content.decode()
    for path in (f"{page}stop/", f"{page}resume/", f"{page}train/", "/models/searches/start/"):
        assert client.post(path).status_code == 403, path

    client.force_login(make.operator())
    asked = {"competition": league.KEY, "trials": 9, "workers": 3}
    again = client.post("/models/searches/start/", asked)
    assert again.status_code == 422
    assert "is running; wait for it or stop it" in again.content.decode()
    too_many = client.post("/models/searches/start/", asked | {"trials": 5000})
    assert "less than or equal to 1000" in too_many.content.decode()
    client.post(f"{page}stop/")
    assert Search.objects.get().status == "stopped"
    client.post(f"{page}resume/")
    assert told == [{"search_id": search.pk}] * 2
    assert "best" in client.post(f"{page}train/", follow=True).content.decode()
    listed = client.get("/models/searches/", headers={"HX-Request": "true"}).content.decode()
    assert "0 of 3" in listed
    assert "<html" not in listed


def test_searches_openings_and_attacks_are_read_over_the_api(search, client):
    work_on_search(search_id=search.pk)
    client.force_login(make.user("vera"))

    [row] = client.get("/api/v1/searches").json()["results"]
    whole = client.get(f"/api/v1/searches/{search.pk}").json()

    assert (row["status"], row["tries"], row["trials_wanted"]) == ("running", 0, 3)
    assert [each["status"] for each in whole["trials"]] == ["complete"]
    assert whole["best"]["words"] == "the recipe as it stands"
    assert client.get("/api/v1/searches/0").status_code == 404
    for path in ("attacks", "openings"):
        assert client.get(f"/api/v1/{path}").json()["results"] == []


def test_web_processes_load_neither_optuna_nor_the_learners():
    """Each of them would pay a second and a hundred megabytes for what only trainers use."""
    loaded = subprocess.run(
        [
            sys.executable, "-c",
            "import django; django.setup(); import config.urls, sys;"
            "print(sorted({'optuna', 'xgboost', 'lightgbm', 'sqlalchemy'} & sys.modules.keys()))",
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert loaded.stdout.strip() == "[]"
