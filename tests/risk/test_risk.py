"""Limits, stakes, drawdown: small figures checked by head, and laws."""

from decimal import Decimal

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEntry
from betting.selectors.stakes import Staked
from risk.domain.breakers import EquityPath, History, Level, read
from risk.domain.controls import Facts, find_breaches
from risk.domain.drawdown import drawdown_path
from risk.domain.exposure import On, OpenStakes, decided_by, worst_loss
from risk.domain.kelly import kelly_fraction
from risk.domain.limits import (
    Bounds,
    Exposure,
    most_now,
    rooms,
    trim_slate,
)
from risk.domain.staking import SHARE_PLACES, Proposal, share_units_of, waterfall
from risk.models import Halt
from risk.selectors import bounds_of, halts_in_force
from risk.services import NothingToLift, change_limits, halt_everything, lift_halt
from tests import make


def test_published_half_kelly_example():
    """penaltyblog's own: p 0.55 at 2.1, half Kelly stakes 7.05 %."""
    assert kelly_fraction(np.array([0.55]), np.array([2.1]))[0] / 2 == pytest.approx(
        0.0705, abs=5e-5
    )


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(1.01, 50)), min_size=1, max_size=20))
def test_kelly_is_zero_without_an_edge_and_never_everything(slate):
    p, price = (np.array(column) for column in zip(*slate, strict=True))

    share = kelly_fraction(p, price)

    assert ((share > 0) == (p * price - 1 > 0)).all()
    assert (share < 1).all()


def test_a_breach_says_what_is_left_and_every_breach_is_told():
    exposure = Exposure(
        Decimal("1000.00"), Decimal("5.00"), on_event=Decimal("28.00"), today=Decimal("99.00")
    )

    breaches = find_breaches(Facts(stake=Decimal("21.00"), exposure=exposure, bounds=Bounds()))

    assert [b.rule for b in breaches] == [
        "max_bet_share",
        "max_event_share",
        "max_day_share",
        "free_money",
    ]
    assert "2.00 of 30.00" in breaches[1].detail
    assert "at most 1.00 is possible now" in breaches[1].detail


def test_a_limit_reached_exactly_is_no_breach_and_a_cent_more_is():
    exposure = Exposure(Decimal("1000.00"), Decimal("1000.00"), Decimal("0"), Decimal("0"))

    assert find_breaches(Facts(stake=Decimal("20.00"), exposure=exposure, bounds=Bounds())) == ()
    over = find_breaches(Facts(stake=Decimal("20.01"), exposure=exposure, bounds=Bounds()))
    assert [b.rule for b in over] == ["max_bet_share"]
    under = find_breaches(Facts(stake=Decimal("0.99"), exposure=exposure, bounds=Bounds()))
    assert [b.rule for b in under] == ["min_stake"]


sides = (
    ("h2h", "home", None), ("h2h", "away", None), ("h2h", "draw", None),
    ("spreads", "home", "-2.5"), ("spreads", "away", "2.5"), ("spreads", "home", "-0.25"),
    ("totals", "over", "210.5"), ("totals", "under", "210.5"), ("totals", "under", "215"),
    ("player_points", "over", "20.5"),
)  # fmt: skip


@st.composite
def stakes_on(draw) -> On:
    """A stake on one of three events of two leagues, at one of two bookmakers."""
    event, market = draw(st.integers(0, 2)), draw(st.sampled_from(sides))
    axis, sign, is_straight = decided_by(*market[:2])
    quarters = int(Decimal(market[2] or 0) * 4) * (sign if axis == "margin" else 1)
    return On(
        event,
        event * 10 + ["h2h", "spreads", "totals", "player_points"].index(market[0]),
        event % 2,
        draw(st.integers(0, 1)),
        axis,
        sign,
        quarters,
        is_straight,
        event == 0,
        draw(st.integers(1001, 9000)) * 10_000 - 10_000_000,
    )


bets = st.lists(st.tuples(st.integers(0, 6000), stakes_on()), max_size=12)
narrow = st.builds(
    Bounds,
    max_market_share=st.sampled_from([Decimal("0.0050"), Decimal("0.0300"), Decimal(1)]),
    max_event_share=st.sampled_from([Decimal("0.0300"), Decimal(1)]),
    max_league_share=st.sampled_from([Decimal("0.0450"), Decimal("0.5000")]),
    max_bookmaker_share=st.sampled_from([Decimal("0.0350"), Decimal("0.5000")]),
    max_open_bets=st.sampled_from([3, 200]),
)


