"""What every API view needs: filters, pages, values, and one shape of error."""

import logging
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import cache as once
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, inline_serializer
from rest_framework import exceptions, serializers, status
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from accounts import problems
from accounts.problems import Fault

logger = logging.getLogger(__name__)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.access.ApiKeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "X-Api-Key"}


# --- saying no


class Refused(exceptions.APIException):
    """422: understood, and not done, with every reason."""

    status_code: int = status.HTTP_422_UNPROCESSABLE_ENTITY
    kind = "refused"

    def __init__(self, detail: str, faults: Sequence[Fault] = (), *, kind: str = "") -> None:
        super().__init__(detail)
        self.faults = faults
        self.kind = kind or self.kind


class Conflict(Refused):
    """409: the same key was used for something else."""

    status_code = status.HTTP_409_CONFLICT
    kind = "conflict"


class BadQuery(Refused):
    """400: a filter that does not exist or makes no sense; never ignored."""

    status_code = status.HTTP_400_BAD_REQUEST
    kind = "bad-filter"


class Busy(exceptions.APIException):
    """503: come back in a moment."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database is busy or away. Repeat in a moment, with the same key."
    wait = 2


class ProblemShape(serializers.Serializer[Any]):
    """How every error looks; content type application/problem+json."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    request_id = serializers.CharField()
    errors = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]


