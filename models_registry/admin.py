"""Versions, promotions and predictions, for operators."""

from collections.abc import Callable
from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import clock
from accounts.operating import Evidence
from models_registry import models, services
from models_registry.history import NoSuchCompetition
from models_registry.tasks import queue_training


@admin.register(models.Predictor)
class PredictorAdmin(Evidence):
    list_display = ("key", "competition", "market_key")
    list_filter = ("market_key",)
    list_select_related = ("competition",)
    search_fields = ("key",)
    actions = ("put_back", "train")

    @admin.action(description="Roll back to the champion before", permissions=["operate"])
    def put_back(self, request: HttpRequest, rows: QuerySet[models.Predictor]) -> None:
        self.deed(
            request,
            rows,
            lambda predictor, reason: services.roll_back(
                predictor_key=predictor.key,
                by_id=request.user.pk,
                reason=reason,
                now=clock.now(),
            ),
            refusals=services.REFUSALS,
        )

    @admin.action(description="Train a version on everything known now", permissions=["operate"])
    def train(self, request: HttpRequest, rows: QuerySet[models.Predictor]) -> None:
        def ask(predictor: models.Predictor, reason: str) -> None:
            now = clock.now()
            run = services.ask_for_training(
                competition_key=predictor.competition.key, until=now, by_id=request.user.pk,
                now=now, notes=reason,
            )  # fmt: skip
            queue_training(run.pk)

        self.deed(request, rows, ask, refusals=(*services.REFUSALS, NoSuchCompetition))


@admin.register(models.ModelVersion)
class ModelVersionAdmin(Evidence):
    list_display = ("__str__", "algorithm", "created_at", "trained_until", "game_count")
    list_filter = ("predictor", "algorithm")
    list_select_related = ("predictor",)
    search_fields = ("predictor__key", "notes", "data_hash", "checksum")
    actions = ("promote", "stage", "archive", "unarchive", "note", "tag", "untag")

    @admin.action(description="Promote to champion, if the gates agree", permissions=["operate"])
    def promote(self, request: HttpRequest, rows: QuerySet[models.ModelVersion]) -> None:
        self._change(request, rows, services.promote_version, "reason")

    @admin.action(description="Stage: staging, to predict in shadow", permissions=["operate"])
    def stage(self, request: HttpRequest, rows: QuerySet[models.ModelVersion]) -> None:
        self._change(request, rows, services.stage_version, "reason", stage="staging")

    @admin.action(description="Stage: archived", permissions=["operate"])
    def archive(self, request: HttpRequest, rows: QuerySet[models.ModelVersion]) -> None:
        self._change(request, rows, services.stage_version, "reason", stage="archived")

    @admin.action(description="Stage: candidate (unarchive)", permissions=["operate"])
    def unarchive(self, request: HttpRequest, rows: QuerySet[models.ModelVersion]) -> None:
        self._change(request, rows, services.stage_version, "reason", stage="candidate")

    @admin.action(description="Add the reason as a note", permissions=["operate"])
    def note(self, request: HttpRequest, rows: QuerySet[models.ModelVersion]) -> None:
        self._change(request, rows, services.note_on_version, "text")

    @admin.action(description="Put the reason on as a tag", permissions=["operate"])
    def tag(self, request: HttpRequest, rows: QuerySet[models.ModelVersion]) -> None:
        self._change(request, rows, services.tag_version, "tag")

    @admin.action(description="Take the reason off as a tag", permissions=["operate"])
    def untag(self, request: HttpRequest, rows: QuerySet[models.ModelVersion]) -> None:
        self._change(request, rows, services.untag_version, "tag")

    def _change(
        self,
        request: HttpRequest,
        rows: QuerySet[models.ModelVersion],
        do: Callable[..., object],
        said_as: str,
        **asked: str,
    ) -> None:
        self.deed(
            request,
            rows,
            lambda version, reason: do(
                version_id=version.pk,
                by_id=request.user.pk,
                now=clock.now(),
                **{said_as: reason},
                **asked,
            ),
            refusals=services.REFUSALS,
        )


@admin.register(models.Promotion)
class PromotionAdmin(Evidence):
    list_display = ("at", "version", "kind", "replaced", "by", "reason")
    list_filter = ("kind", "predictor")
    list_select_related = ("version__predictor", "replaced__predictor", "by")
    search_fields = ("predictor__key", "reason")


