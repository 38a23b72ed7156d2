"""The API, version 1."""

from django.urls import path
from drf_spectacular.views import SpectacularSwaggerSplitView

from accounts.api import WhoAmI, alerts
from accounts.api.keys import Keys, RevokeKey, RotateKey
from accounts.api.logins import LogIn, LogOut, Refresh
from betting.api import backtests as past
from betting.api import bankrolls, ledger, signals, strategies
from betting.api.about import Config, Stats
from betting.api.answers import CancelBet, ConfirmBet
from betting.api.bets import BetDetail, Bets
from betting.api.imported import ImportedBets
from betting.api.journal import Journal, JournalDetail, JournalReplay
from betting.api.jurisdiction import Jurisdiction
from betting.api.money import Bankrolls, RiskView
from betting.api.notes import NoteOnBet, TagBet
from betting.api.opportunities import EvHits, EvSummary, OpportunityDetail, OpportunityList
from betting.api.performance import PerformanceView
from betting.api.results import RuleOnEvent, WaitingResults
from betting.api.risk import (
    Breakers,
    ConfirmRaise,
    DrillView,
    Exclusions,
    KillSwitch,
    LiftHalt,
    Personal,
)
from betting.api.venues import ArmVenue, ConfirmArming, DisarmVenue, Venues
from config.api_schema import Schema
from models_registry.api import life
from models_registry.api.drift import DriftReports, ModelCard, Pauses
from models_registry.api.explaining import PredictionLines, PredictionWhy
from models_registry.api.predictions import Predictions, PredictionsNow, Refusals
from models_registry.api.proofs import Attacks, Openings, SearchDetail, Searches
from models_registry.api.versions import VersionDetail, VersionList
from odds.api.books import Bookmakers
from odds.api.events import EventDetail, EventList, Feeds, QuoteList
from odds.api.scanner import Arbitrages, LowHolds, Middles, Outliers, Steam
from risk.api import Assessments

