"""Backtests and sweeps as JSON: seen, asked for, stopped, gone on with, held beside each other."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.api import (
    Body,
    Figure,
    Id,
    Moment,
    ProblemShape,
    Query,
    Refused,
    Shape,
    Whole,
    lists,
    owner_of,
    read_query,
    shows,
    writes,
)
from accounts.problems import Fault
from accounts.scopes import OPERATE
from betting import tasks
from betting.api.performance import GroupShape
from betting.domain.costs import BadCosts, Costs
from betting.selectors import backtests as selectors
from betting.services.backtests import BacktestRefused, Wish, ask_for_backtest, cancel_backtest
from betting.services.sweeps import resume_sweep, start_sweep, stop_sweep

STATUSES = ("queued", "running", "done", "failed", "cancelled")
SWEEP_STATUSES = ("running", "done", "stopped", "failed")
Answer = TypeVar("Answer")


class BacktestQuery(Query):
    strategy = serializers.CharField(max_length=48, required=False)
    competition = serializers.CharField(max_length=64, required=False)
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    sweep = Id(help_text="the trials of one sweep; without it, those of none")


class SweepQuery(Query):
    strategy = serializers.CharField(max_length=48, required=False)
    competition = serializers.CharField(max_length=64, required=False)
    status = serializers.ChoiceField(choices=SWEEP_STATUSES, required=False)


class CompareQuery(serializers.Serializer[Any]):
    ids = serializers.RegexField(
        r"^[0-9]{1,9}(,[0-9]{1,9}){1,3}$", help_text="two to four, with commas: 12,14"
    )


class OpeningOfBacktest(Shape):
    season = serializers.CharField()
    number = serializers.IntegerField(help_text="1: the only look that counts in full")
    at = Moment()
    by = serializers.CharField(source="by.username", default=None)
    reason = serializers.CharField(help_text="why it was opened again")


class BacktestShape(Shape):
    id = serializers.IntegerField(source="pk")
    strategy = serializers.CharField(source="strategy_key")
    version = serializers.IntegerField(
        source="version.number", default=None, help_text="of the strategy"
    )
    sweep = serializers.IntegerField(source="sweep_id", allow_null=True)
    number = serializers.IntegerField(help_text="within its sweep")
    changed = serializers.JSONField(help_text="settings that differ from the version's")
    costs = serializers.JSONField()
    competition = serializers.CharField(source="competition_key")
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    status = serializers.ChoiceField(choices=STATUSES)
    step = serializers.CharField()
    by = serializers.CharField(source="by.username", default=None)
    asked_at = Moment(source="started_at")
    finished_at = Moment(allow_null=True)
    cancel_asked_at = Moment(allow_null=True)
    error = serializers.CharField()
    data_hash = serializers.CharField(help_text="of all that it rests on")
    code_version = serializers.CharField()
    opening = OpeningOfBacktest(
        allow_null=True, help_text="the held-out season that every figure of it has seen"
    )
    summary = serializers.JSONField(help_text="once done: figures, refusals, locks of breakers")


class TriedShape(Shape):
    tries = serializers.IntegerField(help_text="configurations that have seen these days")
    chance = Figure(help_text="what the best of so many shows by chance")
    left = Figure(help_text="of the yield")


class BacktestInFull(BacktestShape):
    configuration = serializers.JSONField(help_text="with the limits and breakers it kept to")
    outlook = serializers.JSONField(
        help_text="how luck could go on: a `sentence`, and the futures `record`, `beliefs`, "
        "`no_edge`; empty for trials of a sweep"
    )
    tried = TriedShape(allow_null=True)
    groups = serializers.DictField(
        child=GroupShape(many=True), help_text="its bets cut by book, market, edge, regime and more"
    )


class SweepShape(Shape):
    id = serializers.IntegerField(source="pk")
    strategy = serializers.CharField(source="strategy_key")
    competition = serializers.CharField(source="competition_key")
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    kind = serializers.ChoiceField(choices=("grid", "random"))
    space = serializers.JSONField()
    seed = serializers.IntegerField()
    periods = serializers.IntegerField()
    workers = serializers.IntegerField(help_text="trials at once")
    status = serializers.ChoiceField(choices=SWEEP_STATUSES)
    done = serializers.IntegerField(help_text="trials")
    trials_wanted = serializers.IntegerField(source="count")
    by = serializers.CharField(source="by.username", default=None)
    asked_at = Moment()
    finished_at = Moment(allow_null=True)
    error = serializers.CharField()
    summary = serializers.JSONField(
        help_text="once done: `budget` (what the best is worth), `walked` (what choosing as time "
        "went earned), `outlook` of that"
    )


class SweepInFull(SweepShape):
    trials = BacktestShape(many=True, source="ranked", help_text="best yield first")


class ComparedShape(Shape):
    backtests = BacktestShape(many=True)
    differences = serializers.JSONField(
        help_text="settings, costs and limits in which they differ: name, and each one's value"
    )


class CostsBody(Body):
    commission = serializers.FloatField(required=False, min_value=0, max_value=1)
    latency = serializers.FloatField(required=False, min_value=0, max_value=86_400)
    slippage = serializers.FloatField(required=False, min_value=0, max_value=1)
    worse = serializers.FloatField(required=False, min_value=0, max_value=1)


class StretchBody(Body):
    strategy = serializers.CharField(max_length=48)
    competition = serializers.CharField(max_length=64)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    changed = serializers.JSONField(
        required=False, help_text="settings other than the strategy's, by name"
    )
    costs = CostsBody(required=False, help_text="shares: 0.02 is 2 %; latency in seconds")


class BacktestBody(StretchBody):
    opens_held_out = serializers.BooleanField(
        default=False, help_text="look at a held-out season; it is recorded and counted"
    )
    reason = serializers.CharField(
        max_length=500, default="", allow_blank=True,
        help_text="why a season is opened again that this strategy saw before",
    )  # fmt: skip


class SweepBody(StretchBody):
    space = serializers.JSONField(help_text='{"min_edge": [0.01, 0.02], "min_books": [3, 5]}')
    draw = Whole(
        required=False, min_value=1, max_value=500, help_text="so many at random; else all of them"
    )
    periods = Whole(default=8, min_value=2, max_value=52)
    workers = Whole(default=2, min_value=1, max_value=16)
    seed = Whole(default=0, min_value=0, max_value=2_147_483_647)


class Backtests(APIView):
    @lists("backtests", tag="backtests", of=BacktestShape, by=BacktestQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Backtests with how far each is, the last asked for first."""
        return selectors.backtests(
            strategy=asked.get("strategy"), competition=asked.get("competition"),
            status=asked.get("status"), sweep_id=asked.get("sweep"),
        )  # fmt: skip

    @writes(
        "run_backtest", tag="backtests", scope=OPERATE, takes=BacktestBody,
        gives={202: BacktestShape},
    )  # fmt: skip
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Ask for a backtest; a worker takes it. For operators."""
        row = _done(
            lambda: ask_for_backtest(
                _wish(asked),
                by_id=owner_of(request),
                now=clock.now(),
                opens_held_out=asked["opens_held_out"],
                reason=asked["reason"],
            )
        )
        transaction.on_commit(partial(tasks.queue_backtest, row.pk))
        return Response(BacktestShape(row).data, status=202)


class BacktestDetail(APIView):
    @shows("backtest", tag="backtests", of=BacktestInFull)
    def get(self, _request: Request, backtest_id: int) -> object:
        """One backtest: figures, cuts, risk of ruin, and how many were tried on its days."""
        return selectors.backtest_in_full(backtest_id)


class CancelBacktest(APIView):
    @writes("cancel_backtest", tag="backtests", scope=OPERATE, gives={200: BacktestShape})
    def post(self, request: Request, _asked: dict[str, Any], backtest_id: int) -> Response:
        """Cancel a backtest: at once while it waits, at its next step while it runs."""
        row = _done(
            lambda: cancel_backtest(
                backtest_id=backtest_id, by_id=owner_of(request), now=clock.now()
            )
        )
        return Response(BacktestShape(row).data)


class CompareBacktests(APIView):
    @extend_schema(
        operation_id="compare_backtests",
        tags=["backtests"],
        parameters=[CompareQuery],
        responses={200: ComparedShape, 400: ProblemShape, 404: ProblemShape},
    )
    def get(self, request: Request) -> Response:
        """Two to four backtests that are done, and in what they differ."""
        asked = [int(each) for each in read_query(request, CompareQuery)["ids"].split(",")]
        rows = selectors.compared(asked)
        if len(rows) < len(set(asked)):
            raise Http404
        told = {"backtests": rows, "differences": selectors.differences(rows)}
        return Response(ComparedShape(told).data)


class Sweeps(APIView):
    @lists("sweeps", tag="backtests", of=SweepShape, by=SweepQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Sweeps with how far each is, the last begun first."""
        return selectors.sweeps(
            strategy=asked.get("strategy"), competition=asked.get("competition"),
            status=asked.get("status"),
        )  # fmt: skip

    @writes("sweep", tag="backtests", scope=OPERATE, takes=SweepBody, gives={202: SweepShape})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Begin a sweep on the workers; it never sees a held-out season. For operators."""
        made = _done(
            lambda: start_sweep(
                _wish(asked),
                space=_mapping("space", asked["space"]),
                most=asked.get("draw"),
                periods=asked["periods"],
                workers=asked["workers"],
                seed=asked["seed"],
                by_id=owner_of(request),
                now=clock.now(),
            )
        )
        transaction.on_commit(partial(tasks.queue_sweep, made.pk, workers=made.workers))
        return Response(SweepShape(selectors.sweeps().get(pk=made.pk)).data, status=202)


class SweepDetail(APIView):
    @shows("sweep_in_full", tag="backtests", of=SweepInFull)
    def get(self, _request: Request, sweep_id: int) -> object:
        """One sweep with its trials, what the best is worth, and what choosing earned."""
        return selectors.sweep_in_full(sweep_id)


class StopSweep(APIView):
    @writes("stop_sweep", tag="backtests", scope=OPERATE, gives={200: SweepShape})
    def post(self, request: Request, _asked: dict[str, Any], sweep_id: int) -> Response:
        """Stop a sweep: what waits is put aside, what runs is put down at its next step."""
        _done(lambda: stop_sweep(sweep_id=sweep_id, by_id=owner_of(request), now=clock.now()))
        return Response(SweepShape(selectors.sweeps().get(pk=sweep_id)).data)


class ResumeSweep(APIView):
    @writes("resume_sweep", tag="backtests", scope=OPERATE, gives={200: SweepShape})
    def post(self, request: Request, _asked: dict[str, Any], sweep_id: int) -> Response:
        """Go on with a sweep that was stopped or failed: what is done is not done again."""
        moved = _done(
            lambda: resume_sweep(sweep_id=sweep_id, by_id=owner_of(request), now=clock.now())
        )
        transaction.on_commit(partial(tasks.queue_sweep, sweep_id, workers=moved.workers))
        return Response(SweepShape(selectors.sweeps().get(pk=sweep_id)).data)


def _wish(asked: dict[str, Any]) -> Wish:
    try:
        costs = Costs(**asked.get("costs", {}))
    except BadCosts as refused:
        raise _refused(str(refused)) from None
    return Wish(
        strategy_key=asked["strategy"],
        competition_key=asked["competition"],
        starts_on=asked["starts_on"],
        ends_on=asked["ends_on"],
        changed=_mapping("changed", asked.get("changed", {})),
        costs=costs,
    )


def _mapping(name: str, given: object) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _refused(f'{name}: write settings by name, such as {{"min_edge": 0.02}}.')
    return given


def _done(do: Callable[[], Answer]) -> Answer:
    try:
        return do()
    except ObjectDoesNotExist:
        raise Http404 from None
    except BacktestRefused as refusal:
        raise _refused(str(refusal)) from None


def _refused(words: str) -> Refused:
    field, told, _ = words.partition(":")
    return Refused(words, [Fault(field if told else "request", words, code="refused")])
