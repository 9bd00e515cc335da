"""The version of an organisation's calendar: another text after every change of what its working days are reckoned from.

Triggers write it in the transaction of the change, so a form, `update()` and plain SQL are all seen, and what is kept
under a version that a rollback took back is never asked for again: the texts are random, not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TABLES = ("orgs_closingday", "orgs_absence", "orgs_rep", "orgs_teamassignment", "orgs_team", "orgs_teamplacement")
EVENTS = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}
START = (
    "INSERT INTO orgs_calendarversion (organisation_id, version) SELECT o.id, {text} FROM orgs_organisation o"
    " WHERE NOT EXISTS (SELECT 1 FROM orgs_calendarversion v WHERE v.organisation_id = o.id)"
)


def _postgresql() -> Iterator[str]:
    text = "gen_random_uuid()::text"
    rows = {name: " UNION ALL ".join(f"SELECT organisation_id FROM {row}_rows" for row in rows) for name, rows in EVENTS.items()}
    for table in TABLES:
        for event in EVENTS:
            transition = " ".join(f"{row.upper()} TABLE AS {row}_rows" for row in EVENTS[event])
            yield from _function(
                f"calendar_version_{table}_{event}",
                f"UPDATE orgs_calendarversion SET version = {text} WHERE organisation_id IN ({rows[event]});",
                f"AFTER {event.upper()} ON {table} REFERENCING {transition} FOR EACH STATEMENT",
                table,
            )
    yield from _function(
        "calendar_version_start", f"INSERT INTO orgs_calendarversion (organisation_id, version) VALUES (NEW.id, {text});",
        "AFTER INSERT ON orgs_organisation FOR EACH ROW", "orgs_organisation",
    )
    yield START.format(text=text)


def _function(name: str, body: str, when: str, table: str) -> Iterator[str]:
    yield f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
    yield f"DROP TRIGGER IF EXISTS {name} ON {table}"
    yield f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()"


def _sqlite() -> Iterator[str]:
    text = "lower(hex(randomblob(16)))"
    for table in TABLES:
        for event, rows in EVENTS.items():
            name = f"calendar_version_{table}_{event}"
            changed = ", ".join(f"{row}.organisation_id" for row in rows)
            yield f"DROP TRIGGER IF EXISTS {name}"
            yield (
                f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} FOR EACH ROW BEGIN"
                f" UPDATE orgs_calendarversion SET version = {text} WHERE organisation_id IN ({changed}); END"
            )
    yield "DROP TRIGGER IF EXISTS calendar_version_start"
    yield (
        "CREATE TRIGGER calendar_version_start AFTER INSERT ON orgs_organisation FOR EACH ROW BEGIN"
        f" INSERT INTO orgs_calendarversion (organisation_id, version) VALUES (new.id, {text}); END"
    )
    yield START.format(text=text)


def install(connection: Any) -> None:
    with connection.cursor() as cursor:
        for statement in {"postgresql": _postgresql, "sqlite": _sqlite}[connection.vendor]():
            cursor.execute(statement)
