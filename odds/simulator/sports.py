"""The sports that the simulator plays."""

from odds.simulator.basketball import Basketball
from odds.simulator.boards import Sport

SPORTS: tuple[Sport, ...] = (Basketball(),)
