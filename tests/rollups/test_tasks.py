"""The jobs that keep cells: whose turn it is, what is sent to which queue, and what becomes of errors and lost messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.beat import ScheduleEntry
from celery.schedules import schedule
from django.core.cache import cache
from django.db import connection

from kpi_tracker import queues
from kpi_tracker.beat import REFRESH, Scheduler
from kpi_tracker.celery import app
from kpi_tracker.errors import InternalError
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.rollups import builder, rebuilding, tasks, turns
from kpi_tracker.rollups.backlog import dirty_organisations
from kpi_tracker.rollups.models import DirtyBucket, Rebuild, RebuildSlice, RollupCell, RollupState
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.models import Activity
from tests import factories
from tests.contracts.asking import day
from tests.rollups.test_parallel import edited, filled

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _empty_queues() -> Iterator[None]:
    """Other tests leave jobs in the queues that nobody takes."""
    empty()
    cache.clear()
    yield
    empty()
    cache.clear()


def empty() -> None:
    with app.connection_for_write() as link:
        for name in queues.NAMES:
            link.default_channel.queue_purge(name)


def taken(queue: str) -> list[tuple[str, list[Any]]]:
    """Task and arguments of all that waits in a queue, which is empty then. Sorted: messages of one millisecond come in any order."""
    found = []
    with app.connection_for_read() as link:
        box = link.SimpleQueue(app.amqp.queues[queue])
        while len(box):
            message = box.get(timeout=5)
            message.ack()
            found.append((str(message.headers["task"]).rpartition(".")[2], list(message.payload[0])))
        box.close()
    return sorted(found)


class Clock:
    """Each look at it takes so many seconds."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def changed_on(organisation: Organisation, days: int) -> None:
    """An activity on each of so many days, from March 2024 on."""
    who = Activity.objects.filter(organisation=organisation)[0].rep
    for number in range(days):
        factories.activity(organisation, who, day("2024-03-01") + dt.timedelta(days=number))


# Which queue ---------------------------------------------------------------------------------------------

def test_refreshes_go_to_the_live_queue_and_all_else_to_bulk() -> None:
    app.loader.import_default_modules()
    names = [name for name in app.tasks if name.startswith(("kpi_tracker.", "goals.", "integrations."))]
    live = {name.rpartition(".")[2] for name in names if app.amqp.router.route({}, name)["queue"].name == "live"}
    assert live == {"refresh_all", "refresh_organisation"}
    assert {app.amqp.router.route({}, name)["queue"].name for name in names} == {"live", "bulk"}
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(names)


def test_a_message_reaches_one_queue_only() -> None:
    tasks.refresh_all.delay()
    tasks.verify_sample.delay()
    assert queues.lengths() == {"live": 1, "bulk": 1, "celery": 0}


def test_nothing_that_beat_sends_can_expire() -> None:
    """That is judged by the clock of the worker that takes it."""
    assert [name for name, entry in app.conf.beat_schedule.items() if "expires" in entry.get("options", {})] == []


# One message for an organisation --------------------------------------------------------------------------

def test_each_dirty_organisation_gets_one_message(django_assert_num_queries: Any) -> None:
    orgs = [filled("nordlys"), filled("solvind")]
    clean = factories.organisation("vinter")
    for _ in range(3):
        tasks.refresh_all()
    sent = taken("live")
    assert [(task, args[0]) for task, args in sent] == [("refresh_organisation", org.pk) for org in orgs]
    assert clean.pk not in dirty_organisations()
    for _, args in sent:
        tasks.refresh_organisation(*args)
    assert not DirtyBucket.objects.exists()
    tasks.refresh_all()
    assert taken("live") == []
    edited(orgs[0], 1)
    tasks.refresh_all()
    assert [args[0] for _, args in taken("live")] == [orgs[0].pk]


