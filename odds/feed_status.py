"""The state of the feeds: what they last brought and refused, what they cost, how they drift."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Func, Q, Sum, TextField, Value

from odds.domain.credits import Account, forecast, month_of
from odds.feeds.the_odds_api import PROVIDER
from odds.models import CreditEntry, FeedRun, QuarantinedRow, SchemaDrift
from odds.services.credit_ledger import COST, account_of, is_out_of_credits
from odds.services.fetching import shared_gate

_PACE_OVER = timedelta(days=7)
_DRIFT_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Feeds:
    """What the providers last brought, and what was refused."""

    latest: list[FeedRun]
    failures: list[FeedRun]
    quarantined: int
    quarantine: list[QuarantinedRow]


def feeds() -> Feeds:
    """Return the newest run of each kind at each provider, the newest failures and refused rows."""
    latest = FeedRun.objects.order_by("provider", "kind", "-started_at")
    waiting = QuarantinedRow.objects.filter(resolved_at=None)
    return Feeds(
        latest=list(latest.distinct("provider", "kind")),
        failures=list(FeedRun.objects.filter(outcome=FeedRun.Outcome.FAILED)[:5]),
        quarantined=waiting.count(),
        quarantine=list(waiting[:10]),
    )


def credits_told() -> int | None:
    """Return how many credits were left when a provider last said so."""
    told = FeedRun.objects.filter(credits_remaining__isnull=False)
    return told.values_list("credits_remaining", flat=True).first()


@dataclass(frozen=True, slots=True)
class Spent:
    """What one competition cost this month."""

    subject: str
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
    entries = CreditEntry.objects.filter(provider=PROVIDER, asked_at__gte=first, asked_at__lte=now)
    account = account_of(PROVIDER, now=now, budget=settings.THE_ODDS_API_MONTHLY_CREDITS)
    sport = Func(
        F("subject"), Value("/"), Value(1), function="split_part", output_field=TextField()
    )
    rows = (
        entries.order_by()
        .values(sport=sport)
        .annotate(calls=Count("pk"), cost=Sum(COST), failures=Count("pk", filter=~Q(error="")))
        .order_by("-cost", "sport")
    )
    by_sport = [
        Spent(row["sport"] or "all sports", row["calls"], row["cost"] or 0, row["failures"])
        for row in rows
    ]
    told = entries.filter(charged__isnull=False, expected__isnull=False)
    return CreditStatus(
        provider=PROVIDER,
        account=account,
        forecast=_forecast(account, now),
        starts_anew_at=following,
        is_out=is_out_of_credits(PROVIDER, now=now),
        is_shut=shared_gate().is_shut,
        calls=sum(spent.calls for spent in by_sport),
        unexpected=told.exclude(charged=F("expected")).count(),
        by_sport=by_sport,
    )


def latest_drift() -> list[SchemaDrift]:
    """Return what was noticed in answers beyond the guide, newest first."""
    return list(SchemaDrift.objects.all()[:_DRIFT_SHOWN])


def _forecast(account: Account, now: datetime) -> int | None:
    recent = CreditEntry.objects.filter(
        provider=PROVIDER, asked_at__gt=now - _PACE_OVER, asked_at__lte=now
    )
    first = recent.order_by("asked_at").values_list("asked_at", flat=True).first()
    if first is None:
        return None
    return forecast(
        spent=account.committed,
        recent=recent.aggregate(sum=Sum(COST))["sum"] or 0,
        recent_span=now - first,
        now=now,
    )
