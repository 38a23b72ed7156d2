"""The quarantine's page: what was refused and why, and what comes of dealing with it."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import AuditEntry
from odds.models import Competition, QuarantinedRow
from odds.services.runs import resolve_all
from tests import make
from tests.counting import counted_queries

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def desk(olivia) -> Client:
    client = Client()
    client.force_login(olivia)
    return client


def a_row(run, number, **more):
    told = {
        "source": "the_odds_api", "field": "bookmakers[].markets[].outcomes[].price",
        "reason": "0.95 is not above 1", "raw": {"name": "<b>Celtics</b>", "price": 0.95},
    }  # fmt: skip
    return QuarantinedRow.objects.create(
        feed_run=run, fingerprint=f"{number:064}", seen_at=NOW, **told | more
    )


@pytest.fixture
def run():
    return make.feed_run()


def test_each_row_says_what_came_what_was_refused_and_what_to_do(desk, run):
    event = make.priced().selection.market.event
    a_row(run, 1, row_number=14)
    a_row(run, 2, source="nba_games.csv", field="team", reason="no team Celtic", raw=["x"])
    a_row(run, 3, field="price", raw={"event": event.pk, "price": 1.01, "line": None})

    text = desk.get("/quarantine/").content.decode()

    for said in ("line 14", "&lt;b&gt;Celtics&lt;/b&gt;", "0.95 is not above 1", "The Odds API"):
        assert said in text
    # The value that was refused, by the last name of the field's path.
    assert '<code class="break-all">0.95</code>' in text
    assert "/admin/odds/teamalias/add/" in text
    assert f'href="/events/{event.pk}/"' in text
    assert "None" not in text


def test_it_is_cut_by_feed_field_and_reason(desk, run):
    a_row(run, 1)
    a_row(run, 2, source="nba_games.csv", field="team", reason="no team Celtic")

    def shown(query):
        text = desk.get(f"/quarantine/?{query}").content.decode()
        return ("not above 1" in text.partition("<tbody>")[2], "no team Celtic" in text)

    assert shown("") == (True, True)
    assert shown("source=nba_games.csv") == (False, True)
    assert shown("field=team") == (False, True)
    assert shown("reason=CELTIC") == (False, True)
    assert shown("reason=celtic&source=the_odds_api") == (False, False)
    # A value that is none of them counts as not set.
    assert shown("source=nonsense") == (True, True)


def test_rows_are_dismissed_with_a_reason_each_in_the_audit(desk, run, olivia):
    rows = [a_row(run, number, reason=f"fault {number}") for number in range(3)]
    asked = {"row": [rows[0].pk, rows[1].pk]}

    assert desk.post("/quarantine/deal/", asked | {"reason": " "}).status_code == 422
    assert desk.post("/quarantine/deal/", {"reason": "known"}).status_code == 422
    assert not QuarantinedRow.objects.exclude(resolved_at=None).exists()
    for _ in range(2):
        assert desk.post("/quarantine/deal/", asked | {"reason": "known"}).status_code == 302

    # Two operators at once: the second finds it done, and nothing is written twice.
    told = {"reason": "late", "now": NOW, "by_id": olivia.pk}
    assert resolve_all(row_ids=[rows[0].pk], **told) == 0
    left = QuarantinedRow.objects.get(resolved_at=None)
    told = AuditEntry.objects.filter(action="resolved quarantined row", actor=olivia)
    assert left == rows[2]
    assert [entry.detail["reason"] for entry in told] == ["known", "known"]


def test_all_that_a_filter_finds_is_what_was_there_to_see(desk, run):
    seen = [a_row(run, number, field="team") for number in range(3)]
    other = a_row(run, 3)
    later = a_row(run, 4, field="team")

    asked = {"all": "1", "newest": seen[-1].pk, "reason": "an old file"}
    desk.post("/quarantine/deal/", asked | {"shown": "field=team"})

    assert set(QuarantinedRow.objects.filter(resolved_at=None)) == {other, later}


def test_another_score_is_taken_or_refused(desk, run):
    event = make.finish(make.priced().selection.market.event, 100, 90)
    reference = event.references.create(source="nba", key="0042")
    raw = {"source": reference.source, "event": reference.key, "score": "101:90"}
    row = a_row(run, 1, field="score", raw=raw)
    other = a_row(run, 2)

    assert b"Take this score" in desk.get("/quarantine/").content
    asked = {"score": other.pk, "reason": "league page"}
    assert desk.post("/quarantine/deal/", asked).status_code == 422
    assert desk.post("/quarantine/deal/", asked | {"score": "987654"}).status_code == 422
    assert desk.post("/quarantine/deal/", asked | {"score": row.pk}).status_code == 302

    event.refresh_from_db()
    assert event.home_score == 101
    assert AuditEntry.objects.filter(action="corrected a result").count() == 1


def test_it_is_for_operators_alone(as_alice, run):
    row = a_row(run, 1)

    assert as_alice.get("/quarantine/").status_code == 403
    asked = {"row": [row.pk], "reason": "mine"}
    assert as_alice.post("/quarantine/deal/", asked).status_code == 403
    assert b"/quarantine/" not in as_alice.get("/status/").content
    assert QuarantinedRow.objects.filter(resolved_at=None).count() == 1


def test_status_counts_what_waits_and_names_what_was_fetched(desk):
    competition = Competition.objects.create(
        sport=make.priced().selection.market.event.competition.sport,
        key="basketball_sim", title="Simulated league",
    )  # fmt: skip
    run = make.feed_run(kind="odds", subject=competition.key, rows_quarantined=5)
    a_row(run, 1)

    text = desk.get("/status/").content.decode()

    assert "Simulated league" in text
    assert competition.key not in text
    assert 'href="/quarantine/">1<' in text
    assert "counts each time here" in text


def test_the_page_asks_no_more_for_more(desk, run):
    def cost():
        with counted_queries() as asked:
            assert desk.get("/quarantine/").status_code == 200
        return len(asked)

    event = make.priced().selection.market.event
    a_row(run, 0, raw={"event": event.pk})
    cost()  # The first look notes that its reader is there.
    one = cost()
    for number in range(1, 70):
        a_row(run, number, raw={"event": event.pk})
    assert cost() == one <= 12
