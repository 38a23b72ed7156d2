"""Backtests and sweeps as rows: costs, cancel, death and resume, choosing as time went, pages."""

import json
import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from betting import tasks
from betting.domain.costs import BadCosts, Costs, at_worse, fill
from betting.domain.performance import flat_record
from betting.domain.record import DAY
from betting.domain.sweeping import BadSpace, trials_of, walk_forward
from betting.management.commands import sweep as command
from betting.models import Backtest, Strategy, Sweep
from betting.selectors import backtests as selectors
from betting.services import backtests, sweeps
from betting.services.backtests import BacktestRefused, Wish
from models_registry.models import Opening
from models_registry.services.holds import held
from tests import make
from tests.betting.test_backtest import history as history
from tests.tables import moment, quote_table, two_way

DAY_OF = make.NOON.date()
SPACE = {"min_edge": [0.01, 0.19], "min_books": [1, 3]}


@pytest.fixture
def olivia(db):
    return make.operator()


@pytest.fixture
def no_holdout(settings):
    settings.HOLDOUT = {"basketball_test": ()}


def wish(**changed) -> Wish:
    given = {
        "strategy_key": "consensus",
        "competition_key": "basketball_test",
        "starts_on": DAY_OF,
        "ends_on": DAY_OF,
        "changed": {},
    }
    return Wish(**(given | changed))


def swept(by) -> Sweep:
    return sweeps.start_sweep(
        wish(), space=SPACE, most=None, periods=2, workers=1, by_id=by.pk, now=make.NIGHT
    )


# --- what a price costs


def looks_at(*prices: float | None):
    """One quote of a market at one look after the other, a minute apart; None: it is gone."""
    rows, at = [], []
    for minute, price in enumerate(prices):
        now = make.NOON.replace(minute=minute)
        pair = two_way(1, price or 2.0, 2.0, confirmed_at=now, seen_at=now, last_update=now)
        rows += pair if price else pair[1:]
        at += [moment(now)] * (2 if price else 1)
    table = quote_table(*rows)
    table = replace(table, quote_id=np.where(table.side == "home", 1, 2))
    return table, np.array(at, dtype="datetime64[us]")


@pytest.mark.parametrize(
    ("later", "slippage", "price", "refusal"),
    [
        (2.0, 0.0, 2.0, ""),
        (2.2, 0.0, 2.0, ""),  # better is had at the price asked
        (1.9, 0.0, 1.9, "price_moved"),
        (1.9, 0.06, 1.9, ""),
        (None, 0.06, 2.0, "price_gone"),
    ],
)
def test_the_venue_answers_with_what_the_next_look_showed(later, slippage, price, refusal):
    quotes, at = looks_at(2.0, later)

    told = fill(quotes, at, Costs(latency=60, slippage=slippage))

    assert (told.price[0], told.refusal[0]) == (price, refusal)
    assert fill(quotes, at, Costs(latency=59)).refusal[0] == "", "before the next look it stands"


def test_worse_prices_are_rounded_down_and_never_below_what_can_be_bet():
    assert at_worse(np.array([2.005, 1.5, 1.002]), 0.01).tolist() == [1.984, 1.485, 1.001]
    with pytest.raises(BadCosts, match="latency"):
        Costs(latency=-1)
    with pytest.raises(BadCosts, match="no such cost"):
        Costs.from_json({"price": 1})


# --- choosing


def test_a_grid_names_every_combination_once_and_a_draw_repeats_with_its_seed():
    every = trials_of(SPACE, most=None, seed=0)
    drawn = trials_of(SPACE, most=3, seed=4)

    assert len({json.dumps(each) for each in every}) == 4
    assert drawn == trials_of(SPACE, most=3, seed=4)
    assert all(each in every for each in drawn)
    with pytest.raises(BadSpace, match="min_edge"):
        trials_of({"min_edge": [0.1, 0.1]}, most=None, seed=0)
    with pytest.raises(BadSpace, match="draw some at random"):
        trials_of({"a": list(range(30)), "b": list(range(30))}, most=None, seed=0)


