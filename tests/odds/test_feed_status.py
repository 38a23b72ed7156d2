"""Credits and drift as a reader sees them: on Status and in the API."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from odds.feed_status import credit_status
from odds.models import CreditEntry, SchemaDrift

NOW = datetime(2026, 1, 22, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def entry(at, **fields):
    given = {
        "provider": "the_odds_api",
        "endpoint": "odds",
        "subject": "basketball_nba",
        "asked_at": at,
        "status": 200,
        "planned": 6,
        "expected": 6,
        "charged": 6,
    }
    return CreditEntry.objects.create(**(given | fields))


@pytest.fixture
def spent(settings):
    settings.THE_ODDS_API_MONTHLY_CREDITS = 500
    settings.CLOCK = None
    entry(datetime(2025, 12, 31, 23, tzinfo=UTC), charged=400, used=400, remaining=100)
    entry(NOW - timedelta(days=7), used=26, remaining=474)
    entry(NOW - timedelta(days=3), subject="soccer_epl/abc", charged=4, used=30, remaining=470)
    entry(NOW - timedelta(days=1), error="NO_ANSWER", status=None, charged=None, expected=None)
    SchemaDrift.objects.create(
        provider="the_odds_api", endpoint="odds", kind="unknown_market", path="corners",
        example="unknown market", first_seen_at=NOW, last_seen_at=NOW, count=7,
    )  # fmt: skip


def test_the_month_by_ledger_and_headers_and_where_it_is_heading(spent):
    status = credit_status(now=NOW)

    assert (status.account.spent, status.account.used, status.account.difference) == (16, 30, 20)
    assert (status.account.left, status.account.remaining) == (464, 470)
    assert status.forecast == 36 + round(10 * 9.5 / 3)
    assert not status.goes_over
    assert status.unexpected == 1
    assert [(row.subject, row.calls, row.credits, row.failures) for row in status.by_sport] == [
        ("basketball_nba", 2, 12, 1),
        ("soccer_epl", 1, 4, 0),
    ]
    assert status.starts_anew_at == datetime(2026, 2, 1, tzinfo=UTC)


def test_the_api_tells_the_same(spent, as_alice):
    with time_machine.travel(NOW, tick=False):
        told = as_alice.get("/api/v1/feeds").json()

    assert {name: told[name] for name in ("budget", "spent", "used", "left", "difference")} == {
        "budget": 500, "spent": 16, "used": 30, "left": 464, "difference": 20,
    }  # fmt: skip
    assert told["drift"][0]["path"] == "corners"
    assert told["is_out_of_credits"] is False


def test_status_shows_credits_and_drift_at_a_constant_cost(spent, as_alice):
    def queries():
        with time_machine.travel(NOW, tick=False), CaptureQueriesContext(connection) as seen:
            page = as_alice.get("/status/")
        return page.content.decode(), len(seen)

    # The first look also fills what is kept for some seconds.
    queries()
    page, before = queries()
    assert "464" in page
    assert "+20 against our ledger" in page
    assert "corners" in page
    for number in range(10):
        entry(NOW - timedelta(hours=1), subject=f"sport_{number}")
    _, after = queries()
    assert after == before


def test_nothing_known_is_said_to_be_nothing_known(as_alice):
    page = as_alice.get("/status/").content.decode()
    assert "No call was made this month." in page
    told = as_alice.get("/api/v1/feeds").json()
    assert (told["used"], told["remaining"], told["left"], told["forecast"]) == (None,) * 4


def test_no_credits_left_is_said_aloud(as_alice):
    with time_machine.travel(NOW, tick=False):
        entry(NOW, error="OUT_OF_USAGE_CREDITS", status=401, charged=0, remaining=0, used=500)
        page = as_alice.get("/status/").content.decode()
    assert "The provider has no credits left for us." in page
