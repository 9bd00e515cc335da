"""The version of what is kept of an organisation (`orgs.kept`): another text after every change of what that is read from.

The calendar and the teams are watched here; the other apps name the tables of theirs.

Triggers write it in the transaction of the change, so a form, `update()` and plain SQL are all seen, and what is kept
under a version that a rollback took back is never asked for again: the texts are random, not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kpi_tracker.orgs.triggers import at_once

TABLES = (
    "orgs_closingday", "orgs_absence", "orgs_rep", "orgs_teamassignment", "orgs_team", "orgs_teamplacement", "orgs_exchangerate",
)
EVENTS = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}
START = (
    "INSERT INTO orgs_calendarversion (organisation_id, version) SELECT o.id, {text} FROM orgs_organisation o"
    " WHERE NOT EXISTS (SELECT 1 FROM orgs_calendarversion v WHERE v.organisation_id = o.id)"
)


def _postgresql(tables: Iterable[str]) -> Iterator[str]:
    text = "gen_random_uuid()::text"
    rows = {name: " UNION ALL ".join(f"SELECT organisation_id FROM {row}_rows" for row in rows) for name, rows in EVENTS.items()}
    for table in tables:
        for event in EVENTS:
            transition = " ".join(f"{row.upper()} TABLE AS {row}_rows" for row in EVENTS[event])
            yield from _function(
                f"calendar_version_{table}_{event}",
                f"UPDATE orgs_calendarversion SET version = {text} WHERE organisation_id IN ({rows[event]});",
                f"AFTER {event.upper()} ON {table} REFERENCING {transition} FOR EACH STATEMENT",
                table,
            )


def _postgresql_start() -> Iterator[str]:
    text = "gen_random_uuid()::text"
    yield from _function(
        "calendar_version_start", f"INSERT INTO orgs_calendarversion (organisation_id, version) VALUES (NEW.id, {text});",
        "AFTER INSERT ON orgs_organisation FOR EACH ROW", "orgs_organisation",
    )
    yield START.format(text=text)


def _function(name: str, body: str, when: str, table: str) -> Iterator[str]:
    yield f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
    yield f"CREATE OR REPLACE TRIGGER {name} {when} EXECUTE FUNCTION {name}()"


def _sqlite(tables: Iterable[str]) -> Iterator[str]:
    text = "lower(hex(randomblob(16)))"
    for table in tables:
        for event, rows in EVENTS.items():
            name = f"calendar_version_{table}_{event}"
            changed = ", ".join(f"{row}.organisation_id" for row in rows)
            yield f"DROP TRIGGER IF EXISTS {name}"
            yield (
                f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} FOR EACH ROW BEGIN"
                f" UPDATE orgs_calendarversion SET version = {text} WHERE organisation_id IN ({changed}); END"
            )


def _sqlite_start() -> Iterator[str]:
    text = "lower(hex(randomblob(16)))"
    yield "DROP TRIGGER IF EXISTS calendar_version_start"
    yield (
        "CREATE TRIGGER calendar_version_start AFTER INSERT ON orgs_organisation FOR EACH ROW BEGIN"
        f" INSERT INTO orgs_calendarversion (organisation_id, version) VALUES (new.id, {text}); END"
    )
    yield START.format(text=text)


WATCH = {"postgresql": _postgresql, "sqlite": _sqlite}
BEGIN = {"postgresql": _postgresql_start, "sqlite": _sqlite_start}


def install(connection: Any) -> None:
    """Give every organisation a version, now and when it is made, and watch the calendar and the teams."""
    watch(connection, TABLES)
    with connection.cursor() as cursor, at_once(connection):
        for statement in BEGIN[connection.vendor]():
            cursor.execute(statement)


def watch(connection: Any, tables: Iterable[str]) -> None:
    """Change the version with every row of these tables, each of which has an `organisation_id`; those not made yet are passed over."""
    known = set(connection.introspection.table_names())
    if "orgs_calendarversion" not in known:
        return
    with connection.cursor() as cursor, at_once(connection):
        for statement in WATCH[connection.vendor]([table for table in tables if table in known]):
            cursor.execute(statement)
