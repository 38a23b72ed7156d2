"""The sports that the simulator plays."""

from odds.simulator.basketball import Basketball
from odds.simulator.boards import Sport
from odds.simulator.scored import FOOTBALL, SOCCER

BASKETBALL = Basketball()
SPORTS: tuple[Sport, ...] = (BASKETBALL, SOCCER, FOOTBALL)
