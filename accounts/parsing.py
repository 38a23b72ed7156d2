"""Reading what a program sends: small, JSON, and text that can be written down."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from rest_framework import exceptions, status
from rest_framework.parsers import JSONParser

LARGEST_BODY = 64 * 1024


class BodyTooLarge(exceptions.APIException):
    """413: no request of this API needs so much."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    # Its phrase differs between versions of Python; this does not.
    kind = "body-too-large"
    default_detail = f"Send {LARGEST_BODY} bytes at most."


class Json(JSONParser):
    """JSON that can be stored and answered with, or a reason; never a failure of ours."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise BodyTooLarge
        try:
            data = super().parse(BytesIO(body), media_type, parser_context)
            # Half a surrogate pair is legal JSON and no text: neither database nor answer takes it.
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError:
            raise exceptions.ParseError("The JSON is nested too deeply.") from None
        except UnicodeEncodeError:
            raise exceptions.ParseError("The JSON holds half a surrogate pair.") from None
        return data
