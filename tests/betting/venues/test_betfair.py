"""The Betfair venue against an exchange of ours that keeps Betfair's rules."""

from datetime import timedelta
from decimal import Decimal

import pytest

from betting.models import Bet, LedgerAccount
from betting.services import answers
from betting.services.arming import ask_arming, confirm_arming
from betting.services.books import check_books
from betting.venues import registry
from betting.venues.base import CannotQuote, Code, Order, Verdict
from betting.venues.betfair import EVENT_TYPES, Betfair
from betting.venues.betfair_api import Login
from odds.models import Sport, TeamAlias
from tests import make
from tests.betting.venues.exchange import Exchange, Market, Server

HOME, AWAY = 11, 12
BOOK = "betfair_ex_uk"


@pytest.fixture
def exchange():
    return Exchange()


@pytest.fixture
def betfair(exchange, db):
    with Server(exchange) as server:
        yield Betfair(Login("user", "secret", "app", url=server.url), currency="EUR")


@pytest.fixture
def quote(db):
    return make.priced("2.000", book=BOOK)


def listed(exchange, *offers, **changed) -> Market:
    """List the market of the quote with offers (price, size) on the home side."""
    given = {
        "key": "1.101",
        "event": "Away 1 @ Home 1",
        "starts_at": make.EVENING,
        "runners": {AWAY: "Away 1", HOME: "Home 1"},
        "offers": {HOME: [(Decimal(p), Decimal(s)) for p, s in offers]},
    }
    return exchange.lists(Market(**(given | changed)))


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


def test_an_order_is_matched_at_the_best_prices_there_are(exchange, betfair, quote):
    listed(exchange, ("2.1", "4.00"), ("2.04", "50.00"))

    said = betfair.place(order(quote))

    assert (said.verdict, said.matched_stake) == (Verdict.ACCEPTED, Decimal(10))
    assert said.matched_price == Decimal("2.064")  # (4 x 2.10 + 6 x 2.04) / 10
    (held,) = exchange.held("fl-1")
    assert (held.runner, held.strategy, held.bet_id) == (HOME, "fairline", said.venue_reference)
    assert betfair.look_up(order(quote), now=make.NOON) == said


def test_what_is_left_waits_and_is_withdrawn(exchange, betfair, quote):
    listed(exchange, ("2.1", "4.00"), ("1.99", "50.00"))

    assert betfair.place(order(quote)).verdict is Verdict.PENDING
    assert betfair.open_orders(now=make.NOON) == ["fl-1"]
    exchange.take("fl-1", "1.50")
    for _ in range(2):
        said = betfair.cancel(order(quote), now=make.NOON)
        assert (said.verdict, said.matched_stake) == (Verdict.ACCEPTED, Decimal("5.50"))
    assert exchange.calls.count("cancelOrders") == 1
    assert betfair.open_orders(now=make.NOON) == []


def test_what_nobody_took_is_cancelled(exchange, betfair, quote):
    market = listed(exchange)

    assert betfair.place(order(quote)).verdict is Verdict.PENDING
    said = betfair.cancel(order(quote), now=make.NOON)
    assert (said.verdict, said.code) == (Verdict.CANCELLED, Code.WITHDRAWN)
    # Also once it is cleared.
    exchange.settle(market, winner=HOME)
    assert betfair.look_up(order(quote), now=make.NOON).code is Code.WITHDRAWN


@pytest.mark.parametrize("fault", ["timeout_after", "lost_after", "UNEXPECTED_ERROR"])
def test_no_answer_is_unknown_and_only_a_look_up_tells(exchange, betfair, quote, fault):
    listed(exchange, ("2.1", "50.00"))
    exchange.faults = [fault]

    assert betfair.place(order(quote)).verdict is Verdict.UNKNOWN
    found = betfair.look_up(order(quote), now=make.NOON).verdict
    held = len(exchange.held("fl-1"))
    assert (found, held) == ((Verdict.NOT_FOUND, 0) if fault.isupper() else (Verdict.ACCEPTED, 1))
    # The same again within its 60 seconds is no second bet, and not taken for a refusal.
    if held:
        assert betfair.place(order(quote)).verdict is Verdict.UNKNOWN
        assert len(exchange.held("fl-1")) == 1


