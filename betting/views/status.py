"""Status: whether the feeds and the jobs are alive."""

import platform
from collections import Counter
from importlib.metadata import version

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
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

# What asks for somebody stands first.
FIRST = ("failed", "late", "running", "ok", "waiting")


@require_GET
@login_required
def status(request: UserRequest) -> HttpResponse:
    """Show when each job last finished and what the feeds last brought."""
    # Before anything is read: what changes after this is told.
    since = live.position()
    now = clock.now()
    newest = newest_look()
    every, real_now = intervals(), timezone.now()
    jobs = [
        (job, job.state(every.get(job.job), now=real_now), every.get(job.job))
        for job in last_job_runs(scheduled=every)
    ]
    # What failed comes first, then what is late, what never had its turn last.
    jobs.sort(key=lambda each: (FIRST.index(each[1]), each[0].last_finished_at is None))
    states = Counter(state for _, state, _ in jobs)
    quote_age = None if newest is None else now - newest
    return render(
        request,
        "betting/_status.html" if request.htmx else "betting/status.html",
        {
            "jobs": [each for each in jobs if each[1] != "waiting"],
            "tell": any(job.detail or job.error for job, _, _ in jobs),
            "scheduled": len(jobs),
            "failing": states["failed"],
            "late": states["late"],
            "not_yet": [job.job for job, state, _ in jobs if state == "waiting"],
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
