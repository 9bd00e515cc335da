"""The triggers that keep late edits, for SQLite: one run per row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kpi_tracker.rollups.capture.late import FAR, WATCHED, Watched

ROWS = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}


def statements(columns: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for watched in WATCHED:
        for event in ROWS:
            yield from _trigger(watched, event, columns[watched.table])


def _trigger(watched: Watched, event: str, columns: Sequence[str]) -> Iterator[str]:
    name = f"late_edit_{watched.table}_{event}"
    rows = ROWS[event]
    met = " OR ".join(f"({_first(watched, row)} < p.ends AND {_last(watched, row)} >= p.month)" for row in rows)
    closed = f"""EXISTS (
        SELECT 1 FROM rollups_periodclose p
        WHERE p.organisation_id = {rows[-1]}.organisation_id AND p.reopened_at IS NULL AND ({met}))"""
    changed = f" AND ({' OR '.join(f'old.{column} IS NOT new.{column}' for column in columns)})" if event == "update" else ""
    firsts = _least([_first(watched, row) for row in rows])
    lasts = _greatest([_last(watched, row) for row in rows])
    old, new = (_json(row, columns) if row in rows else "NULL" for row in ("old", "new"))
    yield f"DROP TRIGGER IF EXISTS {name}"
    yield f"""
        CREATE TRIGGER {name} AFTER {event.upper()} ON {watched.table} FOR EACH ROW WHEN {closed}{changed} BEGIN
            INSERT INTO rollups_lateedit (organisation_id, fact, record_id, first_on, last_on, old, new)
            VALUES ({rows[-1]}.organisation_id, '{watched.fact}', {rows[-1]}.id, {firsts}, {lasts}, {old}, {new});
        END"""


def _json(row: str, columns: Sequence[str]) -> str:
    pairs = ", ".join(f"'{column}', {row}.{column}" for column in columns)
    return f"json_object({pairs})"


def _least(days: Sequence[str]) -> str:
    """The earliest day that is not empty; NULL where all are."""
    known = ", ".join(f"COALESCE({day}, '{FAR}')" for day in days)
    return f"NULLIF(MIN({known}, '{FAR}'), '{FAR}')"


def _greatest(days: Sequence[str]) -> str:
    known = ", ".join(f"COALESCE({day}, '')" for day in days)
    return f"NULLIF(MAX({known}, ''), '')"


def _first(watched: Watched, row: str) -> str:
    return _least([f"{row}.{day}" for day in watched.first])


def _last(watched: Watched, row: str) -> str:
    days = [f"{row}.{day}" for day in watched.last]
    if watched.open_ended:
        return f"COALESCE({', '.join(days)}, '{FAR}')" if days else f"'{FAR}'"
    return _greatest(days)