urlpatterns = [
    path("schema", Schema.as_view(), name="api-schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("auth/login", LogIn.as_view(), name="api-log-in"),
    path("auth/refresh", Refresh.as_view(), name="api-refresh"),
    path("auth/logout", LogOut.as_view(), name="api-log-out"),
    path("config", Config.as_view(), name="api-config"),
    path("stats", Stats.as_view(), name="api-stats"),
    path("keys", Keys.as_view(), name="api-keys"),
    path("keys/<slug:prefix>/rotate", RotateKey.as_view(), name="api-key-rotate"),
    path("keys/<slug:prefix>/revoke", RevokeKey.as_view(), name="api-key-revoke"),
    path("auth/me", WhoAmI.as_view(), name="api-me"),
    path("events", EventList.as_view(), name="api-events"),
    path("events/<int:event_id>", EventDetail.as_view(), name="api-event"),
    path("odds", QuoteList.as_view(), name="api-odds"),
    path("feeds", Feeds.as_view(), name="api-feeds"),
    path("bookmakers", Bookmakers.as_view(), name="api-bookmakers"),
    path("arbitrages", Arbitrages.as_view(), name="api-arbitrages"),
    path("low-holds", LowHolds.as_view(), name="api-low-holds"),
    path("middles", Middles.as_view(), name="api-middles"),
    path("outliers", Outliers.as_view(), name="api-outliers"),
    path("steam", Steam.as_view(), name="api-steam"),
    path("models", VersionList.as_view(), name="api-models"),
    path("models/<int:version_id>", VersionDetail.as_view(), name="api-model"),
    path("models/compare", life.Compare.as_view(), name="api-models-compare"),
    path("models/champion", life.Champion.as_view(), name="api-models-champion"),
    path("models/promotions", life.Promotions.as_view(), name="api-models-promotions"),
    path("models/stages", life.StageChanges.as_view(), name="api-models-stages"),
    path("models/roll-back", life.RollBack.as_view(), name="api-models-roll-back"),
    path("models/runs", life.Runs.as_view(), name="api-models-runs"),
    path("models/runs/<int:run_id>", life.RunDetail.as_view(), name="api-models-run"),
    path("models/runs/<int:run_id>/cancel", life.CancelRun.as_view(), name="api-models-cancel"),
    path("models/<int:version_id>/card", ModelCard.as_view(), name="api-model-card"),
    path("models/<int:version_id>/gates", life.Gates.as_view(), name="api-model-gates"),
    path("models/<int:version_id>/promote", life.Promote.as_view(), name="api-model-promote"),
    path("models/<int:version_id>/stage", life.SetStage.as_view(), name="api-model-stage"),
    path("models/<int:version_id>/tag", life.Tag.as_view(), name="api-model-tag"),
    path("models/<int:version_id>/untag", life.Untag.as_view(), name="api-model-untag"),
    path("models/<int:version_id>/note", life.Note.as_view(), name="api-model-note"),
    path("attacks", Attacks.as_view(), name="api-attacks"),
    path("openings", Openings.as_view(), name="api-openings"),
    path("searches", Searches.as_view(), name="api-searches"),
    path("searches/<int:search_id>", SearchDetail.as_view(), name="api-search"),
    path("predictions", Predictions.as_view(), name="api-predictions"),
    path("predictions/now", PredictionsNow.as_view(), name="api-predictions-now"),
    path(
        "predictions/<int:prediction_id>/explanation",
        PredictionWhy.as_view(),
        name="api-prediction-explanation",
    ),
    path(
        "predictions/<int:prediction_id>/lines",
        PredictionLines.as_view(),
        name="api-prediction-lines",
    ),
    path("drift", DriftReports.as_view(), name="api-drift"),
    path("pauses", Pauses.as_view(), name="api-pauses"),
    path("refusals", Refusals.as_view(), name="api-refusals"),
    path("opportunities", OpportunityList.as_view(), name="api-opportunities"),
    path("opportunities/<int:opportunity_id>", OpportunityDetail.as_view(), name="api-opportunity"),
    path("ev/hits", EvHits.as_view(), name="api-ev-hits"),
    path("ev/summary", EvSummary.as_view(), name="api-ev-summary"),
    path("imported-bets", ImportedBets.as_view(), name="api-imported-bets"),
    path("journal", Journal.as_view(), name="api-journal"),
    path("journal/<int:opportunity_id>", JournalDetail.as_view(), name="api-journal-entry"),
    path("journal/<int:opportunity_id>/replay", JournalReplay.as_view(), name="api-journal-replay"),
    path("strategies", strategies.Strategies.as_view(), name="api-strategies"),
    path("strategies/<slug:key>", strategies.StrategyDetail.as_view(), name="api-strategy"),
    path(
        "strategies/<slug:key>/versions",
        strategies.StrategyVersions.as_view(),
        name="api-strategy-versions",
    ),
    path(
        "strategies/<slug:key>/switch",
        strategies.SwitchStrategy.as_view(),
        name="api-strategy-switch",
    ),
    path(
        "strategies/<slug:key>/archive",
        strategies.ArchiveStrategy.as_view(),
        name="api-strategy-archive",
    ),
    path(
        "strategies/<slug:key>/follow",
        strategies.FollowStrategy.as_view(),
        name="api-strategy-follow",
    ),
    path("signals", signals.Signals.as_view(), name="api-signals"),
    path("signals/sources", signals.Sources.as_view(), name="api-signal-sources"),
    path(
        "signals/sources/<slug:key>/rotate",
        signals.RotateSource.as_view(),
        name="api-signal-source-rotate",
    ),
    path(
        "signals/sources/<slug:key>/revoke",
        signals.RevokeSource.as_view(),
        name="api-signal-source-revoke",
    ),
    path("backtests", past.Backtests.as_view(), name="api-backtests"),
    path("backtests/compare", past.CompareBacktests.as_view(), name="api-backtests-compare"),
    path("backtests/<int:backtest_id>", past.BacktestDetail.as_view(), name="api-backtest"),
    path(
        "backtests/<int:backtest_id>/cancel",
        past.CancelBacktest.as_view(),
        name="api-backtest-cancel",
    ),
    path("sweeps", past.Sweeps.as_view(), name="api-sweeps"),
    path("sweeps/<int:sweep_id>", past.SweepDetail.as_view(), name="api-sweep"),
    path("sweeps/<int:sweep_id>/stop", past.StopSweep.as_view(), name="api-sweep-stop"),
    path("sweeps/<int:sweep_id>/resume", past.ResumeSweep.as_view(), name="api-sweep-resume"),
    path("bets", Bets.as_view(), name="api-bets"),
    path("bets/<int:bet_id>", BetDetail.as_view(), name="api-bet"),
    path("bets/<int:bet_id>/cancel", CancelBet.as_view(), name="api-bet-cancel"),
    path("bets/<int:bet_id>/tags", TagBet.as_view(), name="api-bet-tags"),
    path("bets/<int:bet_id>/note", NoteOnBet.as_view(), name="api-bet-note"),
    path("bets/<int:bet_id>/confirm", ConfirmBet.as_view(), name="api-bet-confirm"),
    path("venues", Venues.as_view(), name="api-venues"),
    path("venues/arm", ArmVenue.as_view(), name="api-venue-arm"),
    path("venues/confirm", ConfirmArming.as_view(), name="api-venue-confirm"),
    path("venues/disarm", DisarmVenue.as_view(), name="api-venue-disarm"),
    path("bankroll", Bankrolls.as_view(), name="api-bankroll"),
    path("bankroll/open", bankrolls.OpenBankroll.as_view(), name="api-bankroll-open"),
    path(
        "bankroll/<int:bankroll_id>/rename",
        bankrolls.RenameBankroll.as_view(),
        name="api-bankroll-rename",
    ),
    path(
        "bankroll/<int:bankroll_id>/close",
        bankrolls.CloseBankroll.as_view(),
        name="api-bankroll-close",
    ),
    path(
        "bankroll/<int:bankroll_id>/pots/<slug:bookmaker>/close",
        bankrolls.ClosePot.as_view(),
        name="api-pot-close",
    ),
    path(
        "bankroll/<int:bankroll_id>/transfers",
        ledger.Transfers.as_view(),
        name="api-transfers",
    ),
    path(
        "bankroll/<int:bankroll_id>/statement",
        ledger.Statements.as_view(),
        name="api-statement",
    ),
    path("notices", alerts.Notices.as_view(), name="api-notices"),
    path("notices/read", alerts.ReadNotices.as_view(), name="api-notices-read"),
    path("alerts/channels", alerts.Channels.as_view(), name="api-alert-channels"),
    path(
        "alerts/channels/<int:channel_id>/remove",
        alerts.RemoveChannel.as_view(),
        name="api-alert-channel-remove",
    ),
    path(
        "alerts/channels/<int:channel_id>/test",
        alerts.TestChannel.as_view(),
        name="api-alert-channel-test",
    ),
    path("alerts/rules", alerts.Rules.as_view(), name="api-alert-rules"),
    path("alerts/rules/<int:rule_id>", alerts.ChangeRule.as_view(), name="api-alert-rule"),
    path(
        "alerts/rules/<int:rule_id>/remove",
        alerts.RemoveRule.as_view(),
        name="api-alert-rule-remove",
    ),
    path("alerts/mute", alerts.Mute.as_view(), name="api-alerts-mute"),
    path("alerts/quiet-hours", alerts.QuietHours.as_view(), name="api-alerts-quiet-hours"),
    path("alerts/deliveries", alerts.Deliveries.as_view(), name="api-alert-deliveries"),
    path(
        "alerts/deliveries/<int:delivery_id>/resend",
        alerts.Resend.as_view(),
        name="api-alert-resend",
    ),
    path("audit", alerts.Audit.as_view(), name="api-audit"),
    path("results", WaitingResults.as_view(), name="api-results"),
    path("results/<int:event_id>", RuleOnEvent.as_view(), name="api-result"),
    path("performance", PerformanceView.as_view(), name="api-performance"),
    path("risk", RiskView.as_view(), name="api-risk"),
    path("risk/stop", KillSwitch.as_view(), name="api-stop"),
    path("risk/halts/<int:halt_id>/lift", LiftHalt.as_view(), name="api-halt-lift"),
    path("risk/breakers", Breakers.as_view(), name="api-breakers"),
    path("risk/drill", DrillView.as_view(), name="api-drill"),
    path("risk/personal", Personal.as_view(), name="api-personal"),
    path(
        "risk/personal/raises/<int:asked_id>/confirm",
        ConfirmRaise.as_view(),
        name="api-raise-confirm",
    ),
    path("risk/jurisdiction", Jurisdiction.as_view(), name="api-jurisdiction"),
    path("risk/exclusions", Exclusions.as_view(), name="api-exclusions"),
    path("risk/assessments", Assessments.as_view(), name="api-assessments"),
]