def test_looking_costs_one_query_where_nothing_is_dirty(django_assert_num_queries: Any) -> None:
    factories.organisation("vinter")
    DirtyBucket.objects.all().delete()
    with django_assert_num_queries(1):
        assert dirty_organisations() == []
    turns.begin_round()  # a look into the cache, which is a table here
    with django_assert_num_queries(2):
        tasks.refresh_all()


def test_a_message_that_was_lost_is_sent_anew_once_nothing_waits() -> None:
    org, other = filled("nordlys"), filled("solvind")
    tasks.refresh_all()
    lost = taken("live")
    assert len(lost) == 2
    tasks.verify_sample.apply_async(queue="live")
    tasks.refresh_all()
    assert [task for task, _ in taken("live")] == ["verify_sample"]  # something waits: perhaps they do
    tasks.refresh_all()
    again = taken("live")
    assert [args[0] for _, args in again] == [org.pk, other.pk]
    assert {args[1] for _, args in again}.isdisjoint({args[1] for _, args in lost})


def test_after_the_cache_was_emptied_it_is_sent_at_once() -> None:
    org = filled("nordlys")
    tasks.refresh_all()
    cache.clear()
    tasks.refresh_all()
    assert [args[0] for _, args in taken("live")] == [org.pk, org.pk]


def test_a_worker_that_died_at_it_keeps_the_turn_for_seconds_only() -> None:
    org = filled("nordlys")
    [(number, token)] = list(turns.ask([org.pk], idle=False))
    assert turns.begin(number, token) == token
    assert list(turns.ask([org.pk], idle=True)) == []
    assert turns.RUNNING <= 5
    assert cache_seconds(f"rollups-turn-{org.pk}") <= turns.RUNNING


def cache_seconds(key: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT expires FROM cache WHERE cache_key = %s", [cache.make_key(key)])
        [found] = cursor.fetchone()
    expires = dt.datetime.fromisoformat(found) if isinstance(found, str) else found
    now = dt.datetime.now(dt.UTC)
    return ((expires if expires.tzinfo else expires.replace(tzinfo=dt.UTC)) - now).total_seconds()


def test_of_two_messages_only_one_goes_on() -> None:
    """A message that was delivered twice, or sent anew: both work, one of them sends itself again."""
    [(number, token)] = list(turns.ask([7], idle=False))
    first, second = turns.begin(number, token), turns.begin(number, token)
    assert (first, second) == (token, "")
    assert turns.go_on(number, second) == ""
    following = turns.go_on(number, first)
    assert following not in ("", token)
    assert turns.go_on(number, first) == ""
    turns.end(number, first)  # the turn is no longer its own
    assert list(turns.ask([7], idle=False)) == []
    turns.end(number, turns.begin(number, following))
    assert len(list(turns.ask([7], idle=False))) == 1


# Turns ----------------------------------------------------------------------------------------------------

def batches_of(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "FIRST_BATCH", size)
    monkeypatch.setattr(builder, "BATCH", size)


def test_a_turn_is_bounded_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    org = filled("nordlys")
    changed_on(org, 8)
    batches_of(2, monkeypatch)
    before = DirtyBucket.objects.count()
    assert before > 6
    assert tasks.refresh_for(org, 2.5, clock=Clock(1.0)) is True
    assert DirtyBucket.objects.count() == before - 2 * 3
    assert tasks.refresh_for(org, 1000, clock=Clock(1.0)) is False
    assert not DirtyBucket.objects.exists()
    assert verify(org) == []


def test_batches_grow_as_far_as_the_time_that_is_left_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    org = filled("nordlys")
    changed_on(org, 40)
    asked: list[int] = []
    refresh = builder.refresh
    monkeypatch.setattr(tasks, "FIRST_BATCH", 2)
    monkeypatch.setattr(builder, "refresh", lambda org, *, limit, wait: asked.append(limit) or refresh(org, limit=limit, wait=wait))
    tasks.refresh_for(org, 10.0, clock=Clock(1.0))
    # Two in a second, nine seconds left: 18; eighteen in a second, eight left: 144.
    assert asked[:3] == [2, 18, 144]
    assert verify(org) == []


def test_organisations_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batches of one do not come before the single batch of the other."""
    big, small = filled("nordlys"), filled("solvind")
    builder.refresh_fully(small)
    changed_on(big, 30)
    changed_on(small, 1)
    batches_of(1, monkeypatch)
    tasks.refresh_all()
    order = []
    while waiting := taken("live"):
        for _, (number, token) in waiting:
            tasks.refresh_organisation(number, token, 0.0)
            order.append(number)
    assert order[:4].count(small.pk) >= 1
    assert order.count(big.pk) > 10
    assert verify(big) == verify(small) == []
    assert len(list(turns.ask([big.pk, small.pk], idle=False))) == 2


def test_what_an_earlier_version_has_sent_still_runs() -> None:
    org = filled("nordlys")
    for name, args in (("refresh_organisation", [org.pk]), ("recompute", [org.pk, "2024-02-01", "2024-03-01"]), ("verify_sample", [])):
        app.tasks[f"kpi_tracker.rollups.tasks.{name}"].apply(args).get()
    assert not DirtyBucket.objects.exists()
    assert verify(org) == []


@pytest.mark.parametrize(
    "name", ["refresh_organisation", "rebuild_organisation", "rebuild_slice", "verify_organisation", "close_organisation"]
)
def test_a_message_for_a_deleted_organisation_ends_quietly(name: str) -> None:
    app.tasks[f"kpi_tracker.rollups.tasks.{name}"].apply([10**6]).get()
    tasks.recompute.apply([10**6, "2024-02-01", "2024-03-01"]).get()
    assert queues.lengths() == {"live": 0, "bulk": 0, "celery": 0}
    assert not RollupState.objects.exists()


# Errors ---------------------------------------------------------------------------------------------------

@pytest.fixture
def broken_cells() -> Iterator[None]:
    """The database refuses every cell, until the trigger goes."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$")
            cursor.execute("CREATE TRIGGER refuse BEFORE INSERT ON rollups_rollupcell EXECUTE FUNCTION refuse()")
        else:
            cursor.execute("CREATE TRIGGER refuse BEFORE INSERT ON rollups_rollupcell BEGIN SELECT RAISE(ABORT, 'refused'); END")
    yield
    mend()


