"""Limits, halts and decisions about stakes, for operators."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import clock
from accounts.operating import Evidence, Operated
from risk import models
from risk.services import NothingToLift, lift_halt


@admin.register(models.Limits)
class LimitsAdmin(Operated):
    list_display = (
        "owner",
        "kelly_fraction",
        "max_bet_share",
        "max_market_share",
        "max_event_share",
        "max_league_share",
        "max_bookmaker_share",
        "max_day_share",
        "max_open_bets",
        "max_drawdown_share",
        "min_stake",
    )
    list_select_related = ("owner",)
    search_fields = ("owner__username",)
    autocomplete_fields = ("owner",)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(models.Halt)
class HaltAdmin(Evidence):
    list_display = ("since", "owner", "cause", "reason", "by", "lifted_at", "lifted_by")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter), "cause")
    list_select_related = ("owner", "by", "lifted_by")
    search_fields = ("owner__username", "reason")
    actions = ("lift",)

    @admin.action(description="Lift", permissions=["operate"])
    def lift(self, request: HttpRequest, rows: QuerySet[models.Halt]) -> None:
        self.deed(
            request,
            rows,
            lambda halt, reason: lift_halt(
                halt_id=halt.pk, reason=reason, now=clock.now(), by_id=request.user.pk
            ),
            refusals=(NothingToLift,),
        )


@admin.register(models.Assessment)
class AssessmentAdmin(Evidence):
    list_display = ("at", "owner", "subject", "asked", "allowed")
    list_select_related = ("owner",)
    search_fields = ("owner__username", "subject")
