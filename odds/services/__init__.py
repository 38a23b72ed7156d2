"""What is written about the world: sweeps, results, history; one module a topic."""

from odds.services.counts import Counts
from odds.services.fetching import (
    FetchFailed,
    PaidCallsPaused,
    fetch_all,
    fetch_event_odds,
    fetch_events,
    fetch_odds,
    fetch_scores,
    open_client,
    sync_sports,
)
from odds.services.file_feeds import FileFeedFailed, fetch_file_feed, fetch_files
from odds.services.importing import ImportedFile, import_file, plan_import
from odds.services.partitions import ensure_partitions
from odds.services.planning import Wishes, credits_left, fetch_what_is_due
from odds.services.results import record_box_scores, record_lines, record_results
from odds.services.retention import Dropped, drop_old_prices
from odds.services.runs import begin_run, end_run, quarantine
from odds.services.sweeps import record_sweep, record_sweeps
from odds.services.teams import UnknownTeams, add_alias, ensure_competition
from odds.services.upkeep import keep_up, name_bookmakers

__all__ = [
    "Counts",
    "Dropped",
    "FetchFailed",
    "FileFeedFailed",
    "ImportedFile",
    "PaidCallsPaused",
    "UnknownTeams",
    "Wishes",
    "add_alias",
    "begin_run",
    "credits_left",
    "drop_old_prices",
    "end_run",
    "ensure_competition",
    "ensure_partitions",
    "fetch_all",
    "fetch_event_odds",
    "fetch_events",
    "fetch_file_feed",
    "fetch_files",
    "fetch_odds",
    "fetch_scores",
    "fetch_what_is_due",
    "import_file",
    "keep_up",
    "name_bookmakers",
    "open_client",
    "plan_import",
    "quarantine",
    "record_box_scores",
    "record_lines",
    "record_results",
    "record_sweep",
    "record_sweeps",
    "sync_sports",
]
