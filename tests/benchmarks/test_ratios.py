"""The benchmarks in small, as ratios of times in one run: limits that a tenfold regression breaks, and a busy machine does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from benchmarks import rollups, world
from kpi_tracker.rollups import builder, rebuilding
from kpi_tracker.rollups.models import DirtyBucket, RollupCell
from kpi_tracker.rollups.verify import verify

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
SIZE = world.Size(activities=4_000, reps=20, years=1)


@dataclass(frozen=True, slots=True)
class Made:
    """copy: seconds to write the same cells from their table into another with the same indexes. rebuild: to compute them from nothing."""

    organisation: Any
    copy: float
    rebuild: float


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any) -> Iterator[Made]:
    """A world in a transaction that is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        organisation = world.fill(SIZE, cells=False, strip=False)
        rebuild = rollups.timed(lambda: rebuilding.rebuild(organisation))
        yield Made(organisation, copied_cells(), rebuild)
        transaction.set_rollback(True)


def copied_cells() -> float:
    names = ", ".join(field.column for field in RollupCell._meta.concrete_fields)
    if connection.vendor == "postgresql":
        rollups.run("CREATE TEMPORARY TABLE copied (LIKE rollups_rollupcell INCLUDING ALL)")
    else:
        rollups.run(f"CREATE TEMPORARY TABLE copied AS SELECT {names} FROM rollups_rollupcell LIMIT 0")  # noqa: S608
        for index in (*RollupCell._meta.constraints, *RollupCell._meta.indexes):
            columns = ", ".join(RollupCell._meta.get_field(field).column for field in index.fields)
            rollups.run(f"CREATE INDEX temp.copied_{index.name} ON copied ({columns})")
    took = rollups.timed(lambda: rollups.run(f"INSERT INTO copied ({names}) SELECT {names} FROM rollups_rollupcell"))  # noqa: S608
    rollups.run("DROP TABLE copied")
    return took


def refreshed(made: Made, *, edits: int, seed: str) -> tuple[float, int]:
    """Seconds and statements from so many committed edits to right cells."""
    for edit in rollups.edits(made.organisation, amount=edits, seed=seed):
        edit()
    assert DirtyBucket.objects.exists()
    with CaptureQueriesContext(connection) as captured:
        took = rollups.timed(lambda: builder.refresh_fully(made.organisation))
    assert not DirtyBucket.objects.exists()
    return took, len(captured)


def test_rebuild_takes_little_longer_than_writing_the_cells(made: Made) -> None:
    assert made.rebuild < 50 * made.copy


def test_one_late_edit_takes_a_small_part_of_a_rebuild(made: Made) -> None:
    took = min(refreshed(made, edits=1, seed=f"one {n}")[0] for n in range(3))
    assert took < made.rebuild / 4


def test_many_late_edits_take_less_than_half_a_rebuild(made: Made) -> None:
    took, _ = refreshed(made, edits=100, seed="many")
    assert took < made.rebuild / 2


def test_statements_do_not_grow_with_the_edits(made: Made) -> None:
    _, few = refreshed(made, edits=4, seed="four")
    _, many = refreshed(made, edits=100, seed="hundred")
    assert many <= few + 10


def test_cells_are_right_afterwards(made: Made) -> None:
    refreshed(made, edits=20, seed="right")
    assert verify(made.organisation, sample=1) == []
