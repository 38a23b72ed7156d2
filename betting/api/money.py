"""Money, what it earned, and what may be staked of it, as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    Figure,
    Id,
    Moment,
    Money,
    MoneyFigure,
    ProblemShape,
    Shape,
    owner_of,
    paged,
    read_query,
)
from betting.selectors.money import bankroll_of, bankrolls_of
from betting.selectors.performance import performance_of
from betting.selectors.stakes import limits_used
from risk.api import RiskShape, risk_of

MOST_POINTS = 1000


class BankrollShape(Shape):
    id = serializers.IntegerField(source="bankroll.pk")
    name = serializers.CharField(source="bankroll.name")
    currency = serializers.CharField(source="bankroll.currency")
    opened_at = Moment(source="bankroll.opened_at")
    free = Money()
    at_risk = Money()
    equity = Money(help_text="free + at risk")
    deposited = Money(help_text="paid in, less taken out")
    profit = Money(help_text="equity less deposited")


class Bankrolls(APIView):
    @extend_schema(
        operation_id="bankroll",
        tags=["money"],
        responses={200: paged(BankrollShape), 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """Your bankrolls, oldest first: free, at risk, and both together."""
        read_query(request, serializers.Serializer)
        mine = bankrolls_of(owner_of(request))
        return Response({"next": None, "results": BankrollShape(mine, many=True).data})


class PerformanceQuery(Shape):
    bankroll = Id()
    strategy = serializers.CharField(max_length=48, required=False)
    since = Moment(required=False, help_text="bets settled at or after this time")


class IntervalShape(Shape):
    value = Figure()
    low = Figure(help_text="95 % interval; null: too few bets for one")
    high = Figure()
    count = serializers.IntegerField(help_text="bets it comes from")


class BinShape(Shape):
    low = Figure()
    high = Figure()
    count = serializers.IntegerField()
    believed = Figure()
    came_true = Figure()


class PointShape(Shape):
    bet = serializers.IntegerField(help_text="after this many settled bets")
    equity = Figure()
    drawdown = Figure(help_text="fall from the peak so far, as a share")
    expected = Figure(help_text="profit to be expected by then")


class PerformanceShape(Shape):
    bets = serializers.IntegerField()
    staked = MoneyFigure()
    profit = MoneyFigure()
    capital = MoneyFigure(help_text="paid in, less taken out, with what was earned before `since`")
    profit_share = IntervalShape(
        source="yield_", allow_null=True, help_text="yield: profit per unit staked"
    )
    roi = Figure(help_text="profit per unit of capital")
    turnover = Figure(help_text="stakes per unit of capital")
    hit_rate = Figure()
    average_price = Figure()
    clv = IntervalShape(allow_null=True, help_text="closing line value")
    clv_beaten = Figure(help_text="share of bets that beat the close")
    expected_profit = Figure(help_text="if what was believed was true")
    expected_low = Figure()
    expected_high = Figure()
    max_drawdown = Figure()
    verdict = serializers.CharField(help_text="what can and cannot be said from so many bets")
    calibration = BinShape(many=True)
    curve = serializers.SerializerMethodField()

    @extend_schema_field(PointShape(many=True))
    def get_curve(self, done: Any) -> Any:  # noqa: ANN401
        """Return the curve in a thousand points at most, the first and last among them."""
        last = len(done.equity) - 1
        step = max(1, -(-last // MOST_POINTS))
        points = [*range(0, last, step), last]
        return PointShape(
            [
                {
                    "bet": i,
                    "equity": done.equity[i],
                    "drawdown": done.drawdown[i],
                    "expected": done.expected[i],
                }
                for i in points
            ],
            many=True,
        ).data


class PerformanceView(APIView):
    @extend_schema(
        operation_id="performance",
        tags=["money"],
        parameters=[PerformanceQuery],
        responses={200: PerformanceShape, 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """What your settled bets earned, and whether that can be told from luck."""
        asked = read_query(request, PerformanceQuery)
        done = performance_of(
            owner_of(request),
            bankroll_id=asked.get("bankroll"),
            strategy_key=asked.get("strategy"),
            since=asked.get("since"),
        )
        return Response(PerformanceShape(done).data)


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
    def get(self, request: Request) -> Response:
        """Your limits, what of them is used, and what stops you now."""
        read_query(request, serializers.Serializer)
        owner = owner_of(request)
        money = bankroll_of(owner)
        used = limits_used(money, now=clock.now()) if money.is_open else None
        return Response(RiskInFull(risk_of(owner) | {"used": used}).data)
