"""A new version comes while messages, marks and triggers of the old one are there."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connection, connections

from kpi_tracker.rollups import capture
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.models import DirtyBucket, RollupCell
from kpi_tracker.rollups.rebuilding import rebuild
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.models import Activity
from tests import factories
from tests.conftest import Worker
from tests.contracts.asking import day
from tests.faults.services import TASKS, RedisServer, idle, send, until
from tests.rollups.test_parallel import DAYS, filled

pytestmark = [pytest.mark.faults, pytest.mark.slow]
Start = Callable[..., Worker]
GONE = 10**6


def test_messages_of_another_version(redis: RedisServer, start_worker: Start) -> None:
    """Unknown tasks, other arguments, organisations that are gone, the queue of before: each is told in the log, none ends the worker."""
    org = filled("nordlys")
    send(redis.url, "refresh_everything_at_once", org.pk)
    send(redis.url, "refresh_organisation", org.pk, "token", 0.5, "what a later version adds")
    send(redis.url, "refresh_organisation")
    send(redis.url, "recompute", org.pk, "2024-02-30", "2024-03-01")
    for task in ("refresh_organisation", "rebuild_organisation", "rebuild_slice", "verify_organisation", "close_organisation"):
        send(redis.url, task, GONE)
    earlier = send(redis.url, "refresh_organisation", org.pk, queue="celery")
    worker = start_worker("--concurrency", "1")
    until(lambda: idle(redis.url), "all messages are worked off")
    worker.run(TASKS + "refresh_organisation", org.pk)
    said = "\n".join(worker.lines)
    assert f"Received unregistered task of type '{TASKS}refresh_everything_at_once'" in said
    assert said.count("raised unexpected: TypeError") == 2
    assert said.count("raised unexpected: ValueError") == 1
    assert said.count("raised unexpected") == 3, "a message for an organisation that is gone is no fault"
    assert f"refresh_organisation[{earlier}] succeeded" in said
    assert not DirtyBucket.objects.exists()
    assert verify(org) == []


def test_marks_and_cells_of_facts_that_are_no_more(redis: RedisServer, start_worker: Start) -> None:
    """Such marks are taken away, once; such cells go with the next rebuild."""
    org = filled("nordlys")
    rep = Activity.objects.all()[0].rep
    refresh_fully(org)
    on = day(DAYS[0])
    for kind, number, fact in (("r", rep.pk, "fax"), ("r", GONE, "activity"), ("t", GONE, ""), ("x", 1, "activity")):
        DirtyBucket.objects.create(organisation=org, scope_kind=kind, scope_id=number, fact=fact, day=on)
    RollupCell.objects.create(organisation=org, scope_kind="r", scope_id=rep.pk, measure="faxes", grain="d", bucket=on, value=1, n=1)
    worker = start_worker()
    worker.run(TASKS + "refresh_organisation", org.pk)
    assert not DirtyBucket.objects.exists()
    assert [one.measure for one in verify(org)] == ["faxes"]
    rebuild(org)
    assert verify(org) == []


def test_triggers_of_an_old_version_are_replaced(transactional_db: None) -> None:
    """One is missing, one marks something else; after `migrate` all are as this version wants them."""
    org = filled("nordlys")
    refresh_fully(org)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER rollup_mark_sales_activity_insert ON sales_activity")
            cursor.execute(
                "CREATE OR REPLACE FUNCTION rollup_mark_sales_activity_update() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN INSERT INTO rollups_dirtybucket (organisation_id, scope_kind, scope_id, fact, day)"
                " SELECT organisation_id, 'r', rep_id, 'fax', occurred_on FROM new_rows; RETURN NULL; END $$"
            )
        else:
            cursor.execute("DROP TRIGGER rollup_mark_sales_activity_insert")
            cursor.execute("DROP TRIGGER rollup_mark_sales_activity_update")
    call_command("migrate", verbosity=0)
    made = factories.activity(org, Activity.objects.all()[0].rep, day(DAYS[0]))
    refresh_fully(org)
    assert verify(org) == []
    Activity.objects.filter(pk=made.pk).update(occurred_on=day(DAYS[1]))
    assert set(DirtyBucket.objects.values_list("fact", flat=True)) == {"activity"}
    refresh_fully(org)
    assert verify(org) == []


def test_a_database_with_records_is_upgraded(transactional_db: None) -> None:
    """On SQLite tables are remade, and triggers of other tables name them."""
    org = filled("nordlys")
    refresh_fully(org)
    call_command("migrate", "sales", "0005", verbosity=0)
    call_command("migrate", verbosity=0)
    factories.activity(org, Activity.objects.all()[0].rep, day(DAYS[0]))
    assert DirtyBucket.objects.exists()
    refresh_fully(org)
    assert verify(org) == []


def test_no_edit_slips_through_while_triggers_are_replaced(transactional_db: None) -> None:
    """The old version goes on writing while the new one migrates: every edit is marked, by the old trigger or by the new one."""
    org = filled("nordlys")
    rep = Activity.objects.all()[0].rep
    over = threading.Event()

    def edits() -> None:
        try:
            while not over.is_set():
                factories.activity(org, rep, day(DAYS[0]))
                refresh_fully(org)
        finally:
            connections.close_all()

    writer = threading.Thread(target=edits)
    writer.start()
    try:
        for _ in range(5):
            capture.install(connection)
    finally:
        over.set()
        writer.join(60)
    assert not writer.is_alive()
    refresh_fully(org)
    assert Activity.objects.count() > len(DAYS)
    assert verify(org) == []
