"""Assess a stake, stop what must stop, start again."""

from risk.services.assessing import assess_stake
from risk.services.breakers import (
    LevelsRefused,
    WorldReading,
    check_personal,
    check_world,
    due_at,
    make_due,
    set_levels,
    set_world_level,
    taken_as_due,
)
from risk.services.halts import NothingToLift, end_expired_halts, halt_everything, lift_halt
from risk.services.limits import change_limits
from risk.services.order import begin_stake

__all__ = [
    "LevelsRefused",
    "NothingToLift",
    "WorldReading",
    "assess_stake",
    "begin_stake",
    "change_limits",
    "check_personal",
    "check_world",
    "due_at",
    "end_expired_halts",
    "halt_everything",
    "lift_halt",
    "make_due",
    "set_levels",
    "set_world_level",
    "taken_as_due",
]