def test_walking_forward_chooses_by_what_was_known_and_takes_what_followed():
    start = np.datetime64("2026-01-01", "us")
    bounds = start + DAY * np.array([0, 100, 200, 300])

    def trial(*won: float):
        # A bet every other day; three periods of fifty.
        outcomes = [float(i % 10 < w * 10) for w in won for i in range(50)]
        at = start + DAY * 2 * np.arange(150)
        record = flat_record(prices=[2.0] * 150, won=outcomes)
        return replace(record, placed_at=at, settled_at=at + DAY // 2)

    early, late = trial(0.8, 0.2, 0.2), trial(0.4, 0.9, 0.3)

    walked = walk_forward([early, late], bounds)

    # After the first period `early` is ahead; after two `late` is: (0.4 + 0.9) against (0.8 + 0.2).
    assert walked.chosen.tolist() == [0, 1]
    assert [rows.tolist() for _, rows in walked.rows] == [
        list(range(50, 100)),
        list(range(100, 150)),
    ]
    # What is settled after a period began cannot have chosen for it.
    unknown = replace(early, settled_at=early.settled_at + DAY * 1000)
    assert walk_forward([unknown, late], bounds).chosen.tolist() == [1, 1]


# --- rows


def test_a_backtest_waits_runs_and_is_final(history, olivia, no_holdout):
    row = backtests.ask_for_backtest(wish(costs=Costs(worse=0.02)), by_id=olivia.pk, now=make.NIGHT)
    assert backtests.backtests_to_work_on() == [row.pk]

    done = backtests.work_on_backtest(backtest_id=row.pk)

    assert (done.status, done.summary["bets"], done.opening) == ("done", 1, None)
    assert done.summary["average_price"] == 2.156  # 2.20, two per cent worse
    assert backtests.backtests_to_work_on() == []
    shown = selectors.backtest_shown(Backtest.objects.get(pk=row.pk))
    assert shown.performance.profit == done.summary["profit"]
    assert shown.tried.tries == 1
    with pytest.raises(Exception, match="final"):
        Backtest.objects.filter(pk=row.pk).update(status="failed")


def test_what_cannot_be_is_refused_and_writes_nothing(history, olivia, no_holdout):
    for asked, why in (
        (wish(strategy_key="x"), "use one of"),
        (wish(starts_on=date(2027, 1, 1)), "swap them"),
        (wish(changed={"min_edge": 3}), "min_edge"),
        (wish(changed={"model_weight": 0.5}), "replay"),
    ):
        with pytest.raises(BacktestRefused, match=why):
            backtests.ask_for_backtest(asked, by_id=olivia.pk, now=make.NIGHT)
    assert not Backtest.objects.exists()


def test_nobody_plays_what_is_another_persons_own(history, alice, olivia, no_holdout):
    """Everybody reads a backtest and its settings."""
    Strategy.objects.filter(key=wish().strategy_key).update(owner=alice)

    for asked in (wish(), wish(strategy_key="x")):
        with pytest.raises(BacktestRefused, match="there is no") as said:
            backtests.ask_for_backtest(asked, by_id=olivia.pk, now=make.NIGHT)
        assert f" {wish().strategy_key}," not in str(said.value)
    assert selectors.choices(olivia.pk)[0] == []
    assert backtests.ask_for_backtest(wish(), by_id=alice.pk, now=make.NIGHT)


def test_a_sweep_never_sees_a_held_out_season(history, olivia, settings):
    settings.HOLDOUT = {"basketball_test": ("2025-26",)}
    with pytest.raises(BacktestRefused, match="a sweep never sees it"):
        swept(olivia)
    assert not Sweep.objects.exists()


def test_a_sweep_is_stopped_and_gone_on_with_where_it_was(history, olivia, no_holdout):
    sweep = swept(olivia)
    assert sweeps.sweeps_to_work_on() == [(sweep.pk, 1)]
    assert sweeps.work_on_sweep(sweep_id=sweep.pk)
    first = Backtest.objects.get(sweep=sweep, status="done")

    sweeps.stop_sweep(sweep_id=sweep.pk, by_id=olivia.pk, now=make.NIGHT)
    assert not sweeps.work_on_sweep(sweep_id=sweep.pk)
    assert set(sweep.trials.values_list("status", flat=True)) == {"done", "cancelled"}
    sweeps.resume_sweep(sweep_id=sweep.pk, by_id=olivia.pk, now=make.NIGHT)
    while sweeps.work_on_sweep(sweep_id=sweep.pk):
        pass

    sweep.refresh_from_db()
    assert sweep.status == "done"
    assert sweep.summary["trials"] == 4
    again = Backtest.objects.get(pk=first.pk)
    assert (again.attempt, again.finished_at) == (1, first.finished_at), "it was not done again"
    # So much edge is never found; the others took the one bet there is.
    assert [each.summary["bets"] for each in sweep.trials.order_by("number")] == [1, 1, 0, 0]
    assert sweep.summary["chosen"] == [None], "one bet is nothing to choose by"


def test_a_trial_whose_worker_died_is_done_again_and_not_for_ever(history, olivia, no_holdout):
    sweep = swept(olivia)
    left = sweep.trials.get(number=1)
    Backtest.objects.filter(pk=left.pk).update(status="running", attempt=1)

    with held(backtests.BACKTESTS, left.pk):
        # Held by this session: another's would be left alone, so it is not short of workers.
        assert sweeps.sweeps_to_work_on() == [(sweep.pk, 0)]
    assert sweeps.work_on_sweep(sweep_id=sweep.pk)
    left.refresh_from_db()
    assert (left.status, left.attempt) == ("done", 2)

    Backtest.objects.filter(sweep=sweep, number=2).update(status="running", attempt=2)
    while sweeps.work_on_sweep(sweep_id=sweep.pk):
        pass
    sweep.refresh_from_db()
    assert (sweep.status, sweep.error) == ("failed", "trial 2: 2 workers died of it")


def test_a_backtest_that_is_to_be_cancelled_is_put_down_at_its_next_step(
    history, olivia, no_holdout
):
    row = backtests.ask_for_backtest(wish(), by_id=olivia.pk, now=make.NIGHT)

    def cancelled(_step: str) -> None:
        backtests.cancel_backtest(backtest_id=row.pk, by_id=olivia.pk, now=make.NIGHT)

    done = backtests.work_on_backtest(backtest_id=row.pk, progress=cancelled)

    assert done.status == "cancelled"
    assert Backtest.objects.get(pk=row.pk).cancel_asked_at is not None


def test_of_two_looks_at_a_season_begun_at_once_the_later_shows_nothing(history, olivia, settings):
    settings.HOLDOUT = {"basketball_test": ("2025-26",)}
    rows = [
        backtests.ask_for_backtest(
            wish(costs=Costs(worse=worse)), by_id=olivia.pk, now=make.NIGHT, opens_held_out=True
        )
        for worse in (0.01, 0.02)
    ]

    first, second = (backtests.work_on_backtest(backtest_id=row.pk) for row in rows)

    assert (first.status, first.opening.number, first.reason) == ("done", 1, "")
    assert (second.status, second.summary, second.bets) == ("failed", {}, None)
    assert "a held-out season opens once" in second.error
    assert Opening.objects.get() == first.opening


def test_the_command_sweeps_here_stops_by_keyboard_and_goes_on(
    history, olivia, no_holdout, capsys, monkeypatch
):
    start = [
        "sweep", "start", "basketball_test", f"--from={DAY_OF}", f"--to={DAY_OF}", "--here",
        "--periods=2", "--try=min_edge=0.01,0.19", "--try=min_books=1,3",
    ]  # fmt: skip
    real = sweeps.work_on_sweep
    done = []

    def pressed(*, sweep_id: int) -> bool:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(sweep_id)
        return real(sweep_id=sweep_id)

    monkeypatch.setattr(command, "work_on_sweep", pressed)
    with pytest.raises(CommandError, match="stopped after 2 trials"):
        call_command(*start)
    sweep = Sweep.objects.get()
    assert sweep.status == "stopped"
    monkeypatch.setattr(command, "work_on_sweep", real)
    capsys.readouterr()
    call_command("sweep", "resume", str(sweep.pk), "--here", "--json")

    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["done"]) == ("done", 4)
    assert [each["yield"] is not None for each in told["trials_in_full"]] == [
        True,
        True,
        False,
        False,
    ]
    call_command("sweep", "status", str(sweep.pk))
    assert "4 were tried, with too few bets" in capsys.readouterr().out
    with pytest.raises(CommandError, match="names no setting"):
        call_command(*start[:-2], "--try=min_edge")


