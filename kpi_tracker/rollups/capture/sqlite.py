"""The triggers for SQLite: one run per row."""

from __future__ import annotations

from collections.abc import Iterator

from kpi_tracker.rollups.capture import CAPTURED, WATCHED, Captured, Mark, Watched

ROWS = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}


def statements() -> Iterator[str]:
    for captured in CAPTURED:
        for event, rows in ROWS.items():
            yield from _trigger(captured.table, event, "".join(_fact_body(captured, row) for row in rows))
    for watched in WATCHED:
        for event in watched.events:
            differ = " OR ".join(f"old.{column} IS NOT new.{column}" for column in watched.changed) if event == "update" else ""
            body = "".join(_watched_body(watched, row) for row in ROWS[event])
            yield from _trigger(watched.table, event, body, differ, watched.name)


def _trigger(table: str, event: str, body: str, when: str = "", suffix: str = "") -> Iterator[str]:
    name = f"rollup_mark_{table}_{event}{suffix}"
    yield f"DROP TRIGGER IF EXISTS {name}"
    condition = f"WHEN {when}" if when else ""
    yield f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} FOR EACH ROW {condition} BEGIN {body} END"


def _insert(select: str) -> str:
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
    return _insert(clocks) + "".join(_mark(mark, row) for mark in captured.marks)


def _watched_body(watched: Watched, row: str) -> str:
    body = "".join(_mark(mark, row) for mark in watched.marks)
    if watched.stale:
        body += f" DELETE FROM rollups_rollupcell WHERE {watched.stale.format(row=row, cell='')};"
    return body


def _mark(mark: Mark, row: str) -> str:
    values = {"row": row, "others": f"a.id <> {row}.id", "in_90_days": f"date({row}.created_on, '+90 days')"}
    where = f" WHERE {mark.where.format(row=row)}" if mark.where else ""
    found = (
        f"SELECT {row}.{mark.organisation} AS o, '{mark.kind}' AS k, {mark.rep.format(row=row)} AS i, '{mark.fact}' AS f,"
        f" {mark.day.format(row=row)} AS d FROM {mark.source.format(**values)}"
    )
    return _insert(f"SELECT * FROM ({found}){where}")
