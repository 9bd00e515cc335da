"""The triggers that keep late edits, for PostgreSQL: one run per statement, over its transition tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kpi_tracker.rollups.capture.late import FAR, WATCHED, Watched

TRANSITION = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}
# As PL/pgSQL has variables called OLD and NEW, the rows are called o and n.
ROWS = {"insert": ("n",), "update": ("o", "n"), "delete": ("o",)}
TABLE = {"o": "old_rows", "n": "new_rows"}
FROM = {"insert": "new_rows n", "update": "new_rows n JOIN old_rows o ON o.id = n.id", "delete": "old_rows o"}


def statements(columns: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for watched in WATCHED:
        for event in ROWS:
            yield from _trigger(watched, event)


def _trigger(watched: Watched, event: str) -> Iterator[str]:
    name = f"late_edit_{watched.table}_{event}"
    rows = ROWS[event]
    table = TABLE[rows[0]]
    early = " OR ".join(f"EXISTS (SELECT 1 FROM {TABLE[row]} {row} WHERE {_first(watched, row)} < latest)" for row in rows)
    # Planned anew each time: a plan made for one row would join thousands row by row.
    yield f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE latest date;
        BEGIN
            SELECT MAX(p.ends) INTO latest FROM rollups_periodclose p WHERE p.reopened_at IS NULL AND p.organisation_id
                BETWEEN (SELECT MIN(organisation_id) FROM {table}) AND (SELECT MAX(organisation_id) FROM {table});
            IF latest IS NOT NULL AND ({early}) THEN
                EXECUTE $insert${_insert(watched, event)}$insert$;
            END IF;
            RETURN NULL;
        END $$"""
    yield (
        f"CREATE OR REPLACE TRIGGER {name} AFTER {event.upper()} ON {watched.table} REFERENCING {TRANSITION[event]} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def _insert(watched: Watched, event: str) -> str:
    rows = ROWS[event]
    firsts, lasts = (", ".join(day(watched, row) for row in rows) for day in (_first, _last))
    met = " OR ".join(f"({_first(watched, row)} < p.ends AND {_last(watched, row)} >= p.month)" for row in rows)
    old, new = (f"to_jsonb({row})" if row in rows else "NULL::jsonb" for row in ("o", "n"))
    return f"""
        INSERT INTO rollups_lateedit (organisation_id, fact, record_id, first_on, last_on, old, new)
        SELECT {rows[-1]}.organisation_id, '{watched.fact}', {rows[-1]}.id, LEAST({firsts}), GREATEST({lasts}), {old}, {new}
        FROM {FROM[event]} WHERE {old} IS DISTINCT FROM {new} AND EXISTS (
            SELECT 1 FROM rollups_periodclose p
            WHERE p.organisation_id = {rows[-1]}.organisation_id AND p.reopened_at IS NULL AND ({met})
        ) ORDER BY {rows[-1]}.id"""


def _first(watched: Watched, row: str) -> str:
    return f"LEAST({', '.join(f'{row}.{day}' for day in watched.first)})"


def _last(watched: Watched, row: str) -> str:
    days = ", ".join(f"{row}.{day}" for day in watched.last) or "NULL"
    return f"COALESCE({days}, '{FAR}'::date)" if watched.open_ended else f"GREATEST({days})"
