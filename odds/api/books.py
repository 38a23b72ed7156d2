"""How much each bookmaker counts in a sport, as JSON."""

from collections.abc import Callable

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import Figure, Moment, Shape, read_query
from odds.books import books_of

Get = Callable[..., Response]


class BooksQuery(Shape):
    sport = serializers.SlugField(
        max_length=64, default="", help_text="a sport's key, such as basketball; else the first"
    )


class BookShape(Shape):
    bookmaker = serializers.CharField(source="bookmaker.key")
    title = serializers.CharField(source="bookmaker.title")
    weight = Figure(help_text="in force: learned, or set by hand; 0 is kept out")
    weight_by_hand = Figure(source="bookmaker.weight")
    commission_share = serializers.DecimalField(
        source="bookmaker.commission_share", max_digits=5, decimal_places=4
    )
    reference = serializers.IntegerField(allow_null=True, help_text="its place, 1 the first")
    events = serializers.IntegerField(source="learned.events", default=None, allow_null=True)
    error = Figure(source="learned.error", default=None, help_text="divergence, in nats")
    relative = Figure(source="learned.relative", default=None)
    margin = Figure(source="learned.margin", default=None)
    seen_at = Moment(allow_null=True)


class BooksShape(Shape):
    sport = serializers.CharField(source="sport.key", default=None, allow_null=True)
    method = serializers.CharField(help_text="how margins are removed")
    learned_at = Moment(source="weights.learned_at", default=None, allow_null=True)
    target = serializers.CharField(source="weights.target", default=None, allow_null=True)
    books = BookShape(many=True)


def _documented(get: Get) -> Get:
    described: Get = extend_schema(
        operation_id="bookmakers",
        tags=["odds"],
        parameters=[BooksQuery],
        responses={200: BooksShape},
    )(get)
    return described


class Bookmakers(APIView):
    @_documented
    def get(self, request: Request) -> Response:
        """How much each bookmaker of a sport counts in the consensus, heaviest first."""
        asked = read_query(request, BooksQuery)
        return Response(BooksShape(books_of(asked["sport"], now=clock.now())).data)
