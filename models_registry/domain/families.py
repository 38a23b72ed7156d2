"""The families of score distributions, and stored rows of several families read at once."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models_registry.domain.games import IntArray
from models_registry.domain.goals import GoalScores
from models_registry.domain.scores import PointScores, ScoreDistribution

FAMILIES: dict[str, type[ScoreDistribution]] = {
    family.family: family for family in (PointScores, GoalScores)
}


def read_scores(rows: Sequence[Mapping[str, Any]]) -> list[tuple[IntArray, ScoreDistribution]]:
    """Return stored rows as distributions, each with the places of its rows; {} is in none.

    Raises:
        ValueError: if a row is of a family that nobody knows.

    >>> row = {"family": "goals", "home": 1.4, "away": 1.1, "rho": -0.05}
    >>> [(places.tolist(), len(scores)) for places, scores in read_scores([row, {}, row])]
    [([0, 2], 2)]
    """
    alike: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if row:
            # Rows of one distribution share the shape of their league.
            key = json.dumps([row["family"], row.get("shape")], sort_keys=True)
            alike.setdefault(key, []).append(place)
    if unknown := {rows[places[0]]["family"] for places in alike.values()} - FAMILIES.keys():
        raise ValueError(f"family: {', '.join(unknown)} is none of {', '.join(FAMILIES)}")
    return [
        (
            np.array(places, dtype=np.int64),
            FAMILIES[rows[places[0]]["family"]].from_rows([rows[place] for place in places]),
        )
        for places in alike.values()
    ]