@pytest.mark.parametrize("fault", ["timeout_before", "lost_before"])
def test_what_never_arrived_is_not_found(exchange, betfair, quote, fault):
    listed(exchange, ("2.1", "50.00"))
    exchange.faults = [fault]

    assert betfair.place(order(quote)).verdict is Verdict.UNKNOWN
    assert betfair.look_up(order(quote), now=make.NOON).verdict is Verdict.NOT_FOUND


def test_the_exchange_alone_would_take_it_twice_after_a_minute(exchange, betfair, quote):
    """Why our own uniqueness must outlive theirs: the same reference, a minute later."""
    listed(exchange, ("2.1", "50.00"))
    betfair.place(order(quote))
    exchange.now += timedelta(seconds=61)
    betfair.place(order(quote))

    assert len(exchange.held("fl-1")) == 2


def test_a_market_that_moved_on_lapses_the_order(exchange, betfair, quote):
    market = listed(exchange, ("2.1", "50.00"))
    quoted = betfair.quote(
        selection_id=quote.selection_id, bookmaker_id=quote.bookmaker_id, now=make.NOON
    )
    assert (quoted.price, quoted.limit, quoted.version) == (Decimal("2.1"), Decimal(50), "1")
    market.version = 2

    said = betfair.place(order(quote, version=quoted.version))

    assert (said.verdict, said.code) == (Verdict.CANCELLED, Code.LAPSED)
    assert betfair.look_up(order(quote), now=make.NOON).code is Code.LAPSED


@pytest.mark.parametrize(
    ("asked", "market", "code"),
    [
        ({"stake": Decimal("1.99")}, {}, Code.STAKE_TOO_SMALL),
        ({"price": Decimal("2.05")}, {}, Code.PRICE_OFF_LADDER),
        ({"stake": Decimal("1000.01")}, {}, Code.NO_FUNDS),
        ({}, {"status": "SUSPENDED"}, Code.MARKET_CLOSED),
        ({}, {"status": "CLOSED"}, Code.MARKET_CLOSED),
        ({}, {"removed": {HOME}}, Code.MARKET_CLOSED),
        ({}, {"event_type": "1"}, Code.NO_SUCH_SELECTION),
    ],
)
def test_a_refusal_has_its_code_and_took_nothing(exchange, betfair, quote, asked, market, code):
    listed(exchange, ("2.1", "5000.00"), **market)

    said = betfair.place(order(quote, **asked))

    assert (said.verdict, said.code) == (Verdict.REJECTED, code)
    assert exchange.orders == []


def test_a_key_that_may_only_look_is_said(exchange, betfair, quote):
    listed(exchange, ("2.1", "50.00"))
    exchange.key_may_bet = False

    assert betfair.place(order(quote)).code is Code.NOT_ALLOWED


def test_a_session_that_ended_is_opened_again_without_a_second_bet(exchange, betfair, quote):
    listed(exchange, ("2.1", "50.00"))
    betfair.open_orders(now=make.NOON)
    exchange.tokens.clear()

    assert betfair.place(order(quote)).verdict is Verdict.ACCEPTED
    assert (exchange.logins, len(exchange.orders)) == (2, 1)


def test_a_wrong_password_is_told_without_it(exchange, quote):
    with Server(exchange) as server:
        wrong = Betfair(Login("user", "hunter2", "app", url=server.url))
        said = wrong.place(order(quote))

    assert said.verdict is Verdict.REJECTED
    assert "LOGIN_FAILED" in said.reason
    assert "hunter2" not in said.reason


def test_an_exchange_that_is_gone_took_nothing_before_the_order_was_sent(quote):
    with Server(Exchange()) as server:
        url = server.url
    said = Betfair(Login("user", "secret", "app", url=url)).place(order(quote))

    assert (said.verdict, said.code) == (Verdict.REJECTED, Code.OTHER)
    assert "not sent" in said.reason


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"runners": {AWAY: "Away 1", HOME: "Home One"}}, Code.NO_SUCH_SELECTION, "alias"),
        ({"starts_at": make.EVENING + timedelta(hours=3)}, Code.AMBIGUOUS, "another event"),
        (
            {"runners": {AWAY: "Away 1", HOME: "Home 1", 3: "The Draw"}},
            Code.AMBIGUOUS,
            "settle apart",
        ),
        ({"status": "SUSPENDED"}, Code.MARKET_CLOSED, "suspended"),
        ({"inplay": True}, Code.MARKET_CLOSED, "in play"),
        ({"removed": {HOME}}, Code.MARKET_CLOSED, "removed"),
        ({"offers": {}}, Code.PRICE_MOVED, "Nobody offers"),
    ],
)
def test_what_is_in_doubt_is_refused_and_why(exchange, betfair, quote, changed, code, words):
    listed(exchange, ("2.1", "50.00"), **changed)

    with pytest.raises(CannotQuote, match=words) as refused:
        betfair.quote(
            selection_id=quote.selection_id, bookmaker_id=quote.bookmaker_id, now=make.NOON
        )
    assert refused.value.code is code


