"""What a venue's terms speak against a stake, before it is asked."""

from dataclasses import dataclass
from datetime import datetime

from betting.domain.ladder import neighbours
from betting.selectors.venues import why_not_armed
from betting.services.asking import Asked
from betting.venues.base import CannotQuote, Quoted, Venue
from odds.models import Bookmaker, Selection
from risk.domain.limits import Breach


@dataclass(frozen=True, slots=True)
class Offered:
    """What a venue said it offers, or why it offers nothing; neither where it tells no price."""

    quoted: Quoted | None = None
    refusal: CannotQuote | None = None


def offer_of(venue: Venue, asked: Asked, *, now: datetime) -> Offered:
    """Ask a venue that tells its own price for it. Outside any transaction: it takes time."""
    if not venue.terms.quotes or why_not_armed(venue, now=now):
        return Offered()
    try:
        return Offered(
            venue.quote(selection_id=asked.selection_id, bookmaker_id=asked.bookmaker_id, now=now)
        )
    except CannotQuote as refusal:
        return Offered(refusal=refusal)


def terms_against(
    asked: Asked,
    venue: Venue,
    bookmaker: Bookmaker,
    selection: Selection,
    offered: Offered,
    *,
    currency: str,
    now: datetime,
) -> tuple[Breach, ...]:
    """Return every term of the venue that a stake breaks, its arming first."""
    found = (
        _arming_breach(venue, selection, now=now),
        _bookmaker_breach(venue, bookmaker),
        _currency_breach(venue, currency),
        *_stake_breaches(asked, venue),
        _ladder_breach(asked, venue),
        _offer_breach(asked, venue, offered),
    )
    return tuple(breach for breach in found if breach is not None)


def _arming_breach(venue: Venue, selection: Selection, *, now: datetime) -> Breach | None:
    if not venue.terms.needs_arming:
        return None
    if selection.market.event.competition.is_simulated:
        detail = f"{venue.terms.title} stakes real money, and this league is simulated."
        return Breach("simulated", detail, figure="simulated", bound="real", field="venue")
    reason = why_not_armed(venue, now=now)
    if not reason:
        return None
    return Breach("not_armed", reason, figure="off", bound="armed", field="venue")


def _bookmaker_breach(venue: Venue, bookmaker: Bookmaker) -> Breach | None:
    takes = venue.terms.bookmakers
    if takes is None or bookmaker.key in takes:
        return None
    detail = f"{venue.terms.title} does not bet at {bookmaker}; choose another venue."
    return Breach(
        "venue_bookmaker", detail, figure=bookmaker.key, bound=", ".join(sorted(takes)),
        field="venue",
    )  # fmt: skip


def _currency_breach(venue: Venue, currency: str) -> Breach | None:
    if venue.terms.currency in (None, currency):
        return None
    detail = (
        f"{venue.terms.title} is kept in {venue.terms.currency}, this bankroll in {currency}; "
        "stake from a bankroll in its currency."
    )
    return Breach(
        "venue_currency", detail, figure=currency, bound=str(venue.terms.currency),
        field="bankroll_id",
    )  # fmt: skip


def _stake_breaches(asked: Asked, venue: Venue) -> list[Breach]:
    terms = venue.terms
    breaches = []
    if asked.stake < terms.min_stake:
        detail = f"{terms.title} takes {terms.min_stake} or more."
        breaches.append(
            Breach("venue_min_stake", detail, str(asked.stake), str(terms.min_stake), "stake")
        )
    if terms.max_stake is not None and asked.stake > terms.max_stake:
        detail = f"{terms.title} takes {terms.max_stake} at most."
        breaches.append(
            Breach("venue_max_stake", detail, str(asked.stake), str(terms.max_stake), "stake")
        )
    return breaches


def _ladder_breach(asked: Asked, venue: Venue) -> Breach | None:
    below, above = neighbours(asked.price, venue.terms.ladder)
    if asked.price in (below, above):
        return None
    near = " or ".join(str(price) for price in (below, above) if price is not None)
    detail = f"{asked.price} is no price of {venue.terms.title}; ask for {near}."
    return Breach("venue_ladder", detail, figure=str(asked.price), bound=near, field="price")


def _offer_breach(asked: Asked, venue: Venue, offered: Offered) -> Breach | None:
    if offered.refusal is not None:
        code, detail = offered.refusal.code, str(offered.refusal)
        return Breach(f"venue_{code}", detail, figure=code.value, bound="", field="venue")
    if offered.quoted is not None and offered.quoted.price < asked.price:
        shown = offered.quoted.price
        detail = f"{venue.terms.title} offers {shown} now, below the {asked.price} asked."
        return Breach(
            "price_moved", detail, figure=str(shown), bound=str(asked.price), field="price"
        )
    return None
