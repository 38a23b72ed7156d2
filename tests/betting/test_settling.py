from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from betting.models import Bet, LedgerAccount, Settlement, Transfer
from betting.selectors.performance import performance_of
from betting.services.books import check_books
from betting.services.correcting import (
    CorrectionNotCovered,
    correct_changed_results,
    correct_settlement,
)
from betting.services.settlement import (
    BetAlreadySettled,
    BetNotOpen,
    settle_bet,
    settle_due_bets,
)
from odds.models import Bookmaker, Market
from risk.models import Halt
from risk.services import lift_halt
from tests import make


def pots(owner) -> dict[str, Decimal]:
    return dict(LedgerAccount.objects.filter(bankroll__owner=owner).values_list("kind", "amount"))


@pytest.mark.parametrize(
    ("result", "free", "house", "returned"),
    [
        ("won", "1011.01", "-11.01", "21.02"),
        ("half_won", "1005.51", "-5.51", "15.52"),
        ("push", "1000.00", "0.00", "10.01"),
        ("void", "1000.00", "0.00", "10.01"),
        ("half_lost", "995.00", "5.00", "5.01"),
        ("lost", "989.99", "10.01", "0.00"),
    ],
)
def test_each_result_moves_exactly_its_money(alice, result, free, house, returned):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.100"), "10.01")

    settled = settle_bet(bet_id=bet.pk, result=result, now=make.NIGHT)

    assert settled.returned == Decimal(returned)
    assert pots(alice) == {
        "free": Decimal(free),
        "at_risk": Decimal("0.00"),
        "house": Decimal(house),
        "world": Decimal("-1000.00"),
    }
    assert check_books() == []


def test_a_bet_settles_at_the_commission_it_was_placed_at(alice):
    make.bankroll(alice)
    quote = make.priced("3.000")
    Bookmaker.objects.filter(pk=quote.bookmaker_id).update(commission_share=Decimal("0.05"))
    bet = make.place(alice, quote, "10.00")
    Bookmaker.objects.filter(pk=quote.bookmaker_id).update(commission_share=Decimal("0.50"))

    won = settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
    correct_settlement(bet_id=bet.pk, result="lost", reason="score corrected", now=make.NIGHT)
    again = correct_settlement(bet_id=bet.pk, result="won", reason="and back", now=make.NIGHT)

    assert (won.returned, again.returned) == (Decimal("29.00"), Decimal("29.00"))
    assert performance_of(alice.pk).average_price == pytest.approx(2.9)
    assert check_books() == []


def test_settling_again_moves_nothing_and_another_result_is_an_error(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced())
    settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
    transfers = Transfer.objects.count()

    settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)

    assert Transfer.objects.count() == transfers
    with pytest.raises(BetAlreadySettled, match="is won, not lost"):
        settle_bet(bet_id=bet.pk, result="lost", now=make.NIGHT)


def test_a_correction_reverses_and_applies(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.500"), "10.00")
    settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)

    correct_settlement(bet_id=bet.pk, result="lost", reason="score corrected", now=make.NIGHT)
    corrected = correct_settlement(
        bet_id=bet.pk, result="half_won", reason="line was 2.25", now=make.NIGHT
    )

    assert corrected.returned == Decimal("17.50")
    assert pots(alice)["free"] == Decimal("1007.50")
    assert list(Settlement.objects.values_list("sequence", "result", "returned", "reason")) == [
        (1, "won", Decimal("25.00"), ""),
        (2, "lost", Decimal("0.00"), "score corrected"),
        (3, "half_won", Decimal("17.50"), "line was 2.25"),
    ]
    assert Transfer.objects.filter(kind="reversal").count() == 3
    assert check_books() == []


def test_a_correction_to_the_same_result_moves_nothing(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced())
    settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
    transfers = Transfer.objects.count()

    correct_settlement(bet_id=bet.pk, result="won", reason="sure", now=make.NIGHT)

    assert Transfer.objects.count() == transfers


def test_a_corrected_result_corrects_its_bets_but_not_what_a_person_decided(alice, olivia):
    make.bankroll(alice)
    home, away = make.place(alice, make.priced()), make.place(alice, make.priced(side="away"))
    decided = make.place(alice, make.priced(market="totals", side="over", point="200.5"), "5.00")
    event = make.finish(home.selection.market.event, 101, 99)
    settle_due_bets(make.NIGHT)
    correct_settlement(
        bet_id=decided.pk, result="void", reason="shot clock", now=make.NIGHT, by_id=olivia.pk
    )
    later = make.NIGHT + timedelta(hours=1)
    assert correct_changed_results(later).settled == 0, "nothing was corrected"

    event.home_score, event.away_score, event.result_seen_at = 99, 101, later
    event.save()

    assert correct_changed_results(make.NIGHT).settled == 0, "not known yet"
    assert correct_changed_results(later).settled == 2
    assert correct_changed_results(later).settled == 0
    assert dict(Bet.objects.values_list("pk", "result")) == {
        home.pk: "lost",
        away.pk: "won",
        decided.pk: "void",
    }
    assert check_books() == []


