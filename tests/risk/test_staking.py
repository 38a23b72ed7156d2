"""What a plan asks for, and that a slate is staked alike live and by arrays."""

from decimal import Decimal

import numpy as np
import pytest

from betting.domain.configuration import BadConfiguration, Configuration
from betting.selectors.stakes import Staked
from risk.domain.correlation import Correlations, Ties, kept_parts
from risk.domain.exposure import On, OpenStakes
from risk.domain.limits import Bounds, trim_slate
from risk.domain.rounding import ROUNDINGS, rounded_down
from risk.domain.staking import OWN, Plan, Proposal, Sizes, waterfall

PLANS = (
    Plan(part=Decimal("0.3")),
    Plan(part=Decimal("1"), most=Decimal("7.77"), rounding="whole"),
    Plan("flat", size=Decimal("12.34"), rounding="human"),
    Plan("proportional", size=Decimal("0.0123")),
    Plan("fixed_profit", size=Decimal("10.00"), most=Decimal("19.00")),
    Plan(OWN, rounding="human"),
)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.kind + plan.rounding)
def test_the_waterfall_one_by_one_is_the_slate_by_arrays_to_the_cent(plan: Plan) -> None:
    rng = np.random.default_rng(8)
    bounds = Bounds(max_event_share=Decimal("0.0250"), max_open_bets=9)
    placed = 0
    for _ in range(60):
        n = int(rng.integers(1, 13))
        share, kept = rng.uniform(0.0, 0.12, n), rng.uniform(0.3, 1.0, n)
        price = 1.0 + np.round(rng.lognormal(0.0, 0.7, n), 3) * 0.98
        on = [On(int(e), int(e) * 2, 1, int(rng.integers(2))) for e in rng.integers(0, 6, n)]
        equity = int(rng.integers(5_000, 500_000))
        free, today = int(rng.integers(0, equity)), int(rng.integers(0, equity // 15))
        held, again = OpenStakes(), OpenStakes()
        sizes = Sizes.of(plan, share=share, kept=kept, price=price, part=bounds.kelly_fraction)
        by_arrays = trim_slate(
            asked=sizes.asked(equity), on=on, held=held, equity=equity, free=free, today=today,
            bounds=bounds, rounding=plan.rounding,
        )  # fmt: skip
        for i, place in enumerate(on):
            exposure = Staked(today=Decimal(today) / 100, held=again).exposure(
                equity=Decimal(equity) / 100, free=Decimal(free) / 100, on=place
            )
            proposal = Proposal(float(share[i]), float(price[i]), plan, float(kept[i]))
            steps = waterfall(proposal=proposal, exposure=exposure, bounds=bounds)
            stake = int(steps[-1].stake * 100)
            assert stake == by_arrays[i], steps
            assert [s.stake for s in steps] == sorted((s.stake for s in steps), reverse=True)
            if stake:
                again.add(place, stake)
                free, today, placed = free - stake, today + stake, placed + 1
    assert placed > 60


def test_a_stake_is_never_rounded_up_and_by_no_more_than_a_step() -> None:
    for how in ROUNDINGS:
        rounded = [rounded_down(cents, how) for cents in range(0, 120_000, 7)]
        assert rounded == sorted(rounded), "more money is never a smaller stake"
        for cents, stake in zip(range(0, 120_000, 7), rounded, strict=True):
            assert 0 <= cents - stake < max(100, cents // 10)
            assert rounded_down(stake, how) == stake


def ties(**shared: list[int]) -> Ties:
    apart = np.arange(3)
    columns = {"slate": np.zeros(3, np.int64)}
    columns |= {name: apart + 10 * i for i, name in enumerate(("market", "event", "day"))}
    return Ties(**(columns | {name: np.array(given) for name, given in shared.items()}))


@pytest.mark.parametrize(
    ("shared", "kept"),
    [
        ({}, [1.0, 1.0, 1.0]),
        ({"event": [1, 1, 2]}, [1 / 2, 1 / 2, 1.0]),
        ({"home": [1, 2, 3], "away": [4, 1, 5]}, [1 / 1.2, 1 / 1.2, 1.0]),
        ({"day": [1, 1, 1]}, [1 / 1.04, 1 / 1.04, 1 / 1.04]),
        # The closest tie counts, and one market excludes: Kelly has dealt with that.
        ({"event": [1, 1, 2], "day": [1, 1, 1]}, [1 / 2.02, 1 / 2.02, 1 / 1.04]),
        ({"event": [1, 1, 2], "market": [1, 1, 2]}, [1.0, 1.0, 1.0]),
        ({"event": [1, 1, 1], "slate": [1, 2, 3]}, [1.0, 1.0, 1.0]),
    ],
)
def test_what_bets_share_is_taken_off(shared: dict[str, list[int]], kept: list[float]) -> None:
    alike = np.full(3, 0.05), np.full(3, 0.5), np.full(3, 2.2)
    assert kept_parts(*alike, ties(**shared), Correlations()).tolist() == pytest.approx(kept)


def test_a_small_bet_takes_little_off_a_large_one_and_one_without_stake_nothing() -> None:
    rest = np.full(3, 0.5), np.full(3, 2.0), ties(event=[1, 1, 1])
    kept = kept_parts(np.array([0.10, 0.01, 0.0]), *rest, Correlations())
    assert kept.tolist() == pytest.approx([1 / 1.1, 1 / 2, 1.0])
    assert kept_parts(np.zeros(3), *rest, Correlations()).tolist() == [1.0] * 3


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"stake_plan": "martingale"}, "stake_plan"),
        ({"stake_plan": "flat"}, "stake_size"),
        ({"stake_plan": "proportional", "stake_size": 2}, "stake_size"),
        ({"stake_size": 5}, "stake_size"),
        ({"stake_on": "hope"}, "stake_on"),
        ({"max_stake": -1}, "max_stake"),
        ({"rounding": "up"}, "rounding"),
        ({"correlation_day": 1.5}, "correlation_day"),
        ({"max_stake": float("nan")}, "max_stake"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(content: dict[str, object], field: str) -> None:
    with pytest.raises(BadConfiguration, match=f"^{field}: "):
        Configuration.from_json(content)


def test_a_configured_plan_is_money_to_the_cent() -> None:
    plan = Configuration.from_json(
        {"stake_plan": "flat", "stake_size": 12.345, "max_stake": 50, "rounding": "human"}
    ).plan
    assert plan == Plan("flat", Decimal("0.25"), Decimal("12.34"), Decimal("50.00"), "human")
