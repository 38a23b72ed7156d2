"""From what a strategy would stake to a stake in cents, every step kept.

Live, in the proposals of a slate and in a backtest the same numbers: `Sizes` is what a plan
asks for before any limit, by arrays or for one bet; `waterfall` is the same with its steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

import numpy as np
from numpy.typing import NDArray

from risk.domain.limits import Bounds, Exposure, rooms
from risk.domain.rounding import ROUNDINGS, rounded_down

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


PLANS = {
    "kelly": "a part of what grows the bankroll fastest",
    "flat": "the same money on every bet",
    "proportional": "the same share of equity on every bet",
    "fixed_profit": "what a win turns into the same profit",
}
IN_MONEY = frozenset({"flat", "fixed_profit"})
# What a strategy with shares of its own asks for, such as the legs of an arbitrage.
OWN = "own"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a strategy sizes a stake before limits: one of PLANS, or OWN.

    `part` is of full Kelly, at most; the person's own counts where it is smaller. `size` is money
    for flat and fixed_profit, a share of equity for proportional. `most` is money, None without a
    cap. `rounding` is one of ROUNDINGS.
    """

    kind: str = "kelly"
    part: Decimal = Decimal(1)
    size: Decimal = ZERO
    most: Decimal | None = None
    rounding: str = "cents"


KELLY = Plan()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a strategy proposes for one bet.

    `share` is full Kelly over its slate (of OWN: the share asked for), `kept` the part left for
    correlation, `price` net of commission.
    """

    share: float
    price: float
    plan: Plan = KELLY
    kept: float = 1.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a plan asks for before limits, one row a bet: units of SHARE_PLACES, and cents. (n,).

    A plan sizes by one of them, the other is nothing. `most` is in cents, None without a cap.
    """

    units: IntArray
    cents: IntArray
    most: int | None

    @classmethod
    def of(
        cls, plan: Plan, *, share: FloatArray, kept: FloatArray, price: FloatArray, part: Decimal
    ) -> Self:
        """Return them for proposals' columns (n,); `part` is the person's own part of Kelly.

        >>> one = {"share": np.array([0.1]), "kept": np.array([0.5]), "price": np.array([3.0])}
        >>> [Sizes.of(Plan(kind, size=Decimal(size)), **one, part=Decimal("0.25")).asked(100_000)
        ...     for kind, size in (("kelly", "0"), ("flat", "12"), ("fixed_profit", "12"))]
        [[1250], [1200], [600]]
        """
        nothing = np.zeros(len(share), dtype=np.int64)
        most = None if plan.most is None else int(plan.most * 100)
        if plan.kind in IN_MONEY:
            return cls(nothing, _money_asked(plan, price), most)
        return cls(share_units_of(_share_asked(plan, share, kept, part)), nothing, most)

    def asked(self, equity: int) -> list[int]:
        """Return what is asked for of an equity in cents."""
        asked = [
            units * equity // SHARE_PLACES + cents
            for units, cents in zip(self.units.tolist(), self.cents.tolist(), strict=True)
        ]
        return asked if self.most is None else [min(each, self.most) for each in asked]


def _share_asked(plan: Plan, share: FloatArray, kept: FloatArray, part: Decimal) -> FloatArray:
    if plan.kind == "kelly":
        return share * float(min(plan.part, part)) * kept
    return share if plan.kind == OWN else np.full(len(share), float(plan.size))


def _money_asked(plan: Plan, price: FloatArray) -> IntArray:
    asked = np.full(len(price), int(plan.size * 100), dtype=np.int64)
    if plan.kind == "flat":
        return asked
    # What is a whole cent in money may lie a hair below it in floats.
    return np.floor(asked / np.maximum(price - 1.0, 1e-9) + 1e-9).astype(np.int64)


