"""Measure each bet against the close, once the close can no longer move."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection, transaction
from django.db.models import Q

from betting.domain.clv import closing_line_value, quality_of, raw_value
from betting.domain.moved_lines import at_other_lines, knows
from betting.models import NOT_TAKEN, Bet, Closing
from odds.closing import GIVE_UP as CAPTURED_FOR
from odds.closing import closes_for
from odds.models import ClosingPrice, EventStatus, PricingRule, Selection
from risk.services import make_due

# A close that has not been captured this long after the start will not come any more.
GIVE_UP = timedelta(days=1)
CONSENSUS = "consensus"


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
        .select_related("selection__market__event__competition", "bookmaker")
        .order_by("pk")
    )
    if owner_id is not None:
        waiting = waiting.filter(owner_id=owner_id)
    bets = list(waiting[:limit])
    closes = closes_for({bet.selection_id for bet in bets})
    other = _closes_at_other_lines(bets)
    measured = []
    against: dict[int, _Close] = {}
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
        said = _Close(close) if close else other.get(bet.pk)
        clv = closing_line_value(
            price=bet.net_price,
            fair_closing_probability=said.fair if said else None,
            market_was_quoted_at_close=said is not None,
            close_is_later=said is not None and said.row.last_update > bet.placed_at,
            closing_line=said.line if said else None,
        )
        bet.clv, bet.clv_note = clv.value, clv.note
        measured.append(bet)
        if said is not None and clv.value is not None:
            against[bet.pk] = said
    with transaction.atomic():
        Bet.objects.bulk_update(measured, ["clv", "clv_note"], batch_size=500)
        valued = [bet for bet in measured if bet.pk in against]
        Closing.objects.bulk_create(
            _closings(valued, against, now=now), batch_size=500, ignore_conflicts=True
        )
        make_due(bet.owner_id for bet in valued)
    return len(measured)


@dataclass(frozen=True, slots=True)
class _Close:
    """The close of a bet; `line` is where it stood, if not at the line taken.

    Then `priced` is what it says of the line taken, None where nobody knows.
    """

    row: ClosingPrice
    line: float | None = None
    priced: float | None = None

    @property
    def fair(self) -> float | None:
        return self.row.fair_probability if self.line is None else self.priced


# The last price by the start of the books that bets are at, and of the references of their sport.
_LAST = """
SELECT s.id, b.key, last.price
FROM odds_quote q
JOIN odds_selection s ON s.id = q.selection_id AND s.id = ANY(%(selections)s)
JOIN odds_market m ON m.id = s.market_id
JOIN odds_event e ON e.id = m.event_id
JOIN odds_bookmaker b ON b.id = q.bookmaker_id AND b.key = ANY(%(books)s)
JOIN LATERAL (
    SELECT price FROM odds_pricechange
    WHERE quote_id = q.id AND COALESCE(last_update, seen_at) <= e.starts_at
      AND seen_at BETWEEN e.starts_at - interval '30 days' AND %(now)s
    ORDER BY seen_at DESC LIMIT 1
) last ON last.price IS NOT NULL
"""


def _closings(bets: list[Bet], against: dict[int, _Close], *, now: datetime) -> list[Closing]:
    """Return what the closes of these bets were, to be kept."""
    references = _references(bets)
    books = {bet.bookmaker.key for bet in bets} | {k for keys in references.values() for k in keys}
    selections = {against[bet.pk].row.selection_id for bet in bets} | {
        bet.selection_id for bet in bets
    }
    with connection.cursor() as cursor:
        cursor.execute(_LAST, {"selections": list(selections), "books": list(books), "now": now})
        last = {(selection, key): price for selection, key, price in cursor.fetchall()}
    made = []
    for bet in bets:
        close = against[bet.pk]
        if close.fair is None:
            continue
        named = (
            key
            for key in references.get(bet.selection.market.event.competition.sport_id, ())
            if (close.row.selection_id, key) in last
        )
        source = next(named, CONSENSUS)
        raw = last.get((bet.selection_id, bet.bookmaker.key))
        made.append(
            Closing(
                bet=bet,
                fair_probability=close.fair,
                age=close.row.age,
                source=source,
                method=close.row.method,
                book_count=close.row.book_count,
                quality=quality_of(
                    age=close.row.age,
                    book_count=close.row.book_count,
                    by_reference=source != CONSENSUS,
                    moved=close.line is not None,
                ),
                raw_price=raw,
                raw_clv=raw and raw_value(price=float(bet.taken_price), closing_price=float(raw)),
                measured_at=now,
            )
        )
    return made


def _references(bets: list[Bet]) -> dict[int, list[str]]:
    """Return the reference books in force by sport, first choice first."""
    sports = {bet.selection.market.event.competition.sport_id for bet in bets}
    newest = max((bet.selection.market.event.starts_at for bet in bets), default=None)
    if newest is None:
        return {}
    rules = PricingRule.objects.filter(sport__in=sports, in_force_from__lte=newest)
    return {rule.sport_id: rule.reference_books for rule in rules.order_by("in_force_from", "pk")}


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
            found[bet.pk] = _Close(closes[0], line=_line(closes[0].selection))
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
                close, line=float(close.selection.point or 0), priced=probability
            )
    return found


def _line(selection: Selection) -> float:
    """Return what is added to the home side's score, or the total."""
    point = float(selection.point or 0)
    return -point if selection.side == "away" else point
