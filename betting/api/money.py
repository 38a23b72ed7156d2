"""Money, and what may be staked of it, as JSON."""

from datetime import datetime

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    Figure,
    Moment,
    Money,
    Shape,
    needs,
    owner_of,
    paged,
    read_query,
)
from accounts.scopes import READ_OWN
from betting.selectors.history import drawdown_of
from betting.selectors.money import BankrollMoney, bankroll_of, bankrolls_of
from betting.selectors.stakes import limits_used
from risk.api import RiskShape, risk_of
from risk.selectors import breakers_at


class PotShape(Shape):
    bookmaker = serializers.CharField(source="bookmaker.key")
    amount = Money(help_text="stakes there come out of it")


class BankrollShape(Shape):
    id = serializers.IntegerField(source="bankroll.pk")
    name = serializers.CharField(source="bankroll.name")
    currency = serializers.CharField(source="bankroll.currency")
    opened_at = Moment(source="bankroll.opened_at")
    free = Money()
    at_books = Money(help_text="what lies at bookmakers")
    books = PotShape(many=True)
    at_risk = Money()
    equity = Money(help_text="free + at bookmakers + at risk")
    closed_at = Moment(source="bankroll.closed_at", allow_null=True)
    deposited = Money(help_text="paid in, less taken out")
    profit = Money(help_text="equity less deposited")


class Bankrolls(APIView):
    @extend_schema(
        operation_id="bankroll",
        tags=["money"],
        responses={200: paged(BankrollShape)},
    )
    @needs(READ_OWN)
    def get(self, request: Request) -> Response:
        """Your bankrolls, oldest first: free, at risk, and both together."""
        read_query(request, serializers.Serializer)
        mine = bankrolls_of(owner_of(request))
        return Response({"next": None, "results": BankrollShape(mine, many=True).data})


class RoomShape(Shape):
    bound = Money()
    used = Money()
    left = Money()


class CountShape(Shape):
    bound = serializers.IntegerField()
    used = serializers.IntegerField()
    left = serializers.IntegerField()


class UsedShape(Shape):
    bet = RoomShape(source="rooms.max_bet_share", help_text="one bet")
    market = RoomShape(
        source="rooms.max_market_share", help_text="what the fullest market can lose"
    )
    event = RoomShape(source="rooms.max_event_share", help_text="what the fullest event can lose")
    league = RoomShape(
        source="rooms.max_league_share", help_text="all open bets in the fullest league"
    )
    bookmaker = RoomShape(
        source="rooms.max_bookmaker_share", help_text="all open bets at the fullest bookmaker"
    )
    day = RoomShape(source="rooms.max_day_share", help_text="all stakes of this UTC day")
    bets = CountShape(source="rooms.max_open_bets", help_text="bets open at once")
    free_money = RoomShape(source="rooms.free_money")
    open_stakes = Money()
    open_bets = serializers.IntegerField()
    drawdown = Figure(help_text="fall of equity from its peak, as a share")


class RiskInFull(RiskShape):
    used = UsedShape(allow_null=True, help_text="of the first bankroll; null: there is none")


class RiskView(APIView):
    @extend_schema(operation_id="risk", tags=["risk"], responses=RiskInFull)
    @needs(READ_OWN)
    def get(self, request: Request) -> Response:
        """Your limits, what of them is used, and what stops you now."""
        read_query(request, serializers.Serializer)
        owner = owner_of(request)
        money = bankroll_of(owner)
        now = clock.now()
        used = _used(money, now=now) if money.is_open else None
        return Response(RiskInFull(risk_of(owner, now=now) | {"used": used}).data)


def _used(money: BankrollMoney, *, now: datetime) -> dict[str, object]:
    used = limits_used(money, now=now)
    standing = breakers_at(money.bankroll.owner_id, now=now, bounds=used.bounds)
    return {
        "rooms": used.rooms,
        "open_stakes": used.open_stakes,
        "open_bets": used.open_bets,
        "drawdown": drawdown_of(money.bankroll_id, standing),
    }
