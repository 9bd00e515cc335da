"""The queues in which jobs wait, and how many do. Which job goes where: CELERY_TASK_ROUTES."""

from __future__ import annotations

from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

LIVE = "live"
BULK = "bulk"
EARLIER = "celery"  # what versions with one queue have sent
NAMES = (LIVE, BULK, EARLIER)
SECONDS = 2
# What a queue that is away raises.
Away = (OperationalError, RedisError, OSError)


def waiting(channel: Any, name: str) -> int:
    """How many messages no worker has taken yet; asked over an open channel. Raises one of `Away`."""
    return int(channel.queue_declare(queue=name).message_count)


def lengths() -> dict[str, int]:
    """How many messages wait in each queue. Raises one of `Away`."""
    with current_app.connection_for_read(connect_timeout=SECONDS) as link:
        link.ensure_connection(max_retries=1, interval_start=0, timeout=SECONDS)
        channel = link.default_channel
        return {name: waiting(channel, name) for name in NAMES}
