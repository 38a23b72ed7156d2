"""Which venues there are, by key."""

from datetime import timedelta

from django.conf import settings

from betting.venues.base import Venue
from betting.venues.manual import Manual
from betting.venues.paper import Paper


def _configured() -> list[Venue]:
    venues: list[Venue] = [Paper(), Manual()]
    if settings.BETFAIR_APP_KEY:
        # Its library takes a third of a second to load, which nobody else should wait for.
        from betting.venues.betfair import Betfair
        from betting.venues.betfair_api import Login

        login = Login(
            username=settings.BETFAIR_USERNAME,
            password=settings.BETFAIR_PASSWORD,
            app_key=settings.BETFAIR_APP_KEY,
            certificate=settings.BETFAIR_CERTIFICATE,
            url=settings.BETFAIR_URL,
        )
        waits = timedelta(seconds=settings.BETFAIR_WAIT_SECONDS)
        venues.append(Betfair(login, currency=settings.BETFAIR_CURRENCY, waits=waits))
    return venues


# Pinnacle (pinnacle.py) is not among them: it keeps the contract, and its API is closed.
VENUES: dict[str, Venue] = {venue.key: venue for venue in _configured()}


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
