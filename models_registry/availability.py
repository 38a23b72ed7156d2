"""Whether anything can speak for a competition now, and if not, why."""

import logging
from datetime import datetime

from models_registry import selectors, serving
from models_registry.artifacts import ArtifactRefused
from models_registry.describing import predictor_key
from models_registry.fitness import pauses_in_force, why_expired
from models_registry.models import ModelVersion

logger = logging.getLogger(__name__)


class NothingServes(Exception):
    """No champion can predict, and why, in words that name the remedy."""


def serving_champion(competition_key: str, *, at: datetime) -> ModelVersion:
    """Return the champion that may be priced with at a moment.

    Raises:
        NothingServes: if there is none, it expired or was paused, or its files are broken.
    """
    key = predictor_key(competition_key)
    champion = selectors.champion(key)
    if champion is None:
        raise NothingServes(
            f"{key} has no champion: train a version (models train {competition_key}) and "
            "promote it"
        )
    if reason := why_expired(champion, at):
        raise NothingServes(reason)
    if pause := pauses_in_force([champion.pk], at=at).get(champion.pk):
        raise NothingServes(f"{champion} is paused since {pause.at:%Y-%m-%d %H:%M}: {pause.reason}")
    try:
        serving.load_model(champion.artifact, champion.checksum, tuple(champion.signature))
    except ArtifactRefused as refusal:
        logger.error("%s: %s", champion, refusal)
        raise NothingServes(refusal.plain) from refusal
    return champion