@admin.register(models.StageChange)
class StageChangeAdmin(Evidence):
    list_display = ("at", "version", "before", "stage", "by", "reason")
    list_filter = ("stage", "version__predictor")
    list_select_related = ("version__predictor", "by")
    search_fields = ("version__predictor__key", "reason")


@admin.register(models.Remark)
class RemarkAdmin(Evidence):
    list_display = ("at", "version", "kind", "text", "by")
    list_filter = ("kind", "version__predictor")
    list_select_related = ("version__predictor", "by")
    search_fields = ("version__predictor__key", "text")


@admin.register(models.TrainingRun)
class TrainingRunAdmin(Evidence):
    list_display = ("predictor", "asked_at", "finished_at", "status", "step", "version", "by")
    list_filter = ("status", "cause", "predictor")
    list_select_related = ("predictor", "version__predictor", "by")
    search_fields = ("predictor__key", "error")
    actions = ("cancel",)

    @admin.action(description="Cancel, at the next step", permissions=["operate"])
    def cancel(self, request: HttpRequest, rows: QuerySet[models.TrainingRun]) -> None:
        self.deed(
            request,
            rows,
            lambda run, reason: services.cancel_training(
                run_id=run.pk, by_id=request.user.pk, reason=reason, now=clock.now()
            ),
            refusals=services.REFUSALS,
        )


@admin.register(models.Prediction)
class PredictionAdmin(Evidence):
    list_display = ("event", "version", "home_probability", "as_of", "made_at")
    list_filter = ("version__predictor",)
    list_select_related = ("event__home", "event__away", "version__predictor")
    search_fields = ("event__home__name", "event__away__name")
    ordering: ClassVar = ("-pk",)


@admin.register(models.Refusal)
class RefusalAdmin(Evidence):
    list_display = ("event", "version", "cause", "detail", "as_of")
    list_filter = ("cause", "version__predictor")
    list_select_related = ("event__home", "event__away", "version__predictor")
    search_fields = ("event__home__name", "event__away__name", "detail")
    ordering: ClassVar = ("-pk",)


@admin.register(models.DriftReport)
class DriftReportAdmin(Evidence):
    list_display = ("predictor", "day", "version", "level", "made_at")
    list_filter = ("level", "predictor")
    list_select_related = ("predictor", "version__predictor")
    search_fields = ("predictor__key",)


@admin.register(models.Pause)
class PauseAdmin(Evidence):
    list_display = ("at", "version", "kind", "by", "reason")
    list_filter = ("kind", "version__predictor")
    list_select_related = ("version__predictor", "by")
    search_fields = ("version__predictor__key", "reason")


@admin.register(models.Attack)
class AttackAdmin(Evidence):
    list_display = ("version", "asked_at", "status", "step", "finished_at", "by")
    list_filter = ("status", "version__predictor")
    list_select_related = ("version__predictor", "by")
    search_fields = ("version__predictor__key", "error", "data_hash")


@admin.register(models.Opening)
class OpeningAdmin(Evidence):
    list_display = ("predictor", "season", "number", "recipe", "version", "at", "by")
    list_filter = ("predictor", "season")
    list_select_related = ("predictor", "version__predictor", "by")
    search_fields = ("predictor__key", "fingerprint")


@admin.register(models.Search)
class SearchAdmin(Evidence):
    list_display = ("__str__", "asked_at", "status", "trials_wanted", "workers", "by")
    list_filter = ("status", "predictor")
    list_select_related = ("predictor", "by")
    search_fields = ("predictor__key", "error")


@admin.register(models.Trial)
class TrialAdmin(Evidence):
    list_display = ("__str__", "status", "log_loss", "asked_at", "finished_at")
    list_filter = ("status", "search__predictor")
    list_select_related = ("search__predictor",)
    search_fields = ("search__predictor__key", "error")


@admin.register(models.TrialFold)
class TrialFoldAdmin(Evidence):
    list_display = ("trial", "fold", "events", "log_loss", "at")
    list_filter = ("trial__search__predictor",)
    list_select_related = ("trial__search__predictor",)
    search_fields = ("trial__search__predictor__key",)
    exclude = ("losses", "days")
