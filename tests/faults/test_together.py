"""The same work reaches several workers: two on one organisation, and a message that is delivered twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis import Redis

from kpi_tracker import queues
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.rollups.models import DirtyBucket, Rebuild
from kpi_tracker.rollups.rebuilding import rebuild, rebuild_start
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.models import Activity
from tests import factories
from tests.conftest import Worker
from tests.contracts.asking import day
from tests.faults.services import Brake, RedisServer, idle, kill, send, until
from tests.rollups.test_agreement import cells
from tests.rollups.test_parallel import DAYS, filled, side_by_side

pytestmark = [pytest.mark.faults, pytest.mark.slow]
Start = Callable[..., Worker]
EDITS = 30


def edited(org: Organisation) -> None:
    """Added, moved to another day, and some deleted again."""
    who = Activity.objects.filter(organisation=org)[0].rep
    for number in range(EDITS):
        made = factories.activity(org, who, day(DAYS[number % len(DAYS)]))
        if number % 3 == 0:
            made.occurred_on = day(DAYS[(number + 1) % len(DAYS)])
            made.save()
        if number % 5 == 0:
            made.delete()


def nothing_left() -> bool:
    return not DirtyBucket.objects.exists() and not Rebuild.objects.filter(done_at=None).exists()


def calls_in_cells(org: Organisation) -> int:
    return sum(cell[5] for cell in cells(org) if cell[:4] == ("o", 0, "calls", "d"))


def test_two_workers_on_one_organisation(redis: RedisServer, start_worker: Start) -> None:
    """Both refresh it and take slices of its rebuilds, one after the other, while two people edit."""
    org = filled("nordlys")
    workers = [start_worker("--concurrency", "2", "--hostname", name) for name in ("one", "two")]

    def sent() -> None:
        for _ in range(10):
            send(redis.url, "refresh_organisation", org.pk)
            send(redis.url, "rebuild_organisation", org.pk)

    side_by_side(sent, lambda: edited(org), lambda: edited(org))
    until(lambda: idle(redis.url), "all messages are worked off")
    send(redis.url, "refresh_organisation", org.pk)
    until(lambda: idle(redis.url) and nothing_left(), "what was edited last is in the cells")
    assert calls_in_cells(org) == Activity.objects.count() == len(DAYS) + 2 * (EDITS - EDITS // 5)
    assert verify(org) == []
    for worker in workers:
        assert worker.stop() == 0
        said = [*worker.lines, *worker.rest()]
        assert [line for line in said if "raised unexpected" in line] == []
        assert any("rebuild_slice" in line and "succeeded" in line for line in said), "it had its share"
        worker.lines[:] = said


@pytest.mark.parametrize("task", ["refresh_organisation", "rebuild_slice"])
def test_a_message_that_is_delivered_twice(task: str, redis: RedisServer, start_worker: Start) -> None:
    """The very same message, to two workers; and once more when all is done."""
    org = filled("nordlys")
    rebuild(org)
    edited(org)
    rebuild_start(org)
    for _ in range(2):
        send(redis.url, task, org.pk, task_id="the-same")
    workers = [start_worker("--concurrency", "1", "--hostname", name) for name in ("one", "two")]
    until(lambda: idle(redis.url), "both are done")
    send(redis.url, task, org.pk, task_id="the-same")
    send(redis.url, "rebuild_organisation", org.pk)
    send(redis.url, "refresh_organisation", org.pk)
    until(lambda: idle(redis.url) and nothing_left(), "everything is done")
    assert calls_in_cells(org) == Activity.objects.count()
    assert verify(org) == []
    for worker in workers:
        assert worker.process.poll() is None


@pytest.mark.postgresql
def test_a_second_message_does_not_wait_for_the_first(redis: RedisServer, start_worker: Start) -> None:
    """A refresh is held up in the middle; the same one elsewhere leaves it alone, and all is done when the first is let go."""
    org = filled("nordlys")
    workers = [start_worker("--concurrency", "1", "--hostname", name) for name in ("one", "two")]
    brake = Brake("rollups_rollupcell", "NEW.scope_kind = 't'")
    brake.put_on()
    try:
        send(redis.url, "refresh_organisation", org.pk)
        until(brake.holds, "the first is in the middle")
        with Redis.from_url(redis.url) as client:
            send(redis.url, "refresh_organisation", org.pk)
            until(lambda: not client.llen(queues.LIVE) and client.hlen("unacked") == 1, "the second has ended")
        assert not cells(org)
        brake.let_go()
        until(lambda: idle(redis.url), "the first has ended")
    finally:
        for worker in workers:
            kill(worker)
        brake.take_off()
    assert nothing_left()
    assert calls_in_cells(org) == len(DAYS)
    assert verify(org) == []
