"""Cells from records: refresh recomputes the buckets that changed, rebuild recomputes a whole range.

Rep days come from the records; team and organisation days from rep days, with the team of that day; weeks and
months from days. A bucket is always recomputed whole, so doing it twice, or again after being killed, changes nothing.
Each step is one transaction under the organisation's lock: readers see the old cells or the new ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import BooleanField, F, Func, Max, Min, Q

from kpi_tracker.kpis import facts, registry
from kpi_tracker.kpis.measures import Measure
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.tree import teams_above
from kpi_tracker.periods import Calendar, Grain, Period, day_after
from kpi_tracker.rollups.models import CellGrain, RollupCell

BATCH = 5_000
MANY = 500  # so many claimed buckets are worth fresh statistics
CELL = "organisation_id, scope_kind, scope_id, measure, grain, bucket, value, n"
LOCK_CLASS = 0x6B7069  # "kpi": keeps our advisory locks apart from other programs'
COARSE = ((Grain.WEEK, CellGrain.WEEK), (Grain.MONTH, CellGrain.MONTH))
Progress = Callable[[Period, int, int], None]

SCRATCH = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS rollup_claim"
    " (id BIGINT PRIMARY KEY, scope_kind VARCHAR(1), scope_id BIGINT, fact VARCHAR(10), day DATE)",
    "CREATE TEMPORARY TABLE IF NOT EXISTS rollup_measure (fact VARCHAR(10), measure VARCHAR(60))",
    "CREATE TEMPORARY TABLE IF NOT EXISTS rollup_above"
    " (team BIGINT, above BIGINT, since DATE, until DATE, PRIMARY KEY (team, above, since))",
    "CREATE TEMPORARY TABLE IF NOT EXISTS rollup_bucket (day DATE, grain VARCHAR(1), bucket DATE, until DATE)",
    "CREATE TEMPORARY TABLE IF NOT EXISTS rollup_touched"
    " (scope_kind VARCHAR(1), scope_id BIGINT, grain VARCHAR(1), bucket DATE, until DATE,"
    " measure VARCHAR(60), PRIMARY KEY (scope_kind, scope_id, grain, bucket, measure))",
)
SCRATCH_TABLES = ("rollup_claim", "rollup_measure", "rollup_above", "rollup_bucket", "rollup_touched")


def refresh(organisation: Organisation, *, limit: int = BATCH, wait: bool = True) -> int:
    """Recompute the cells of up to `limit` dirty buckets; how many were claimed (0: nothing to do).

    wait: if another worker holds the organisation's lock, wait for it; otherwise return 0.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if not _lock(cursor, organisation, wait=wait):
            return 0
        _open_scratch(cursor, organisation)
        claimed = _claim(cursor, organisation, limit)
        if claimed:
            _touch(cursor, organisation)
            _replace_touched(cursor, organisation, many=claimed >= MANY)
        return claimed


def refresh_fully(organisation: Organisation) -> int:
    """Refresh until nothing is dirty; how many buckets were recomputed."""
    total = 0
    while claimed := refresh(organisation):
        total += claimed
    return total


def rebuild(organisation: Organisation, *, period: Period | None = None, progress: Progress | None = None) -> int:
    """Recompute every cell of `period` (default: all there is), month by month; the number of months done."""
    whole = extent(organisation)
    if period is None:
        with transaction.atomic(), connection.cursor() as cursor:
            _lock(cursor, organisation, wait=True)
            RollupCell.objects.filter(_outside(organisation.calendar, whole), organisation=organisation).delete()
            _analyze_facts(cursor, registry.measures_kept(organisation))
    asked = whole if period is None else period
    if asked is None:
        return 0
    months = organisation.calendar.buckets(Grain.MONTH, asked)
    for done, month in enumerate(months, 1):
        _rebuild_month(organisation, month)
        if progress:
            progress(month, done, len(months))
    with connection.cursor() as cursor:
        _analyze(cursor, "rollups_rollupcell")
    return len(months)


def _outside(calendar: Calendar, whole: Period | None) -> Q:
    """The cells that no month of `whole` replaces."""
    if whole is None:
        return Q()
    first, last = calendar.bucket(Grain.MONTH, whole.start), calendar.bucket(Grain.MONTH, whole.last)
    first_week = calendar.bucket(Grain.WEEK, first.start)
    early = Q(bucket__lt=first.start) & ~Q(grain=CellGrain.WEEK, bucket=first_week.start)
    return early | Q(bucket__gte=last.end)


