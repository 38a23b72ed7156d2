"""What list pages share: filters as chips, tables as their reader wants them, safe ways back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import F
from django.db.models.expressions import OrderBy
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


Row = TypeVar("Row")
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
    # A copy of the query would be a deep one, fifty times a page.
    kept = [
        (key, each) for key, found in query.lists() if key not in {"page", "refresh", name}
        for each in found
    ]  # fmt: skip
    return f"?{urlencode(kept if value is None else [*kept, (name, value)])}"


@dataclass(frozen=True)
class Column:
    """A column of a table: its place in a row from 1, by what it is sorted, what large is.

    `path` is of a query (`event__starts_at`), or of rows that are here already (`earned.value`).
    What `is_known` of every row can be read from an index: no place is said for what is not.
    """

    label: str
    place: int
    path: str = ""
    low: str = "low"
    high: str = "high"
    is_figure: bool = True
    is_known: bool = False


@dataclass(frozen=True)
class Table:
    """A table as its address has it: `sort=-price` and `hide=book+market`.

    A column that is not there is passed over: an address outlives the table that made it.
    """

    columns: Mapping[str, Column]
    query: QueryDict
    default: str

    @property
    def sorted_by(self) -> str:
        """Return the column, with a minus where the highest is first."""
        asked = self.query.get("sort", "")
        found = self.columns.get(asked.removeprefix("-"))
        return asked if found and found.path else self.default

    @property
    def order(self) -> tuple[OrderBy, ...]:
        """Return how a query sorts; what is not known comes last either way."""
        column = self.columns[self.sorted_by.removeprefix("-")]
        is_down = self.sorted_by.startswith("-")
        last = None if column.is_known else True
        return (OrderBy(F(column.path), descending=is_down, nulls_last=last),)

    def in_order(self, rows: Iterable[Row]) -> list[Row]:
        """Return rows that are here already in that order; what is not known comes last."""
        path = self.columns[self.sorted_by.removeprefix("-")].path

        def value(row: Row) -> Any:  # noqa: ANN401 - whatever the column holds
            try:
                return attrgetter(path)(row)
            except AttributeError:
                # A figure that is not known has no parts.
                return None

        known = [row for row in rows if value(row) is not None]
        unknown = [row for row in rows if value(row) is None]
        return sorted(known, key=value, reverse=self.sorted_by.startswith("-")) + unknown

    @property
    def hidden(self) -> list[str]:
        """Return the columns that are left out."""
        asked = self.query.get("hide", "").split()
        return [name for name in self._can_hide if name in asked]

    @property
    def places_hidden(self) -> str:
        """Return their places, as `data-hide` has them."""
        return " ".join(str(self.columns[name].place) for name in self.hidden)

    @property
    def summary(self) -> str:
        """Return how it is sorted, in words."""
        return self._words(self.sorted_by)

    def aria_sort(self, name: str) -> str:
        """Return what a column's head says of itself."""
        if self.sorted_by.removeprefix("-") != name:
            return "none"
        return "descending" if self.sorted_by.startswith("-") else "ascending"

    def sort_url(self, name: str) -> str:
        """Return the address that sorts by a column: the highest first, then the other way."""
        return with_value(self.query, "sort", name if self.sorted_by == f"-{name}" else f"-{name}")

    @property
    def chips(self) -> list[Chip]:
        """Return the choice of an order, which a phone has no heads for, and of the columns."""
        orders = [
            f"{sign}{name}" for name, column in self.columns.items() if column.path
            for sign in ("-", "")
        ]  # fmt: skip
        [order] = chips(self.query, {"sort": ("Sort", [(key, self._words(key)) for key in orders])})
        label = f"Columns, {len(self.hidden)} hidden" if self.hidden else "Columns"
        return [order, Chip(label, "", "", "", [self._toggle(name) for name in self._can_hide])]

    @property
    def _can_hide(self) -> list[str]:
        # The first says what the row is of.
        return [name for name, column in self.columns.items() if column.place > 1]

    def _words(self, order: str) -> str:
        column = self.columns[order.removeprefix("-")]
        return f"{column.label}, {column.high if order.startswith('-') else column.low} first"

    def _toggle(self, name: str) -> Choice:
        is_hidden = name in self.hidden
        left = [each for each in self.hidden if each != name] + ([] if is_hidden else [name])
        url = with_value(self.query, "hide", " ".join(left) or None)
        return Choice(f"{'Show' if is_hidden else 'Hide'} {self.columns[name].label}", url)


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
