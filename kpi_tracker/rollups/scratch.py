"""What refresh and rebuild share: the organisation's lock, the connection's scratch tables, and rep days from records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import F, Q

from kpi_tracker.kpis import facts
from kpi_tracker.kpis.measures import Measure
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.tree import teams_above
from kpi_tracker.periods import Calendar, Grain
from kpi_tracker.rollups.models import CellGrain

CELL = "organisation_id, scope_kind, scope_id, measure, grain, bucket, value, n"
KEY = "organisation_id, scope_kind, scope_id, grain, bucket, measure"
LETTERS = {Grain.DAY: CellGrain.DAY, Grain.WEEK: CellGrain.WEEK, Grain.MONTH: CellGrain.MONTH}
LOCK_CLASS = 0x6B7069  # "kpi": keeps our advisory locks apart from other programs'
ROWS_AT_ONCE = 500
Select = tuple[str, tuple[Any, ...]]
SUMS = "scope_kind VARCHAR(1), scope_id BIGINT, measure VARCHAR(60), {} value BIGINT, n BIGINT"
TABLES = {
    "rollup_claim": "id BIGINT PRIMARY KEY, scope_kind VARCHAR(1), scope_id BIGINT, fact VARCHAR(10), day DATE",
    "rollup_measure": "fact VARCHAR(10), measure VARCHAR(60)",
    "rollup_above": "team BIGINT, above BIGINT, since DATE, until DATE",
    "rollup_bucket": "day DATE, grain VARCHAR(1), bucket DATE",  # the day, week and month that each day lies in
    "rollup_day": SUMS.format("day DATE,"),  # days from records, and from cells with the sign turned
    "rollup_change": SUMS.format("day DATE,"),  # what is left of them
    "rollup_fresh": SUMS.format("grain VARCHAR(1), bucket DATE,"),  # finished cells
    "rollup_sum": SUMS.format("grain VARCHAR(1), bucket DATE,"),  # what is to be added to cells
}


def lock(cursor: Any, organisation: Organisation, *, wait: bool = True, shared: bool = False) -> bool:
    """Until the transaction ends. A refresh is alone in its organisation, slices of a rebuild share it; SQLite's writers are alone anyway.

    wait: otherwise False where somebody else holds it.
    """
    if connection.vendor != "postgresql":
        return True
    name = f"pg{'' if wait else '_try'}_advisory_xact_lock{'_shared' if shared else ''}"
    cursor.execute(f"SELECT {name}(%s, %s)", [LOCK_CLASS, organisation.pk % 2**31])
    return wait or bool(cursor.fetchone()[0])


def open_scratch(cursor: Any) -> None:
    """Empty scratch tables."""
    settings(cursor, jit="off")  # compiling the many sums takes longer than adding up a batch
    ends = " ON COMMIT DELETE ROWS" if connection.vendor == "postgresql" else ""
    run(cursor, [f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({columns}){ends}" for table, columns in TABLES.items()])
    if connection.vendor == "sqlite":  # has no other way to compare two tables than looking up row by row
        cursor.execute("CREATE INDEX IF NOT EXISTS rollup_fresh_key ON rollup_fresh (scope_kind, scope_id, grain, bucket, measure)")
    empty(cursor, *TABLES)


def describe(cursor: Any, organisation: Organisation, measures: Iterable[Measure], *, teams: Container[int] | None = None) -> None:
    """Put the measures and the organisation's tree of teams into the scratch tables. teams: only what stands above these."""
    insert_rows(cursor, "rollup_measure", [(measure.fact.value, measure.key) for measure in measures])
    insert_rows(cursor, "rollup_above", [row for row in teams_above(organisation) if teams is None or row.team in teams])


def run(cursor: Any, statements: Sequence[str]) -> None:
    """In one round trip where the database allows it."""
    for one in ["; ".join(statements)] if connection.vendor == "postgresql" else statements:
        cursor.execute(one)


def settings(cursor: Any, **values: str) -> None:
    """PostgreSQL's, until the transaction ends."""
    if connection.vendor == "postgresql":
        run(cursor, [f"SET LOCAL {name} = '{value}'" for name, value in values.items()])


