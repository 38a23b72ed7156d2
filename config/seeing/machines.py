"""What a scrape tells of the machines below: queues, the database, the disk, messages unsent."""

import json
import shutil
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from prometheus_client.core import GaugeMetricFamily, Metric
from redis import Redis

from accounts.alerts.selecting import of_the_last_hour, outbox
from config.queues import QUEUES
from config.seeing.tasks import SENT_AT

# Where kombu keeps what workers took and did not yet say they finished.
TAKEN = "unacked"
_CONNECTIONS = """
SELECT application_name, coalesce(state, 'unknown'), count(*)
FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
GROUP BY 1, 2
"""
_PRESSURE = """
SELECT current_setting('max_connections')::int
         - current_setting('superuser_reserved_connections')::int,
       coalesce(extract(epoch FROM max(now() - xact_start)), 0),
       count(*) FILTER (WHERE wait_event_type = 'Lock'), pg_database_size(current_database())
FROM pg_stat_activity WHERE datname = current_database()
"""


def queues() -> Iterator[Metric]:
    """Yield how many messages each queue holds and how old its oldest is; both 0 when empty."""
    length = GaugeMetricFamily(
        "fairline_queue_length", "Messages that no worker has taken.", labels=["queue"]
    )
    age = GaugeMetricFamily(
        "fairline_queue_oldest_seconds", "Age of the oldest of them.", labels=["queue"]
    )
    with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as valkey:
        asked = valkey.pipeline(transaction=False)
        for queue in QUEUES:
            asked.llen(queue).lindex(queue, -1)
        *told, taken = asked.hlen(TAKEN).execute()
    now = time.time()
    for queue, count, oldest in zip(QUEUES, told[::2], told[1::2], strict=True):
        length.add_metric([queue], count)
        age.add_metric([queue], _age(oldest, now))
    yield from (length, age)
    yield GaugeMetricFamily(
        "fairline_tasks_taken", "Messages that workers took and have not finished.", taken
    )


def _age(message: Any, now: float) -> float:  # noqa: ANN401 - as the client gives it
    if message is None:
        return 0.0
    sent_at = json.loads(message).get("headers", {}).get(SENT_AT)
    return max(0.0, now - sent_at) if isinstance(sent_at, int | float) else 0.0


def database() -> Iterator[Metric]:
    """Yield who holds how many connections, how many there may be, and what waits."""
    held = GaugeMetricFamily(
        "fairline_database_connections",
        "Connections to our database.",
        labels=["application", "state"],
    )
    with connection.cursor() as cursor:
        cursor.execute(_CONNECTIONS)
        for application, state, count in cursor.fetchall():
            held.add_metric([application, state], count)
        cursor.execute(_PRESSURE)
        most, longest, waiting, size = cursor.fetchone()
    yield held
    yield GaugeMetricFamily(
        "fairline_database_connections_max", "Connections the server takes from us.", most
    )
    yield GaugeMetricFamily(
        "fairline_database_longest_transaction_seconds",
        "Age of the oldest transaction that is open.",
        float(longest),
    )
    yield GaugeMetricFamily(
        "fairline_database_waiting_for_locks", "Sessions that wait for another's lock.", waiting
    )
    yield GaugeMetricFamily("fairline_database_bytes", "Size of our database on disk.", size)


def disk() -> Iterator[Metric]:
    """Yield what is left where we keep our files."""
    place = shutil.disk_usage(settings.VAR_DIR if settings.VAR_DIR.exists() else "/")
    yield GaugeMetricFamily("fairline_disk_free_bytes", "Left on our disk.", place.free)
    yield GaugeMetricFamily("fairline_disk_bytes", "Size of our disk.", place.total)


def messages() -> Iterator[Metric]:
    """Yield what the outbox of alerts holds."""
    waiting = outbox()
    yield GaugeMetricFamily(
        "fairline_outbox_waiting", "Messages due and not yet sent.", waiting.count
    )
    yield GaugeMetricFamily(
        "fairline_outbox_oldest_seconds",
        "How long the one due first has been due.",
        waiting.oldest_due.total_seconds(),
    )
    yield GaugeMetricFamily(
        "fairline_outbox_dead", "Messages given up that nobody sent again.", waiting.dead
    )
    by_channel = GaugeMetricFamily(
        "fairline_outbox_messages",
        "Messages made in the last hour, by kind of channel and what became of them.",
        labels=["channel", "result"],
    )
    for channel, result, count in of_the_last_hour():
        by_channel.add_metric([channel, result], count)
    yield by_channel