def mend() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER IF EXISTS refuse" + (" ON rollups_rollupcell" if connection.vendor == "postgresql" else ""))
        if connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION IF EXISTS refuse()")


def test_a_refresh_that_fails_is_told_and_tried_again(broken_cells: None) -> None:
    org = filled("nordlys")
    marks = DirtyBucket.objects.count()
    for times in (1, 2):
        assert tasks.refresh_organisation.apply([org.pk]).state == "FAILURE"
        state = RollupState.objects.get(organisation=org)
        assert (state.failures, state.refreshes) == (times, 0)
        assert state.failure in ("IntegrityError", "InternalError")
        assert state.failed_at is not None
    assert DirtyBucket.objects.count() == marks
    mend()
    assert tasks.refresh_organisation.apply([org.pk]).state == "SUCCESS"
    assert verify(org) == []
    assert RollupState.objects.get(organisation=org).failures == 2


def test_a_failure_of_a_deleted_organisation_is_nobodys() -> None:
    tasks.note_failure(10**6, "OperationalError", now=NOW)
    assert not RollupState.objects.exists()


def test_the_check_is_written_down_and_a_difference_fails() -> None:
    org = filled("nordlys")
    builder.refresh_fully(org)
    assert tasks.verify_organisation.apply([org.pk]).state == "SUCCESS"
    state = RollupState.objects.get(organisation=org)
    assert (state.differences, state.verified_at is not None) == (0, True)
    RollupCell.objects.filter(scope_kind="o", grain="d").update(value=77)
    outcome = tasks.verify_organisation.apply([org.pk])
    assert isinstance(outcome.result, InternalError)
    assert RollupState.objects.get(organisation=org).differences > 0


# Rebuild --------------------------------------------------------------------------------------------------

