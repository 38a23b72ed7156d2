"""What every operation of the schema has: the scope it needs, how it says no, and examples."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework.permissions import SAFE_METHODS

from accounts import problems
from accounts.access import scope_needed
from accounts.api.errors import ProblemShape
from accounts.api.leaving import leaving_of
from accounts.api.samples import sample_of

# What may be answered instead, and when.
OFTEN = {
    400: "A field or filter is missing, unknown, repeated or malformed.",
    401: "No key or token, or one that does not work.",
    403: "Your role or your key lacks the scope.",
    404: "It does not exist, or is not yours.",
    406: "Only JSON is spoken here.",
    422: "Understood and refused: `errors` has every reason.",
    429: "Too many requests: wait `Retry-After` seconds.",
    500: "Something broke here; quote `request_id`.",
    503: "The database is busy, or nothing can serve: wait `Retry-After` seconds, then repeat.",
}
OF_WRITES = {
    409: "The first request with this `Idempotency-Key` is not done, or it cannot be done now.",
    413: "The body is too large.",
    415: "The body is not JSON.",
}


@cache
def whole() -> dict[str, object]:
    """Return the API's description; it takes seconds to make, and is the same for everybody."""
    generator: Any = SchemaGenerator  # has no types
    found: dict[str, object] = generator().get_schema(request=None, public=True)
    return found


class Operations(AutoSchema):
    """Writes one operation with all that it may answer."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        operation = super().get_operation(*args, **kwargs)
        if not operation:
            return operation
        is_write = self.method not in SAFE_METHODS
        operation["x-scope"] = scope_needed(self.view, self.method)
        answers = operation["responses"]
        shape = self.resolve_serializer(ProblemShape, "response").ref
        said = OFTEN | (OF_WRITES if is_write else {})
        for status, words in said.items():
            answers[str(status)] = {
                "description": words,
                "headers": {"X-Request-ID": {"schema": {"type": "string"}}},
                "content": _problem(status, words, shape),
            }
        # By the server, before any of us is asked: no problem, and no request id.
        answers["414"] = {"description": "The address is longer than 4,094 bytes."}
        if leaving := leaving_of(self.view, self.method):
            operation["deprecated"] = True
            operation["description"] += f"\n\nGoes on {leaving.until:%Y-%m-%d}: {leaving.instead}"
        if not is_write:
            operation.setdefault("parameters", []).append(IF_NONE_MATCH)
            answers["304"] = {"description": "Not changed since `If-None-Match`."}
        return operation


IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string"},
    "description": "An `ETag` you have; 304 if the answer would be the same.",
}


def _problem(status: int, words: str, shape: dict[str, Any]) -> dict[str, Any]:
    example = problems.body(status=status, detail=words)
    return {
        problems.CONTENT_TYPE: {
            "schema": shape,
            "example": example | {"request_id": "0b9f8b1e5a0c4d3f9c1a7e2d6b5a4c3e"},
        }
    }


def complete(result: dict[str, Any], **_others: object) -> dict[str, Any]:
    """Give every body an example, and say that unknown fields of what is sent are refused."""
    shapes = result["components"]["schemas"]
    for path in result["paths"].values():
        for operation in path.values():
            for content in _contents(operation.get("requestBody")):
                _close(content["schema"], shapes)
                content.setdefault("example", sample_of(content["schema"], shapes))
            for answer in operation["responses"].values():
                for content in _contents(answer):
                    content.setdefault("example", sample_of(content["schema"], shapes))
    return result


def _contents(holder: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [each for each in ((holder or {}).get("content") or {}).values() if "schema" in each]


def _close(schema: dict[str, Any], shapes: dict[str, Any]) -> None:
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and shapes[name].get("type") == "object":
        shapes[name]["additionalProperties"] = False
