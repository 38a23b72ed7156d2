"""The Pinnacle venue against a bookmaker of ours that keeps its rules of placing."""

from datetime import timedelta
from decimal import Decimal

import pytest

from betting.venues import registry
from betting.venues.base import CannotQuote, Code, Order, Verdict
from betting.venues.pinnacle import Pinnacle, request_id
from tests import make
from tests.betting.venues.bookmaker import Bookmaker, Server


@pytest.fixture
def bookmaker():
    return Bookmaker()


@pytest.fixture
def pinnacle(bookmaker, db):
    with Server(bookmaker) as server:
        yield Pinnacle(url=server.url, username="user", password="secret")


def order(quote, number=1, **changed) -> Order:
    given = {
        "reference": f"fl-{number}",
        "selection_id": quote.selection_id,
        "bookmaker_id": quote.bookmaker_id,
        "price": Decimal("2.000"),
        "stake": Decimal("10.00"),
        "at": make.NOON,
    }
    return Order(**(given | changed))


def test_it_is_not_among_the_venues_and_so_never_armed():
    assert "pinnacle" not in registry.VENUES


def test_a_better_line_is_accepted_and_looked_up_by_the_same_id(bookmaker, pinnacle):
    asked = order(make.priced())

    said = pinnacle.place(asked)

    assert (said.verdict, said.matched_stake, said.matched_price) == (
        Verdict.ACCEPTED, Decimal(10), Decimal("2.05"),
    )  # fmt: skip
    assert bookmaker.requests[0]["uniqueRequestId"] == request_id("fl-1")
    assert bookmaker.requests[0]["team"] == "TEAM1"
    assert pinnacle.look_up(asked, now=make.NOON) == said
    # It takes nothing back.
    assert pinnacle.cancel(asked, now=make.NOON) == said


def test_a_line_that_is_not_the_main_one_goes_with_its_own_id(bookmaker, pinnacle):
    """Without it the bet lands on the main line: home -5.5 instead of -3.5."""
    asked = order(make.priced(side="home", point="-3.5", market="spreads"))

    assert pinnacle.place(asked).verdict is Verdict.ACCEPTED
    assert bookmaker.requests[0]["altLineId"] == 501
    assert bookmaker.bets[0]["handicap"] == "-3.5"


def test_a_bet_that_landed_on_another_line_is_never_taken_for_ours(
    bookmaker, pinnacle, monkeypatch
):
    asked = order(make.priced(side="home", point="-3.5", market="spreads"))
    line = bookmaker.line
    monkeypatch.setattr(bookmaker, "line", lambda a: line(a) | {"altLineId": None})

    assert pinnacle.place(asked).verdict is Verdict.UNKNOWN
    assert bookmaker.bets[0]["handicap"] == "-5.5"


def test_teams_listed_the_other_way_round_change_sides(bookmaker, pinnacle):
    bookmaker.home, bookmaker.away = "Away 1", "Home 1"
    pinnacle.place(order(make.priced(side="home")))

    assert bookmaker.requests[0]["team"] == "TEAM2"


@pytest.mark.parametrize("fault", ["lost_after", "broken_after"])
def test_an_error_does_not_mean_that_the_bet_was_not_placed(bookmaker, pinnacle, fault):
    asked = order(make.priced())
    bookmaker.faults = [fault]

    assert pinnacle.place(asked).verdict is Verdict.UNKNOWN
    assert pinnacle.look_up(asked, now=make.NOON).verdict is Verdict.ACCEPTED
    # The same id again is refused there, and that refusal is not ours.
    assert pinnacle.place(asked).verdict is Verdict.UNKNOWN
    assert len(bookmaker.bets) == 1


def test_a_request_to_resubmit_sends_the_same_id_again_and_gives_up(bookmaker, pinnacle):
    asked = order(make.priced())
    bookmaker.faults = ["RESUBMIT_REQUEST"]
    assert pinnacle.place(asked).verdict is Verdict.ACCEPTED
    assert {request["uniqueRequestId"] for request in bookmaker.requests} == {request_id("fl-1")}

    bookmaker.faults = ["RESUBMIT_REQUEST"] * 3
    assert pinnacle.place(order(make.priced(book="other"), 2)).verdict is Verdict.UNKNOWN
    assert len(bookmaker.requests) == 5


def test_a_bet_with_a_delay_is_pending_until_it_is_accepted(bookmaker, pinnacle):
    asked = order(make.priced())
    bookmaker.faults = ["PENDING_ACCEPTANCE"]

    assert pinnacle.place(asked).verdict is Verdict.PENDING
    assert pinnacle.look_up(asked, now=make.NOON).verdict is Verdict.PENDING
    bookmaker.accept()
    assert pinnacle.look_up(asked, now=make.NOON).verdict is Verdict.ACCEPTED


def test_half_an_hour_later_it_has_forgotten_and_would_take_it_twice(bookmaker, pinnacle):
    asked = order(make.priced())
    pinnacle.place(asked)
    bookmaker.now += timedelta(minutes=31)

    assert pinnacle.look_up(asked, now=bookmaker.now).verdict is Verdict.NOT_FOUND
    assert pinnacle.terms.remembers == timedelta(minutes=30)
    pinnacle.place(asked)
    assert len(bookmaker.bets) == 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("LINE_CHANGED", Code.PRICE_MOVED),
        ("ABOVE_EVENT_MAX", Code.STAKE_TOO_LARGE),
        ("PAST_CUTOFFTIME", Code.MARKET_CLOSED),
        ("BLOCKED_BETTING", Code.NOT_ALLOWED),
        ("SOMETHING_NEW", Code.OTHER),
    ],
)
def test_a_refusal_has_its_code(bookmaker, pinnacle, fault, code):
    bookmaker.faults = [fault]
    said = pinnacle.place(order(make.priced()))

    assert (said.verdict, said.code) == (Verdict.REJECTED, code)
    assert bookmaker.bets == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"home": "Homers"}, Code.NO_SUCH_SELECTION),
        ({"starts": make.EVENING + timedelta(hours=2)}, Code.AMBIGUOUS),
        ({"draw": True}, Code.AMBIGUOUS),
    ],
)
def test_what_is_in_doubt_is_refused(bookmaker, pinnacle, changed, code):
    for name, value in changed.items():
        setattr(bookmaker, name, value)
    quote = make.priced()

    with pytest.raises(CannotQuote) as refused:
        pinnacle.quote(
            selection_id=quote.selection_id, bookmaker_id=quote.bookmaker_id, now=make.NOON
        )

    assert refused.value.code is code
    assert pinnacle.place(order(quote)).code is code
    assert bookmaker.requests == []
