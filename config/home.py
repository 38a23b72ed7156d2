"""The first page of the admin: whether it runs, what it costs, who is here, how it is set up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts import clock
from accounts.jobs.dead_letters import waiting_letters
from accounts.jobs.skips import skips_in_force
from accounts.selectors import JobState, People, last_job_runs, latest_deeds, people
from betting.scheduled import intervals
from betting.selectors.audited import in_words
from config.doors import MISSED, NEEDED, run_checks
from odds import feed_status

LETTERS_SHOWN = 5
DEEDS_SHOWN = 5


@dataclass(frozen=True)
class Jobs:
    """What is wrong with what runs by itself."""

    count: int
    failing: list[JobState]
    late: list[JobState]
    never: list[str]


def index(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
    """Show the operator's home, with the tables below it."""
    more = {**home(), **(extra_context or {})}
    return admin.sites.AdminSite.index(admin.site, request, more)


def home() -> dict[str, Any]:
    """Return everything the page shows beside the tables."""
    now = timezone.now()
    return {
        "health": [(name, reason) for name, reason in run_checks(NEEDED | MISSED).items()],
        "jobs": _jobs(now),
        "skips": list(skips_in_force(now=now).values()),
        "letters": waiting_letters()[:LETTERS_SHOWN],
        "feeds": feed_status.feeds(),
        "credits": feed_status.credit_status(now=clock.now()),
        "people": _people(),
        "deeds": in_words(latest_deeds(limit=DEEDS_SHOWN)),
        "configuration": settings.CONFIGURATION,
        "version": settings.VERSION
        + ("" if settings.REVISION == "unknown" else f" ({settings.REVISION})"),
    }


def _people() -> People:
    return people(must_have_factor=settings.SECOND_FACTOR_REQUIRED)


def _jobs(now: datetime) -> Jobs:
    every = intervals()
    states = last_job_runs(scheduled=every)
    return Jobs(
        count=len(states),
        failing=[each for each in states if each.succeeded is False],
        late=[each for each in states if each.is_late(every.get(each.job), now=now)],
        never=[each.job for each in states if each.started_at is None],
    )
