"""The registry of models over the API: what everybody sees, what operators do, what is refused."""

import pytest

from accounts.models import AuditEntry
from models_registry import services
from models_registry.api import life as api_life
from tests import make
from tests.api.conftest import Api
from tests.models_registry import league

PREDICTOR = f"{league.KEY}-h2h"


@pytest.fixture
def operator(olivia) -> Api:
    return Api(make.full_key(olivia)[1])


@pytest.fixture
def api(alice) -> Api:
    return Api(make.full_key(alice)[1])


@pytest.fixture
def queued(monkeypatch) -> list[int]:
    told: list[int] = []
    monkeypatch.setattr(api_life, "queue_training", told.append)
    return told


def test_a_version_is_promoted_staged_tagged_and_rolled_back(trained, operator):
    second = league.once_more(trained)
    path = f"models/{trained.pk}"
    before = AuditEntry.objects.count()

    gates = operator.get(f"{path}/gates").json()
    assert gates["passed"] is True
    assert operator.post(f"{path}/promote", {"reason": "first"}).json()["stage"] == "production"
    staged = operator.post(f"models/{second.pk}/stage", {"stage": "staging", "reason": "try"})
    assert staged.json()["stage"] == "staging"
    assert operator.post(f"models/{second.pk}/tag", {"tag": "a"}).json()["tags"] == ["a"]
    noted = operator.post(f"models/{second.pk}/note", {"text": "Odd."}).json()
    assert [row["kind"] for row in noted["remarks"]] == ["note", "tag"]
    found = operator.get("models", stage="staging", tag="a").json()["results"]
    assert [row["id"] for row in found] == [second.pk]
    assert operator.post(f"models/{second.pk}/untag", {"tag": "a"}).json()["tags"] == []

    operator.post(f"models/{second.pk}/promote", {"reason": "better"})
    back = operator.post("models/roll-back", {"predictor": PREDICTOR, "reason": "worse"})
    assert (back.status_code, back.json()["id"]) == (200, trained.pk)
    assert operator.get("models/champion", predictor=PREDICTOR).json()["id"] == trained.pk
    log = operator.get("models/promotions", predictor=PREDICTOR).json()["results"]
    assert [(row["kind"], row["number"], row["by"]) for row in log] == [
        ("rolled_back", 1, "olivia"),
        ("promoted", 2, "olivia"),
        ("promoted", 1, "olivia"),
    ]
    stages = operator.get("models/stages", version=second.pk).json()["results"]
    assert [row["stage"] for row in stages] == ["candidate", "production", "staging"]
    assert AuditEntry.objects.count() == before + 7
    early = operator.get("models/champion", predictor=PREDICTOR, at="2000-01-01T00:00:00Z")
    assert early.status_code == 404


def test_what_the_registry_refuses_is_a_422_with_its_words(trained, operator):
    operator.post(f"models/{trained.pk}/stage", {"stage": "archived", "reason": "old"})

    refused = operator.post(f"models/{trained.pk}/promote", {"reason": "x"})
    assert refused.status_code == 422
    assert "unarchive it first" in refused.json()["detail"]
    none = operator.post("models/roll-back", {"predictor": PREDICTOR, "reason": "x"})
    assert (none.status_code, none.json()["type"]) == (422, "urn:fairline:problem:refused")
    for path, body in (
        ("models/999/promote", {"reason": "x"}),
        ("models/roll-back", {"predictor": "nothing", "reason": "x"}),
        ("models/runs/999/cancel", {"reason": "x"}),
    ):
        assert operator.post(path, body).status_code == 404, path
    assert operator.post(f"models/{trained.pk}/promote", {}).status_code == 400


def test_a_training_is_asked_for_once_seen_by_all_and_cancelled(
    trained,
    operator,
    api,
    queued,
    django_capture_on_commit_callbacks,
):
    with django_capture_on_commit_callbacks(execute=True):
        asked = operator.post("models/runs", {"competition": league.KEY, "notes": "mine"})
    assert (asked.status_code, asked.json()["by"]) == (202, "olivia")
    run = asked.json()["id"]
    assert queued == [run]
    again = operator.post("models/runs", {"competition": league.KEY})
    assert (again.status_code, queued) == (422, [run])
    assert "is being trained already" in again.json()["detail"]
    ahead = {"competition": league.KEY, "until": "2999-01-01T00:00:00Z"}
    assert "lies ahead" in operator.post("models/runs", ahead).json()["detail"]

    seen = api.get("models/runs", status="queued").json()["results"]
    assert [row["id"] for row in seen] == [run]
    over = operator.post(f"models/runs/{run}/cancel", {"reason": "mistaken"}).json()
    assert (over["status"], over["error"]) == ("cancelled", "cancelled: mistaken")
    assert api.get(f"models/runs/{run}").json()["status"] == "cancelled"


def test_two_versions_are_compared(trained, api):
    second = league.once_more(trained)

    answer = api.get("models/compare", first=trained.pk, second=second.pk).json()

    assert (answer["difference"], answer["made_from"]) == (0.0, [])
    assert answer["verdict"] == "they say the same of all 500 events"
    assert answer["first"]["calibration"] == trained.metrics["calibration"]
    assert answer["events"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("models/{}/promote", {"reason": "x"}),
        ("models/{}/stage", {"stage": "archived", "reason": "x"}),
        ("models/{}/tag", {"tag": "x"}),
        ("models/{}/untag", {"tag": "x"}),
        ("models/{}/note", {"text": "x"}),
        ("models/roll-back", {"predictor": PREDICTOR, "reason": "x"}),
        ("models/runs", {"competition": league.KEY}),
        ("models/runs/1/cancel", {"reason": "x"}),
    ],
)
def test_only_operators_change_the_registry(trained, api, queued, path, body):
    before = AuditEntry.objects.count()

    answer = api.post(path.format(trained.pk), body)

    assert answer.status_code == 403
    assert "Only an operator" in answer.json()["detail"]
    assert AuditEntry.objects.count() == before
    assert queued == []


def test_a_refused_promotion_names_every_gate(trained, operator, settings):
    settings.PROMOTION_GATES = type(settings.PROMOTION_GATES)(games=10**6, attacked=True)

    answer = operator.post(f"models/{trained.pk}/promote", {"reason": "x"})

    faults = {fault["code"]: fault["bound"] for fault in answer.json()["errors"]}
    assert faults == {"enough-games": "1000000.0", "passed-the-attacker": "1.0"}
    assert not services.gates_of(trained)[0].passed
