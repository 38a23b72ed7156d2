"""Strategies: every change a version, to whom they belong, what they refuse."""

from dataclasses import fields

import pytest
import time_machine
from django.db import IntegrityError, InternalError, transaction
from django.db.utils import ProgrammingError

from accounts.models import AuditEntry
from betting.domain.configuration import BadConfiguration, Configuration
from betting.models import Opportunity, Strategy, StrategyVersion
from betting.naming import SETTINGS
from betting.selectors.opportunities import OpportunityFilter, opportunities
from betting.services import strategies as services
from tests import make
from tests.api.conftest import Api
from tests.api.test_lists import opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(make.NOON, tick=False):
        yield


@pytest.fixture
def mine(alice):
    return services.make_strategy(
        title="Sharp totals", content={"min_edge": 0.03}, by=alice, is_shared=False, now=make.NOON
    )


def change(strategy, by, content, **more):
    return services.change_strategy(key=strategy.key, by=by, now=make.NOON, content=content, **more)


def test_a_change_is_a_version_and_the_same_again_is_none(mine, alice):
    changed = change(mine, alice, {"min_edge": 0.04}, note="Too many.")
    assert changed.version == 2
    assert change(mine, alice, {"min_edge": 0.04}).version == 2

    first, second = mine.versions.order_by("number")
    assert (first.configuration["min_edge"], second.configuration["min_edge"]) == (0.03, 0.04)
    assert (second.note, second.made_by, second.made_at) == ("Too many.", alice, make.NOON)
    entry = AuditEntry.objects.get(action="changed strategy")
    assert entry.detail["changed"] == {"min_edge": [0.03, 0.04]}


def test_the_database_makes_the_version_whoever_changes_it_and_lets_none_be_changed(mine):
    Strategy.objects.filter(pk=mine.pk).update(configuration={"min_edge": 0.05}, version=77)

    mine.refresh_from_db()
    assert mine.version == 2
    version = StrategyVersion.objects.get(strategy=mine, number=2)
    assert (version.configuration, version.made_by) == ({"min_edge": 0.05}, None)
    for forge in (
        lambda: StrategyVersion.objects.filter(pk=version.pk).update(note="x"),
        lambda: StrategyVersion.objects.filter(pk=version.pk).delete(),
    ):
        with pytest.raises((InternalError, ProgrammingError, IntegrityError)), transaction.atomic():
            forge()


def test_an_opportunity_keeps_the_version_that_found_it(mine, alice):
    quote = make.priced("2.100")
    opportunity(quote, strategy=mine.key)
    change(mine, alice, {"min_edge": 0.04})

    assert Opportunity.objects.get().version.number == 1
    assert Opportunity.objects.get().configuration["min_edge"] == 0.03


def test_somebody_elses_strategy_is_as_if_it_were_not_there(mine, alice, bob):
    opportunity(make.priced("2.100"), strategy=mine.key)

    assert opportunities(OpportunityFilter(seen_by=alice.pk)).count() == 1
    assert not opportunities(OpportunityFilter(seen_by=bob.pk)).exists()
    for deed in (
        lambda: change(mine, bob, {}),
        lambda: services.switch_strategy(key=mine.key, is_active=True, by=bob, now=make.NOON),
        lambda: services.follow_strategy(key=mine.key, follows=True, by=bob, now=make.NOON),
    ):
        with pytest.raises(services.NoSuchStrategy):
            deed()


def test_only_an_operator_changes_what_is_everybodys(alice):
    services.ensure_strategies()
    shared = Strategy.objects.get(key="consensus")

    with pytest.raises(services.NotYours, match="copy it instead"):
        change(shared, alice, {"min_edge": 0.1})
    with pytest.raises(services.NotYours):
        services.make_strategy(title="X", content={}, by=alice, is_shared=True, now=make.NOON)
    assert change(shared, make.operator(), {"min_edge": 0.1}).version == 2


def test_what_cannot_be_meant_or_came_too_late_changes_nothing(mine, alice):
    with pytest.raises(BadConfiguration, match="rule: there is no 'magic'"):
        change(mine, alice, {"rule": "magic"})
    change(mine, alice, {"min_edge": 0.04})
    with pytest.raises(services.CannotChange, match="at version 2 by now"):
        change(mine, alice, {"min_edge": 0.05}, was=1)
    services.archive_strategy(key=mine.key, is_archived=True, by=alice, now=make.NOON)
    for deed in (
        lambda: change(mine, alice, {"min_edge": 0.05}),
        lambda: services.switch_strategy(key=mine.key, is_active=True, by=alice, now=make.NOON),
    ):
        with pytest.raises(services.CannotChange, match="archived"):
            deed()
    mine.refresh_from_db()
    assert (mine.version, mine.is_active) == (2, False)


