"""Pricing rules and learned weights, for operators: a rule is added, never changed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from accounts import clock
from accounts.operating import Evidence, EvidenceInline, Operated
from odds.models import BookmakerWeight, PricingRule, WeightSet


@admin.register(PricingRule)
class PricingRuleAdmin(Operated):
    """The newest rule of a sport is in force; adding one is how to change it."""

    list_display = ("sport", "method", "reference_books", "in_force_from", "reason")
    list_filter = ("sport",)
    list_select_related = ("sport",)
    search_fields = ("sport__title", "method", "reason")
    fields = ("sport", "method", "reference_books", "reference_minutes", "reason")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: PricingRule,
        form: Any,  # noqa: ANN401
        change: bool,
    ) -> None:
        # From now on and not before: what was priced stays as it was explained.
        obj.in_force_from = clock.now()
        super().save_model(request, obj, form, change)


class BookmakerWeightInline(EvidenceInline):
    model = BookmakerWeight
    fields: ClassVar = ["bookmaker", "weight", "events", "error", "relative", "margin"]


@admin.register(WeightSet)
class WeightSetAdmin(Evidence):
    list_display = (
        "sport", "target", "learned_at", "events_learned", "events_tested",
        "score_before", "score_learned", "forced_because",
    )  # fmt: skip
    list_filter = ("sport", "target")
    list_select_related = ("sport",)
    search_fields = ("sport__title", "forced_because")
    inlines: ClassVar = [BookmakerWeightInline]


@admin.register(BookmakerWeight)
class BookmakerWeightAdmin(Evidence):
    list_display = ("bookmaker", "weight_set", "weight", "events", "error", "relative", "margin")
    list_select_related = ("bookmaker", "weight_set__sport")
    search_fields = ("bookmaker__title", "bookmaker__key")
