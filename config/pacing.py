"""How often open pages may ask for their parts, so that all together take no more than a share.

What costs four times as much, or is waited for at a quarter of the weight, is asked for half as
often: of all ways to share so much of a core out this has the parts behind by the least, on average
by weight (Cauchy-Schwarz). Costs are of the machine they were measured on; on a slower one pages
see for themselves that answers take long, and wait (static/js/live.js).
"""

from collections import Counter
from math import sqrt
from typing import NamedTuple

# Whoever hears of prices asks for all else that changes with them: for a part that all who see it
# alike have from one writing, for opportunities, whose rows they share, or for an event, which few
# look at together. So much of a core it takes, in seconds. Who hears of what is their own alone
# asks seldom.
SHARED_PART, OPPORTUNITIES, OWN_PART = 0.01, 0.03, 0.05
ALONE = frozenset({"bets", "jobs", "models"})
# Whoever is told prices and what they come to has all but the rest of its part already: to wait for
# that weighs so much less.
SAID, REST = frozenset({"quotes", "fair"}), 1 / 4
# What all of them together may take of a core: the rest tells prices and what they come to at once.
FOR_PARTS = 0.5


class Part(NamedTuple):
    """What is asked for again and again: its cost, of a core, and what waiting for it weighs."""

    cost: float
    weight: float


def part_of(topics: frozenset[str]) -> Part:
    """Return what whoever listens to these asks for."""
    costs = {"prices": SHARED_PART, "opportunities": OPPORTUNITIES}
    asked_for = topics - SAID - ALONE
    cost = max((costs.get(topic, OWN_PART) for topic in asked_for), default=0.0)
    return Part(cost, REST if topics >= SAID else 1.0)


class Pacing:
    """Who asks for what."""

    def __init__(self) -> None:
        self._asking: Counter[Part] = Counter()

    def join(self, part: Part) -> None:
        """Count one more who asks for such a part."""
        self._asking[part] += 1

    def leave(self, part: Part) -> None:
        """Count one less."""
        self._asking[part] -= 1

    def seconds(self, part: Part) -> int:
        """Return after how many seconds to ask for such a part again, at least one."""
        asking = self._asking.items()
        all_of_them = sum(many * sqrt(each.cost * each.weight) for each, many in asking)
        return max(1, round(sqrt(part.cost / part.weight) * all_of_them / FOR_PARTS))
