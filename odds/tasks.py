"""What runs on a schedule: prices, results, closes, upkeep."""

from functools import partial

from celery import shared_task
from django.conf import settings
from django.db import transaction

from accounts import clock
from accounts.jobs import recorded
from odds import closing, services
from odds.feeds.the_odds_api import Client


@shared_task(name="odds.fetch_odds", acks_late=True, time_limit=180, soft_time_limit=150)
def fetch_odds(**_future: object) -> None:
    with recorded("odds.fetch_odds") as run:
        fetch = partial(
            services.fetch_odds,
            now=clock.now(),
            client=_client(),
            regions=settings.THE_ODDS_API_REGIONS,
            markets=settings.THE_ODDS_API_MARKETS,
        )
        run.detail = services.fetch_all(
            lambda key: fetch(competition_key=key), settings.THE_ODDS_API_COMPETITIONS
        )


@shared_task(name="odds.fetch_scores", acks_late=True, time_limit=180, soft_time_limit=150)
def fetch_scores(**_future: object) -> None:
    with recorded("odds.fetch_scores") as run:
        fetch = partial(services.fetch_scores, now=clock.now(), client=_client())
        run.detail = services.fetch_all(
            lambda key: fetch(competition_key=key), settings.THE_ODDS_API_COMPETITIONS
        )


@shared_task(name="odds.capture_closes", acks_late=True, time_limit=120, soft_time_limit=100)
def capture_closes(**_future: object) -> None:
    with recorded("odds.capture_closes") as run:
        run.detail = {"captured": closing.capture_closes(now=clock.now())}


@shared_task(name="odds.upkeep", acks_late=True, time_limit=120, soft_time_limit=100)
def upkeep(**_future: object) -> None:
    with recorded("odds.upkeep") as run, transaction.atomic():
        run.detail = {"partitions": services.keep_up(now=clock.now())}


def _client() -> Client:
    return Client(settings.THE_ODDS_API_URL, settings.THE_ODDS_API_KEY)
