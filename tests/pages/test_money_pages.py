"""Money, statements and results that never came, as pages."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from betting.models import Bankroll, Bet, Transfer
from betting.selectors.money import bankroll_of
from betting.services.correcting import correct_settlement
from betting.services.settlement import settle_bet
from tests import make

pytestmark = pytest.mark.django_db


def test_money_moves_only_when_it_is_confirmed_and_once(alice, as_alice):
    bankroll = make.bankroll(alice, "100.00")
    book = make.priced().bookmaker_id
    asked = {"kind": "to_book", "amount": "30.00", "bookmaker": book, "request_key": "k1"}
    at = f"/money/{bankroll.pk}/move/"

    looked = as_alice.post(at, asked)

    assert "To a bookmaker" not in looked.content.decode()
    assert "Do it" in looked.content.decode()
    assert Transfer.objects.count() == 1, "nothing moved yet"
    for _ in range(2):
        done = as_alice.post(at, asked | {"confirmed": "1"}, follow=True)
    assert "To a bookmaker: 30.00" in done.content.decode()
    money = bankroll_of(alice.pk)
    assert (money.free, money.at_books, Transfer.objects.count()) == (Decimal(70), Decimal(30), 2)
    close = f"/money/{bankroll.pk}/pots/{book}/close/"
    assert "30.00 lies there" in as_alice.post(close, follow=True).content.decode()
    asked |= {"kind": "from_book", "confirmed": "1", "request_key": "k3"}
    as_alice.post(at, asked)
    assert "out of free money again" in as_alice.post(close, follow=True).content.decode()
    assert bankroll_of(alice.pk).books == ()
    as_alice.post(at, asked | {"kind": "to_book", "request_key": "k4"})
    over = as_alice.post(
        at, {"kind": "withdrawal", "amount": "70.01", "request_key": "k2", "confirmed": "1"}
    )
    assert over.status_code == 422
    assert "70.01 is more than the free 70.00" in over.content.decode()


def test_bankrolls_are_opened_renamed_and_closed(alice, as_alice):
    as_alice.post("/money/open/", {"name": "Dollars", "currency": "USD"})
    bankroll = Bankroll.objects.get()
    as_alice.post(f"/money/{bankroll.pk}/rename/", {"name": "Bucks"})
    assert "Bucks" in as_alice.get("/money/").content.decode()

    as_alice.post(f"/money/{bankroll.pk}/close/")

    assert "No bankroll yet" in as_alice.get("/money/").content.decode()
    assert as_alice.post("/money/open/", {"name": "x", "currency": "eur"}).status_code == 422


def test_a_statement_shows_and_exports_every_movement(alice, as_alice):
    bankroll = make.bankroll(alice, "100.00")
    at = f"/money/{bankroll.pk}/statement/"

    page = as_alice.get(at).content.decode()

    assert "Deposit" in page
    assert Transfer.objects.get().hash in page
    rows = list(as_alice.get(f"{at}export.csv").streaming_content)
    assert len(rows) == 2
    assert b"100.00" in rows[1]
    nothing = as_alice.get(f"{at}?begin=2030-01-01&end=2030-01-02").content.decode()
    assert "Nothing moved" in nothing


def test_a_statement_until_now_holds_what_moved_this_very_moment(alice, as_alice):
    with time_machine.travel(make.NIGHT, tick=False):
        as_alice.force_login(alice)
        bankroll = make.bankroll(alice, "100.00")
        make.deposit(bankroll, "7.00", reference="now", now=make.NIGHT)
        at = f"/money/{bankroll.pk}/statement/"

        page = as_alice.get(at).content.decode()
        told = as_alice.get(f"/api/v1/bankroll/{bankroll.pk}/statement").json()

        assert "€107.00" in page
        assert len(list(as_alice.get(f"{at}export.csv").streaming_content)) == 3
        assert len(told["movements"]) == 2
        # An end that somebody names is one before which it ends, as it says.
        ends = {"end": make.NIGHT.isoformat()}
        told = as_alice.get(f"/api/v1/bankroll/{bankroll.pk}/statement", ends).json()
        assert len(told["movements"]) < 2


def test_a_statement_comes_in_pages_newest_first_and_a_deposit_is_no_gain(
    alice, as_alice, monkeypatch
):
    bankroll = make.bankroll(alice, "100.00")
    for number in range(4):
        make.deposit(bankroll, f"{number + 1}.00", reference=f"d{number}")
    monkeypatch.setattr("betting.views.money.SHOWN", 2)

    def told(page: str) -> list[str]:
        return re.findall(r'data-label="Equity">(€[\d.]+)<', page)

    at = f"/money/{bankroll.pk}/statement/"
    page = as_alice.get(at).content.decode()

    assert "1–2 of 5" in page
    assert told(page) == ["€110.00", "€106.00"]
    pages = [as_alice.get(f"{at}?page={number}").content.decode() for number in (2, 3)]
    assert [told(each) for each in pages] == [["€103.00", "€101.00"], ["€100.00"]]
    assert 'class="gain"' not in page
    assert re.search(r'name="begin" value="\d{4}-\d\d-\d\d"', page)


def test_nobody_sees_the_money_of_another(as_alice, bob):
    theirs = make.bankroll(bob).pk
    for path in ("move", "rename", "close", f"pots/{make.priced().bookmaker_id}/close"):
        assert as_alice.post(f"/money/{theirs}/{path}/").status_code == 404
    for path in ("statement/", "statement/export.csv"):
        assert as_alice.get(f"/money/{theirs}/{path}").status_code == 404
    assert as_alice.get("/results/").status_code == 403


def test_a_correction_is_told_until_it_is_read(alice, as_alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced("2.500"), "10.00")
    settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)
    correct_settlement(bet_id=bet.pk, result="lost", reason="offside", now=make.NIGHT)

    assert "1 of your settlements was corrected" in as_alice.get("/bets/").content.decode()
    assert "offside" in as_alice.get("/money/").content.decode()
    as_alice.post("/notices/read/")
    assert "offside" not in as_alice.get("/money/").content.decode()


def test_an_operator_rules_after_a_second_look(alice, olivia, monkeypatch, capsys):
    monkeypatch.setattr("accounts.clock.now", lambda: make.EVENING + timedelta(days=1))
    make.bankroll(alice)
    bets = [make.place(alice, make.priced(game=n), "10.00") for n in (1, 2)]
    event, other = (bet.selection.market.event_id for bet in bets)
    operator = Client()
    operator.force_login(olivia)
    said = {"status": "finished", "home_score": "2", "away_score": "1", "reason": "league page"}

    assert "Home 1" in operator.get("/results/").content.decode()
    looked = operator.post(f"/results/{event}/rule/", said)
    assert "Rule so" in looked.content.decode()
    assert Bet.objects.filter(status="open").count() == 2
    done = operator.post(f"/results/{event}/rule/", said | {"confirmed": "1"}, follow=True)
    assert "1 bets settled" in done.content.decode()
    missing = {"status": "finished", "reason": "x", "confirmed": "1"}
    assert operator.post(f"/results/{other}/rule/", missing).status_code == 422

    on = bets[0].selection_id
    tie = {"status": "dead_heat", "selection": on, "tied": "2", "reason": "photo"}
    looked = operator.post(f"/results/{event}/rule/", tie)
    assert "2 tied for 1" in looked.content.decode()
    assert (
        operator.post(f"/results/{event}/rule/", tie | {"tied": "", "confirmed": "1"}).status_code
        == 422
    )
    done = operator.post(f"/results/{event}/rule/", tie | {"confirmed": "1"}, follow=True)
    assert "0 bets settled, 1 corrected" in done.content.decode()
    back = said | {"status": "finished", "confirmed": "1"}
    operator.post(f"/results/{event}/rule/", back)
    assert Bet.objects.get(pk=bets[0].pk).result == "dead_heat", "what a person decided stands"
    call_command("results")
    call_command("results", str(other), "abandoned", "--reason", "storm", "--by", "olivia")
    assert "1 open bets" in capsys.readouterr().out
    assert dict(Bet.objects.values_list("pk", "result")) == {
        bets[0].pk: "dead_heat",
        bets[1].pk: "void",
    }
    assert "Nothing waits" in operator.get("/results/").content.decode()
