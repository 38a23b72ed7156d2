"""What an operator does with a step of the pipeline: run it again, leave it out, take it up."""

from datetime import datetime

from celery import chain, current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts import audit
from betting.domain.pipeline import STEPS, following

# Asked for by somebody who watches: what nobody took by then is not wanted any more.
WANTED_SECONDS = 900


class StepRefused(Exception):
    """What was asked of a step cannot be done, and why."""


@transaction.atomic
def run_again(
    step: str, *, with_following: bool, reason: str, by_id: int, now: datetime
) -> tuple[str, ...]:
    """Ask the workers for a step, and for what rests on it one after another; return which.

    They stop at the first that fails. A step is a sweep over rows: run once too often it finds
    nothing to do.

    Raises:
        StepRefused: for a step that is none, without a reason, or where nobody takes messages.
    """
    if step not in STEPS:
        raise StepRefused(f"{step} is no step.")
    if not reason.strip():
        raise StepRefused("reason: say why it is run again.")
    steps = (step, *(following(step) if with_following else ()))
    audit.record(
        action="asked for step",
        subject=step,
        actor_id=by_id,
        at=now,
        detail={"reason": reason.strip()[:500], "steps": list(steps)},
    )
    current_app.loader.import_default_modules()
    asked = chain(*(current_app.tasks[name].si() for name in steps))
    try:
        asked.apply_async(expires=WANTED_SECONDS)
    except OperationalError as error:
        raise StepRefused("The queue is away; nothing was done, try again.") from error
    return steps
