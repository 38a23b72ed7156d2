"""Bets as JSON, and placing one."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    Body,
    Figure,
    Id,
    Moment,
    Money,
    Point,
    Price,
    Query,
    Refused,
    Shape,
    Sort,
    filter_of,
    idempotency_key,
    lists,
    owner_of,
    shows,
    writes_in_steps,
)
from accounts.problems import Fault
from accounts.repeats import KeyReused
from accounts.scopes import BET, READ_OWN
from betting.domain.tags import LONGEST_TAG
from betting.selectors.bets import BetFilter, bet_in_full, bets
from betting.selectors.opportunities import bookmaker_id
from betting.services.placement import RequestKeyReused, StakeRefused, place_bet
from odds.api.events import SIDES

BET_STATUSES = ("placing", "pending", "open", "rejected", "cancelled", "settled")
WAITING = ("placing", "pending")
RESULTS = ("won", "half_won", "push", "void", "half_lost", "lost", "dead_heat")


class BetQuery(Query):
    status = serializers.ChoiceField(choices=BET_STATUSES, required=False)
    result = serializers.ChoiceField(choices=RESULTS, required=False)
    competition = serializers.CharField(max_length=64, required=False)
    event = Id()
    market = serializers.CharField(max_length=48, required=False)
    bookmaker = serializers.CharField(max_length=64, required=False)
    bankroll = Id()
    tag = serializers.CharField(max_length=LONGEST_TAG, required=False)
    placed_after = Moment(required=False, help_text="at or after this time")
    placed_before = Moment(required=False, help_text="before this time")
    sort = Sort(
        placed_at="placed_at",
        starts_at="selection__market__event__starts_at",
        stake="stake",
        price="price",
        settled_at="settled_at",
    )


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
    point = Point(source="selection.point")
    bookmaker = serializers.CharField(source="bookmaker.key")
    opportunity = serializers.IntegerField(source="opportunity_id", allow_null=True)
    price = Price()
    commission_share = serializers.DecimalField(
        max_digits=5, decimal_places=4, help_text="of net winnings, as it was when it was placed"
    )
    stake = Money(help_text="asked; what the venue took of it is matched_stake")
    matched_stake = Money(allow_null=True, help_text="null until the bet is open")
    matched_price = serializers.DecimalField(
        max_digits=12,
        decimal_places=6,
        allow_null=True,
        help_text="the average price of what was matched; what settlement uses",
    )
    fair_probability = Figure(help_text="believed when it was placed")
    status = serializers.ChoiceField(choices=BET_STATUSES)
    placed_at = Moment()
    result = serializers.CharField(help_text="empty until settled")
    returned = Money(allow_null=True)
    settled_at = Moment(allow_null=True)
    rejection = serializers.CharField(help_text="in the venue's words")
    rejection_code = serializers.CharField(
        help_text="why nothing was matched: price_moved, market_closed, timed_out, ..."
    )
    clv = Figure(help_text="price taken x fair closing probability - 1")
    clv_note = serializers.CharField(
        help_text="why there is no CLV, or from which other line it was found"
    )
    tags = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(help_text="your own words")


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
    selection = Id(required=True)
    bookmaker = serializers.CharField(max_length=64, help_text="a bookmaker's key")
    price = Price(help_text="the least you accept, and the price taken")
    stake = Money()
    opportunity = Id(allow_null=True)
    bankroll = Id(allow_null=True, help_text="your first, if not given")
    venue = serializers.CharField(max_length=16, default="paper")


class Bets(APIView):
    @lists("bets", tag="bets", of=BetShape, by=BetQuery, scope=READ_OWN)
    def get(self, request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Your bets, latest first."""
        return bets(owner_of(request), filter_of(BetFilter, asked))

    @writes_in_steps(
        "place_bet", tag="bets", scope=BET, takes=NewBet, gives={201: BetInFull, 202: BetInFull}
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Place a bet, once: repeat with the same Idempotency-Key and you get the same bet.

        201 with the bet as it is now (its status may be `rejected`, with the venue's words); 202
        while the venue has not answered: repeat to look it up; 422 names every limit it breaks.
        """
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
                request_key=idempotency_key(request),
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
            raise KeyReused(str(reused)) from reused
        placed = bet_in_full(owner_of(request), bet.pk)
        return Response(
            BetInFull(placed).data,
            status=status.HTTP_202_ACCEPTED if bet.status in WAITING else status.HTTP_201_CREATED,
        )


class BetDetail(APIView):
    @shows("bet", tag="bets", of=BetInFull, scope=READ_OWN)
    def get(self, request: Request, bet_id: int) -> object:
        """One of your bets, with how its stake was decided and how it was settled."""
        return bet_in_full(owner_of(request), bet_id)
