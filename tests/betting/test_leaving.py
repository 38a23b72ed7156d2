"""Sharing, taking everything out, and closing an account with the books left whole."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.audit.chain import verify_chain
from accounts.models import ApiKey, SavedFilter, User
from accounts.people import closing
from betting.models import Bet, LedgerAccount, SharedLink, Transfer
from betting.services import leaving, sharing, taking_out
from betting.services.settlement import settle_bet
from betting.services.track import publish_record
from risk.models import PlaceSaid
from risk.services.jurisdiction import say_place
from tests import make

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def alice():
    return make.user("alice", password=PASSWORD)


@pytest.fixture
def story(alice):
    """Two bets, one won."""
    make.bankroll(alice, "1234.56")
    bet = make.place(alice, make.priced("2.500"), "10.00")
    make.place(alice, make.priced("2.000", game=2), "20.00")
    make.finish(bet.selection.market.event, 100, 90)
    return settle_bet(bet_id=bet.pk, result="won", now=make.NIGHT)


def share(owner, **asked):
    return sharing.share(
        owner_id=owner.pk,
        now=timezone.now(),
        **({"label": "A friend", "days": 30, "shows_money": False} | asked),
    )


def test_a_link_shows_the_performance_and_money_only_where_chosen(alice, story):
    _, plain = share(alice)
    _, rich = share(alice, shows_money=True)

    without = Client().get(f"/shared/{plain}/")
    with_money = Client().get(f"/shared/{rich}/").content.decode()

    assert "€" not in without.content.decode()
    assert "Profit and loss" not in without.content.decode()
    assert "€15.00" in with_money
    assert without["Cache-Control"] == "no-store"
    assert plain not in str(SharedLink.objects.values())


def test_a_link_ends_is_revoked_and_is_counted(alice, bob, story):
    link, token = share(alice, days=1)
    _, other = share(alice)
    Client().get(f"/shared/{token}/")
    link.refresh_from_db()

    assert link.opened_count == 1
    assert sharing.open_link(token, now=timezone.now() + timedelta(days=2)) is None
    as_bob = Client()
    as_bob.force_login(bob)
    assert as_bob.post(f"/account/links/{link.pk}/revoke/").status_code == 404
    sharing.unshare(owner_id=alice.pk, link_id=link.pk, now=timezone.now())
    assert Client().get(f"/shared/{token}/").status_code == 404
    statuses = [Client().get(f"/shared/{other}/").status_code for _ in range(3)]
    assert statuses == [200] * 3


def test_links_cannot_be_guessed_fast(alice):
    looked = [Client().get(f"/shared/guess{n}/").status_code for n in range(65)]

    assert looked == [404] * 60 + [429] * 5


def test_the_page_makes_a_link_and_shows_it_once(alice, as_alice):
    page = as_alice.post("/account/share/", {"label": "Me", "days": "7"})
    link = re.search(r"http://testserver(/shared/[^<]+/)", page.content.decode())[1]

    assert page.status_code == 201
    assert Client().get(link).status_code == 200
    assert link not in as_alice.get("/account/").content.decode()
    assert as_alice.post("/account/share/", {"label": "Me", "days": "0"}).status_code == 422


@pytest.fixture
def as_alice(alice):
    client = Client()
    client.force_login(alice)
    return client


def test_everything_of_mine_comes_as_json_and_csv_and_nothing_of_anothers(alice, bob, story):
    make.bankroll(bob, "987.65", name="Secret of bob")
    make.api_key(alice)
    SavedFilter.objects.create(owner=alice, page="odds", name="=HYPERLINK(1)", query="x")
    say_place(owner_id=alice.pk, place="US-NJ", reached_age=40, now=timezone.now())
    taking_out.ask(owner_id=alice.pk, now=timezone.now())
    again = taking_out.ask(owner_id=alice.pk, now=timezone.now())
    made = taking_out.make_next(now=timezone.now())

    assert (made.pk, made.status, made.done) == (again.pk, "done", made.total)
    archive = zipfile.ZipFile(io.BytesIO(taking_out.content_of(alice.pk)))
    bets = json.loads(archive.read("betting_bet.json"))
    assert {Decimal(bet["stake"]) for bet in bets} == {Decimal("10.00"), Decimal("20.00")}
    rows = list(csv.DictReader(io.StringIO(archive.read("betting_bet.csv").decode())))
    assert len(rows) == 2
    assert "'=HYPERLINK(1)" in archive.read("accounts_savedfilter.csv").decode()
    whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "Secret of bob" not in whole
    assert alice.password not in whole
    assert ApiKey.objects.get().hashed_key not in whole
    (said,) = json.loads(archive.read("risk_placesaid.json"))
    assert (said["place"], said["reached_age"]) == ("US-NJ", 21)
    assert {"betting_transfer.json", "betting_settlement.json", "README.txt"} <= set(
        archive.namelist()
    )


def test_no_table_with_an_owner_is_forgotten(alice):
    """A new table of somebody's is taken out, or stands among those that are not."""
    taken = {table.name for table in taking_out.tables_of(alice.pk)}
    for model in apps.get_models():
        if model._meta.app_label in taking_out.APPS and any(
            field.name in taking_out.OWNERS for field in model._meta.concrete_fields
        ):
            assert (model._meta.db_table in taken) != (
                model._meta.label in taking_out.NOT_TAKEN_OUT
            ), model


