"""A bettor's main story in a real browser, and what a browser alone can see of every page."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from betting.models import Bet
from betting.services import outlooks
from betting.services.settlement import settle_due_bets
from models_registry.models import ModelVersion
from tests.journeys.pages import arrived, logged_in
from tests.journeys.pasts import backtested, swept

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True),
]


def addresses() -> list[str]:
    bet = Bet.objects.select_related("selection__market").first()
    version = ModelVersion.objects.first()
    runs, sweep = [backtested(), backtested(number=7)], swept()
    both = "&".join(f"id={each.pk}" for each in runs)
    outlooks.refresh_outlook(bet.owner_id, now=timezone.now())
    return [
        f"/backtests/{runs[0].pk}/", f"/sweeps/{sweep.pk}/", f"/backtests/compare/?{both}",
        "/backtests/",
        "/", "/?tab=passed", "/odds/", "/odds/?market=totals", "/scanner/?doubtful=yes",
        "/bookmakers/", "/bets/", "/performance/", "/models/",
        "/risk/", "/venues/", "/status/", "/preferences/", "/keys/", "/methodology/",
        "/alerts/", "/alerts/rules/add/", "/notices/", "/audit/", "/account/", "/security/",
        "/security/sessions/",
        f"/bets/{bet.pk}/",
        f"/events/{bet.selection.market.event_id}/", f"/models/{version.pk}/", "/not-a-page/",
    ]  # fmt: skip


def test_a_bettor_places_a_bet_from_today_and_sees_it_settled(browser, server, bettor):
    page = logged_in(browser, server)
    page.locator("td.act a.btn-primary").first.click()
    dialog = page.locator("dialog#dialog")
    expect(dialog.get_by_role("heading", name="Place a bet")).to_be_visible()
    dialog.get_by_label("Stake, EUR").fill("5000")
    dialog.get_by_role("button", name="Place bet").click()
    expect(dialog.locator("#stake-errors")).to_be_visible()
    dialog.get_by_label("Stake, EUR").fill("5.00")
    dialog.get_by_role("button", name="Place bet").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Bet open")).to_have_count(1)
    # Each opportunity gives its reasons once, and the sums above follow the bet.
    reasons = page.locator("details.why").evaluate_all("all => all.map(each => each.id)")
    assert len(reasons) == len(set(reasons))
    expect(page.locator(".tile").nth(1)).to_contain_text("€5.00")
    expect(page.locator(".tile").nth(1)).to_contain_text("1 open bet")

    bet = Bet.objects.latest("pk")
    assert str(bet.stake) == "5.00"
    event = bet.selection.market.event
    now = timezone.now()
    event.starts_at = now - timedelta(hours=3)
    event.status, event.home_score, event.away_score = "finished", 110, 99
    event.result_seen_at = now
    event.save()
    settle_due_bets(now=now)

    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Bets").click()
    row = page.locator(f"#bet-{bet.pk}")
    expect(row.locator(".tag")).to_have_text(Bet.objects.get(pk=bet.pk).get_result_display())
    assert page.evaluate("window.violations") == []


def test_no_page_breaks_the_policy_or_scrolls_sideways_on_a_phone(browser, server, bettor):
    page = arrived(browser, server, width=390, color_scheme="dark")
    for address in addresses():
        page.goto(server.url + address)
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, address
        assert page.evaluate("window.violations") == [], address


def test_the_policy_watch_can_fail(browser, server, bettor):
    """If this fails, the test above proves nothing."""
    page = arrived(browser, server)
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.wait_for_timeout(50)

    assert page.evaluate("window.violations") != []


def test_the_main_story_works_without_javascript(browser, server, bettor):
    page = logged_in(browser, server, java_script_enabled=False)
    page.locator("td.act a.btn-primary").first.click()
    page.get_by_label("Stake, EUR").fill("4.00")
    page.get_by_role("button", name="Place bet").click()

    expect(page.get_by_text("How the stake came about")).to_be_visible()
    assert str(Bet.objects.latest("pk").stake) == "4.00"
