"""What the world says, for operators: names are theirs to mend, facts are not."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts import clock
from accounts.operating import Evidence, Operated
from odds import admin_pricing as admin_pricing
from odds import models
from odds.models import QuoteQuerySet
from odds.services.results import NoScoreToAccept, accept_score
from odds.services.runs import resolve_quarantined

CHANGES_SHOWN = 50


class Kept(Operated):
    """A table whose rows are mended, and never deleted: history hangs on them."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False


@admin.register(models.Sport)
class SportAdmin(Kept):
    list_display = ("title", "key")
    search_fields = ("title", "key")


@admin.register(models.Competition)
class CompetitionAdmin(Kept):
    list_display = ("title", "key", "sport", "time_zone", "is_simulated")
    list_filter = ("sport", "is_simulated")
    list_select_related = ("sport",)
    search_fields = ("title", "key")


@admin.register(models.Team)
class TeamAdmin(Kept):
    list_display = ("name", "code", "competition")
    list_filter = ("competition",)
    list_select_related = ("competition",)
    search_fields = ("name", "code", "aliases__alias")


@admin.register(models.TeamAlias)
class TeamAliasAdmin(Operated):
    list_display = ("alias", "team", "competition")
    list_filter = ("competition",)
    list_select_related = ("team", "competition")
    search_fields = ("alias", "team__name")
    autocomplete_fields = ("team", "competition")


@admin.register(models.Event)
class EventAdmin(Kept):
    """Start and status may be mended (a game was called off); teams, day and result are facts."""

    list_display = ("__str__", "competition", "starts_at", "status", "home_score", "away_score")
    list_filter = ("status", "competition")
    list_select_related = ("competition", "home", "away")
    search_fields = ("home__name", "away__name", "season")
    ordering: ClassVar = ("-starts_at",)
    readonly_fields = (
        "competition",
        "season",
        "home",
        "away",
        "day",
        "home_score",
        "away_score",
        "overtimes",
        "result_seen_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(models.EventReference)
class EventReferenceAdmin(Evidence):
    list_display = ("source", "key", "event")
    list_filter = ("source",)
    list_select_related = ("event__home", "event__away")
    search_fields = ("key",)
    ordering: ClassVar = ("-pk",)


@admin.register(models.TeamGame)
class TeamGameAdmin(Evidence):
    list_display = ("event", "team", "is_home", "seen_at")
    list_select_related = ("event__home", "event__away", "team")
    search_fields = ("team__name",)
    ordering: ClassVar = ("-pk",)


@admin.register(models.ReferenceLine)
class ReferenceLineAdmin(Evidence):
    list_display = ("event", "market_key", "moment", "point", "source", "seen_at")
    list_filter = ("market_key", "moment", "source")
    list_select_related = ("event__home", "event__away")
    search_fields = ("event__home__name", "event__away__name")
    ordering: ClassVar = ("-pk",)


@admin.register(models.Bookmaker)
class BookmakerAdmin(Kept):
    list_display = ("title", "key", "weight", "commission_share", "is_exchange", "is_archive")
    list_filter = ("is_exchange", "is_archive")
    search_fields = ("title", "key")


@admin.register(models.Market)
class MarketAdmin(Evidence):
    list_display = ("key", "event")
    list_filter = ("key",)
    list_select_related = ("event__home", "event__away")
    search_fields = ("event__home__name", "event__away__name")
    ordering: ClassVar = ("-pk",)


@admin.register(models.Selection)
class SelectionAdmin(Evidence):
    list_display = ("__str__", "market")
    list_filter = ("side",)
    list_select_related = ("market__event__home", "market__event__away")
    search_fields = ("market__event__home__name", "market__event__away__name")
    ordering: ClassVar = ("-pk",)


@admin.register(models.Quote)
class QuoteAdmin(Evidence):
    """The latest price; its history (PriceChange) is shown below it."""

    list_display = ("selection", "event", "bookmaker", "price", "seen_at", "confirmed")
    list_filter = ("bookmaker",)
    list_select_related = (
        "selection__market__event__home",
        "selection__market__event__away",
        "bookmaker",
    )
    search_fields = (
        "selection__market__event__home__name",
        "selection__market__event__away__name",
        "bookmaker__title",
    )
    ordering: ClassVar = ("-pk",)
    readonly_fields = ("history",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.Quote]:
        found: QuoteQuerySet = super().get_queryset(request)  # type: ignore[assignment]
        return found.with_looks()

    @admin.display(description="confirmed at")
    def confirmed(self, quote: models.Quote) -> datetime:
        """Say when a look last saw this price still there."""
        return quote.confirmed_at

    @admin.display(description="event")
    def event(self, quote: models.Quote) -> str:
        return str(quote.selection.market.event)

    @admin.display(description="latest price changes")
    def history(self, quote: models.Quote) -> SafeString:
        """Show what it was and when; PriceChange has no page: its key is two columns."""
        changes = models.PriceChange.objects.filter(quote=quote).order_by("-seen_at")
        rows = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            (
                (
                    f"{change.seen_at:%Y-%m-%d %H:%M:%S}",
                    "withdrawn" if change.price is None else change.price,
                    f"{change.last_update:%Y-%m-%d %H:%M:%S}" if change.last_update else "-",
                )
                for change in changes[:CHANGES_SHOWN]
            ),
        )
        return format_html(
            "<table><tr><th>Seen (UTC)</th><th>Price</th><th>Book's own time</th></tr>{}</table>",
            rows,
        )


