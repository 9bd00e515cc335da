"""Records as the API takes them: the fields of `sales.records`, each in its shape. What they mean is the services' matter."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any, get_type_hints

from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import Field as Column
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.fields import Field

from kpi_tracker.api import YEARS, Day
from kpi_tracker.api_errors import ApiProblem, UnprocessableRecords, problems_in
from kpi_tracker.orgs.models import Rep
from kpi_tracker.sales.models import Activity, Contact, Contract, Cost, Customer, Deal, Lead, StageChange
from kpi_tracker.sales.records import RECORDS, AnyRecord, Kind

MOST_RECORDS = 5000
MOST_PROBLEMS = 1000
MODELS: dict[Kind, type[Model]] = {
    Kind.REPS: Rep, Kind.CUSTOMERS: Customer, Kind.CONTACTS: Contact, Kind.LEADS: Lead, Kind.DEALS: Deal,
    Kind.STAGE_CHANGES: StageChange, Kind.CONTRACTS: Contract, Kind.ACTIVITIES: Activity, Kind.COSTS: Cost,
}  # fmt: skip
# What a field is, where its name does not say it.
HELP = {
    "external_id": "The record's id at its source. A record that is known already is updated.",
    "rep": "The rep's id at the source, e-mail address or name; empty: nobody.",
    "owner": "The rep's id at the source, e-mail address or name; empty: nobody.",
    "opened_by": "Who gets the credit for opening; empty: the owner.",
    "closed_by": "Who gets the credit for closing; empty: the owner.",
    "customer_id": "The customer's id at the source.",
    "customer": "The customer's name; one that is not known is made.",
    "customer_business_id": "The customer's organisation number.",
    "contact_id": "The contact's id at the source.",
    "deal_id": "The deal's id at the source.",
    "lead_id": "The id at the source of the lead that the deal came from; the lead counts as converted then.",
    "qualified_on": "Since when it counts as qualified; for a deal, empty: since it first entered a qualified stage.",
    "changed_at": "When the deal entered the stage, with the offset.",
    "margin": "Gross margin as a share: 0.8 is 80 %.",
    "team": "The names of the teams from the top down to the rep's own.",
    "occurred_at": "Moment with its offset; gives the day, in the organisation's time zone.",
    "occurred_on": "Local day, where the moment is not known.",
    "currency": "Three letters; empty: the organisation's currency.",
    "pipeline": "Name; empty: the first one that has the stage.",
    "parent": "Another customer's id at the source, or name.",
    "share": "Part-time share: 1 is full time, 0.6 is 60 %.",
}


class Moment(serializers.DateTimeField):
    """A moment says its offset from UTC: without it, nobody knows which local day it was."""

    default_error_messages = {
        "no_offset": gettext_lazy("Give the moment with its offset, such as 2024-03-04T09:30:00+01:00 or 2024-03-04T08:30:00Z."),
        "year": gettext_lazy("{year} is no likely year."),
    }

    def enforce_timezone(self, value: dt.datetime) -> dt.datetime:
        if value.tzinfo is None:
            self.fail("no_offset")
        if value.year not in YEARS:
            self.fail("year", year=value.year)
        return value


def record_field(kind: Kind, name: str, hint: Any, required: bool) -> Field[Any, Any, Any, Any]:
    """The shape of one field of a record, from its type and, where there is one, its column."""
    column = next((column for column in MODELS[kind]._meta.concrete_fields if column.name == name), None)
    options: dict[str, Any] = {"required": required, "allow_null": not required, "help_text": HELP.get(name, "")}
    if hint is str or hint == str | None:
        options |= {"allow_blank": not required}
        if column is not None and column.choices:
            return serializers.ChoiceField(choices=[choice for choice in column.flatchoices if choice[0]], **options)
        return serializers.CharField(**options)
    if hint == Decimal or hint == Decimal | None:
        return serializers.DecimalField(max_digits=None, decimal_places=None, **options)
    if hint == dt.date or hint == dt.date | None:
        return Day(**options)
    if hint == dt.datetime or hint == dt.datetime | None:
        return Moment(**options)
    if hint == int | None:
        return serializers.IntegerField(min_value=0, max_value=_largest(column), **options)
    if hint != tuple[str, ...]:
        raise TypeError(f"The API has no shape for {hint}.")
    return serializers.ListField(child=serializers.CharField(), max_length=20, **options)


def _largest(column: Column[Any, Any] | None) -> int:
    ranges = BaseDatabaseOperations.integer_field_ranges
    return ranges[column.get_internal_type()][1] if column is not None else 2**31 - 1


@cache
def record_serializer(kind: Kind) -> type[serializers.Serializer[Any]]:
    """The serializer of one record of `kind`, its fields taken from the record's class."""
    hints = get_type_hints(RECORDS[kind])
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(RECORDS[kind]):
        if field.name != "given":
            required = field.name == "external_id" or field.default is dataclasses.MISSING
            fields[field.name] = record_field(kind, field.name, hints[field.name], required)
    return type(f"{RECORDS[kind].__name__}Serializer", (serializers.Serializer,), fields)


@cache
def bulk_serializer(kind: Kind) -> type[serializers.Serializer[Any]]:
    """What the bulk address of `kind` takes, as the schema tells it."""
    return type(
        f"Bulk{RECORDS[kind].__name__}Serializer", (serializers.Serializer,),
        {"source": Source(), "records": serializers.ListField(child=record_serializer(kind)(), min_length=0, max_length=MOST_RECORDS)},
    )


class Source(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", "Where the records come from, such as hubspot; ids there are unique within it.")
        super().__init__(max_length=40, **options)


class Envelope(serializers.Serializer[Any]):
    """The bulk body without its records, which `read_records` looks at faster."""

    source = Source()  # type: ignore[assignment]
    records = serializers.ListField(max_length=MOST_RECORDS)


def read_records(kind: Kind, items: Sequence[Any]) -> list[AnyRecord]:
    """The records, or all that is wrong with their shape. Only fields that were sent are looked at."""
    fields = _bound_fields(kind)
    required = {name for name, field in fields.items() if field.required}
    record_type: Any = RECORDS[kind]
    records: list[AnyRecord] = []
    problems: list[ApiProblem] = []
    for index, item in enumerate(items):
        values, wrong = _read_one(fields, required, item)
        problems += [dataclasses.replace(problem, index=index) for problem in wrong]
        if len(problems) >= MOST_PROBLEMS:
            break
        if not wrong:
            records.append(record_type(**values, given=frozenset(item)))
    if problems:
        raise UnprocessableRecords(problems[:MOST_PROBLEMS])
    return records


@cache
def _bound_fields(kind: Kind) -> dict[str, Field[Any, Any, Any, Any]]:
    return dict(record_serializer(kind)().fields)


def _read_one(fields: dict[str, Field[Any, Any, Any, Any]], required: set[str], item: Any) -> tuple[dict[str, Any], list[ApiProblem]]:
    if not isinstance(item, dict):
        return {}, [ApiProblem("invalid", _("A record is an object of fields and values."))]
    values: dict[str, Any] = {}
    wrong = [ApiProblem("required", str(fields[name].error_messages["required"]), name) for name in sorted(required - item.keys())]
    for name, raw in item.items():
        field = fields.get(name)
        if field is None:
            wrong.append(ApiProblem("unknown_field", _("There is no such field."), name))
            continue
        try:
            value = field.run_validation(raw)
        except serializers.ValidationError as error:
            wrong += [ApiProblem(problem.code, problem.message, name) for problem in problems_in(error.detail)]
            continue
        if value is not None:
            values[name] = tuple(value) if isinstance(value, list) else value
    return values, wrong

