"""Late edits in words: which record, what was changed, and what that did to the figure."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import DateField, DateTimeField, DecimalField, Field, ForeignKey, Model
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext

from dashboards.closing import signed
from kpi_tracker import formats
from kpi_tracker.kpis.metrics import AnyKpi
from kpi_tracker.rollups.capture.late import TABLES
from kpi_tracker.rollups.late import EditedRecord, Effect, Explanation
from kpi_tracker.rollups.models import LateEdit, LateFact
from kpi_tracker.scope import Scope

# Columns that say nothing to people.
TECHNICAL = {"id", "organisation_id", "source", "external_id", "company_key"}
# The columns that lead to the reps whom a record belongs to; a record without any is the organisation's.
REPS = {
    LateFact.ACTIVITY: ("rep_id",), LateFact.DEAL: ("owner_id", "opened_by_id", "closed_by_id"), LateFact.STAGE: ("rep_id",),
    LateFact.LEAD: ("rep_id",), LateFact.CUSTOMER: ("owner_id", "added_by_id"), LateFact.CONTACT: ("added_by_id",),
    LateFact.ASSIGNMENT: ("rep_id",),
}


@dataclass(frozen=True, slots=True)
class FieldChange:
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class EditLine:
    """One edit. what: "added", "deleted" or empty, where `changes` say it."""

    at: dt.datetime
    what: str
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordLine:
    name: str
    edits: tuple[EditLine, ...]
    effect: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Lines:
    """hidden: what edits of records that this person may not see did, as one line; further, others: as in `Explanation`."""

    records: tuple[RecordLine, ...]
    hidden_records: int = 0
    hidden: str = ""
    further: str = ""
    others: str = ""
    total: str = ""


def lines(scope: Scope, kpi: AnyKpi, found: Explanation) -> Lines:
    currency = scope.organisation.base_currency
    seen = [effect for effect in found.effects if is_seen(scope, effect.record)]
    hidden = [effect for effect in found.effects if not is_seen(scope, effect.record)]
    names = _Names(scope, (effect.record for effect in seen))
    return Lines(
        tuple(_record_line(scope, kpi, effect, names) for effect in seen), len(hidden),
        signed(kpi, sum((effect.amount for effect in hidden), Decimal(0)), currency),
        signed(kpi, found.together, currency), signed(kpi, found.others, currency) if found.others else "",
        signed(kpi, found.difference, currency),
    )


def is_seen(scope: Scope, record: EditedRecord) -> bool:
    """As `within(scope)` would tell of the record, now or before."""
    if scope.rep_ids is None or record.fact not in REPS:
        return True
    rows = [row for edit in record.edits for row in (edit.old, edit.new) if row]
    return any(row.get(column) in scope.rep_ids for row in rows for column in REPS[record.fact])


def _record_line(scope: Scope, kpi: AnyKpi, effect: Effect, names: _Names) -> RecordLine:
    record = effect.record
    row = record.after or record.before or {}
    edits = tuple(_edit_line(scope, edit, names) for edit in record.edits)
    name = _record_name(record.fact, row, names)
    return RecordLine(name, edits, signed(kpi, effect.amount, scope.organisation.base_currency), effect.amount)


def _edit_line(scope: Scope, edit: LateEdit, names: _Names) -> EditLine:
    at = edit.at.astimezone(scope.organisation.zone)
    if edit.old is None:
        return EditLine(at, pgettext("of a record", "added"))
    if edit.new is None:
        return EditLine(at, pgettext("of a record", "deleted"))
    changes = [
        FieldChange(capfirst(str(field.verbose_name)), names.text(field, edit.old), names.text(field, edit.new))
        for field in _fields(edit) if edit.old.get(field.column) != edit.new.get(field.column)
    ]
    return EditLine(at, "" if changes else gettext("changed"), tuple(changes))


def _model(fact: str) -> type[Model]:
    return next(model for model in apps.get_models() if model._meta.db_table == TABLES[LateFact(fact)])


def _fields(edit: LateEdit) -> list[Field[Any, Any]]:
    return [field for field in _model(edit.fact)._meta.concrete_fields if field.column not in TECHNICAL]


def _record_name(fact: LateFact, row: dict[str, Any], names: _Names) -> str:
    """The kind of record, and what tells it from others."""
    by_name = {field.name: field for field in _model(fact)._meta.concrete_fields}

    def text(name: str) -> str:
        return names.text(by_name[name], row)

    match fact:
        case LateFact.ACTIVITY:
            said = (capfirst(text("kind")), text("rep"), text("occurred_on"))
        case LateFact.DEAL | LateFact.CUSTOMER | LateFact.CONTACT:
            said = (capfirst(str(fact.label)), row.get("name") or "", "")
        case LateFact.LEAD:
            said = (capfirst(str(fact.label)), row.get("company") or row.get("name") or "", text("created_on"))
        case LateFact.STAGE:
            said = (capfirst(str(fact.label)), text("deal"), text("to_stage"))
        case LateFact.CONTRACT:
            said = (capfirst(str(fact.label)), text("customer"), text("starts_on"))
        case LateFact.COST:
            said = (capfirst(text("category")), text("starts_on"), "")
        case LateFact.ASSIGNMENT:
            said = (text("rep"), text("team"), text("valid_from"))
        case LateFact.RATE:
            said = (capfirst(str(fact.label)), row.get("currency") or "", text("day"))
    return " · ".join(part for part in said if part and part != formats.NO_VALUE)


class _Names:
    """Names of the rows that edited rows point to, read once for each table. What may not be seen has none."""

    def __init__(self, scope: Scope, records: Iterable[EditedRecord]) -> None:
        wanted: dict[type[Model], set[int]] = defaultdict(set)
        for model, key in _pointers(records):
            wanted[model].add(key)
        self._names: dict[tuple[type[Model], int], str] = {}
        for model, keys in wanted.items():
            rows: Any = model._default_manager
            for row in rows.within(scope).filter(pk__in=keys):
                self._names[model, row.pk] = str(row)

    def text(self, field: Field[Any, Any], row: dict[str, Any]) -> str:
        value = row.get(str(field.column))
        if value is None or value == "":
            return formats.NO_VALUE
        match field:
            case ForeignKey():
                return self._names.get((field.related_model, value), f"#{value}")
            case DateTimeField():
                moment = parse_datetime(str(value))
                return f"{formats.short_day(moment.date(), year=True)} {formats.clock_time(moment)}" if moment else str(value)
            case DateField():
                return formats.short_day(dt.date.fromisoformat(value), year=True)
            case DecimalField():
                number = Decimal(value).normalize()
                return formats.number(number, max(0, -int(number.as_tuple().exponent)))
            case _:
                return str(dict(field.flatchoices or ()).get(str(value), value))


def _pointers(records: Iterable[EditedRecord]) -> Iterator[tuple[type[Model], int]]:
    for record in records:
        for edit in record.edits:
            for field in _fields(edit):
                if isinstance(field, ForeignKey):
                    for row in (edit.old, edit.new):
                        if row and row.get(field.column) is not None:
                            yield field.related_model, row[field.column]
