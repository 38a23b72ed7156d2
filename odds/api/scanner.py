"""The Scanner's finds as JSON."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import Figure, Moment, Price, Shape, read_query
from odds.scanner import Asked, scan

Get = Callable[..., Response]


class ScanQuery(Shape):
    competition = serializers.CharField(
        max_length=64, required=False, help_text="a competition's key, such as basketball_nba"
    )
    outlay = serializers.DecimalField(
        max_digits=9, decimal_places=2, min_value=Decimal("0.01"), default=Decimal(100),
        help_text="to spread over the legs",
    )  # fmt: skip
    unit = serializers.DecimalField(
        max_digits=9, decimal_places=2, min_value=Decimal("0.01"), default=Decimal("0.01"),
        help_text="stakes are whole multiples of it",
    )  # fmt: skip
    max_age = serializers.FloatField(
        min_value=0,
        max_value=10_000,
        default=15.0,
        help_text="how many minutes old a leg may be; times the clock's rate in a simulated league",
    )
    doubtful = serializers.BooleanField(
        default=False, help_text="also finds that break a quality gate, with the reasons"
    )
    simulated = serializers.BooleanField(
        default=None, allow_null=True, help_text="also of simulated competitions"
    )
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)


class LegShape(Shape):
    selection = serializers.IntegerField(source="selection_id")
    title = serializers.CharField()
    bookmaker = serializers.CharField(source="bookmaker_key")
    price = Price()
    age_minutes = serializers.SerializerMethodField()
    stake = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)

    def get_age_minutes(self, leg: Any) -> float:  # noqa: ANN401
        return round(float(leg.age.total_seconds()) / 60, 2)


class FindShape(Shape):
    event = serializers.IntegerField(source="event.pk")
    competition = serializers.CharField(source="event.competition.key")
    home = serializers.CharField(source="event.home.name")
    away = serializers.CharField(source="event.away.name")
    starts_at = Moment(source="event.starts_at")
    market = serializers.CharField(source="market_key")
    line = Figure(help_text="from the home or over side; null where there is none")
    value = Figure(help_text="profit, hold, expected profit, edge or change, as a share")
    legs = LegShape(many=True)
    outlay = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    profit = serializers.DecimalField(
        max_digits=12, decimal_places=2, allow_null=True,
        help_text="whichever leg wins alone, after rounding; on a line that returns stakes less",
    )  # fmt: skip
    oldest_minutes = serializers.SerializerMethodField()
    note = serializers.CharField()
    doubts = serializers.ListField(child=serializers.CharField())
    numbers = serializers.DictField(help_text="what else is known of a find of this kind")

    def get_oldest_minutes(self, find: Any) -> float:  # noqa: ANN401
        return round(float(find.oldest.total_seconds()) / 60, 2)


class ScanShape(Shape):
    count = serializers.IntegerField(help_text="finds, also beyond the limit")
    left_out = serializers.IntegerField(help_text="finds that break a quality gate")
    quotes = serializers.IntegerField(help_text="prices searched")
    books = serializers.IntegerField()
    events = serializers.IntegerField()
    newest = Moment(allow_null=True, help_text="when a price was seen last")
    results = FindShape(many=True)


class _Finds(APIView):
    kind = ""

    def answer(self, request: Request) -> Response:
        asked = read_query(request, ScanQuery)
        simulated = asked["simulated"]
        found = scan(
            self.kind,
            Asked(
                outlay=asked["outlay"],
                unit=asked["unit"],
                max_age=asked["max_age"] * max(clock.rate(), 1.0),
                competition_key=asked.get("competition", ""),
                with_doubtful=asked["doubtful"],
                with_simulated=settings.CLOCK is not None if simulated is None else simulated,
            ),
            now=clock.now(),
        )
        told: dict[str, Any] = {
            "count": len(found.found),
            "left_out": found.left_out,
            "quotes": found.quotes,
            "books": found.books,
            "events": found.events,
            "newest": found.newest,
            "results": found.found[: asked["limit"]],
        }
        return Response(ScanShape(told).data)


def _documented(operation: str) -> Callable[[Get], Get]:
    def made(get: Get) -> Get:
        described: Get = extend_schema(
            operation_id=operation,
            tags=["odds"],
            parameters=[ScanQuery],
            responses={200: ScanShape},
        )(get)
        return described

    return made


class Arbitrages(_Finds):
    kind = "arbitrages"

    @_documented("arbitrages")
    def get(self, request: Request) -> Response:
        """Markets whose best prices together leave a certain profit. Check prices again."""
        return self.answer(request)


class LowHolds(_Finds):
    kind = "low-holds"

    @_documented("low_holds")
    def get(self, request: Request) -> Response:
        """Markets whose best prices together keep at most 2 % for the books."""
        return self.answer(request)


class Middles(_Finds):
    kind = "middles"

    @_documented("middles")
    def get(self, request: Request) -> Response:
        """Pairs of lines between which both bets win."""
        return self.answer(request)


class Outliers(_Finds):
    kind = "outliers"

    @_documented("outliers")
    def get(self, request: Request) -> Response:
        """Prices that pay more than all other books together think they are worth."""
        return self.answer(request)


class Steam(_Finds):
    kind = "steam"

    @_documented("steam")
    def get(self, request: Request) -> Response:
        """Selections whose consensus moved within the last hour, and books that moved together."""
        return self.answer(request)
