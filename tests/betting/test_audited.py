"""The audit in words: nothing that only a program reads, and every changed field."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts import audit
from betting.selectors.audited import in_words
from tests import make
from tests.counting import counted_queries

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def told(**entry):
    given = {"action": "did", "subject": "x", "actor_id": None, "at": NOON}
    return in_words([audit.record(**given | entry)])[0]


def test_a_thing_is_called_by_its_name_and_leads_to_its_page(alice):
    make.bankroll(alice)
    bet = make.place(alice, make.priced())

    assert told(subject=f"user {alice.pk}").what == "alice"
    assert told(subject=f"user {alice.pk}").url == f"/admin/accounts/user/{alice.pk}/change/"
    said = told(subject=f"bet {bet.pk}")
    assert said.what == f"bet “{bet.selection.market.event}”"
    assert said.url == f"/admin/betting/bet/{bet.pk}/change/"
    assert told(subject=f"bankroll {bet.bankroll_id}: Main").what == "bankroll “Main”"
    assert told(subject="odds.fetch_odds").what == "“Fetch odds”"
    assert told(subject="odds.fetch_odds").url == "/pipeline/odds.fetch_odds/"
    assert told(subject="odds.fetch_odds, letter 7").url == "/dead-letters/7/"
    # What is gone, or was never a thing of ours, is called as it is stored.
    assert told(subject="bet 999").what == "bet 999"
    assert told(subject="everybody").what == "everybody"


def test_changed_fields_stand_before_and_after(alice):
    said = told(
        before={"is_on": False, "min_edge": 0.02, "name": "a", "gone": ["x"]},
        after={"is_on": True, "min_edge": 0.03, "name": "", "until": "2026-03-02T09:30:00+00:00"},
    )

    assert [(each.name, each.before, each.after) for each in said.changes] == [
        ("Is on", "no", "yes"),
        ("Least edge", "2\u00a0%", "3\u00a0%"),
        ("Name", "a", "nothing"),
        ("Gone", "x", "nothing"),
        ("Until", "nothing", "2 Mar 2026 09:30 UTC"),
    ]
    moved = told(detail={"limit": "stake a day", "from": None, "to": "50"})
    assert [(each.name, each.before, each.after) for each in moved.changes] == [
        ("Stake a day", "nothing", "50")
    ]
    # A number of a row says nothing to a reader; a reason does.
    assert told(detail={"halt": 3, "reason": "enough"}).facts == [("Reason", "enough")]
    assert told(detail={"quoted": {"a_b": [1, None]}}).facts == [("Quoted", "A b 1, nothing")]


def test_a_kept_filter_is_told_in_words():
    kept = told(after={"name": "mine", "query": "market=h2h&bookmaker=betonlineag"})

    assert kept.facts == [
        ("Name", "mine"), ("Query", "Market: Moneyline; Bookmaker: BetOnline.ag"),
    ]  # fmt: skip


def test_who_did_it_is_a_person_a_job_or_a_command(alice):
    assert told(actor_id=alice.pk).who == "alice"
    assert told().who == "the system"
    audit.came_from(job="odds.fetch_odds")
    assert told().who == "the job “Fetch odds”"


def test_the_page_shows_words_and_keeps_what_is_stored_folded(olivia, alice):
    audit.record(
        action="lowered a personal limit", subject=f"user {alice.pk}", actor_id=alice.pk, at=NOON,
        detail={"limit": "stake a day", "from": "<b>1</b>", "to": "50"},
    )  # fmt: skip
    desk = Client()
    desk.force_login(olivia)

    text = desk.get("/audit/?actor=alice").content.decode()

    assert "Lowered a personal limit" in text
    assert "Stake a day: " in text
    shown, _, folded = text.partition("<details")
    assert "user " not in shown.partition("<tbody>")[2]
    assert f"user {alice.pk}" in folded
    assert "&lt;b&gt;1&lt;/b&gt;" in text


def test_the_page_asks_no_more_for_more(olivia, alice):
    make.bankroll(alice)
    desk = Client()
    desk.force_login(olivia)

    def written(number):
        bet = make.place(alice, make.priced(game=number))
        for subject in (
            f"bet {bet.pk}",
            f"user {alice.pk}",
            "strategy x",
            "nba-h2h v1",
            "import 3",
        ):
            audit.record(action="did", subject=subject, actor_id=alice.pk, at=NOON)

    def cost():
        with counted_queries() as asked:
            assert desk.get("/audit/").status_code == 200
        return len(asked)

    written(1)
    cost()
    one = cost()
    for number in range(2, 9):
        written(number)
    assert cost() == one <= 12
