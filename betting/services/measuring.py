"""Measure each bet against the close, once the close can no longer move."""

from datetime import datetime, timedelta

from django.db.models import Q

from betting.domain.clv import closing_line_value
from betting.models import Bet, BetStatus
from odds.closing import closes_for
from odds.models import ClosingPrice
from risk.domain.kelly import net_price

# A close that has not been captured this long after the start will not come any more.
GIVE_UP = timedelta(days=1)


def measure_clv(now: datetime, *, limit: int = 5000, owner_id: int | None = None) -> int:
    """Write the CLV of bets on started events, or why there is none; return how many got either.

    Only final closes count. A bet with a value is not measured again.
    """
    waiting = (
        Bet.objects.filter(
            ~Q(status=BetStatus.REJECTED),
            clv__isnull=True,
            clv_note="",
            selection__market__event__starts_at__lte=now,
        )
        .select_related("bookmaker", "selection__market__event")
        .order_by("pk")
    )
    if owner_id is not None:
        waiting = waiting.filter(owner_id=owner_id)
    bets = list(waiting[:limit])
    closes = closes_for({bet.selection_id for bet in bets})
    quoted = set(
        ClosingPrice.objects.filter(
            selection__market__in={bet.selection.market_id for bet in bets}
        ).values_list("selection__market_id", flat=True)
    )
    measured = []
    for bet in bets:
        close = closes.get(bet.selection_id)
        if close is not None and not close.is_final:
            continue
        if close is None and now < bet.selection.market.event.starts_at + GIVE_UP:
            continue
        clv = closing_line_value(
            price=net_price(bet.price, bet.bookmaker.commission_share),
            fair_closing_probability=None if close is None else close.fair_probability,
            market_was_quoted_at_close=bet.selection.market_id in quoted,
            close_is_later=close is not None and close.last_update > bet.placed_at,
        )
        bet.clv, bet.clv_note = clv.value, clv.note
        measured.append(bet)
    Bet.objects.bulk_update(measured, ["clv", "clv_note"], batch_size=500)
    return len(measured)
