"""The business in a few figures, cheap enough to be asked for every few seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Max, Min

from betting.models import Bet, Opportunity
from betting.selectors.bets import due_bets

# Pots of a bankroll add up to nothing, and what is at risk is the open stakes: both by
# construction, so anything else is damage.
_MONEY = """
SELECT b.currency, sum(p.at_risk),
       sum(abs(p.total) + abs(p.at_risk - coalesce(s.stakes, 0)))
FROM betting_bankroll b
JOIN (SELECT bankroll_id, sum(amount) AS total,
             sum(amount) FILTER (WHERE kind = 'at_risk') AS at_risk
      FROM betting_ledgeraccount GROUP BY bankroll_id) p ON p.bankroll_id = b.id
LEFT JOIN (SELECT bankroll_id, sum(coalesce(matched_stake, stake)) AS stakes
           FROM betting_bet WHERE status IN ('placing', 'pending', 'open')
           GROUP BY bankroll_id) s ON s.bankroll_id = b.id
GROUP BY b.currency
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Money at risk and money that does not add up, by currency; what is open; what is late.

    `best_edges` has the highest edge of each strategy's open opportunities, as a share of a stake.
    `settlement_lag` is how long the result of the longest waiting bet has been known.
    """

    at_risk: Mapping[str, Decimal]
    drift: Mapping[str, Decimal]
    open_opportunities: Mapping[str, int]
    best_edges: Mapping[str, float]
    settlement_lag: timedelta


def business_figures(now: datetime) -> Figures:
    """Return the figures of this moment. Three queries, none of which grows with history."""
    with connection.cursor() as cursor:
        cursor.execute(_MONEY)
        money = cursor.fetchall()
    found = Opportunity.objects.filter(
        status=Opportunity.Status.OPEN,
        passes=[],
        quote__selection__market__event__starts_at__gt=now,
    )
    counts = (
        found.order_by().values_list("strategy__key").annotate(count=Count("pk"), best=Max("edge"))
    )
    waiting = Bet.objects.filter(pk__in=due_bets(now)).aggregate(
        since=Min("selection__market__event__result_seen_at")
    )["since"]
    return Figures(
        at_risk={currency: amount for currency, amount, _ in money},
        drift={currency: amount for currency, _, amount in money},
        open_opportunities={key: count for key, count, _ in counts},
        best_edges={key: best for key, _, best in counts},
        settlement_lag=timedelta() if waiting is None else now - waiting,
    )
