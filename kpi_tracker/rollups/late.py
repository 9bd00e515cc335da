"""Why a closed month's figure differs from what was reported: the late edits, and what each of them did to it.

The effect of an edit is the difference between two answers of the reference engine: with the edit, and without it. To ask
without it, the engine's own queries are put over the records as they were: a common table expression under the table's name
gives its rows with the edited ones as they stood before. Nothing is written. The edits are taken in their order, each on top
of those before it, so their effects add up to the whole difference; what they leave over has other causes.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Field, Model

from kpi_tracker.kpis import engine
from kpi_tracker.kpis.metrics import AnyKpi
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiValue
from kpi_tracker.once import remembering
from kpi_tracker.orgs.kept import afresh
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period
from kpi_tracker.rollups.capture.late import TABLES
from kpi_tracker.rollups.models import LateEdit, LateFact, PeriodClose
from kpi_tracker.rollups.reported import Change, figures_of, nothing, read

ZERO = Decimal(0)
ROUNDING = Decimal("1E-15")  # what the divisions of ratios leave over
MOST = 80  # records whose effects are worked out one by one
ALONE = 8  # so few records are not looked at together first
# PostgreSQL reads through to a table's indexes. SQLite does not where rows are looked up one by one: it is faster with a copy,
# unless there is too much to copy. What is looked up for each row of another table needs a copy with indexes of its own.
LARGEST = "sales_activity"
LOOKED_UP = "sales_stagechange"
RecordKey = tuple[str, int]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EditedRecord:
    """A record with its edits since the month was closed, in order."""

    fact: LateFact
    record_id: int
    edits: tuple[LateEdit, ...]

    @property
    def before(self) -> Row | None:
        """The row when the month was closed; None where there was none."""
        return self.edits[0].old

    @property
    def after(self) -> Row | None:
        return self.edits[-1].new

    def meets(self, period: Period) -> bool:
        return any(edit.first_on < period.end and edit.last_on >= period.start for edit in self.edits)


@dataclass(frozen=True, slots=True)
class Effect:
    record: EditedRecord
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Explanation:
    """effects and others add up to the difference; a figure without value counts as 0 in it.

    others: what no listed edit explains: outcomes of records of other months, definitions, the team tree.
    together: the effect of `further` edited records that are too many to list.
    """

    change: Change
    effects: tuple[Effect, ...] = ()
    further: int = 0
    together: Decimal = ZERO
    others: Decimal = ZERO
    redefined: bool = False

    @property
    def difference(self) -> Decimal:
        return _number(self.change.now) - _number(self.change.reported)


def explain(organisation: Organisation, closing: PeriodClose, kpi: AnyKpi, subject: Subject, *, today: dt.date) -> Explanation:
    """What changed the figure of `kpi` for `subject` since the month of `closing` was closed."""
    figure = figures_of(organisation, subject, None, [closing.month], [kpi.key]).get((kpi.key, closing.month, None))
    reported = read(kpi, figure) if figure else nothing(kpi)
    replay = _Replay(organisation, KpiQuery((kpi.key,), subject, (closing.period,)), today)
    now = replay.now()
    records = [record for record in edited_since(organisation, closing) if TABLES[record.fact] in replay.tables]
    far = [record for record in records if not record.meets(closing.period)]
    near = [record for record in records if record.meets(closing.period)]
    listed, rest = [*near, *far][:MOST], [*near, *far][MOST:]
    effects = [Effect(record, amount) for record, amount in replay.effects(listed, rest) if amount]
    together = _number(now) - replay.value(rest) if rest else ZERO
    others = _number(now) - _number(reported) - sum((effect.amount for effect in effects), ZERO) - together
    return Explanation(
        Change(reported, now), tuple(sorted(effects, key=lambda effect: effect.record.edits[0].id)), further=len(rest), together=together,
        others=others if abs(others) > ROUNDING else ZERO, redefined=closing.kpis.get(kpi.key, kpi.version) != kpi.version,
    )


def edited_since(organisation: Organisation, closing: PeriodClose) -> list[EditedRecord]:
    """The records with late edits since the month was closed that may matter to it, by their first edit."""
    edits = LateEdit.objects.filter(organisation=organisation, id__gt=closing.edits_before, first_on__lt=closing.ends).order_by("id")
    grouped: dict[RecordKey, list[LateEdit]] = defaultdict(list)
    for edit in edits:
        grouped[edit.fact, edit.record_id].append(edit)
    return [EditedRecord(LateFact(fact), record_id, tuple(found)) for (fact, record_id), found in grouped.items()]


def _number(value: KpiValue) -> Decimal:
    return value.value or ZERO


@dataclass(slots=True)
class _Replay:
    """Answers one question for the records as they were before some of the edits. tables: those that the answer is made from."""

    organisation: Organisation
    question: KpiQuery
    today: dt.date
    tables: set[str] = field(default_factory=set)

    def now(self) -> KpiValue:
        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            self.tables |= {table for table in TABLES.values() if table in sql}
            return execute(sql, params, many, context)

        with remembering(), afresh(), connection.execute_wrapper(note):
            return self._ask()

    def value(self, undone: Sequence[EditedRecord]) -> Decimal:
        return _number(self.without(undone))

    def without(self, undone: Sequence[EditedRecord]) -> KpiValue:
        with remembering(), afresh(), as_before(undone):
            return self._ask()

    def _ask(self) -> KpiValue:
        (kpi,), (span,) = self.question.kpis, self.question.spans
        return engine.ask(self.organisation, self.question, today=self.today)[kpi, span, None]

    def effects(self, records: Sequence[EditedRecord], later: Sequence[EditedRecord]) -> Iterator[tuple[EditedRecord, Decimal]]:
        """The effect of each record's edits, on top of those before it and without those in `later`."""
        if records:
            first, last = self.without([*records, *later]), self.without(later)
            yield from self._between(records, later, first, last)

    def _between(
        self, records: Sequence[EditedRecord], later: Sequence[EditedRecord], first: KpiValue, last: KpiValue
    ) -> Iterator[tuple[EditedRecord, Decimal]]:
        """first, last: the value without all of the records' edits, and with them."""
        if len(records) == 1:
            yield records[0], _number(last) - _number(first)
        elif len(records) <= ALONE or first != last:
            half = len(records) // 2
            middle = self.without([*records[half:], *later])
            yield from self._between(records[:half], [*records[half:], *later], first, middle)
            yield from self._between(records[half:], later, middle, last)


