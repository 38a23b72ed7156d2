"""The credit ledger: one row a call, never over the budget, held against the provider's headers."""

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import IntegerField, Max, Q
from django.db.models.functions import Coalesce

from odds.domain.credits import Account, Endpoint, month_of
from odds.feeds.drift import look
from odds.feeds.provider import Ask, BudgetSpent, Call
from odds.models import CreditEntry, CreditHold, FeedRun
from odds.services.drift_notes import note_drift

logger = logging.getLogger(__name__)

# A hold this old belongs to a process that died: its call is taken as made.
HOLD_EXPIRES = timedelta(days=1)
# What a call counts as: what was charged; unsaid, what the rules say; else the most it can be.
COST = Coalesce("charged", "expected", "planned", output_field=IntegerField())
# What says that no credits are left, and that there are some.
REFUSED = Q(error="OUT_OF_USAGE_CREDITS")
ALLOWED = Q(remaining__gt=0)
# A month's sums: of all, and until the newest that said what is used and left; a call without
# headers says nothing new. What is asked at once is written in any order: of the newest and those
# asked within a minute before it, the most used and the least left. Every reservation asks for it.
_ACCOUNT = """
WITH entry AS MATERIALIZED (
    SELECT id, asked_at, used, remaining, planned,
        charged IS NULL AND expected IS NULL AS is_guessed,
        coalesce(charged, expected, planned) AS cost
    FROM odds_creditentry
    WHERE provider = %(provider)s AND asked_at >= %(first)s AND asked_at < %(following)s
), newest AS (
    SELECT id, asked_at FROM entry WHERE used IS NOT NULL OR remaining IS NOT NULL
    ORDER BY id DESC LIMIT 1
), said AS (
    SELECT newest.id, max(used) AS used, min(remaining) AS remaining
    FROM newest JOIN entry ON entry.asked_at BETWEEN newest.asked_at - interval '1 minute'
        AND newest.asked_at
    GROUP BY newest.id
)
SELECT coalesce(sum(e.cost), 0), coalesce(sum(e.cost) FILTER (WHERE e.id <= said.id), 0),
    coalesce(sum(e.planned) FILTER (WHERE e.id <= said.id AND e.is_guessed), 0),
    max(said.used), max(said.remaining),
    (SELECT coalesce(sum(planned), 0) FROM odds_credithold WHERE provider = %(provider)s)
FROM entry e LEFT JOIN said ON true
"""


class Ledger:
    """Pays for the calls of one job out of a month's budget; None: no budget of ours."""

    def __init__(
        self,
        *,
        provider: str,
        now: datetime,
        budget: int | None = None,
        job: str = "",
        feed_run: FeedRun | None = None,
    ) -> None:
        self._provider, self._now, self._budget = provider, now, budget
        self._job, self._run = job, feed_run

    def reserve(self, ask: Ask) -> int | None:
        """Set a call's cost aside, so that calls at once keep to the budget together.

        Raises:
            BudgetSpent: where it would go over the budget, or over what the provider says is left.
        """
        if ask.planned == 0:
            return None
        with transaction.atomic():
            _lock(self._provider)
            _settle_lost(self._provider, self._now)
            left = account_of(self._provider, now=self._now, budget=self._budget).left
            if left is not None and ask.planned > left:
                raise BudgetSpent(
                    "BUDGET_SPENT", f"{ask.endpoint} may cost {ask.planned}, {left} credits left"
                )
            hold = CreditHold.objects.create(
                provider=self._provider, planned=ask.planned, held_at=self._now
            )
        return hold.pk

    def settle(self, held: int | None, call: Call) -> None:
        """Append the call's row and free what was held for it."""
        told, ask = call.credits, call.ask
        with transaction.atomic():
            # Under the lock too: who sums must not miss a call that turns from held to spent.
            _lock(self._provider)
            CreditEntry.objects.create(
                provider=self._provider,
                endpoint=ask.endpoint,
                subject=ask.subject[:128],
                job=self._job[:64],
                asked_at=self._now,
                status=call.status,
                error=call.error[:64],
                planned=ask.planned,
                expected=call.expected,
                charged=told.cost,
                remaining=told.remaining,
                used=told.used,
                feed_run=self._run,
            )
            if held is not None:
                CreditHold.objects.filter(pk=held).delete()

    def notice(self, endpoint: Endpoint, payload: object) -> None:
        """Write down what the answer holds beyond the provider's guide."""
        seen = look(endpoint, payload)
        if seen.counts or seen.bookmakers:
            note_drift(provider=self._provider, endpoint=endpoint, seen=seen, now=self._now)


def account_of(provider: str, *, now: datetime, budget: int | None) -> Account:
    """Return a provider's credits in the month of `now`, by our ledger and by its headers."""
    first, following = month_of(now)
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNT, {"provider": provider, "first": first, "following": following})
        spent, when_said, guessed, used, remaining, held = cursor.fetchone()
    return Account(
        budget=budget,
        spent=spent,
        held=held,
        used=used,
        remaining=remaining,
        spent_when_said=when_said,
        guessed=guessed,
    )


def is_out_of_credits(provider: str, *, now: datetime) -> bool:
    """Say whether the provider refused for want of credits and none came back since, this month."""
    first, _ = month_of(now)
    entries = CreditEntry.objects.filter(provider=provider, asked_at__gte=first, asked_at__lte=now)
    found = entries.aggregate(refused=Max("pk", filter=REFUSED), allowed=Max("pk", filter=ALLOWED))
    return is_out(found["refused"] or 0, found["allowed"] or 0)


def is_out(refused: int, allowed: int) -> bool:
    """Say the same of the last row that was REFUSED and the last that was ALLOWED, 0 for none."""
    return refused > allowed


def asked_last(provider: str, *, now: datetime) -> datetime | None:
    """Return when the provider was last asked anything."""
    entries = CreditEntry.objects.filter(provider=provider, asked_at__lte=now)
    return entries.order_by("-asked_at").values_list("asked_at", flat=True).first()


def _lock(provider: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('credits'), hashtext(%s))", [provider]
        )


def _settle_lost(provider: str, now: datetime) -> None:
    lost = CreditHold.objects.filter(provider=provider, held_at__lt=now - HOLD_EXPIRES)
    for hold in lost:
        CreditEntry.objects.create(
            provider=provider,
            endpoint="",
            asked_at=hold.held_at,
            error="LOST",
            planned=hold.planned,
        )
        logger.warning("A call of %s credits was never settled; it counts as made", hold.planned)
        hold.delete()
