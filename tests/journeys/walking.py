"""Follows the links of every page, and notes all that a page offers to open and to send."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from urllib.parse import parse_qs, urldefrag, urljoin

from django.http import HttpResponse
from django.urls import Resolver404, resolve

# Sites of their own, and files.
NOT_FOLLOWED = ("/admin/", "/api/", "/static/")


# What in an address shows something else on the same page.
VIEWS = ("tab", "tour")


@dataclass(frozen=True)
class Offer:
    """A link to open (GET) or a form to send (POST), and the page's name behind it."""

    method: str
    path: str
    is_form: bool = False

    @property
    def name(self) -> str:
        """Return the page's name; empty where the resolver knows no such address."""
        return _name_of(self.path.partition("?")[0])

    @property
    def view(self) -> str:
        """Return the name with what makes it another page to look at: a tab, a step of the tour."""
        asked = parse_qs(self.path.partition("?")[2])
        views = [f"{key}={asked[key][0]}" for key in VIEWS if key in asked]
        return "?".join([self.name, *views]) if self.name else ""


@cache
def _name_of(address: str) -> str:
    # Every page offers what its frame leads to, so the same addresses come by the thousand.
    try:
        match = resolve(address)
    except Resolver404:
        return ""
    return ":".join([*match.namespaces, match.url_name or ""])


class _Offers(HTMLParser):
    """Collects where links, forms, buttons and htmx lead."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.found: list[Offer] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "a" and "href" in has:
            self.note("GET", has["href"])
        if tag == "form":
            self.note(str(has.get("method") or "get").upper(), has.get("action"), is_form=True)
        if "formaction" in has:
            self.note("POST", has["formaction"], is_form=True)
        for name in ("get", "post", "put", "patch", "delete"):
            if f"hx-{name}" in has:
                self.note(name.upper(), has[f"hx-{name}"])

    def note(self, method: str, target: str | None, *, is_form: bool = False) -> None:
        path = urldefrag(urljoin(self.address, target or ""))[0]
        if path.startswith("/"):
            self.found.append(Offer(method, path, is_form))


def offers_of(address: str, page: str) -> list[Offer]:
    parser = _Offers(address)
    parser.feed(page)
    return parser.found


def walk(visit: Callable[[str], str], start: str = "/") -> dict[str, list[Offer]]:
    """Open a page, whatever it links to, and so on: one of each view; return what each offers.

    `visit` opens an address and returns the page, or nothing where there is none.
    """
    offered: dict[str, list[Offer]] = {}
    waiting, opened = deque([start]), set[str]()
    while waiting:
        address = waiting.popleft()
        view = Offer("GET", address).view
        if view and view not in opened:
            opened.add(view)
            if page := visit(address):
                offered[address] = offers_of(address, page)
                waiting.extend(_to_follow(offered[address]))
    return offered


def page_of(answer: HttpResponse) -> str:
    """Return the page that an answer is; nothing if it is another thing."""
    if answer.streaming:
        return ""
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return answer.content.decode() if is_page else ""


def _to_follow(offers: list[Offer]) -> Iterator[str]:
    for each in offers:
        if each.method == "GET" and not each.is_form and not each.path.startswith(NOT_FOLLOWED):
            yield each.path
