"""The pipeline as it stands: of each step what it rests on, how it went, when it is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from accounts.jobs.skips import skips_in_force
from accounts.models import JobRun, JobSkip
from accounts.selectors import (
    JobState,
    RunsOfDay,
    last_job_runs,
    latest_runs,
    runs_of_day,
)
from betting.domain.pipeline import STEPS, following

RUNS_SHOWN = 30


@dataclass(frozen=True)
class Step:
    """One step: its latest run, its runs of a day, how often it is due, whether it is left out."""

    name: str
    rests_on: tuple[str, ...]
    job: JobState
    day: RunsOfDay
    every: timedelta | None
    skip: JobSkip | None
    now: datetime

    @property
    def followed_by(self) -> tuple[str, ...]:
        return following(self.name)

    @property
    def due_at(self) -> datetime | None:
        """Return when the schedule sends it next, near enough; None before its first run."""
        began = self.job.started_at
        if self.every is None or began is None:
            return None
        return max(began + self.every, self.skip.until if self.skip else self.now)

    @property
    def is_due(self) -> bool:
        return self.due_at is not None and self.due_at <= self.now

    @property
    def took(self) -> timedelta | None:
        if self.job.started_at is None or self.job.finished_at is None:
            return None
        return self.job.finished_at - self.job.started_at

    @property
    def state(self) -> str:
        """Return in one word how it stands: skipped, or as its job does."""
        return "skipped" if self.skip else self.job.state(self.every, now=self.now)


def pipeline(*, day: date, every: Mapping[str, timedelta], now: datetime) -> list[Step]:
    """Return every step in order; `day` is of UTC, `every` how often the schedule sends each."""
    begins = datetime.combine(day, time(), UTC)
    runs = runs_of_day(begins, begins + timedelta(days=1), jobs=STEPS)
    jobs = {state.job: state for state in last_job_runs(scheduled=STEPS)}
    skips = skips_in_force(now=now)
    return [
        Step(
            name=name,
            rests_on=needs,
            job=jobs[name],
            day=runs[name],
            every=every.get(name),
            skip=skips.get(name),
            now=now,
        )
        for name, needs in STEPS.items()
    ]


def runs_of(step: str) -> list[JobRun]:
    """Return a step's latest runs, newest first."""
    return latest_runs(step, limit=RUNS_SHOWN)
