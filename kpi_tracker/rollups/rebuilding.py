"""Rebuild: every cell recomputed from the records, in slices of some months.

A slice is one transaction: readers see its old cells or its new ones. Its days are put together in scratch tables and compared
with their cells; only what differs is written, and carried up into weeks and months. Slices of one organisation may run at once, on as
many workers as there are: the only cells that two of them share are those of a week across their border, to which each adds its own
days' changes. When all are done, such weeks are summed up anew.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q, Sum
from django.utils import timezone

from kpi_tracker.kpis import facts, registry
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Grain, Period, day_after
from kpi_tracker.rollups import scratch
from kpi_tracker.rollups.models import CellGrain, Rebuild, RebuildSlice, RollupCell

Progress = Callable[[Period, int, int], None]
SLICE = Grain.QUARTER


@dataclass(frozen=True, slots=True)
class RebuildProgress:
    """Of the organisation's last rebuild. seconds: spent in its slices, on all workers together."""

    rebuild: Rebuild
    slices: int
    done: int
    changed: int
    seconds: float


def rebuild(organisation: Organisation, *, period: Period | None = None, progress: Progress | None = None) -> int:
    """Recompute the days of `period` with their weeks and months, month by month, or all there is, slice by slice; how many of them."""
    if period is not None:
        months = organisation.calendar.clipped(Grain.MONTH, period)
        for month in months:
            _rebuild(organisation, month, shared=False)
        return len(months)
    started = rebuild_start(organisation)
    slices = started.slices.count()
    while (done := rebuild_next(organisation)) is not None:
        if progress:
            progress(done.period, started.slices.filter(done_at__isnull=False).count(), slices)
    return slices


def rebuild_start(organisation: Organisation) -> Rebuild:
    """A rebuild of everything, cut into slices; the one that is not done yet, if there is one. Cells outside all slices go at once."""
    with transaction.atomic(), connection.cursor() as cursor:
        scratch.lock(cursor, organisation)
        if (running := Rebuild.objects.filter(organisation=organisation, done_at=None).first()) is not None:
            return running
        whole = extent(organisation)
        slices = organisation.calendar.buckets(SLICE, whole) if whole else []
        started = Rebuild.objects.create(organisation=organisation, done_at=None if slices else timezone.now())
        RebuildSlice.objects.bulk_create(
            RebuildSlice(organisation=organisation, rebuild=started, starts_on=one.start, ends_on=one.end) for one in slices
        )
        outside = Q(bucket__lt=slices[0].start) | Q(bucket__gte=slices[-1].end) if slices else Q()
        if slices:
            before = organisation.calendar.bucket(Grain.WEEK, slices[0].start).start
            outside &= ~Q(grain=CellGrain.WEEK, bucket=before)
        RollupCell.objects.filter(outside, organisation=organisation).delete()
        scratch.note_rebuilt(cursor, organisation)
    scratch.analyze_changed(scratch.tables_of(registry.measures_kept(organisation)))
    return started


def rebuild_next(organisation: Organisation) -> RebuildSlice | None:
    """Do one slice that nobody else has taken; None where there is none."""
    began = time.monotonic()
    with transaction.atomic():
        free = RebuildSlice.objects.filter(organisation=organisation, rebuild__done_at=None, done_at=None).order_by("starts_on")
        if connection.features.has_select_for_update_skip_locked:
            free = free.select_for_update(skip_locked=True, of=("self",))
        taken = free.first()
        if taken is not None:
            taken.changed = _rebuild(organisation, taken.period, shared=True)
            taken.done_at, taken.seconds = timezone.now(), time.monotonic() - began
            taken.save()
    scratch.analyze_changed(["rollups_rollupcell"])
    _finish(organisation)
    return taken


def _finish(organisation: Organisation) -> None:
    """When all slices are done, check the weeks across their borders."""
    with transaction.atomic(), connection.cursor() as cursor:
        running = Rebuild.objects.select_for_update().filter(organisation=organisation, done_at=None).first()
        if running is None or running.slices.filter(done_at=None).exists():
            return
        scratch.lock(cursor, organisation)
        scratch.open_scratch(cursor)
        scratch.describe(cursor, organisation, registry.measures_kept(organisation))
        scratch.settings(cursor, enable_nestloop="off")
        borders = {day for one in running.slices.all() for day in (one.starts_on, one.ends_on)}
        _sum_up(cursor, organisation, {Grain.WEEK: list({organisation.calendar.bucket(Grain.WEEK, day) for day in borders})})
        running.done_at = timezone.now()
        running.save()


