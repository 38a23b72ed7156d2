"""The chain of rules before a stake: each its reason, all of them told, one of your own."""

import random
import re
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from betting.models import Bet
from betting.services.placement import StakeRefused
from risk.domain.controls import (
    CAUSES,
    CONTROLS,
    EventSeen,
    ExclusionSeen,
    Facts,
    HaltSeen,
    ModelSeen,
    OpportunitySeen,
    QuoteSeen,
    find_breaches,
)
from risk.domain.limits import Bounds, Exposure, Room
from risk.models import Assessment, Halt
from risk.rules import all_rules
from risk.services import halt_everything
from tests import make

MONEY = Exposure(Decimal("1000.00"), Decimal("1000.00"), Decimal("0"), Decimal("0"))
LATER = timedelta(minutes=15)
EVENT = EventSeen("A at B", "Scheduled", is_scheduled=True, starts_at=make.EVENING)
QUOTE = QuoteSeen("Book", False, Decimal("2.000"), make.NOON, LATER)


def facts(**changed) -> Facts:
    """Facts that nothing speaks against, but for what is changed."""
    given = {
        "stake": Decimal("10.00"),
        "exposure": MONEY,
        "now": make.NOON,
        "price": Decimal("2.000"),
        "net_price": 2.0,
        "probability": 0.55,
        "event": EVENT,
        "quote": QUOTE,
        "opportunity": OpportunitySeen(1, True, None, LATER),
        "model": ModelSeen("v1"),
    }
    return Facts(**(given | changed))


def halt(cause: str) -> HaltSeen:
    return HaltSeen(cause, cause, "every new stake", "Because.", make.NOON)


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


def own(kind: str, *, counts_bets: bool = False) -> Exposure:
    room = Room(kind, "yours", Decimal(50), Decimal(50), counts_bets=counts_bets)
    return Exposure(MONEY.equity, MONEY.free, Decimal(0), Decimal(0), personal=(room,))


BROKEN = {
    "excluded": {"exclusion": ExclusionSeen("Self-exclusion", None)},
    "jurisdiction": {"barred": "Nobody stakes from there."},
    **{cause: {"halts": (halt(cause),)} for cause in CAUSES},
    "event_open": {"event": EventSeen("A at B", "Postponed", False, make.EVENING)},
    "event_started": {"event": EventSeen("A at B", "Scheduled", True, make.NOON)},
    "no_rule": {"cannot_settle": "There is no rule.", "market_key": "player_points"},
    "archive": {"quote": QuoteSeen("Old", True, Decimal("2.000"), make.NOON, LATER)},
    "price_withdrawn": {"quote": QuoteSeen("Book", False, None, None, LATER)},
    "price_moved": {"quote": QuoteSeen("Book", False, Decimal("1.999"), make.NOON, LATER)},
    "price_stale": {
        "quote": QuoteSeen("Book", False, Decimal("2.000"), make.NOON - LATER * 1.01, LATER)
    },
    "opportunity": {"opportunity": OpportunitySeen(1, False, None, LATER)},
    "opportunity_gone": {"opportunity": OpportunitySeen(1, True, make.NOON - LATER * 1.01, LATER)},
    "model_paused": {"model": ModelSeen("v1", paused="v1 is paused")},
    "model_expired": {"model": ModelSeen("v1", expired="v1 expired")},
    "min_edge": {"bounds": Bounds(min_edge=Decimal("0.1001"))},
    "max_bet_share": {"bounds": Bounds(max_bet_share=Decimal("0.0099"))},
    "max_market_share": {"bounds": Bounds(max_market_share=Decimal("0.0099"))},
    "max_event_share": {"bounds": Bounds(max_event_share=Decimal("0.0099"))},
    "max_league_share": {"bounds": Bounds(max_league_share=Decimal("0.0099"))},
    "max_bookmaker_share": {"bounds": Bounds(max_bookmaker_share=Decimal("0.0099"))},
    "max_day_share": {"bounds": Bounds(max_day_share=Decimal("0.0099"))},
    "max_open_bets": {"exposure": Exposure(*[Decimal(1000)] * 2, *[Decimal(0)] * 5, 200)},
    "free_money": {"exposure": Exposure(Decimal(1000), Decimal(9), Decimal(0), Decimal(0))},
    "personal": {"exposure": own("stake_day")},
    "min_stake": {"stake": Decimal("0.99")},
}


def test_nothing_speaks_against_a_sound_stake():
    assert find_breaches(facts()) == ()


def test_every_rule_is_tried_here():
    assert [rule.name for rule in CONTROLS] == list(BROKEN)


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_alone_refuses_and_says_its_figure(rule):
    (breach,) = find_breaches(facts(**BROKEN[rule]))

    assert breach.rule in (rule, "stake_day")
    assert breach.detail.endswith(".")
    assert breach.figure != ""


