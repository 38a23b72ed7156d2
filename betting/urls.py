"""The addresses of the pages that show opportunities, bets and money."""

from django.urls import path, re_path

from betting.views import answers, bets, events, performance, risk, status, today

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
    path("risk/", risk.risk, name="risk"),
    path("risk/limits/", risk.change_limits, name="change_limits"),
    path("risk/kill-switch/", risk.kill_switch, name="kill_switch"),
    path("risk/halts/<int:halt_id>/lift/", risk.lift_halt, name="lift_halt"),
    path("status/", status.status, name="status"),
]
