"""The Scanner: what it finds is what the slate offers, with its age, stakes and doubts."""

import csv
import html
import io
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from odds.models import Quote
from odds.scanner import KINDS
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(make.NOON, tick=False):
        yield


def arbitrage(game=1):
    make.priced("2.10", side="home", book="left", game=game)
    make.priced("2.10", side="away", book="right", game=game)


@pytest.mark.parametrize("tab", KINDS)
def test_every_tab_answers_with_prices_and_without(as_alice, tab):
    empty = as_alice.get(f"/scanner/?tab={tab}")
    assert empty.status_code == 200
    assert b"No prices to search" in empty.content
    make.priced("1.90", side="home")
    make.priced("1.90", side="away")
    nothing = as_alice.get(f"/scanner/?tab={tab}").content
    assert b"Nothing found" in nothing
    assert b"2 prices of 1 book on 1 event" in nothing
    assert b'style="' not in nothing


def test_an_arbitrage_is_shown_with_stakes_to_the_unit_and_what_is_certain(as_alice):
    arbitrage()
    page = as_alice.get("/scanner/?outlay=205&unit=5").content.decode()
    assert page.count("stake 100") == 2
    assert "10.00 on 200<" in page
    assert "5.00" in page


def test_each_leg_leads_to_its_bet_with_its_stake(as_alice):
    arbitrage()
    page = html.unescape(as_alice.get("/scanner/?outlay=205&unit=5").content.decode())
    legs = Quote.objects.filter(price="2.10")
    doors = [
        f"/bets/place/?selection={leg.selection_id}&book={leg.bookmaker_id}&saw=2.10&stake=100"
        for leg in legs
    ]
    assert len(doors) == 2
    for door in doors:
        assert f'href="{door}"' in page
        assert 'value="100"' in as_alice.get(door).content.decode()


def test_a_doubtful_find_is_left_out_counted_and_shown_when_asked(as_alice):
    make.priced("2.60", side="home", book="left")
    make.priced("2.60", side="away", book="right")
    page = as_alice.get("/scanner/").content.decode()
    assert "1 find broke a quality gate" in page
    shown = as_alice.get("/scanner/?doubtful=yes").content.decode()
    assert "30.0% is over 10%: more likely an error" in shown


def test_an_arbitrage_that_rounding_eats_is_doubtful_and_says_so(as_alice):
    # Equal payouts earn a quarter of a per cent; 50 and 50, in tens, return 99.50 at worst.
    make.priced("1.99", side="home", book="left")
    make.priced("2.02", side="away", book="right")
    assert "stake" in as_alice.get("/scanner/?outlay=10000").content.decode()
    page = as_alice.get("/scanner/?unit=10").content.decode()
    assert "1 find broke a quality gate" in page
    shown = as_alice.get("/scanner/?unit=10&doubtful=yes").content.decode()
    assert "in units of 10 the stakes earn nothing for certain, −0.50 of 100" in shown


def test_a_middle_that_earns_on_a_miss_is_not_said_to_cost(as_alice):
    make.priced("2.20", side="over", point="210.5", market="totals", book="left")
    make.priced("2.20", side="under", point="214.5", market="totals", book="right")
    page = as_alice.get("/scanner/?tab=middles&doubtful=yes").content.decode()
    assert "a miss earns 10.0\xa0% too, a hit 120.0\xa0%" in page
    assert "costs −" not in page


def test_a_middle_on_spreads_names_the_teams_whose_wins_it_takes(as_alice):
    given = {"market": "spreads"}
    home = make.priced("2.10", side="home", point="-4.5", book="left", **given)
    make.priced("2.10", side="away", point="6.5", book="right", **given)
    event = home.selection.market.event
    page = as_alice.get("/scanner/?tab=middles&doubtful=yes").content.decode()
    assert f"Both win where {event.home.name} win by 4.5 to 6.5: " in page


def test_money_is_of_my_bankroll_s_currency_and_old_prices_are_told_in_hours(alice, as_alice):
    arbitrage()
    assert "stake 50<" in as_alice.get("/scanner/").content.decode()
    make.bankroll(alice)
    page = as_alice.get("/scanner/").content.decode()
    assert "stake €50<" in page
    assert "€5.00 on €100<" in page
    assert "Outlay, EUR" in page


def test_finds_come_in_pages(as_alice):
    for game in range(1, 28):
        arbitrage(game)
    first = as_alice.get("/scanner/").content.decode()
    assert first.count("<tr data-row") == 25
    assert "1–25 of 27" in first
    assert as_alice.get("/scanner/?page=2").content.decode().count("<tr data-row") == 2


def test_an_amount_that_is_none_is_named(as_alice):
    answer = as_alice.get("/scanner/?outlay=many")
    assert answer.status_code == 422
    assert "outlay: &#x27;many&#x27; is no amount" in answer.content.decode()


def test_the_file_is_what_the_filter_shows(as_alice):
    arbitrage()
    answer = as_alice.get("/scanner/export.csv?tab=arbitrages&unit=0.5")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["bookmakers"], row["stakes"], row["profit"]) for row in rows] == [
        ("right | left", "50 | 50", "5.00")
    ]
    assert rows[0]["value"] == "0.05"


def test_simulated_leagues_are_left_out_unless_the_world_is_one(as_alice):
    arbitrage()
    event = make.priced("3.00", side="draw", market="other").selection.market.event
    event.competition.is_simulated = True
    event.competition.save()
    assert b"Nothing found" in as_alice.get("/scanner/").content


def test_it_costs_the_same_for_few_finds_as_for_many(as_alice):
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            as_alice.get("/scanner/")
        return len(caught)

    arbitrage()
    queries()  # the first page of a session also notes that somebody is there
    few = queries()
    for game in range(2, 12):
        arbitrage(game)
    assert queries() == few <= 14


@pytest.mark.parametrize("name", KINDS)
def test_the_api_tells_the_same(as_alice, name):
    arbitrage()
    found = as_alice.get(f"/api/v1/{name}").json()
    assert found["count"] == (1 if name == "arbitrages" else 0)
    if found["count"]:
        one = found["results"][0]
        assert one["value"] == pytest.approx(0.05)
        assert [leg["bookmaker"] for leg in one["legs"]] == ["right", "left"]
        assert [Decimal(leg["stake"]) for leg in one["legs"]] == [50, 50]
        assert one["oldest_minutes"] == 0
        assert one["numbers"] == {"comes_back": 0.0}


def test_the_api_refuses_what_it_does_not_know(as_alice):
    answer = as_alice.get("/api/v1/arbitrages?outlay=-1&colour=red")
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {"outlay", "colour"}
