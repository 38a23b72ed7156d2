"""What a final score does to a selection, and what a result does to a stake.

Lines end in .00, .25, .50 or .75. A quarter line is half a stake on each neighbouring half line,
so its result is won, half won, half lost or lost; a whole line can push.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from accounts.money import to_cents

QUARTER = Decimal("0.25")


class Outcome(StrEnum):
    """What became of a bet."""

    WON = "won"
    HALF_WON = "half_won"
    PUSH = "push"
    VOID = "void"
    HALF_LOST = "half_lost"
    LOST = "lost"


class CannotSettle(Exception):
    """A market or line with no rule; says which."""


@dataclass(frozen=True, slots=True)
class Payout:
    """Where the stake and the winnings go. stake = returned + forfeited, to the cent."""

    returned: Decimal
    forfeited: Decimal
    winnings: Decimal

    @property
    def total(self) -> Decimal:
        """Return all that comes back: the returned stake and the winnings."""
        return self.returned + self.winnings


def outcome_of(
    *,
    market_key: str,
    side: str,
    point: Decimal | None,
    home_score: int,
    away_score: int,
    draw_offered: bool = False,
) -> Outcome:
    """Return what a final score (overtime included) makes of a selection.

    `point` is from the selection's own side: away +5.5 wins where the away team loses by five.
    A two-way moneyline pushes on a tie; where the draw is offered as a selection it loses.

    >>> outcome_of(market_key="spreads", side="away", point=Decimal("5.5"),
    ...            home_score=100, away_score=95).value
    'won'
    >>> outcome_of(market_key="totals", side="over", point=Decimal("2.75"),
    ...            home_score=2, away_score=1).value
    'half_won'

    Raises:
        CannotSettle: naming the market, side or line that has no rule.
    """
    margin = Decimal(home_score - away_score)
    if market_key == "h2h":
        return _winner(side, margin, draw_offered=draw_offered)
    if market_key == "spreads" and side in ("home", "away"):
        lead = margin if side == "home" else -margin
        return _against_line(lead + _line(point, market_key))
    if market_key == "totals" and side in ("over", "under"):
        above = Decimal(home_score + away_score) - _line(point, market_key)
        return _against_line(above if side == "over" else -above)
    raise CannotSettle(f"There is no rule for {side!r} in market {market_key!r}.")


def _winner(side: str, margin: Decimal, *, draw_offered: bool) -> Outcome:
    if side not in ("home", "away", "draw"):
        raise CannotSettle(f"There is no rule for {side!r} in market 'h2h'.")
    if margin == 0 and side != "draw" and not draw_offered:
        return Outcome.PUSH
    winner = "draw" if margin == 0 else "home" if margin > 0 else "away"
    return Outcome.WON if side == winner else Outcome.LOST


def _line(point: Decimal | None, market_key: str) -> Decimal:
    if point is None or point % QUARTER != 0:
        raise CannotSettle(f"{market_key} needs a line in quarters of a point, not {point}.")
    return point


def _against_line(distance: Decimal) -> Outcome:
    """Return the outcome of being ahead of the line by `distance`, in quarters of a point."""
    if distance == QUARTER:
        return Outcome.HALF_WON
    if distance == -QUARTER:
        return Outcome.HALF_LOST
    if distance == 0:
        return Outcome.PUSH
    return Outcome.WON if distance > 0 else Outcome.LOST


def payout(
    *, stake: Decimal, price: Decimal, outcome: Outcome, commission: Decimal = Decimal(0)
) -> Payout:
    """Return what a result does to a stake.

    Only the forfeited part is rounded; the rest of the stake comes back, so no cent is created or
    lost. Winnings are rounded once, half to even, after commission on them (0.05 is 5 %).

    >>> payout(stake=Decimal("10.01"), price=Decimal("2.000"), outcome=Outcome.HALF_LOST)
    Payout(returned=Decimal('5.01'), forfeited=Decimal('5.00'), winnings=Decimal('0.00'))
    """
    lost_share = {Outcome.LOST: Decimal(1), Outcome.HALF_LOST: Decimal("0.5")}
    won_share = {Outcome.WON: Decimal(1), Outcome.HALF_WON: Decimal("0.5")}
    forfeited = to_cents(stake * lost_share.get(outcome, Decimal(0)))
    winnings = to_cents(stake * won_share.get(outcome, Decimal(0)) * (price - 1) * (1 - commission))
    return Payout(returned=stake - forfeited, forfeited=forfeited, winnings=winnings)
