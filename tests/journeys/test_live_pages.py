"""Pages that stay up to date, in a real browser on the real server; and whom they shut out."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Locator, Page, expect

from accounts import live
from accounts.models import User
from config import gunicorn
from odds.models import Quote
from odds.telling import tell_worth
from tests import make
from tests.journeys.pages import arrived
from tests.live.serving import Server, serving

BACKGROUND = "getComputedStyle(document.body).backgroundColor"
AXE = Path(__file__).parent.parent / "vendor" / "axe.js"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True),
]


def on_odds(browser: Browser, server: Server, **options: object) -> Page:
    page = arrived(browser, server, "/odds/", **options)
    expect(page.locator("[data-pause-text]")).to_have_text("Live")
    # Gone if the page is ever loaded anew instead of changed in place.
    page.evaluate("window.loadedOnce = true")
    return page


def first_quote() -> Quote:
    return (
        Quote.objects.filter(selection__market__key="h2h", price__isnull=False)
        .filter(selection__market__event__status="scheduled")
        .select_related("selection__market__event__competition")
        .order_by("selection__market__event__starts_at", "pk")[0]
    )


def move(price: str, *, is_told: bool = False) -> str:
    """Change the price of the first cell and say so; return the cell's name."""
    quote = first_quote()
    Quote.objects.filter(pk=quote.pk).update(price=Decimal(price))
    said = {(quote.selection_id, quote.bookmaker_id): float(price)} if is_told else {}
    event = quote.selection.market.event
    live.announce_prices(competition_key=event.competition.key, event_ids=[event.pk], quotes=said)
    return f"[data-k='c{quote.selection_id}-{quote.bookmaker_id}']"


def test_a_changed_price_appears_in_place_and_focus_stays(browser, server, bettor):
    page = on_odds(browser, server)
    page.evaluate(
        "document.addEventListener('animationstart', (e) => { window.faded = e.target.dataset.k })"
    )
    page.locator(".grid-odds a.row-link").nth(1).focus()
    focused = page.evaluate("document.activeElement.href")
    page.evaluate("document.querySelector('.grid-scroll').scrollLeft = 40")

    cell = move("7.770")

    expect(page.locator(cell)).to_have_text("7.77")
    assert page.evaluate("window.loadedOnce")
    assert page.evaluate("document.activeElement.href") == focused
    assert f"[data-k='{page.evaluate('window.faded')}']" == cell
    assert page.evaluate("window.violations") == []


def test_a_price_is_written_before_its_part_can_be_asked_for(browser, server, bettor):
    User.objects.filter(pk=bettor.pk).update(price_format="american")
    page = on_odds(browser, server)
    # A part with an open menu waits.
    page.locator("#odds details.chip-menu > summary").first.click()

    cell = move("7.770", is_told=True)

    expect(page.locator(cell)).to_have_text("+677")
    expect(page.locator("[data-pause-text]")).to_have_text("Live, 1 update waits")
    # Its bet is told what was seen: a plus in an address is a space if it is not written so.
    assert page.locator(cell).get_attribute("href").endswith("&saw=%2B677")
    Quote.objects.filter(price=Decimal("7.770")).update(price=Decimal("6.660"))
    page.locator("#odds details.chip-menu > summary").first.click()
    # What is asked for later knows better.
    expect(page.locator(cell)).to_have_text("+566")
    assert page.evaluate("window.violations") == []


def weigh() -> int:
    """Tell what the first quote's market is worth now, as a sweep does; return the selection."""
    selection = first_quote().selection
    league = selection.market.event.competition
    tell_worth(competition_key=league.key, market_ids=[selection.market_id])
    return selection.pk


def row_of(page: Page, selection: int) -> Locator:
    return page.locator(f".grid-odds tr:has([data-w='{selection}-fair'])")


def test_what_a_price_comes_to_is_written_before_its_part_and_is_what_the_part_says(
    browser, server, bettor
):
    page = on_odds(browser, server)
    selection = first_quote().selection_id
    row = row_of(page, selection)
    other = page.locator(f".grid-odds tr:has([data-w='{selection}-fair']) + tr")
    before, beside = row.inner_text(), other.inner_text()
    # A part with an open menu waits.
    page.locator("#odds details.chip-menu > summary").first.click()

    cell = move("7.770", is_told=True)
    weigh()

    best = row.locator(f"[data-w='{selection}-best']")
    expect(best).to_contain_text("7.77")
    expect(page.locator(cell)).to_have_class(re.compile("px-best"))
    expect(row.locator(".px-best")).to_have_count(1)
    assert best.locator("a").get_attribute("href") == page.locator(cell).get_attribute("href")
    expect(page.locator("[data-pause-text]")).to_have_text("Live, 1 update waits")
    written = [row.inner_text(), other.inner_text()]
    assert written[0] != before
    assert written[1] != beside
    page.evaluate(
        "document.addEventListener('htmx:after:swap', () => { document.body.dataset.swapped = 1 })"
    )
    page.locator("#odds details.chip-menu > summary").first.click()
    expect(page.locator("body[data-swapped]")).to_have_count(1)
    # The line of its movement alone is new: no text.
    assert [row.inner_text(), other.inner_text()] == written
    assert page.evaluate("window.violations") == []


