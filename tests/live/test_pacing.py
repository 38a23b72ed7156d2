"""How often pages may ask: by cost and weight, and by how many they are."""

import pytest

from config import pacing
from config.pacing import Pacing, part_of

ODDS = part_of(frozenset({"prices", "quotes", "fair"}))
EVENT = part_of(frozenset({"event:7", "bets", "quotes", "fair"}))
TODAY = part_of(frozenset({"opportunities", "bets", "prices", "fair"}))
OWN = part_of(frozenset({"bets"}))


def crowd(**many: int) -> Pacing:
    made = Pacing()
    for name, count in many.items():
        for _ in range(count):
            made.join(globals()[name])
    return made


def test_few_ask_every_second_however_dear():
    few = crowd(EVENT=1, ODDS=2)
    assert {few.seconds(each) for each in (EVENT, ODDS, TODAY, OWN)} == {1}


def test_what_is_dear_or_told_already_waits_longer_and_all_stays_within_the_share():
    made = crowd(ODDS=400, EVENT=200, TODAY=200, OWN=200)
    today, odds, event = (made.seconds(each) for each in (TODAY, ODDS, EVENT))
    # By hand: 400 sqrt(.01/4) + 200 sqrt(.05/4) + 200 sqrt(.03) = 77.0, of half a core.
    assert (today, odds, event) == (27, 31, 69)
    taken = 400 * 0.01 / odds + 200 * 0.05 / event + 200 * 0.03 / today
    assert taken == pytest.approx(pacing.FOR_PARTS, rel=0.05)
    assert made.seconds(OWN) == 1


def test_who_left_is_not_waited_for():
    made = crowd(TODAY=100)
    for _ in range(99):
        made.leave(TODAY)
    assert made.seconds(TODAY) == 1