def test_in_five_thousand_timelines_what_is_stale_gone_moved_or_started_is_refused():
    rng = random.Random(20)  # noqa: S311 - no secret
    refused = Counter()
    for _ in range(5000):
        # Seconds from now: what the provider said when, when it was looked at, when it starts.
        age, limit, gone, start = (
            rng.choice((0, 1, 119, 120, 121, rng.randint(0, 2000))) for _ in range(4)
        )
        asked, shown = rng.randint(1500, 2500), rng.choice((None, rng.randint(1500, 2500)))
        begun, ended, halted = rng.random() < 0.2, rng.random() < 0.3, rng.random() < 0.1
        found = find_breaches(
            facts(
                price=Decimal(asked) / 1000,
                event=EventSeen(
                    "A at B", "Scheduled", True, make.NOON + seconds(-start if begun else 1)
                ),
                quote=QuoteSeen(
                    "Book",
                    False,
                    None if shown is None else Decimal(shown) / 1000,
                    make.NOON - seconds(age),
                    seconds(limit),
                ),
                opportunity=OpportunitySeen(
                    1, True, make.NOON - seconds(gone) if ended else None, seconds(limit)
                ),
                halts=(halt("stale_feed"),) if halted else (),
            )
        )
        expected = {
            "price_withdrawn": shown is None,
            "price_moved": shown is not None and shown < asked,
            "price_stale": shown is not None and age > limit,
            "opportunity_gone": ended and gone > limit,
            "event_started": begun,
            "stale_feed": halted,
        }
        assert {breach.rule for breach in found} == {rule for rule, on in expected.items() if on}
        refused.update(rule for rule, on in expected.items() if on)

    assert len(refused) == 6
    assert min(refused.values()) > 200


def test_time_spent_refuses_in_minutes_and_a_leg_needs_no_edge_of_its_own():
    (breach,) = find_breaches(facts(exposure=own("time_day", counts_bets=True)))
    assert breach.detail.startswith("You were here 50 of 50 minutes")
    leg = OpportunitySeen(1, True, None, LATER, is_leg=True)
    assert find_breaches(facts(probability=0.4, opportunity=leg)) == ()
    assert [b.rule for b in find_breaches(facts(probability=0.4))] == ["min_edge"]


# --- through placement


def refused(owner, quote, **asked) -> list[str]:
    with pytest.raises(StakeRefused) as refusal:
        make.place(owner, quote, **asked)
    kept = Assessment.objects.get(pk=refusal.value.assessment_id)
    assert [each["rule"] for each in kept.breaches] == [b.rule for b in refusal.value.breaches]
    return [breach.rule for breach in refusal.value.breaches]


def test_a_halt_of_one_scope_stops_that_alone(alice, bob):
    make.bankroll(alice)
    make.bankroll(bob)
    quote, other = make.priced(), make.priced(book="other")
    scoped = {"cause": Halt.Cause.MANUAL, "scope": "bookmaker", "scope_key": "paperbook"}
    mine = halt_everything(reason="mine", now=make.NOON, owner_id=alice.pk, **scoped)
    assert mine.blocks == "new stakes of yours at the bookmaker paperbook; all others are taken"

    assert refused(alice, quote) == ["manual"]
    assert make.place(alice, other).status == "open"
    assert make.place(bob, quote).status == "open"
    halt_everything(
        reason="for all", now=make.NOON, cause="stale_feed", scope="league",
        scope_key="basketball_test",
    )  # fmt: skip
    assert refused(bob, quote) == ["stale_feed"]


def test_a_lock_ends_by_itself(alice):
    make.bankroll(alice)
    ends = make.NOON + timedelta(minutes=10)
    halt_everything(reason="an hour", now=make.NOON, owner_id=alice.pk, cause="manual", until=ends)
    assert refused(alice, make.priced()) == ["manual"]

    assert make.place(alice, make.priced(game=2), now=ends).status == "open"
    halt_everything(reason="again", now=ends, owner_id=alice.pk, cause="manual")
    first, second = Halt.objects.order_by("pk")
    assert (first.lifted_at, second.lifted_at) == (ends, None)


# --- a rule of one's own


def test_the_guides_example_works(alice, settings, tmp_path, monkeypatch):
    guide = Path("docs/guides/add_a_risk_rule.md").read_text()
    (tmp_path / "house_rules.py").write_text(re.search(r"```python\n(.*?)```", guide, re.S)[1])
    monkeypatch.syspath_prepend(tmp_path)
    settings.RISK_RULES = [re.search(r"FAIRLINE_RISK_RULES=(\S+)", guide)[1]]
    make.bankroll(alice)

    assert refused(alice, make.priced("11.000")) == ["no_long_shots"]
    assert make.place(alice, make.priced("9.000", game=2)).status == "open"
    assert Bet.objects.count() == 1
    sys.modules.pop("house_rules")


def test_a_rule_that_cannot_be_loaded_is_said(settings):
    for path in ("nowhere.RULE", "risk.domain.controls.CONTROLS"):
        settings.RISK_RULES = [path]
        with pytest.raises(ImproperlyConfigured, match="FAIRLINE_RISK_RULES"):
            all_rules()


def test_refusals_are_listed_with_all_reasons_and_can_be_looked_for(alice, client):
    make.bankroll(alice)
    refused(alice, make.priced(), stake="500.00")
    client.force_login(alice)

    page = client.get("/risk/refused/").content.decode()
    # What was possible is said once, then what each limit left, in the bankroll's money.
    assert page.count("At most €") == 1
    assert "One bet: €" in page
    assert "over what is left" not in page
    found = client.get("/risk/refused/?rule=max_bet_share&text=home").content.decode()
    assert "One bet: €" in found
    other = client.get("/risk/refused/?rule=price_moved").content.decode()
    assert "No refused stake matches." in other