def open_form(browser: Browser, server: Server, quote: Quote) -> Page:
    """Return the bet form of a price, about which somebody has begun to type."""
    page = arrived(
        browser, server, f"/bets/place/?selection={quote.selection_id}&book={quote.bookmaker_id}"
    )
    expect(page.locator("[data-pause-text]")).to_have_text("Live")
    page.locator("#id_stake").fill("5.00")
    page.locator("#id_price").fill("1.50")
    return page


def test_an_open_form_shows_the_moved_price_and_nothing_moves_under_the_hand(
    browser, server, bettor
):
    quote = first_quote()
    page = open_form(browser, server, quote)
    part = page.locator("#price-now")
    fair = part.locator("[data-w$=fair]").inner_text()
    place = page.locator("#id_stake").bounding_box()

    move("7.770", is_told=True)
    weigh()

    expect(part.locator("[data-opened]")).to_have_text("7.77")
    expect(part.locator(".note")).to_contain_text("Moved up since you opened this form")
    expect(part.locator(".s").first).to_contain_text("▲ now; was")
    expect(part.get_by_role("status")).to_contain_text("Keystone now 7.77, ")
    expect(part.locator("[data-w$=fair]")).not_to_have_text(fair)
    assert page.locator("#id_stake").bounding_box() == place
    assert page.locator("#id_stake").input_value() == "5.00"
    expect(page.locator("#id_price")).to_be_focused()
    # It is the server that says what is taken: below what was asked for, nothing.
    page.locator("#id_price").fill("7.77")
    Quote.objects.filter(pk=quote.pk).update(price=Decimal("6.660"))
    page.get_by_role("button", name="Place bet").click()
    expect(page.locator("#price-errors")).to_be_visible()
    expect(page.locator("[data-opened]")).to_have_text("6.66")
    page.locator("#id_price").fill("6.66")
    page.get_by_role("button", name="Place bet").click()
    expect(page.get_by_role("status").filter(has_text="Bet placed")).to_contain_text("at 6.66")
    assert page.evaluate("window.violations") == []


def test_an_open_form_has_a_told_price_before_its_part_can_be_asked_for(browser, server, bettor):
    page = open_form(browser, server, first_quote())
    page.route("**/bets/place/**", lambda route: route.abort())
    opened = page.locator("[data-opened]").inner_text()

    move("7.770", is_told=True)

    expect(page.locator("[data-opened]")).to_have_text("7.77")
    expect(page.locator("#price-now .s").first).to_have_text(f"now; was {opened}")


def test_a_form_in_a_dialog_stays_up_to_date_and_the_page_behind_it_waits(browser, server, bettor):
    page = arrived(browser, server)
    expect(page.locator("[data-pause-text]")).to_have_text("Live")
    page.locator("td.act a.btn").first.click()
    cell = page.locator("dialog [data-opened]")
    expect(cell).to_be_visible()
    selection, book = (int(each) for each in cell.get_attribute("data-k")[1:].split("-"))
    quote = Quote.objects.get(selection=selection, bookmaker=book)
    Quote.objects.filter(pk=quote.pk).update(price=Decimal("7.770"))
    event = quote.selection.market.event
    league = event.competition.key

    live.announce_prices(
        competition_key=league, event_ids=[event.pk], quotes={(selection, book): 7.77}
    )

    expect(cell).to_have_text("7.77")
    expect(page.locator("dialog .s").first).to_contain_text("▲ now; was")
    expect(page.locator("[data-pause-text]")).to_contain_text("wait")


def test_what_was_worked_out_before_a_part_was_asked_for_is_not_written_over_it(
    browser, server, bettor
):
    page = on_odds(browser, server)
    cell = move("7.770")
    expect(page.locator(cell)).to_have_text("7.77")
    selection = weigh()
    row = row_of(page, selection)
    known = row.inner_text()

    live.publish_worth({selection: live.Worth(0.5, 2.0, ((1, "Nobody"),), 0.0, 0.0, None)})
    page.wait_for_timeout(1_500)

    assert row.inner_text() == known


