"""The life of model versions as JSON: train, cancel, promote, roll back, stage, tag, note."""

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
    Id,
    Moment,
    Query,
    Refused,
    Shape,
    lists,
    owner_of,
    read_query,
    shows,
    writes,
)
from accounts.problems import Fault
from accounts.scopes import OPERATE
from models_registry import comparison, life, selectors, services
from models_registry.api.versions import PromotionShape, VersionInFull
from models_registry.history import NoSuchCompetition
from models_registry.tasks import queue_training

REFUSALS = (*services.REFUSALS, NoSuchCompetition)
STAGES = ("candidate", "staging", "archived")
STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
Answer = TypeVar("Answer")
Post = Callable[..., Response]


class LogQuery(Query):
    predictor = serializers.CharField(max_length=64, required=False)
    version = Id(help_text="a model version's id")


class PromotionQuery(LogQuery):
    at_after = Moment(required=False, help_text="at or after this time")
    at_before = Moment(required=False, help_text="before this time")


class RunQuery(Query):
    predictor = serializers.CharField(max_length=64, required=False)
    competition = serializers.CharField(max_length=64, required=False)
    status = serializers.ChoiceField(choices=STATUSES, required=False)


class ChampionQuery(serializers.Serializer[Any]):
    predictor = serializers.CharField(max_length=64)
    at = Moment(required=False, help_text="who priced then; now, if not given")


class CompareQuery(serializers.Serializer[Any]):
    first = Id(required=True, help_text="a model version's id")
    second = Id(required=True)


class LoggedPromotion(PromotionShape):
    id = serializers.IntegerField(source="pk")
    predictor = serializers.CharField(source="version.predictor.key")
    version = serializers.IntegerField(source="version_id")
    number = serializers.IntegerField(source="version.number")
    replaced = serializers.IntegerField(source="replaced_id", allow_null=True)


class StageChangeShape(Shape):
    id = serializers.IntegerField(source="pk")
    version = serializers.IntegerField(source="version_id")
    version_name = serializers.CharField(source="version")
    before = serializers.CharField()
    stage = serializers.CharField()
    at = Moment()
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    reason = serializers.CharField()


class RunShape(Shape):
    id = serializers.IntegerField(source="pk")
    predictor = serializers.CharField(source="predictor.key")
    competition = serializers.CharField(source="predictor.competition.key")
    status = serializers.ChoiceField(choices=STATUSES)
    step = serializers.CharField()
    folds_done = serializers.IntegerField()
    folds = serializers.IntegerField(help_text="0: not known yet")
    attempt = serializers.IntegerField(help_text="2: another worker went on where the first died")
    cause = serializers.CharField(help_text="asked, scheduled or drift")
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    until = Moment(help_text="nothing known later is used")
    notes = serializers.CharField()
    recipe = serializers.CharField(help_text="empty: the trial's, or the usual one")
    asked_at = Moment()
    started_at = Moment(allow_null=True)
    heartbeat_at = Moment(allow_null=True, help_text="its last step")
    finished_at = Moment(allow_null=True)
    cancel_asked_at = Moment(allow_null=True)
    version = serializers.IntegerField(source="version_id", allow_null=True)
    error = serializers.CharField(help_text="why it made no version")


class GateShape(Shape):
    name = serializers.CharField()
    passed = serializers.BooleanField()
    figure = serializers.FloatField()
    bound = serializers.FloatField()
    detail = serializers.CharField()


class GatesShape(Shape):
    version = serializers.IntegerField()
    passed = serializers.BooleanField(help_text="every gate")
    gates = GateShape(many=True)


class ComparisonShape(Shape):
    games = serializers.IntegerField(help_text="events of both records")
    first = serializers.JSONField(help_text="figures and calibration")
    second = serializers.JSONField()
    elo = serializers.JSONField()
    close = serializers.JSONField(help_text="null: none")
    difference = serializers.FloatField(help_text="in log loss; below zero, the first is better")
    interval = serializers.ListField(child=serializers.FloatField(), help_text="of it, 95 %")
    verdict = serializers.CharField()
    mean_disagreement = serializers.FloatField()
    events = serializers.JSONField(help_text="those they differ on most")
    made_from = serializers.JSONField(help_text="what they do not have in common")


