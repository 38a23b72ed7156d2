"""What changes the registry: train, promote, roll back, stage, tag, note, predict."""

from models_registry.artifacts import ArtifactRefused
from models_registry.availability import NothingServes
from models_registry.services.attack import (
    AttackRefused,
    attack,
    carry_out,
    request_attack,
    sweep_attacks,
    version_to_attack,
)
from models_registry.services.cleaning import clean_artifacts
from models_registry.services.drift import NotPaused, release_version, report_drift
from models_registry.services.holdout import (
    Look,
    OpenedBefore,
    deflated_by_openings,
    open_held_out,
    open_held_out_once,
    opened_before,
    opening_words,
    refusal_words,
    seasons_held_out,
    stored_seasons_held_out,
)
from models_registry.services.prediction import ask_champions, predict_events, predict_upcoming
from models_registry.services.promotion import (
    NothingToRollBackTo,
    PromotionRefused,
    gates_of,
    promote_version,
    roll_back,
)
from models_registry.services.runs import (
    TrainingCancelled,
    TrainingRefused,
    cancel_training,
    sweep_runs,
)
from models_registry.services.stages import (
    RemarkRefused,
    StageRefused,
    note_on_version,
    stage_version,
    tag_version,
    untag_version,
)
from models_registry.services.training import (
    ask_for_training,
    settle_run,
    train_run,
    train_version,
)

# What a registry says no with, in words for whoever asked; nothing was written.
REFUSALS = (
    ArtifactRefused,
    AttackRefused,
    NothingToRollBackTo,
    PromotionRefused,
    RemarkRefused,
    StageRefused,
    TrainingRefused,
)

__all__ = [
    "REFUSALS",
    "AttackRefused",
    "Look",
    "NotPaused",
    "NothingServes",
    "NothingToRollBackTo",
    "OpenedBefore",
    "PromotionRefused",
    "RemarkRefused",
    "StageRefused",
    "TrainingCancelled",
    "TrainingRefused",
    "ask_champions",
    "ask_for_training",
    "attack",
    "cancel_training",
    "carry_out",
    "clean_artifacts",
    "deflated_by_openings",
    "gates_of",
    "note_on_version",
    "open_held_out",
    "open_held_out_once",
    "opened_before",
    "opening_words",
    "predict_events",
    "predict_upcoming",
    "promote_version",
    "refusal_words",
    "release_version",
    "report_drift",
    "request_attack",
    "roll_back",
    "seasons_held_out",
    "settle_run",
    "stage_version",
    "stored_seasons_held_out",
    "sweep_attacks",
    "sweep_runs",
    "tag_version",
    "train_run",
    "train_version",
    "untag_version",
    "version_to_attack",
]