def test_two_markets_of_one_event_are_ambiguous_and_an_alias_finds_one(exchange, betfair, quote):
    listed(exchange, ("2.1", "50.00"), runners={AWAY: "Away 1", HOME: "Homers"})
    event = quote.selection.market.event
    TeamAlias.objects.create(competition=event.competition, team=event.home, alias="homers")
    assert betfair.place(order(quote)).verdict is Verdict.ACCEPTED

    listed(exchange, ("2.1", "50.00"), key="1.102")
    assert betfair.place(order(quote, 2)).code is Code.AMBIGUOUS
    assert len(exchange.orders) == 1


def test_commission_is_on_what_the_market_won_in_all(exchange, betfair, quote):
    market = listed(exchange, ("2.1", "500.00"))
    away = make.priced("2.000", side="away", book=BOOK)
    market.offers[AWAY] = [(Decimal("2.2"), Decimal(500))]
    betfair.place(order(quote, 1, stake=Decimal("10.00")))
    betfair.place(order(away, 2, stake=Decimal("4.00")))
    betfair.place(order(quote, 3, stake=Decimal("3.33")))
    exchange.settle(market, winner=HOME)

    paid = {row.reference: row for row in betfair.settled(since=make.BEFORE)}

    # Won 11.00 + 3.66, lost 4.00: 5 % of 10.66 = 0.53, borne by the winners alone.
    assert {key: row.commission for key, row in paid.items()} == {
        "fl-1": Decimal("0.40"), "fl-2": Decimal(0), "fl-3": Decimal("0.13"),
    }  # fmt: skip
    assert [paid[f"fl-{n}"].profit for n in (1, 2, 3)] == [
        Decimal("10.60"), Decimal("-4.00"), Decimal("3.53"),
    ]  # fmt: skip
    assert betfair.look_up(order(quote), now=make.NOON).matched_stake == Decimal(10)
    assert list(betfair.settled(since=exchange.now + timedelta(days=1))) == []


def test_a_bet_whose_answer_was_lost_is_found_with_what_was_matched_of_it(
    exchange, betfair, quote, alice, monkeypatch, settings
):
    monkeypatch.setitem(registry.VENUES, "betfair", betfair)
    settings.LIVE_VENUES = ["betfair"]
    by = {"by_id": make.operator().pk, "now": make.NOON}
    ask_arming(venue="betfair", reason="Trial.", hours=1, **by)
    confirm_arming(venue="betfair", typed="betfair", **by)
    listed(exchange, ("2.1", "4.00"))
    exchange.faults = ["lost_after"]
    make.bankroll(alice)

    bet = make.place(alice, quote, "10.00", venue="betfair")
    assert bet.status == "placing"
    for second in (5, 30, 90):
        answers.resolve_unknowns(now=make.NOON + timedelta(seconds=second))

    bet = Bet.objects.get()
    assert (bet.status, bet.matched_stake, bet.matched_price) == (
        "open", Decimal("4.00"), Decimal("2.1"),
    )  # fmt: skip
    assert len(exchange.held(answers.reference_of(bet))) == 1
    assert LedgerAccount.objects.get(bankroll__owner=alice, kind="at_risk").amount == 4
    assert check_books() == []


def a_line(exchange, kind, sport="basketball", *, lines, runners=None, **changed) -> Market:
    """List a market with lines; every line of every runner is offered at a price of its own."""
    Sport.objects.filter(key="basketball").update(key=sport)
    named = runners or {AWAY: "Away 1", HOME: "Home 1"}
    by_runner = {
        key: [Decimal(each) * (-1 if key == AWAY else 1) for each in lines] for key in named
    }
    offers = {
        (key, line): [(Decimal("1.9") + Decimal("0.01") * place, Decimal(500))]
        for key, held in by_runner.items()
        for place, line in enumerate(held)
    }
    return listed(
        exchange,
        kind=kind,
        event_type=EVENT_TYPES[sport],
        event="Home 1 v Away 1",
        runners=named,
        lines=by_runner,
        offers=offers,
        **changed,
    )


