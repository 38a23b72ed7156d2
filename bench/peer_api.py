"""Lists of the API as one would write them first, for bench_api.py: ModelSerializer, ListAPIView.

The same fields from the same rows; pages that count, as REST framework's own do.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

settings.ROOT_URLCONF = "bench.peer_api"

from django.urls import include, path  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.generics import ListAPIView  # noqa: E402
from rest_framework.pagination import PageNumberPagination  # noqa: E402
from rest_framework.renderers import JSONRenderer  # noqa: E402

from accounts.scopes import READ  # noqa: E402
from betting.api.bets import BetShape  # noqa: E402
from betting.api.opportunities import OpportunityShape  # noqa: E402
from betting.models import Bet, Opportunity  # noqa: E402
from config.asgi import application  # noqa: E402 - with our addresses
from odds.api.events import EventShape  # noqa: E402
from odds.models import Event  # noqa: E402

__all__ = ["application", "urlpatterns"]


class Fifty(PageNumberPagination):
    page_size = 50


def listed(of: type, shape: type[serializers.Serializer], order: str, joined: list[str]) -> type:
    """Return a view that lists a model by a ModelSerializer with the fields of a shape."""
    fields = {
        name: field
        for name, field in shape._declared_fields.items()
        if field.source is None or not str(field.source).startswith("newest")
    }
    meta = type("Meta", (), {"model": of, "fields": list(fields)})
    made = type("Plain", (serializers.ModelSerializer,), {**fields, "Meta": meta})

    class Listed(ListAPIView):
        serializer_class = made
        pagination_class = Fifty
        renderer_classes = (JSONRenderer,)

        def get_queryset(self) -> object:
            rows = of.objects.order_by(order, "pk")
            if of is Bet:
                rows = rows.filter(owner=self.request.user)
            if of is Opportunity:
                rows = rows.filter(status="open")
            return rows.select_related(*joined) if "joined" in self.request.GET else rows

    Listed.get.scope = READ
    return Listed


EVENT = ["competition", "home", "away"]
ON = [f"selection__market__event__{name}" for name in EVENT]
urlpatterns = [
    path(
        "api/peer/bets",
        listed(Bet, BetShape, "-placed_at", ["bankroll", "bookmaker", *ON]).as_view(),
    ),
    path(
        "api/peer/opportunities",
        listed(
            Opportunity,
            OpportunityShape,
            "-edge",
            ["strategy", "version", "quote__bookmaker", *(f"quote__{each}" for each in ON)],
        ).as_view(),
    ),
    path("api/peer/events", listed(Event, EventShape, "starts_at", EVENT).as_view()),
    path("", include("config.urls")),
]
