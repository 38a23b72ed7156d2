"""Predict a slate of 20 events from the database to stored rows, and explain one prediction.

The league is made up: 14,000 games in twenty seasons. Peer: the same version asked with features at
hand, without looking whether anything changed, without refusals and without storing. Needs a
database of its own; leaves it empty.
"""

import os
import tempfile
from datetime import date, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.test import override_settings  # noqa: E402 - after the set-up
from django.test.runner import DiscoverRunner  # noqa: E402 - after the set-up
from measured import say, seconds  # noqa: E402 - after the set-up

from models_registry import explaining, services, serving  # noqa: E402 - after the set-up
from models_registry.contributions import probabilities_of  # noqa: E402 - after the set-up
from odds.models import Competition, Event  # noqa: E402 - after the set-up
from tests.models_registry import league  # noqa: E402 - after the set-up

SEASONS, GAMES, SLATE, ROUNDS = 20, 700, 20, 15


def main() -> None:
    runner = DiscoverRunner(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        with tempfile.TemporaryDirectory() as folder, override_settings(ARTIFACT_DIR=folder):
            measure()
    finally:
        runner.teardown_databases(databases)


def measure() -> None:
    competition = league.competition()
    league.fill(competition, seasons=SEASONS, games=GAMES)
    last = Event.objects.latest("starts_at").starts_at
    now = last + timedelta(days=1)
    version = services.train_version(competition_key=league.KEY, until=now)
    services.promote_version(version_id=version.pk, by_id=None, reason="bench", now=now)
    events = _slate(competition, now.date())
    moments = iter(now + timedelta(minutes=number) for number in range(1, 10_000))

    def slate() -> None:
        services.predict_events(event_ids=events, as_of=next(moments), made_at=now)

    slate()
    model = serving.load_model(version.artifact, version.checksum, tuple(version.signature))
    _, matrix = serving.features_now(league.KEY, events, now)
    say(
        "a slate of 20 predicted, checked and stored, once loaded",
        seconds(slate, ROUNDS) * 1e3,
        "ms",
        "the model asked, features at hand",
        seconds(lambda: probabilities_of(model, matrix), ROUNDS) * 1e3,
    )

    def news() -> None:
        # As if a result had become usable: every feature of the slate is worked out again.
        serving.LOADED[league.KEY].kept.clear()
        slate()

    say("the same after a result became usable", seconds(news, ROUNDS) * 1e3, "ms")
    prediction = services.predict_events(
        event_ids=events[:1], as_of=next(moments), made_at=now
    ).predictions[0]
    explaining.explain(prediction)
    say("one prediction explained", seconds(lambda: explaining.explain(prediction), 5) * 1e3, "ms")


def _slate(competition: Competition, after: date) -> list[int]:
    """Four days of five events each."""
    return [
        league.upcoming(
            competition,
            day=after + timedelta(days=1 + number // 5),
            home=2 * (number % 5),
            away=2 * (number % 5) + 1,
        ).pk
        for number in range(SLATE)
    ]


if __name__ == "__main__":
    main()
