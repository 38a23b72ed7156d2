"""The audit in words: who did what to which thing, and each changed field before and after."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.apps import apps
from django.db.models import Model
from django.urls import NoReverseMatch, reverse

from accounts.models import AuditEntry, User
from accounts.templatetags.fairline import feed, job, words
from betting.domain.pipeline import STEPS
from betting.models import Bet, BetImport, Strategy
from betting.naming import title_of, value_text
from models_registry.models import ModelVersion, Predictor
from odds.domain.bookmakers import bookmaker_title
from odds.screens import market_title

OURS = ("accounts", "odds", "models_registry", "risk", "betting")
# How a subject names a thing whose model is called otherwise.
ALIASES = {"import": "bet import", "link": "shared link", "take-out": "take out"}
# Numbers of rows, and where it was done from: in the entry as it is stored, of no use to a reader.
NUMBERS = frozenset({
    "row", "run", "halt", "invitation", "arming", "opening", "backtest", "attack", "predictions",
    "fingerprint", "address", "user", "owner", "task_id",
})  # fmt: skip
_THING = re.compile(r"^([a-z][a-z -]*?) (\d+)(?:: (.*)| of .*)?$", re.DOTALL)
_VERSION = re.compile(r"^(\S+) v(\d+)$")
_PREDICTOR = re.compile(r"^([a-z0-9_]+-[a-z0-9_-]+)( .*)?$")
_LETTER = re.compile(r"^(\S+), letter (\d+)$")
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Change:
    """A field, what it said before and says now."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as people read it; `entry` is what is stored."""

    entry: AuditEntry
    who: str
    did: str
    what: str
    url: str
    changes: list[Change]
    facts: list[tuple[str, str]]
    came_from: str


def in_words(entries: Iterable[AuditEntry]) -> list[Told]:
    """Return entries as people read them, at a number of queries that no entry adds to."""
    entries = list(entries)
    names = _Names([each.subject for each in entries])
    return [_told(each, names) for each in entries]


def _told(entry: AuditEntry, names: "_Names") -> Told:
    detail = dict(entry.detail) if isinstance(entry.detail, dict) else {"said": entry.detail}
    before, after = entry.before, entry.after
    # What is new, or gone, has no other side to stand beside.
    alone = before or after or {} if before is None or after is None else {}
    changes = _moved(detail)
    if before is not None and after is not None:
        changes += _changes(before, after)
    via = _via(entry.via)
    what, url = names.of(entry.subject)
    # Its prefix and owner alone do not say that it is a key.
    what = f"key {what}" if "API key" in entry.action else what
    return Told(
        entry=entry,
        who=entry.actor.get_username() if entry.actor else _machine(via),
        did=entry.action[:1].upper() + entry.action[1:],
        what=what,
        url=url,
        changes=changes,
        facts=[
            (title_of(name), _text(name, value))
            for name, value in {**alone, **detail}.items()
            if name not in NUMBERS and value not in (None, "", [], {})
        ],
        came_from=_door(via),
    )


def _moved(detail: dict[str, Any]) -> list[Change]:
    """Take out of the detail what an entry says of a change there."""
    if "from" in detail and "to" in detail:
        name = words(str(detail.pop("limit", "") or "value"))
        return [Change(name, _text("", detail.pop("from")), _text("", detail.pop("to")))]
    return []


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    return [
        Change(title_of(name), _text(name, before.get(name)), _text(name, after.get(name)))
        for name in {**before, **after}
        if name not in NUMBERS
    ]


def _text(name: str, value: object) -> str:
    """Write a stored value as people read it."""
    if value in (None, "", [], {}):
        return "nothing"
    match value:
        case str() if name == "query":
            return "; ".join(
                f"{title_of(each)}: {_set_to(each, of)}" for each, of in parse_qsl(value)
            )
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{words(str(key))} {_text('', of)}" for key, of in value.items())
        case list():
            return ", ".join(_text("", each) for each in value)
        case str() if _MOMENT.match(value):
            with suppress(ValueError):
                return datetime.fromisoformat(value).strftime("%-d %b %Y %H:%M %Z").strip()
    with suppress(AttributeError, KeyError, TypeError, ValueError):
        return value_text(name, value)
    return str(value)


def _set_to(filter_name: str, value: str) -> str:
    """Write what a kept filter is set to as people read it."""
    if filter_name == "market":
        return market_title(value)
    if filter_name == "bookmaker":
        return bookmaker_title(value)
    return words(value)


def _via(stored: str) -> dict[str, str]:
    """Return what an entry came by: 'job odds.fetch_odds, task_id 7' by its names."""
    parts = (part.partition(" ") for part in stored.split(", "))
    return {name: of for name, _, of in parts if of}


def _machine(via: Mapping[str, str]) -> str:
    if "job" in via:
        return f"the job “{job(via['job'])}”"
    if "command" in via:
        return f"the command {via['command']}"
    return "the system"


