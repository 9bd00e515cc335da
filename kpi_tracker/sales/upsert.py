"""The engine of `services.records_upsert`: reads what is there in sets, writes only what is new or changed."""

from __future__ import annotations

import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from typing import Any, ClassVar, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.utils.translation import gettext as _

from kpi_tracker.sales import rows
from kpi_tracker.sales.batch import Batch, chunks
from kpi_tracker.sales.records import Record, UpsertSummary

R = TypeVar("R", bound=Record)
Row = dict[str, Any]

YEARS = range(1900, 2201)
_CODES = {"country": re.compile(r"^[A-Z]{2}$"), "currency": re.compile(r"^[A-Z]{3}$")}


@dataclass(frozen=True, slots=True)
class Column:
    """What a column can hold. field_name: the record's field to which a problem with it belongs. largest: of a number, or characters."""

    field_name: str
    largest: int | None
    choices: frozenset[str] | None = None
    code: re.Pattern[str] | None = None
    is_email: bool = False
    digits: int = 0
    places: int = 0


def _column(field: Any, sources: Mapping[str, tuple[str, ...]]) -> Column:
    name = sources.get(field.attname, (field.attname,))[-1]
    if isinstance(field, models.DecimalField):
        return Column(name, None, digits=field.max_digits, places=field.decimal_places)
    if isinstance(field, models.CharField):
        choices = frozenset(choice for choice, _label in field.flatchoices) or None
        return Column(name, field.max_length, choices, _CODES.get(field.attname), isinstance(field, models.EmailField))
    return Column(name, BaseDatabaseOperations.integer_field_ranges.get(field.get_internal_type(), (0, None))[1])


class Writer(ABC, Generic[R]):
    """How one kind of record becomes rows.

    model: the table. sources: for columns not named like the record's field, the fields that they come from.
    needs: links that can never be left empty.
    """

    model: ClassVar[Any]
    sources: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    needs: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._spoken: dict[tuple[frozenset[str], str], bool] = {}
        self.columns = {field.attname: _column(field, self.sources) for field in self.model._meta.concrete_fields}
        self.blank = {field.attname: field.get_default() for field in self.model._meta.concrete_fields}

    @abstractmethod
    def load(self, records: Sequence[R]) -> None:
        """Read what these records refer to."""

    @abstractmethod
    def row(self, record: R, existing: Any) -> Row:
        """The values of the row's columns. References that cannot be found are problems."""

    def existing(self, records: Sequence[R]) -> dict[str, Any]:
        """The rows that are there already, by id at the source."""
        ids = [record.external_id for record in records if record.external_id]
        rows = self.model.objects.filter(organisation=self.batch.organisation, source=self.batch.source, external_id__in=ids)
        return {row.external_id: row for row in rows}

    def match(self, record: R, existing: dict[str, Any]) -> Any:
        return existing.get(record.external_id) if record.external_id else None

    def spoken_of(self, record: R, column: str) -> bool:
        if record.given is None:
            return True
        key = (record.given, column)
        if (known := self._spoken.get(key)) is None:
            known = self._spoken[key] = not record.given.isdisjoint(self.sources.get(column, (column,)))
        return known

    def settle(self, row: Any, before: Row | None, record: R) -> None:
        """Bring columns that depend on others into line. before: the columns as they were; None for a new row."""

    def written(self, changed: Sequence[Any]) -> None:
        """New and changed rows are in the database now: write what belongs to them."""

    def finish(self) -> set[int]:
        """All records are written: settle what refers to others among them. The ids of rows changed by that."""
        return set()


class Tally:
    """Rows by what became of them, each in one of the three sets: a later record may mean the same row again."""

    def __init__(self) -> None:
        self.created: set[int] = set()
        self.updated: set[int] = set()
        self.unchanged: set[int] = set()

    @property
    def counts(self) -> tuple[int, int, int]:
        return len(self.created), len(self.updated), len(self.unchanged)


