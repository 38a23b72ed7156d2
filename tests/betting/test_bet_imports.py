"""Bets placed elsewhere: looked at, mapped, taken once, kept apart from money."""

from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, InternalError, transaction
from django.db.utils import ProgrammingError

from betting.domain.bet_import import BadFile, guess_mapping, read_row, read_table
from betting.models import BetImport, ImportedBet, QuarantinedBet, Transfer
from betting.selectors.bet_imports import imported_performance
from betting.selectors.money import bankroll_of
from betting.services import bet_imports as services
from tests import make
from tests.api.conftest import Api

HEAD = "Date,Match,Pick,Book,Odds,Stake,Result,Payout\n"
GOOD = "2026-01-10 19:30,A v B,Home,bet365,2.10,10.00,won,21.00\n"
LOST = "2026-01-11,C v D,Over 2.5,bwin,+110,5,Loss,\n"
OPEN = "2026-01-12,E v F,Away,bwin,1.90,5,,\n"


def read(line, dates="iso"):
    header, rows = read_table(HEAD + line)
    return read_row(2, rows[0], guess_mapping(header), dates=dates, now=make.NOON)


def faults(line, dates="iso"):
    return [fault.field for fault in read(line, dates).faults]


def test_a_row_is_read_in_the_ways_that_people_write():
    row = read(GOOD)
    assert (row.price, row.stake, row.result, row.returned) == (
        Decimal("2.100"), Decimal("10.00"), "won", Decimal("21.00"),
    )  # fmt: skip
    assert read(LOST).price == Decimal("2.100")
    assert read(LOST).returned == 0
    assert read("31/12/2025,A,B,C,-200,$5,refund,\n", "day_first").price == Decimal("1.500")
    assert read("12/31/2025 20:15,A,B,C,2,5,w,10\n", "month_first").placed_at.hour == 20
    assert read("2026-01-10T19:30:00+02:00,A,B,C,2,5,half-won,7.5\n").returned == Decimal("7.50")
    header, rows = read_table("a;b\n1,5;2\n\n")
    assert (header, rows) == (["a", "b"], [{"a": "1,5", "b": "2"}])


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("2026-13-01,,Home,b,x,0,maybe,\n", ["Placed", "Event", "Price", "Stake", "Result"]),
        ("2026-01-16,A,B,C,2,5,won,10\n", ["Placed"]),
        ("31/12/2025,A,B,C,2,5,won,10\n", ["Placed"]),
        ("2026-01-10,A,B,C,0.9,5.001,won,10\n", ["Price", "Stake"]),
        ("2026-01-10,A,B,C,2,5,won,11\n", ["Returned"]),
        ("2026-01-10,A,B,C,2,5,,11\n", ["Returned"]),
        ("2026-01-10,A,B,C,nan,inf,won,10\n", ["Price", "Stake"]),
    ],
)
def test_everything_that_is_wrong_with_a_row_is_said_by_field(line, wrong):
    assert faults(line) == wrong


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "names no columns"),
        ("a,b\n", "no row below"),
        ("a,a\n1,2\n", "same name"),
    ],
)
def test_what_is_no_table_is_refused(text, message):
    with pytest.raises(BadFile, match=message):
        read_table(text)


def take(owner, text, now=make.NOON):
    found = services.upload(owner_id=owner.pk, name="bets.csv", content=text, now=now)
    return services.import_bets(owner_id=owner.pk, import_id=found.pk, now=now)


@pytest.mark.django_db
def test_the_same_file_or_row_twice_adds_nothing_and_a_result_may_come_later(alice):
    wrong = "x,A,B,C,2,5,won,\n"
    first = take(alice, HEAD + GOOD + OPEN + GOOD + wrong)
    assert first.counts == {"new": 2, "there": 1, "settles": 0, "wrong": 1}
    assert services.import_bets(owner_id=alice.pk, import_id=first.pk, now=make.NOON) == first
    assert take(alice, HEAD + GOOD + OPEN).counts["new"] == 0

    settled = take(alice, HEAD + GOOD + OPEN.replace(",,", ",won,9.50"))
    assert settled.counts == {"new": 0, "there": 1, "settles": 1, "wrong": 0}
    assert ImportedBet.objects.get(event="E v F").returned == Decimal("9.50")
    assert ImportedBet.objects.count() == 2
    kept = QuarantinedBet.objects.get()
    assert (kept.row_number, kept.faults[0]["field"], kept.faults[0]["value"]) == (5, "Placed", "x")


