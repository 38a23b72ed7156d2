"""Strategies, opportunities, bets and money, for operators."""

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import clock
from accounts.operating import Evidence, EvidenceInline, Operated, WithReason
from betting import models
from betting.domain.configuration import BadConfiguration
from betting.models import Result
from betting.services.correcting import CorrectionNotCovered, correct_settlement
from betting.services.settlement import BetNotOpen
from betting.services.strategies import read_configuration

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[models.Strategy]
else:
    ModelForm = forms.ModelForm


class StrategyAdminForm(ModelForm):
    """A strategy whose configuration can be meant."""

    def clean_configuration(self) -> dict[str, Any]:
        """Refuse a configuration by the field that is wrong."""
        try:
            return read_configuration(self.cleaned_data["configuration"]).to_json()
        except (BadConfiguration, AttributeError) as wrong:
            raise forms.ValidationError(str(wrong)) from None


class StrategyVersionInline(EvidenceInline):
    model = models.StrategyVersion
    fields = ("number", "configuration", "note", "made_by", "made_at")
    show_change_link = False
    ordering: ClassVar = ("-number",)


@admin.register(models.Strategy)
class StrategyAdmin(Operated):
    form = StrategyAdminForm
    list_display = ("title", "key", "owner", "version", "is_active", "archived_at")
    list_filter = ("is_active",)
    list_select_related = ("owner",)
    search_fields = ("title", "key")
    filter_horizontal = ("followers",)
    readonly_fields = ("version", "changed_by", "changed_at", "change_note", "archived_at")
    inlines = (StrategyVersionInline,)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: models.Strategy, form: "forms.ModelForm[Any]", change: bool
    ) -> None:
        """Refuse no configuration here (the form did); say whose version it is."""
        obj.changed_by_id, obj.changed_at = request.user.pk, clock.now()
        obj.change_note = "In the admin."
        super().save_model(request, obj, form, change)


@admin.register(models.Opportunity)
class OpportunityAdmin(Evidence):
    list_display = ("quote", "event", "strategy", "edge", "edge_low", "price", "as_of", "status")
    list_filter = ("status", "strategy", "quote__bookmaker")
    list_select_related = (
        "strategy",
        "quote__selection__market__event__home",
        "quote__selection__market__event__away",
        "quote__bookmaker",
    )
    search_fields = (
        "quote__selection__market__event__home__name",
        "quote__selection__market__event__away__name",
    )
    ordering: ClassVar = ("-pk",)

    @admin.display(description="event")
    def event(self, found: models.Opportunity) -> str:
        return str(found.quote.selection.market.event)


class WithResult(WithReason):
    """What a settled bet should have come to, and why."""

    result = forms.ChoiceField(
        label="Right result", required=False, choices=[("", "---"), *Result.choices]
    )


class SettlementInline(EvidenceInline):
    model = models.Settlement
    fields = ("sequence", "result", "returned", "at", "reason", "by")


class TransferInline(EvidenceInline):
    model = models.Transfer
    fields = ("reference", "kind", "source", "destination", "amount", "at")


@admin.register(models.Bet)
class BetAdmin(Evidence):
    list_display = (
        "pk",
        "owner",
        "selection",
        "event",
        "bookmaker",
        "price",
        "stake",
        "status",
        "result",
        "returned",
        "clv",
        "placed_at",
    )
    list_filter = ("status", "result", "venue", "bookmaker")
    list_select_related = (
        "owner",
        "selection__market__event__home",
        "selection__market__event__away",
        "bookmaker",
    )
    search_fields = (
        "owner__username",
        "request_key",
        "venue_reference",
        "selection__market__event__home__name",
        "selection__market__event__away__name",
    )
    date_hierarchy = "placed_at"
    inlines = (SettlementInline, TransferInline)
    action_form = WithResult
    actions = ("correct",)

    @admin.display(description="event")
    def event(self, bet: models.Bet) -> str:
        return str(bet.selection.market.event)

    @admin.action(description="Correct the settlement", permissions=["operate"])
    def correct(self, request: HttpRequest, rows: QuerySet[models.Bet]) -> None:
        result = request.POST.get("result", "")
        if result not in Result.values:
            self.message_user(request, "Choose the right result; nothing was done.", "ERROR")
            return
        self.deed(
            request,
            rows,
            partial(_correct, result=Result(result), by_id=request.user.pk),
            refusals=(BetNotOpen, CorrectionNotCovered),
        )


def _correct(bet: models.Bet, reason: str, *, result: Result, by_id: int | None) -> None:
    correct_settlement(bet_id=bet.pk, result=result, reason=reason, now=clock.now(), by_id=by_id)


@admin.register(models.Settlement)
class SettlementAdmin(Evidence):
    list_display = ("bet", "sequence", "result", "returned", "at", "reason", "by")
    list_filter = ("result",)
    list_select_related = ("bet__selection", "by")
    search_fields = ("bet__request_key", "reason")
    ordering: ClassVar = ("-pk",)


class PotInline(EvidenceInline):
    model = models.LedgerAccount
    fields = ("kind", "amount")


@admin.register(models.Bankroll)
class BankrollAdmin(Evidence):
    list_display = ("name", "owner", "currency", "opened_at")
    list_filter = ("currency",)
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")
    inlines = (PotInline,)


@admin.register(models.LedgerAccount)
class LedgerAccountAdmin(Evidence):
    list_display = ("bankroll", "kind", "amount")
    list_filter = ("kind",)
    list_select_related = ("bankroll__owner",)
    search_fields = ("bankroll__name", "bankroll__owner__username")


