"""The registry's pages: what can be done there, by whom, what is refused and what it costs."""

import re
from html import unescape

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from models_registry import comparison, life, selectors, services
from models_registry.models import TrainingRun
from models_registry.views import life as views_life
from tests.models_registry import league

PREDICTOR = f"{league.KEY}-h2h"


@pytest.fixture
def desk(olivia) -> Client:
    client = Client()
    client.force_login(olivia)
    return client


@pytest.fixture
def queued(monkeypatch) -> list[int]:
    told: list[int] = []
    monkeypatch.setattr(views_life, "queue_training", told.append)
    return told


def _text(answer) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def test_a_version_is_staged_tagged_noted_promoted_and_rolled_back_by_hand(trained, desk):
    second = league.once_more(trained)
    first, other = f"/models/{trained.pk}", f"/models/{second.pk}"

    for path, said in (
        (f"{first}/promote/", {"reason": "the first"}),
        (f"{other}/stage/", {"stage": "staging", "reason": "try it"}),
        (f"{other}/tag/", {"tag": "reviewed"}),
        (f"{other}/note/", {"text": "Odd in May."}),
    ):
        assert desk.post(path, said).status_code == 302, path
    page = _text(desk.get(f"{other}/"))
    assert "staging, in shadow" in page
    assert "Odd in May. olivia" in page
    assert re.search(r"Accuracy (best )?\d+\.\d %", page), "as on the list of models"
    assert "candidate to staging, by olivia try it" in page
    assert "staging, in shadow reviewed" in _text(desk.get("/models/"))
    desk.post(f"{other}/untag/", {"tag": "reviewed"})
    desk.post(f"{other}/promote/", {"reason": "better"})
    desk.post(f"/models/{PREDICTOR}/roll-back/", {"reason": "worse"})
    desk.post(f"{other}/stage/", {"stage": "archived", "reason": "worse"})

    assert [(v.number, v.stage, v.tags) for v in selectors.versions()] == [
        (2, "archived", []),
        (1, "production", []),
    ]
    assert "Unarchive" in _text(desk.get(f"{other}/"))
    assert "Archived: 1" in _text(desk.get("/models/"))
    assert "promoted for v1, by olivia" in _text(desk.get(f"{first}/"))


def test_what_is_refused_is_said_on_the_page_and_the_reason_stays(trained, desk):
    desk.post(f"/models/{trained.pk}/stage/", {"stage": "archived", "reason": "old"})

    refused = desk.post(f"/models/{trained.pk}/promote/", {"reason": "I want it"})
    assert refused.status_code == 422
    assert "unarchive it first" in _text(refused)
    empty = desk.post(f"/models/{trained.pk}/tag/", {"tag": ""})
    assert (empty.status_code, "Tag: write one" in _text(empty)) == (422, True)
    none = desk.post(f"/models/{PREDICTOR}/roll-back/", {"reason": "x"})
    assert (none.status_code, "has no earlier champion" in _text(none)) == (422, True)


def test_the_gates_are_asked_for_after_the_page(trained, as_alice, desk, artifacts):
    assert "Ask the gates" in _text(as_alice.get(f"/models/{trained.pk}/"))
    assert "Calibrated calibration error" in _text(as_alice.get(f"/models/{trained.pk}/gates/"))
    (artifacts / trained.artifact / "model.json").unlink()

    told = _text(as_alice.get(f"/models/{trained.pk}/gates/"))
    assert "an operator can restore it" in told
    assert trained.artifact not in told
    told = _text(desk.get(f"/models/{trained.pk}/gates/"))
    assert "restore the models' folder from its backup" in told
    assert str(artifacts) not in told
    assert trained.artifact not in told
    card = _text(as_alice.get(f"/models/{trained.pk}/card/"))
    assert "an operator can restore it" in card
    assert str(artifacts) not in card


def test_a_champion_whose_file_is_missing_does_not_look_well(trained, as_alice, desk, artifacts):
    services.promote_version(version_id=trained.pk, by_id=None, reason="", now=league.AFTER)
    well = _text(as_alice.get("/models/"))
    (artifacts / trained.artifact / "model.json").unlink()

    assert "missing" not in well
    for reader, remedy in (
        (as_alice, "an operator can restore it"),
        (desk, "restore the models' folder from its backup"),
    ):
        listed = _text(reader.get("/models/"))
        assert "Champion v1: its file is missing" in listed
        assert "Nothing new is predicted or explained with the champion." in listed
        for page in ("/models/", f"/models/{trained.pk}/", f"/models/{trained.pk}/card/"):
            assert remedy in _text(reader.get(page)), page
            assert str(artifacts) not in _text(reader.get(page)), page
        version = _text(reader.get(f"/models/{trained.pk}/"))
        assert "It prices." not in version
        assert "It is the champion and prices nothing" in version