def problem(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn what a view raised into a problem; None for what is our own fault."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, OperationalError):
        # Locked for too long, or no connection free: it passes, and a repeat is safe.
        logger.error("The database is busy", exc_info=error)
        error = Busy()
    if not isinstance(error, exceptions.APIException):
        return None
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    set_rollback()
    return Response(
        _body(error, context),
        status=error.status_code,
        headers=headers,
        content_type=problems.CONTENT_TYPE,
    )


def _body(error: exceptions.APIException, context: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(error, Refused):
        return problems.body(
            status=error.status_code,
            detail=str(error.detail),
            errors=error.faults,
            kind=error.kind,
        )
    if isinstance(error, exceptions.ValidationError):
        sent = getattr(context.get("request"), "data", None)
        return problems.body(
            status=error.status_code,
            detail="Something sent is missing or malformed; errors says what.",
            errors=problems.faults_of(
                error.detail, sent=sent if isinstance(sent, Mapping) else None
            ),
            kind="malformed",
        )
    return problems.body(
        status=error.status_code, detail=str(error.detail), kind=getattr(error, "kind", "")
    )


# --- filters and pages


class Whole(serializers.IntegerField):
    """A whole number in plain digits; REST framework's own also takes 1.0 and other scripts'."""

    def to_internal_value(self, data: Any) -> int:  # noqa: ANN401
        if not re.fullmatch(r"[0-9]{1,9}", str(data)) and not str(data).startswith("-"):
            self.fail("invalid")
        return super().to_internal_value(data)


class Query(serializers.Serializer[Any]):
    """Filters in the address. Unknown, repeated or malformed ones are a 400, never ignored."""

    page = Whole(min_value=1, max_value=10_000, default=1)
    page_size = Whole(min_value=1, max_value=200, default=50)


def read_query(request: Request, query: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """Return the filters asked for, typed.

    Raises:
        BadQuery: naming each filter at fault, its value, and what it may be.
    """
    sent = request.query_params
    known = [str(name) for name in query().fields]
    faults = [
        Fault(
            field=name,
            value=sent[name][:200],
            detail=f"No such filter. There are: {', '.join(known) or 'none'}.",
            code="unknown",
        )
        for name in sent
        if name not in known
    ]
    faults += [
        Fault(
            field=name,
            value=", ".join(sent.getlist(name))[:200],
            detail="Given more than once; give it once.",
            code="repeated",
        )
        for name in known
        if len(sent.getlist(name)) > 1
    ]
    filled = query(data=sent.dict())
    if not filled.is_valid():
        faults += problems.faults_of(filled.errors, sent=sent.dict())
    if faults:
        named = ", ".join(dict.fromkeys(fault.field for fault in faults))
        raise BadQuery(f"Cannot filter by what was sent: {named}.", faults)
    return cast(dict[str, Any], filled.validated_data)


class Body(serializers.Serializer[Any]):
    """What is sent to be done. An unknown field is an error: it was meant for something."""

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401
        if isinstance(data, Mapping) and (
            unknown := [name for name in data if name not in self.fields]
        ):
            raise serializers.ValidationError(
                {
                    str(name): f"No such field. There are: {', '.join(self.fields)}."
                    for name in unknown
                },
                code="unknown",
            )
        return super().to_internal_value(data)


def _is_object(data: object) -> bool:
    return isinstance(data, Mapping)


def read_body(request: Request, body: type[Body]) -> dict[str, Any]:
    """Return what was sent, typed.

    Raises:
        ValidationError: naming every field at fault.
    """
    filled = body(data=request.data)
    filled.is_valid(raise_exception=True)
    return cast(dict[str, Any], filled.validated_data)


class Pages(PageNumberPagination):
    """Pages of 50, of 200 at most, and never deeper than ten thousand rows: filter instead."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    deepest_row = 10_000


def page_of(
    request: Request,
    view: APIView,
    rows: Any,  # noqa: ANN401
    serializer: type[serializers.Serializer[Any]],
) -> Response:
    """Answer with one page of rows (a query set or a list) in the shape of the serializer.

    Raises:
        BadQuery: for a page deeper than ten thousand rows.
        NotFound: for a page past the last.
    """
    pages = Pages()
    size = pages.get_page_size(request) or pages.page_size
    number = int(request.query_params.get("page", "1"))
    if number * size > max(pages.deepest_row, size):
        raise BadQuery(
            "Too deep.",
            [
                Fault(
                    field="page",
                    value=str(number),
                    detail=f"Pages reach {pages.deepest_row} rows; narrow the filters instead.",
                    code="too_deep",
                )
            ],
        )
    page: Any = pages.paginate_queryset(rows, request, view=view)
    return pages.get_paginated_response(serializer(page, many=True).data)


@once
def paged(row: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """Return the shape of one page of rows, for the schema."""
    return inline_serializer(
        name=f"{row.__name__}Page",
        fields={
            "count": serializers.IntegerField(help_text="rows on all pages"),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": row(many=True),
        },
    )


# --- values


class Moment(serializers.DateTimeField):
    """A time, in UTC whatever zone the page of the same person shows."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(default_timezone=UTC, **kwargs)


class Figure(serializers.FloatField):
    """A number that may be unknown: JSON has no NaN."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**{"allow_null": True, "read_only": True} | kwargs)

    def to_representation(self, value: Any) -> Any:  # noqa: ANN401
        number = float(value)
        return number if math.isfinite(number) else None


class Money(serializers.DecimalField):
    """An amount with two places, as a string."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(max_digits=14, decimal_places=2, coerce_to_string=True, **kwargs)


@extend_schema_field(OpenApiTypes.DECIMAL)
class MoneyFigure(serializers.FloatField):
    """An amount that was summed as a number, shown as money: text with two places."""

    def to_representation(self, value: Any) -> Any:  # noqa: ANN401
        return f"{float(value):.2f}"


class Price(serializers.DecimalField):
    """Decimal total return per unit staked, as a string with three places."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(max_digits=9, decimal_places=3, coerce_to_string=True, **kwargs)


# --- who am I


def owner_of(request: Request) -> int:
    """Return whose data this request is about: the one who asks."""
    return cast(int, request.user.pk)


class Me(serializers.Serializer[Any]):
    """Who the API takes you for, and what you may do."""

    id = serializers.IntegerField(source="pk")
    username = serializers.CharField()
    is_operator = serializers.BooleanField(source="is_staff")
    price_format = serializers.CharField()
    time_zone = serializers.CharField()
    via = serializers.SerializerMethodField()
    can_write = serializers.SerializerMethodField()

    def get_via(self, _user: object) -> str:
        return "key" if self.context["auth"] else "login"

    def get_can_write(self, _user: object) -> bool:
        return bool(getattr(self.context["auth"], "can_write", True))


class WhoAmI(APIView):
    """Say who the API takes you for."""

    @extend_schema(operation_id="auth_me", responses=Me, tags=["auth"])
    def get(self, request: Request) -> Response:
        read_query(request, serializers.Serializer)
        return Response(Me(request.user, context={"auth": request.auth}).data)