def test_winnings_that_were_spent_cannot_be_taken_back(alice):
    bankroll = make.bankroll(alice)
    bet = make.place(alice, make.priced("3.000"), "20.00")
    settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
    make.withdrawal(bankroll, "1040.00")

    with pytest.raises(CorrectionNotCovered, match=r"60\.00 must be taken back"):
        correct_settlement(bet_id=bet.pk, result="lost", reason="oh", now=make.NIGHT)

    assert Bet.objects.get().result == "won"
    assert check_books() == []


def test_a_correction_needs_a_reason_and_a_settled_bet(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced())

    with pytest.raises(ValueError, match="reason: say why"):
        correct_settlement(bet_id=bet.pk, result="lost", reason=" ", now=make.NIGHT)
    with pytest.raises(BetNotOpen):
        correct_settlement(bet_id=bet.pk, result="lost", reason="x", now=make.NIGHT)


def test_the_sweep_settles_what_is_known_and_a_bad_bet_stops_nobody(alice):
    make.bankroll(alice)
    home = make.place(alice, make.priced())
    away = make.place(alice, make.priced(side="away"))
    odd = make.place(alice, make.priced(market="totals", side="over", point="9.5"), "5.00")
    # Nothing of the kind can be staked on; the rule went missing afterwards.
    Market.objects.filter(key="totals").update(key="player_points")
    unknown = make.place(alice, make.priced(game=2))
    event = home.selection.market.event
    make.finish(event, 101, 99)

    assert settle_due_bets(make.EVENING).settled == 0, "not known yet"
    sweep = settle_due_bets(make.NIGHT)

    assert sweep.settled == 2
    assert sweep.parked == (
        f"bet {odd.pk}: There is no rule for 'over' in market 'player_points'.",
    )
    results = dict(Bet.objects.values_list("pk", "result"))
    assert results == {home.pk: "won", away.pk: "lost", odd.pk: "", unknown.pk: ""}
    assert check_books() == []


def test_a_cancelled_game_voids_its_bets(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced())
    event = bet.selection.market.event
    event.status = "cancelled"
    event.save()

    settle_due_bets(make.NIGHT)

    bet.refresh_from_db()
    assert (bet.result, bet.returned) == ("void", bet.stake)


def test_a_tie_pushes_two_ways_and_loses_where_the_draw_was_offered(alice):
    make.bankroll(alice)
    two_way = make.place(alice, make.priced(game=1))
    three_way = make.place(alice, make.priced(game=2, draw=True))
    for bet in (two_way, three_way):
        make.finish(bet.selection.market.event, 20, 20)

    settle_due_bets(make.NIGHT)

    assert dict(Bet.objects.values_list("pk", "result")) == {
        two_way.pk: "push",
        three_way.pk: "lost",
    }


def lose(alice, game: int, stake: str, *, at=make.NOON) -> None:
    bet = make.place(alice, make.priced(game=game), stake)
    settle_bet(bet_id=bet.pk, result="lost", now=at)


def test_the_drawdown_breaker_trips_and_a_win_after_lifting_does_not_trip_it_again(alice):
    make.bankroll(alice, "1000.00")
    make.limits(alice, bet="0.1000", event="0.1000", day="1.0000", drawdown="0.1500")
    lose(alice, 1, "100.00")
    assert not Halt.objects.exists()
    lose(alice, 2, "50.00")

    halt = Halt.objects.get()
    assert (halt.cause, halt.owner) == ("drawdown", alice)
    assert "15.0% below its peak" in halt.reason
    lift_halt(halt_id=halt.pk, reason="I know", now=make.NOON)
    won = make.place(alice, make.priced("1.100", game=3), "50.00")
    settle_bet(bet_id=won.pk, result="won", now=make.NIGHT)
    assert Halt.objects.count() == 1, "a win below the old peak is no new fall"
    lose(alice, 4, "80.00", at=make.NIGHT)
    assert Halt.objects.count() == 1
    lose(alice, 5, "60.00", at=make.NIGHT)
    assert Halt.objects.filter(lifted_at=None).count() == 1, "15 % below the new peak"


def test_a_withdrawal_is_no_drawdown(alice):
    bankroll = make.bankroll(alice, "1000.00")
    make.withdrawal(bankroll, "600.00")

    lose(alice, 1, "5.00")

    assert not Halt.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twenty_workers_settling_one_bet_pay_once(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced())

    def settle(_i):
        try:
            return settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT).result
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as workers:
        assert set(workers.map(settle, range(20))) == {"won"}

    assert Transfer.objects.filter(kind="winnings").count() == 1
    assert Settlement.objects.count() == 1
    assert check_books() == []
