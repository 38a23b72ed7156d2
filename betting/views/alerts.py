"""A rule of alerts: what it may name is of leagues, strategies and bookmakers."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.http import UserRequest
from accounts.views import alerts
from betting.selectors.strategies import strategies_of
from odds.screens import bookmakers, competition_titles


@require_http_methods(["GET", "POST"])
@login_required
def rule(request: UserRequest, rule_id: int | None = None) -> HttpResponse:
    """Make a rule, or change one of mine."""
    choices = {
        "competition": competition_titles(),
        "strategy": [(each.key, each.title) for each in strategies_of(request.user.pk)],
        "bookmaker": [(each.key, each.title) for each in bookmakers()],
    }
    return alerts.rule(request, rule_id=rule_id, choices=choices)
