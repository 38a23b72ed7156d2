"""Walk every page in a browser and look at it: `python bench/walk.py FOLDER`, on the season's data.

Each page that a link leads to, as the bettor of a season and as an operator (season.py), at 1440,
768 and 390 wide, in light and in dark: a picture of it in FOLDER, what axe finds, violations of the
policy, errors of the console, answers that failed, and sideways scroll. What is found is printed a
line each, and the exit says whether anything was. --only walks addresses that begin so, --reader
one reader.
"""

import argparse
import re
import sys
from pathlib import Path

import season  # first: it says where ours is
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from accounts.models import User
from tests.journeys.pages import WATCH
from tests.live.serving import Server, cookie_of

WIDTHS = {1440: 900, 768: 1024, 390: 844}
AXE = (season.ROOT / "tests" / "vendor" / "axe.js").read_text()
# What colours alone decide is asked again in dark; the rest of the page is the same.
IN_DARK = {"runOnly": ["color-contrast", "link-in-text-block"]}
# Colours of another theme begin to change with the next frame: it is awaited before they are.
STILL = """async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  await Promise.all(document.getAnimations().map((each) => each.finished.catch(() => 0)));
}"""


def main() -> None:
    """Walk for each reader, at each width."""
    read = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    read.add_argument("folder", type=Path)
    read.add_argument("--only", default="", help="addresses that begin so")
    read.add_argument("--reader", choices=(season.BETTOR, season.OPERATOR), action="append")
    asked = read.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    season.prepared()
    found, count = [], 0
    with season.served() as server, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=season.CHROMIUM, args=season.OPTIONS)
        for name in asked.reader or (season.BETTOR, season.OPERATOR):
            who = User.objects.get(username=name)
            client = Client()
            client.force_login(who)
            addresses = [each for each in season.addresses(client) if each.startswith(asked.only)]
            count += len(addresses)
            for width in WIDTHS:
                for line in walked(browser, server, who, addresses, width, asked.folder):
                    print(f"{name} at {width}: {line}", flush=True)
                    found.append(line)
        browser.close()
    print(f"{count} pages at {len(WIDTHS)} widths in two themes: {len(found)} faults")
    sys.exit(1 if found else 0)


def walked(
    browser: Browser, server: Server, who: User, addresses: list[str], width: int, folder: Path
) -> list[str]:
    """Return what is wrong with these pages at this width; leave a picture of each."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, reduced_motion="reduce"
    )
    context.add_init_script(WATCH)
    cookie, _, value = cookie_of(who).partition("=")
    context.add_cookies([{"name": cookie, "value": value, "url": server.url}])
    page, said = context.new_page(), list[str]()
    page.on("console", lambda line: line.type == "error" and said.append(line.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "response",
        lambda got: got.status >= 400 and said.append(f"{got.status} {urlless(got.url)}"),
    )
    found = []
    for address in addresses:
        said.clear()
        page.emulate_media(color_scheme="light")
        page.goto(server.url + address)
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if over > 0:
            found.append(f"{address} scrolls sideways by {over}")
        found += [f"{address} {each}" for each in pictured(page, folder, who, address, width)]
        found += [f"{address} said {each}" for each in said]
        found += [f"policy: {each}" for each in page.evaluate("window.violations")]
        page.evaluate("sessionStorage.removeItem('violations')")
    context.close()
    return found


def pictured(page: Page, folder: Path, who: User, address: str, width: int) -> list[str]:
    """Take a page's picture in both themes; return what axe finds."""
    name = re.sub(r"[^a-z0-9]+", "-", address).strip("-") or "today"
    found = []
    for theme, options in (("light", {}), ("dark", IN_DARK)):
        page.emulate_media(color_scheme=theme)
        page.evaluate(STILL)
        path = folder / f"{who.username}-{name}-{width}-{theme}.png"
        page.screenshot(path=path, full_page=True)
        if page.evaluate("typeof axe === 'undefined'"):
            page.evaluate(AXE)
        results = page.evaluate(
            "asked => axe.run(document, asked)", {"resultTypes": ["violations"], **options}
        )
        found += [
            f"in {theme}: {each['id']}: {node['html'][:120]}"
            for each in results["violations"]
            for node in each["nodes"][:3]
        ]
    return found


def urlless(url: str) -> str:
    """Return an address without its host."""
    return "/" + url.split("/", 3)[-1]


if __name__ == "__main__":
    main()
