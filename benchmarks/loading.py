"""Puts lines of `rows` into tables: by COPY on PostgreSQL, by `executemany` on SQLite.

`bare` takes from the tables what makes loading slow: indexes, foreign keys and triggers. It puts them back from their own
definitions afterwards, which also checks what was loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from django.db import connection

from benchmarks.rows import NULL

LINES = 2_000


class Lines:
    """A file to read from, as COPY wants it. It gives what it has made, whatever size is asked for."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = iter(lines)
        self.count = 0

    def read(self, _size: int = -1) -> str:
        chunk = list(islice(self.lines, LINES))
        self.count += len(chunk)
        return "".join(chunk)


def load(table: str, columns: Sequence[str], lines: Iterable[str]) -> int:
    """Write the lines; how many there were."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            source = Lines(lines)
            cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", source)
            return source.count
        before = _rows(cursor, table)
        values = ([None if value == NULL else value for value in line[:-1].split("\t")] for line in lines)
        # Django's own wrapper would make a list of them all.
        cursor.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['?'] * len(columns))})", values)
        return _rows(cursor, table) - before


def _rows(cursor, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    return int(cursor.fetchone()[0])


@contextmanager
def bare(tables: Sequence[str]) -> Iterator[None]:
    """Without indexes, foreign keys and triggers inside; with them again at the end, also after an error."""
    take, put_back = (_postgresql if connection.vendor == "postgresql" else _sqlite)(tables)
    _run(take)
    try:
        yield
    finally:
        _run(put_back)


def _run(statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _postgresql(tables: Sequence[str]) -> tuple[list[str], list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid::regclass::text = ANY(%s) AND contype = 'f' ORDER BY conrelid, conname",
            [list(tables)],
        )
        keys = cursor.fetchall()
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " WHERE i.indrelid::regclass::text = ANY(%s) AND NOT i.indisprimary"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid) ORDER BY i.indexrelid",
            [list(tables)],
        )
        indexes = cursor.fetchall()
    take = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables]
    take += [f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table, name, _ in keys]
    take += [f"DROP INDEX {name}" for name, _ in indexes]
    put_back = ["SET maintenance_work_mem = '512MB'", *(definition for _, definition in indexes), "RESET maintenance_work_mem"]
    put_back += [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in keys]
    put_back += [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables]
    return take, put_back


def _sqlite(tables: Sequence[str]) -> tuple[list[str], list[str]]:
    marks = ", ".join(["%s"] * len(tables))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
            f" AND tbl_name IN ({marks}) ORDER BY type, name",
            list(tables),
        )
        found = cursor.fetchall()
    take = [f'DROP {kind} "{name}"' for kind, name, _ in found]
    return ["PRAGMA foreign_keys = OFF", *take], [*(sql for *_, sql in found), "PRAGMA foreign_keys = ON"]
