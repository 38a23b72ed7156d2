"""The converter of free bets: what it says is what every outcome really earns."""

import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from odds.models import Bookmaker
from tests import make
from tests.journeys.payloads import PAYLOADS, faults

pytestmark = pytest.mark.django_db
CALCULATOR = "/free-bets/?tab=calculator&kind=free_bet&amount=50&by=back&price=4.10&price_2=1.28"


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(make.NOON, tick=False):
        yield


def two_way(game=1):
    for book, home, away in (("left", "4.10", "1.25"), ("right", "3.90", "1.28")):
        make.priced(home, side="home", book=book, game=game)
        make.priced(away, side="away", book=book, game=game)


def asked(**changed: object) -> str:
    book = Bookmaker.objects.get(key="left").pk
    given = {"kind": "free_bet", "amount": "50", "book": book} | changed
    return "/free-bets/?" + "&".join(f"{name}={value}" for name, value in given.items())


def test_an_open_page_asks_and_says_nothing_yet(as_alice):
    page = as_alice.get("/free-bets/").content.decode()
    assert "Find the best place" in page
    assert 'role="alert"' not in page
    assert "Least you make" not in page


def test_nobody_sees_it_without_a_log_in(client):
    assert client.get("/free-bets/")["Location"].startswith("/login/")


def test_the_best_place_comes_with_its_hedge_elsewhere_and_the_least_it_makes(as_alice):
    two_way()
    page = as_alice.get(asked()).content.decode()
    assert "121.09" in page
    assert "33.90" in page
    assert "67.8\xa0%" in page
    # The offer itself is placed by hand; its hedge has a form.
    assert "stake=121.09" in page
    assert page.count("/bets/place/?selection=") == page.count("stake=")
    # Longer prices convert better.
    assert page.index("67.8") < page.rindex("data-row")


def test_minimum_odds_and_markets_are_kept_to(as_alice):
    two_way()
    assert as_alice.get(asked(min_price="4.00")).content.count(b"data-row") == 1
    assert b"Nowhere to use it" in as_alice.get(asked(min_price="4.20")).content
    assert b"Nowhere to use it" in as_alice.get(asked(markets="totals")).content
    assert as_alice.get(asked(markets="h2h")).content.count(b"data-row") == 2


def test_a_bookmaker_without_prices_says_so(as_alice):
    two_way()
    other = Bookmaker.objects.create(key="other", title="Other").pk
    assert b"No prices of this bookmaker" in as_alice.get(asked(book=other)).content


def test_a_price_that_is_old_is_left_out_with_its_reason(as_alice):
    two_way()
    with time_machine.travel(make.NOON.replace(hour=make.NOON.hour + 1), tick=False):
        page = as_alice.get(asked()).content.decode()
        assert "Nothing that passes the gates" in page
        shown = as_alice.get(asked(doubtful="yes")).content.decode()
        assert re.search(r"price is .{1,9} old, over 15", shown)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount": "lots"}, "Amount: write how much"),
        ({"amount": "0"}, "Amount: write how much"),
        ({"amount": "1e999999"}, "Amount: write how much"),
        ({"amount": "NaN"}, "Amount: write how much"),
        ({"amount": "10.001"}, "Amount: write how much"),
        ({"book": "99999999"}, "Valid at: choose one of"),
        ({"book": ""}, "Valid at: choose the bookmaker"),
        ({"min_price": "1.00"}, "Minimum odds: write a decimal price"),
        ({"worth": "101"}, "Refund is worth: write per cent"),
    ],
)
def test_each_wrong_field_says_so_beside_it(as_alice, changed, said):
    two_way()
    answer = as_alice.get(asked(**changed))
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_the_calculator_says_stakes_and_every_outcome(as_alice):
    page = as_alice.get(CALCULATOR).content.decode()
    for figure in ("121.09", "33.91", "33.90", "67.8"):
        assert figure in page


def test_the_calculator_lays_with_commission(as_alice):
    page = as_alice.get(
        CALCULATOR.replace("by=back", "by=lay").replace("4.10", "5").replace("1.28", "5.2")
        + "&commission_2=2"
    ).content.decode()
    for figure in ("38.61", "162.17", "37.83"):
        assert figure in page


def test_a_third_outcome_beside_a_lay_is_refused(as_alice):
    answer = as_alice.get(CALCULATOR.replace("by=back", "by=lay") + "&price_3=4")
    assert answer.status_code == 422
    assert b"a lay bet covers it" in answer.content


def test_the_number_of_queries_does_not_grow_with_what_is_found(as_alice):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert as_alice.get(asked()).status_code == 200
        return len(found)

    two_way()
    as_alice.get(asked())
    one = queries()
    for game in range(2, 8):
        two_way(game)
    assert queries() == one <= 12
    assert as_alice.get(asked()).content.count(b"data-row") == 14


@pytest.mark.parametrize("tab", ["find", "calculator"])
def test_no_word_of_the_address_becomes_markup(as_alice, tab):
    names = [
        "kind",
        "amount",
        "worth",
        "book",
        "min_price",
        "markets",
        "price",
        "by",
        "price_2",
        "commission_2",
        "price_3",
    ]
    for payload in PAYLOADS:
        page = as_alice.get("/free-bets/", {"tab": tab} | dict.fromkeys(names, payload))
        assert page.status_code == 422
        assert faults(page.content.decode()) == []
