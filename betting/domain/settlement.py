"""What a final score does to a selection, and what a result does to a stake.

Lines end in .00, .25, .50 or .75. A quarter line is half a stake on each neighbouring half line,
so its result is won, half won, half lost or lost; a whole line can push.

In a dead heat as many tie as share fewer places: that part of the stake wins at the full price, the
rest of it is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from accounts.money import to_cents

QUARTER = Decimal("0.25")
MOST_TIED = 100
# The provider's name of a market -> whose rule settles it.
RULE_OF: Mapping[str, str] = {
    "h2h": "h2h",
    "h2h_3_way": "h2h_3_way",
    "draw_no_bet": "draw_no_bet",
    "spreads": "spreads",
    "alternate_spreads": "spreads",
    "totals": "totals",
    "alternate_totals": "totals",
}


class Outcome(StrEnum):
    """What became of a bet."""

    WON = "won"
    HALF_WON = "half_won"
    PUSH = "push"
    VOID = "void"
    HALF_LOST = "half_lost"
    LOST = "lost"
    DEAD_HEAT = "dead_heat"


WON_SHARE = {Outcome.WON: Decimal(1), Outcome.HALF_WON: Decimal("0.5")}
LOST_SHARE = {Outcome.LOST: Decimal(1), Outcome.HALF_LOST: Decimal("0.5")}


class CannotSettle(Exception):
    """A market or line with no rule; says which."""


@dataclass(frozen=True, slots=True)
class DeadHeat:
    """So many tied for fewer places; each is paid as for the part `places / tied` of the stake.

    >>> DeadHeat(tied=3).of(Decimal("10.00"))
    Decimal('3.33')
    """

    tied: int
    places: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.places < self.tied <= MOST_TIED:
            raise CannotSettle(
                f"A dead heat of {self.tied} for {self.places}: more must tie than there are "
                f"places, and at most {MOST_TIED}."
            )

    def of(self, stake: Decimal) -> Decimal:
        """Return the part of a stake that wins, to the cent, half to even."""
        return to_cents(stake * self.places / self.tied)


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
    A two-way moneyline pushes on a tie, as draw no bet always does; where the draw is offered as
    a selection a tie loses.

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
    rule = RULE_OF.get(market_key)
    if rule in ("h2h", "h2h_3_way") and side in ("home", "away", "draw"):
        return _winner(side, margin, draw_offered=draw_offered or rule == "h2h_3_way")
    if rule == "draw_no_bet" and side in ("home", "away"):
        return _winner(side, margin, draw_offered=False)
    if rule == "spreads" and side in ("home", "away"):
        lead = margin if side == "home" else -margin
        return _against_line(lead + _line(point, market_key))
    if rule == "totals" and side in ("over", "under"):
        above = Decimal(home_score + away_score) - _line(point, market_key)
        return _against_line(above if side == "over" else -above)
    raise CannotSettle(f"There is no rule for {side!r} in market {market_key!r}.")


def outcome_abandoned(
    *, market_key: str, side: str, point: Decimal | None, home_score: int, away_score: int
) -> Outcome:
    """Return what an event that was broken off makes of a selection: void, unless decided.

    Decided is only what no further score could have changed: a total that is wholly above its
    line already.

    >>> outcome_abandoned(market_key="totals", side="under", point=Decimal("2.5"),
    ...                   home_score=2, away_score=1).value
    'lost'
    >>> outcome_abandoned(market_key="h2h", side="home", point=None,
    ...                   home_score=2, away_score=1).value
    'void'

    Raises:
        CannotSettle: naming the market, side or line that has no rule.
    """
    so_far = outcome_of(
        market_key=market_key,
        side=side,
        point=point,
        home_score=home_score,
        away_score=away_score,
    )
    decided = {"over": Outcome.WON, "under": Outcome.LOST}
    return so_far if decided.get(side) is so_far else Outcome.VOID


def _winner(side: str, margin: Decimal, *, draw_offered: bool) -> Outcome:
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


@dataclass(frozen=True, slots=True)
class Ruled:
    """A stake at a price and what became of it; `commission` is a share of net winnings.

    A dead heat says how many tied.
    """

    stake: Decimal
    price: Decimal
    outcome: Outcome
    commission: Decimal = Decimal(0)
    dead_heat: DeadHeat | None = None

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.DEAD_HEAT) is not (self.dead_heat is not None):
            raise CannotSettle(
                f"{self.outcome}: say how many tied for a dead heat, and for that alone."
            )

    @property
    def parts(self) -> int:
        """Return in how many parts `lost` and `gross` are: a third is no decimal."""
        return self.dead_heat.tied if self.dead_heat else 1

    @property
    def lost(self) -> Decimal:
        """Return what is forfeited, exactly, in parts."""
        if self.dead_heat is None:
            return self.stake * LOST_SHARE.get(self.outcome, Decimal(0))
        return self.stake * (self.dead_heat.tied - self.dead_heat.places)

    @property
    def gross(self) -> Decimal:
        """Return what is won before commission, exactly, in parts."""
        if self.dead_heat is None:
            return self.stake * WON_SHARE.get(self.outcome, Decimal(0)) * (self.price - 1)
        return self.stake * self.dead_heat.places * (self.price - 1)

    @property
    def forfeited(self) -> Decimal:
        """Return what is forfeited, to the cent."""
        if self.dead_heat is None:
            return to_cents(self.lost)
        return self.stake - self.dead_heat.of(self.stake)

    @property
    def profit(self) -> Decimal:
        """Return what is won before commission less what is forfeited, to the cent."""
        return to_cents(self.gross / self.parts) - self.forfeited


def payouts_of_market(ruled: Sequence[Ruled]) -> list[Payout]:
    """Return what results do to the stakes on one market, commission taken of what it won in all.

    An exchange takes its share of a market's winnings net of what was lost there; each bet that won
    bears its part by what it won. Each stake is cut once, as `payout` says; winnings are rounded as
    they add up, so that all of them together are rounded once.

    10.00 and 10.00 are won and 5.00 lost, so 5 % of 15.00 is taken: 0.75.

    >>> of = {"outcome": Outcome.WON, "commission": Decimal("0.05")}
    >>> found = payouts_of_market([
    ...     Ruled(stake=Decimal("10.00"), price=Decimal("2.000"), **of),
    ...     Ruled(stake=Decimal("20.00"), price=Decimal("1.500"), **of),
    ...     Ruled(stake=Decimal("5.00"), price=Decimal("9.000"), outcome=Outcome.LOST),
    ... ])
    >>> [str(each.winnings) for each in found]
    ['9.62', '9.63', '0.00']
    """
    profits = [each.profit for each in ruled]
    won = sum((profit for profit in profits if profit > 0), Decimal(0)) or Decimal(1)
    net = max(sum(profits, Decimal(0)), Decimal(0)) if any(p > 0 for p in profits) else won
    paid, kept, before = [], Decimal(0), Decimal("0.00")
    for each in ruled:
        taken = each.commission * max(each.gross - each.lost, Decimal(0))
        # Divided once, at the end.
        kept += (each.gross * won - taken * net) / (each.parts * won)
        winnings = to_cents(kept) - before
        before += winnings
        paid.append(
            Payout(
                returned=each.stake - each.forfeited,
                forfeited=each.forfeited,
                winnings=winnings,
            )
        )
    return paid


def payout(
    *,
    stake: Decimal,
    price: Decimal,
    outcome: Outcome,
    commission: Decimal = Decimal(0),
    dead_heat: DeadHeat | None = None,
) -> Payout:
    """Return what a result does to a stake.

    The stake is cut in two once, to the cent: the part that is forfeited is rounded half to even
    (in a dead heat the part that wins is) and the other is what is left, so no cent is created or
    lost. Winnings are rounded once, half to even, after commission on what is won net of what is
    lost (0.05 is 5 %). With other bets on the market at an exchange use `payouts_of_market`.

    >>> payout(stake=Decimal("10.01"), price=Decimal("2.000"), outcome=Outcome.HALF_LOST)
    Payout(returned=Decimal('5.01'), forfeited=Decimal('5.00'), winnings=Decimal('0.00'))
    >>> payout(stake=Decimal("10.00"), price=Decimal("4.000"), outcome=Outcome.DEAD_HEAT,
    ...        dead_heat=DeadHeat(tied=3))
    Payout(returned=Decimal('3.33'), forfeited=Decimal('6.67'), winnings=Decimal('10.00'))

    Raises:
        CannotSettle: for a dead heat that does not say how many tied, or another result that does.
    """
    [paid] = payouts_of_market([Ruled(stake, price, outcome, commission, dead_heat)])
    return paid
