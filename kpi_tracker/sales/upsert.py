"""The engine of `services.records_upsert`: reads what is there in sets, writes only what is new or changed."""

from __future__ import annotations

import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.utils.translation import gettext as _

from kpi_tracker.sales.batch import Batch, RecordProblems, chunks
from kpi_tracker.sales.records import Record, UpsertSummary

R = TypeVar("R", bound=Record)
Row = dict[str, Any]

WRITE_BATCH = 500
YEARS = range(1900, 2201)
_CODES = {"country": re.compile(r"^[A-Z]{2}$"), "currency": re.compile(r"^[A-Z]{3}$")}


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
    def __init__(self) -> None:
        self.created: set[int] = set()
        self.updated: set[int] = set()
        self.unchanged: set[int] = set()

    def summary(self, batch: Batch) -> UpsertSummary:
        also_made, left_empty = tuple(sorted(batch.made.items())), tuple(batch.left_empty)
        return UpsertSummary(len(self.created), len(self.updated), len(self.unchanged), also_made, left_empty)


def write(batch: Batch, writer: Writer[Any], records: Iterable[Record]) -> UpsertSummary:
    """Write all records, or raise `RecordProblems` with every problem found. Runs inside a transaction."""
    tally = Tally()
    seen: set[str] = set()
    for chunk in chunks(enumerate(records)):
        writer.load([record for _index, record in chunk])
        existing = writer.existing([record for _index, record in chunk])
        _write_chunk(batch, writer, chunk, existing, seen, tally)
    if not batch.problems:
        changed = writer.finish()
        tally.updated |= changed - tally.created
        tally.unchanged -= changed
    if batch.problems:
        raise RecordProblems(batch.problems, len(batch.rejected))
    return tally.summary(batch)


def _write_chunk(
    batch: Batch, writer: Writer[Any], chunk: Sequence[tuple[int, Record]], existing: dict[str, Any], seen: set[str], tally: Tally
) -> None:
    new: list[Any] = []
    changed: dict[int, Any] = {}
    columns: set[str] = set()
    for index, record in chunk:
        batch.index = index
        if record.external_id in seen:
            batch.problem("external_id", _("The id %(id)s occurs more than once.") % {"id": record.external_id}, _("Keep one of them."))
            continue
        if record.external_id:
            seen.add(record.external_id)
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
    writer.model.objects.bulk_create(new, batch_size=WRITE_BATCH)
    if changed:
        writer.model.objects.bulk_update(changed.values(), sorted(columns), batch_size=WRITE_BATCH)
    tally.created.update(row.pk for row in new)
    tally.updated.update(changed.keys() - tally.created)
    tally.unchanged -= changed.keys()
    writer.written([*new, *changed.values()])


def _make(writer: Writer[Any], record: Record) -> Any:
    values = {column: _checked(writer, column, value) for column, value in writer.row(record, None).items()}
    row = writer.model(organisation=writer.batch.organisation, source=writer.batch.source if record.external_id else "", **values)
    if "external_id" not in values:
        row.external_id = _checked(writer, "external_id", record.external_id)
    writer.settle(row, None, record)
    return row


def _apply(writer: Writer[Any], row: Any, record: Record) -> set[str]:
    """Put the record's values into the row; the names of the columns that differ now."""
    before = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    for column, value in writer.row(record, row).items():
        if writer.spoken_of(record, column):
            setattr(row, column, _checked(writer, column, value))
    writer.settle(row, before, record)
    return {column for column, value in before.items() if getattr(row, column) != value}


def _checked(writer: Writer[Any], column: str, value: Any) -> Any:
    """The value as the column holds it; a problem where it cannot."""
    field_name = writer.sources.get(column, (column,))[-1]
    message = ""
    if isinstance(value, str):
        message = _text_problem(writer.model._meta.get_field(column), column, value)
    elif isinstance(value, Decimal):
        field = writer.model._meta.get_field(column)
        value, message = _rounded(value, field.max_digits, field.decimal_places)
    elif isinstance(value, dt.date) and value.year not in YEARS:
        message = _("%(year)d is no likely year.") % {"year": value.year}
    elif isinstance(value, int):
        message = _count_problem(writer.model._meta.get_field(column), value)
    if message:
        writer.batch.problem(field_name, message)
        return None
    return value


def _text_problem(field: models.Field[Any, Any], column: str, value: str) -> str:
    if field.max_length is not None and len(value) > field.max_length:
        return _("At most %(most)d characters fit.") % {"most": field.max_length}
    if "\x00" in value:
        return _("The text holds a character that cannot be stored.")
    if field.choices and value not in {choice for choice, _label in field.flatchoices}:
        allowed = ", ".join(str(choice) for choice, _label in field.flatchoices if choice)
        return _("“%(value)s” is not one of: %(allowed)s.") % {"value": value, "allowed": allowed}
    if value and (code := _CODES.get(column)) is not None and not code.match(value):
        return _("“%(value)s” is no code in capital letters, such as SE for a country and EUR for a currency.") % {"value": value}
    if value and isinstance(field, models.EmailField):
        try:
            validate_email(value)
        except ValidationError:
            return _("“%(value)s” is no e-mail address.") % {"value": value}
    return ""


def _count_problem(field: models.Field[Any, Any], value: int) -> str:
    if value < 0:
        return _("A number below 0 has no meaning here.")
    largest = BaseDatabaseOperations.integer_field_ranges.get(field.get_internal_type(), (0, value))[1]
    return _("At most %(most)d fits.") % {"most": largest} if value > largest else ""


def _rounded(value: Decimal, digits: int, places: int) -> tuple[Decimal, str]:
    if not value.is_finite() or abs(value) >= Decimal(10) ** (digits - places):
        return Decimal(0), _("The number is too large.")
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), ""