# --- the API


def test_operators_ask_stop_and_compare_by_the_api_and_others_read(
    history, olivia, no_holdout, client, monkeypatch
):
    monkeypatch.setattr(tasks.backtest, "apply_async", lambda **_: None)
    monkeypatch.setattr(tasks.sweep, "apply_async", lambda **_: None)
    client.force_login(olivia)

    def post(path: str, body: dict, key: str):
        return client.post(
            f"/api/v1/{path}", body, content_type="application/json",
            headers={"Idempotency-Key": key},
        )  # fmt: skip

    stretch = {
        "strategy": "consensus", "competition": "basketball_test", "starts_on": str(DAY_OF),
        "ends_on": str(DAY_OF),
    }  # fmt: skip
    first = post("backtests", stretch, "a")
    assert first.status_code == 202, first.content
    assert post("backtests", stretch, "a").json()["id"] == first.json()["id"]
    second = post("backtests", stretch | {"costs": {"worse": 0.02}}, "b").json()["id"]
    refused = post("backtests", stretch | {"changed": {"min_edge": 3}}, "c")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "min_edge")
    for pk in (first.json()["id"], second):
        backtests.work_on_backtest(backtest_id=pk)
    one = client.get(f"/api/v1/backtests/{second}").json()
    assert (one["status"], one["summary"]["bets"], one["tried"]["tries"]) == ("done", 1, 2)
    assert one["outlook"]["bets"] == 1
    assert one["configuration"]["breakers"]["losing_streak"] == [12, 20, 24]
    assert post(f"backtests/{second}/cancel", {}, "d").status_code == 422
    compared = client.get(f"/api/v1/backtests/compare?ids={first.json()['id']},{second}").json()
    assert ["worse", [0.0, 0.02]] in compared["differences"]
    assert client.get(f"/api/v1/backtests/compare?ids={second},999").status_code == 404
    begun = post("sweeps", stretch | {"space": SPACE, "periods": 2}, "e")
    assert (begun.status_code, begun.json()["trials_wanted"]) == (202, 4)
    number = begun.json()["id"]
    assert post(f"sweeps/{number}/stop", {}, "f").json()["status"] == "stopped"
    assert post(f"sweeps/{number}/resume", {}, "g").json()["status"] == "running"
    while sweeps.work_on_sweep(sweep_id=number):
        pass
    sweep = client.get(f"/api/v1/sweeps/{number}").json()
    assert "too few bets to say" in sweep["summary"]["budget"]["sentence"]
    assert len(sweep["trials"]) == 4
    assert len(client.get(f"/api/v1/backtests?sweep={number}").json()["results"]) == 4
    assert len(client.get("/api/v1/backtests?status=done").json()["results"]) == 2

    client.force_login(make.user("bob"))
    assert client.get(f"/api/v1/sweeps/{number}").status_code == 200
    assert post("backtests", stretch, "h").status_code == 403


