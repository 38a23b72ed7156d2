"""The API's own description, for whoever asks: it is the same for everybody."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request


class Schema(SpectacularAPIView):
    """OpenAPI, as YAML or JSON: what is JSON is YAML too."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Send it as the format asked for."""
        kind = request.accepted_renderer.media_type
        return HttpResponse(written(), content_type=f"{kind}; charset=utf-8")


@cache
def written() -> bytes:
    """Return what `scripts/manage api_files` made: nobody needs a key to ask, so none is made."""
    return (Path(settings.BASE_DIR) / "docs" / "api" / "openapi.json").read_bytes()