def _lock(cursor: Any, organisation: Organisation, *, wait: bool) -> bool:
    """One builder per organisation at a time, until the transaction ends. SQLite's writers are alone anyway."""
    if connection.vendor != "postgresql":
        return True
    if wait:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, organisation.pk % 2**31])
        return True
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK_CLASS, organisation.pk % 2**31])
    return bool(cursor.fetchone()[0])


def _open_scratch(cursor: Any, organisation: Organisation) -> None:
    for statement in SCRATCH:
        cursor.execute(statement)
    for table in SCRATCH_TABLES:
        cursor.execute(f"DELETE FROM {table}")
    measures = [(measure.fact.value, measure.key) for measure in registry.measures_kept(organisation)]
    cursor.executemany("INSERT INTO rollup_measure VALUES (%s, %s)", measures)
    cursor.executemany(
        "INSERT INTO rollup_above VALUES (%s, %s, %s, %s)", teams_above(organisation)
    )


def _claim(cursor: Any, organisation: Organisation, limit: int) -> int:
    """Take the oldest dirty rows. Exactly those are deleted: one committed meanwhile waits for the next refresh."""
    cursor.execute(
        "INSERT INTO rollup_claim SELECT id, scope_kind, scope_id, fact, day FROM rollups_dirtybucket"
        " WHERE organisation_id = %s ORDER BY id LIMIT %s",
        [organisation.pk, limit],
    )
    cursor.execute("DELETE FROM rollups_dirtybucket WHERE id IN (SELECT id FROM rollup_claim)")
    return int(cursor.rowcount)


def _touch(cursor: Any, organisation: Organisation) -> None:
    """List every cell that the claimed days may change, from rep days up to months."""
    touched = "INSERT INTO rollup_touched (scope_kind, scope_id, grain, bucket, until, measure)"
    cursor.execute(
        f"{touched} SELECT DISTINCT 'r', c.scope_id, 'd', c.day, c.day, m.measure"
        " FROM rollup_claim c JOIN rollup_measure m ON m.fact = c.fact WHERE c.scope_kind = 'r'"
    )
    cursor.execute(
        f"{touched} SELECT 't', up.above, 'd', t.bucket, t.bucket, t.measure FROM rollup_touched t"
        " JOIN orgs_teamassignment a ON a.organisation_id = %(org)s AND a.rep_id = t.scope_id AND a.valid_from <= t.bucket"
        " AND (a.valid_to IS NULL OR a.valid_to > t.bucket)"
        " JOIN rollup_above up ON up.team = a.team_id AND up.since <= t.bucket AND up.until > t.bucket"
        " UNION SELECT 't', COALESCE(up.above, c.scope_id), 'd', c.day, c.day, m.measure FROM rollup_claim c"
        " JOIN rollup_measure m ON c.fact = '' OR m.fact = c.fact"
        " LEFT JOIN rollup_above up ON up.team = c.scope_id AND up.since <= c.day AND up.until > c.day"
        " WHERE c.scope_kind = 't'",
        {"org": organisation.pk},
    )
    cursor.execute(f"{touched} SELECT DISTINCT 'o', 0, 'd', bucket, bucket, measure FROM rollup_touched WHERE scope_kind = 'r'")
    cursor.execute("SELECT DISTINCT bucket FROM rollup_touched")
    _list_buckets(cursor, organisation.calendar, [day for (day,) in cursor.fetchall()])
    cursor.execute(
        f"{touched} SELECT DISTINCT t.scope_kind, t.scope_id, b.grain, b.bucket, b.until, t.measure"
        " FROM rollup_touched t JOIN rollup_bucket b ON b.day = t.bucket"
    )
    _analyze(cursor, "rollup_touched")


def _analyze(cursor: Any, table: str) -> None:
    """PostgreSQL plans by statistics, which lag behind a bulk of changes; without them the sums below take minutes."""
    if connection.vendor == "postgresql":
        cursor.execute(f"ANALYZE {table}")


def _analyze_facts(cursor: Any, measures: Sequence[Measure]) -> None:
    for table in sorted({measure.fact.model._meta.db_table for measure in measures}):
        _analyze(cursor, table)


def _list_buckets(cursor: Any, calendar: Calendar, days: Sequence[dt.date | str]) -> None:
    """Which week and month each day lies in: weeks start where `periods` says, in one place only."""
    rows = []
    for given in days:
        day = dt.date.fromisoformat(given) if isinstance(given, str) else given
        for grain, letter in COARSE:
            bucket = calendar.bucket(grain, day)
            rows.append((day, letter.value, bucket.start, bucket.end))
    cursor.executemany("INSERT INTO rollup_bucket VALUES (%s, %s, %s, %s)", rows)