class Reasoned(Body):
    reason = serializers.CharField(max_length=500, help_text="kept in the log for ever")


class RollBackBody(Reasoned):
    predictor = serializers.CharField(max_length=64)


class StageBody(Reasoned):
    stage = serializers.ChoiceField(choices=STAGES)


class TagBody(Body):
    tag = serializers.CharField(max_length=40)


class NoteBody(Body):
    text = serializers.CharField(max_length=2000)


class TrainBody(Body):
    competition = serializers.CharField(max_length=64)
    until = Moment(required=False, help_text="use nothing known later; now, if not given")
    notes = serializers.CharField(max_length=500, required=False, default="")
    recipe = serializers.CharField(
        max_length=24,
        required=False,
        default="",
        help_text="logistic+lightgbm, say; the usual one of the competition, if not given",
    )


class Promotions(APIView):
    @lists("promotions", tag="models", of=LoggedPromotion, by=PromotionQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Who became the champion, when, why, and what each gate said; latest first."""
        return life.promotions(
            predictor=asked.get("predictor"), version_id=asked.get("version"),
            at_after=asked.get("at_after"), at_before=asked.get("at_before"),
        )  # fmt: skip


class StageChanges(APIView):
    @lists("stage_changes", tag="models", of=StageChangeShape, by=LogQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Which version went from which stage to which, latest first."""
        return life.stage_changes(predictor=asked.get("predictor"), version_id=asked.get("version"))


class Champion(APIView):
    @extend_schema(
        operation_id="champion", tags=["models"], parameters=[ChampionQuery],
        responses={200: VersionInFull},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """The version that prices, or priced at a moment."""
        asked = read_query(request, ChampionQuery)
        version = life.champion_at(asked["predictor"], asked.get("at") or clock.now())
        if version is None:
            raise Http404
        return _version(version.pk)


class Compare(APIView):
    @extend_schema(
        operation_id="compare_models", tags=["models"], parameters=[CompareQuery],
        responses={200: ComparisonShape},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Two versions on the events of both records: figures, calibration, where they differ."""
        asked = read_query(request, CompareQuery)
        pair = [selectors.versions().filter(pk=asked[name]).first() for name in ("first", "second")]
        if pair[0] is None or pair[1] is None:
            raise Http404
        try:
            answer = comparison.compare_versions(pair[0], pair[1])
        except (comparison.NothingInCommon, *services.REFUSALS) as refusal:
            raise Refused(str(refusal)) from refusal
        return Response(ComparisonShape(answer).data)


class Gates(APIView):
    @extend_schema(
        operation_id="model_gates", tags=["models"],
        responses={200: GatesShape},
    )  # fmt: skip
    def get(self, request: Request, version_id: int) -> Response:
        """What the gates say of a version now; promoting it asks them again."""
        read_query(request, serializers.Serializer)
        version = selectors.versions().filter(pk=version_id).first()
        if version is None:
            raise Http404
        gates = _done(lambda: services.gates_of(version))
        passed = all(gate.passed for gate in gates)
        return Response(GatesShape({"version": version_id, "passed": passed, "gates": gates}).data)


class Runs(APIView):
    @lists("training_runs", tag="models", of=RunShape, by=RunQuery)
    def get(self, _request: Request, asked: dict[str, Any]) -> QuerySet[Any]:
        """Training runs with their progress, the last asked for first."""
        return life.training_runs(
            predictor=asked.get("predictor"), competition=asked.get("competition"),
            status=asked.get("status"),
        )  # fmt: skip

    @writes("train", tag="models", scope=OPERATE, takes=TrainBody, gives={202: RunShape})
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Ask for a training; a worker begins it. One at a time of a predictor. For operators."""
        now = clock.now()
        run = _done(
            lambda: services.ask_for_training(
                competition_key=asked["competition"], until=asked.get("until") or now,
                by_id=owner_of(request), now=now, notes=asked["notes"], recipe=asked["recipe"],
            )
        )  # fmt: skip
        transaction.on_commit(partial(queue_training, run.pk))
        return Response(RunShape(run).data, status=202)


class RunDetail(APIView):
    @shows("training_run", tag="models", of=RunShape)
    def get(self, _request: Request, run_id: int) -> object:
        """One training run: how far it is, or what became of it."""
        return life.training_runs().filter(pk=run_id).first()


class CancelRun(APIView):
    @writes("cancel_training", tag="models", scope=OPERATE, takes=Reasoned, gives={200: RunShape})
    def post(self, request: Request, asked: dict[str, Any], run_id: int) -> Response:
        """Cancel a run: one that waits at once, one that works at its next step. For operators."""
        _done(
            lambda: services.cancel_training(
                run_id=run_id, by_id=owner_of(request), reason=asked["reason"], now=clock.now()
            )
        )
        return Response(RunShape(life.training_runs().get(pk=run_id)).data)


def _writes(name: str, takes: type[Body]) -> Callable[[Post], Post]:
    return writes(name, tag="models", scope=OPERATE, takes=takes, gives={200: VersionInFull})


class Promote(APIView):
    @_writes("promote", Reasoned)
    def post(self, request: Request, asked: dict[str, Any], version_id: int) -> Response:
        """Make a version the champion, if every gate agrees. For operators."""
        return _change(services.promote_version, request, version_id, reason=asked["reason"])


class RollBack(APIView):
    @_writes("roll_back", RollBackBody)
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Return to the champion before; no gate is asked. For operators."""
        promotion = _done(
            lambda: services.roll_back(
                predictor_key=asked["predictor"], by_id=owner_of(request),
                reason=asked["reason"], now=clock.now(),
            )
        )  # fmt: skip
        return _version(promotion.version_id)


class SetStage(APIView):
    @_writes("stage", StageBody)
    def post(self, request: Request, asked: dict[str, Any], version_id: int) -> Response:
        """Put a version in a stage; in staging it predicts in shadow. For operators."""
        return _change(services.stage_version, request, version_id, **asked)


class Tag(APIView):
    @_writes("tag", TagBody)
    def post(self, request: Request, asked: dict[str, Any], version_id: int) -> Response:
        """Put a tag on a version. For operators."""
        return _change(services.tag_version, request, version_id, **asked)


class Untag(APIView):
    @_writes("untag", TagBody)
    def post(self, request: Request, asked: dict[str, Any], version_id: int) -> Response:
        """Take a tag off a version. For operators."""
        return _change(services.untag_version, request, version_id, **asked)


class Note(APIView):
    @_writes("note", NoteBody)
    def post(self, request: Request, asked: dict[str, Any], version_id: int) -> Response:
        """Add a note about a version, which stays for ever. For operators."""
        return _change(services.note_on_version, request, version_id, **asked)


def _change(
    do: Callable[..., object], request: Request, version_id: int, **asked: object
) -> Response:
    _done(lambda: do(version_id=version_id, by_id=owner_of(request), now=clock.now(), **asked))
    return _version(version_id)


def _done(do: Callable[[], Answer]) -> Answer:
    """Return what a service gives; its refusal is a 422, a row that is not there a 404."""
    try:
        return do()
    except ObjectDoesNotExist:
        raise Http404 from None
    except services.PromotionRefused as refusal:
        faults = [
            Fault(
                field="version", code=gate.name.replace(" ", "-"), detail=gate.detail,
                value=str(gate.figure), bound=str(gate.bound),
            )
            for gate in refusal.gates
            if not gate.passed
        ]  # fmt: skip
        raise Refused(str(refusal), faults) from refusal
    except REFUSALS as refusal:
        raise Refused(str(refusal)) from refusal


def _version(version_id: int) -> Response:
    return Response(VersionInFull(selectors.version_in_full(version_id)).data)
