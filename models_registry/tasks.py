"""What runs by itself: predict, judge the champion, retrain."""

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts import clock
from accounts.jobs import recorded
from models_registry import selectors, services
from models_registry.services import trials
from models_registry.watching import records_of_champions

logger = logging.getLogger(__name__)
# What was not begun when the sweep comes again is told of again, so the queue holds it once.
SWEPT_SECONDS = 60


@shared_task(name="models_registry.predict_upcoming", acks_late=True)
def predict_upcoming(**_future: object) -> None:
    """Predict the events of the next days with every champion, and challengers in shadow."""
    with recorded("models_registry.predict_upcoming") as run:
        run.detail = dict(services.predict_upcoming(now=clock.now()))


@shared_task(name="models_registry.evaluate_champion", acks_late=True)
def evaluate_champion(*, days: int = 60, **_future: object) -> None:
    """Set every champion's log loss beside the close's on what was settled lately."""
    with recorded("models_registry.evaluate_champion") as run:
        run.detail = records_of_champions(now=clock.now(), days=days)


@shared_task(name="models_registry.report_drift", acks_late=True)
def report_drift(**_future: object) -> None:
    """Read how champions drift, pause what drifted, and tell workers of challengers asked for."""
    with recorded("models_registry.report_drift") as run:
        found = services.report_drift(now=clock.now())
        run.detail = dict(found)
        for each in found.values():
            if "run" in each:
                queue_training(each["run"])


@shared_task(name="models_registry.retrain", acks_late=True)
def retrain(*, competition_key: str | None = None, **_future: object) -> None:
    """Queue a training for one competition, or for each that has a champion."""
    with recorded("models_registry.retrain") as run:
        now = clock.now()
        keys = [competition_key] if competition_key else selectors.competitions_served()
        for key in keys:
            try:
                asked = services.ask_for_training(
                    competition_key=key, until=now, by_id=None, now=now,
                    notes="scheduled", cause="scheduled",
                )  # fmt: skip
            except services.TrainingRefused as refusal:
                run.detail[key] = {"why": str(refusal)}
            else:
                run.detail[key] = {"run": asked.pk}
                queue_training(asked.pk)


# Longer than the broker's visibility timeout: then it is delivered again, and the second worker
# finds the run held and lets it be.
@shared_task(name="models_registry.train", acks_late=True, time_limit=7260, soft_time_limit=7200)
def train(*, run_id: int, **_future: object) -> None:
    """Work on a training run."""
    with recorded("models_registry.train") as run:
        trained = services.train_run(run_id=run_id)
        if trained.version is not None and trained.cause != "asked":
            # Nobody looks before it serves, so the attacker does.
            services.attack(version_id=trained.version.pk, by_id=None, now=clock.now())
        run.detail = services.settle_run(run_id=run_id, now=clock.now())


@shared_task(name="models_registry.sweep_runs", acks_late=True)
def sweep_runs(**_future: object) -> None:
    """Go on with the trainings whose worker died, or end them; tell again of those not heard of."""
    with recorded("models_registry.sweep_runs") as run:
        waiting, ended = services.sweep_runs()
        for run_id in waiting:
            queue_training(run_id)
        attacks = services.sweep_attacks()
        for attack_id in attacks:
            queue_attack(attack_id)
        searches = trials.searches_to_work_on()
        for search_id, short in searches:
            queue_search(search_id, workers=short)
        run.detail = {
            "queued": waiting,
            "ended": ended,
            "attacks": attacks,
            "searches": [search_id for search_id, short in searches if short],
        }


@shared_task(name="models_registry.upkeep", acks_late=True)
def upkeep(**_future: object) -> None:
    """Clear away the files that dead and cancelled trainings left."""
    with recorded("models_registry.upkeep") as run:
        run.detail = {"removed": services.clean_artifacts(now=timezone.now())}


def queue_training(run_id: int) -> None:
    """Tell the workers of a run; if none hears it, the next sweep tells them again."""
    try:
        train.apply_async(kwargs={"run_id": run_id}, expires=SWEPT_SECONDS)
    except OperationalError:
        logger.warning("The queue is away; the sweep will tell of training run %s", run_id)


# As `train`: whoever gets a second delivery finds the attack held and lets it be.
@shared_task(name="models_registry.attack", acks_late=True, time_limit=3660, soft_time_limit=3600)
def attack(*, attack_id: int, **_future: object) -> None:
    """Carry out an attack on a version."""
    with recorded("models_registry.attack") as run:
        ended = services.carry_out(attack_id=attack_id)
        run.detail = {"attack": attack_id, "status": ended.status}


def queue_attack(attack_id: int) -> None:
    """Tell the workers of an attack; if none hears it, the next sweep tells them again."""
    try:
        attack.apply_async(kwargs={"attack_id": attack_id}, expires=SWEPT_SECONDS)
    except OperationalError:
        logger.warning("The queue is away; the sweep will tell of attack %s", attack_id)


# One trial a delivery, so that trainings and attacks find their turn between two of them.
@shared_task(name="models_registry.search", acks_late=True, time_limit=3660, soft_time_limit=3600)
def search(*, search_id: int, **_future: object) -> None:
    """Do one trial of a search, and tell of the next."""
    if trials.work_on_search(search_id=search_id):
        queue_search(search_id, workers=1)


def queue_search(search_id: int, *, workers: int) -> None:
    """Tell so many workers of a search; those who do not hear it are told by the next sweep."""
    try:
        for _ in range(workers):
            search.apply_async(kwargs={"search_id": search_id}, expires=SWEPT_SECONDS)
    except OperationalError:
        logger.warning("The queue is away; the sweep will tell of search %s", search_id)