def _replace_touched(cursor: Any, organisation: Organisation, *, many: bool) -> None:
    org = {"org": organisation.pk}
    cursor.execute(
        "DELETE FROM rollups_rollupcell WHERE id IN (SELECT c.id FROM rollup_touched t CROSS JOIN rollups_rollupcell c"
        " WHERE c.organisation_id = %(org)s AND c.scope_kind = t.scope_kind AND c.scope_id = t.scope_id AND c.grain = t.grain"
        " AND c.bucket = t.bucket AND c.measure = t.measure)",
        org,
    )
    cursor.execute("SELECT DISTINCT fact FROM rollup_claim WHERE scope_kind = 'r'")
    changed = {fact for (fact,) in cursor.fetchall()}
    families = facts.families([measure for measure in registry.measures_kept(organisation) if measure.fact.value in changed])
    if many:
        _analyze_facts(cursor, [family[0] for family in families])
    for family in families:
        _insert_rep_days(cursor, organisation, family, Q(_Touched(F(family[0].rep), F(family[0].day), measure=family[0].key)))
    if many:
        _analyze(cursor, "rollups_rollupcell")
    # CROSS JOIN keeps SQLite from starting at the large table.
    cursor.execute(
        f"INSERT INTO rollups_rollupcell ({CELL})"
        " SELECT %(org)s, 't', t.scope_id, t.measure, 'd', t.bucket, SUM(c.value), SUM(c.n)"
        " FROM rollup_touched t CROSS JOIN rollup_above up CROSS JOIN orgs_teamassignment a CROSS JOIN rollups_rollupcell c"
        " WHERE t.scope_kind = 't' AND t.grain = 'd' AND up.above = t.scope_id"
        " AND up.since <= t.bucket AND up.until > t.bucket AND a.organisation_id = %(org)s AND a.team_id = up.team"
        " AND a.valid_from <= t.bucket AND (a.valid_to IS NULL OR a.valid_to > t.bucket)"
        " AND c.organisation_id = %(org)s AND c.scope_kind = 'r' AND c.scope_id = a.rep_id AND c.grain = 'd' AND c.bucket = t.bucket"
        " AND c.measure = t.measure GROUP BY t.scope_id, t.measure, t.bucket",
        org,
    )
    cursor.execute(
        f"INSERT INTO rollups_rollupcell ({CELL})"
        " SELECT %(org)s, 'o', 0, t.measure, 'd', t.bucket, SUM(c.value), SUM(c.n)"
        " FROM rollup_touched t CROSS JOIN rollups_rollupcell c"
        " WHERE t.scope_kind = 'o' AND t.grain = 'd' AND c.organisation_id = %(org)s AND c.measure = t.measure AND c.grain = 'd'"
        " AND c.bucket = t.bucket AND c.scope_kind = 'r' GROUP BY t.measure, t.bucket",
        org,
    )
    cursor.execute(
        f"INSERT INTO rollups_rollupcell ({CELL})"
        " SELECT %(org)s, t.scope_kind, t.scope_id, t.measure, t.grain, t.bucket, SUM(c.value), SUM(c.n)"
        " FROM rollup_touched t CROSS JOIN rollups_rollupcell c"
        " WHERE t.grain <> 'd' AND c.organisation_id = %(org)s AND c.scope_kind = t.scope_kind AND c.scope_id = t.scope_id"
        " AND c.grain = 'd' AND c.bucket >= t.bucket AND c.bucket < t.until AND c.measure = t.measure"
        " GROUP BY t.scope_kind, t.scope_id, t.measure, t.grain, t.bucket",
        org,
    )


class _Touched(Func):
    """Whether a record's rep and day are among those to recompute for `measure`."""

    output_field = BooleanField()
    template = (
        "EXISTS (SELECT 1 FROM rollup_touched k WHERE k.scope_kind = 'r' AND k.grain = 'd' AND k.measure = '%(measure)s'"
        " AND (k.scope_id, k.bucket) = (%(expressions)s))"
    )


