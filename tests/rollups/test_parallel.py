"""Several at once: refreshes of different organisations, of one organisation, and edits beside them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from kpi_tracker.orgs.models import Organisation
from kpi_tracker.rollups.builder import refresh, refresh_fully
from kpi_tracker.rollups.models import DirtyBucket
from kpi_tracker.rollups.rebuilding import rebuild
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.models import Activity
from tests import factories
from tests.conftest import Worker
from tests.contracts.asking import day
from tests.rollups.test_agreement import cells

postgresql_only = pytest.mark.postgresql  # SQLite has one writer at a time
DAYS = ("2024-02-29", "2024-03-01", "2024-03-05", "2024-12-30")


def filled(slug: str) -> Organisation:
    org = factories.organisation(slug)
    who = factories.rep(org, "Ada", factories.team(org, "North"))
    for on in DAYS:
        factories.activity(org, who, day(on))
    return org


def side_by_side(*works: Callable[[], Any]) -> None:
    """Each in its own thread, so on its own connection; all start together, and all must end well."""
    gate, failures = threading.Barrier(len(works)), []

    def run(work: Callable[[], Any]) -> None:
        try:
            gate.wait(30)
            work()
        except BaseException as failure:
            failures.append(failure)
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert not any(thread.is_alive() for thread in threads)


def edited(org: Organisation, times: int) -> None:
    who = Activity.objects.filter(organisation=org)[0].rep
    for number in range(times):
        factories.activity(org, who, day(DAYS[number % len(DAYS)]))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second", ["nordlys", "solvind"])
def test_two_refreshes_at_once(second: str) -> None:
    """Of two organisations, or of one."""
    orgs = {slug: filled(slug) for slug in ("nordlys", "solvind")}
    side_by_side(*(lambda org=org: refresh_fully(org) for org in (orgs["nordlys"], orgs[second])))
    refresh_fully(orgs["solvind"])
    for org in orgs.values():
        assert verify(org) == []
        assert len([cell for cell in cells(org) if cell[:4] == ("t", cell[1], "calls", "d")]) == len(DAYS)


@pytest.mark.django_db(transaction=True)
def test_refreshes_and_a_rebuild_beside_edits_lose_nothing() -> None:
    org = filled("nordlys")
    side_by_side(lambda: edited(org, 20), lambda: [refresh(org, limit=3) for _ in range(10)], lambda: rebuild(org), lambda: edited(org, 20))
    refresh_fully(org)
    assert verify(org) == []
    (total,) = {cell[5] for cell in cells(org) if cell[:5] == ("o", 0, "calls", "m", day("2024-03-01"))}
    assert total == 2 + 20


@pytest.mark.redis
@pytest.mark.slow
def test_a_worker_brings_edits_of_every_kind_into_the_cells(celery_worker: Worker) -> None:
    """In two organisations, by plain SQL too, and again after the first round."""
    orgs = [filled("nordlys"), filled("solvind")]
    for org in orgs:
        celery_worker.run("kpi_tracker.rollups.tasks.refresh_organisation", org.pk)
        assert verify(org) == []
    first = cells(orgs[1])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sales_activity SET occurred_on = %s WHERE organisation_id = %s", ["2025-01-01", orgs[0].pk])
    Activity.objects.filter(pk=Activity.objects.filter(organisation=orgs[0])[0].pk).delete()
    celery_worker.run("kpi_tracker.rollups.tasks.refresh_organisation", orgs[0].pk)
    assert not DirtyBucket.objects.exists()
    days = {(cell[4], cell[5]) for cell in cells(orgs[0]) if cell[0] == "t" and cell[3] == "d"}
    assert days == {(day("2025-01-01"), len(DAYS) - 1)}
    assert cells(orgs[1]) == first
