"""Opportunities, bets and money as JSON."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    BadQuery,
    Body,
    Conflict,
    Figure,
    Moment,
    Money,
    MoneyFigure,
    Price,
    ProblemShape,
    Query,
    Refused,
    owner_of,
    page_of,
    paged,
    read_body,
    read_query,
)
from accounts.problems import Fault
from betting.selectors.bets import BetFilter, bet_in_full, bets
from betting.selectors.money import bankroll_of, bankrolls_of, limits_used
from betting.selectors.opportunities import (
    OpportunityFilter,
    bookmaker_id,
    opportunities,
    opportunity,
    opportunity_summary,
)
from betting.selectors.performance import performance_of
from betting.services.placement import RequestKeyReused, StakeRefused, place_bet
from risk.api import RiskShape, risk_of

Shape = serializers.Serializer[Any]

SIDES = ("home", "away", "draw", "over", "under")
BET_STATUSES = ("placing", "open", "rejected", "settled")
RESULTS = ("won", "half_won", "push", "void", "half_lost", "lost")
LONGEST_KEY = 96
LARGEST_ID = 2**63 - 1
MOST_POINTS = 1000


# --- opportunities


class OpportunityQuery(Query):
    status = serializers.ChoiceField(choices=("open", "gone"), default="open")
    strategy = serializers.CharField(max_length=48, required=False)
    competition = serializers.CharField(max_length=64, required=False)
    event = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    market = serializers.CharField(max_length=48, required=False)
    bookmaker = serializers.CharField(max_length=64, required=False)
    side = serializers.ChoiceField(choices=SIDES, required=False)
    min_edge = serializers.DecimalField(
        max_digits=8, decimal_places=6, required=False, help_text="0.02 is 2 %"
    )
    recommended = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="true: passed every gate; false: held back by one",
    )


class SummaryQuery(OpportunityQuery):
    page = None  # type: ignore[assignment]
    page_size = None  # type: ignore[assignment]


class OpportunityShape(Shape):
    id = serializers.IntegerField(source="pk")
    strategy = serializers.CharField(source="strategy.key")
    event = serializers.IntegerField(source="quote.selection.market.event_id")
    competition = serializers.CharField(source="quote.selection.market.event.competition.key")
    is_simulated = serializers.BooleanField(
        source="quote.selection.market.event.competition.is_simulated"
    )
    home = serializers.CharField(source="quote.selection.market.event.home.name")
    away = serializers.CharField(source="quote.selection.market.event.away.name")
    starts_at = Moment(source="quote.selection.market.event.starts_at")
    market = serializers.CharField(source="quote.selection.market.key")
    selection = serializers.IntegerField(source="quote.selection_id")
    side = serializers.ChoiceField(source="quote.selection.side", choices=SIDES)
    point = serializers.DecimalField(
        source="quote.selection.point", max_digits=6, decimal_places=2, allow_null=True
    )
    bookmaker = serializers.CharField(source="quote.bookmaker.key")
    price = Price(help_text="as it was found; the quote says what it is now")
    price_now = Price(source="quote.price", allow_null=True, help_text="null: withdrawn")
    price_seen_at = Moment()
    as_of = Moment(help_text="latest information used")
    fair_probability = Figure(help_text="what the strategy believes")
    market_probability = Figure(help_text="the margin-free consensus")
    model_probability = Figure()
    edge = Figure(help_text="expected profit per unit staked")
    edge_low = Figure(help_text="the same at the low end of what is believed")
    stake_share = Figure(help_text="of equity, before your own limits")
    reasons = serializers.JSONField()
    passes = serializers.JSONField(help_text="gates that failed; empty: recommended")
    status = serializers.ChoiceField(choices=("open", "gone"))
    gone_at = Moment(allow_null=True)


class OpportunityList(APIView):
    @extend_schema(
        operation_id="opportunities",
        tags=["opportunities"],
        parameters=[OpportunityQuery],
        responses={200: paged(OpportunityShape), 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """Prices above fair, best edge first, with why and why not."""
        asked = read_query(request, OpportunityQuery)
        rows = opportunities(_opportunity_filter(asked))
        return page_of(request, self, rows, OpportunityShape)


class EvHits(OpportunityList):
    @extend_schema(
        operation_id="ev_hits",
        tags=["opportunities"],
        parameters=[OpportunityQuery],
        responses={200: paged(OpportunityShape), 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """The same as `opportunities`, by the name that other programs use."""
        return super().get(request)


class OpportunityDetail(APIView):
    @extend_schema(
        operation_id="opportunity",
        tags=["opportunities"],
        responses={200: OpportunityShape, 404: ProblemShape},
    )
    def get(self, request: Request, opportunity_id: int) -> Response:
        """One opportunity, open or gone."""
        read_query(request, serializers.Serializer)
        found = opportunity(opportunity_id)
        if found is None:
            raise Http404
        return Response(OpportunityShape(found).data)


class EvFigures(Shape):
    count = serializers.IntegerField()
    recommended_count = serializers.IntegerField()
    best_edge = Figure()
    mean_edge = Figure()
    stake_share = Figure(help_text="recommended, of equity, before your own limits")


class EvGroup(EvFigures):
    key = serializers.CharField()


class EvSummaryShape(EvFigures):
    newest_as_of = Moment(allow_null=True)
    by_market = EvGroup(many=True)
    by_bookmaker = EvGroup(many=True)


class EvSummary(APIView):
    @extend_schema(
        operation_id="ev_summary",
        tags=["opportunities"],
        parameters=[SummaryQuery],
        responses={200: EvSummaryShape, 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """How many opportunities there are and how good, by market and by bookmaker."""
        asked = read_query(request, SummaryQuery)
        return Response(EvSummaryShape(opportunity_summary(_opportunity_filter(asked))).data)


def _opportunity_filter(asked: dict[str, Any]) -> OpportunityFilter:
    return OpportunityFilter(
        **{name: asked[name] for name in OpportunityFilter.__dataclass_fields__ if name in asked}
    )


# --- bets


class BetQuery(Query):
    status = serializers.ChoiceField(choices=BET_STATUSES, required=False)
    result = serializers.ChoiceField(choices=RESULTS, required=False)
    competition = serializers.CharField(max_length=64, required=False)
    event = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    market = serializers.CharField(max_length=48, required=False)
    bookmaker = serializers.CharField(max_length=64, required=False)
    bankroll = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    placed_after = Moment(required=False, help_text="at or after this time")
    placed_before = Moment(required=False, help_text="before this time")


class BetShape(Shape):
    id = serializers.IntegerField(source="pk")
    request_key = serializers.CharField()
    bankroll = serializers.IntegerField(source="bankroll_id")
    currency = serializers.CharField(source="bankroll.currency")
    venue = serializers.CharField()
    event = serializers.IntegerField(source="selection.market.event_id")
    competition = serializers.CharField(source="selection.market.event.competition.key")
    home = serializers.CharField(source="selection.market.event.home.name")
    away = serializers.CharField(source="selection.market.event.away.name")
    starts_at = Moment(source="selection.market.event.starts_at")
    market = serializers.CharField(source="selection.market.key")
    selection = serializers.IntegerField(source="selection_id")
    side = serializers.ChoiceField(source="selection.side", choices=SIDES)
    point = serializers.DecimalField(
        source="selection.point", max_digits=6, decimal_places=2, allow_null=True
    )
    bookmaker = serializers.CharField(source="bookmaker.key")
    opportunity = serializers.IntegerField(source="opportunity_id", allow_null=True)
    price = Price()
    stake = Money()
    fair_probability = Figure(help_text="believed when it was placed")
    status = serializers.ChoiceField(choices=BET_STATUSES)
    placed_at = Moment()
    result = serializers.CharField(help_text="empty until settled")
    returned = Money(allow_null=True)
    settled_at = Moment(allow_null=True)
    rejection = serializers.CharField()
    clv = Figure(help_text="price taken x fair closing probability - 1")
    clv_note = serializers.CharField(help_text="why there is no CLV")


class SettlementShape(Shape):
    sequence = serializers.IntegerField(help_text="above 1: a correction")
    result = serializers.ChoiceField(choices=RESULTS)
    returned = Money()
    at = Moment()
    reason = serializers.CharField()


class BetInFull(BetShape):
    settlements = SettlementShape(source="settlements.all", many=True)
    waterfall = serializers.JSONField(
        source="assessment.waterfall", help_text="steps from what is believed to what is allowed"
    )


class NewBet(Body):
    selection = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    bookmaker = serializers.CharField(max_length=64, help_text="a bookmaker's key")
    price = Price(help_text="the least you accept, and the price taken")
    stake = Money()
    opportunity = serializers.IntegerField(
        min_value=1, max_value=LARGEST_ID, required=False, allow_null=True
    )
    bankroll = serializers.IntegerField(
        min_value=1,
        max_value=LARGEST_ID,
        required=False,
        allow_null=True,
        help_text="your first, if not given",
    )
    venue = serializers.CharField(max_length=16, default="paper")


class Bets(APIView):
    @extend_schema(
        operation_id="bets",
        tags=["bets"],
        parameters=[BetQuery],
        responses={200: paged(BetShape), 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """Your bets, latest first."""
        asked = read_query(request, BetQuery)
        which = BetFilter(
            **{name: asked[name] for name in BetFilter.__dataclass_fields__ if name in asked}
        )
        return page_of(request, self, bets(owner_of(request), which), BetShape)

    @extend_schema(
        operation_id="place_bet",
        tags=["bets"],
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="1 to 96 printable characters, new for each bet",
            )
        ],
        request=NewBet,
        responses={
            201: BetInFull,
            202: BetInFull,
            400: ProblemShape,
            403: ProblemShape,
            409: ProblemShape,
            422: ProblemShape,
        },
    )
    def post(self, request: Request) -> Response:
        """Place a bet, once: repeat with the same Idempotency-Key and you get the same bet.

        201 with the bet as it is now (its status may be `rejected`, with the venue's words); 202
        while the venue has not answered: repeat to look it up; 422 names every limit it breaks.
        """
        request_key = _idempotency_key(request)
        read_query(request, serializers.Serializer)
        asked = read_body(request, NewBet)
        bookmaker = bookmaker_id(asked["bookmaker"])
        if bookmaker is None:
            raise Refused(
                "The bet was not placed.",
                [
                    Fault(
                        field="bookmaker",
                        detail="There is no such bookmaker.",
                        code="unknown",
                        value=asked["bookmaker"],
                    )
                ],
            )
        try:
            bet = place_bet(
                owner_id=owner_of(request),
                request_key=request_key,
                selection_id=asked["selection"],
                bookmaker_id=bookmaker,
                price=asked["price"],
                stake=asked["stake"],
                now=clock.now(),
                opportunity_id=asked.get("opportunity"),
                bankroll_id=asked.get("bankroll"),
                venue=asked["venue"],
            )
        except StakeRefused as refusal:
            raise Refused(
                "The bet was not placed.",
                [
                    Fault(
                        field=breach.field.removesuffix("_id") or "request",
                        detail=breach.detail,
                        code=breach.rule,
                        value=breach.figure,
                        bound=breach.bound,
                    )
                    for breach in refusal.breaches
                ],
            ) from refusal
        except RequestKeyReused as reused:
            raise Conflict(
                "This Idempotency-Key placed another bet; use a new key for a new bet.",
                [Fault(field="Idempotency-Key", detail=str(reused), code="reused")],
            ) from reused
        placed = bet_in_full(owner_of(request), bet.pk)
        return Response(
            BetInFull(placed).data,
            status=status.HTTP_202_ACCEPTED if bet.status == "placing" else status.HTTP_201_CREATED,
        )


class BetDetail(APIView):
    @extend_schema(operation_id="bet", tags=["bets"], responses={200: BetInFull, 404: ProblemShape})
    def get(self, request: Request, bet_id: int) -> Response:
        """One of your bets, with how its stake was decided and how it was settled."""
        read_query(request, serializers.Serializer)
        bet = bet_in_full(owner_of(request), bet_id)
        if bet is None:
            raise Http404
        return Response(BetInFull(bet).data)


def _idempotency_key(request: Request) -> str:
    key = str(request.headers.get("Idempotency-Key", ""))
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        raise BadQuery(
            "Send the header Idempotency-Key.",
            [
                Fault(
                    field="Idempotency-Key",
                    value=key[:LONGEST_KEY],
                    detail="Send 1 to 96 printable characters, new for each bet and the same "
                    "when you repeat one.",
                    code="required" if not key else "invalid",
                )
            ],
            kind="idempotency-key",
        )
    return key


# --- money


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
        parameters=[Query],
        responses={200: paged(BankrollShape), 400: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """Your bankrolls, oldest first: free, at risk, and both together."""
        read_query(request, Query)
        return page_of(request, self, bankrolls_of(owner_of(request)), BankrollShape)


class PerformanceQuery(serializers.Serializer[Any]):
    bankroll = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
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


class UsedShape(Shape):
    day = RoomShape(help_text="all stakes of this UTC day")
    event = RoomShape(help_text="all open bets on the fullest event")
    bet = RoomShape(help_text="one bet")
    free_money = RoomShape()
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
