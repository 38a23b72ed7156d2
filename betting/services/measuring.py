"""Measure each bet against the close, once the close can no longer move."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Q

from betting.domain.clv import closing_line_value
from betting.domain.moved_lines import at_other_lines, knows
from betting.models import NOT_TAKEN, Bet
from odds.closing import GIVE_UP as CAPTURED_FOR
from odds.closing import closes_for
from odds.models import ClosingPrice, EventStatus, Selection

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
            ~Q(status__in=NOT_TAKEN),
            clv__isnull=True,
            clv_note="",
        )
        .select_related("selection__market__event__competition")
        .order_by("pk")
    )
    if owner_id is not None:
        waiting = waiting.filter(owner_id=owner_id)
    bets = list(waiting[:limit])
    closes = closes_for({bet.selection_id for bet in bets})
    other = _closes_at_other_lines(bets)
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
        said = _Close(close.fair_probability, close.last_update) if close else other.get(bet.pk)
        clv = closing_line_value(
            price=bet.net_price,
            fair_closing_probability=said.probability if said else None,
            market_was_quoted_at_close=said is not None,
            close_is_later=said is not None and said.last_update > bet.placed_at,
            closing_line=said.line if said else None,
        )
        bet.clv, bet.clv_note = clv.value, clv.note
        measured.append(bet)
    Bet.objects.bulk_update(measured, ["clv", "clv_note"], batch_size=500)
    return len(measured)


@dataclass(frozen=True, slots=True)
class _Close:
    """What the close says of a bet; `line` is where it stood, if not at the line taken."""

    probability: float | None
    last_update: datetime
    line: float | None = None


def _closes_at_other_lines(bets: list[Bet]) -> dict[int, _Close]:
    """Return, by bet, what its side's nearest line says of it, of markets quoted at the close.

    Without a probability where nothing says how scores lie around closes.
    """
    found: dict[int, _Close] = {}
    moved: dict[tuple[str, str], list[tuple[Bet, ClosingPrice]]] = {}
    quoted: dict[int, list[ClosingPrice]] = {}
    for close in ClosingPrice.objects.filter(
        is_final=True, selection__market__in={bet.selection.market_id for bet in bets}
    ).select_related("selection"):
        quoted.setdefault(close.selection.market_id, []).append(close)
    for bet in bets:
        closes = quoted.get(bet.selection.market_id, [])
        same = [each for each in closes if each.selection.side == bet.selection.side]
        market = bet.selection.market
        key = (market.event.competition.key, market.key)
        if same and knows(*key):
            nearest = min(same, key=lambda each: abs(_line(each.selection) - _line(bet.selection)))
            moved.setdefault(key, []).append((bet, nearest))
        elif closes:
            found[bet.pk] = _Close(None, closes[0].last_update)
    for (competition_key, market_key), pairs in moved.items():
        flipped = np.array([bet.selection.side in ("away", "under") for bet, _ in pairs])
        said = np.array([close.fair_probability for _, close in pairs])
        of_first = at_other_lines(
            competition_key,
            market_key,
            line=np.array([_line(close.selection) for _, close in pairs]),
            probability=np.where(flipped, 1.0 - said, said),
            wanted=np.array([_line(bet.selection) for bet, _ in pairs]),
        )
        own = np.where(flipped, 1.0 - of_first, of_first)
        for (bet, close), probability in zip(pairs, own.tolist(), strict=True):
            found[bet.pk] = _Close(
                probability, close.last_update, float(close.selection.point or 0)
            )
    return found


def _line(selection: Selection) -> float:
    """Return what is added to the home side's score, or the total."""
    point = float(selection.point or 0)
    return -point if selection.side == "away" else point
