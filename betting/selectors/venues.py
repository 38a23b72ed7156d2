"""Which venues there are, and which of them may stake real money now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min

from accounts import clock
from betting.models import UNANSWERED, Bet
from betting.models.arming import Arming
from betting.venues.base import Terms, Venue
from betting.venues.registry import VENUES, venues_at
from risk.selectors import everybody_was_halted_since

# An arming that was asked for is confirmed within this time, or not at all.
CONFIRM_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class VenueState:
    """One venue: its terms, whether it may be asked now, and what waits for its answer."""

    key: str
    terms: Terms
    arming: Arming | None
    is_armed: bool
    why_not: str
    waiting: int
    longest: timedelta

    @property
    def gives_up_after(self) -> timedelta | None:
        """Return after how long of real time what it did not take comes back; None: never."""
        within = self.terms.answers_within
        return None if within is None else within / clock.rate()

    @property
    def may_place(self) -> bool:
        """Return whether bets may be placed there now."""
        return self.is_armed or not self.terms.needs_arming


def why_not_armed(venue: Venue, *, now: datetime) -> str:
    """Return why a venue may not be asked for a bet now, in words; empty where it may."""
    if not venue.terms.needs_arming:
        return ""
    return cannot_be_armed(venue) or _why_arming_fails(venue, _latest(venue.key), now=now)


def venues_open_at(bookmaker_key: str, *, now: datetime) -> list[Venue]:
    """Return the venues by which one can bet at a bookmaker now, in their order."""
    return [venue for venue in venues_at(bookmaker_key) if not why_not_armed(venue, now=now)]


def cannot_be_armed(venue: Venue) -> str:
    """Return what in the settings forbids a venue to stake real money; empty where nothing does."""
    title = venue.terms.title
    if venue.key not in settings.LIVE_VENUES:
        return f"{title} is not allowed here: FAIRLINE_LIVE_VENUES does not name {venue.key}."
    if settings.CLOCK is not None:
        return f"{title} stakes real money, and this world's clock is not the real one."
    return ""


def venue_states(*, now: datetime) -> list[VenueState]:
    """Return every venue as it stands. A query for what waits, and two for each that is armed."""
    waiting = {
        key: (count, since)
        for key, count, since in Bet.objects.filter(status__in=UNANSWERED)
        .order_by()
        .values_list("venue")
        .annotate(count=Count("pk"), since=Min("placed_at"))
    }
    states = []
    for venue in VENUES.values():
        count, since = waiting.get(venue.key, (0, now))
        arming = _latest(venue.key) if venue.terms.needs_arming else None
        reason = why_not_armed(venue, now=now)
        states.append(
            VenueState(
                key=venue.key,
                terms=venue.terms,
                arming=arming,
                is_armed=venue.terms.needs_arming and not reason,
                why_not=reason,
                waiting=count,
                longest=now - since,
            )
        )
    return states


def armings(venue_key: str | None = None) -> "list[Arming]":
    """Return the newest armings, of one venue or of all, with who did what."""
    found = Arming.objects.select_related("asked_by", "confirmed_by", "ended_by")
    if venue_key is not None:
        found = found.filter(venue=venue_key)
    return list(found[:20])


def _latest(venue_key: str) -> Arming | None:
    return (
        Arming.objects.filter(venue=venue_key, ended_at__isnull=True)
        .select_related("asked_by", "confirmed_by")
        .first()
    )


def _why_arming_fails(venue: Venue, arming: Arming | None, *, now: datetime) -> str:
    title = venue.terms.title
    if arming is None:
        return f"{title} is not armed; an operator arms it on the Venues page."
    if arming.confirmed_at is None or arming.expires_at is None:
        return f"{title} waits for the second confirmation of its arming."
    if now >= arming.expires_at:
        return f"{title} was armed until {arming.expires_at:%Y-%m-%d %H:%M} UTC; arm it anew."
    if everybody_was_halted_since(arming.confirmed_at):
        return f"{title} was disarmed by the halt of everybody; arm it anew once that is lifted."
    return ""