def _insert_rep_days(cursor: Any, organisation: Organisation, family: Sequence[Measure], restrict: Q) -> None:
    """Write the rep-day cells of one family: one pass over its table, then a row for each measure with records."""
    first = family[0]
    passes = facts.sums(organisation, family, restrict, {"of_rep": F(first.rep), "of_day": F(first.day)})
    sql, params = passes.query.sql_with_params()
    rows = " UNION ALL ".join(
        f"SELECT %s, 'r', of_rep, %s, 'd', of_day, v{i}, n{i} FROM passed WHERE n{i} > 0" for i in range(len(family))
    )
    values = [value for measure in family for value in (organisation.pk, measure.key)]
    cursor.execute(f"INSERT INTO rollups_rollupcell ({CELL}) WITH passed AS MATERIALIZED ({sql}) {rows}", [*params, *values])


def extent(organisation: Organisation) -> Period | None:
    """From the first to the last day on which anything counts; None without records."""
    days: set[dt.date] = set()
    for family in facts.families(registry.measures_kept(organisation)):
        first = family[0]
        found = first.fact.model._default_manager.filter(organisation=organisation).aggregate(low=Min(first.day), high=Max(first.day))
        days |= {day for day in found.values() if day is not None}
    return Period(min(days), day_after(max(days))) if days else None


def _rebuild_month(organisation: Organisation, month: Period) -> None:
    weeks = organisation.calendar.buckets(Grain.WEEK, month)
    span: dict[str, int | dt.date] = {
        "org": organisation.pk, "start": month.start, "end": month.end, "week": weeks[0].start, "weeks_end": weeks[-1].end,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        _lock(cursor, organisation, wait=True)
        _open_scratch(cursor, organisation)
        _list_buckets(cursor, organisation.calendar, list(Period(weeks[0].start, weeks[-1].end).days()))
        cursor.execute(
            "DELETE FROM rollups_dirtybucket WHERE organisation_id = %(org)s AND day >= %(start)s AND day < %(end)s", span
        )
        cursor.execute(
            "DELETE FROM rollups_rollupcell WHERE organisation_id = %(org)s AND"
            " ((grain IN ('d', 'm') AND bucket >= %(start)s AND bucket < %(end)s)"
            " OR (grain = 'w' AND bucket >= %(week)s AND bucket < %(weeks_end)s))",
            span,
        )
        for family in facts.families(registry.measures_kept(organisation)):
            day = family[0].day
            _insert_rep_days(cursor, organisation, family, Q(**{f"{day}__gte": month.start, f"{day}__lt": month.end}))
        cursor.execute(
            f"INSERT INTO rollups_rollupcell ({CELL}) SELECT %(org)s, 't', up.above, c.measure, 'd', c.bucket, SUM(c.value), SUM(c.n)"
            " FROM rollups_rollupcell c JOIN orgs_teamassignment a ON a.organisation_id = %(org)s AND a.rep_id = c.scope_id"
            " AND a.valid_from <= c.bucket AND (a.valid_to IS NULL OR a.valid_to > c.bucket)"
            " JOIN rollup_above up ON up.team = a.team_id AND up.since <= c.bucket AND up.until > c.bucket"
            " WHERE c.organisation_id = %(org)s AND c.scope_kind = 'r' AND c.grain = 'd' AND c.bucket >= %(start)s AND c.bucket < %(end)s"
            " GROUP BY up.above, c.measure, c.bucket",
            span,
        )
        cursor.execute(
            f"INSERT INTO rollups_rollupcell ({CELL}) SELECT %(org)s, 'o', 0, c.measure, 'd', c.bucket, SUM(c.value), SUM(c.n)"
            " FROM rollups_rollupcell c WHERE c.organisation_id = %(org)s AND c.scope_kind = 'r' AND c.grain = 'd'"
            " AND c.bucket >= %(start)s AND c.bucket < %(end)s GROUP BY c.measure, c.bucket",
            span,
        )
        cursor.execute(
            f"INSERT INTO rollups_rollupcell ({CELL})"
            " SELECT %(org)s, c.scope_kind, c.scope_id, c.measure, b.grain, b.bucket, SUM(c.value), SUM(c.n)"
            " FROM rollup_bucket b JOIN rollups_rollupcell c ON c.bucket = b.day"
            " WHERE c.organisation_id = %(org)s AND c.grain = 'd' AND c.bucket >= %(week)s AND c.bucket < %(weeks_end)s"
            " AND (b.grain = 'w' OR (c.bucket >= %(start)s AND c.bucket < %(end)s))"
            " GROUP BY c.scope_kind, c.scope_id, c.measure, b.grain, b.bucket",
            span,
        )
