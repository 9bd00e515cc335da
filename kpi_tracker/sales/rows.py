"""Many rows into a table at once: COPY and one UPDATE from arrays on PostgreSQL, executemany on SQLite.

The ORM's own way builds a statement of its own for each few hundred rows, which takes longer than the database needs for them. Triggers
and constraints see these rows like any others; `save` of the model is not called. All runs inside the caller's transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from typing import Any

from django.db import connection, models

Value = Callable[[Any], Any]
# What has a meaning of its own in COPY's text form.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def insert(model: Any, rows: Sequence[Any]) -> None:
    """Write new rows; they know their ids then."""
    if not rows:
        return
    fields = model._meta.concrete_fields
    for row, pk in zip(rows, _new_ids(model, len(rows)), strict=True):
        row.pk = pk
    names = [field.attname for field in fields]
    columns = ", ".join(_quoted(field.column) for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors:
                cursor.copy_expert(f"COPY {_quoted(model._meta.db_table)} ({columns}) FROM STDIN", _lines(rows, names))
        else:
            holes = ", ".join(["%s"] * len(fields))
            statement = f"INSERT INTO {_quoted(model._meta.db_table)} ({columns}) VALUES ({holes})"
            cursor.executemany(statement, _values(rows, fields))
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def change(model: Any, rows: Sequence[Any], columns: Iterable[str]) -> None:
    """Write some columns (by their attribute names) of rows that are there."""
    fields = [field for field in model._meta.concrete_fields if field.attname in set(columns)]
    if not rows or not fields:
        return
    table, key = _quoted(model._meta.db_table), model._meta.pk
    # Citus finds the rows by the organisation too.
    found = [key, model._meta.get_field("organisation")]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            new = ", ".join(f"{_quoted(field.column)} = v.{_quoted(field.column)}" for field in fields)
            arrays = ", ".join(f"%s::{_array_type(field)}" for field in (*found, *fields))
            names = ", ".join(_quoted(field.column) for field in (*found, *fields))
            same = " AND ".join(f"t.{_quoted(field.column)} = v.{_quoted(field.column)}" for field in found)
            values = [[row.__dict__[field.attname] for row in rows] for field in (*found, *fields)]
            cursor.execute(f"UPDATE {table} t SET {new} FROM unnest({arrays}) AS v({names}) WHERE {same}", values)
        else:
            new = ", ".join(f"{_quoted(field.column)} = %s" for field in fields)
            same = " AND ".join(f"{_quoted(field.column)} = %s" for field in found)
            cursor.executemany(f"UPDATE {table} SET {new} WHERE {same}", _values(rows, [*fields, *found]))


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _new_ids(model: Any, amount: int) -> Iterable[int]:
    table, key = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)", [table, key, amount])
            return [pk for (pk,) in cursor.fetchall()]
        # Writers are alone there: nobody else takes the next ones before the transaction ends.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()
    start = last[0] + 1 if last else 1
    return range(start, start + amount)


def _lines(rows: Sequence[Any], names: Sequence[str]) -> StringIO:
    """The rows in COPY's text form."""
    text = _text
    return StringIO("".join("\t".join([text(values[name]) for name in names]) + "\n" for values in (row.__dict__ for row in rows)))


def _text(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    return str(value)


def _array_type(field: Any) -> str:
    """Without a length: a cast to it would cut what is too long, where the column itself refuses it."""
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection)).split("(")[0] + "[]"


def _values(rows: Sequence[Any], fields: Sequence[Any]) -> Any:
    """As Django keeps them on SQLite."""
    stored = [(field.attname, _stored(field)) for field in fields]
    for row in rows:
        values = row.__dict__
        yield [value if (value := values[name]) is None or kept is None else kept(value) for name, kept in stored]


def _stored(field: Any) -> Value | None:
    match field:
        case models.DateTimeField():
            return connection.ops.adapt_datetimefield_value
        case models.DateField():
            return dt.date.isoformat
        case models.DecimalField():
            return lambda value: connection.ops.adapt_decimalfield_value(value, field.max_digits, field.decimal_places)
        case _:
            return None
