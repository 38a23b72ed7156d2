"""How often the schedule sends each job, as the queue's configuration says."""

from datetime import timedelta

from celery import current_app

# It leaves its mark in the cache, not in job runs; `/health/ready` reads it.
HEARTBEAT = "accounts.heartbeat"


def intervals() -> dict[str, timedelta]:
    """Return the interval of real time of every scheduled job whose runs are recorded."""
    return {
        entry["task"]: timedelta(seconds=entry["schedule"])
        for entry in current_app.conf.beat_schedule.values()
        if entry["task"] != HEARTBEAT
    }
