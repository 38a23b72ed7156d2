"""The public track record: committed in time, chained, shown only when asked to, verifiable."""

import hashlib
import json
import re
import runpy
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import IntegrityError, InternalError, transaction
from django.db.utils import ProgrammingError
from django.test import Client

from betting.models import Commitment
from betting.selectors.track import exported
from betting.services.settlement import settle_due_bets
from betting.services.track import CannotPublish, publish_record
from tests import make

pytestmark = pytest.mark.django_db
REFUSED = (InternalError, ProgrammingError, IntegrityError)
verify = runpy.run_path(str(Path(__file__).parents[2] / "scripts/verify_track_record"))


@pytest.fixture
def record(alice):
    make.bankroll(alice)
    return publish_record(
        owner_id=alice.pk, title="Mine", slug="mine", is_public=True, now=make.BEFORE
    )


def bets(alice, count=3):
    return [
        make.place(alice, make.priced(game=game), now=make.NOON + timedelta(seconds=game))
        for game in range(1, count + 1)
    ]


def file_of(record, now):
    return json.loads(json.dumps(exported(record, now=now)))


def faults(shown, known=()):
    # Written down by the clock of today, for events of another day.
    return verify["faults_of"](shown | {"clock": "simulated"}, known)


def test_an_accepted_bet_is_committed_and_revealed_once_its_event_starts(record, alice):
    bets(alice)
    early, late = file_of(record, make.NOON), file_of(record, make.NIGHT)

    assert (early["count"], early["bets_not_committed"]) == (3, 0)
    assert all(row["content"] is None and row["salt"] is None for row in early["commitments"])
    said = json.loads(late["commitments"][0]["content"])
    assert (said["price"], said["stake"], said["side"]) == ("2.000", "10.00", "home")
    assert [row["chain"] for row in early["commitments"]] == [
        row["chain"] for row in late["commitments"]
    ]
    assert faults(early) == faults(late) == []


def test_the_script_catches_what_was_edited_left_out_or_dated_back(record, alice):
    bets(alice)
    good = file_of(record, make.NIGHT)
    note = f"3:{good['head']}"

    def after(change):
        shown = json.loads(json.dumps(good))
        change(shown["commitments"])
        return " ".join(faults(shown, [note]))

    def edit(rows):
        rows[1]["content"] = rows[1]["content"].replace('"side":"home"', '"side":"away"')

    def edit_and_commit_anew(rows):
        edit(rows)
        text = (rows[1]["salt"] + rows[1]["content"]).encode()
        rows[1]["commitment"] = hashlib.sha256(text).hexdigest()

    assert "commitment 2: this is not what was committed to" in after(edit)
    assert "commitment 2: the chain breaks here" in after(edit_and_commit_anew)
    assert "number 2 is missing" in after(lambda rows: rows.pop(1))
    assert "the newest are missing: 2 of 3" in after(lambda rows: rows.pop())
    assert "chain breaks" in after(
        lambda rows: rows[2].update(committed_at=rows[0]["committed_at"])
    )
    assert "had begun" in after(lambda rows: rows[2].update(committed_at=rows[2]["starts_at"]))
    assert "not revealed" in after(lambda rows: rows[0].update(content=None))
    # Somebody who keeps the database may make a shorter chain: only a note of before shows that.
    short = json.loads(json.dumps(good))
    del short["commitments"][2]
    short |= {"count": 2, "head": short["commitments"][1]["chain"]}
    assert faults(short) == []
    assert "was taken away" in faults(short, [note])[0]
    # Dated by hand: what the database wrote down tells.
    assert "written down" in " ".join(verify["faults_of"](good | {"clock": "real"}))


def test_the_script_runs_on_a_file(record, alice, tmp_path, capsys):
    bets(alice, 1)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(file_of(record, make.NIGHT) | {"clock": "simulated"}))

    assert verify["main"]([str(path)]) == 0
    assert "Nothing was changed or left out" in capsys.readouterr().out
    assert verify["main"]([str(path), "--known", "1:x"]) == 1


