"""The API's own description, for whoever asks: it is the same for everybody."""

from threading import Lock
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from accounts.api.schema import whole

_making = Lock()
_made: dict[str, bytes] = {}


class Schema(SpectacularAPIView):
    """OpenAPI, as YAML or JSON.

    Making it takes seconds, and nobody needs a key to ask: it is made once a process and format.
    """

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Send it in the format asked for."""
        renderer: Any = request.accepted_renderer
        kind = str(renderer.media_type)
        with _making:
            if kind not in _made:
                _made[kind] = renderer.render(whole())
        return HttpResponse(_made[kind], content_type=f"{kind}; charset=utf-8")
