"""The triggers for PostgreSQL: one run per statement, over its transition tables."""

from __future__ import annotations

from collections.abc import Iterator

from kpi_tracker.rollups.capture import CAPTURED, Captured, Ripple

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
DAY_CELLS = "c.organisation_id = {row}.organisation_id AND c.scope_kind = '{kind}' AND c.grain = 'd'"


def statements() -> Iterator[str]:
    for captured in CAPTURED:
        for event in CHANGED:
            yield from _trigger(captured.table, event, _fact_body(captured, CHANGED[event]))
    for event in CHANGED:
        yield from _trigger("orgs_teamassignment", event, _assignment_body(CHANGED[event]))
        yield from _trigger("orgs_exchangerate", event, _rate_body(CHANGED[event]))
    yield from _trigger("orgs_team", "update", _parent_body())
    yield from _trigger("orgs_organisation", "update", _currency_body() + _week_body())


def _trigger(table: str, event: str, body: str) -> Iterator[str]:
    name = f"rollup_mark_{table}_{event}"
    yield f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
    yield f"DROP TRIGGER IF EXISTS {name} ON {table}"
    yield (
        f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} REFERENCING {TRANSITION[event]} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def _fact_body(captured: Captured, changed: str) -> str:
    pairs = ", ".join(f"(x.{rep}, x.{day})" for rep, day in captured.clocks)
    body = f"""
        {MARK} SELECT DISTINCT x.organisation_id, 'r', p.rep, '{captured.fact}', p.day
        FROM ({changed}) x CROSS JOIN LATERAL (VALUES {pairs}) p(rep, day) WHERE p.rep IS NOT NULL AND p.day IS NOT NULL;"""
    return body + (_ripple(captured, captured.ripple, changed) if captured.ripple else "")


def _ripple(captured: Captured, ripple: Ripple, changed: str) -> str:
    per, day = ripple.per, ripple.day
    same = f"a.organisation_id = x.organisation_id AND a.{per} = x.{per} AND {ripple.where.format(row='a')}"
    if ripple.days is not None:
        return f"""
        {MARK} SELECT DISTINCT a.organisation_id, 'r', a.{ripple.rep}, '{captured.fact}', a.{day}
        FROM ({changed}) x JOIN {captured.table} a ON {same} AND a.{day} >= x.{day} AND a.{day} < x.{day} + {ripple.days}
        WHERE {ripple.where.format(row="x")};"""
    return f"""
        {MARK} SELECT DISTINCT f.organisation_id, 'r', f.{ripple.rep}, '{captured.fact}', f.{day}
        FROM (SELECT DISTINCT x.organisation_id, x.{per} FROM ({changed}) x WHERE {ripple.where.format(row="x")}) x
        CROSS JOIN LATERAL (
            SELECT a.organisation_id, a.{ripple.rep}, a.{day} FROM {captured.table} a
            WHERE {same} AND a.id NOT IN (SELECT y.id FROM ({changed}) y) ORDER BY a.{day}, a.id LIMIT 1
        ) f;"""


def _assignment_body(changed: str) -> str:
    """A team's sum changes on each day on which its coming or going member has cells."""
    return f"""
        {MARK} SELECT DISTINCT x.organisation_id, 't', x.team_id, '', c.bucket
        FROM ({changed}) x JOIN rollups_rollupcell c ON {DAY_CELLS.format(row="x", kind="r")} AND c.scope_id = x.rep_id
            AND c.bucket >= x.valid_from AND (x.valid_to IS NULL OR c.bucket < x.valid_to);"""


def _parent_body() -> str:
    """A team that moves in the tree leaves the sum above it and enters another, on each day on which it has cells."""
    return f"""
        {MARK} SELECT DISTINCT n.organisation_id, 't', p.team, '', c.bucket
        FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.parent_id IS DISTINCT FROM n.parent_id
        CROSS JOIN LATERAL (VALUES (o.parent_id), (n.parent_id)) p(team)
        JOIN rollups_rollupcell c ON {DAY_CELLS.format(row="n", kind="t")} AND c.scope_id = n.id
        WHERE p.team IS NOT NULL;"""


def _rate_body(changed: str) -> str:
    """A rate holds from its day until the next one."""
    return f"""
        {MARK} SELECT DISTINCT d.organisation_id, 'r', d.closed_by_id, 'deal', d.closed_on
        FROM ({changed}) x JOIN sales_deal d ON d.organisation_id = x.organisation_id AND d.currency = x.currency AND d.closed_on >= x.day
            AND d.closed_on < COALESCE((SELECT MIN(later.day) FROM orgs_exchangerate later WHERE later.organisation_id = x.organisation_id
                AND later.currency = x.currency AND later.day > x.day), 'infinity');"""


def _currency_body() -> str:
    return f"""
        {MARK} SELECT DISTINCT d.organisation_id, 'r', d.closed_by_id, 'deal', d.closed_on
        FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.base_currency <> n.base_currency
        JOIN sales_deal d ON d.organisation_id = n.id WHERE d.closed_on IS NOT NULL;"""


def _week_body() -> str:
    """Weeks that begin on another day are other buckets: the old ones go, and every day that has cells is summed up anew."""
    changed = "FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.week_start <> n.week_start"
    facts = ", ".join(f"('{captured.fact}')" for captured in CAPTURED)
    return f"""
        {MARK} SELECT DISTINCT n.id, 'r', c.scope_id, f.fact, c.bucket
        {changed} JOIN rollups_rollupcell c ON c.organisation_id = n.id AND c.scope_kind = 'r' AND c.grain = 'd'
        CROSS JOIN (VALUES {facts}) f(fact);
        DELETE FROM rollups_rollupcell WHERE grain = 'w' AND organisation_id IN (SELECT n.id {changed});"""
