"""A person says where they are and how old."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import User
from risk.domain.jurisdictions import MOST_AGE_KEPT, Said, why_not
from risk.jurisdiction import place_said_by
from risk.models import PlaceSaid
from risk.services.personal import COOL_OFF, NotYet


@transaction.atomic
def say_place(*, owner_id: int, place: str, reached_age: int, now: datetime) -> PlaceSaid:
    """Note where a person is and an age in years they have reached, in real time.

    Of the age no more is kept than any rule asks for. The same again writes nothing. What bars
    stakes can be said differently only after COOL_OFF: nobody tries out answers.

    Raises:
        NotYet: naming from when on another answer is taken.
    """
    # Two answers at once would both be the first.
    User.objects.select_for_update(no_key=True).get(pk=owner_id)
    said = Said(place, min(reached_age, MOST_AGE_KEPT))
    held = place_said_by(owner_id)
    if held is not None:
        before = Said(held.place, held.reached_age)
        if before == said:
            return held
        again_at = held.at + COOL_OFF
        if why_not(before, settings.JURISDICTIONS) and now < again_at:
            raise NotYet(
                f"You have answered at {held.at:%Y-%m-%d %H:%M} UTC; another answer is taken from "
                f"{again_at:%Y-%m-%d %H:%M} UTC on."
            )
    row = PlaceSaid.objects.create(owner_id=owner_id, at=now, **said._asdict())
    audit.record(
        action="said where they are and how old",
        subject=f"user {owner_id}",
        actor_id=owner_id,
        before=None if held is None else {"place": held.place, "reached_age": held.reached_age},
        after=said._asdict(),
        at=now,
    )
    return row
