"""Status: whether the feeds and the jobs are alive."""

import platform
from importlib.metadata import version

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import cache, clock, live
from accounts.http import UserRequest
from accounts.selectors import last_job_runs
from betting.scheduled import intervals
from betting.selectors.bets import waiting_bets
from models_registry.selectors import latest_promotions
from odds import feed_status
from odds.domain.freshness import freshness
from odds.selectors import newest_look


@require_GET
@login_required
def status(request: UserRequest) -> HttpResponse:
    """Show when each job last finished and what the feeds last brought."""
    # Before anything is read: what changes after this is told.
    since = live.position()
    now = clock.now()
    newest = newest_look()
    # What failed comes first, what never had its turn last.
    jobs = sorted(
        last_job_runs(scheduled=intervals()),
        key=lambda job: (not job.has_failed, job.last_finished_at is None),
    )
    quote_age = None if newest is None else now - newest
    return render(
        request,
        "betting/_status.html" if request.htmx else "betting/status.html",
        {
            "jobs": [job for job in jobs if job.started_at is not None],
            "tell": any(job.detail or job.error for job in jobs),
            "scheduled": len(jobs),
            "failing": sum(job.has_failed for job in jobs),
            "not_yet": [job.job for job in jobs if job.started_at is None],
            "feeds": feed_status.feeds(),
            "credits": feed_status.credit_status(now=now),
            "drift": feed_status.latest_drift(),
            "quote_age": quote_age,
            "quote_freshness": "" if quote_age is None else freshness(quote_age, clock.rate()),
            "kept": sorted(cache.hit_rates().items()),
            "kept_in_memory": live.is_away(),
            "champions": latest_promotions(),
            "versions": {
                "Fairline": settings.VERSION,
                "Python": platform.python_version(),
                "Django": version("django"),
            }
            | ({} if settings.REVISION == "unknown" else {"Revision": settings.REVISION}),
            "waiting": waiting_bets(now),
            "now": now,
            "since": since,
        },
    )
