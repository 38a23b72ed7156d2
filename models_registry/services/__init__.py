"""What changes the registry: train, promote, roll back, predict."""

from models_registry.services.prediction import NothingServes, predict_events, predict_upcoming
from models_registry.services.promotion import (
    NothingToRollBackTo,
    PromotionRefused,
    gates_of,
    promote_version,
    roll_back,
)
from models_registry.services.training import retrain, train_version

__all__ = [
    "NothingServes",
    "NothingToRollBackTo",
    "PromotionRefused",
    "gates_of",
    "predict_events",
    "predict_upcoming",
    "promote_version",
    "retrain",
    "roll_back",
    "train_version",
]
