"""Writes: each needs an Idempotency-Key, is done once, and a repeat has the first answer again."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import repeats
from accounts.api.asked import Body, read_body, read_query
from accounts.api.errors import BadQuery, InProgress, Refused
from accounts.api.who import owner_of
from accounts.problems import Fault
from accounts.rendering import Json

LONGEST_KEY = 72
REPLAYED = "Idempotency-Replayed"
Gives = Mapping[int, Any]
Write = Callable[..., Response]

KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    required=True,
    description="New for each deed and the same to repeat one: 1 to 72 printable characters "
    "without spaces, a UUID say. A repeat within 30 days does nothing and has the first answer.",
)


class Nothing(Body):
    """A body without fields; it may be left out."""


def writes(
    name: str, *, tag: str, scope: str, gives: Gives, takes: type[Body] = Nothing, once: str = ""
) -> Callable[[Write], Write]:
    """Make a view's write out of a method that is handed (request, asked) and does one deed.

    The answer is kept in the transaction of the deed, without the field `once`: a secret shown this
    once. Whatever is refused is rolled back whole and kept nowhere, so its key may be sent again.
    """

    def carry_out(
        do: Callable[[], Response], owner_id: int, key: str, fingerprint: str
    ) -> Response:
        with transaction.atomic():
            now = timezone.now()
            first = repeats.claim(owner_id=owner_id, key=key, fingerprint=fingerprint, now=now)
            if first is not None:
                return _again(first.status, first.body)
            answer = do()
            kept = answer.data | {once: None} if once else answer.data
            _keep(kept, answer.status_code, owner_id, key, fingerprint)
            return answer

    return _made(name, tag=tag, scope=scope, gives=gives, takes=takes, carry_out=carry_out)


def writes_in_steps(
    name: str, *, tag: str, scope: str, gives: Gives, takes: type[Body] = Nothing
) -> Callable[[Write], Write]:
    """Make a view's write out of a method whose service commits by itself, and may be repeated.

    Such as placing a bet: the row is committed before the venue is asked. The service does it once
    however often it is called; the answer is kept once it is final, so 202 is not.
    """

    def carry_out(
        do: Callable[[], Response], owner_id: int, key: str, fingerprint: str
    ) -> Response:
        first = repeats.kept_answer(owner_id=owner_id, key=key, fingerprint=fingerprint)
        if first is not None:
            return _again(first.status, first.body)
        answer = do()
        if answer.status_code != 202:
            _keep(answer.data, answer.status_code, owner_id, key, fingerprint)
        return answer

    return _made(name, tag=tag, scope=scope, gives=gives, takes=takes, carry_out=carry_out)


def idempotency_key(request: Request) -> str:
    """Return the key by which a write may be repeated.

    Raises:
        BadQuery: if there is none, or one that cannot be kept.
    """
    key = str(request.headers.get("Idempotency-Key", ""))
    if 1 <= len(key) <= LONGEST_KEY and all("!" <= character <= "~" for character in key):
        return key
    raise BadQuery(
        "Send the header Idempotency-Key.",
        [
            Fault(
                field="Idempotency-Key",
                value=key[:LONGEST_KEY],
                detail=f"Send 1 to {LONGEST_KEY} printable characters without spaces, new for each "
                "deed and the same when you repeat one.",
                code="required" if not key else "invalid",
            )
        ],
        kind="idempotency-key",
    )


def _made(
    name: str,
    *,
    tag: str,
    scope: str,
    gives: Gives,
    takes: type[Body],
    carry_out: Callable[[Callable[[], Response], int, str, str], Response],
) -> Callable[[Write], Write]:
    def made(do: Write) -> Write:
        @wraps(do)
        def write(self: object, request: Request, **named: Any) -> Response:  # noqa: ANN401
            key = idempotency_key(request)
            read_query(request, serializers.Serializer)
            asked = read_body(request, takes)
            fingerprint = repeats.fingerprint(str(request.method), request.path, asked)
            try:
                return carry_out(
                    lambda: do(self, request, asked, **named), owner_of(request), key, fingerprint
                )
            except repeats.KeyReused as reused:
                raise _reused(str(reused)) from reused
            except repeats.InProgress as busy:
                raise InProgress from busy

        described = extend_schema(
            operation_id=name,
            tags=[tag],
            parameters=[KEY],
            request=takes,
            responses=dict(gives),
        )(write)
        cast(Any, described).scope = scope
        return cast(Write, described)

    return made


def _reused(detail: str) -> Refused:
    return Refused(
        "This Idempotency-Key was sent with something else; use a new key for a new deed.",
        [Fault(field="Idempotency-Key", detail=detail, code="reused")],
        kind="idempotency-key-reused",
    )


def _again(status: int, body: str) -> Response:
    return Response(json.loads(body), status=status, headers={REPLAYED: "true"})


def _keep(data: Any, status: int, owner_id: int, key: str, fingerprint: str) -> None:  # noqa: ANN401
    repeats.keep_answer(
        owner_id=owner_id,
        key=key,
        fingerprint=fingerprint,
        status=status,
        body=Json().render(data).decode(),
        now=timezone.now(),
    )
