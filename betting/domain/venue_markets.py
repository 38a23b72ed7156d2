"""Which of a venue's markets and selections is ours: exactly one, or none at all.

The same hard gate as for team names: only equal spellings match, and those that somebody listed.
A wrong match would stake real money on something else, so anything in doubt is refused, with why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from odds.domain.matching import normalise

# A start may be listed a little differently; a double-header is hours apart.
START_TOLERANCE = timedelta(minutes=45)
DRAW = "the draw"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What we want to bet on; `home` and `away` hold every spelling known, normalised."""

    market_key: str
    side: str
    point: Decimal | None
    starts_at: datetime
    draw_offered: bool
    home: frozenset[str]
    away: frozenset[str]


@dataclass(frozen=True, slots=True)
class Runner:
    """One selection of a venue's market, as the venue calls it.

    `line` is the handicap of that side, or the total, in markets with a selection a line; None in
    those without lines.
    """

    key: int
    name: str
    line: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One market that a venue lists for the sport and kind wanted, about the time wanted."""

    key: str
    event: str
    starts_at: datetime
    runners: tuple[Runner, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The one selection of the one market that is ours."""

    market: Listed
    runner: Runner


class NotListed(Exception):
    """The venue lists nothing that is ours."""


class Ambiguous(Exception):
    """It cannot be told for certain which of the venue's selections is ours."""


def find_selection(wanted: Wanted, listed: Sequence[Listed]) -> Found:
    """Return the venue's selection that is ours.

    Raises:
        NotListed: naming what the venue lists instead.
        Ambiguous: naming the candidates, or how the one found differs.
    """
    ours = [market for market in listed if _is_ours(wanted, market)]
    if not ours:
        seen = ", ".join(sorted({market.event for market in listed})[:5]) or "nothing"
        raise NotListed(
            f"none of its events is {_words(wanted)}; about that time it lists {seen}. "
            "If one of them is ours, add its spelling as an alias of the team."
        )
    near = [each for each in ours if abs(each.starts_at - wanted.starts_at) <= START_TOLERANCE]
    if not near:
        at = ", ".join(f"{market.starts_at:%H:%M}" for market in ours)
        raise Ambiguous(
            f"{ours[0].event} starts {at} UTC there and {wanted.starts_at:%H:%M} UTC here: "
            "it may be another event."
        )
    if len(near) > 1:
        keys = ", ".join(market.key for market in near)
        raise Ambiguous(f"it lists {len(near)} markets for {near[0].event}: {keys}.")
    return Found(near[0], _runner(wanted, near[0]))


def _words(wanted: Wanted) -> str:
    return f"{min(wanted.away, key=len)} at {min(wanted.home, key=len)}"


def _names(market: Listed) -> list[str]:
    """Return the two teams: of the runners, or of the event where the runners are no teams."""
    # A market with lines lists each team once a line.
    runners = dict.fromkeys(normalise(runner.name) for runner in market.runners)
    teams = [name for name in runners if name != DRAW]
    if any(name.split()[0] in ("over", "under") for name in teams if name):
        for between in (" v ", " vs ", " @ "):
            if between in market.event:
                return [normalise(name) for name in market.event.split(between)]
    return teams


def _total_names(side: str, point: Decimal | None) -> frozenset[str]:
    """Return what a side of a total is called, with its line in its name or beside it."""
    return frozenset({f"{side} {point} goals", f"{side} {point}", side})


def _is_ours(wanted: Wanted, market: Listed) -> bool:
    names = _names(market)
    return len(names) == 2 and (
        (names[0] in wanted.home and names[1] in wanted.away)
        or (names[1] in wanted.home and names[0] in wanted.away)
    )


def _runner(wanted: Wanted, market: Listed) -> Runner:
    offers_draw = any(normalise(runner.name) == DRAW for runner in market.runners)
    if wanted.market_key == "h2h" and offers_draw != wanted.draw_offered:
        there, here = ("with", "without") if offers_draw else ("without", "with")
        raise Ambiguous(f"its market is {there} the draw, ours is {here} it: they settle apart.")
    names = {
        "home": wanted.home,
        "away": wanted.away,
        "draw": frozenset({DRAW}),
        "over": _total_names("over", wanted.point),
        "under": _total_names("under", wanted.point),
    }[wanted.side]
    named = [runner for runner in market.runners if normalise(runner.name) in names]
    with_lines = [runner for runner in named if runner.line is not None]
    if with_lines and wanted.point is not None:
        found = [runner for runner in with_lines if runner.line == wanted.point]
        if not found:
            lines = ", ".join(f"{runner.line:f}" for runner in with_lines)
            raise NotListed(f"{wanted.side} has no line {wanted.point:f} there, only {lines}.")
    else:
        # Without lines, a handicap of ours would land on the plain market.
        found = named if wanted.point is None or wanted.side in ("over", "under") else []
    if len(found) != 1:
        offered = ", ".join(runner.name for runner in market.runners)
        raise Ambiguous(f"{wanted.side} is not one of its selections: {offered}.")
    return found[0]