@given(bets, bets, narrow, st.integers(100, 300_000), st.integers(0, 100), st.integers(0, 30_000))
def test_trimming_a_slate_is_asking_the_limits_before_each_bet(
    slate, before, bounds, equity, part, today
):
    """The array version against the plain one, one bet after the other."""
    free = equity * part // 100
    held, again = OpenStakes(), OpenStakes()
    for cents, on in before:
        held.add(on, cents)
        again.add(on, cents)

    trimmed = trim_slate(
        asked=[cents for cents, _ in slate],
        on=[on for _, on in slate],
        held=held,
        equity=equity,
        free=free,
        today=today,
        bounds=bounds,
    )

    expected, left, spent = [], free, today
    for cents, on in slate:
        exposure = Staked(today=Decimal(spent) / 100, held=again).exposure(
            equity=Decimal(equity) / 100, free=Decimal(left) / 100, on=on
        )
        most = most_now(rooms(exposure=exposure, bounds=bounds))
        stake = int(min(Decimal(cents) / 100, most) * 100)
        asked = Decimal(stake) / 100
        if find_breaches(Facts(stake=asked, exposure=exposure, bounds=bounds)):
            assert stake < 100  # all but the smallest stake is kept by what the rooms leave
            stake = 0
        else:
            again.add(on, stake)
        expected.append(stake)
        left, spent = left - stake, spent + stake
    assert trimmed == expected