def test_the_file_is_downloaded_by_its_owner_only_and_kept_a_week(alice, as_alice, bob):
    as_alice.post("/account/take-out/")
    waiting = as_alice.get("/account/", headers={"hx-request": "true"}).content.decode()
    taking_out.make_next(now=timezone.now())
    as_bob = Client()
    as_bob.force_login(bob)

    assert "every 2s" in waiting
    assert as_alice.get("/account/take-out/file.zip").content[:2] == b"PK"
    assert as_bob.get("/account/take-out/file.zip").status_code == 404
    assert taking_out.forget_old(now=timezone.now() + timedelta(days=8)) == 1
    assert as_alice.get("/account/take-out/file.zip").status_code == 404


def test_closing_takes_the_password_the_word_and_two_weeks_and_can_be_taken_back(as_alice, alice):
    wrong = [
        as_alice.post("/account/close/", asked)
        for asked in ({"password": "x", "word": "close"}, {"password": PASSWORD, "word": "yes"})
    ]
    assert [answer.status_code for answer in wrong] == [422, 422]
    as_alice.post("/account/close/", {"password": PASSWORD, "word": "Close"})

    alice.refresh_from_db()
    assert alice.closing_at - timezone.now() > timedelta(days=13)
    assert leaving.close_due_accounts(now=timezone.now()) == 0
    as_alice.post("/account/keep/")
    assert leaving.close_due_accounts(now=timezone.now() + timedelta(days=20)) == 0


@pytest.mark.django_db(transaction=True)
def test_a_closed_account_has_no_person_in_it_and_the_books_are_whole(as_alice, alice, story):
    publish_record(
        owner_id=alice.pk, title="Alice's", slug="alices", is_public=True, now=make.NIGHT
    )
    _, text = make.api_key(alice)
    _, token = share(alice)
    say_place(owner_id=alice.pk, place="GB", reached_age=40, now=timezone.now())
    before = {
        model: list(model.objects.order_by("pk").values())
        for model in (Bet, Transfer, LedgerAccount, PlaceSaid)
    }
    closing.ask_to_close(user_id=alice.pk, password=PASSWORD, word="close", now=timezone.now())
    assert leaving.close_due_accounts(now=timezone.now() + timedelta(days=15)) == 1

    left = User.objects.get(pk=alice.pk)
    assert (left.username, left.email, left.is_active) == (f"closed-{alice.pk}", "", False)
    assert not left.has_usable_password()
    for model, rows in before.items():
        assert list(model.objects.order_by("pk").values()) == rows
    call_command("check_books")
    assert verify_chain().broken is None
    assert as_alice.get("/").status_code == 302
    assert Client().get("/api/v1/bets", headers={"X-Api-Key": text}).status_code == 401
    assert Client().get(f"/shared/{token}/").status_code == 404
    assert Client().get("/track/alices/").status_code == 404
    login = Client().post("/login/", {"login": "alice", "password": PASSWORD})
    assert login.status_code == 200


def test_the_last_admin_stays(db):
    admin = make.user("root", password=PASSWORD, role="admin")

    with pytest.raises(closing.CannotClose, match="nobody else is an admin"):
        closing.ask_to_close(user_id=admin.pk, password=PASSWORD, word="close", now=timezone.now())
