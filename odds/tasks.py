"""What runs on a schedule: prices, results, closes, upkeep."""

from datetime import datetime, timedelta
from functools import partial

from celery import shared_task
from django.conf import settings
from django.db import transaction

from accounts import clock
from accounts.jobs import recorded
from odds import alerting, closing, services
from odds.services import weights

# How often the plan is asked, in the world's time, and never more often in real time.
ASK_THE_PLAN, LEAST_REST = timedelta(minutes=1), timedelta(seconds=5)

# What was asked for on a page is no longer wanted after this.
WANTED_SECONDS = 3600


@shared_task(name="odds.fetch_odds", acks_late=True, time_limit=180, soft_time_limit=150)
def fetch_odds(**_future: object) -> None:
    """Ask the plan what is worth its credits now, and fetch that."""
    with recorded("odds.fetch_odds") as run, services.open_client() as client:
        run.detail = services.fetch_what_is_due(now=clock.now(), client=client, wishes=wishes())


@shared_task(name="odds.fetch_scores", acks_late=True, time_limit=180, soft_time_limit=150)
def fetch_scores(**_future: object) -> None:
    """Fetch results that are waited for, where no budget makes them part of the plan."""
    with recorded("odds.fetch_scores") as run:
        now, wanted = clock.now(), wishes()
        if services.credits_left(now=now, wishes=wanted) is not None:
            run.detail = {"results": "fetched with the prices, by the plan"}
            return
        with services.open_client() as client:
            fetch = partial(services.fetch_scores, now=now, client=client)
            run.detail = services.fetch_all(
                lambda key: fetch(competition_key=key), wanted.competitions
            )


@shared_task(name="odds.fetch_files", acks_late=True, time_limit=280, soft_time_limit=240)
def fetch_files(**_future: object) -> None:
    with recorded("odds.fetch_files") as run:
        run.detail = services.fetch_files(now=clock.now())


@shared_task(name="odds.tell_of_finds", acks_late=True, time_limit=120, soft_time_limit=100)
def tell_of_finds(**_future: object) -> None:
    """Tell of arbitrages and moves, where somebody asked to be told."""
    with recorded("odds.tell_of_finds") as run:
        run.detail = alerting.tell_of_finds(now=clock.now())


@shared_task(name="odds.capture_closes", acks_late=True, time_limit=120, soft_time_limit=100)
def capture_closes(**_future: object) -> None:
    with recorded("odds.capture_closes") as run:
        run.detail = {"captured": closing.capture_closes(now=clock.now())}


@shared_task(name="odds.learn_weights", acks_late=True, time_limit=280, soft_time_limit=240)
def learn_weights(*, sport_key: str, **_future: object) -> None:
    """Learn a sport's weights of bookmakers from their prices and closes, as asked on its page."""
    with recorded("odds.learn_weights") as run:
        run.detail = {"sport": sport_key}
        try:
            found = weights.learn_weights(
                sport_key=sport_key, target="close", lead=timedelta(hours=1), now=clock.now()
            )
        except weights.NothingLearned as reason:
            run.detail["why"] = str(reason)
        else:
            run.detail |= {"events": found.events_learned, "kept": found.stored is not None}


def ask_to_learn(*, sport_key: str, by_id: int, now: datetime) -> None:
    """Ask the workers to learn a sport's weights, and log who asked.

    Raises:
        OperationalError: where nobody takes messages; nothing is logged.
        Sport.DoesNotExist: if no sport has that key.
    """
    with transaction.atomic():
        weights.note_asked(sport_key=sport_key, by_id=by_id, now=now)
        learn_weights.apply_async(kwargs={"sport_key": sport_key}, expires=WANTED_SECONDS)


@shared_task(name="odds.upkeep", acks_late=True, time_limit=120, soft_time_limit=100)
def upkeep(**_future: object) -> None:
    with recorded("odds.upkeep") as run, transaction.atomic():
        run.detail = {
            "partitions": services.keep_up(now=clock.now()),
            "bookmakers named": services.name_bookmakers(),
        }


def wishes() -> services.Wishes:
    """Return what the settings want of the provider."""
    rate = clock.rate()
    return services.Wishes(
        competitions=tuple(settings.THE_ODDS_API_COMPETITIONS),
        markets=tuple(settings.THE_ODDS_API_MARKETS),
        regions=tuple(settings.THE_ODDS_API_REGIONS),
        bookmakers=tuple(settings.THE_ODDS_API_BOOKMAKERS),
        event_markets=tuple(settings.THE_ODDS_API_EVENT_MARKETS),
        budget=settings.THE_ODDS_API_MONTHLY_CREDITS,
        base=timedelta(seconds=settings.FETCH_ODDS_SECONDS),
        tick=max(ASK_THE_PLAN, LEAST_REST * rate),
        is_simulated=settings.CLOCK is not None,
    )
