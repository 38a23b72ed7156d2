"""How the API says no: one shape of error, with every reason."""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts import problems
from accounts.problems import Fault

logger = logging.getLogger(__name__)


class Refused(exceptions.APIException):
    """422: understood, and not done, with every reason."""

    status_code: int = status.HTTP_422_UNPROCESSABLE_ENTITY
    kind = "refused"

    def __init__(self, detail: str, faults: Sequence[Fault] = (), *, kind: str = "") -> None:
        super().__init__(detail)
        self.faults = faults
        self.kind = kind or self.kind


class Conflict(Refused):
    """409: it cannot be done as things stand now."""

    status_code = status.HTTP_409_CONFLICT
    kind = "conflict"


class BadQuery(Refused):
    """400: a filter that does not exist or makes no sense; never ignored."""

    status_code = status.HTTP_400_BAD_REQUEST
    kind = "bad-filter"


class Unavailable(Refused):
    """503: nothing here can answer now, and why."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    kind = "unavailable"


class InProgress(exceptions.APIException):
    """409: the first request with the same key is not done yet."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The first request with this Idempotency-Key is not done yet. Repeat soon."
    kind = "in-progress"
    wait = 2


class Busy(exceptions.APIException):
    """503: come back in a moment."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database is busy or away. Repeat in a moment, with the same key."
    wait = 2


class FaultShape(serializers.Serializer[Any]):
    """One thing wrong."""

    field = serializers.CharField(help_text="which field, filter or header; `request`: the whole")
    code = serializers.CharField()
    detail = serializers.CharField(help_text="what is wrong, and what would do")
    value = serializers.CharField(allow_null=True, help_text="what was sent, if it was text")
    bound = serializers.CharField(allow_null=True, help_text="what it may be at most or at least")


class ProblemShape(serializers.Serializer[Any]):
    """How every error looks; content type application/problem+json."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    request_id = serializers.CharField()
    errors = FaultShape(many=True)  # type: ignore[assignment]


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