def test_parameters_are_written_in_words(trained, as_alice):
    page = as_alice.get(f"/models/{trained.pk}/").content.decode()
    told = unescape(page[page.index("</svg>Parameters<") :])

    assert "max depth" in told
    assert "{'" not in told
    assert not re.search(r"\b[a-z]+_[a-z]+", re.sub(r"<[^>]*>", " ", told).partition("Decision")[0])


def test_today_and_status_say_that_a_champion_cannot_price(trained, as_alice, desk, artifacts):
    services.promote_version(version_id=trained.pk, by_id=None, reason="", now=league.AFTER)
    said = "model is not pricing"
    for reader in (as_alice, desk):
        for page in ("/", "/status/"):
            assert said not in _text(reader.get(page)), page
    (artifacts / trained.artifact / "model.json").unlink()

    way = f'href="/models/#p-{trained.predictor_id}"'
    for page in ("/", "/status/"):
        told = _text(as_alice.get(page))
        assert f"{said}. Until it does, opportunities there rest on the consensus alone." in told
        assert "roll back" not in told
        assert f"{said}: its file is missing." in _text(desk.get(page)), page
        assert "Restore it, roll back or train again" in _text(desk.get(page)), page
    for page in (f"/models/{trained.pk}/", f"/models/{trained.pk}/card/"):
        assert way in desk.get(page).content.decode(), page
        assert way not in as_alice.get(page).content.decode(), page


def test_drift_that_was_not_read_is_read_from_its_page_by_an_operator(
    trained, as_alice, desk, monkeypatch
):
    services.promote_version(version_id=trained.pk, by_id=None, reason="", now=league.AFTER)
    asked: list[object] = []
    monkeypatch.setattr("celery.canvas._chain.apply_async", lambda chain, **_: asked.append(chain))
    monkeypatch.setattr("celery.canvas.Signature.apply_async", lambda each, **_: asked.append(each))

    for page in ("/models/drift/", f"/models/drift/{PREDICTOR}/"):
        assert "Read now" not in _text(as_alice.get(page)), page
        shown = desk.get(page).content.decode()
        assert "Read now" in shown, page
        form = shown[: shown.index("Read now")].rpartition("<form ")[2]
        action = re.search(r'action="([^"]+)"', form)[1]
        reason = re.search(r'name="reason" value="([^"]+)"', form)[1]

    assert as_alice.post(action, {"reason": reason}).status_code == 403
    assert desk.post(action, {"reason": reason}).status_code == 302
    assert len(asked) == 1
    assert "report_drift" in str(asked)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.subject) == ("asked for step", "models_registry.report_drift")


def test_a_training_is_asked_for_followed_and_cancelled(trained, desk, queued):
    asked = {"competition": league.KEY, "until": "2023-06-30", "notes": "mine"}
    assert desk.post("/models/train/", asked).status_code == 302
    run = TrainingRun.objects.latest("pk")
    assert (queued, run.notes, run.by.username) == ([run.pk], "mine", "olivia")
    # The day is known to its end.
    assert run.until.isoformat() == "2023-07-01T00:00:00+00:00"
    assert "Training waits for a worker" in _text(desk.get("/models/"))
    again = desk.post("/models/train/", {"competition": league.KEY})
    assert (again.status_code, "is being trained already" in _text(again)) == (422, True)

    TrainingRun.objects.filter(pk=run.pk).update(
        status="running", attempt=1, step="walking forward", folds=3, folds_done=1
    )
    part = desk.get("/models/", headers={"HX-Request": "true"})
    assert "Walking forward : fold 1 of 3 done" in _text(part).replace("forward:", "forward :")
    assert desk.post(f"/models/runs/{run.pk}/cancel/", {"reason": "mistaken"}).status_code == 302

    run.refresh_from_db()
    # Nobody holds it: it is over at once.
    assert (run.status, run.error) == ("cancelled", "cancelled: mistaken")
    assert "Cancelled" in _text(desk.get("/models/"))
    over = desk.post(f"/models/runs/{run.pk}/cancel/", {"reason": "again"})
    assert (over.status_code, "is over" in _text(over)) == (422, True)


def test_a_first_version_can_be_asked_for_where_there_is_none(db, desk, queued):
    league.competition("basketball_new")

    assert "Train a first version for" in _text(desk.get("/models/"))
    desk.post("/models/train/", {"competition": "basketball_new"})

    assert queued == [TrainingRun.objects.latest("pk").pk]
    unknown = desk.post("/models/train/", {"competition": "chess"})
    assert (unknown.status_code, "no competition 'chess'" in _text(unknown)) == (422, True)