@admin.register(models.Transfer)
class TransferAdmin(Evidence):
    list_display = ("at", "reference", "kind", "source", "destination", "amount", "bet")
    list_filter = ("kind",)
    list_select_related = (
        "source__bankroll__owner",
        "destination__bankroll__owner",
        "bet__selection",
    )
    search_fields = ("reference",)
    date_hierarchy = "at"
    ordering: ClassVar = ("-pk",)


@admin.register(models.Closing)
class ClosingAdmin(Evidence):
    list_display = ("bet", "fair_probability", "source", "age", "quality", "raw_clv")
    list_filter = ("quality", "source")
    list_select_related = ("bet",)
    search_fields = ("bet__pk", "source")


@admin.register(models.Sweep)
class SweepAdmin(Evidence):
    list_display = ("strategy_key", "competition_key", "kind", "status", "asked_at", "by")
    list_filter = ("status", "kind")
    list_select_related = ("by",)
    search_fields = ("strategy_key", "competition_key")


@admin.register(models.Backtest)
class BacktestAdmin(Evidence):
    list_display = ("strategy_key", "competition_key", "starts_on", "ends_on", "started_at", "by")
    list_filter = ("strategy_key", "competition_key")
    list_select_related = ("by",)
    search_fields = ("strategy_key", "data_hash")


@admin.register(models.StrategyVersion)
class StrategyVersionAdmin(Evidence):
    list_display = ("strategy", "number", "note", "made_by", "made_at")
    list_filter = ("strategy",)
    list_select_related = ("strategy", "made_by")
    search_fields = ("strategy__key", "strategy__title", "note")
    ordering: ClassVar = ("-pk",)


@admin.register(models.DecisionInputs)
class DecisionInputsAdmin(Evidence):
    list_display = ("digest", "as_of")
    fields = ("digest", "as_of")
    search_fields = ("digest",)
    ordering: ClassVar = ("-pk",)


@admin.register(models.JournalEntry)
class JournalEntryAdmin(Evidence):
    list_display = ("opportunity", "inputs", "max_quote_age")
    list_select_related = ("opportunity__quote__selection", "inputs")
    search_fields = ("inputs__digest", "opportunity__strategy__key")
    ordering: ClassVar = ("-pk",)


@admin.register(models.Arming)
class ArmingAdmin(Evidence):
    """To be read here; arming takes two steps, and has its page (/venues/) and command."""

    list_display = ("venue", "asked_at", "asked_by", "confirmed_at", "expires_at", "ended_at")
    list_filter = ("venue",)
    list_select_related = ("asked_by", "confirmed_by", "ended_by")
    search_fields = ("venue", "reason", "end_reason")


@admin.register(models.TrackRecord)
class TrackRecordAdmin(Evidence):
    list_display = ("slug", "title", "owner", "is_public", "opened_at")
    list_filter = ("is_public",)
    list_select_related = ("owner",)
    search_fields = ("slug", "title", "owner__username")
    ordering: ClassVar = ("-pk",)


@admin.register(models.Commitment)
class CommitmentAdmin(Evidence):
    """What was committed to, not the salt: that is shown with the content once the event starts."""

    list_display = ("record", "number", "bet", "committed_at", "starts_at", "commitment")
    exclude = ("salt",)
    list_select_related = ("record", "bet__selection")
    search_fields = ("record__slug", "commitment", "chain")
    ordering: ClassVar = ("-pk",)


@admin.register(models.BetImport)
class BetImportAdmin(Evidence):
    list_display = ("name", "owner", "status", "uploaded_at", "imported_at")
    list_filter = ("status",)
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")
    ordering: ClassVar = ("-pk",)


@admin.register(models.ImportedBet)
class ImportedBetAdmin(Evidence):
    list_display = ("owner", "placed_at", "event", "selection", "stake", "price", "result")
    list_select_related = ("owner",)
    search_fields = ("event", "owner__username")
    ordering: ClassVar = ("-pk",)


@admin.register(models.QuarantinedBet)
class QuarantinedBetAdmin(Evidence):
    list_display = ("source", "row_number", "faults")
    list_select_related = ("source",)
    search_fields = ("source__name",)
    ordering: ClassVar = ("-pk",)


@admin.register(models.MarketDay)
class MarketDayAdmin(Evidence):
    list_display = ("competition", "day", "margin", "movement", "model_error", "regime")
    list_filter = ("competition",)
    list_select_related = ("competition",)
    search_fields = ("competition__key",)
    ordering: ClassVar = ("-day", "-pk")


@admin.register(models.Outlook)
class OutlookAdmin(Evidence):
    list_display = ("owner", "made_at")
    list_select_related = ("owner",)
    search_fields = ("owner__username",)
    ordering: ClassVar = ("-pk",)


@admin.register(models.SharedLink)
class SharedLinkAdmin(Evidence):
    list_display = ("label", "owner", "shows_money", "made_at", "expires_at", "revoked_at")
    list_select_related = ("owner",)
    search_fields = ("label", "owner__username")


@admin.register(models.TakeOut)
class TakeOutAdmin(Evidence):
    list_display = ("owner", "asked_at", "status", "rows", "finished_at")
    list_filter = ("status",)
    list_select_related = ("owner",)
    search_fields = ("owner__username",)


@admin.register(models.Signal)
class SignalAdmin(Evidence):
    list_display = ("reference", "source", "event", "market", "side", "probability", "received_at")
    list_filter = ("market",)
    list_select_related = ("source",)
    raw_id_fields = ("selection",)
    search_fields = ("reference", "event", "source__name", "source__owner__username")
    ordering: ClassVar = ("-received_at", "-pk")