@pytest.mark.django_db
def test_results_that_come_later_are_taken_at_once(alice, django_assert_max_num_queries):
    rows = [OPEN.replace("E", f"E{n}", 1) for n in range(40)]
    assert take(alice, HEAD + "".join(rows)).counts["new"] == 40
    settled = HEAD + "".join(row.replace(",,", ",won,9.50") for row in rows)

    with django_assert_max_num_queries(20):
        assert take(alice, settled).counts["settles"] == 40

    assert ImportedBet.objects.filter(result="won", returned="9.50").count() == 40


@pytest.mark.django_db
def test_imported_bets_count_by_themselves_and_never_touch_money(alice, bob):
    make.bankroll(alice)
    before = Transfer.objects.count()
    take(alice, HEAD + GOOD + LOST + OPEN)
    take(bob, HEAD + GOOD)

    done = imported_performance(alice.pk)

    assert (done.bets, done.staked, done.profit) == (2, 15.0, 6.0)
    assert "No bet has a close" in done.verdict or "close" in done.verdict
    assert Transfer.objects.count() == before
    assert bankroll_of(alice.pk).equity == Decimal("1000.00")
    assert imported_performance(make.user("carol").pk).bets == 0
    for forge in (
        lambda: ImportedBet.objects.filter(result="won").update(stake=1),
        lambda: ImportedBet.objects.filter(result="").update(price=3),
        lambda: ImportedBet.objects.all().delete(),
    ):
        with pytest.raises((InternalError, ProgrammingError, IntegrityError)), transaction.atomic():
            forge()


@pytest.mark.django_db
def test_the_pages_show_every_row_before_anything_is_taken(as_alice, alice):
    with time_machine.travel(make.NOON, tick=False):
        text = (HEAD.replace("Odds", "Quote") + GOOD + "x,A,B,C,2,5,won,\n").encode()
        made = as_alice.post("/bets/imported/", {"file": SimpleUploadedFile("my.csv", text)})
        page = as_alice.get(made.url)
        assert b"mapping.price: say which column is price" in page.content
        columns = {
            "placed_at": "Date",
            "event": "Match",
            "selection": "Pick",
            "bookmaker": "Book",
            "price": "Quote",
            "stake": "Stake",
            "result": "Result",
            "dates": "iso",
        }
        assert as_alice.post(f"{made.url}columns/", columns).status_code == 302
        page = as_alice.get(made.url).content
        assert b"1 new" in page
        assert b"write a day such as 2026-01-31" in page
        assert ImportedBet.objects.count() == 0
        wrong = as_alice.post(f"{made.url}columns/", columns | {"price": "Nothing"})
        assert wrong.status_code == 422
        assert as_alice.post(f"{made.url}take/").status_code == 302
        assert b"In quarantine" in as_alice.get(made.url).content
        assert b"A v B" in as_alice.get("/bets/imported/").content
        other = BetImport.objects.create(
            owner=make.user("dave"), name="d", content=HEAD + GOOD, uploaded_at=make.NOON
        )
        assert as_alice.get(f"/bets/imported/{other.pk}/").status_code == 404
        assert as_alice.post(f"/bets/imported/{other.pk}/take/").status_code == 404
        assert as_alice.post("/bets/imported/", {}).status_code == 422
        binary = SimpleUploadedFile("my.csv", b"\x00\x01")
        assert b"this is no text" in as_alice.post("/bets/imported/", {"file": binary}).content


@pytest.mark.django_db
def test_the_api_takes_a_file_or_says_what_it_would(alice):
    api = Api(make.full_key(alice)[1])
    with time_machine.travel(make.NOON, tick=False):
        dry = api.post("imported-bets", {"csv": HEAD + GOOD + "x,,,,,,,\n", "dry_run": True}).json()
        assert (dry["counts"]["new"], dry["wrong"][0]["line"]) == (1, 3)
        assert BetImport.objects.count() == 0
        done = api.post("imported-bets", {"csv": HEAD + GOOD}).json()
        assert done["is_taken"]
        bad = api.post("imported-bets", {"csv": HEAD + GOOD, "mapping": {"price": "Nothing"}})
    assert bad.status_code == 422
    assert bad.json()["errors"][0]["field"] == "mapping.price"
    (row,) = api.get("imported-bets").json()["results"]
    assert (row["price"], row["returned"]) == ("2.100", "21.00")
