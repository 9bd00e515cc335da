"""No rep in two teams at once: held by the database, put in place after each `migrate`.

PostgreSQL has exclusion constraints for it. SQLite gets triggers, which a migration that remakes the table drops.
"""

from __future__ import annotations

from typing import Any

MESSAGE = "a rep cannot be in two teams at once (assignment_no_overlap)"

POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS btree_gist",
    """DO $$ BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'assignment_no_overlap') THEN
            ALTER TABLE orgs_teamassignment ADD CONSTRAINT assignment_no_overlap
            EXCLUDE USING gist (organisation_id WITH =, rep_id WITH =, daterange(valid_from, valid_to) WITH &&);
        END IF;
    END $$""",
)

SQLITE = tuple(
    statement
    for event in ("insert", "update")
    for statement in (
        f"DROP TRIGGER IF EXISTS assignment_no_overlap_{event}",
        f"""CREATE TRIGGER assignment_no_overlap_{event} AFTER {event.upper()} ON orgs_teamassignment FOR EACH ROW WHEN EXISTS (
            SELECT 1 FROM orgs_teamassignment o WHERE o.organisation_id = new.organisation_id AND o.rep_id = new.rep_id AND o.id <> new.id
                AND (o.valid_to IS NULL OR o.valid_to > new.valid_from) AND (new.valid_to IS NULL OR new.valid_to > o.valid_from)
        ) BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    )
)


def install(connection: Any) -> None:
    with connection.cursor() as cursor:
        for statement in {"postgresql": POSTGRESQL, "sqlite": SQLITE}[connection.vendor]:
            cursor.execute(statement)
