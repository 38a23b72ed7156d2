"""A bettor's main story in a real browser, and what a browser alone can see of every page."""

import re
from datetime import timedelta

import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone
from playwright.sync_api import expect

from betting.models import Bet
from betting.services.settlement import settle_due_bets
from odds.models import Bookmaker
from tests import make
from tests.journeys.pages import arrived, logged_in
from tests.journeys.payloads import a_payload, stuff
from tests.journeys.used import use
from tests.journeys.walking import walk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True),
]


# Opens and presses what is safe, and returns how far the page scrolls sideways.
OPEN_ALL = """() => {
  const all = (selector) => document.querySelectorAll(selector);
  for (const each of all("details:not(.menu-pop, .chip-menu)")) each.open = true;
  for (const each of all("main [data-copy], main [data-pause]")) each.click();
  for (const each of all("main a, main th, main [title]"))
    each.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
  return document.documentElement.scrollWidth - window.innerWidth;
}"""


# What a finger is to hit, smaller than it may be (WCAG 2.5.8); a field counts with its label.
TOO_SMALL = """() => {
  // A part that is opened alone has no style.
  if (!document.querySelector("link[rel=stylesheet]")) return [];
  const targets = "a[href], button, summary, input, select, textarea";
  const shown = (each) => each.checkVisibility({ visibilityProperty: true });
  return [...document.querySelectorAll(targets)].flatMap((each) => {
    const { width, height } = (each.closest("label") || each).getBoundingClientRect();
    const isHit = width && shown(each) && !each.closest(".skip, .sr-only, thead");
    if (!isHit || (width >= 24 && height >= 24)) return [];
    return [`${location.pathname}: ${width} by ${height}: ${each.outerHTML.slice(0, 120)}`];
  });
}"""


