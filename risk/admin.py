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
    list_display = (
        "since",
        "owner",
        "cause",
        "scope",
        "scope_key",
        "until",
        "reason",
        "by",
        "lifted_at",
        "lifted_by",
    )
    list_filter = (("lifted_at", admin.EmptyFieldListFilter), "cause", "scope")
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


@admin.register(models.BreakerLevel)
class BreakerLevelAdmin(Evidence):
    list_display = ("owner", "breaker", "warn", "trip", "lock_hours")
    list_filter = ("breaker",)
    list_select_related = ("owner",)
    search_fields = ("owner__username",)


@admin.register(models.BreakerReading)
class BreakerReadingAdmin(Evidence):
    list_display = ("at", "owner", "breaker", "scope", "scope_key", "level", "figure", "words")
    list_filter = ("breaker", "level")
    list_select_related = ("owner",)
    search_fields = ("owner__username", "scope_key", "words")


@admin.register(models.Exclusion)
class ExclusionAdmin(Evidence):
    """Seen and never ended: the database refuses, whoever asks."""

    list_display = ("since", "owner", "kind", "until")
    list_filter = ("kind",)
    list_select_related = ("owner",)
    search_fields = ("owner__username",)


@admin.register(models.PersonalLimit)
class PersonalLimitAdmin(Evidence):
    list_display = ("since", "owner", "kind", "period", "amount")
    list_filter = ("kind", "period")
    list_select_related = ("owner",)
    search_fields = ("owner__username",)


@admin.register(models.PersonalAsked)
class PersonalAskedAdmin(Evidence):
    list_display = (
        "asked_at",
        "owner",
        "kind",
        "period",
        "amount",
        "ready_at",
        "confirmed_at",
        "withdrawn_at",
    )
    list_filter = ("kind", "period")
    list_select_related = ("owner",)
    search_fields = ("owner__username",)


@admin.register(models.Presence)
class PresenceAdmin(Evidence):
    list_display = ("owner", "since", "last_at", "check_minutes")
    list_select_related = ("owner",)
    search_fields = ("owner__username",)


@admin.register(models.TimeSpent)
class TimeSpentAdmin(Evidence):
    list_display = ("owner", "day", "seconds")
    list_select_related = ("owner",)
    search_fields = ("owner__username",)


@admin.register(models.PlaceSaid)
class PlaceSaidAdmin(Evidence):
    list_display = ("at", "owner", "place", "reached_age")
    list_filter = ("place",)
    list_select_related = ("owner",)
    search_fields = ("owner__username", "place")
