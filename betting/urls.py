"""The addresses of the pages that show opportunities, bets and money."""

from django.urls import path, re_path

from betting.views import (
    answers,
    bets,
    events,
    journal,
    performance,
    risk,
    status,
    strategies,
    today,
    venues,
)

urlpatterns = [
    path("", today.today, name="today"),
    path("bets/", bets.bets, name="bets"),
    re_path(r"^bets/export\.(?P<kind>csv|json)$", bets.export_bets, name="export_bets"),
    path("bets/place/", today.place_bet, name="place_bet"),
    path("bets/<int:bet_id>/", bets.bet, name="bet"),
    path("bets/<int:bet_id>/confirm/", answers.confirm_bet, name="confirm_bet"),
    path("bets/<int:bet_id>/cancel/", answers.cancel_bet, name="cancel_bet"),
    path("events/<int:event_id>/", events.event, name="event"),
    path("performance/", performance.performance, name="performance"),
    re_path(
        r"^performance/export\.(?P<kind>csv|json)$",
        performance.export_performance,
        name="export_performance",
    ),
    path("journal/", journal.journal, name="journal"),
    path("journal/<int:opportunity_id>/", journal.decision, name="decision"),
    path("strategies/", strategies.strategies, name="strategies"),
    path("strategies/new/", strategies.new_strategy, name="new_strategy"),
    path("strategies/<slug:key>/", strategies.strategy, name="strategy"),
    path("strategies/<slug:key>/change/", strategies.edit_strategy, name="edit_strategy"),
    path("strategies/<slug:key>/compare/", strategies.compare_strategy, name="compare_strategy"),
    path("strategies/<slug:key>/switch/", strategies.switch_strategy, name="switch_strategy"),
    path("strategies/<slug:key>/archive/", strategies.archive_strategy, name="archive_strategy"),
    path("strategies/<slug:key>/follow/", strategies.follow_strategy, name="follow_strategy"),
    path("risk/", risk.risk, name="risk"),
    path("risk/limits/", risk.change_limits, name="change_limits"),
    path("risk/kill-switch/", risk.kill_switch, name="kill_switch"),
    path("risk/halts/<int:halt_id>/lift/", risk.lift_halt, name="lift_halt"),
    path("venues/", venues.venues, name="venues"),
    path("venues/<slug:key>/arm/", venues.arm_venue, name="arm_venue"),
    path("venues/<slug:key>/confirm/", venues.confirm_arming, name="confirm_arming"),
    path("venues/<slug:key>/disarm/", venues.disarm_venue, name="disarm_venue"),
    path("status/", status.status, name="status"),
]
