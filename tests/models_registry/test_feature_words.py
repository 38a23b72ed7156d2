"""Features are told to readers in words, whatever is stored of them."""

import re
from datetime import date

import numpy as np

from models_registry.domain import features, goal_ratings
from models_registry.domain.feature_words import WORDS, said_of
from models_registry.domain.features import FeatureMatrix
from models_registry.domain.reach import TrainingRows, measure_reach, out_of_reach
from models_registry.models import Refusal
from tests.models_registry import league

KEYS = {name for name in WORDS if "_" in name}


def test_every_feature_has_words_of_its_own():
    assert set(WORDS) == {*features.NAMES, *goal_ratings.NAMES}
    assert len({each.title for each in WORDS.values()}) == len(WORDS)
    for name, each in WORDS.items():
        assert all(each), name
        assert each.meaning.endswith("."), name


def test_whatever_a_refusal_says_of_features_is_said_with_their_titles():
    rows = np.random.default_rng(1).normal(size=(500, len(features.NAMES)))
    reach = measure_reach(TrainingRows(features.NAMES, np.arange(500), rows))
    far, unknown = np.zeros(len(features.NAMES)), np.zeros(len(features.NAMES))
    far[features.NAMES.index("last_game")] = -40.0
    far[features.NAMES.index("home_rest")] = 30.0
    unknown[features.NAMES.index("strength_quick")] = np.nan
    stored = out_of_reach(reach, FeatureMatrix(features.NAMES, np.array([far, unknown])))

    told = [said_of(sentence) for sentence in stored]

    assert re.search(r"Last game without need -\d+\.\d; Home side's rest \+\d+\.\d", told[0])
    assert "its distance is" in told[0]
    assert "the limit" in told[0]
    assert "Strength lately" in told[1]
    for sentence in told:
        assert not KEYS & set(re.findall(r"\w+", sentence)), sentence


def test_a_sentence_of_something_else_is_left_as_it_is():
    for sentence in ("mean form 0.1", "Version 2 expired: it knows nothing later", "a record of 3"):
        assert said_of(sentence) == sentence


def test_a_page_names_a_feature_and_keeps_its_key_beside_it(trained, as_alice):
    event = league.upcoming(trained.predictor.competition, day=date(2023, 7, 3))
    Refusal.objects.create(
        version=trained, event=event, cause="outside", as_of=league.AFTER, made_at=league.AFTER,
        detail="distance 17.7 from the games it was trained on, of which 99.9% lie within 16.9; "
        "furthest off, in standard deviations: last_game -12.2, locked +10.4, venue_form -2.0",
        distance=17.7,
    )  # fmt: skip

    drift = as_alice.get(f"/models/drift/{trained.predictor.key}/").content.decode()
    version = as_alice.get(f"/models/{trained.pk}/").content.decode()
    card = as_alice.get(f"/models/{trained.pk}/card/").content.decode()

    assert "Last game without need −12.2; Rank is settled +10.4" in drift
    assert "last_game" not in drift
    for page in (version, card):
        assert "Home side played yesterday" in page
        assert "<code>home_back_to_back</code>" in page
