"""What every page owes whoever looks at it: who helps, what this is, and no word that nudges."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from config import access_table
from config.routes import OPEN
from risk.services.jurisdiction import say_place
from tests import make
from tests.config.test_access_matrix import sample

DISCLAIMER = b"Decision support, not advice"
# For programs: it may name no other host (tests/api/test_schema.py).
NOT_OURS = {"api/v1/docs"}
MONEY = ["/", "/bets/", "/money/", "/risk/", "/strategies/", "/risk/limits-line/"]
# Words that promise, hurry or celebrate. "guarantee" alone may be denied: no guarantee.
NUDGES = re.compile(
    r"guaranteed|risk[- ]free|sure (win|thing|bet)|(don.t|never) miss|miss(ing)? out|can.?t lose"
    r"|cannot lose|hurry|act now|last chance|easy money|double your|(?<!a )bet now|bonus|hot streak"
    r"|you.re on fire|congratulations|win back|chase|jackpot|lucky|big win",
    re.IGNORECASE,
)
# Where words are kept that people read: pages, mails, alerts, scripts.
SPOKEN = [
    *Path("templates").rglob("*.html"),
    *Path("templates").rglob("*.txt"),
    *Path("accounts/alerts").glob("*.py"),
    *Path("betting/services").glob("*.py"),
    *Path().glob("*/forms.py"),
    *Path("betting/views").glob("*.py"),
    *(Path("static/js") / name for name in ("app.js", "live.js")),
]


def pages_of(client: Client, doors) -> dict[str, bytes]:
    """Return every whole page among the answers by address, refusals and what is missing too."""
    found = {}
    for door in doors:
        answer = client.get(sample(door.address))
        kind = answer.headers.get("Content-Type", "")
        if kind.startswith("text/html") and b"<html" in getattr(answer, "content", b""):
            found[door.address] = answer.content
    return found


@pytest.mark.django_db
def test_every_page_names_who_helps_and_what_this_is(olivia):
    doors = {each.address: each for each in access_table.doors() if each.method in ("GET", "any")}
    doors = [each for each in doors.values() if each.address not in NOT_OURS]
    opened = pages_of(Client(), [each for each in doors if each.needs == OPEN])
    assert len(opened) > 5
    make.bankroll(olivia)
    say_place(owner_id=olivia.pk, place="GB", reached_age=30, now=timezone.now())
    client = Client()
    client.force_login(olivia)
    mine = pages_of(client, [each for each in doors if each.name != "admin"])
    assert len(mine) > 60

    for seen, helper in ((opened, b"gamblingtherapy.org"), (mine, b"gamcare.org.uk")):
        assert [each for each, page in seen.items() if DISCLAIMER not in page] == []
        assert [each for each, page in seen.items() if helper not in page] == []
    assert b"gamblingtherapy.org" in Client(raise_request_exception=False).get("/nowhere/").content


@pytest.mark.django_db
def test_pages_about_money_say_what_is_used_and_left_and_that_one_keeps_away(alice, as_alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced(), "10.00")
    statement = f"/money/{bet.bankroll_id}/statement/"
    for page in [*MONEY, f"/bets/{bet.pk}/", statement]:
        shown = as_alice.get(page).content.decode()
        assert 'aria-label="Limits used and left"' in shown, page
        assert "of 200" in shown, page
        assert DISCLAIMER.decode() in shown, page
    assert "/risk/limits-line/" in as_alice.get("/performance/").content.decode()


def test_no_word_that_people_read_nudges():
    found = [
        f"{path}: {match[0]}"
        for path in SPOKEN
        for match in NUDGES.finditer(path.read_text())
        # A class or a name in code is read by nobody.
        if path.read_text()[match.end() : match.end() + 1] not in "_="
    ]
    assert found == []
    assert NUDGES.search("A guaranteed profit"), "the list can find something"