# The records as they were ----------------------------------------------------------------------------

@contextmanager
def as_before(undone: Sequence[EditedRecord]) -> Iterator[None]:
    """Within, every read of the tables of these records finds them as they were before their edits. It must not write."""
    by_table: dict[str, list[EditedRecord]] = defaultdict(list)
    for record in undone:
        by_table[TABLES[record.fact]].append(record)
    shadows = {table: _shadow(table, records) for table, records in by_table.items()}
    copied = {table: shadows.pop(table) for table in by_table if table == LOOKED_UP and connection.vendor == "sqlite"}

    def cover(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        used = [table for table in shadows if f'"{table}"' in sql or f" {table} " in sql]
        return execute(*_covered(sql, params, {table: shadows[table] for table in used}), many, context) if used else execute(
            sql, params, many, context
        )

    with _copies(copied), connection.execute_wrapper(cover):
        yield


@contextmanager
def _copies(shadows: Mapping[str, tuple[str, list[Any]]]) -> Iterator[None]:
    """Within, SQLite reads a temporary table of the same name: such a name goes before that of the database's own table."""
    with connection.cursor() as cursor:
        try:
            for table, (select, given) in shadows.items():
                cursor.execute(f"CREATE TEMP TABLE {table} AS {select.format(*('%s',) * len(given))}", given)
                cursor.execute("SELECT sql FROM main.sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL", [table])
                for (index,) in cursor.fetchall():
                    cursor.execute(index.replace('INDEX "', 'INDEX temp."', 1))
                cursor.execute(f"CREATE UNIQUE INDEX temp.before_{table} ON {table} (id)")
                cursor.execute(f"ANALYZE temp.{table}")
            yield
        finally:
            for table in shadows:
                cursor.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _covered(sql: str, params: Any, shadows: Mapping[str, tuple[str, list[Any]]]) -> tuple[str, Any]:
    """The query with a common table expression before it for each table."""
    named = isinstance(params, Mapping)
    values: list[Any] = []
    names: dict[str, Any] = {}
    expressions = []
    for table, (select, given) in shadows.items():
        keys = [f"before_{table}_{i}" for i in range(len(given))]
        places = tuple(f"%({key})s" for key in keys) if named else ("%s",) * len(given)
        how = "MATERIALIZED" if _is_copied(table) else "NOT MATERIALIZED"
        expressions.append(f"{table} AS {how} ({select.format(*places)})")
        values += given
        names |= dict(zip(keys, given, strict=True))
    query = sql if params is not None else sql.replace("%", "%%")
    starts_with = query.lstrip()[:5].upper() == "WITH "
    covered = f"WITH {', '.join(expressions)}" + (f", {query.lstrip()[5:]}" if starts_with else f" {query}")
    return covered, {**params, **names} if named else (*values, *(params or ()))


def _shadow(table: str, records: Sequence[EditedRecord]) -> tuple[str, list[Any]]:
    """The organisation's rows of the table with these records as they were, and the values of its two places."""
    own = f"organisation_id = {int(records[0].edits[0].organisation_id)}"
    ids = [record.record_id for record in records]
    rows = json.dumps([record.before for record in records if record.before is not None], default=str)
    if connection.vendor == "postgresql":
        before = f"SELECT * FROM jsonb_populate_recordset(NULL::{table}, {{}}::jsonb)"
        return f"SELECT * FROM {table} WHERE {own} AND id <> ALL({{}}::bigint[]) UNION ALL {before}", [ids, rows]
    fields = _model_of(table)._meta.concrete_fields
    columns = ", ".join(f'"{one.column}"' for one in fields)
    kept = ", ".join(f"""CAST(json_extract(value, '$."{one.column}"') AS {_affinity(one)}) AS "{one.column}\"""" for one in fields)
    select = (
        f"SELECT {columns} FROM main.{table} WHERE {own if _is_copied(table) else 'TRUE'} AND id NOT IN (SELECT value FROM json_each({{}}))"
        f" UNION ALL SELECT {kept} FROM json_each({{}})"
    )
    return select, [json.dumps(ids), rows]


def _is_copied(table: str) -> bool:
    return connection.vendor == "sqlite" and table != LARGEST


def _model_of(table: str) -> type[Model]:
    return next(model for model in apps.get_models() if model._meta.db_table == table)


def _affinity(one: Field[Any, Any]) -> str:
    kind = (one.db_type(connection) or "").lower()
    return "INTEGER" if "int" in kind or "bool" in kind else "NUMERIC" if "decimal" in kind else "TEXT"