def rebuild_progress(organisation: Organisation) -> RebuildProgress | None:
    """How far the last rebuild is; None where there was none."""
    last = Rebuild.objects.filter(organisation=organisation).order_by("-id").first()
    if last is None:
        return None
    sums = last.slices.aggregate(
        slices=Count("pk"), done=Count("done_at"), changed=Sum("changed", default=0), seconds=Sum("seconds", default=0.0)
    )
    return RebuildProgress(last, **sums)


def extent(organisation: Organisation) -> Period | None:
    """From the first to the last day on which anything counts; None without records."""
    days: set[dt.date] = set()
    for family in facts.families(registry.measures_kept(organisation)):
        first = family[0]
        found = first.fact.model._default_manager.filter(organisation=organisation).aggregate(low=Min(first.day), high=Max(first.day))
        days |= {day for day in found.values() if day is not None}
    return Period(min(days), day_after(max(days))) if days else None


@dataclass(frozen=True, slots=True)
class _Span:
    """The days that are recomputed, and the weeks and months that hold them: those that lie in `period` wholly, and those that do not."""

    organisation: Organisation
    period: Period

    def buckets(self, *, inside: bool) -> dict[Grain, list[Period]]:
        calendar = self.organisation.calendar
        return {
            grain: [one for one in calendar.buckets(grain, self.period) if self.period.covers(one) is inside]
            for grain in (Grain.WEEK, Grain.MONTH)
        }


def _rebuild(organisation: Organisation, period: Period, *, shared: bool) -> int:
    """Recompute the days of `period` and the weeks and months that hold them; how many cells changed.

    The marks of its days go first, so an edit committed meanwhile waits for a refresh.
    shared: other slices may run beside this one. Weeks that lie in two of them get what has changed of their days, last of all, so that
    nobody waits for long; `_finish` sums them up anew when all slices are done.
    """
    span = _Span(organisation, period)
    with transaction.atomic(), connection.cursor() as cursor:
        scratch.lock(cursor, organisation, shared=shared)
        scratch.open_scratch(cursor)
        scratch.describe(cursor, organisation, registry.measures_kept(organisation))
        scratch.settings(cursor, work_mem="128MB")
        marked = "rollups_dirtybucket WHERE organisation_id = %s AND day >= %s AND day < %s"
        cursor.execute(f"DELETE FROM {marked}", [organisation.pk, period.start, period.end])
        for family in facts.families(registry.measures_kept(organisation)):
            day = family[0].day
            read = Q(**{f"{day}__gte": period.start, f"{day}__lt": period.end})
            select = scratch.rep_days(organisation, family, read, all_history=True)
            scratch.add_rep_days(cursor, select, [measure.key for measure in family])
        # The cells' statistics may be of another time; row by row, what follows would take hours, and sorting texts takes longest of all.
        scratch.settings(cursor, enable_nestloop="off", enable_mergejoin="off")
        scratch.analyze(cursor, "rollup_day")
        scratch.add_teams_and_organisation(cursor, organisation, "rollup_day")
        across = span.buckets(inside=False)
        _list(cursor, organisation, across)
        _keep_changes_across(cursor, span)
        _list(cursor, organisation, span.buckets(inside=True))
        changed = _write(cursor, span)
        _list(cursor, organisation, across)
        changed += scratch.apply_changes(cursor, organisation)
        if not shared:
            changed += _sum_up(cursor, organisation, across)
        if changed:
            scratch.note_rebuilt(cursor, organisation)
        return changed


def _list(cursor: Any, organisation: Organisation, buckets: dict[Grain, list[Period]]) -> set[dt.date]:
    """List the buckets instead of others; their days."""
    scratch.empty(cursor, "rollup_bucket")
    found: set[dt.date] = set()
    for grain, periods in buckets.items():
        days = [day for one in periods for day in one.days()]
        scratch.list_buckets(cursor, organisation.calendar, days, [grain])
        found.update(days)
    scratch.analyze(cursor, "rollup_bucket")
    return found


