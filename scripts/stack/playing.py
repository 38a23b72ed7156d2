"""Who provides the odds: a real provider by key, or the bundled simulator on the world's clock."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from stack import environment
from stack.place import Place, read_json
from stack.world_clock import WorldClock

# The simulated league's present begins here, the same for every installation.
WORLD_BEGINS = datetime(2026, 1, 16, 16, 0, tzinfo=UTC)
COMPETITION = "basketball_sim"
RATE = 120.0


def is_simulated(user: Mapping[str, str]) -> bool:
    """Tell whether the simulator has to provide the odds."""
    return not environment.is_set(user, "THE_ODDS_API_KEY")


def simulator_variables(port: int) -> dict[str, str]:
    """Return what makes the simulator the provider."""
    return {
        "THE_ODDS_API_URL": f"http://127.0.0.1:{port}",
        "THE_ODDS_API_KEY": "simulated",
        "THE_ODDS_API_COMPETITIONS": COMPETITION,
        "THE_ODDS_API_REGIONS": "us",
    }


def clock_of(place: Place) -> WorldClock:
    """Return the world's clock of this place."""
    return WorldClock(place, begins=WORLD_BEGINS)


@contextmanager
def alongside(place: Place, user: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Have a command see the provider and the time that the running product sees.

    While nothing plays, the world's time goes on from where it stood at the real pace, and what
    has passed is remembered, so that the next start does not go back behind it.
    """
    running = read_json(place.state / "provider.json")
    clock = clock_of(place)
    if not is_simulated(user):
        yield {}
    elif running:
        yield running
    elif not (place.var / "world.json").exists():
        # Before the first run there is no world yet.
        yield {}
    else:
        anchor = clock.start(rate=1.0)
        try:
            yield simulator_variables(0) | {"FAIRLINE_CLOCK": anchor.as_variable()}
        finally:
            clock.stop(anchor)
