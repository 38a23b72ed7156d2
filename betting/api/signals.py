"""Signals of bots as JSON: sources made, rotated and revoked; signals sent and seen."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock, sources
from accounts.api import (
    Body,
    Moment,
    Point,
    Query,
    Refused,
    Shape,
    idempotency_key,
    lists,
    owner_of,
    writes,
)
from accounts.api.writing import KEY
from accounts.http import or_404
from accounts.problems import Fault
from accounts.scopes import READ_OWN, SETTINGS, SIGNAL
from betting.selectors.signals import signals_of
from betting.services import signals as services

SIDES = ("home", "away", "draw", "over", "under")
PROOF = OpenApiParameter(
    "Fairline-Signature",
    {"type": "string", "pattern": "^t=[0-9]{1,12},v1=[0-9a-f]{64}$"},
    OpenApiParameter.HEADER,
    required=True,
    description="`t=SECONDS,v1=HEX`: Unix time, and the HMAC-SHA256 in hex, by the source's "
    "secret, of that time, a dot, the Idempotency-Key, a dot, and the bytes of the body. Within "
    "300 seconds of our clock.",
)
EXAMPLE = OpenApiExample(
    "A home win",
    value={
        "source": "k7wq2m9p", "event": "812", "market": "h2h", "side": "home",
        "probability": 0.58, "minutes": 60,
    },
    request_only=True,
)  # fmt: skip


class SourceShape(Shape):
    key = serializers.CharField()
    name = serializers.CharField()
    strategy = serializers.CharField(source="strategy.key", help_text="that decides on its signals")
    made_at = Moment()
    rotated_at = Moment(allow_null=True)
    revoked_at = Moment(allow_null=True)


class MadeSourceShape(SourceShape):
    secret = serializers.CharField(
        allow_null=True, help_text="signs what it says: shown this once; null in a repeat"
    )


class NewSource(Body):
    name = serializers.CharField(max_length=50, help_text="which bot it is")


class SignalShape(Shape):
    id = serializers.IntegerField(source="pk")
    reference = serializers.CharField(help_text="the Idempotency-Key it was sent with")
    source = serializers.CharField(source="source.key")  # type: ignore[assignment]
    event = serializers.CharField(help_text="as sent")
    market = serializers.CharField()
    side = serializers.ChoiceField(choices=SIDES)
    point = Point()
    probability = serializers.FloatField()
    selection = serializers.IntegerField(source="selection_id", allow_null=True)
    received_at = Moment(help_text="it counts from here on")
    expires_at = Moment()
    problem = serializers.CharField(help_text="why it was put aside; empty: it was not")


class SignalQuery(Query):
    source = serializers.CharField(max_length=16, required=False)  # type: ignore[assignment]
    put_aside = serializers.BooleanField(required=False, default=None)


class NewSignal(Body):
    source = serializers.CharField(max_length=16, help_text="the key of a source of yours")  # type: ignore[assignment]
    event = serializers.CharField(
        max_length=96, help_text="our number of it, or the key it has at The Odds API"
    )
    market = serializers.CharField(max_length=48, help_text="such as h2h, spreads, totals")
    side = serializers.ChoiceField(choices=SIDES)
    point = Point(required=False, default=None, help_text="of spreads and totals: -5.5")
    probability = serializers.FloatField(min_value=0.001, max_value=0.999)
    minutes = serializers.IntegerField(
        min_value=1, max_value=2880, default=60, help_text="it counts for so long"
    )


class Signals(APIView):
    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Keep the very bytes, which are what was signed, before anything else reads them."""
        _ = request._request.body
        super().initial(request, *args, **kwargs)

    @lists("signals", tag="signals", of=SignalShape, by=SignalQuery, scope=READ_OWN)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """What your bots said, newest first, and why it was put aside."""
        found = signals_of(owner_of(request))
        if asked.get("source"):
            found = found.filter(source__key=asked["source"])
        if asked.get("put_aside") is not None:
            found = found.filter(selection__isnull=asked["put_aside"])
        return found

    @extend_schema(parameters=[KEY, PROOF], examples=[EXAMPLE])
    @writes("send_signal", tag="signals", scope=SIGNAL, takes=NewSignal, gives={201: SignalShape})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Say what a bot thinks; your strategy of this source decides on it with the next look."""
        try:
            signal = services.hear_signal(
                owner_id=owner_of(request),
                said=services.Said(**asked),
                sealed=services.Sealed(
                    idempotency_key(request),
                    str(request.headers.get("Fairline-Signature", "")),
                    request._request.body,
                ),
                now=clock.now(),
                real_now=timezone.now(),
            )
        except services.SignalRefused as refused:
            fault = Fault(refused.field, refused.detail, code="refused", value=refused.value)
            raise Refused("The signal was not taken down.", [fault]) from refused
        return Response(SignalShape(signal).data, status=201)


class Sources(APIView):
    @lists("signal_sources", tag="signals", of=SourceShape, scope=READ_OWN)
    def get(self, request: Request, _asked: dict[str, Any]) -> QuerySet[Any]:
        """Your sources, newest first, revoked ones too."""
        return sources.sources_of(owner_of(request)).select_related("strategy")

    @writes(
        "make_signal_source",
        tag="signals",
        scope=SETTINGS,
        takes=NewSource,
        gives={201: MadeSourceShape},
        once="secret",
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Make a source and the strategy that decides on it; its secret is in this answer alone."""
        try:
            source, text = services.make_source(
                by=_by(request), now=clock.now(), real_now=timezone.now(), **asked
            )
        except sources.SourceRefused as refused:
            fault = Fault(refused.field, refused.detail, code="refused")
            raise Refused("No source was made.", [fault]) from refused
        return Response(SourceShape(source).data | {"secret": text}, status=201)


class RotateSource(APIView):
    @writes(
        "rotate_signal_source",
        tag="signals",
        scope=SETTINGS,
        gives={201: MadeSourceShape},
        once="secret",
    )
    def post(self, request: Request, _asked: dict[str, Any], key: str) -> Response:
        """Give a source another secret; what the old one signs is refused from now on."""
        with or_404(sources.UnknownSource):
            source, text = sources.rotate_source(
                owner_id=owner_of(request), key=key, now=timezone.now()
            )
        return Response(SourceShape(source).data | {"secret": text}, status=201)


class RevokeSource(APIView):
    @writes("revoke_signal_source", tag="signals", scope=SETTINGS, gives={200: SourceShape})
    def post(self, request: Request, _asked: dict[str, Any], key: str) -> Response:
        """Revoke a source for good: its signals count no longer, and its strategy is put away."""
        with or_404(sources.UnknownSource):
            source = services.revoke_source(
                by=_by(request), key=key, now=clock.now(), real_now=timezone.now()
            )
        return Response(SourceShape(source).data)


def _by(request: Request) -> Any:  # noqa: ANN401 - a person; whoever is nobody comes not this far
    return request.user
