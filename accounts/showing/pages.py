"""What list pages share: filters as chips, and safe ways back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme


@dataclass(frozen=True)
class Choice:
    """One value a filter may be set to, and the address that sets it."""

    text: str
    url: str


@dataclass(frozen=True)
class Chip:
    """A filter: '+ Status' when empty, 'Status: won x' when set."""

    label: str
    value: str
    text: str
    clear: str
    choices: list[Choice]


_ONE_LOOK = ("page", "refresh", "lines", "tour")
Options = Sequence[tuple[str, str]]


def chips(
    query: QueryDict, filters: Mapping[str, tuple[str, Options]], path: str = ""
) -> list[Chip]:
    """Return a chip for each filter, its addresses keeping the rest of the query.

    A value that is none of the choices counts as not set.
    """
    made = []
    for name, (label, options) in filters.items():
        value = query.get(name, "")
        texts = dict(options)
        if value not in texts:
            value = ""
        made.append(
            Chip(
                label=label,
                value=value,
                text=texts.get(value, ""),
                clear=path + with_value(query, name, None),
                choices=[
                    Choice(text, path + with_value(query, name, key)) for key, text in options
                ],
            )
        )
    return made


def values(made: Sequence[Chip], filters: Mapping[str, object]) -> dict[str, str]:
    """Return the value of each filter by its name, empty where it is not set."""
    return {name: chip.value for name, chip in zip(filters, made, strict=True)}


def set_values(made: Sequence[Chip], filters: Mapping[str, object]) -> dict[str, Any]:
    """Return the value of each filter that is set, by its name: what a filter is made of."""
    return {name: value for name, value in values(made, filters).items() if value}


def with_value(query: QueryDict, name: str, value: str | None) -> str:
    """Return the address with a filter set, or without it; the rest of the query stays."""
    changed = query.copy()
    for passing in ("page", "refresh", name):
        changed.pop(passing, None)
    if value is not None:
        changed[name] = value
    return f"?{changed.urlencode()}"


def query_of(request: HttpRequest) -> str:
    """Return the filters as the address has them, without what is about one look only."""
    kept = request.GET.copy()
    for name in _ONE_LOOK:
        kept.pop(name, None)
    return kept.urlencode()


def way_back(request: HttpRequest, default: str) -> str:
    """Return where the form says it came from, if that is on this site."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return target
    return default


def too_many(request: HttpRequest, *, wait: int) -> HttpResponse:
    """Return the page that says when to come back."""
    response = render(request, "429.html", {"wait": wait}, status=429)
    response["Retry-After"] = str(wait)
    return response
