"""The clock of a worker is wrong by an hour. Figures hang on the records' own days, and what is due is not thrown away as too old."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from kpi_tracker.rollups.models import DirtyBucket, Rebuild, RollupCell
from kpi_tracker.rollups.rebuilding import rebuild_start
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.models import Activity
from tests import factories
from tests.conftest import Worker
from tests.contracts.asking import day
from tests.faults.services import TASKS, Beat, RedisServer, send, until
from tests.rollups.test_agreement import cells
from tests.rollups.test_parallel import DAYS, filled

pytestmark = [pytest.mark.faults, pytest.mark.slow]
HOUR = 3600
Start = Callable[..., Worker]


def caught_up() -> bool:
    return not DirtyBucket.objects.exists()


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["fast", "slow"])
def test_the_only_worker(redis: RedisServer, beat: Beat, start_worker: Start, seconds: int) -> None:
    """It does what a right beat plans, again and again."""
    org = filled("nordlys")
    worker = start_worker(launcher=("tests.faults.shifted", str(seconds)))
    [line] = [line for line in worker.lines if "ready." in line]
    said = dt.datetime.strptime(line[1:20], "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC)
    assert abs((said - timezone.now()).total_seconds() - seconds) < 600, "its clock is wrong indeed"
    until(caught_up, "the first marks are worked off")
    factories.activity(org, Activity.objects.all()[0].rep, day(DAYS[0]))
    until(caught_up, "and those that come later")
    assert verify(org) == []


def test_beside_one_that_is_right(redis: RedisServer, beat: Beat, start_worker: Start) -> None:
    """Neither takes what the other has begun for lost, nor throws away what the other has sent; a rebuild is shared."""
    org = filled("nordlys")
    RollupCell.objects.all().delete()
    workers = [start_worker("--hostname", "right"), start_worker("--hostname", "fast", launcher=("tests.faults.shifted", str(HOUR)))]
    rebuild_start(org)
    send(redis.url, "rebuild_organisation", org.pk)
    who = Activity.objects.all()[0].rep
    for number in range(20):
        factories.activity(org, who, day(DAYS[number % len(DAYS)]))
    until(lambda: not Rebuild.objects.filter(done_at=None).exists() and caught_up(), "all is done")
    for worker in workers:
        worker.wait_until_done(TASKS + "refresh_all")
    assert sum(cell[5] for cell in cells(org) if cell[:4] == ("o", 0, "calls", "d")) == len(DAYS) + 20
    assert verify(org) == []
