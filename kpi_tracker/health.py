"""What a load balancer or a container asks: is the process up, and can it serve?"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import cache

from django.core.cache import cache as shared_cache
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from kpi_tracker.celery import app as celery_app
from kpi_tracker.web import public

log = logging.getLogger(__name__)
BROKER_SECONDS = 2


@cache
def _migrations_on_disk() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).graph.nodes)


def database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def migrations() -> bool:
    return _migrations_on_disk() <= MigrationRecorder(connection).applied_migrations().keys()


def cache_answers() -> bool:
    """Written and read back by another word each time: an old value proves nothing."""
    word = secrets.token_hex(8)
    key = f"readyz-{word}"
    shared_cache.set(key, word, timeout=10)
    found: bool = shared_cache.get(key) == word
    shared_cache.delete(key)
    return found


def broker() -> bool:
    with celery_app.connection_for_write(connect_timeout=BROKER_SECONDS) as link:
        link.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
    return True


CHECKS: dict[str, Callable[[], bool]] = {"database": database, "migrations": migrations, "cache": cache_answers, "broker": broker}


def _passes(name: str) -> bool:
    try:
        return CHECKS[name]()
    except (DatabaseError, RedisError, OperationalError, OSError):
        log.warning("Not ready: %s", name, exc_info=True)
        return False


@public
@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing else, so that a database that is away does not get it restarted."""
    return JsonResponse({"status": "ok"})


@public
@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Each thing that a request needs; 503 where one is missing. Says which, never why: the log does."""
    found = {name: _passes(name) for name in CHECKS}
    up = all(found.values())
    states = {name: "ok" if passed else "failed" for name, passed in found.items()}
    return JsonResponse({"status": "ok" if up else "failed", "checks": states}, status=200 if up else 503)
