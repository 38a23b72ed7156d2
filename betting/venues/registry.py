"""Which venues there are, by key."""

from betting.venues.base import Venue
from betting.venues.manual import Manual
from betting.venues.paper import Paper

VENUES: dict[str, Venue] = {venue.key: venue for venue in (Paper(), Manual())}


class NoSuchVenue(Exception):
    """No venue goes by that key."""


def venues_at(bookmaker_key: str) -> list[Venue]:
    """Return the venues that can bet at a bookmaker, armed or not, in their order here."""
    return [
        venue
        for venue in VENUES.values()
        if venue.terms.bookmakers is None or bookmaker_key in venue.terms.bookmakers
    ]


def venue_by_key(key: str) -> Venue:
    """Return the venue of that key.

    Raises:
        NoSuchVenue: naming those there are.
    """
    try:
        return VENUES[key]
    except KeyError:
        raise NoSuchVenue(f"venue: {key!r} is none of {', '.join(sorted(VENUES))}.") from None