def test_an_arrow_turns_before_its_part_can_be_asked_for(browser, server, bettor):
    page = on_odds(browser, server)
    # A part with an open menu waits.
    page.locator("#odds details.chip-menu > summary").first.click()
    move("7.770", is_told=True)
    selection = first_quote().selection_id
    drawn = row_of(page, selection).locator(".move")

    for was, arrow in (("up", "▲"), ("down", "▼")):
        moved = live.Move("Keystone", "M0 0L88 24", 2.0, 2.1, "", was, "10 min")
        worth = live.Worth(0.5, 2.0, ((1, "Nobody"),), 0.0, 0.0, moved)
        live.publish_worth({selection: worth})

        expect(drawn.locator(".move-arrow.move-old")).to_have_text(arrow)
    expect(drawn).to_have_attribute("title", "Keystone: opened 2.00, now 2.10")
    expect(drawn.locator("path")).to_have_attribute("d", "M0 0L88 24")


def test_what_is_not_told_is_marked_until_its_part_comes(browser, server, bettor):
    User.objects.filter(pk=bettor.pk).update(my_books=["keystone", "northbet"])
    page = on_odds(browser, server)
    page.goto(f"{server.url}/odds/?books=mine")
    expect(page.locator("[data-pause-text]")).to_have_text("Live")
    row = row_of(page, first_quote().selection_id)
    fair = row.locator("[data-w]").inner_text()
    best = row.locator("[data-after]").first.inner_text()
    page.locator("#odds details.chip-menu > summary").first.click()

    move("7.770", is_told=True)
    weigh()

    # What is fair is of all books; what is best is not, where a reader sees some alone.
    expect(row.locator("[data-w]")).not_to_have_text(fair)
    expect(row.locator("[data-after].behind").first).to_have_text(best, use_inner_text=True)
    page.locator("#odds details.chip-menu > summary").first.click()
    expect(row.locator(".behind")).to_have_count(0)


def test_an_event_shows_what_a_price_comes_to_before_its_part_does(browser, server, bettor):
    selection = first_quote().selection
    page = arrived(browser, server, f"/events/{selection.market.event_id}/")
    expect(page.locator("[data-pause-text]")).to_have_text("Live")
    named = f"#event [data-w='{selection.pk}-%s']"
    before = page.locator(named % "fair").inner_text()
    # A part with an open fold waits.
    page.locator("#event details.why > summary").first.click()

    move("7.770", is_told=True)
    weigh()

    expect(page.locator(named % "fair")).not_to_have_text(before)
    # Another book has the best price now, and its place comes with the part.
    expect(page.locator(named % "edge")).to_have_class("behind")
    page.locator("#event details.why > summary").first.click()
    expect(page.locator(named % "best")).to_contain_text("7.77")
    expect(page.locator(".behind")).to_have_count(0)


def test_nothing_moves_under_a_mouse_that_is_about_to_press(browser, server, bettor):
    page = on_odds(browser, server)
    page.clock.install()
    page.locator("#odds .tabs-line a").first.hover()

    cell = move("7.770")

    expect(page.locator("[data-pause-text]")).to_have_text("Live, 1 update waits")
    expect(page.locator(cell)).not_to_have_text("7.77")
    page.clock.fast_forward(2_000)
    expect(page.locator(cell)).to_have_text("7.77")


def test_no_cell_fades_for_who_asked_for_less_motion(browser, server, bettor):
    page = on_odds(browser, server, reduced_motion="reduce")
    cell = move("7.770")

    expect(page.locator(cell)).to_have_text("7.77")
    lasts = page.locator(cell).evaluate("cell => getComputedStyle(cell).animationDuration")
    assert float(lasts.rstrip("ms")) < 0.001 * (1000 if lasts.endswith("ms") else 1)


def test_a_restart_of_the_server_loses_no_change(browser, server, bettor):
    page = on_odds(browser, server)
    server.stop()
    expect(page.locator("[data-pause-text]")).to_have_text("Reconnecting")
    cell = move("6.660")
    server.start()

    expect(page.locator("[data-pause-text]")).to_have_text("Live")
    expect(page.locator(cell)).to_have_text("6.66")
    assert page.evaluate("window.loadedOnce")


def test_who_pauses_is_told_how_much_waits_and_gets_it_all(browser, server, bettor):
    page = on_odds(browser, server)
    page.locator("[data-pause]").click()
    expect(page.locator("[data-pause-text]")).to_have_text("Paused")

    cell = move("5.550")

    expect(page.locator("[data-pause-text]")).to_have_text("Paused, 1 update waits")
    expect(page.locator(cell)).not_to_have_text("5.55")
    page.locator("[data-pause]").click()
    expect(page.locator(cell)).to_have_text("5.55")


