"""What we recommend, stake, settle and earn."""

from betting.models.arming import Arming
from betting.models.backtests import Backtest, Sweep
from betting.models.bets import (
    AT_RISK,
    FOLLOWING,
    NOT_TAKEN,
    UNANSWERED,
    Bet,
    BetStatus,
    Result,
    Settlement,
)
from betting.models.closings import Closing
from betting.models.imports import BetImport, ImportedBet, QuarantinedBet
from betting.models.journal import DecisionInputs, JournalEntry
from betting.models.ledger import Bankroll, LedgerAccount, Transfer
from betting.models.outlooks import MarketDay, Outlook
from betting.models.sharing import SharedLink, TakeOut
from betting.models.signals import Signal
from betting.models.strategies import Opportunity, Strategy, StrategyVersion
from betting.models.track import Commitment, TrackRecord

__all__ = [
    "AT_RISK",
    "FOLLOWING",
    "NOT_TAKEN",
    "UNANSWERED",
    "Arming",
    "Backtest",
    "Bankroll",
    "Bet",
    "BetImport",
    "BetStatus",
    "Closing",
    "Commitment",
    "DecisionInputs",
    "ImportedBet",
    "JournalEntry",
    "LedgerAccount",
    "MarketDay",
    "Opportunity",
    "Outlook",
    "QuarantinedBet",
    "Result",
    "Settlement",
    "SharedLink",
    "Signal",
    "Strategy",
    "StrategyVersion",
    "Sweep",
    "TakeOut",
    "TrackRecord",
    "Transfer",
]
