"""What happens is told to whoever asked: from prices, bets, breakers, feeds, models and limits."""

import pytest

from accounts.alerts import keeping
from accounts.models import AlertTrigger
from betting.services.alerting import tell_of_limits
from betting.services.opportunities import refresh_opportunities
from betting.services.settlement import settle_bet
from betting.services.strategies import ensure_strategies
from odds.alerting import tell_of_finds
from odds.services.counts import Counts
from odds.services.runs import begin_run, end_run
from risk.services import halt_everything
from tests import make


@pytest.fixture
def asked(alice):
    """Alice asks to be told of everything."""
    kinds = ["edge", "movement", "arbitrage", "breaker", "feed", "model", "settlement", "limits"]
    for kind in kinds:
        keeping.save_rule(
            owner_id=alice.pk, said={"name": kind, "kind": kind}, channel_ids=[], now=make.NOON
        )
    return alice


@pytest.fixture
def market(db):
    """Three books at evens, a fourth that pays too much for home."""
    for book in ("one", "two", "three"):
        make.priced("1.910", book=book)
        make.priced("1.910", side="away", book=book)
    make.priced("1.700", side="away", book="four")
    return make.priced("2.200", book="four")


def told(kind):
    return AlertTrigger.objects.filter(kind=kind)


def test_an_edge_is_told_with_what_a_rule_can_ask(asked, market):
    ensure_strategies()
    refresh_opportunities(now=make.NOON)

    each = told("edge").filter(bookmaker="four").first()
    assert each is not None
    event = market.selection.market.event
    assert (each.competition, each.path) == (event.competition.key, f"/events/{event.pk}/")
    assert each.edge > 0.05
    assert " at 2.200, edge " in each.title


def test_an_arbitrage_is_told(asked, market):
    told_of = tell_of_finds(now=make.NOON)

    assert told_of.keys() == {"arbitrages", "steam"}
    assert told("arbitrage").count() == told_of["arbitrages"] == 1
    assert "2.200" in told("arbitrage").get().text


def test_nothing_is_searched_for_nobody(market):
    assert tell_of_finds(now=make.NOON) == {}


def test_a_settled_bet_a_halt_a_failed_feed_and_a_full_limit_are_told(asked):
    make.bankroll(asked)
    make.limits(asked, bet="0.5000", event="0.5000", day="0.0100")
    bet = make.place(asked, make.priced("2.500"), "10.00")
    assert tell_of_limits(now=make.NOON) >= 1
    settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
    halt_everything(owner_id=asked.pk, reason="enough", now=make.NIGHT, cause="manual")
    run = begin_run(provider="p", kind="odds", subject="nba", now=make.NIGHT)
    end_run(run, Counts(), now=make.NIGHT, error="no answer")

    assert told("settlement").get().title == "Away 1 at Home 1: won, €25.00 back"
    assert (told("breaker").get().owner, told("breaker").get().text) == (asked, "enough")
    assert told("feed").get().title == "P: odds failed"
