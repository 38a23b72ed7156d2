from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from betting.venues.base import Order, Verdict
from betting.venues.paper import Temper, look_up, place
from config.env import paper
from tests import make

REAL = Temper(
    seed=7, latency=timedelta(seconds=4), moved=0.1, partial=0.2, rejected=0.1, unknown=0.2
)
LATE = make.NOON + timedelta(seconds=8)


def order(number: int, stake: str = "10.00", **fields) -> Order:
    given = {
        "reference": f"fl-{number}",
        "selection_id": 1,
        "bookmaker_id": 1,
        "price": Decimal("2.000"),
        "stake": Decimal(stake),
        "at": make.NOON,
    }
    return Order(**(given | fields))


def test_paper_takes_every_order_whole_at_once_unless_told_otherwise():
    for number in range(200):
        said = place(order(number), Temper())
        assert (said.verdict, said.matched_stake) == (Verdict.ACCEPTED, Decimal(10))


def test_each_thing_happens_to_its_share_of_orders():
    asked = [order(number) for number in range(4000)]
    first = Counter(place(each, REAL).verdict for each in asked)
    # Past the longest delay everything is decided.
    last = [look_up(each, REAL, now=LATE) for each in asked]
    decided = Counter(said.code or said.verdict.value for said in last)
    parts = [said for said in last if said.matched_stake not in (None, Decimal(10))]

    assert first[Verdict.UNKNOWN] == pytest.approx(800, abs=100)
    assert first[Verdict.PENDING] == sum(first.values()) - first[Verdict.UNKNOWN]
    assert decided["not_found"] == pytest.approx(200, abs=50)
    assert decided["price_moved"] == pytest.approx(380, abs=70)
    assert decided["limit_of_venue"] == pytest.approx(380, abs=70)
    assert len(parts) == pytest.approx(4000 * 0.95 * 0.8 * 0.2, abs=90)
    assert all(Decimal(1) <= said.matched_stake <= Decimal(9) for said in parts)


def test_the_answer_is_the_same_for_ever_and_another_with_another_seed():
    def fates(temper):
        return [look_up(order(number), temper, now=LATE) for number in range(300)]

    assert fates(REAL) == fates(REAL)
    assert fates(REAL) != fates(replace(REAL, seed=8))
    # What is decided stays so.
    later = LATE + timedelta(days=9)
    assert fates(REAL) == [look_up(order(n), REAL, now=later) for n in range(300)]


def test_what_is_withdrawn_before_it_is_decided_is_never_taken():
    slow = replace(REAL, unknown=0.0)
    for number in range(100):
        early = order(number, withdrawn_at=make.NOON)
        late = order(number, withdrawn_at=LATE)

        assert look_up(early, slow, now=LATE).verdict is Verdict.CANCELLED
        assert look_up(late, slow, now=LATE) == look_up(order(number), slow, now=LATE)


def test_the_smallest_stake_is_matched_whole_or_not_at_all():
    for number in range(100):
        said = look_up(order(number, "0.01"), replace(REAL, partial=1.0), now=LATE)
        assert said.matched_stake in (None, Decimal("0.01"))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"moved": 1.2}, "FAIRLINE_PAPER_MOVED is 1.2"),
        ({"unknown": -0.1}, "FAIRLINE_PAPER_UNKNOWN is -0.1"),
        ({"partial": float("nan")}, "FAIRLINE_PAPER_PARTIAL is nan"),
        ({"moved": 0.6, "rejected": 0.6}, "above 1 together"),
        ({"latency": -1.0}, "FAIRLINE_PAPER_LATENCY"),
        ({"latency": float("nan")}, "NaN"),
    ],
)
def test_a_temper_that_cannot_be_is_refused_by_name(given, named):
    right = {"seed": 0, "latency": 0, "moved": 0, "partial": 0, "rejected": 0, "unknown": 0}
    with pytest.raises(Exception, match=named):
        paper(**(right | given))