def empty(cursor: Any, *tables: str) -> None:
    run(cursor, [f"DELETE FROM {table}" for table in tables])


def insert_rows(cursor: Any, table: str, rows: Sequence[Sequence[Any]]) -> None:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        places = f"({', '.join(['%s'] * len(some[0]))})"
        cursor.execute(f"INSERT INTO {table} VALUES {', '.join([places] * len(some))}", [value for row in some for value in row])


def analyze(cursor: Any, *tables: str) -> None:
    """PostgreSQL plans by statistics, of which a table just filled has none."""
    if connection.vendor == "postgresql":
        for table in tables:
            cursor.execute(f"ANALYZE {table}")


def analyze_changed(tables: Iterable[str]) -> None:
    """Statistics for those tables of which a good part has changed since they were last taken; else a bulk of changes takes minutes.

    To be called outside of the organisation's lock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_stat_user_tables WHERE relname = ANY(%s) AND n_mod_since_analyze > 1000 + n_live_tup / 5",
                [sorted(tables)],
            )
            analyze(cursor, *[table for (table,) in cursor.fetchall()])


def tables_of(measures: Iterable[Measure]) -> set[str]:
    return {measure.fact.model._meta.db_table for measure in measures}


def list_buckets(cursor: Any, calendar: Calendar, days: Iterable[dt.date], grains: Iterable[Grain] = tuple(LETTERS)) -> None:
    """List which buckets the days lie in: weeks start where `periods` says, in one place only."""
    rows = [(day, LETTERS[grain].value, calendar.bucket(grain, day).start) for day in days for grain in grains]
    insert_rows(cursor, "rollup_bucket", rows)


def add_rep_days(cursor: Any, select: Select, keys: Sequence[str]) -> None:
    """Write the rep days of one family to `rollup_day`: one pass over its table, then a row for each measure with records.

    select: from `rep_days`. keys: of the family's measures.
    """
    sql, params = select
    rows = " UNION ALL ".join(f"SELECT 'r', of_rep, %s, of_day, v{i}, n{i} FROM passed WHERE n{i} > 0" for i in range(len(keys)))
    cursor.execute(f"INSERT INTO rollup_day WITH passed AS MATERIALIZED ({sql}) {rows}", [*params, *keys])


def rep_days(organisation: Organisation, family: Sequence[Measure], restrict: Q, *, all_history: bool = False) -> Select:
    """A family's sums by rep and day as SQL with its parameters; see `facts.sums`."""
    by = {"of_rep": F(family[0].rep), "of_day": F(family[0].day)}
    found: Select = facts.sums(organisation, family, restrict, by, all_history=all_history).query.sql_with_params()
    return found


def add_teams_and_organisation(cursor: Any, organisation: Organisation, table: str) -> None:
    """To the rep days in `table` those of the teams that each rep was in on that day, and of the organisation."""
    cursor.execute(
        f"INSERT INTO {table} SELECT 't', up.above, d.measure, d.day, SUM(d.value), SUM(d.n) FROM {table} d"
        " JOIN orgs_teamassignment a ON a.organisation_id = %s AND a.rep_id = d.scope_id AND a.valid_from <= d.day"
        " AND (a.valid_to IS NULL OR a.valid_to > d.day)"
        " JOIN rollup_above up ON up.team = a.team_id AND up.since <= d.day AND up.until > d.day"
        " WHERE d.scope_kind = 'r' GROUP BY up.above, d.measure, d.day",
        [organisation.pk],
    )
    cursor.execute(
        f"INSERT INTO {table} SELECT 'o', 0, measure, day, SUM(value), SUM(n) FROM {table} WHERE scope_kind = 'r' GROUP BY measure, day"
    )


def keep_changes(cursor: Any) -> None:
    """What differs between the days in `rollup_day` and their cells, which stand there too with the sign turned."""
    cursor.execute(
        "INSERT INTO rollup_change SELECT scope_kind, scope_id, measure, day, SUM(value), SUM(n) FROM rollup_day"
        " GROUP BY scope_kind, scope_id, measure, day HAVING SUM(value) <> 0 OR SUM(n) <> 0"
    )