def work_off() -> list[str]:
    """Do what waits in bulk, until nothing does; the names of the tasks in their order."""
    done = []
    while waiting := taken("bulk"):
        for name, args in waiting:
            app.tasks[f"kpi_tracker.rollups.tasks.{name}"].apply(args).get()
            done.append(name)
    return done


def test_a_rebuild_is_done_slice_by_slice() -> None:
    org = filled("nordlys")
    RollupCell.objects.bulk_create([
        RollupCell(organisation=org, scope_kind="o", scope_id=0, measure="calls", grain="d", bucket=day("2024-02-29"), value=99, n=99)
    ])
    tasks.rebuild_organisation.delay(org.pk)
    done = work_off()
    slices = RebuildSlice.objects.filter(organisation=org).count()
    assert slices > 1
    assert done.count("rebuild_slice") >= slices
    assert Rebuild.objects.get(organisation=org).done_at is not None
    assert verify(org) == []


def test_a_rebuild_whose_messages_were_lost_goes_on_where_it_stopped() -> None:
    org = filled("nordlys")
    tasks.rebuild_organisation(org.pk)
    taken("bulk")
    first = rebuilding.rebuild_next(org)
    assert first is not None
    tasks.resume_rebuilds()
    assert taken("bulk") == []  # somebody was at it within the last minute
    cache.clear()
    tasks.resume_rebuilds()
    assert queues.lengths()["bulk"] == RebuildSlice.objects.filter(done_at=None).count() > 0
    work_off()
    assert RebuildSlice.objects.get(pk=first.pk).done_at == first.done_at
    assert not Rebuild.objects.filter(done_at=None).exists()
    cache.clear()
    tasks.resume_rebuilds()
    assert taken("bulk") == []


def test_a_rebuild_that_lacks_only_its_end_is_ended() -> None:
    org = filled("nordlys")
    started = rebuilding.rebuild_start(org)
    started.slices.update(done_at=NOW)
    tasks.resume_rebuilds()
    work_off()
    assert Rebuild.objects.get().done_at is not None


def test_a_slice_that_fails_is_told(broken_cells: None) -> None:
    org = filled("nordlys")
    rebuilding.rebuild_start(org)
    assert tasks.rebuild_slice.apply([org.pk]).state == "FAILURE"
    assert RollupState.objects.get(organisation=org).failures == 1
    assert not RebuildSlice.objects.exclude(done_at=None).exists()


# Beat -----------------------------------------------------------------------------------------------------

@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    made = Scheduler(app=app, schedule_filename=str(tmp_path / "schedule"))
    yield made
    made.close()


def test_beat_keeps_one_look_for_dirt_in_the_queue(scheduler: Scheduler) -> None:
    entry = scheduler.schedule["refresh"]
    for _ in range(4):
        scheduler.apply_entry(entry)
    # The first, since nothing waited; the second, since none was known to wait.
    assert [task for task, _ in taken("live")] == ["refresh_all"] * 2
    scheduler.apply_entry(entry)
    [(task, _)] = taken("live")
    tasks.refresh_all()
    scheduler.apply_entry(entry)
    scheduler.apply_entry(scheduler.schedule["close"])
    scheduler.apply_entry(scheduler.schedule["close"])
    assert task == "refresh_all"
    assert [task for task, _ in taken("live")] == ["refresh_all"]
    assert [task for task, _ in taken("bulk")] == ["close_months"] * 2


def test_beat_goes_on_where_its_clock_was_set_back(scheduler: Scheduler) -> None:
    """Its file knows of a run in what is the future now."""
    entry = scheduler.schedule["refresh"]
    entry.last_run_at = entry.default_now() + dt.timedelta(hours=1)
    assert scheduler.tick() < 2
    assert entry.last_run_at <= entry.default_now()
    assert entry.task == REFRESH


def test_beat_lives_on_without_its_queue(scheduler: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
        scheduler.apply_entry(ScheduleEntry(name="refresh", task=REFRESH, schedule=schedule(1.0), app=app))
    assert "is away" in caplog.text
