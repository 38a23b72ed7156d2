"""What the models of a competition may be made by."""

from dataclasses import asdict
from typing import Any

from models_registry.history import may_be_drawn
from models_registry.training import goals as goal_training
from models_registry.training.boosters import BOOSTERS
from models_registry.training.learners import AS_THEY_STAND, Parameters


def recipes_of(competition_key: str) -> tuple[str, ...]:
    """Return the recipes that a model of a competition may be made by."""
    return (goal_training.ALGORITHM,) if may_be_drawn(competition_key) else tuple(BOOSTERS)


def recipe_of(competition_key: str, parameters: Parameters = AS_THEY_STAND) -> dict[str, Any]:
    """Return what a model of a competition is: the name of its recipe, and its parameters."""
    if may_be_drawn(competition_key):
        return {"recipe": goal_training.ALGORITHM, "parameters": {}}
    return {"recipe": parameters.algorithm, "parameters": asdict(parameters)}
