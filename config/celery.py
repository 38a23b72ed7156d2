"""The queue, and the whole schedule: when does anything run."""

import os
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from accounts.clock import Acceleration
from betting.scheduled import HEARTBEAT
from config.queues import HURRIED, MONEY, ROUTES
from config.seeing import traces
from config.seeing.signs import Signs

app = Celery("fairline", task_cls="config.seeing.tasks:Task")
app.steps["worker"].add(DjangoStructLogInitStep)
app.steps["worker"].add(Signs)
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # No retry_on_timeout: with it one dropped connection hangs the worker for good.
    broker_transport_options={
        "visibility_timeout": 900,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
    },
    # Said in all three places: the shortest of them would win.
    visibility_timeout=900,
    result_backend_transport_options={"visibility_timeout": 900},
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=300,
    task_soft_time_limit=240,
    task_default_queue=MONEY,
    task_routes=ROUTES,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=500,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_soft_shutdown_timeout=settings.WORKER_STOPS_WITHIN,
    # Nobody asks workers anything over the broker, whose answers hang when a connection drops.
    worker_enable_remote_control=False,
    timezone="UTC",
    # A second beat waits for the first to end instead of sending everything twice.
    beat_scheduler="config.beat:OneBeat",
    beat_max_loop_interval=5,
    beat_schedule_filename=str(settings.VAR_DIR / "beat-schedule"),
)
app.autodiscover_tasks()
traces.start()

# Task: how often in the world's time, and never more often than this in real seconds.
# The order of a round: prices, closes, predictions, opportunities, stakes, results, money.
WORLD: dict[str, tuple[timedelta, int]] = {
    "odds.fetch_odds": (timedelta(minutes=1), 5),
    "odds.capture_closes": (timedelta(minutes=1), 5),
    "models_registry.predict_upcoming": (timedelta(minutes=15), 10),
    "betting.refresh_opportunities": (timedelta(minutes=1), 5),
    "odds.tell_of_finds": (timedelta(minutes=1), 10),
    "betting.place_for_followers": (timedelta(minutes=1), 5),
    "odds.fetch_scores": (timedelta(minutes=10), 10),
    "odds.fetch_files": (timedelta(minutes=5), 30),
    "betting.settle_due_bets": (timedelta(minutes=1), 5),
    "betting.measure_clv": (timedelta(minutes=5), 10),
    "betting.read_breakers": (timedelta(minutes=2), 10),
    "betting.reconcile_venues": (timedelta(hours=1), 60),
    "betting.refresh_outlooks": (timedelta(minutes=30), 60),
    "models_registry.evaluate_champion": (timedelta(days=1), 300),
    "models_registry.report_drift": (timedelta(days=1), 300),
    "models_registry.retrain": (timedelta(days=7), 1800),
    "odds.upkeep": (timedelta(days=1), 600),
    "betting.drop_old_prices": (timedelta(days=1), 600),
}
HEARTBEAT_SECONDS = 15.0
# The same, by the real clock however fast the world's runs.
REAL: dict[str, timedelta] = {
    "betting.tell_people": timedelta(seconds=5),
    "models_registry.sweep_runs": timedelta(seconds=60),
    "betting.tell_of_backtests": timedelta(seconds=60),
    "betting.make_take_outs": timedelta(seconds=60),
    "betting.close_accounts": timedelta(days=1),
    "accounts.upkeep": timedelta(days=1),
    "accounts.print_audit_head": timedelta(hours=1),
    "accounts.verify_audit": timedelta(days=1),
    "accounts.backup": timedelta(days=1),
    "betting.check_books": timedelta(days=1),
    "models_registry.upkeep": timedelta(days=1),
}


def schedule(clock: Acceleration | None) -> dict[str, dict[str, Any]]:
    """Return the beat schedule for a world that runs at this clock's rate."""
    rate = clock.rate if clock else 1.0
    seconds = {task: every.total_seconds() for task, every in REAL.items()}
    for task, (every, fastest) in WORLD.items():
        seconds[task] = max(every.total_seconds() / rate, float(fastest))
    jobs: dict[str, dict[str, Any]] = {
        task: {
            "task": task,
            "schedule": every,
            # A queue that was not drained for a while holds one of each, not a backlog.
            "options": {"expires": max(every, 30.0)},
        }
        for task, every in seconds.items()
    }
    for queue in HURRIED:
        jobs[f"{HEARTBEAT}.{queue}"] = {
            "task": HEARTBEAT,
            "schedule": HEARTBEAT_SECONDS,
            "kwargs": {"queue": queue},
            "options": {"expires": 30.0, "queue": queue},
        }
    return jobs


app.conf.beat_schedule = schedule(settings.CLOCK)


@setup_logging.connect
def _keep_django_logging(**_kwargs: object) -> None:
    """Stop Celery from replacing the JSON logs."""
