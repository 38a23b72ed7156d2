"""What happens is told to whoever asked: from prices, bets, breakers, feeds, models and limits."""

import pytest

from accounts.alerts import keeping
from accounts.models import AlertTrigger, Notification
from betting.services.alerting import tell_of_limits
from betting.services.correcting import correct_settlement
from betting.services.opportunities import refresh_opportunities
from betting.services.settlement import settle_bet, settle_due_bets
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

    assert told("settlement").get().title == "Home 1 won: +€15.00"
    assert (told("breaker").get().owner, told("breaker").get().text) == (asked, "enough")
    assert told("feed").get().title == "P: odds failed"


def noted(owner):
    """Return what somebody's notices say, oldest first."""
    found = Notification.objects.filter(owner=owner).select_related("trigger").order_by("pk")
    return [notice.trigger for notice in found]


def test_a_bet_that_settled_is_noted_once_without_a_rule(alice, bob):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.500"), "10.00")
    for _ in range(2):
        settle_bet(bet_id=bet.pk, result="lost", now=make.NIGHT)

    (told_of,) = noted(alice)
    assert (told_of.title, told_of.path) == ("Home 1 lost: −€10.00", f"/bets/{bet.pk}/")
    assert told_of.text == "Your bet of €10.00 on Away 1 at Home 1, Moneyline."
    assert noted(bob) == []


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("void", "Home 1: void, €10.00 back"),
        ("push", "Home 1: push, €10.00 back"),
        ("half_won", "Home 1 half won: +€7.50"),
    ],
)
def test_each_result_has_its_words(alice, result, said):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.500"), "10.00")
    settle_bet(bet_id=bet.pk, result=result, now=make.NIGHT)

    assert [each.title for each in noted(alice)] == [said]


def test_bets_that_settle_together_are_one_notice_that_leads_to_them(alice, as_alice):
    make.bankroll(alice, "10000.00")
    make.limits(alice, bet="1.0000", event="1.0000", day="1.0000")
    before = make.place(alice, make.priced("2.000"), "10.00")
    settle_bet(bet_id=before.pk, result="won", now=make.NOON)
    for game in range(2, 9):
        quote = make.priced("3.000", game=game)
        make.place(alice, quote, "10.00")
        make.finish(quote.selection.market.event, 3, 1)
    assert settle_due_bets(make.NIGHT).settled == 7
    assert settle_due_bets(make.NIGHT).settled == 0

    _, together = noted(alice)
    assert together.title == "7 bets settled: +€140.00"
    assert together.text.startswith("7 won. Home ")
    assert together.text.endswith("; and 2 more.")
    page = as_alice.get(together.path)
    assert page.context["bets"].sums.count == 7
    assert "settled_at" not in as_alice.get("/bets/?settled_at=yesterday").context["chips"]


def test_a_correction_has_its_own_words_and_no_second_result(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.500"), "10.00")
    settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
    correct_settlement(bet_id=bet.pk, result="lost", reason="Offside.", now=make.NIGHT)

    result, correction = noted(alice)
    assert result.title == "Home 1 won: +€15.00"
    assert correction.title == "Away 1 at Home 1: won became lost"
    assert correction.text == "Offside. That changes your money by −€25.00."