def _keep_changes_across(cursor: Any, span: _Span) -> None:
    """To `rollup_change` what changes of the days in the buckets listed, those that lie in `period` only in part."""
    cursor.execute(
        "INSERT INTO rollup_change SELECT x.scope_kind, x.scope_id, x.measure, x.day, SUM(x.value), SUM(x.n) FROM ("
        " SELECT scope_kind, scope_id, measure, day, value, n FROM rollup_day"
        " UNION ALL SELECT scope_kind, scope_id, measure, bucket, -value, -n FROM rollups_rollupcell"
        " WHERE organisation_id = %(org)s AND grain = 'd' AND bucket >= %(start)s AND bucket < %(end)s"
        ") x WHERE x.day IN (SELECT day FROM rollup_bucket)"
        " GROUP BY x.scope_kind, x.scope_id, x.measure, x.day HAVING SUM(x.value) <> 0 OR SUM(x.n) <> 0",
        {"org": span.organisation.pk, "start": span.period.start, "end": span.period.end},
    )


def _write(cursor: Any, span: _Span) -> int:
    """Make the cells of the days, and of the buckets listed, what `rollup_day` says; how many were deleted or written."""
    cursor.execute("INSERT INTO rollup_fresh SELECT scope_kind, scope_id, measure, 'd', day, value, n FROM rollup_day")
    cursor.execute(
        "INSERT INTO rollup_fresh SELECT d.scope_kind, d.scope_id, d.measure, b.grain, b.bucket, SUM(d.value), SUM(d.n)"
        " FROM rollup_day d JOIN rollup_bucket b ON b.day = d.day GROUP BY d.scope_kind, d.scope_id, d.measure, b.grain, b.bucket"
    )
    scratch.analyze(cursor, "rollup_fresh")
    bounds: dict[str, int | dt.date] = {"org": span.organisation.pk, "start": span.period.start, "end": span.period.end}
    owned = (
        "c.organisation_id = %(org)s AND c.bucket >= %(start)s AND c.bucket < %(end)s"
        " AND (c.grain = 'd' OR (c.grain, c.bucket) IN (SELECT grain, day FROM rollup_bucket))"
    )
    same = (
        "f.scope_kind = c.scope_kind AND f.scope_id = c.scope_id AND f.grain = c.grain AND f.bucket = c.bucket AND f.measure = c.measure"
    )
    cursor.execute(
        f"DELETE FROM rollups_rollupcell WHERE id IN (SELECT c.id FROM rollups_rollupcell c WHERE {owned}"
        f" AND NOT EXISTS (SELECT 1 FROM rollup_fresh f WHERE {same} AND f.value = c.value AND f.n = c.n))",
        bounds,
    )
    changed = int(cursor.rowcount)
    cursor.execute(
        f"INSERT INTO rollups_rollupcell ({scratch.CELL})"
        " SELECT %(org)s, f.scope_kind, f.scope_id, f.measure, f.grain, f.bucket, f.value, f.n FROM rollup_fresh f"
        f" WHERE NOT EXISTS (SELECT 1 FROM rollups_rollupcell c WHERE {owned} AND {same})"
        " ORDER BY f.scope_id, f.bucket",  # near each other in the indexes too
        bounds,
    )
    return changed + int(cursor.rowcount)


def _sum_up(cursor: Any, organisation: Organisation, buckets: dict[Grain, list[Period]]) -> int:
    """Make weeks and months the sums of the cells of their days; how many were wrong."""
    days = _list(cursor, organisation, buckets)
    if not days:
        return 0
    cells = (
        "FROM rollups_rollupcell c JOIN rollup_bucket b ON b.day = c.bucket"
        " WHERE c.organisation_id = %(org)s AND c.bucket >= %(first)s AND c.bucket <= %(last)s"
    )
    return scratch.add_to_cells(
        cursor, organisation,
        f"SELECT c.scope_kind, c.scope_id, c.measure, b.grain, b.bucket, c.value, c.n {cells} AND c.grain = 'd'"
        f" UNION ALL SELECT c.scope_kind, c.scope_id, c.measure, c.grain, c.bucket, -c.value, -c.n {cells} AND b.grain = c.grain",
        {"first": min(days), "last": max(days)},
    )
