"""Confirming a bet placed by hand, and taking one back."""

import time_machine

from betting.models import Bet
from tests import make


def by_hand(owner, **asked) -> Bet:
    make.bankroll(owner)
    return make.place(owner, make.priced("2.000"), venue="manual", **asked)


@time_machine.travel(make.NOON, tick=False)
def test_the_bettor_is_shown_what_to_place_and_says_what_they_got(alice, as_alice):
    bet = by_hand(alice)

    page = as_alice.get(f"/bets/{bet.pk}/")
    assert b"waits for you to place it at Paperbook" in page.content
    asked = as_alice.get(f"/bets/{bet.pk}/confirm/").content.decode()
    assert "€10.00" in asked or "10.00" in asked
    assert "Time left" in asked

    wrong = as_alice.post(f"/bets/{bet.pk}/confirm/", {"stake": "11", "price": "2.0"})
    assert wrong.status_code == 422
    assert b"more than the 10.00 that was set aside" in wrong.content
    right = as_alice.post(f"/bets/{bet.pk}/confirm/", {"stake": "8", "price": "1.95"})
    assert right.status_code == 302

    page = as_alice.get(f"/bets/{bet.pk}/").content.decode()
    assert "the rest came back" in page
    assert Bet.objects.get().status == "open"
    # Decided: there is nothing left to confirm.
    assert as_alice.get(f"/bets/{bet.pk}/confirm/").status_code == 302


@time_machine.travel(make.NOON, tick=False)
def test_a_bet_is_taken_back_by_its_bettor_alone(alice, bob, as_alice, client):
    bet = by_hand(alice)
    client.force_login(bob)

    for address in ("confirm", "cancel"):
        assert client.post(f"/bets/{bet.pk}/{address}/", {}).status_code == 404
    assert client.get(f"/bets/{bet.pk}/confirm/").status_code == 404
    for _ in range(2):
        answer = as_alice.post(f"/bets/{bet.pk}/cancel/", follow=True)
        assert b"Cancelled" in answer.content

    assert Bet.objects.get().status == "cancelled"
