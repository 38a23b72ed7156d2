"""Scenarios drawn by number: the same number, the same faults, for ever."""

import random

from odds.simulator.faults import KINDS, REFUSALS, drift_names
from odds.simulator.scenario import Fault, Scenario

_MOST_FAULTS = 4
# Rounds of a proof make about so many calls to an endpoint.
_CALLS = 8
# Longer than the client waits in a proof; kept short by its patience, not by chance.
SILENCE = 0.4
_SMALL_PLANS = (12, 20, 31, 45)
_AMOUNTS = {
    "placeholder_price": (1.0, 1.01),
    "stale_update": (30.0, 90.0, 240.0),
    "rescheduled": (-5.0, 3.0, 30.0),
    "timeout": (SILENCE,),
    "negative_remaining": (1.0, 772.0),
}


def draw(number: int) -> Scenario:
    """Return the scenario of a number: one to four faults, on one account in five a small plan.

    Every kind of fault comes first in one scenario of as many as there are kinds, every drift in
    one drift of as many as there are drifts.
    """
    chance = random.Random(number)  # noqa: S311 - a repeatable draw, no secret
    kinds = list(KINDS)
    chosen = [kinds[number % len(kinds)]]
    chosen += chance.choices(kinds, k=chance.randrange(_MOST_FAULTS))
    drifts = drift_names()
    return Scenario(
        title=f"Drawn by number {number}",
        seed=number,
        credits=chance.choice(_SMALL_PLANS) if number % 5 == 0 else 100_000,
        has_history=chance.random() < 0.5,
        faults=tuple(
            _fault(kind, drifts[(number // len(kinds) + place) % len(drifts)], chance)
            for place, kind in enumerate(chosen)
        ),
    )


def _fault(kind: str, drift: str, chance: random.Random) -> Fault:
    # What stops every answer for good shows little; mostly it lasts a few calls.
    lasting = kind in REFUSALS or KINDS[kind].rewrite is None
    return Fault(
        kind=kind,
        endpoints=frozenset(
            chance.choice([[], ["odds"], ["odds"], ["odds", "scores"], ["scores", "events"]])
        ),
        first_call=chance.randrange(1, 4),
        calls=chance.randrange(1, _CALLS) if lasting else chance.choice([None, 1, 2, 3]),
        share=chance.choice([1.0, 1.0, 0.7, 0.4]),
        events=chance.choice([1.0, 0.5, 0.3]),
        amount=chance.choice(_AMOUNTS.get(kind, (KINDS[kind].amount,))),
        variant=drift if kind == "drifted_schema" else "",
    )