# --- pages


def test_a_person_makes_changes_switches_and_compares_on_the_pages(as_alice, alice):
    boxes = as_alice.get("/strategies/new/").context["form"].initial
    made = as_alice.post("/strategies/new/", boxes | {"title": "Mine", "min_edge": "0.05"})
    assert made.url == "/strategies/mine/"
    page = as_alice.get("/strategies/mine/")
    assert b"Switch on" in page.content

    wrong = as_alice.post("/strategies/mine/change/", boxes | {"title": "Mine", "min_edge": "x"})
    assert wrong.status_code == 422
    assert b"Least edge: &#x27;x&#x27; is no number" in wrong.content
    both = {"title": "Mine", "rule": "published_consensus", "settings": "alpha=9"}
    wrong = as_alice.post("/strategies/mine/change/", boxes | both)
    assert b"Alpha: 9.0 cannot be; use 0 to 0.5" in wrong.content
    assert (
        as_alice.post(
            "/strategies/mine/change/", boxes | {"title": "Mine", "min_edge": "0.06", "was": "1"}
        ).url
        == "/strategies/mine/"
    )
    for deed in ({"is_active": "1"}, {"is_active": "0"}):
        assert as_alice.post("/strategies/mine/switch/", deed).status_code == 302
    as_alice.post("/strategies/mine/follow/", {"follows": "1"})
    beside = as_alice.get("/strategies/mine/compare/?first=1&second=2").content
    assert b"Least edge" in beside
    assert "6\xa0%".encode() in beside
    told = as_alice.get("/strategies/mine/").content.decode()
    assert all(each in told for each in ("Oldest price", "15 min", "no cap", "Moneyline"))
    assert not any(each in told for each in ("fair_price", "by_sport", "h2h"))
    assert b"Mine" in as_alice.get("/strategies/").content
    assert Strategy.objects.get(key="mine").followers.get() == alice


def test_the_pages_of_a_shared_strategy_let_nobody_else_change_it(as_alice):
    services.ensure_strategies()
    # Stored long ago, before there was a rule to choose.
    Strategy.objects.filter(key="blend").update(configuration={"model_weight": 1.0})

    assert as_alice.get("/strategies/").status_code == 200
    assert as_alice.get("/strategies/consensus/").status_code == 200
    assert as_alice.get("/strategies/consensus/change/").status_code == 403
    assert as_alice.post("/strategies/consensus/switch/", {"is_active": "0"}).status_code == 403
    assert as_alice.get("/strategies/nothing/").status_code == 404


# --- API


def test_the_api_makes_changes_and_refuses_by_field(alice, bob):
    api, stranger = (Api(make.full_key(each)[1]) for each in (alice, bob))
    made = api.post("strategies", {"title": "Robot", "configuration": {"min_edge": 0.04}})
    assert (made.status_code, made.json()["key"], made.json()["version"]) == (201, "robot", 1)
    put = api.put(
        "strategies/robot", {"configuration": {"min_edge": 0.05}, "note": "Fewer.", "was": 1}
    )
    assert put.json()["version"] == 2
    versions = api.get("strategies/robot/versions").json()["results"]
    assert [(each["number"], each["note"]) for each in versions] == [(2, "Fewer."), (1, "Made.")]
    assert api.post("strategies/robot/switch", {"is_active": True}).json()["is_active"]
    assert api.post("strategies/robot/archive", {"is_archived": True}).json()["archived_at"]
    assert api.get("strategies").json()["results"] == []

    wrong = api.post("strategies", {"title": "X", "configuration": {"min_egde": 1}})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "configuration.min_egde"
    assert api.post("strategies", {"title": "X", "configuration": 1}).status_code == 422
    assert stranger.get("strategies/robot").status_code == 404
    assert stranger.post("strategies/robot/follow", {"follows": True}).status_code == 404
    shared = {"title": "X", "configuration": {}, "is_shared": True}
    assert api.post("strategies", shared).status_code == 403


def test_every_setting_has_a_name_of_its_own():
    names = [SETTINGS.get(each.name, "") for each in fields(Configuration)]

    assert all(names)
    assert len(set(names)) == len(names)
