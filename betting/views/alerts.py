"""Alerts and their rules, which name leagues, strategies and bookmakers."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.http import UserRequest
from accounts.views import alerts
from betting.selectors.strategies import strategies_of
from odds.screens import bookmakers, competition_titles


@require_GET
@login_required
def list_alerts(request: UserRequest) -> HttpResponse:
    """Show my rules, channels, and the messages of late, those given up first."""
    names = {key: title for each in _known(request).values() for key, title in each}
    return alerts.alerts(request, names=names)


@require_http_methods(["GET", "POST"])
@login_required
def rule(request: UserRequest, rule_id: int | None = None) -> HttpResponse:
    """Make a rule, or change one of mine."""
    return alerts.rule(request, rule_id=rule_id, choices=_known(request))


def _known(request: UserRequest) -> dict[str, list[tuple[str, str]]]:
    """Return the key and title of what a rule may name, by field."""
    return {
        "competition": competition_titles(),
        "strategy": [(each.key, each.title) for each in strategies_of(request.user.pk)],
        "bookmaker": [(each.key, each.title) for each in bookmakers()],
    }
