"""The permission table as the docs show it: every door, and what it takes to be let in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.access import scope_needed
from accounts.scopes import ROLES, SCOPES
from config.routes import LOGGED_IN, MINE, NEVER, OPEN, OPEN_API, SITES, needed

FIRST = "| may | "
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Door:
    """One address and method, its name, and what it needs: a scope, OPEN or MINE."""

    address: str
    name: str
    method: str
    needs: str

    @property
    def is_api(self) -> bool:
        return self.address.startswith("api/")


def doors() -> list[Door]:
    """Return every door that the resolver knows, sites such as the admin as one row."""
    found = []
    for address, name, view in _routes(get_resolver().url_patterns):
        site = name.partition(":")[0]
        if site in SITES:
            continue
        kind = getattr(view, "cls", None)
        if kind is not None and address.startswith("api/"):
            found += [
                Door(address, name, method.upper(), _needs_of_api(kind, name, method))
                for method in METHODS
                if hasattr(kind, method)
            ]
        else:
            sent = {method: needed(name, [], method) for method in ("GET", "POST")}
            let_in = {method: needs for method, needs in sent.items() if needs != NEVER}
            # A page without a row is for nobody, and shows here as that.
            found += [
                Door(address, name, method, needs)
                for method, needs in (let_in or {"GET": NEVER}).items()
            ]
    found += [Door(f"{site}/…", site, "any", needs) for site, needs in SITES.items()]
    return found


def as_markdown() -> str:
    """Return both tables of docs/guides/roles.md."""
    lines = [FIRST + " | ".join(ROLES) + " |", "|---|" + "---|" * len(ROLES)]
    for name, scope in SCOPES.items():
        has = " | ".join("yes" if name in held else "" for held in ROLES.values())
        lines.append(f"| `{name}`: {scope.words} | {has} |")
    lines += ["", "| door | method | needs |", "|---|---|---|"]
    lines += [f"| `/{door.address}` | {door.method} | `{door.needs}` |" for door in doors()]
    return "\n".join(lines) + "\n"


def write() -> None:
    """Put the tables into docs/guides/roles.md, below its words."""
    guide = settings.BASE_DIR / "docs" / "guides" / "roles.md"
    words, _, _ = guide.read_text().partition(FIRST)
    guide.write_text(words + as_markdown())


def _needs_of_api(kind: Any, name: str, method: str) -> str:  # noqa: ANN401 - a view's class
    if name in OPEN_API:
        return OPEN
    permissions = {each.__name__ for each in kind.permission_classes}
    if permissions == {"AllowAny"}:
        return OPEN
    if "PeopleOnly" in permissions:
        return LOGGED_IN
    if permissions == {"IsAuthenticated"}:
        return MINE
    return scope_needed(kind, method.upper()) or NEVER


def _routes(
    patterns: list[URLPattern | URLResolver], prefix: str = "", site: str = ""
) -> Iterator[tuple[str, str, Any]]:
    for each in patterns:
        address = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            inside = f"{site}{each.namespace}:" if each.namespace else site
            yield from _routes(each.url_patterns, address, inside)
        else:
            yield address, f"{site}{each.name or ''}", each.callback
