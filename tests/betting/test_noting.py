"""Tags and notes on bets: their owner's words, found again, exported, and nobody else's."""

import json

import pytest

from accounts.models import AuditEntry
from betting.domain.tags import BadTags, tidy_tags
from betting.models import Bet, Transfer
from betting.services.noting import NoSuchBet, note_on_bet, tag_bet
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def bet(alice):
    make.bankroll(alice)
    return make.place(alice, make.priced("2.200"))


def test_tags_are_put_on_and_taken_off_once_however_often_it_is_asked(alice, bet):
    moved = Transfer.objects.count()
    for _ in range(2):
        tag_bet(owner_id=alice.pk, bet_id=bet.pk, add=["Late  News", "promo"], now=make.NOON)
    tagged = tag_bet(owner_id=alice.pk, bet_id=bet.pk, remove=["promo"], now=make.NOON)

    assert tagged.tags == ["late news"]
    assert Bet.objects.get().tags == ["late news"]
    assert AuditEntry.objects.filter(action="tagged a bet").count() == 2
    assert Transfer.objects.count() == moved


def test_a_tag_too_many_or_too_long_changes_nothing(alice, bet):
    with pytest.raises(BadTags, match="11 are too many"):
        tag_bet(owner_id=alice.pk, bet_id=bet.pk, add=[f"t{n}" for n in range(11)], now=make.NOON)
    with pytest.raises(BadTags, match="has 25 letters"):
        tidy_tags(["x" * 25])

    assert Bet.objects.get().tags == []


def test_nobody_writes_on_the_bet_of_another(bob, bet):
    with pytest.raises(NoSuchBet):
        tag_bet(owner_id=bob.pk, bet_id=bet.pk, add=["mine"], now=make.NOON)
    with pytest.raises(NoSuchBet):
        note_on_bet(owner_id=bob.pk, bet_id=bet.pk, note="mine", now=make.NOON)

    assert (Bet.objects.get().tags, Bet.objects.get().note) == ([], "")


def test_the_audit_keeps_that_a_note_was_written_and_not_its_words(alice, bet):
    note_on_bet(owner_id=alice.pk, bet_id=bet.pk, note=" my secret \r\n", now=make.NOON)

    assert Bet.objects.get().note == "my secret"
    entry = AuditEntry.objects.get(action="noted on a bet")
    assert entry.after == {"letters": 9}


def test_a_tagged_bet_is_found_by_its_tag_and_exported_with_its_words(alice, bet, as_alice):
    other = make.place(alice, make.priced("2.100", side="away"))
    as_alice.post(f"/bets/{bet.pk}/tags/", {"add": "Promo, late news"})
    as_alice.post(f"/bets/{bet.pk}/note/", {"note": "=why"})

    page = as_alice.get("/bets/?tag=promo").content.decode()
    assert f'id="bet-{bet.pk}"' in page
    assert f'id="bet-{other.pk}"' not in page
    rows = json.loads(b"".join(as_alice.get("/bets/export.json?tag=promo").streaming_content))
    assert [(row["id"], row["tags"], row["note"]) for row in rows] == [
        (bet.pk, "promo, late news", "=why")
    ]
    csv = b"".join(as_alice.get("/bets/export.csv?tag=promo").streaming_content).decode()
    assert csv.strip().endswith('"promo, late news",\'=why')
    assert "=why" in as_alice.get(f"/bets/{bet.pk}/").content.decode()

    as_alice.post(f"/bets/{bet.pk}/tags/", {"remove": "promo"})
    assert Bet.objects.get(pk=bet.pk).tags == ["late news"]


def test_the_api_filters_by_tag_and_writes_once(alice, bet, client):
    _, key = make.full_key(alice)
    headers = {"X-Api-Key": key, "Idempotency-Key": "tag-it"}
    sent = {"path": f"/api/v1/bets/{bet.pk}/tags", "content_type": "application/json"}
    first = client.post(**sent, data={"add": ["promo"]}, headers=headers)
    again = client.post(**sent, data={"add": ["promo"]}, headers=headers)
    wrong = client.post(
        **sent, data={"add": ["x" * 25]}, headers=headers | {"Idempotency-Key": "other"}
    )
    noted = client.put(
        f"/api/v1/bets/{bet.pk}/note", {"note": "why"}, content_type="application/json",
        headers=headers | {"Idempotency-Key": "note-it"},
    )  # fmt: skip

    assert (first.status_code, first.json()["tags"]) == (200, ["promo"])
    assert again.json() == first.json()
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "tags")
    assert noted.json()["note"] == "why"
    found = client.get("/api/v1/bets?tag=promo", headers={"X-Api-Key": key}).json()
    assert [each["id"] for each in found["results"]] == [bet.pk]
    assert client.get("/api/v1/bets?tag=no", headers={"X-Api-Key": key}).json()["results"] == []
