"""What stands behind a prediction as JSON: any line of the same belief, and why it says so."""

from collections.abc import Callable
from typing import Any

import numpy as np
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import Figure, Refused, Shape, Unavailable, read_query, shows
from models_registry import selectors
from models_registry.api.predictions import PredictionShape
from models_registry.artifacts import ArtifactRefused
from models_registry.domain.families import read_scores
from models_registry.domain.features import SignatureMismatch
from models_registry.domain.games import FloatArray
from models_registry.domain.lines import HalfLine, spreads_about_even, totals_about_even
from models_registry.domain.scores import Outcomes
from models_registry.explaining import explain

MOST_POINTS = 1000


class Line(serializers.FloatField):
    """A line in points or goals: a multiple of a quarter."""

    def to_internal_value(self, data: Any) -> float:  # noqa: ANN401
        value = super().to_internal_value(data)
        if abs(value) > MOST_POINTS or (value * 4) % 1:
            raise serializers.ValidationError(
                f"Give a multiple of 0.25, at most {MOST_POINTS} either way."
            )
        return value


class PartShape(Shape):
    feature = serializers.CharField(source="name")
    value = Figure()
    usual = Figure(help_text="the mean of the training games")
    deviations = Figure(help_text="how far from usual, in standard deviations")
    log_odds = Figure(help_text="what it adds to the log-odds of the home side")


class LikeShape(Shape):
    event = serializers.IntegerField(source="event.pk")
    home = serializers.CharField(source="event.home.name")
    away = serializers.CharField(source="event.away.name")
    day = serializers.DateField(source="event.day")
    home_score = serializers.IntegerField(source="event.home_score")
    away_score = serializers.IntegerField(source="event.away_score")
    distance = Figure()


class MoveShape(Shape):
    feature = serializers.CharField()
    before = Figure()
    after = Figure()
    deviations = Figure()
    home_probability = Figure(source="probability")


class ExplanationShape(Shape):
    prediction = PredictionShape()
    base = Figure(help_text="log-odds of a game about which nothing is special")
    log_odds = Figure(help_text="base and all contributions summed")
    contributions = PartShape(source="parts", many=True, help_text="the loudest first")
    distance = Figure(help_text="from the games the version was trained on")
    limit = Figure(help_text="beyond this distance it would have refused")
    like = LikeShape(many=True, help_text="the training games most like it")
    flips = MoveShape(many=True, help_text="single features that would change the favourite")
    moves = MoveShape(many=True, help_text="... that would move the probability by 5 points")


class LinesQuery(serializers.Serializer[Any]):
    spread = Line(required=False, help_text="added to the home side's score, such as -5.5")
    total = Line(required=False, help_text="such as 221.5")


class EndsShape(Shape):
    """Shares of a stake, on average; on whole and half lines these are probabilities."""

    line = Figure()
    win = Figure()
    push = Figure()
    lose = Figure()


class LinesShape(Shape):
    spreads = EndsShape(many=True, help_text="bets on the home side")
    totals = EndsShape(many=True, help_text="bets on over")


class PredictionLines(APIView):
    @extend_schema(
        operation_id="prediction_lines",
        tags=["models"],
        parameters=[LinesQuery],
        responses={200: LinesShape},
    )
    def get(self, request: Request, prediction_id: int) -> Response:
        """What a prediction says of any spread and any total: one belief, so never contradictory.

        Without a line, half lines about the even one. 422 where the version says who wins only.
        """
        asked = read_query(request, LinesQuery)
        found = selectors.prediction_in_full(prediction_id)
        if found is None:
            raise Http404
        read = read_scores([found.distribution])
        if not read:
            raise Refused(f"{found.version} says who wins, and nothing of the score.")
        scores = read[0][1]
        return Response(
            {
                "spreads": [_ends(asked["spread"], scores.spread)]
                if "spread" in asked
                else [_half_line(each) for each in spreads_about_even(scores)],
                "totals": [_ends(asked["total"], scores.total)]
                if "total" in asked
                else [_half_line(each) for each in totals_about_even(scores)],
            }
        )


def _ends(line: float, bet: Callable[[FloatArray], Outcomes]) -> dict[str, float]:
    ends = bet(np.array([line]))
    told = {"win": ends.win, "push": ends.push, "lose": ends.lose}
    return {"line": line} | {name: float(share[0]) for name, share in told.items()}


def _half_line(each: HalfLine) -> dict[str, float]:
    return {"line": each.line, "win": each.win, "push": 0.0, "lose": each.lose}


class PredictionWhy(APIView):
    @shows("prediction_explanation", tag="models", of=ExplanationShape)
    def get(self, _request: Request, prediction_id: int) -> object:
        """Why a version said what it said of an event, worked out when asked.

        503 if the version's files are broken.
        """
        found = selectors.prediction_in_full(prediction_id)
        if found is None:
            return None
        try:
            return explain(found)
        except ArtifactRefused as refusal:
            raise Unavailable(refusal.plain, kind="nothing-serves") from refusal
        except SignatureMismatch as refusal:
            raise Unavailable(str(refusal), kind="nothing-serves") from refusal
