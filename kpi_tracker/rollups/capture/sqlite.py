"""The triggers for SQLite: one run per row."""

from __future__ import annotations

from collections.abc import Iterator

from kpi_tracker.rollups.capture import CAPTURED, Captured, Ripple

ROWS = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}
DAY_CELLS = "c.organisation_id = {row}.organisation_id AND c.scope_kind = '{kind}' AND c.grain = 'd'"


def statements() -> Iterator[str]:
    for captured in CAPTURED:
        for event, rows in ROWS.items():
            yield from _trigger(captured.table, event, "".join(_fact_body(captured, row) for row in rows))
    for event, rows in ROWS.items():
        yield from _trigger("orgs_teamassignment", event, "".join(_assignment_body(row) for row in rows))
        yield from _trigger("orgs_exchangerate", event, "".join(_rate_body(row) for row in rows))
    yield from _trigger("orgs_team", "update", "".join(_parent_body(row) for row in ROWS["update"]), "old.parent_id IS NOT new.parent_id")
    yield from _trigger("orgs_organisation", "update", _currency_body(), "old.base_currency <> new.base_currency")
    yield from _trigger("orgs_organisation", "update", _week_body(), "old.week_start <> new.week_start", "_week")


def _trigger(table: str, event: str, body: str, when: str = "", suffix: str = "") -> Iterator[str]:
    name = f"rollup_mark_{table}_{event}{suffix}"
    yield f"DROP TRIGGER IF EXISTS {name}"
    condition = f"WHEN {when}" if when else ""
    yield f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} FOR EACH ROW {condition} BEGIN {body} END"


def _mark(select: str) -> str:
    """Write what `select` (organisation, kind, id, fact, day) finds, unless it is marked already."""
    return f"""
        INSERT INTO rollups_dirtybucket (organisation_id, scope_kind, scope_id, fact, day)
        SELECT DISTINCT m.o, m.k, m.i, m.f, m.d FROM ({select}) m WHERE m.i IS NOT NULL AND m.d IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM rollups_dirtybucket b
            WHERE b.organisation_id = m.o AND b.scope_kind = m.k AND b.scope_id = m.i AND b.fact = m.f AND b.day = m.d);"""


def _fact_body(captured: Captured, row: str) -> str:
    clocks = " UNION ".join(
        f"SELECT {row}.organisation_id AS o, 'r' AS k, {row}.{rep} AS i, '{captured.fact}' AS f, {row}.{day} AS d"
        for rep, day in captured.clocks
    )
    return _mark(clocks) + (_ripple(captured, captured.ripple, row) if captured.ripple else "")


def _ripple(captured: Captured, ripple: Ripple, row: str) -> str:
    per, day = ripple.per, ripple.day
    same = f"a.organisation_id = {row}.organisation_id AND a.{per} = {row}.{per} AND {ripple.where.format(row='a')} AND a.id <> {row}.id"
    found = f"SELECT a.organisation_id AS o, 'r' AS k, a.{ripple.rep} AS i, '{captured.fact}' AS f, a.{day} AS d FROM {captured.table} a"
    if ripple.days is None:
        rest = f"WHERE {same} AND {ripple.where.format(row=row)} ORDER BY a.{day}, a.id LIMIT 1"
    else:
        within = f"a.{day} >= {row}.{day} AND a.{day} < date({row}.{day}, '+{ripple.days} days')"
        rest = f"WHERE {same} AND {ripple.where.format(row=row)} AND {within}"
    return _mark(f"{found} {rest}")


def _assignment_body(row: str) -> str:
    """A team's sum changes on each day on which its coming or going member has cells."""
    return _mark(f"""
        SELECT {row}.organisation_id AS o, 't' AS k, {row}.team_id AS i, '' AS f, c.bucket AS d
        FROM rollups_rollupcell c WHERE {DAY_CELLS.format(row=row, kind="r")} AND c.scope_id = {row}.rep_id
            AND c.bucket >= {row}.valid_from AND ({row}.valid_to IS NULL OR c.bucket < {row}.valid_to)""")


def _parent_body(row: str) -> str:
    """A team that moves in the tree leaves the sum above it and enters another, on each day on which it has cells."""
    return _mark(f"""
        SELECT new.organisation_id AS o, 't' AS k, {row}.parent_id AS i, '' AS f, c.bucket AS d
        FROM rollups_rollupcell c WHERE {DAY_CELLS.format(row="new", kind="t")} AND c.scope_id = new.id""")


def _rate_body(row: str) -> str:
    """A rate holds from its day until the next one."""
    return _mark(f"""
        SELECT x.organisation_id AS o, 'r' AS k, x.closed_by_id AS i, 'deal' AS f, x.closed_on AS d
        FROM sales_deal x WHERE x.organisation_id = {row}.organisation_id AND x.currency = {row}.currency AND x.closed_on >= {row}.day
            AND x.closed_on < COALESCE((SELECT MIN(later.day) FROM orgs_exchangerate later
                WHERE later.organisation_id = {row}.organisation_id AND later.currency = {row}.currency AND later.day > {row}.day),
                '9999-12-31')""")


def _currency_body() -> str:
    return _mark("""
        SELECT x.organisation_id AS o, 'r' AS k, x.closed_by_id AS i, 'deal' AS f, x.closed_on AS d
        FROM sales_deal x WHERE x.organisation_id = new.id AND x.closed_on IS NOT NULL""")


def _week_body() -> str:
    """Weeks that begin on another day are other buckets: the old ones go, and every day that has cells is summed up anew."""
    every = " UNION ".join(
        f"SELECT c.organisation_id AS o, 'r' AS k, c.scope_id AS i, '{captured.fact}' AS f, c.bucket AS d"
        " FROM rollups_rollupcell c WHERE c.organisation_id = new.id AND c.scope_kind = 'r' AND c.grain = 'd'"
        for captured in CAPTURED
    )
    return _mark(every) + " DELETE FROM rollups_rollupcell WHERE organisation_id = new.id AND grain = 'w';"