@given(st.lists(st.tuples(st.integers(1, 5000), stakes_on()), max_size=6), stakes_on())
def test_no_score_loses_more_than_the_worst_case_and_some_score_loses_that(held, further):
    """Against settling every score there is: exact where one thing decides, else never less."""
    held = [(on._replace(event=further.event, tie_loses=True), stake) for stake, on in held]
    held = [each for each in held if each[0].axis]

    def lost(stakes, margin, total) -> int:
        result = 0
        for on, stake in stakes:
            value = {"margin": margin, "total": total}[on.axis]
            if on.is_straight:
                ahead = (-2 if value else 2) if on.sign == 0 else on.sign * value * 2 or -2
            else:
                ahead = on.sign * (
                    4 * value + (on.quarters if on.axis == "margin" else -on.quarters)
                )
            if ahead < 0:
                result += stake if ahead <= -2 else -(-stake // 2)
            else:
                result -= stake * min(ahead, 2) * on.gain // (2 * 10_000_000)
        return result

    scores = [(margin, total) for margin in range(-8, 9) for total in range(200, 225)]
    worst = max(lost(held, *score) for score in scores)

    assert worst_loss(held) >= max(worst, 0)
    if len({on.axis for on, _ in held}) == 1:
        assert worst_loss(held) == max(worst, 0)
    # Whatever is staked up to a bound above what it says is used, no score loses more than that.
    if further.axis:
        further = further._replace(tie_loses=True)
        bound = max(worst_loss(held), worst_loss(held, further) + 1000)
        more = [*held, (further, bound - worst_loss(held, further))]
        assert max(lost(more, *score) for score in scores) <= bound


def test_a_share_is_read_as_written_and_rounded_down():
    shares = np.array([0.29, 0.07, 0.1 + 0.2, 0.00999])

    units = share_units_of(shares).tolist()
    assert [each * 100 // SHARE_PLACES for each in units] == [29, 7, 30, 0]
    # No sum of money is too large.
    assert units[0] * 10**12 // SHARE_PLACES == 29 * 10**10


def test_the_waterfall_says_each_step_and_what_halts():
    exposure = Exposure(Decimal("1000.00"), Decimal("3.00"), Decimal("0"), Decimal("0"))

    proposal = Proposal(share=0.1, price=2.0, kept=0.9)
    steps = waterfall(proposal=proposal, exposure=exposure, bounds=Bounds(), halted="Kill switch")

    assert [(step.name, str(step.stake)) for step in steps] == [
        ("full_kelly", "100.00"),
        ("fraction", "25.00"),
        ("correlation", "22.50"),
        ("max_bet_share", "20.00"),
        ("free_money", "3.00"),
        ("rounding", "3.00"),
        ("breaker", "0.00"),
    ]
    assert steps[-1].reason == "Kill switch"


def test_drawdown_is_the_deepest_fall_on_the_path_with_the_start_in_it():
    assert drawdown_path(np.array([100.0, 50.0, 200.0])).max() == 0.5
    assert drawdown_path(np.array([100.0, 110.0, 120.0])).max() == 0.0
    assert len(drawdown_path(np.array([]))) == 0


def path(*equity: float) -> EquityPath:
    days = np.datetime64("2026-01-01T00:00:00.000000") + np.arange(len(equity)) * np.timedelta64(
        86_400_000_000, "us"
    )
    return EquityPath(days, np.array(equity), np.zeros(len(equity)))


@pytest.mark.parametrize(
    ("equity", "lifted", "tripped"),
    [
        ((100, 75.01), None, False),
        ((100, 75), None, True),
        ((100, 120, 90), None, True),
        ((100, 70, 72), 1, False),  # a win while below the old peak does not trip it again
        ((100, 70, 53), 1, False),
        ((100, 70, 52.5), 1, True),  # a further fall of the whole share does
        ((100, 70, 100, 74), 1, True),
    ],
)
def test_the_breaker_trips_at_its_bound_and_starts_anew_where_it_was_lifted(
    equity, lifted, tripped
):
    taken = path(*equity)
    lifted_at = None if lifted is None else taken.at[lifted]

    reading = read(
        "drawdown",
        History.of_path(taken),
        now=taken.at[-1],
        bounds=Level(0.15, 0.25, 0),
        since=lifted_at,
    )
    assert reading.tripped is tripped


# --- halts


def test_a_halt_for_all_and_one_for_one(alice, bob, olivia):
    halt_everything(reason="all", now=make.NOON, by_id=olivia.pk)
    halt_everything(reason="mine", now=make.NOON, owner_id=alice.pk, by_id=alice.pk)

    assert [h.reason for h in halts_in_force(alice.pk, now=make.NIGHT)] == ["all", "mine"]
    assert [h.reason for h in halts_in_force(bob.pk, now=make.NIGHT)] == ["all"]
    assert AuditEntry.objects.count() == 2


def test_pressing_twice_halts_once_and_lifting_twice_lifts_once(olivia):
    first = halt_everything(reason="one", now=make.NOON)

    assert halt_everything(reason="two", now=make.NIGHT) == first
    lift_halt(halt_id=first.pk, reason="fine", now=make.NIGHT, by_id=olivia.pk)
    again = lift_halt(halt_id=first.pk, reason="finer", now=make.NIGHT)
    assert again.lift_reason == "fine"
    assert AuditEntry.objects.count() == 2
    with pytest.raises(NothingToLift):
        lift_halt(halt_id=0, reason="x", now=make.NIGHT)


def test_the_command_halts_and_lifts(alice, capsys):
    call_command("kill_switch", "on", reason="feed is odd")
    assert Halt.objects.get().reason == "feed is odd"
    call_command("kill_switch", "off", reason="feed is fine")
    assert halts_in_force(alice.pk, now=make.NIGHT) == []
    call_command("kill_switch", "off", reason="again")
    assert "was not on" in capsys.readouterr().out
    with pytest.raises(CommandError, match="nobody called 'mallory'"):
        call_command("kill_switch", "on", reason="x", user="mallory")
    with pytest.raises(CommandError, match="say why"):
        call_command("kill_switch", "on", reason=" ")


# --- limits


def test_changed_limits_hold_at_once_and_what_was_raised_is_written_down(alice):
    narrow = Bounds(max_bet_share=Decimal("0.0100"))
    assert change_limits(owner_id=alice.pk, bounds=narrow, now=make.NOON, by_id=alice.pk) == ()
    assert bounds_of(alice.pk) == narrow

    wide = Bounds(max_bet_share=Decimal("0.0250"), min_stake=Decimal("2.00"))
    raised = change_limits(owner_id=alice.pk, bounds=wide, now=make.NIGHT, by_id=alice.pk)
    again = change_limits(owner_id=alice.pk, bounds=wide, now=make.NIGHT, by_id=alice.pk)

    assert (raised, again) == (("max_bet_share",), ())
    lowered, entry = AuditEntry.objects.order_by("pk")
    assert (lowered.action, entry.action) == ("changed limits", "raised limits")
    assert entry.detail == {
        "max_bet_share": {"from": "0.0100", "to": "0.0250"},
        "min_stake": {"from": "1.00", "to": "2.00"},
    }