# Whether one sees what has the focus.
SHOWS_FOCUS = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" || style.boxShadow !== "none";
}"""


def test_a_bettor_places_a_bet_from_today_and_sees_it_settled(browser, server, bettor):
    page = logged_in(browser, server)
    # Before its scripts run, a press leads to the same form on a page of its own.
    expect(page.locator("[data-pause-text]")).to_have_text("Live")
    page.locator("td.act a.btn").first.click()
    dialog = page.locator("dialog#dialog")
    expect(dialog.get_by_role("heading", name="Place a bet")).to_be_visible()
    dialog.get_by_label("Stake, EUR").fill("5000")
    dialog.get_by_role("button", name="Place bet").click()
    expect(dialog.locator("#stake-errors")).to_be_visible()
    dialog.get_by_label("Stake, EUR").fill("5.00")
    # A slow answer: the button says that it is under way, and a second press sends nothing.
    sent = []

    def slow(route):
        sent.append(route.request)
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/bets/place/", slow)
    button = dialog.locator(".place-bar .btn-primary")
    button.click()
    expect(button).to_have_text("Placing…")
    button.click()
    expect(dialog).to_be_hidden()
    assert len(sent) == 1
    expect(page.locator("#live")).to_contain_text("Bet placed: €5.00 on ")
    expect(page.locator("#live").get_by_role("link")).to_have_attribute(
        "href", f"/bets/{Bet.objects.latest('pk').pk}/"
    )
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
    # Any page by its name, and any by its letter, once the scripts have run.
    page.wait_for_load_state()
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Go to").fill("keeping")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keeping it in check")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("g")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Notices", exact=True)).to_be_visible()
    assert page.evaluate("window.violations") == []


def test_the_main_story_by_keyboard_alone(browser, server, bettor):
    """Today, an opportunity, its bet, Bets, Performance: no click, and the focus is always seen."""
    page = logged_in(browser, server)

    def reach(what: str) -> None:
        """Press Tab until it has the focus, and see that it shows."""
        for _ in range(150):
            page.keyboard.press("Tab")
            if page.evaluate("what => document.activeElement.matches(what)", what):
                assert page.evaluate(SHOWS_FOCUS), f"{what} has the focus and does not show it"
                return
        raise AssertionError(f"Tab never came to {what}")

    reach("td.act a.btn")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog#dialog")
    expect(dialog.get_by_role("heading", name="Place a bet")).to_be_visible()
    reach("dialog #id_stake")
    page.keyboard.press("Control+a")
    page.keyboard.type("5.00")
    reach("dialog button.btn-primary")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Bet open")).to_have_count(1)
    for letter, heading in (("b", "Bets"), ("p", "Performance")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        page.wait_for_load_state()
    assert str(Bet.objects.latest("pk").stake) == "5.00"
    assert page.evaluate("window.violations") == []


# The columns of the odds grid that are seen whole without scrolling, by their heads.
HEADS_SEEN = """() => {
  const grid = document.querySelector(".grid-scroll").getBoundingClientRect();
  return [...document.querySelectorAll(".grid-odds thead th")]
    .filter((each) => each.getBoundingClientRect().right <= grid.right + 1)
    .map((each) => each.innerText.split(String.fromCharCode(10))[0].trim());
}"""


def test_on_a_tablet_the_odds_grid_shows_best_fair_edge_hold_and_two_books(browser, server, bettor):
    # A name as long as they come, at every best price.
    Bookmaker.objects.update(title=Concat(F("title"), Value(" Exchange North")))
    page = arrived(browser, server, width=768)
    page.goto(f"{server.url}/odds/")

    heads = page.evaluate(HEADS_SEEN)

    assert [each for each in ("Best", "Fair", "Edge", "Hold") if each not in heads] == []
    assert len(heads) >= 8, heads
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_no_page_breaks_the_policy_runs_a_word_or_scrolls_sideways_on_a_phone(browser, server):
    """Every page that a link leads to, payloads wherever there are words, and all of it opened."""
    use(make.operator("bettor"), a_payload())
    stuff()
    page = arrived(browser, server, width=390, color_scheme="dark", has_touch=True, is_mobile=True)
    said, wide, small, opened = [], [], [], []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda line: line.type == "error" and said.append(line.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda got: got.status >= 400 and said.append(f"{got.status} {got.url}"))

    def visit(address: str) -> str:
        # Files, and what only moves on.
        if re.search(r"export\.|/card\.|file\.zip|\.py$", address):
            return ""
        page.goto(server.url + address)
        if page.evaluate(OPEN_ALL) > 0:
            wide.append(address)
        small.extend(page.evaluate(TOO_SMALL))
        opened.append(address)
        return page.content()

    walk(visit)
    said += page.evaluate("window.violations")
    # Browsers ask for a favicon that nobody linked; what pages ask for is among the answers.
    assert [text for text in said if "Failed to load" not in text] == []
    assert wide == []
    assert small == []
    assert len(opened) > 50


def test_the_policy_watch_can_fail(browser, server, bettor):
    """If this fails, the test above proves nothing."""
    page = arrived(browser, server)
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.wait_for_timeout(50)

    assert page.evaluate("window.violations") != []


def test_without_a_connection_a_page_says_so_and_shows_nothing_old(browser, server, bettor):
    page = arrived(browser, server)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.context.set_offline(True)
    page.goto(f"{server.url}/bets/")
    expect(page.get_by_role("heading", name="No connection to Fairline")).to_be_visible()
    assert page.evaluate("window.violations") == []
    assert page.evaluate("caches.keys().then((names) => names.length)") == 1
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()


def test_the_main_story_works_without_javascript(browser, server, bettor):
    page = logged_in(browser, server, java_script_enabled=False)
    page.locator("td.act a.btn").first.click()
    page.get_by_label("Stake, EUR").fill("4.00")
    page.get_by_role("button", name="Place bet").click()

    expect(page.get_by_text("How the stake came about")).to_be_visible()
    assert str(Bet.objects.latest("pk").stake) == "4.00"
