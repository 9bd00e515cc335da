"""The operations page: freshness, errors, queues; rebuilding everything."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboards import operations
from kpi_tracker.rollups import rebuilding, tasks
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.models import DirtyBucket, Rebuild, RollupCell, RollupState
from kpi_tracker.rollups.verify import verify
from tests.dashboards.conftest import SignedIn, World, text
from tests.rollups.test_parallel import filled

PAGE = reverse("dashboards:operations", kwargs={"org": "nordlys"})
REBUILD = reverse("dashboards:operations_rebuild", kwargs={"org": "nordlys"})
POLLS = 'hx-trigger="every 2s"'


@pytest.fixture
def fresh(world: World) -> World:
    refresh_fully(world.org)
    return world


def mark(world: World, day: int) -> None:
    DirtyBucket.objects.create(
        organisation=world.org, scope_kind="r", scope_id=world.bob.id, fact="activity", day=dt.date(2024, 3, day)
    )


def test_it_works(signed_in: SignedIn, fresh: World) -> None:
    page = text(signed_in("alice").get(PAGE))
    assert "All figures are up to date" in page
    assert "No refresh has ended in an error." in page
    assert "The nightly check has not run yet." in page
    assert "There has been none." in page
    assert POLLS not in page


def test_what_waits_is_told_and_the_page_asks_again(signed_in: SignedIn, fresh: World) -> None:
    for day in (4, 5, 6, 6):
        mark(fresh, day)
    DirtyBucket.objects.update(marked_at=timezone.now() - dt.timedelta(minutes=5))
    mark(fresh, 6)
    alice = signed_in("alice")
    page = text(alice.get(PAGE))
    assert "3 days are waiting, the oldest for 5 min" in page
    assert POLLS in page
    part = text(alice.get(PAGE, headers={"HX-Request": "true"}))
    assert "3 days are waiting" in part
    assert "<html" not in part
    assert 'hx-swap-oob="true"' in part
    refresh_fully(fresh.org)
    part = text(alice.get(PAGE, headers={"HX-Request": "true"}))
    assert "All figures are up to date" in part
    assert POLLS not in part


def test_one_day(signed_in: SignedIn, fresh: World) -> None:
    mark(fresh, 4)
    assert "1 day is waiting for " in text(signed_in("alice").get(PAGE))


def test_errors_and_the_check_are_told(signed_in: SignedIn, fresh: World) -> None:
    tasks.note_failure(fresh.org.pk, "OperationalError", now=dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC))
    RollupState.objects.filter(organisation=fresh.org).update(verified_at=dt.datetime(2024, 3, 2, 4, tzinfo=dt.UTC), differences=3)
    page = text(signed_in("alice").get(PAGE))
    assert "1 refresh has ended in an error and was tried again." in page
    assert "The last: OperationalError, 1 Mar 2024, 13:00." in page  # in the organisation's zone
    assert "3 kept values were not what the records say." in page
    assert "2 Mar 2024, 05:00" in page
    RollupState.objects.filter(organisation=fresh.org).update(differences=0)
    assert "found every kept value that it looked at as the records say" in text(signed_in("alice").get(PAGE))


def test_a_rebuild_is_asked_for_once_and_its_progress_is_shown(signed_in: SignedIn, fresh: World) -> None:
    RollupCell.objects.filter(organisation=fresh.org, scope_kind="o", grain="m").update(value=7)
    alice = signed_in("alice")
    page = text(alice.post(REBUILD, follow=True))
    assert "All figures are being rebuilt: 0 % done" in page
    assert POLLS in page
    alice.post(REBUILD)
    [started] = Rebuild.objects.filter(organisation=fresh.org)
    slices = started.slices.count()
    assert slices > 1
    assert rebuilding.rebuild_next(fresh.org) is not None
    assert f"1 of {slices} parts are done" in text(alice.get(PAGE))
    while rebuilding.rebuild_next(fresh.org):
        pass
    page = text(alice.get(PAGE))
    assert "All figures are up to date" in page
    assert "Kept values that were put right" in page
    assert POLLS not in page
    assert verify(fresh.org) == []


def test_the_job_is_sent(signed_in: SignedIn, fresh: World) -> None:
    before = operations.queues.lengths()["bulk"]
    signed_in("alice").post(REBUILD)
    assert operations.queues.lengths()["bulk"] == before + 1


def test_without_a_queue_the_page_opens_and_a_rebuild_waits(
    signed_in: SignedIn, fresh: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    assert "The queue of jobs does not answer." in text(signed_in("alice").get(PAGE))


@pytest.mark.parametrize("name", ["mona", "bob", "vera"])
def test_only_admins(signed_in: SignedIn, world: World, name: str) -> None:
    client = signed_in(name)
    assert client.get(PAGE).status_code == 403
    assert client.post(REBUILD).status_code == 403
    assert PAGE not in text(client.get(reverse("dashboards:kpis", kwargs={"org": "nordlys"})))
    assert not Rebuild.objects.exists()
    assert PAGE in text(signed_in("alice").get(reverse("dashboards:kpis", kwargs={"org": "nordlys"})))


def test_a_rebuild_is_only_posted(signed_in: SignedIn, world: World) -> None:
    assert signed_in("alice").get(REBUILD).status_code == 405


def test_nothing_of_another_organisation_is_shown(signed_in: SignedIn, fresh: World) -> None:
    other = filled("solvind")
    tasks.note_failure(other.pk, "IntegrityError", now=timezone.now())
    rebuilding.rebuild_start(other)
    page = text(signed_in("alice").get(PAGE))
    assert "All figures are up to date" in page
    assert "No refresh has ended in an error." in page
    assert "There has been none." in page


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.043, "0.04 s"), (0.5, "0.5 s"), (3, "3 s"), (5.78, "5.8 s"), (59, "59 s"), (90, "1.5 min"), (3600, "1 h"), (864_000, "10 d"),
    ],
)
def test_durations(seconds: float, written: str) -> None:
    assert operations.duration(seconds) == written
