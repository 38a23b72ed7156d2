"""The round as steps, each with what it rests on: prices, predictions, stakes, results, money."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

# Task: the tasks whose work it reads. In the order of a round.
STEPS: Mapping[str, tuple[str, ...]] = {
    "odds.fetch_odds": (),
    "odds.fetch_files": (),
    "odds.capture_closes": ("odds.fetch_odds",),
    "models_registry.predict_upcoming": ("odds.fetch_odds",),
    "betting.refresh_opportunities": ("odds.fetch_odds", "models_registry.predict_upcoming"),
    "betting.read_breakers": ("odds.fetch_odds",),
    "betting.place_for_followers": ("betting.refresh_opportunities", "betting.read_breakers"),
    "odds.fetch_scores": (),
    "betting.settle_due_bets": ("odds.fetch_scores",),
    "betting.measure_clv": ("odds.capture_closes", "betting.settle_due_bets"),
    "models_registry.evaluate_champion": ("odds.fetch_scores",),
    "models_registry.report_drift": ("models_registry.evaluate_champion",),
    "betting.check_books": ("betting.settle_due_bets",),
    "betting.tell_people": (),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a run of the pipeline does: steps in order, and those left out on purpose."""

    steps: tuple[str, ...]
    skipped: tuple[str, ...]


def choose(*, first: str = "", last: str = "", skip: Collection[str] = ()) -> Chosen:
    """Return the steps from one to another, both included, without those to skip.

    Raises:
        ValueError: naming a step that is none, or a last that comes before the first.
    """
    names = list(STEPS)
    for name in (*filter(None, (first, last)), *skip):
        if name not in STEPS:
            raise ValueError(f"{name} is no step; they are {', '.join(names)}")
    begin = names.index(first) if first else 0
    end = names.index(last) + 1 if last else len(names)
    if begin >= end:
        raise ValueError(f"{last} comes before {first}")
    between = names[begin:end]
    return Chosen(
        steps=tuple(name for name in between if name not in skip),
        skipped=tuple(name for name in between if name in skip),
    )


def why_not(step: str, *, failed: Collection[str]) -> str:
    """Return which failed step this one rests on, directly or through others; empty if on none.

    >>> why_not("betting.place_for_followers", failed={"odds.fetch_odds"})
    'odds.fetch_odds'
    >>> why_not("betting.settle_due_bets", failed={"odds.fetch_odds"})
    ''
    """
    for needed in STEPS[step]:
        if needed in failed:
            return needed
        if further := why_not(needed, failed=failed):
            return further
    return ""


def following(step: str) -> tuple[str, ...]:
    """Return the steps that rest on one, directly or through others, in order.

    >>> following("odds.fetch_scores")[:2]
    ('betting.settle_due_bets', 'betting.measure_clv')
    """
    return tuple(name for name in STEPS if name != step and why_not(name, failed={step}))
