"""A worker is killed in the middle of its work. What it had begun is undone by the database; what comes next does it again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from kpi_tracker.rollups.models import DirtyBucket, Rebuild, RebuildSlice, RollupCell
from kpi_tracker.rollups.verify import verify
from tests.conftest import Worker
from tests.faults.services import TASKS, RedisServer, children, kill_while_writing, send, until
from tests.rollups.test_agreement import cells
from tests.rollups.test_parallel import DAYS, filled

pytestmark = [pytest.mark.faults, pytest.mark.slow]
CELLS = "rollups_rollupcell"
LAST_QUARTER = "2024-10-01"
Start = Callable[..., Worker]


def test_in_the_middle_of_a_refresh(redis: RedisServer, start_worker: Start, tmp_path: Path) -> None:
    """Some cells are written already: none of them is to be seen, and no mark is lost. Beat has the next worker do it all."""
    org = filled("nordlys")
    marks = set(DirtyBucket.objects.values_list("pk", flat=True))
    worker = start_worker("--concurrency", "1")
    kill_while_writing(worker, CELLS, "NEW.scope_kind = 't'", lambda: send(redis.url, "refresh_organisation", org.pk))
    assert not cells(org)
    assert set(DirtyBucket.objects.values_list("pk", flat=True)) == marks
    start_worker("--beat", "--schedule", str(tmp_path / "schedule"))
    until(lambda: not DirtyBucket.objects.exists(), "beat had the marks worked off")
    assert len({cell for cell in cells(org) if cell[:4] == ("o", 0, "calls", "d")}) == len(DAYS)
    assert verify(org) == []


def test_in_the_middle_of_a_slice_of_a_rebuild(redis: RedisServer, start_worker: Start) -> None:
    """The slices before it stay done, its own is free again, and the rebuild goes on from there though its messages are gone."""
    org = filled("nordlys")
    RollupCell.objects.all().delete()
    worker = start_worker("--concurrency", "1")
    where = f"NEW.scope_kind = 't' AND NEW.grain = 'd' AND NEW.bucket >= '{LAST_QUARTER}'"
    kill_while_writing(worker, CELLS, where, lambda: send(redis.url, "rebuild_organisation", org.pk))
    *done, last = RebuildSlice.objects.order_by("starts_on")
    assert len(done) == 3
    assert all(one.done_at for one in done)
    assert last.done_at is None
    assert {cell[4].isoformat() for cell in cells(org) if cell[3] == "d"} == {text for text in DAYS if text < LAST_QUARTER}
    with Redis.from_url(redis.url) as client:
        client.flushall()
    worker = start_worker()
    worker.run(TASKS + "resume_rebuilds")
    until(lambda: not Rebuild.objects.filter(done_at=None).exists(), "the rebuild is done")
    assert [one.done_at for one in RebuildSlice.objects.order_by("starts_on")][:-1] == [one.done_at for one in done]
    assert {cell[4].isoformat() for cell in cells(org) if cell[3] == "d"} == set(DAYS)
    assert verify(org) == []
    worker.run(TASKS + "refresh_organisation", org.pk)
    assert not DirtyBucket.objects.exists()
    assert verify(org) == []


@pytest.mark.postgresql
def test_one_process_of_a_worker(redis: RedisServer, start_worker: Start) -> None:
    """As when memory runs out: the worker takes another process and gives it the same message, and nobody has to send it again."""
    org = filled("nordlys")
    worker = start_worker("--pool", "prefork", "--concurrency", "1")
    [first] = children(worker.process.pid)
    kill_while_writing(
        lambda: os.kill(first, signal.SIGKILL), CELLS, "NEW.scope_kind = 't'", lambda: send(redis.url, "refresh_organisation", org.pk)
    )
    until(lambda: not DirtyBucket.objects.exists(), "another process had the message")
    assert first not in children(worker.process.pid)
    assert cells(org)
    assert verify(org) == []