# --- pages


def test_an_operator_runs_looks_and_compares_and_a_bettor_only_looks(
    history, olivia, no_holdout, client
):
    client.force_login(olivia)
    empty = client.get("/backtests/").content.decode()
    assert "No backtest yet" in empty
    form = {
        "strategy": "consensus", "competition": "basketball_test", "starts_on": str(DAY_OF),
        "ends_on": str(DAY_OF), "worse": "2",
    }  # fmt: skip
    assert "Costs: none" in empty
    refused = client.post("/backtests/begin/", form | {"ends_on": "2020-01-01"})
    assert refused.status_code == 422
    folds = refused.content.decode()
    assert re.search(r"<details class=\"why\">\s*<summary>.*Costs: prices worse by 2 %<", folds)
    wrong = client.post("/backtests/begin/", form | {"latency": "-1"}).content.decode()
    assert re.search(
        r"<details class=\"why\" open>\s*<summary>.*Costs: .*latency -1 seconds<", wrong
    )
    begun = client.post("/backtests/begin/", form)
    row = Backtest.objects.get()
    assert begun["Location"] == f"/backtests/{row.pk}/"
    assert "A trainer takes it" in client.get(begun["Location"]).content.decode()
    backtests.work_on_backtest(backtest_id=row.pk)
    page = client.get(begun["Location"]).content.decode()
    assert "too early to tell" in page
    assert "What was not bet" in page
    assert "Return and risk" in page
    second = client.post("/backtests/begin/", form | {"worse": "1"})
    other = Backtest.objects.latest("pk")
    assert second.status_code == 302
    backtests.work_on_backtest(backtest_id=other.pk)
    compared = client.get(f"/backtests/compare/?id={row.pk}&id={other.pk}&id=x").content.decode()
    assert compared.count("consensus</a></th>") == 2
    assert "worse" in compared, "in what they differ"
    assert "Nothing to compare" in client.get("/backtests/compare/").content.decode()
    sweep = swept(olivia)
    assert "0 of 4 trials" in client.get(f"/sweeps/{sweep.pk}/").content.decode()
    assert client.get("/backtests/999/").status_code == 404

    client.force_login(make.user("bob"))
    assert client.get("/backtests/").status_code == 200
    assert client.post("/backtests/begin/", form).status_code == 403
    assert client.post(f"/sweeps/{sweep.pk}/stop/").status_code == 403