@pytest.mark.parametrize(
    ("sport", "market", "kind", "point", "price"),
    [
        ("soccer", "spreads", "ASIAN_HANDICAP", "-0.75", "1.92"),
        ("soccer", "spreads", "ASIAN_HANDICAP", "0", "1.90"),
        ("basketball", "spreads", "HANDICAP", "-5.5", "1.93"),
        ("basketball", "spreads", "HANDICAP", "-6", "1.94"),
    ],
)
@pytest.mark.parametrize("side", ["home", "away"])
def test_a_handicap_is_placed_on_its_own_line(
    exchange, betfair, db, sport, market, kind, point, price, side
):
    signed = str(-Decimal(point) if side == "away" else Decimal(point))
    quote = make.priced("1.800", market=market, side=side, point=signed, book=BOOK)
    a_line(exchange, kind, sport, lines=["0", "-0.25", "-0.75", "-5.5", "-6"])

    quoted = betfair.quote(
        selection_id=quote.selection_id, bookmaker_id=quote.bookmaker_id, now=make.NOON
    )
    said = betfair.place(order(quote, price=Decimal("1.800")))

    assert (quoted.price, said.verdict) == (Decimal(price), Verdict.ACCEPTED)
    (held,) = exchange.held("fl-1")
    assert (held.runner, held.handicap) == (HOME if side == "home" else AWAY, Decimal(signed))
    assert betfair.look_up(order(quote), now=make.NOON) == said


@pytest.mark.parametrize(
    ("sport", "kind", "point"),
    [
        ("soccer", "ALT_TOTAL_GOALS", "2.25"),
        ("soccer", "ALT_TOTAL_GOALS", "3"),
        ("basketball", "COMBINED_TOTAL", "221.5"),
        ("basketball", "COMBINED_TOTAL", "222"),
    ],
)
def test_a_total_is_placed_on_its_own_line(exchange, betfair, db, sport, kind, point):
    under = make.priced("1.800", market="totals", side="under", point=point, book=BOOK)
    runners = {HOME: "Under", 13: "Over"}
    a_line(exchange, kind, sport, lines=["2.25", "3", "221.5", "222"], runners=runners)

    assert betfair.place(order(under, price=Decimal("1.800"))).verdict is Verdict.ACCEPTED
    (held,) = exchange.held("fl-1")
    assert (held.runner, held.handicap) == (HOME, Decimal(point))


def test_a_line_that_is_not_listed_is_refused_with_those_that_are(exchange, betfair, db):
    quote = make.priced("1.800", market="spreads", point="-1.5", book=BOOK)
    a_line(exchange, "HANDICAP", lines=["-5.5", "-6"])

    said = betfair.place(order(quote, price=Decimal("1.800")))

    assert (said.verdict, said.code) == (Verdict.REJECTED, Code.NO_SUCH_SELECTION)
    assert "-1.5" in said.reason
    assert "-5.5, -6" in said.reason
    assert exchange.orders == []


def test_half_a_stake_on_a_quarter_line_is_paid_as_the_exchange_pays_it(exchange, betfair, db):
    quote = make.priced("1.800", market="spreads", point="-0.75", book=BOOK)
    market = a_line(exchange, "ASIAN_HANDICAP", "soccer", lines=["-0.75"])
    betfair.place(order(quote, price=Decimal("1.800")))
    exchange.settle(market, parts={(HOME, Decimal("-0.75")): Decimal("0.5")})

    (paid,) = betfair.settled(since=make.BEFORE)

    # Won by one goal: half of 10.00 wins at 1.90, half is a push; 5 % commission.
    assert (paid.profit, paid.commission) == (Decimal("4.28"), Decimal("0.22"))


def test_an_order_on_its_lists_is_not_given_up(exchange, betfair, quote):
    market = listed(exchange)
    assert not betfair.lists(order(quote), now=make.NOON)
    betfair.place(order(quote))
    assert betfair.lists(order(quote), now=make.NOON)
    assert not betfair.lists(order(quote, 2), now=make.NOON)
    exchange.take("fl-1", "10.00")
    exchange.now = make.NIGHT
    exchange.settle(market, winner=HOME)
    assert betfair.lists(order(quote), now=make.NIGHT)