class Upsert:
    """Records of one kind on their way into the database, in one or several steps; the caller opens and ends each step's transaction."""

    def __init__(self, batch: Batch, writer: Writer[Any]) -> None:
        self.batch, self.writer = batch, writer
        self.tally = Tally()
        self._seen: set[str] = set()
        self._taken = 0
        # Ids that no row has: a database may give real ones again after each rollback.
        self._no_ids = count(-1, -1)

    def step(self, records: Iterable[Record]) -> None:
        """Write these, or find what is wrong with them: once there is a problem, nothing more is written."""
        for chunk in chunks(records):
            self.writer.load(chunk)
            self._write(chunk, self.writer.existing(chunk))

    def finish(self) -> None:
        """All records were taken: write what refers to others among them."""
        if not self.batch.problems:
            changed = self.writer.finish()
            self.tally.updated |= changed - self.tally.created
            self.tally.unchanged -= changed

    def summary(self) -> UpsertSummary:
        return UpsertSummary(*self.tally.counts, tuple(sorted(self.batch.made.items())), tuple(self.batch.left_empty))

    def _write(self, chunk: Sequence[Record], existing: dict[str, Any]) -> None:
        batch, writer, tally = self.batch, self.writer, self.tally
        new: list[Any] = []
        changed: dict[int, Any] = {}
        columns: set[str] = set()
        for record in chunk:
            batch.index = self._taken
            self._taken += 1
            if record.external_id in self._seen:
                batch.problem("external_id", _("The id %(id)s occurs more than once.") % {"id": record.external_id}, _("Keep one of them."))
                continue
            if record.external_id:
                self._seen.add(record.external_id)
            row = writer.match(record, existing)
            if row is None:
                new.append(_make(writer, record))
            elif differing := _apply(writer, row, record):
                if row.pk is not None:
                    changed[row.pk] = row
                    columns |= differing
            elif row.pk is not None:
                tally.unchanged.add(row.pk)
        if batch.problems:
            return
        self._store(new, list(changed.values()), columns)
        tally.created.update(row.pk for row in new)
        tally.updated.update(changed.keys() - tally.created)
        tally.unchanged -= changed.keys()
        writer.written([*new, *changed.values()])

    def _store(self, new: Sequence[Any], changed: Sequence[Any], columns: set[str]) -> None:
        if self.batch.only_check:
            for row in new:
                row.pk = next(self._no_ids)
            return
        rows.insert(self.writer.model, new)
        rows.change(self.writer.model, changed, columns)


def _make(writer: Writer[Any], record: Record) -> Any:
    values = {column: _checked(writer, column, value) for column, value in writer.row(record, None).items()}
    if "external_id" not in values:
        values["external_id"] = _checked(writer, "external_id", record.external_id)
    values["organisation_id"], values["source"] = writer.batch.organisation.pk, writer.batch.source if record.external_id else ""
    # Quicker than by keywords.
    row = writer.model.from_db(None, list(writer.blank), list((writer.blank | values).values()))
    row._state.adding = True
    writer.settle(row, None, record)
    return row


def _apply(writer: Writer[Any], row: Any, record: Record) -> set[str]:
    """Put the record's values into the row; the names of the columns that differ now."""
    held = row.__dict__
    before = {column: held[column] for column in writer.columns}
    for column, value in writer.row(record, row).items():
        if (value != held[column] or value.__class__ is Decimal) and writer.spoken_of(record, column):
            setattr(row, column, _checked(writer, column, value))
    writer.settle(row, before, record)
    return {column for column, value in before.items() if held[column] != value}


def _checked(writer: Writer[Any], column: str, value: Any) -> Any:
    """The value as the column holds it; a problem where it cannot."""
    if value is None:
        return None
    known, message = writer.columns[column], ""
    if isinstance(value, str):
        message = _text_problem(known, value)
    elif isinstance(value, dt.date):
        if value.year not in YEARS:
            message = _("%(year)d is no likely year.") % {"year": value.year}
    elif isinstance(value, Decimal):
        value, message = _rounded(value, known.digits, known.places)
    elif isinstance(value, int):
        message = _count_problem(known, value)
    if message:
        writer.batch.problem(known.field_name, message)
        return None
    return value


def _text_problem(column: Column, value: str) -> str:
    if column.largest is not None and len(value) > column.largest:
        return _("At most %(most)d characters fit.") % {"most": column.largest}
    if "\x00" in value:
        return _("The text holds a character that cannot be stored.")
    if column.choices is not None and value not in column.choices:
        allowed = ", ".join(sorted(choice for choice in column.choices if choice))
        return _("“%(value)s” is not one of: %(allowed)s.") % {"value": value, "allowed": allowed}
    if value and column.code is not None and not column.code.match(value):
        return _("“%(value)s” is no code in capital letters, such as SE for a country and EUR for a currency.") % {"value": value}
    if value and column.is_email:
        try:
            validate_email(value)
        except ValidationError:
            return _("“%(value)s” is no e-mail address.") % {"value": value}
    return ""


def _count_problem(column: Column, value: int) -> str:
    if value < 0:
        return _("A number below 0 has no meaning here.")
    return _("At most %(most)d fits.") % {"most": column.largest} if column.largest is not None and value > column.largest else ""


def _rounded(value: Decimal, digits: int, places: int) -> tuple[Decimal, str]:
    if not value.is_finite() or abs(value) >= Decimal(10) ** (digits - places):
        return Decimal(0), _("The number is too large.")
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), ""
