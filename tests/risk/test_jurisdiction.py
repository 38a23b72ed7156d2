"""Where people are and how old: the table, every door that takes a stake, and what is kept."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from betting.models import Bet, Opportunity, Strategy
from betting.services.following import place_for_followers
from betting.services.opportunities import refresh_opportunities
from betting.services.placement import StakeRefused
from config.env import age_gate, jurisdictions
from risk.domain.jurisdiction_table import JURISDICTIONS
from risk.domain.jurisdictions import INTERNATIONAL, Said, help_at, why_not
from risk.jurisdiction import why_barred
from risk.models import PlaceSaid
from risk.services.jurisdiction import say_place
from risk.services.personal import NotYet
from tests import make

DAY = timedelta(days=1)
# Written down apart from the table, so that a slip in either shows; neither is the law. The least
# age, or None where nobody may.
EXPECTED = {"GB": 18, "BE": 21, "GR": 21, "CA-ON": 19, "CA-QC": 18, "US-NJ": 21, "US-KY": 18,
            "US-RI": 21, "US-WY": 18, "US-TX": None, "US-CA": None}  # fmt: skip


def say(owner, place: str, age: int, *, now=None):
    return say_place(owner_id=owner.pk, place=place, reached_age=age, now=now or timezone.now())


@pytest.mark.parametrize("age", [0, 17, 18, 19, 20, 21, 40])
def test_every_place_takes_stakes_from_its_age_on(age):
    assert set(EXPECTED) < set(JURISDICTIONS)
    for code, rule in JURISDICTIONS.items():
        least = EXPECTED.get(code, rule.least_age if rule.allowed else None)

        said = why_not(Said(code, age), JURISDICTIONS)

        assert (said == "") == (least is not None and age >= least), code
        assert said == "" or rule.title in said
        assert code[:2] not in ("US", "GB") or any(each.phone for each in rule.help)


@pytest.mark.parametrize(("place", "said"), [("US-NJ", "unconfirmed"), ("US-KY", "according to")])
def test_the_page_says_whether_an_age_was_looked_up_and_to_ask_a_regulator(
    as_alice, alice, place, said
):
    say(alice, place, 21)

    page = as_alice.get("/risk/personal/").content.decode()

    assert said in page
    assert "Check with your regulator" in page


def test_what_is_not_known_is_read_only_and_gets_the_help_there_is_everywhere():
    for place in ("other", "XX", "US", ""):
        assert "no stake is taken" in why_not(Said(place, 40), JURISDICTIONS)
        assert help_at(place, JURISDICTIONS) == INTERNATIONAL
    assert "Keeping it in check" in why_not(None, JURISDICTIONS)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("GB", "no CODE=AGE"),
        ("GB=young", "no CODE=AGE"),
        ("GB=17", "least age 17"),
        ("GB=99", "least age 99"),
        ("England=18", "no code"),
        ("GB=18,GB=21", "twice"),
        ("US=21", "states"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(text, named):
    with pytest.raises(ImproperlyConfigured, match=f"FAIRLINE_JURISDICTIONS.*{named}"):
        jurisdictions(text)


def test_the_gate_is_on_where_money_is_real_and_cannot_be_off_there():
    assert not age_gate(None, live_venues=[])
    assert age_gate(None, live_venues=["betfair"])
    assert age_gate(True, live_venues=[])
    with pytest.raises(ImproperlyConfigured, match="FAIRLINE_AGE_GATE"):
        age_gate(False, live_venues=["betfair"])


def tried(owner) -> dict[str, bool]:
    """Try to stake at every door; return which took it."""
    for game in (1, 2):
        for book in ("one", "two", "three"):
            make.priced("1.910", game=game, book=book)
            make.priced("1.910", side="away", game=game, book=book)
        make.priced("1.700", side="away", game=game, book="four")
        make.priced("2.200", game=game, book="four")
    refresh_opportunities(now=make.NOON)
    offered = Opportunity.objects.filter(status="open", passes=[]).order_by("pk")[0]
    page, service, api = offered.quote, make.priced(game=3), make.priced(game=4)
    strategy = Strategy.objects.get(key="consensus")
    took, rules = {}, ["jurisdiction"]
    try:
        make.place(owner, service)
        took["service"] = True
    except StakeRefused as refusal:
        took["service"] = False
        rules = [breach.rule for breach in refusal.breaches]
    assert rules == ["jurisdiction"]
    client = Client()
    client.force_login(owner)
    asked = {"request_key": "k", "stake": "5.00", "price": str(page.price), "venue": "paper"}
    answer = client.post(
        "/bets/place/",
        asked | {"opportunity_id": offered.pk, "selection_id": page.selection_id,
                 "bookmaker_id": page.bookmaker_id},
    )  # fmt: skip
    took["page"] = answer.status_code == 302
    bet = {"selection": api.selection_id, "bookmaker": "paperbook", "price": str(api.price)}
    headers = {"X-Api-Key": make.full_key(owner)[1], "Idempotency-Key": "one"}
    answer = client.post(
        "/api/v1/bets", bet | {"stake": "5.00"}, content_type="application/json", headers=headers
    )
    took["api"] = answer.status_code == 201
    strategy.followers.add(owner)
    took["worker"] = place_for_followers(make.NOON).placed > 0
    return took


@pytest.mark.parametrize(
    ("said", "may"),
    [(None, False), (("BE", 19), False), (("US-TX", 40), False), (("GB", 18), True)],
)
def test_every_door_keeps_to_it(alice, settings, said, may):
    settings.AGE_GATE = True
    make.bankroll(alice)
    if said:
        say(alice, *said)
    with time_machine.travel(make.NOON, tick=False):
        assert tried(alice) == dict.fromkeys(("service", "page", "api", "worker"), may)
    assert Bet.objects.exists() == may


def test_nobody_is_asked_where_the_gate_is_off(alice):
    say(alice, "US-TX", 0)
    assert why_barred(alice.pk) == ""


def test_what_bars_stakes_stands_for_a_day_and_no_more_is_kept_than_needed(alice, settings):
    settings.AGE_GATE = True
    now = timezone.now()
    first = say(alice, "GB", 0, now=now)
    assert say(alice, "GB", 0, now=now) == first
    with pytest.raises(NotYet, match="another answer"):
        say(alice, "GB", 40, now=now + DAY * 0.99)
    assert "from the age of 18" in why_barred(alice.pk)

    later = say(alice, "GB", 40, now=now + DAY)

    assert (later.reached_age, why_barred(alice.pk)) == (21, "")
    assert say(alice, "US-TX", 40, now=now + DAY).place == "US-TX", "that allows less"
    assert AuditEntry.objects.filter(action="said where they are and how old").count() == 3
    with pytest.raises(DatabaseError), transaction.atomic():
        PlaceSaid.objects.update(reached_age=40)


def test_it_is_said_on_the_page_and_by_the_api(alice, as_alice, settings):
    settings.AGE_GATE = True
    assert b"Read only" in as_alice.get("/risk/personal/").content

    given = {"place": "GB", "reached_age": "18"}
    done = as_alice.post("/risk/personal/place/", given, follow=True).content.decode()

    assert "Read only" not in done
    assert "0808 8020 133" in done, "who helps there"
    key = {"X-Api-Key": make.full_key(alice)[1], "Idempotency-Key": "one"}
    found = as_alice.get("/api/v1/risk/jurisdiction", headers=key).json()
    assert (found["may_stake"], found["place"], found["least_age"]) == (True, "GB", 18)
    body = {"place": "US-NJ", "reached_age": 19}
    found = as_alice.post(
        "/api/v1/risk/jurisdiction", body, content_type="application/json", headers=key
    ).json()
    assert (found["may_stake"], found["help"][0]["phone"]) == (False, "1-800-426-2537")
    body = {"place": "GB", "reached_age": 19}
    key["Idempotency-Key"] = "two"
    again = as_alice.post(
        "/api/v1/risk/jurisdiction", body, content_type="application/json", headers=key
    )
    assert again.status_code == 409
    refused = as_alice.post("/risk/personal/place/", {"place": "nowhere", "reached_age": "18"})
    assert refused.status_code == 422
