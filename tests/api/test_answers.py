import time_machine

from betting.models import Bet
from tests import make
from tests.api.test_access import assert_problem


@time_machine.travel(make.NOON, tick=False)
def test_the_api_confirms_and_cancels_once(alice, api, stranger):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.000"), venue="manual")
    wrong = {"stake": "11.00", "price": "2.000"}
    got = {"stake": "8.00", "price": "1.950"}

    assert api.post(f"bets/{bet.pk}/confirm", wrong).status_code == 422
    assert stranger.post(f"bets/{bet.pk}/confirm", got).status_code == 404
    for _ in range(2):
        body = api.post(f"bets/{bet.pk}/confirm", got).json()
        assert (body["status"], body["matched_stake"], body["matched_price"]) == (
            "open", "8.00", "1.950000",
        )  # fmt: skip
    assert_problem(api.post(f"bets/{bet.pk}/cancel", {}), 409, "conflict", field="bet")
    assert stranger.post(f"bets/{bet.pk}/cancel", {}).status_code == 404


@time_machine.travel(make.NOON, tick=False)
def test_the_api_tells_202_while_a_bet_waits(alice, api):
    make.bankroll(alice)
    quote = make.priced("2.000")
    asked = {
        "selection": quote.selection_id, "bookmaker": "paperbook", "price": "2.000",
        "stake": "10.00", "venue": "manual",
    }  # fmt: skip

    answer = api.post("bets", asked, Idempotency_Key="one")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    cancelled = api.post(f"bets/{answer.json()['id']}/cancel", {})
    assert (cancelled.status_code, cancelled.json()["rejection_code"]) == (200, "withdrawn")
    assert Bet.objects.get().status == "cancelled"
