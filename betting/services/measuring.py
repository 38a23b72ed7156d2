"""Measure each bet against the close, once the close can no longer move."""

from datetime import datetime, timedelta

from django.db.models import Q

from betting.domain.clv import closing_line_value
from betting.models import Bet, BetStatus
from odds.closing import GIVE_UP as CAPTURED_FOR
from odds.closing import closes_for
from odds.models import ClosingPrice, EventStatus

# A close that has not been captured this long after the start will not come any more.
GIVE_UP = timedelta(days=1)


def measure_clv(now: datetime, *, limit: int = 5000, owner_id: int | None = None) -> int:
    """Write the CLV of bets on past events, or why there is none; return how many got either.

    Past: the result is known, or the start a day ago. A start that is late is listed anew, and the
    close with it, until the event is over. Only final closes count. A bet with a value is not
    measured again.
    """
    over = Q(
        selection__market__event__status=EventStatus.FINISHED,
        selection__market__event__result_seen_at__lte=now,
    )
    waiting = (
        Bet.objects.filter(
            over | Q(selection__market__event__starts_at__lte=now - GIVE_UP),
            ~Q(status=BetStatus.REJECTED),
            clv__isnull=True,
            clv_note="",
        )
        .select_related("selection__market__event")
        .order_by("pk")
    )
    if owner_id is not None:
        waiting = waiting.filter(owner_id=owner_id)
    bets = list(waiting[:limit])
    closes = closes_for({bet.selection_id for bet in bets})
    quoted = set(
        ClosingPrice.objects.filter(
            is_final=True, selection__market__in={bet.selection.market_id for bet in bets}
        ).values_list("selection__market_id", flat=True)
    )
    measured = []
    for bet in bets:
        close = closes.get(bet.selection_id)
        since = now - bet.selection.market.event.starts_at
        if close is not None and not close.is_final:
            if since < CAPTURED_FOR:
                continue
            # Caught before the start and never at it: it says nothing of the end.
            close = None
        if close is None and since < GIVE_UP:
            continue
        clv = closing_line_value(
            price=bet.net_price,
            fair_closing_probability=None if close is None else close.fair_probability,
            market_was_quoted_at_close=bet.selection.market_id in quoted,
            close_is_later=close is not None and close.last_update > bet.placed_at,
        )
        bet.clv, bet.clv_note = clv.value, clv.note
        measured.append(bet)
    Bet.objects.bulk_update(measured, ["clv", "clv_note"], batch_size=500)
    return len(measured)
