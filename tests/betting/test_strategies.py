"""Strategies: every change a version, to whom they belong, what they refuse."""

import re
from dataclasses import fields

import pytest
import time_machine
from django.db import IntegrityError, InternalError, transaction
from django.db.utils import ProgrammingError

from accounts.models import AuditEntry
from betting.domain.configuration import BadConfiguration, Configuration
from betting.forms_strategies import GROUPS, KINDS, OWN
from betting.models import Opportunity, Strategy, StrategyVersion
from betting.naming import SETTINGS
from betting.selectors.opportunities import OpportunityFilter, opportunities
from betting.services import strategies as services
from odds.models import Bookmaker
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
    made = as_alice.post("/strategies/new/", boxes | {"title": "Mine", "min_edge": "5"})
    assert made.url == "/strategies/mine/"
    page = as_alice.get("/strategies/mine/")
    assert b"Switch on" in page.content

    wrong = as_alice.post("/strategies/mine/change/", boxes | {"title": "Mine", "min_edge": "x"})
    assert wrong.status_code == 422
    assert b"Least edge: &#x27;x&#x27; is no number" in wrong.content
    both = {"title": "Mine", "rule": "published_consensus", "setting_alpha": "9"}
    wrong = as_alice.post("/strategies/mine/change/", boxes | both)
    assert b"Alpha: 9 cannot be; use 0 to 0.5" in wrong.content
    assert (
        as_alice.post(
            "/strategies/mine/change/", boxes | {"title": "Mine", "min_edge": "6 %", "was": "1"}
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


def test_a_list_lets_follow_and_stop_and_is_come_back_to(mine, as_alice):
    key = mine.key
    for follows, offered, said in (
        ("1", "Follow on paper", "places paper bets for you from now on."),
        ("0", "Stop following", "bets for you no longer."),
    ):
        listed = as_alice.get("/strategies/").content.decode()
        [form] = re.findall(rf'action="/strategies/{key}/follow/">.*?</form>', listed, re.S)
        assert f'value="{follows}">{offered}' in form
        sent = {"follows": follows, "next": "/strategies/"}
        back = as_alice.post(f"/strategies/{key}/follow/", sent, follow=True)
        assert back.request["PATH_INFO"] == "/strategies/"
        assert f"Sharp totals {said}" in back.content.decode()
    elsewhere = as_alice.post(
        f"/strategies/{key}/follow/", {"follows": "0", "next": "//elsewhere.test/"}
    )
    assert elsewhere.url == f"/strategies/{key}/"


def test_what_a_form_shows_is_what_was_stored_and_saving_it_changes_nothing(alice, as_alice):
    """Whatever is stored, in whatever order, comes back from the boxes as it was."""
    Bookmaker.objects.create(key="pinnacle", title="Pinnacle")
    for preset in services.PRESETS:
        content = preset.configuration.to_json() | {
            "market_keys": ["totals", "h2h", "spreads_q1"],
            "margin_methods": ["2*shin+power", "odds_ratio", "additive"],
            "reference_books": ["betfair", "pinnacle"],
            "stake_plan": "proportional",
            "stake_size": 0.007,
        }
        made = services.make_strategy(
            title=preset.title, content=content, by=alice, is_shared=False, now=make.NOON
        )
        form = as_alice.get(f"/strategies/{made.key}/change/").context["form"]

        answer = as_alice.post(f"/strategies/{made.key}/change/", form.initial)

        assert answer.status_code == 302, preset.key
        made.refresh_from_db()
        assert (made.version, made.configuration) == (1, content), preset.key


def test_every_setting_is_asked_for_in_one_group():
    grouped = [name for names in GROUPS.values() for name in names]

    assert len(grouped) == len(set(grouped))
    assert set(grouped) == {*OWN, *KINDS} - {"settings"}


def test_a_form_asks_in_words_and_per_cent_and_names_what_is_wrong(as_alice):
    Bookmaker.objects.create(key="pinnacle", title="Pinnacle")
    page = as_alice.get("/strategies/new/")
    boxes = page.context["form"].initial
    shown = page.content.decode()

    assert "Least edge, %" in shown
    assert 'name="min_edge" value="2"' in shown
    assert 'name="kelly_fraction" value="25"' in shown
    assert not any(each in shown for each in (">h2h<", "by_sport, ", "alpha=", ">shin<", "0.25"))
    for wrong, told in (
        ({"min_edge": "120"}, "Least edge: 120\xa0% cannot be; use 0\xa0% to 100\xa0%"),
        ({"min_edge": "nan"}, "Least edge: &#x27;nan&#x27; is no number"),
        ({"max_edge": "1"}, "Most edge: 1\xa0% cannot be; use more than least edge."),
        ({"market_keys": []}, "Markets: tick at least one."),
        ({"market_keys": ["h3h"]}, "h3h"),
        ({"reference_books": "Pinnacle, Pinacle"}, "&#x27;Pinacle&#x27;: no bookmaker of that"),
        ({"rule": "published_consensus", "setting_alpha": "much"}, "Alpha: &#x27;much&#x27; is no"),
    ):
        answer = as_alice.post("/strategies/new/", boxes | {"title": "Mine"} | wrong)
        assert (answer.status_code, told in answer.content.decode()) == (422, True), wrong
    right = {
        "title": "Mine",
        "reference_books": "pinnacle",
        "market_keys": ["h2h", "totals"],
        "margin_method": "shin",
        "margin_methods": ["power", "shin"],
        "rule": "published_consensus",
        "setting_alpha": "0.04",
        "setting_outlay": "0.3",
    }
    assert as_alice.post("/strategies/new/", boxes | right).status_code == 302
    stored = Strategy.objects.get(key="mine").configuration
    assert stored["reference_books"] == ["pinnacle"]
    assert stored["market_keys"] == ["h2h", "totals"]
    assert stored["margin_methods"] == ["shin", "power"]
    assert stored["settings"] == {"alpha": 0.04}, "the other rule's is not this one's"
    assert stored["min_edge"] == 0.02


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
