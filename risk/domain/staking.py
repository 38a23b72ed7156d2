"""From full Kelly to a stake in cents, every step kept."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from accounts.money import down_to_cents
from risk.domain.kelly import kelly_fraction
from risk.domain.limits import Bounds, Exposure, rooms

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ZERO = Decimal("0.00")
SHARE_PLACES = 10**10


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the waterfall: the stake after it, and why."""

    name: str
    stake: Decimal
    reason: str


def share_units_of(share: FloatArray) -> IntArray:
    """Return float shares of an equity in whole units of `SHARE_PLACES`. Shape (n,).

    A share is read with ten places and the rest is whole numbers: 0.29 of 1.00 is 29 cents and
    not, as floats have it, 28. Units x equity // SHARE_PLACES is what `share_of` stakes.

    >>> units = share_units_of(np.array([0.29, 0.0123456])).tolist()
    >>> [each * 100_000 // SHARE_PLACES for each in units]
    [29000, 1234]
    """
    return np.rint(share * SHARE_PLACES).astype(np.int64)


def share_of(equity: Decimal, share: float) -> Decimal:
    """Return a float share of equity as money, rounded down as `share_units_of` reads it.

    >>> share_of(Decimal("1000.00"), 0.0123456)
    Decimal('12.34')
    """
    units = round(share * SHARE_PLACES)
    return Decimal(units * int(equity * 100) // SHARE_PLACES).scaleb(-2)


def waterfall(
    *,
    probability: float | None,
    price: float,
    exposure: Exposure,
    bounds: Bounds,
    halted: str = "",
    share: float | None = None,
) -> tuple[Step, ...]:
    """Return the recommended stake step by step; the last step is the recommendation.

    `price` is net of commission. Without a probability there is nothing to recommend by Kelly and
    the steps start from what the limits leave. `halted` says why nothing may be placed. `share`
    of equity is what a strategy with a plan of its own asks for, instead of Kelly.

    >>> exposure = Exposure(Decimal("1000.00"), Decimal("1000.00"), Decimal("0"), Decimal("0"))
    >>> for step in waterfall(probability=0.55, price=2.0, exposure=exposure, bounds=Bounds()):
    ...     print(step.name, step.stake)
    full_kelly 100.00
    fraction 25.00
    max_bet_share 20.00
    rounding 20.00
    breaker 20.00
    """
    steps = []
    left = rooms(exposure=exposure, bounds=bounds)
    stake = exposure.equity
    if share is not None:
        stake = share_of(exposure.equity, share)
        steps.append(Step("own_plan", stake, f"{share:.2%} of equity, by the strategy's own plan."))
    elif probability is not None:
        kelly = float(kelly_fraction(np.array([probability]), np.array([price]))[0])
        stake = share_of(exposure.equity, kelly)
        steps.append(
            Step("full_kelly", stake, f"{kelly:.2%} of {exposure.equity} grows it fastest.")
        )
        stake = share_of(exposure.equity, kelly * float(bounds.kelly_fraction))
        steps.append(Step("fraction", stake, f"{bounds.kelly_fraction:.0%} of full Kelly."))
    for room in left:
        if stake > room.most:
            stake = room.most
            steps.append(
                Step(room.rule, stake, f"{room.left} of {room.bound} is left for {room.title}.")
            )
    stake = down_to_cents(stake)
    if stake < bounds.min_stake:
        steps.append(Step("rounding", ZERO, f"Below the smallest stake, {bounds.min_stake}: none."))
        stake = ZERO
    else:
        steps.append(Step("rounding", stake, "Down to whole cents."))
    if halted:
        stake = ZERO
        steps.append(Step("breaker", stake, halted))
    else:
        steps.append(Step("breaker", stake, "Nothing is halted."))
    return tuple(steps)
