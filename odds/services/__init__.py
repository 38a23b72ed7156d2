"""What is written about the world: sweeps, results, history; one module a topic."""

from odds.services.counts import Counts
from odds.services.partitions import ensure_partitions
from odds.services.results import record_box_scores, record_lines, record_results
from odds.services.runs import begin_run, end_run, quarantine
from odds.services.sweeps import record_sweep, record_sweeps
from odds.services.teams import UnknownTeams, add_alias, ensure_competition

__all__ = [
    "Counts",
    "UnknownTeams",
    "add_alias",
    "begin_run",
    "end_run",
    "ensure_competition",
    "ensure_partitions",
    "quarantine",
    "record_box_scores",
    "record_lines",
    "record_results",
    "record_sweep",
    "record_sweeps",
]