def test_two_versions_stand_side_by_side_with_the_events_they_differ_on(
    trained, as_alice, monkeypatch
):
    second = league.once_more(trained)
    record = services.promotion.artifacts.load_evaluation(trained.artifact, trained.checksum)
    other = record | {"model": [0.5, 0.99, *record["model"][2:]]}
    records = iter([record, other] * 2)
    monkeypatch.setattr(
        comparison.artifacts, "load_evaluation", lambda path, checksum: next(records)
    )

    answer = comparison.compare_versions(trained, second)
    page = _text(as_alice.get(f"/models/compare/?first={trained.pk}&second={second.pk}"))

    apart = [abs(one - two) for one, two in zip(record["model"][:2], [0.5, 0.99], strict=True)]
    assert sorted(apart, reverse=True) == pytest.approx(
        [abs(row["first"] - row["second"]) for row in answer["events"]], abs=1e-4
    )
    assert {row["event"] for row in answer["events"]} == set(record["event_id"][:2])
    assert answer["close"] is None
    assert "99.0 %" in page
    assert "Where they differ most" in page
    assert "Data, code, features and parameters are the same." in page


def test_versions_are_compared_on_the_events_that_have_a_close(trained, monkeypatch):
    record = {"event_id": [1, 2, 3], "won": [True, False, True], "elo": [0.5, 0.5, 0.5]}
    records = iter(
        [
            record | {"model": [0.9, 0.4, 0.6], "close": [None, 0.3, 0.7]},
            record | {"model": [0.1, 0.4, 0.6], "close": [None, 0.3, 0.7]},
        ]
    )
    monkeypatch.setattr(
        comparison.artifacts, "load_evaluation", lambda path, checksum: next(records)
    )

    answer = comparison.compare_versions(trained, trained)

    assert (answer["games"], answer["difference"]) == (2, 0)
    assert answer["close"]["log_loss"] == pytest.approx(-np.log(0.7), abs=1e-6)


def test_versions_that_cannot_be_compared_are_said_or_not_there(trained, as_alice):
    at = "/models/compare/"

    assert as_alice.get(f"{at}?first={trained.pk}&second=0").status_code == 404
    assert as_alice.get(f"{at}?first={trained.pk}&second=x").status_code == 404
    assert as_alice.get(f"{at}?first={trained.pk}&second=999").status_code == 404


def test_only_operators_change_anything(trained, as_alice, queued):
    run = services.ask_for_training(
        competition_key=league.KEY, until=league.AFTER, by_id=None, now=league.AFTER
    )
    before = AuditEntry.objects.count()
    for path in (
        f"/models/{trained.pk}/promote/",
        f"/models/{trained.pk}/stage/",
        f"/models/{trained.pk}/tag/",
        f"/models/{trained.pk}/untag/",
        f"/models/{trained.pk}/note/",
        f"/models/{PREDICTOR}/roll-back/",
        "/models/train/",
        f"/models/runs/{run.pk}/cancel/",
    ):
        said = {"reason": "x", "stage": "archived", "tag": "x", "text": "x", "competition": "x"}
        assert as_alice.post(path, said).status_code == 403, path
        assert as_alice.get(path).status_code == 405, path

    assert (AuditEntry.objects.count(), queued) == (before, [])
    assert "Cancel" not in _text(as_alice.get("/models/"))


def test_a_page_of_many_versions_costs_what_one_of_few_does(trained, as_alice):
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            as_alice.get("/models/")
        return len(asked)

    newest = trained
    cost()  # the first page of a session also notes that somebody is there
    few = cost()
    for _ in range(5):
        newest = league.once_more(newest)
        services.tag_version(version_id=newest.pk, tag="x", by_id=None, now=league.AFTER)
        services.stage_version(
            version_id=newest.pk, stage="staging", by_id=None, reason="x", now=league.AFTER
        )

    assert cost() == few
    assert len(life.log_of(predictor=PREDICTOR)) == 10


def test_the_admin_does_the_same_deeds(trained, desk, monkeypatch):
    queued: list[int] = []
    monkeypatch.setattr("models_registry.admin.queue_training", queued.append)

    def deed(table: str, action: str, pk: int, reason: str) -> str:
        said = {"action": action, "_selected_action": [pk], "reason": reason}
        return _text(desk.post(f"/admin/models_registry/{table}/", said, follow=True))

    for action, reason in (
        ("promote", "the first"),
        ("tag", "reviewed"),
        ("note", "Odd in May."),
    ):
        assert ": done." in deed("modelversion", action, trained.pk, reason), action
    assert "prices; promote another" in deed("modelversion", "archive", trained.pk, "old")
    assert "Say why in Reason" in deed("modelversion", "promote", trained.pk, "")
    assert ": done." in deed("predictor", "train", trained.predictor_id, "monthly")
    assert ": done." in deed("trainingrun", "cancel", queued[0], "mistaken")

    [version] = selectors.versions()
    assert (version.stage, version.tags) == ("production", ["reviewed"])
    run = TrainingRun.objects.get(pk=queued[0])
    assert (run.status, run.notes, run.by.username) == ("cancelled", "monthly", "olivia")
