"""A drill, a press of the kill switch and a self-exclusion: in the browser, and at every door."""

import uuid

import pytest
from playwright.sync_api import Page, expect

from betting.models import Bet, Opportunity, Strategy
from betting.tasks import place_for_followers
from risk.models import BreakerReading, Halt
from tests import make
from tests.journeys.pages import arrived
from tests.live.serving import Server, working

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True),
]


def refusals_by_api(page: Page, server: Server, key: str) -> list[str]:
    """Ask the API for a sound bet; return what it refuses it for."""
    found = Opportunity.objects.filter(passes=[], status="open").select_related("quote").first()
    answer = page.request.post(
        f"{server.url}/api/v1/bets",
        headers={"X-Api-Key": key, "Idempotency-Key": uuid.uuid4().hex},
        data={
            "selection": found.quote.selection_id,
            "bookmaker": found.quote.bookmaker.key,
            "price": str(found.quote.price),
            "stake": "5.00",
        },
    )
    return [] if answer.ok else [fault["code"] for fault in answer.json()["errors"]]


def refused_by_page(page: Page, server: Server, words: str) -> None:
    """Try to place from Today; the page says why not."""
    found = Opportunity.objects.filter(passes=[], status="open").select_related("quote").first()
    page.goto(f"{server.url}/bets/place/?opportunity={found.pk}")
    page.get_by_label("Stake, EUR").fill("5.00")
    page.get_by_role("button", name="Place bet").click()
    expect(page.get_by_text(words).first).to_be_visible()


@pytest.fixture
def worker(server, tmp_path):
    """A real worker; it starts while the test begins."""
    with working(tmp_path, server.prefix) as started:
        yield started


def test_what_stops_is_seen_and_holds_at_once_at_every_door(browser, server, worker, bettor):
    other = make.user("other")
    make.bankroll(other)
    for each in Strategy.objects.all():
        each.followers.set([bettor, other])
    _, key = make.full_key(bettor)
    before = Bet.objects.filter(owner=bettor).count()
    readings = BreakerReading.objects.count()
    page = arrived(browser, server)

    # A drill looks, and writes nothing.
    page.goto(server.url + "/risk/")
    page.get_by_role("link", name="Drill: what each would have blocked").click()
    expect(page.get_by_role("heading", name="Drill", exact=True)).to_be_visible()
    expect(page.get_by_text("Quiet:")).to_be_visible()
    assert not Halt.objects.exists()
    assert BreakerReading.objects.count() == readings

    # One key and one press stop, from whatever page.
    page.goto(server.url + "/odds/")
    page.keyboard.press("!")
    expect(page.get_by_role("heading", name="Stop all new stakes?")).to_be_visible()
    with worker.held():
        queued_before = worker.told(place_for_followers)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Stopped. No new stake is taken")).to_be_visible()
    expect(page.locator(".band-halt")).to_contain_text("Kill switch: no new stakes")
    assert refusals_by_api(page, server, key) == ["kill_switch"]
    refused_by_page(page, server, "this stake is not taken until it is lifted")
    # A round that was queued before the press, and one queued after it: for the other alone.
    placed = worker.done(queued_before).detail["placed"]
    assert placed == Bet.objects.filter(owner=other).count() > 0
    assert worker.does(place_for_followers).succeeded
    assert Bet.objects.filter(owner=bettor).count() == before

    # Lifted, with a reason.
    page.goto(server.url + "/risk/")
    page.get_by_label("Why it is safe to go on").fill("It was a test.")
    page.get_by_role("button", name="Lift this halt").click()
    expect(
        page.get_by_text("Lifted. New stakes are taken again, unless another halt stands.")
    ).to_be_visible()

    # Keeping away: told once more in plain words, then nobody ends it.
    page.goto(server.url + "/risk/personal/")
    page.get_by_label("For", exact=True).select_option("183")
    page.get_by_role("button", name="Keep me away").click()
    expect(page.get_by_role("heading", name="Self-exclusion, 6 months?")).to_be_visible()
    with worker.held():
        queued_before = worker.told(place_for_followers)
        page.get_by_role("button", name="Yes, keep me away").click()
        expect(page.locator(".band-halt")).to_contain_text("Self-exclusion")
    assert refusals_by_api(page, server, key) == ["excluded"]
    refused_by_page(page, server, "nobody ends it early")
    assert worker.done(queued_before).succeeded
    assert worker.does(place_for_followers).succeeded
    assert Bet.objects.filter(owner=bettor).count() == before
    page.goto(server.url + "/risk/")
    expect(page.get_by_text("Nobody ends it early.").first).to_be_visible()
    assert page.get_by_role("button", name="Lift this halt").count() == 0
    assert page.evaluate("window.violations") == []
