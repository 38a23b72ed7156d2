"""Answers of the API as bytes of JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer

# Moments end in Z everywhere, in lists and files too.
OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z


class Json(JSONRenderer):
    """JSON as REST framework writes it, in a tenth of the time."""

    def render(
        self,
        data: Any,  # noqa: ANN401
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data, default=str, option=OPTIONS)
        except TypeError:  # a number of more than 64 bits
            return super().render(data, accepted_media_type, renderer_context)
