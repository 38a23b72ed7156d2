"""The state of the feeds: what they last brought and refused, what they cost, how they drift."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Func, Max, Min, OuterRef, Q, Subquery, Sum, TextField, Value
from django.db.models.functions import Coalesce

from odds.domain.credits import Account, forecast, month_of
from odds.feeds.the_odds_api import PROVIDER
from odds.models import Competition, CreditEntry, FeedRun, QuarantinedRow, SchemaDrift
from odds.services.credit_ledger import ALLOWED, COST, REFUSED, account_of, is_out
from odds.services.fetching import shared_gate

_PACE_OVER = timedelta(days=7)
_DRIFT_SHOWN = 12
_FAILURES_SHOWN = 5
_REFUSED_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Feeds:
    """What the providers last brought, each run with the `title` of its subject; what waits."""

    latest: list[Any]
    failures: list[Any]
    quarantined: int
    quarantine: list[QuarantinedRow]


def feeds() -> Feeds:
    """Return the newest run of each kind at each provider, the newest failures and refused rows."""
    newest = FeedRun.objects.order_by("provider", "kind", "-started_at").values("pk")
    failed = FeedRun.objects.filter(outcome=FeedRun.Outcome.FAILED)
    # Newest first: so the first of each kind is its latest, and the first failures are the newest.
    runs: list[Any] = list(
        FeedRun.objects.filter(
            Q(pk__in=newest.distinct("provider", "kind"))
            | Q(pk__in=failed[:_FAILURES_SHOWN].values("pk"))
        ).annotate(title=_title_of("subject"))
    )
    latest: dict[tuple[str, str], Any] = {}
    for run in runs:
        latest.setdefault((run.provider, run.kind), run)
    waiting = QuarantinedRow.objects.filter(resolved_at=None)
    counted = waiting.order_by().values(all=Value(1)).annotate(count=Count("pk")).values("count")
    refused: list[Any] = list(waiting.annotate(waiting=Subquery(counted))[:_REFUSED_SHOWN])
    return Feeds(
        latest=[latest[kind] for kind in sorted(latest)],
        failures=[run for run in runs if run.outcome == run.Outcome.FAILED][:_FAILURES_SHOWN],
        quarantined=refused[0].waiting if refused else 0,
        quarantine=refused,
    )


def credits_told() -> int | None:
    """Return how many credits were left when a provider last said so."""
    told = FeedRun.objects.filter(credits_remaining__isnull=False)
    return told.values_list("credits_remaining", flat=True).first()


def _title_of(name: str) -> Coalesce:
    """Return a competition's title for the column that holds its key; else what is there."""
    titled = Competition.objects.filter(key=OuterRef(name)).order_by().values("title")[:1]
    return Coalesce(Subquery(titled), F(name), output_field=TextField())


@dataclass(frozen=True, slots=True)
class Spent:
    """What one competition cost this month."""

    subject: str
    title: str
    calls: int
    credits: int
    failures: int


@dataclass(frozen=True, slots=True)
class CreditStatus:
    """The month's credits: by our ledger, by the provider's headers, and as they are heading.

    `unexpected` counts calls that were charged other than the provider's rules say.
    """

    provider: str
    account: Account
    forecast: int | None
    starts_anew_at: datetime
    is_out: bool
    is_shut: bool
    calls: int
    unexpected: int
    by_sport: list[Spent]

    @property
    def goes_over(self) -> bool:
        """Say whether the forecast is over the budget, or over the plan where none is set."""
        account = self.account
        limit = account.budget
        if limit is None and account.used is not None and account.remaining is not None:
            limit = account.used + account.remaining
        return limit is not None and self.forecast is not None and self.forecast > limit


def credit_status(*, now: datetime) -> CreditStatus:
    """Return the month's credits at the odds provider."""
    first, following = month_of(now)
    recently = now - _PACE_OVER
    entries = CreditEntry.objects.filter(
        provider=PROVIDER, asked_at__gte=min(first, recently), asked_at__lte=now
    )
    month, recent = Q(asked_at__gte=first), Q(asked_at__gt=recently)
    # A call that never came through was charged nothing that anybody knows of.
    known = Q(charged__isnull=False, expected__isnull=False)
    account = account_of(PROVIDER, now=now, budget=settings.THE_ODDS_API_MONTHLY_CREDITS)
    sport = Func(
        F("subject"), Value("/"), Value(1), function="split_part", output_field=TextField()
    )
    rows = list(
        entries.order_by()
        .values(sport=sport, title=_title_of("sport"))
        .annotate(
            calls=Count("pk", filter=month),
            cost=Sum(COST, filter=month, default=0),
            failures=Count("pk", filter=month & ~Q(error="")),
            # Of a call that was not charged yet, nothing is known.
            unexpected=Count("pk", filter=month & known & ~Q(charged=F("expected"))),
            refused=Max("pk", filter=month & REFUSED),
            allowed=Max("pk", filter=month & ALLOWED),
            lately=Sum(COST, filter=recent, default=0),
            began=Min("asked_at", filter=recent),
        )
        .order_by("-cost", "sport")
    )
    by_sport = [
        Spent(
            row["sport"] or "all sports",
            row["title"] or "all sports",
            row["calls"],
            row["cost"],
            row["failures"],
        )
        for row in rows
        if row["calls"]
    ]
    began = min((row["began"] for row in rows if row["began"]), default=None)
    return CreditStatus(
        provider=PROVIDER,
        account=account,
        forecast=None
        if began is None
        else forecast(
            spent=account.committed,
            recent=sum(row["lately"] for row in rows),
            recent_span=now - began,
            now=now,
        ),
        starts_anew_at=following,
        is_out=is_out(
            max((row["refused"] or 0 for row in rows), default=0),
            max((row["allowed"] or 0 for row in rows), default=0),
        ),
        is_shut=shared_gate().is_shut,
        calls=sum(spent.calls for spent in by_sport),
        unexpected=sum(row["unexpected"] for row in rows),
        by_sport=by_sport,
    )


def latest_drift() -> list[SchemaDrift]:
    """Return what was noticed in answers beyond the guide, newest first."""
    return list(SchemaDrift.objects.all()[:_DRIFT_SHOWN])
