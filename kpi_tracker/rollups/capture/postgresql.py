"""The triggers for PostgreSQL: one run per statement, over its transition tables."""

from __future__ import annotations

from collections.abc import Iterator

from kpi_tracker.rollups.capture import CAPTURED, EVERY_EVENT, WATCHED, Captured, Mark, Watched
from kpi_tracker.rollups.scratch import LOCK_CLASS

MARK = "INSERT INTO rollups_dirtybucket (organisation_id, scope_kind, scope_id, fact, day)"
CHANGED = {
    "insert": "SELECT * FROM new_rows",
    "update": "SELECT * FROM old_rows UNION ALL SELECT * FROM new_rows",
    "delete": "SELECT * FROM old_rows",
}
TRANSITION = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}


def statements() -> Iterator[str]:
    for captured in CAPTURED:
        for event in EVERY_EVENT:
            yield from _trigger(captured.table, event, _fact_body(captured, CHANGED[event]))
    for watched in WATCHED:
        for event in watched.events:
            yield from _trigger(watched.table, event, _watched_body(watched, event), watched.name)


def _trigger(table: str, event: str, body: str, suffix: str = "") -> Iterator[str]:
    name = f"rollup_mark_{table}_{event}{suffix}"
    yield f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
    yield (
        f"CREATE OR REPLACE TRIGGER {name} AFTER {event.upper()} ON {table} REFERENCING {TRANSITION[event]} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def _fact_body(captured: Captured, changed: str) -> str:
    pairs = ", ".join(f"(x.{rep}, x.{day})" for rep, day in captured.clocks)
    return f"""
        {MARK} SELECT DISTINCT x.organisation_id, 'r', p.rep, '{captured.fact}', p.day
        FROM ({changed}) x CROSS JOIN LATERAL (VALUES {pairs}) p(rep, day) WHERE p.rep IS NOT NULL AND p.day IS NOT NULL;
        """ + "".join(_mark(mark, changed) for mark in captured.marks)


def _watched_body(watched: Watched, event: str) -> str:
    changed = CHANGED[event]
    if event == "update" and watched.changed:
        differ = " OR ".join(f"o.{column} IS DISTINCT FROM n.{column}" for column in watched.changed)
        both = f"new_rows n JOIN old_rows o ON o.id = n.id AND ({differ})"
        changed = f"SELECT o.* FROM {both} UNION ALL SELECT n.* FROM {both}"
    body = "".join(_mark(mark, changed) for mark in watched.marks)
    if watched.waits:
        body = f" PERFORM pg_advisory_xact_lock({LOCK_CLASS}, (x.organisation_id % 2147483648)::int) FROM ({changed}) x;{body}"
    if watched.stale:
        body += f" DELETE FROM rollups_rollupcell c USING ({changed}) x WHERE {watched.stale.format(row='x', cell='c.')};"
    return body


def _mark(mark: Mark, changed: str) -> str:
    columns = ", ".join(f"x.{column}" for column in dict.fromkeys([mark.organisation, *mark.columns]))
    where = f"WHERE {mark.where.format(row='x')}" if mark.where else ""
    values = {"row": "x", "others": f"a.id NOT IN (SELECT y.id FROM ({changed}) y)", "in_90_days": "x.created_on + 90"}
    reached = f"SELECT {mark.rep.format(row='x')} AS rep, {mark.day.format(row='x')} AS day FROM {mark.source.format(**values)}"
    return f"""
        {MARK} SELECT DISTINCT x.{mark.organisation}, '{mark.kind}', p.rep, '{mark.fact}', p.day
        FROM (SELECT DISTINCT {columns} FROM ({changed}) x {where}) x CROSS JOIN LATERAL ({reached}) p
        WHERE p.rep IS NOT NULL AND p.day IS NOT NULL;"""