def test_the_database_keeps_the_order_the_start_and_what_was_written(alice, bob):
    for person in (alice, bob):
        make.bankroll(person)
    # Of before the record: nothing commits it but the forger.
    ours, theirs = make.place(alice, make.priced(game=8)), make.place(bob, make.priced(game=9))
    record = publish_record(
        owner_id=alice.pk, title="Mine", slug="mine", is_public=True, now=make.NOON
    )
    first = Commitment.objects.get(bet=bets(alice, 2)[0])

    def forged(bet, committed_at, starts_at=make.EVENING):
        Commitment.objects.create(
            record=record, number=0, content="{}", salt="s", written_at=make.NOON,
            bet=bet, committed_at=committed_at, starts_at=starts_at,
        )  # fmt: skip

    for forge in (
        lambda: Commitment.objects.filter(pk=first.pk).update(content="{}"),
        lambda: Commitment.objects.filter(pk=first.pk).delete(),
        lambda: forged(ours, make.EVENING),
        lambda: forged(ours, make.BEFORE),
        lambda: forged(ours, make.NOON + timedelta(hours=1), starts_at=make.NIGHT),
        lambda: forged(theirs, make.NOON + timedelta(hours=1)),
    ):
        with pytest.raises(REFUSED), transaction.atomic():
            forge()
    forged(ours, make.NOON + timedelta(hours=1))


def test_only_what_is_public_is_shown_and_to_anybody(record, alice, as_alice):
    bets(alice, 2)
    anybody = Client()
    with time_machine.travel(make.NOON, tick=False):
        hidden = anybody.get("/track/mine/")
        assert b"Hidden until the start" in hidden.content
        assert b"Home 1" not in hidden.content
        assert hidden["X-Robots-Tag"] == "noindex"
    for bet in alice.bets.all():
        make.finish(bet.selection.market.event, 99, 90)
    settle_due_bets(make.NIGHT)
    with time_machine.travel(make.NIGHT, tick=False):
        page = anybody.get("/track/mine/").content
        assert b"Away 1 at Home 1" in page
        assert b"alice" not in page
        assert anybody.get("/track/mine/export.json").json()["commitments"][0]["outcome"] == {
            "status": "settled", "result": "won", "returned": "20.00", "clv": None,
        }  # fmt: skip
        closed = as_alice.post("/track-record/", {"title": "Mine", "slug": "mine"})
        assert closed.status_code == 302
    assert anybody.get("/track/mine/").status_code == 404
    assert anybody.get("/track/mine/export.json").status_code == 404
    assert anybody.get("/track-record/").status_code == 302


def test_the_address_that_is_proposed_names_nobody(as_alice):
    first, second = (
        as_alice.get("/track-record/").context["form"].initial["slug"] for _ in range(2)
    )
    assert first != second
    assert re.fullmatch(r"record-[0-9a-f]{12}", first)


def test_an_address_is_chosen_or_not_to_be_guessed_and_never_somebody_elses(record, bob, as_alice):
    with pytest.raises(CannotPublish, match="mine is taken"):
        publish_record(owner_id=bob.pk, title="B", slug="mine", is_public=True, now=make.NOON)
    with pytest.raises(CannotPublish, match="3 to 40 small letters"):
        publish_record(owner_id=bob.pk, title="B", slug="x y", is_public=True, now=make.NOON)
    secret = publish_record(owner_id=bob.pk, title="B", slug="", is_public=False, now=make.NOON)
    assert len(secret.slug) == 24
    wrong = as_alice.post("/track-record/", {"title": "Mine", "slug": "?"})
    assert wrong.status_code == 422
    assert b"3 to 40 small letters" in wrong.content


def test_a_bet_that_never_was_committed_is_counted(alice):
    make.bankroll(alice)
    make.place(alice, make.priced())
    record = publish_record(owner_id=alice.pk, title="Mine", slug="", is_public=True, now=make.NOON)

    shown = exported(record, now=make.NIGHT)

    assert (shown["count"], shown["bets_not_committed"]) == (0, 1)
