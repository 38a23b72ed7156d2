"""What runs by itself: predict, judge the champion, retrain."""

from celery import shared_task

from accounts import clock
from accounts.jobs import recorded
from models_registry import selectors, services


@shared_task(name="models_registry.predict_upcoming", acks_late=True)
def predict_upcoming(**_future: object) -> None:
    """Predict the events of the next days with every champion."""
    with recorded("models_registry.predict_upcoming") as run:
        run.detail = dict(services.predict_upcoming(now=clock.now()))


@shared_task(name="models_registry.evaluate_champion", acks_late=True)
def evaluate_champion(*, days: int = 60, **_future: object) -> None:
    """Set every champion's log loss beside the close's on what was settled lately."""
    with recorded("models_registry.evaluate_champion") as run:
        run.detail = selectors.records_of_champions(now=clock.now(), days=days)


# A long history on a busy machine; below the broker's visibility timeout, or it would run twice.
@shared_task(name="models_registry.retrain", acks_late=True, time_limit=840, soft_time_limit=800)
def retrain(*, competition_key: str | None = None, **_future: object) -> None:
    """Train a challenger for one competition, or for each that has a champion."""
    with recorded("models_registry.retrain") as run:
        keys = [competition_key] if competition_key else selectors.competitions_served()
        for key in keys:
            run.detail[key] = services.retrain(competition_key=key, now=clock.now())