def _door(via: Mapping[str, str]) -> str:
    if "key" in via:
        return f"API key {via['key']}"
    if "session" in via:
        return "a browser"
    if "command" in via:
        return f"scripts/manage {via['command']}"
    return "a job" if "job" in via else ""


@cache
def _models() -> dict[str, type[Model]]:
    return {
        str(model._meta.verbose_name): model
        for model in apps.get_models()
        if model._meta.app_label in OURS
    }


class _Names:
    """What the subjects of a page of entries are called, and where each is shown."""

    def __init__(self, subjects: Iterable[str]) -> None:
        things = [found for each in subjects if (found := _THING.match(each))]
        said = set(subjects)

        def numbers(word: str) -> set[int]:
            return {int(found[2]) for found in things if found[1] == word}

        self._named: dict[str, dict[int, str]] = {
            "user": _by_pk(numbers("user"), User, User.get_username),
            "import": _by_pk(numbers("import"), BetImport, str),
            "bet": _by_pk(
                numbers("bet"), Bet, lambda bet: str(bet.selection.market.event),
                "selection__market__event__home", "selection__market__event__away",
            ),
        }  # fmt: skip
        keys = {each.removeprefix("strategy ") for each in said if each.startswith("strategy ")}
        self._strategies = (
            dict(Strategy.objects.filter(key__in=keys).values_list("key", "title")) if keys else {}
        )
        self._versions, self._predictors = _versions(said)

    def of(self, subject: str) -> tuple[str, str]:
        """Return what somebody calls it, and the page that shows it, where there is one."""
        ways = (self._model, self._step, self._keyed, self._thing)
        return next(filter(None, (way(subject) for way in ways)), (subject, ""))

    def _model(self, subject: str) -> tuple[str, str] | None:
        if subject in self._versions:
            return self._versions[subject]
        found = _PREDICTOR.match(subject)
        title = self._predictors.get(found[1]) if found else None
        return (f"{title}{found[2] or ''}", "") if found and title else None

    def _step(self, subject: str) -> tuple[str, str] | None:
        if subject in STEPS:
            return f"“{job(subject)}”", reverse("pipeline_step", args=[subject])
        if found := _LETTER.match(subject):
            return f"“{job(found[1])}”", reverse("dead_letter", args=[found[2]])
        return None

    def _keyed(self, subject: str) -> tuple[str, str] | None:
        word, _, key = subject.partition(" ")
        if word == "strategy":
            shown = f"{reverse('admin:betting_strategy_changelist')}?{urlencode({'q': key})}"
            return f"strategy “{self._strategies.get(key, key)}”", shown
        if word == "venue":
            return f"venue {words(key)}", reverse("venues")
        if word == "breaker":
            return f"breaker “{words(key)}”", ""
        # A refused row: its source, and what was wrong.
        source, colon, rest = subject.partition(": ")
        return (f"{feed(source)}: {rest}", "") if colon and " " not in source else None

    def _thing(self, subject: str) -> tuple[str, str] | None:
        found = _THING.match(subject)
        if found is None:
            return None
        word, number, given = found[1], int(found[2]), found[3]
        model = _models().get(ALIASES.get(word, word))
        name = given or self._named.get(word, {}).get(number, "")
        url = _url(model, number) if model else ""
        if word == "user":
            return name or f"person {number}", url
        called = ALIASES.get(word, word)
        return (f"{called} “{name}”" if name else called + subject.removeprefix(word)), url


def _by_pk(
    numbers: set[int],
    model: Any,  # noqa: ANN401
    name: Callable[[Any], str],
    *with_: str,
) -> dict[int, str]:
    if not numbers:
        return {}
    rows = model.objects.select_related(*with_) if with_ else model.objects
    return {row.pk: name(row) for row in rows.filter(pk__in=numbers)}


def _versions(said: set[str]) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Return the titles and pages of versions, and the titles of predictors, by what names them."""
    keys = {found[1] for each in said if (found := _VERSION.match(each))}
    keys |= {found[1] for each in said if (found := _PREDICTOR.match(each))}
    if not keys:
        return {}, {}
    predictors = Predictor.objects.select_related("competition").filter(key__in=keys)
    titles = {each.key: each.title for each in predictors}
    numbered = ModelVersion.objects.filter(
        predictor__key__in=titles,
        number__in={int(found[2]) for each in said if (found := _VERSION.match(each))},
    ).values_list("predictor__key", "number", "pk")
    versions = {
        f"{key} v{number}": (f"{titles[key]} v{number}", reverse("model_version", args=[pk]))
        for key, number, pk in numbered
    }
    return versions, titles


def _url(model: type[Model], number: int) -> str:
    """Return where the admin shows a row: the bettor's own pages are the bettor's alone."""
    with suppress(NoReverseMatch):
        meta = model._meta
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[number])
    return ""