def still_match(planned: Sequence[int], left: Sequence[int]) -> bool:
    """Return whether legs are still worth taking: of none is more than a hundredth cut off. Cents.

    >>> still_match([1000, 1100], [1000, 1089]), still_match([1000, 1100], [1000, 1000])
    (True, False)
    """
    return all(
        stake > 0 and stake * 100 >= whole * 99 for whole, stake in zip(planned, left, strict=True)
    )


def _asked(proposal: Proposal, equity: Decimal, part: Decimal) -> list[Step]:
    """Return the steps up to what a plan asks for; the last is as `Sizes.asked` says."""
    plan, kept = proposal.plan, proposal.kept
    share, price = np.array([proposal.share]), np.array([proposal.price])
    if plan.kind in IN_MONEY:
        stake = Decimal(int(_money_asked(plan, price)[0])).scaleb(-2)
    else:
        stake = share_of(equity, float(_share_asked(plan, share, np.array([kept]), part)[0]))
    if plan.kind == "kelly":
        part = min(plan.part, part)
        full, cut = proposal.share, proposal.share * float(part)
        steps = [
            Step(
                "full_kelly",
                share_of(equity, full),
                f"{full:.2%} of {equity} grows it fastest, beside the rest of its slate.",
            ),
            Step("fraction", share_of(equity, cut), f"{part:.0%} of full Kelly."),
        ]
        if kept < 1.0:
            why = f"{kept:.0%} of it is left beside bets that win and lose with it."
            steps.append(Step("correlation", stake, why))
    else:
        why = {
            OWN: f"{proposal.share:.2%} of equity, by the strategy's own plan.",
            "flat": f"{plan.size} on every bet.",
            "proportional": f"{plan.size:.2%} of equity on every bet.",
            "fixed_profit": f"It wins {plan.size} at {proposal.price:.3f} net.",
        }[plan.kind]
        steps = [Step("own_plan" if plan.kind == OWN else plan.kind, stake, why)]
    if plan.most is not None and stake > plan.most:
        steps.append(Step("cap", plan.most, f"The strategy stakes {plan.most} at most."))
    return steps


def waterfall(
    *, proposal: Proposal | None, exposure: Exposure, bounds: Bounds, halted: str = ""
) -> tuple[Step, ...]:
    """Return the recommended stake step by step; the last step is the recommendation.

    Without a proposal there is nothing to recommend by a plan and the steps start from what the
    limits leave. `halted` says why nothing may be placed.

    >>> exposure = Exposure(Decimal("1000.00"), Decimal("1000.00"), Decimal("0"), Decimal("0"))
    >>> proposal = Proposal(share=0.10, price=2.0, kept=0.9)
    >>> for step in waterfall(proposal=proposal, exposure=exposure, bounds=Bounds()):
    ...     print(step.name, step.stake)
    full_kelly 100.00
    fraction 25.00
    correlation 22.50
    max_bet_share 20.00
    rounding 20.00
    breaker 20.00
    """
    steps = []
    stake, rounding = exposure.equity, "cents"
    if proposal is not None:
        steps = _asked(proposal, exposure.equity, bounds.kelly_fraction)
        stake, rounding = steps[-1].stake, proposal.plan.rounding
    for room in rooms(exposure=exposure, bounds=bounds):
        if stake > room.most:
            stake = room.most
            steps.append(
                Step(room.rule, stake, f"{room.left} of {room.bound} is left for {room.title}.")
            )
    stake = Decimal(rounded_down(int(stake * 100), rounding)).scaleb(-2)
    if stake < bounds.min_stake:
        steps.append(Step("rounding", ZERO, f"Below the smallest stake, {bounds.min_stake}: none."))
        stake = ZERO
    else:
        steps.append(Step("rounding", stake, f"Down {ROUNDINGS[rounding]}."))
    if halted:
        stake = ZERO
        steps.append(Step("breaker", stake, halted))
    else:
        steps.append(Step("breaker", stake, "Nothing is halted."))
    return tuple(steps)
