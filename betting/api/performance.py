"""What bets earned, and whether that can be told from luck, as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import (
    Figure,
    Id,
    Moment,
    MoneyFigure,
    Shape,
    filter_of,
    needs,
    owner_of,
    read_query,
)
from accounts.scopes import READ_OWN
from betting.domain.luck import Finding
from betting.domain.tags import LONGEST_TAG
from betting.selectors.performance import PerformanceFilter, outlook_kept, track_record_of

MOST_POINTS = 1000
_GROUP = "bets of this group alone, by its name as the answer has it"
FINDINGS = [each.value for each in Finding]


class PerformanceQuery(Shape):
    bankroll = Id()
    strategy = serializers.CharField(max_length=48, required=False)
    bookmaker = serializers.CharField(max_length=64, required=False)
    competition = serializers.CharField(max_length=64, required=False)
    market = serializers.CharField(max_length=48, required=False)
    tag = serializers.CharField(max_length=LONGEST_TAG, required=False)
    since = Moment(required=False, help_text="bets settled at or after this time")
    until = Moment(required=False, help_text="bets settled before this time")
    by_version = serializers.CharField(max_length=80, required=False, help_text=_GROUP)
    by_regime = serializers.CharField(max_length=80, required=False, help_text=_GROUP)
    by_edge = serializers.CharField(max_length=80, required=False, help_text=_GROUP)
    by_price = serializers.CharField(max_length=80, required=False, help_text=_GROUP)
    by_lead = serializers.CharField(max_length=80, required=False, help_text=_GROUP)


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
    by_close = Figure(help_text="profit that the closes of the bets so far promised, where known")


class GroupShape(Shape):
    name = serializers.CharField()
    bets = serializers.IntegerField()
    staked = MoneyFigure()
    profit = MoneyFigure()
    profit_share = IntervalShape(source="yield_", allow_null=True)
    expected = Figure(help_text="profit, if what was believed was true")
    clv = Figure()
    clv_count = serializers.IntegerField(help_text="bets whose close is known")


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
    luck = Figure(help_text="how often bets without an edge earn as much")
    bets_needed = serializers.IntegerField(
        allow_null=True, help_text="in all, to tell this yield from luck"
    )
    profit_factor = Figure(help_text="won per unit lost")
    max_drawdown = Figure()
    days_under_water = Figure(source="water.longest", help_text="the longest below a peak")
    share_under_water = Figure(source="water.share", help_text="of the time")
    sharpe = Figure(source="ratios.sharpe", help_text="a year, of daily returns; null: too few")
    sortino = Figure(source="ratios.sortino")
    calmar = Figure(source="ratios.calmar")
    longest_won = serializers.IntegerField(source="streaks.won")
    longest_lost = serializers.IntegerField(source="streaks.lost")
    finding = serializers.ChoiceField(source="finding.finding", choices=FINDINGS)
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
                    "by_close": done.by_close[i],
                }
                for i in points
            ],
            many=True,
        ).data


class TrackRecordShape(PerformanceShape):
    groups = serializers.DictField(
        child=GroupShape(many=True), help_text="the bets cut by strategy, bookmaker, edge and more"
    )
    raw_clv = IntervalShape(
        allow_null=True, help_text="against the same book's last price, margins and all"
    )
    closes = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="bets by the quality of their close: good, fair, poor, none",
    )
    outlook = serializers.JSONField(
        help_text="how equity could go on, drawn from every settled bet of yours: `made_at`, a "
        "`sentence`, and the futures `record`, `beliefs`, `no_edge` with their risks; null before "
        "it was drawn"
    )


class PerformanceView(APIView):
    @extend_schema(
        operation_id="performance",
        tags=["money"],
        parameters=[PerformanceQuery],
        responses={200: TrackRecordShape},
    )
    @needs(READ_OWN)
    def get(self, request: Request) -> Response:
        """What your settled bets earned, and whether that can be told from luck."""
        asked = read_query(request, PerformanceQuery)
        track = track_record_of(owner_of(request), filter_of(PerformanceFilter, asked))
        done = PerformanceShape(track.performance).data
        groups = {key: GroupShape(each, many=True).data for key, each in track.groups.items()}
        raw = None if track.raw_clv is None else IntervalShape(track.raw_clv).data
        kept = outlook_kept(owner_of(request))
        outlook = None if kept is None else {"made_at": kept.made_at} | kept.content
        more = {"raw_clv": raw, "closes": track.closes, "outlook": outlook}
        return Response(done | {"groups": groups} | more)