@admin.register(models.Sighting)
class SightingAdmin(Evidence):
    list_display = ("event", "market_key", "seen_at")
    list_filter = ("market_key",)
    list_select_related = ("event__home", "event__away")
    search_fields = ("event__home__name", "event__away__name")
    ordering: ClassVar = ("-pk",)


@admin.register(models.MarketLook)
class MarketLookAdmin(Evidence):
    list_display = ("market", "event")
    list_select_related = ("market__event__home", "market__event__away")
    search_fields = ("market__event__home__name", "market__event__away__name")
    ordering: ClassVar = ("-pk",)

    @admin.display(description="event")
    def event(self, look: models.MarketLook) -> str:
        return str(look.market.event)


@admin.register(models.ClosingPrice)
class ClosingPriceAdmin(Evidence):
    list_display = ("selection", "event", "fair_probability", "book_count", "age", "is_final")
    list_filter = ("is_final", "method")
    list_select_related = (
        "selection__market__event__home",
        "selection__market__event__away",
    )
    search_fields = (
        "selection__market__event__home__name",
        "selection__market__event__away__name",
    )
    ordering: ClassVar = ("-pk",)

    @admin.display(description="event")
    def event(self, close: models.ClosingPrice) -> str:
        return str(close.selection.market.event)


@admin.register(models.FeedRun)
class FeedRunAdmin(Evidence):
    list_display = (
        "started_at",
        "provider",
        "kind",
        "subject",
        "outcome",
        "rows_new",
        "rows_repeated",
        "rows_quarantined",
        "credits_remaining",
    )
    list_filter = ("outcome", "provider", "kind")
    search_fields = ("subject", "error")
    ordering: ClassVar = ("-pk",)


@admin.register(models.QuarantinedRow)
class QuarantinedRowAdmin(Evidence):
    list_display = ("source", "row_number", "field", "reason", "seen_at", "resolved_at")
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "field")
    list_select_related = ("feed_run",)
    search_fields = ("source", "reason", "field")
    ordering: ClassVar = ("-pk",)
    actions = ("resolve", "accept")

    @admin.action(description="Take this score for the result", permissions=["operate"])
    def accept(self, request: HttpRequest, rows: QuerySet[models.QuarantinedRow]) -> None:
        self.deed(
            request,
            rows,
            lambda row, reason: accept_score(
                row_id=row.pk, reason=reason, now=clock.now(), by_id=request.user.pk
            ),
            refusals=(NoScoreToAccept,),
        )

    @admin.action(description="Mark as resolved", permissions=["operate"])
    def resolve(self, request: HttpRequest, rows: QuerySet[models.QuarantinedRow]) -> None:
        self.deed(
            request,
            rows,
            lambda row, reason: resolve_quarantined(
                row_id=row.pk, reason=reason, now=timezone.now(), by_id=request.user.pk
            ),
        )


@admin.register(models.CreditEntry)
class CreditEntryAdmin(Evidence):
    list_display = (
        "asked_at", "provider", "endpoint", "subject", "job", "status", "planned", "charged",
        "remaining", "error",
    )  # fmt: skip
    list_filter = ("provider", "endpoint", "error")
    search_fields = ("subject", "job", "error")
    ordering: ClassVar = ("-pk",)


@admin.register(models.CreditHold)
class CreditHoldAdmin(Evidence):
    list_display = ("provider", "planned", "held_at")
    list_filter = ("provider",)
    search_fields = ("provider",)
    ordering: ClassVar = ("-pk",)


@admin.register(models.SchemaDrift)
class SchemaDriftAdmin(Evidence):
    list_display = ("path", "kind", "endpoint", "provider", "count", "last_seen_at", "example")
    list_filter = ("kind", "endpoint", "provider")
    search_fields = ("path", "example")
    ordering: ClassVar = ("-last_seen_at",)


@admin.register(models.ProviderSport)
class ProviderSportAdmin(Evidence):
    list_display = ("key", "title", "group", "is_active", "has_outrights", "provider", "seen_at")
    list_filter = ("provider", "is_active", "group")
    search_fields = ("key", "title")
    ordering: ClassVar = ("key",)


@admin.register(models.FileFeed)
class FileFeedAdmin(Operated):
    """What is fetched, from where and how often; what came last is not for editing."""

    list_display = ("name", "format", "address", "every_minutes", "is_enabled", "asked_at")
    list_filter = ("format", "is_enabled")
    search_fields = ("name", "address")
    readonly_fields = ("etag", "last_modified", "digest", "asked_at")