def apply_changes(cursor: Any, organisation: Organisation) -> int:
    """Add the changed days to the buckets listed for them; how many cells that changed."""
    columns = "d.scope_kind, d.scope_id, d.measure, b.grain, b.bucket, d.value, d.n"
    return add_to_cells(cursor, organisation, f"SELECT {columns} FROM rollup_change d JOIN rollup_bucket b ON b.day = d.day")


def add_to_cells(cursor: Any, organisation: Organisation, rows: str, params: dict[str, Any] | None = None) -> int:
    """Add up `rows` (a SELECT of scope kind and id, measure, grain, bucket, value, n) and add that to the cells; those without records go.

    In one order, so that two that add to the same cells wait for each other and never in a circle.
    """
    empty(cursor, "rollup_sum")
    cursor.execute(
        "INSERT INTO rollup_sum SELECT x.scope_kind, x.scope_id, x.measure, x.grain, x.bucket, SUM(x.value), SUM(x.n)"
        f" FROM ({rows}) x GROUP BY x.scope_kind, x.scope_id, x.measure, x.grain, x.bucket HAVING SUM(x.value) <> 0 OR SUM(x.n) <> 0",
        {"org": organisation.pk, **(params or {})},
    )
    cursor.execute(
        f"INSERT INTO rollups_rollupcell AS c ({CELL})"
        " SELECT %s, scope_kind, scope_id, measure, grain, bucket, value, n FROM rollup_sum"
        " WHERE true ORDER BY scope_kind, scope_id, grain, bucket, measure"
        f" ON CONFLICT ({KEY}) DO UPDATE SET value = c.value + excluded.value, n = c.n + excluded.n",
        [organisation.pk],
    )
    changed = int(cursor.rowcount)
    emptied = (
        "SELECT (SELECT c.id FROM rollups_rollupcell c WHERE c.organisation_id = %s AND c.scope_kind = s.scope_kind"
        " AND c.scope_id = s.scope_id AND c.grain = s.grain AND c.bucket = s.bucket AND c.measure = s.measure AND c.n = 0)"
        " FROM rollup_sum s WHERE s.n <> 0"
    )
    # As an array, PostgreSQL looks each of them up, whatever the statistics say.
    among = f"= ANY(ARRAY({emptied}))" if connection.vendor == "postgresql" else f"IN ({emptied})"
    cursor.execute(f"DELETE FROM rollups_rollupcell WHERE id {among}", [organisation.pk])
    return changed


def note_refresh(cursor: Any, organisation: Organisation, *, buckets: int, seconds: float) -> None:
    """Say in `RollupState` that a refresh has been."""
    cursor.execute(
        "INSERT INTO rollups_rollupstate AS s"
        " (organisation_id, version, claimed_to, refreshed_at, refreshes, seconds, last_seconds, last_buckets, failures, failure)"
        " SELECT %(org)s, 1, MAX(id), CURRENT_TIMESTAMP, 1, %(seconds)s, %(seconds)s, %(buckets)s, 0, '' FROM rollup_claim WHERE true"
        " ON CONFLICT (organisation_id) DO UPDATE SET version = s.version + 1,"
        " claimed_to = CASE WHEN s.claimed_to > excluded.claimed_to THEN s.claimed_to ELSE excluded.claimed_to END,"
        " refreshed_at = excluded.refreshed_at, refreshes = s.refreshes + 1, seconds = s.seconds + excluded.seconds,"
        " last_seconds = excluded.last_seconds, last_buckets = excluded.last_buckets",
        {"org": organisation.pk, "seconds": seconds, "buckets": buckets},
    )


def note_rebuilt(cursor: Any, organisation: Organisation) -> None:
    """Say in `RollupState` that a rebuild changed cells."""
    cursor.execute(
        "INSERT INTO rollups_rollupstate AS s (organisation_id, version, refreshes, seconds, last_seconds, last_buckets, failures, failure)"
        " VALUES (%s, 1, 0, 0, 0, 0, 0, '') ON CONFLICT (organisation_id) DO UPDATE SET version = s.version + 1",
        [organisation.pk],
    )
