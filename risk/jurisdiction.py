"""Where people said they are and how old, and what that lets them do."""

from django.conf import settings

from risk.domain.jurisdictions import Said, why_not
from risk.models import PlaceSaid


def place_said_by(owner_id: int) -> PlaceSaid | None:
    """Return what a person said last of where they are and how old; None before they said it."""
    return PlaceSaid.objects.filter(owner_id=owner_id).first()


def why_barred(owner_id: int) -> str:
    """Return why a person may look and not stake; empty if they may, or if nobody is asked.

    One query, none where `FAIRLINE_AGE_GATE` is off.
    """
    return why_barred_by(place_said_by(owner_id)) if settings.AGE_GATE else ""


def why_barred_by(said: PlaceSaid | None) -> str:
    """Return the same of what was said; empty where `FAIRLINE_AGE_GATE` is off."""
    if not settings.AGE_GATE:
        return ""
    return why_not(
        None if said is None else Said(said.place, said.reached_age), settings.JURISDICTIONS
    )
