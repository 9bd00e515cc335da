"""Redis is stopped and started again, or emptied. What has to be recomputed stands in the database, so nothing of it is lost."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from redis import Redis

from integrations.models import ApiToken
from integrations.tokens import token_create
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.rollups.models import DirtyBucket
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.models import Activity
from kpi_tracker.scope import Role
from tests import factories
from tests.conftest import Program, Worker
from tests.faults.services import Beat, RedisServer, Web, until

pytestmark = [pytest.mark.faults, pytest.mark.slow]
Start = Callable[..., Worker]
PAGE = "o/nordlys/organisation/"


@pytest.fixture
def org(transactional_db: None) -> Organisation:
    org = factories.organisation()
    factories.rep(org, "Ann", factories.team(org, "North"), source="crm", external_id="r1")
    factories.member(org, "alice@nordlys.example", Role.ADMIN)
    return org


@pytest.fixture
def web(org: Organisation, redis: RedisServer, programs: list[Program]) -> Web:
    """Alice has signed in."""
    web = Web(redis.url, token=token_create(organisation=org, name="Test", right=ApiToken.Right.WRITE)[1])
    programs.append(web)
    assert "/accounts/" not in web.visitor.sign_in("alice@nordlys.example", factories.PASSWORD)[0]
    return web


def call(number: int) -> dict[str, str]:
    return {"external_id": f"a{number}", "kind": "call", "rep": "r1", "occurred_at": f"2024-03-{number:02}T10:00:00Z"}


class Watched:
    """A worker that is started again when it ends, as docker-compose.yml and systemd do. (Celery ends itself where Redis goes in the
    middle of a task.)"""

    def __init__(self, start: Start) -> None:
        self.start = start
        self.worker = start()

    def has_caught_up(self) -> bool:
        if self.worker.process.poll() is not None:
            self.worker = self.start()
        return not DirtyBucket.objects.exists()


def test_stopped_and_started_again(org: Organisation, redis: RedisServer, web: Web, start_worker: Start, beat: Beat) -> None:
    """Meanwhile pages are served and records taken; afterwards everything goes on by itself."""
    watched = Watched(start_worker)
    assert web.send("activities", call(1))[0] == 200
    until(watched.has_caught_up, "the first record is in the cells")

    redis.stop()
    assert web.page(PAGE) == 200
    assert web.send("activities", call(2), call(3))[0] == 200
    status, checks = web.get("readyz")
    assert (status, json.loads(checks)["checks"]) == (503, {"database": "ok", "migrations": "ok", "cache": "failed", "broker": "failed"})
    assert web.get("healthz")[0] == 200
    assert DirtyBucket.objects.exists()

    redis.start()
    until(lambda: web.get("readyz")[0] == 200, "the web server is ready again")
    until(watched.has_caught_up, "beat and the worker go on")
    assert beat.process.poll() is None
    assert web.page(PAGE) == 200
    assert web.send("activities", call(4))[0] == 200
    until(watched.has_caught_up, "they go on for good")
    assert Activity.objects.count() == 4
    assert verify(org) == []


def test_emptied(org: Organisation, redis: RedisServer, web: Web, start_worker: Start, beat: Beat) -> None:
    """With messages in it that nobody has taken yet: the person stays signed in, and beat sends new ones."""
    assert web.send("activities", call(1), call(2))[0] == 200
    with Redis.from_url(redis.url) as client:
        until(lambda: client.llen("live"), "a message waits")
        client.flushall()
    assert web.page(PAGE) == 200
    watched = Watched(start_worker)
    until(watched.has_caught_up, "beat sends new messages")
    with Redis.from_url(redis.url) as client:
        client.flushall()  # with what the worker itself keeps there
    assert web.send("activities", call(3))[0] == 200
    until(watched.has_caught_up, "they go on")
    assert Activity.objects.count() == 3
    assert verify(org) == []
