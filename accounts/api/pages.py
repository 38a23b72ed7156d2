"""Lists in pages: each starts behind the last row of the one before, however long the list is."""

import base64
import binascii
import json
from collections.abc import Callable
from functools import cache as once
from functools import wraps
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.api.asked import Whole, read_query
from accounts.api.errors import BadQuery
from accounts.api.rows import rows_as_json
from accounts.problems import Fault
from accounts.scopes import READ

Shape = serializers.Serializer[Any]
Get = Callable[..., Response]


class Sort(serializers.ChoiceField):
    """In which order rows come; `-` before a name turns it round."""

    def __init__(self, **paths: str) -> None:
        self.paths = paths
        names = [each for name in paths for each in (name, f"-{name}")]
        super().__init__(choices=names, required=False)

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401
        name = super().to_internal_value(data)
        path = self.paths[name.lstrip("-")]
        return [f"-{path}" if name[0] == "-" else path, "-pk"]


class Query(serializers.Serializer[Any]):
    """Filters in the address of a list. Unknown, repeated or malformed ones are a 400."""

    cursor = serializers.CharField(
        max_length=1000, required=False, help_text="from `next` of the page before"
    )
    page_size = Whole(min_value=1, max_value=200, default=50)
    fields = serializers.CharField(  # type: ignore[assignment]
        max_length=500, required=False, help_text="names of fields with commas between; else all"
    )


def lists(
    name: str, *, tag: str, of: type[Shape], by: type[Query] = Query, scope: str = READ
) -> Callable[[Callable[..., QuerySet[Any]]], Get]:
    """Make a view's `get` out of a method that returns the rows of what was asked.

    The method is handed (request, asked) and what the address names; its docstring is what the
    schema says.
    """

    def made(rows: Callable[..., QuerySet[Any]]) -> Get:
        @wraps(rows)
        def get(self: object, request: Request, **named: str) -> Response:
            asked = read_query(request, by)
            found = rows(self, request, asked, **named)
            if order := asked.get("sort"):
                found = found.order_by(*order)
            return page_of(request, found, of, asked)

        described: Get = extend_schema(
            operation_id=name,
            tags=[tag],
            parameters=[by],
            responses={200: paged(of)},
        )(get)
        return needs(scope)(described)

    return made


def shows(
    name: str, *, tag: str, of: type[Shape], scope: str = READ
) -> Callable[[Callable[..., object]], Get]:
    """Make a view's `get` out of a method that returns what an address names, or None for a 404."""

    def made(find: Callable[..., object]) -> Get:
        @wraps(find)
        def get(self: object, request: Request, **named: int | str) -> Response:
            read_query(request, serializers.Serializer)
            found = find(self, request, **named)
            if found is None:
                raise Http404
            return Response(of(found).data)

        described: Get = extend_schema(operation_id=name, tags=[tag], responses={200: of})(get)
        return needs(scope)(described)

    return made


def needs(scope: str) -> Callable[[Get], Get]:
    """Say which scope a method needs; one that reads and says nothing needs `read`."""

    def said(method: Get) -> Get:
        cast(Any, method).scope = scope
        return method

    return said


@once
def paged(row: type[Shape]) -> Shape:
    """Return the shape of one page of rows, for the schema."""
    return inline_serializer(
        name=f"{row.__name__}Page",
        fields={
            "next": serializers.URLField(allow_null=True, help_text="null: this is the last page"),
            "results": row(many=True),
        },
    )


def page_of(
    request: Request, rows: QuerySet[Any], shape: type[Shape], asked: dict[str, Any]
) -> Response:
    """Answer with one page of rows in the order they have, which must tell any two apart.

    Nothing is counted, and a page deep in a list costs what the first does.

    Raises:
        BadQuery: for a cursor that no page gave.
    """
    filled = _with_fields(shape(), asked.get("fields"))
    order = _order_of(rows)
    if cursor := asked.get("cursor"):
        rows = _behind(rows, order, cursor)
    found = list(rows[: asked["page_size"] + 1])
    shown = found[: asked["page_size"]]
    following = None
    if len(found) > len(shown):
        address = request.build_absolute_uri()
        following = replace_query_param(address, "cursor", _cursor_at(shown[-1], order))
    return Response({"next": following, "results": rows_as_json(filled, shown)})


def _with_fields(shape: Any, asked: str | None) -> Any:  # noqa: ANN401
    """Return a shape with only the fields that were asked for."""
    if asked is None:
        return shape
    there = shape.fields
    wanted = [name.strip() for name in asked.split(",")]
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise BadQuery(
            "Cannot show what was asked for: fields.",
            [
                Fault(
                    field="fields",
                    value=unknown[0][:200],
                    detail=f"No such field. There are: {', '.join(there)}.",
                    code="unknown",
                )
            ],
        )
    for name in set(there) - set(wanted):
        there.pop(name)
    return shape


def _order_of(rows: QuerySet[Any]) -> list[str]:
    order = rows.query.order_by or rows.model._meta.ordering
    return [str(path) for path in order]


def _cursor_at(row: Model, order: list[str]) -> str:
    values = []
    for path in order:
        value: Any = row
        for name in path.lstrip("-").split("__"):
            value = getattr(value, name)
        values.append(value)
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode()


def _behind(rows: QuerySet[Any], order: list[str], cursor: str) -> QuerySet[Any]:
    """Return the rows that come after the one that a cursor names, which may be gone by now."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        pairs = [
            (path, field, None if value is None else field.to_python(value))
            for (path, field), value in zip(
                ((path, _field_of(rows.model, path.lstrip("-"))) for path in order),
                values,
                strict=True,
            )
        ]
        behind, same = Q(pk__in=[]), Q()
        for path, field, value in pairs:
            name = path.lstrip("-")
            behind |= same & _after(name, value, down=path != name, may_be_null=field.null)
            same &= Q(**{f"{name}__isnull": True} if value is None else {name: value})
        first, _, value = pairs[0]
        # Says nothing new, and lets an index begin at the right place.
        near = Q(**{f"{first.lstrip('-')}__{'lte' if first[0] == '-' else 'gte'}": value})
        return rows.filter(near & behind if value is not None else behind)
    except (binascii.Error, ValueError, TypeError, ValidationError) as error:
        raise BadQuery(
            "No page gave this cursor.",
            [
                Fault(
                    field="cursor",
                    value=cursor[:200],
                    detail="Follow `next` of a page of this list, or leave it out.",
                    code="invalid",
                )
            ],
        ) from error


def _after(name: str, value: object, *, down: bool, may_be_null: bool) -> Q:
    """Return what sorts after a value; null sorts above everything, as Postgres has it."""
    if value is None:
        return Q(**{f"{name}__isnull": False}) if down else Q(pk__in=[])
    after = Q(**{f"{name}__{'lt' if down else 'gt'}": value})
    return after | Q(**{f"{name}__isnull": True}) if may_be_null and not down else after


def _field_of(model: Any, path: str) -> Any:  # noqa: ANN401 - a model's fields are found by name
    *ways, last = path.split("__")
    for way in ways:
        model = model._meta.get_field(way).related_model
    return model._meta.pk if last == "pk" else model._meta.get_field(last)