def test_without_valkey_the_page_asks_by_itself_and_says_so(browser, bettor, tmp_path):
    with serving(tmp_path, REDIS_URL="redis://127.0.0.1:1/0") as alone:
        page = arrived(browser, alone, "/odds/")
        expect(page.locator("[data-pause-text]")).to_have_text("Every 10 s")
        assert page.locator(".grid-odds tbody").count() == 3
        # Else it was waited for, and ended for it.
        assert alone.stop() < gunicorn.graceful_timeout


def test_a_bet_placed_elsewhere_appears_on_today(browser, server, bettor):
    page = arrived(browser, server)
    expect(page.locator("[data-pause-text]")).to_have_text("Live")
    quote = Quote.objects.filter(
        opportunities__status="open", opportunities__passes=[], price__isnull=False
    )[0]
    make.place(bettor, quote, "5.00", now=quote.seen_at)

    expect(page.locator(".tile").nth(1)).to_contain_text("1 open bet")
    expect(page.get_by_role("link", name="Bet open")).to_have_count(1)


def test_who_is_no_longer_logged_in_is_sent_to_the_log_in_and_back(browser, server, bettor):
    page = on_odds(browser, server)
    Session.objects.all().delete()
    move("7.770")

    expect(page).to_have_url(f"{server.url}/login/?next=/odds/")
    expect(page.locator(".grid-odds")).to_have_count(0)


def test_the_odds_screen_by_keyboard(browser, server, bettor):
    page = on_odds(browser, server)
    links = page.locator(".grid-odds a.row-link")
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(0)).to_be_focused()
    # Tab stops at the best price of each selection; arrows lead to the books'.
    page.keyboard.press("Tab")
    first, second = (page.locator(".grid-odds tbody tr:not(.event-row)").nth(row) for row in (0, 1))
    expect(first.locator("a").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(second.locator("a").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(first.locator("a").nth(1)).to_be_focused()
    with page.expect_download() as download:
        page.keyboard.press("e")
    assert download.value.suggested_filename == "fairline-odds.csv"
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_label("Team")).to_be_focused()
    page.keyboard.type("nobody at all")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No event with prices matches")).to_be_visible()


def test_filters_and_books_are_kept_by_hand(browser, server, bettor):
    page = on_odds(browser, server)
    page.get_by_text("My books").click()
    page.get_by_label("Stakehouse").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".grid-odds thead .book-head").first).to_contain_text("Stakehouse")
    page.get_by_text("+ Starts").click()
    page.get_by_role("link", name="Next 3 hours").click()
    page.get_by_text("Keep filters").click()
    page.get_by_label("Name for the filters as they are").fill("Soon")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.goto(f"{server.url}/odds/")
    page.get_by_role("link", name="Soon").click()
    expect(page).to_have_url(re.compile("when=3h"))


def barriers(page: Page, **options: object) -> list[str]:
    asked = {"resultTypes": ["violations"], **options}
    results = page.evaluate("asked => axe.run(document, asked)", asked)
    return [
        f"{each['id']}: {node['html'][:160]}"
        for each in results["violations"]
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def test_nobody_is_shut_out_of_odds_event_and_today(browser, server, bettor):
    page = arrived(browser, server, bypass_csp=True, reduced_motion="reduce")
    event = Quote.objects.order_by("-pk")[0].selection.market.event_id
    found = {}
    for address in ("/", "/?tab=passed", "/odds/", "/odds/?market=spreads", f"/events/{event}/"):
        page.emulate_media(color_scheme="light")
        page.goto(server.url + address)
        page.add_script_tag(path=AXE)
        in_light = barriers(page)
        before = page.evaluate(BACKGROUND)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(
            f"before => {BACKGROUND} !== before && !document.getAnimations().length", arg=before
        )
        # All else that axe looks at is the same in any colours.
        in_dark = barriers(page, runOnly=["color-contrast", "link-in-text-block"])
        if in_light or in_dark:
            found[address] = in_light + in_dark
    assert found == {}


def test_the_watch_for_barriers_can_fail(browser, server, bettor):
    """If this fails, the test above proves nothing."""
    page = arrived(browser, server, bypass_csp=True)
    page.add_script_tag(path=AXE)
    page.evaluate("document.querySelector('#main').innerHTML += '<img src=x><input>'")
    assert {"image-alt", "label"} <= {each.partition(":")[0] for each in barriers(page)}
