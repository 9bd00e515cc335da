"""No rep in two teams at once, and no team in two places: held by the database, put in place after each `migrate`.

PostgreSQL has exclusion constraints for it. SQLite gets triggers, which a migration that remakes the table drops.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kpi_tracker.orgs.triggers import at_once


@dataclass(frozen=True, slots=True)
class Once:
    """Dated rows of which there is at most one a day for each `per`."""

    name: str
    table: str
    per: str
    message: str


RULES = (
    Once("assignment_no_overlap", "orgs_teamassignment", "rep_id", "a rep cannot be in two teams at once"),
    Once("placement_no_overlap", "orgs_teamplacement", "team_id", "a team cannot be in two places at once"),
)


def _postgresql(rule: Once) -> Iterator[str]:
    yield f"""DO $$ BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{rule.name}') THEN
            ALTER TABLE {rule.table} ADD CONSTRAINT {rule.name}
            EXCLUDE USING gist (organisation_id WITH =, {rule.per} WITH =, daterange(valid_from, valid_to) WITH &&);
        END IF;
    END $$"""


def _sqlite(rule: Once) -> Iterator[str]:
    for event in ("insert", "update"):
        yield f"DROP TRIGGER IF EXISTS {rule.name}_{event}"
        yield f"""CREATE TRIGGER {rule.name}_{event} AFTER {event.upper()} ON {rule.table} FOR EACH ROW WHEN EXISTS (
            SELECT 1 FROM {rule.table} o WHERE o.organisation_id = new.organisation_id AND o.{rule.per} = new.{rule.per} AND o.id <> new.id
                AND (o.valid_to IS NULL OR o.valid_to > new.valid_from) AND (new.valid_to IS NULL OR new.valid_to > o.valid_from)
        ) BEGIN SELECT RAISE(ABORT, '{rule.message} ({rule.name})'); END"""


def install(connection: Any) -> None:
    with connection.cursor() as cursor, at_once(connection):
        if connection.vendor == "postgresql":
            cursor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        for rule in RULES:
            for statement in {"postgresql": _postgresql, "sqlite": _sqlite}[connection.vendor](rule):
                cursor.execute(statement)
