"""What every view of the API shares: its organisation, its query parameters, its pages of a list."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from kpi_tracker.periods import Period, day_after
from kpi_tracker.scope import Scope

BIG_INT = 2**63 - 1
YEARS = range(1900, 2201)


def scope_of(request: Request) -> Scope:
    """The organisation's Scope; the view's permission has made sure that there is one."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    return scope


def local_today(scope: Scope) -> dt.date:
    return scope.organisation.local_day(timezone.now())


class RecordId(serializers.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=BIG_INT, **options)


class Day(serializers.DateField):
    default_error_messages = {"year": gettext_lazy("{year} is no likely year.")}

    def to_internal_value(self, value: Any) -> dt.date:
        day = super().to_internal_value(value)
        if day.year not in YEARS:
            self.fail("year", year=day.year)
        return day


class NamedFields(serializers.Serializer[Any]):
    # Fields whose names Python keeps for itself, such as `from`; they stand first. (A docstring would be in the schema.)
    named: ClassVar[dict[str, Any]] = {}

    def get_fields(self) -> dict[str, Any]:
        return {**copy.deepcopy(self.named), **super().get_fields()}


class Days(NamedFields):
    named = {"from": Day(help_text="First day."), "to": Day(help_text="Last day; it is included.")}


class Parameters(NamedFields):
    """Query parameters. One that is not known is an error: a misspelt filter would answer with everything."""

    # Parameters that somebody else reads.
    passed_on: ClassVar[frozenset[str]] = frozenset()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = set(self.initial_data)
        for name in sorted(given - set(self.fields) - self.passed_on):
            raise ValidationError({name: [_("There is no such parameter.")]}, code="unknown_parameter")
        return attrs

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        found = cls(data=request.query_params.dict())
        found.is_valid(raise_exception=True)
        values: dict[str, Any] = found.validated_data
        return values


class PeriodParameters(Parameters):
    """from and to: both days included."""

    named = Days.named

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs["to"] < attrs["from"]:
            raise ValidationError({"to": [_("The last day must not come before the first.")]}, code="invalid")
        return attrs


def period_of(parameters: dict[str, Any]) -> Period:
    return Period(parameters["from"], day_after(parameters["to"]))


PAGE_PARAMETERS = frozenset({"cursor", "limit"})


class Pages(CursorPagination):
    """Pages in the order in which records were made: what is added while somebody reads never shifts them."""

    ordering = "id"
    page_size = 100
    max_page_size = 1000
    page_size_query_param = "limit"
    invalid_cursor_message = gettext_lazy("The cursor is not one that this list gave.")  # type: ignore[assignment]

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except NotFound as error:
            raise ValidationError({"cursor": [str(error.detail)]}, code="invalid_cursor") from error

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get("limit", str(self.page_size))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:5]) <= self.max_page_size:
            raise ValidationError({"limit": [_("Give a number from 1 to %(most)d.") % {"most": self.max_page_size}]}, code="invalid")
        return int(text)


def ids_in(text: str, field: str) -> Sequence[int]:
    """The numbers in `1,2,3`."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 1000 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise ValidationError({field: [_("Give up to 1,000 numbers, with commas between them.")]}, code="invalid")
    return [int(part) for part in parts]