def test_a_sweep_is_asked_for_in_words_and_per_cent_and_stored_as_keys_and_shares(
    history, olivia, no_holdout, client
):
    client.force_login(olivia)
    stretch = {
        "strategy": "consensus", "competition": "basketball_test", "starts_on": str(DAY_OF),
        "ends_on": str(DAY_OF), "periods": "2", "workers": "1",
    }  # fmt: skip
    page = client.get("/backtests/").content.decode()
    assert "Least edge, %" in page
    assert 'name="values_1" value="1, 2, 3, 5"' in page
    assert "<textarea" not in page
    assert "{&quot;" not in page
    for asked, told in (
        ({}, "Choose at least one setting to try."),
        ({"setting_1": "min_edge"}, "Least edge: write values, such as 1, 2, 3."),
        ({"values_2": "1"}, "Say of which setting these values are."),
        ({"setting_1": "min_edge", "values_1": "1, two"}, "Least edge: &#x27;two&#x27; is no"),
        (
            {"setting_1": "min_edge", "values_1": "1", "setting_2": "min_edge", "values_2": "2"},
            "Least edge is tried above; put all there.",
        ),
        ({"setting_1": "min_edge", "values_1": "1, 1"}, "names a value twice"),
        ({"setting_1": "min_edge", "values_1": "120"}, "120\xa0% cannot be; use 0\xa0% to 100"),
    ):
        answer = client.post("/sweeps/begin/", stretch | asked)
        assert (answer.status_code, told in answer.content.decode()) == (422, True), asked
    assert not Sweep.objects.exists()

    asked = {"setting_1": "min_edge", "values_1": "1, 19 %", "setting_3": "min_books"}
    begun = client.post("/sweeps/begin/", stretch | asked | {"values_3": "1,3"})

    assert begun.status_code == 302
    assert Sweep.objects.get().space == SPACE
