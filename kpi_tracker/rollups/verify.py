"""Compare cells with the records, and say which differ."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kpi_tracker.kpis import engine, registry
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Parts, Subject
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Grain, Period
from kpi_tracker.rollups.models import CellGrain, CellScope, DirtyBucket, RollupCell
from kpi_tracker.rollups.rebuilding import extent

GRAINS = {Grain.DAY: CellGrain.DAY, Grain.WEEK: CellGrain.WEEK, Grain.MONTH: CellGrain.MONTH}
SCOPES = ((CellScope.ORGANISATION, None), (CellScope.TEAM, Dimension.TEAM), (CellScope.REP, Dimension.REP))
Key = tuple[str, int, str, str, dt.date]
Amount = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that does not match its records. cell, records: (value, records in it)."""

    scope_kind: str
    scope_id: int
    measure: str
    grain: str
    bucket: dt.date
    cell: Amount
    records: Amount

    def __str__(self) -> str:
        scope, grain = CellScope(self.scope_kind).label.lower(), CellGrain(self.grain).label.lower()
        return (
            f"{self.measure} of {scope} {self.scope_id}, {grain} {self.bucket}: "
            f"cell {self.cell[0]} ({self.cell[1]} records), records {self.records[0]} ({self.records[1]})"
        )


def verify(organisation: Organisation, *, sample: int | None = None, seed: int = 0) -> list[Difference]:
    """Recompute the buckets of `sample` days (None: of all) from the records; the cells that differ.

    Buckets with a day that is still dirty are left out: their cells are known to be stale.
    """
    whole = extent(organisation)
    if whole is None:
        kept = RollupCell.objects.filter(organisation=organisation)
        return [Difference(c.scope_kind, c.scope_id, c.measure, c.grain, c.bucket, (c.value, c.n), (0, 0)) for c in kept]
    days = list(whole.days())
    if sample is not None and sample < len(days):
        days = sorted(random.Random(seed).sample(days, sample))  # noqa: S311  (a sample, not a secret)
    dirty = set(DirtyBucket.objects.filter(organisation=organisation).values_list("day", flat=True))
    found: list[Difference] = []
    for grain, letter in GRAINS.items():
        buckets = list(dict.fromkeys(organisation.calendar.bucket(grain, day) for day in days))
        clean = [bucket for bucket in buckets if not any(day in bucket for day in dirty)]
        found.extend(_compare(organisation, letter, clean))
    return found


def _compare(organisation: Organisation, grain: CellGrain, buckets: Sequence[Period]) -> Iterator[Difference]:
    if not buckets:
        return
    expected: dict[Key, Amount] = {}
    everything = Subject(SubjectKind.ORGANISATION)
    for scope, by in SCOPES:
        parts: Parts = engine.parts(organisation, registry.measures_kept(organisation), everything, buckets, by)
        for (measure, bucket, member), part in parts.items():
            expected[scope.value, member or 0, measure, grain.value, bucket.start] = (part.value, part.records)
    starts = {bucket.start for bucket in buckets}
    cells = RollupCell.objects.filter(organisation=organisation, grain=grain, bucket__gte=min(starts), bucket__lte=max(starts))
    kept: dict[Key, Amount] = {
        (kind, scope_id, measure, letter, bucket): (value, n)
        for kind, scope_id, measure, letter, bucket, value, n in cells.values_list(
            "scope_kind", "scope_id", "measure", "grain", "bucket", "value", "n"
        )
        if bucket in starts
    }
    for key in sorted(expected.keys() | kept.keys()):
        cell, records = kept.get(key, (0, 0)), expected.get(key, (0, 0))
        if cell != records:
            yield Difference(*key, cell=cell, records=records)
