"""What passes between the questions of KPIs and the sources of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol

from kpi_tracker.kpis.measures import Dimension, Measure, Unit
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a figure is about. The organisation itself needs no id."""

    kind: SubjectKind
    id: int = 0


EVERYTHING = Subject(SubjectKind.ORGANISATION)


class Part(NamedTuple):
    """A term's value, in whole units, and the number of records in it."""

    value: int = 0
    records: int = 0

    def plus(self, other: Part) -> Part:
        return Part(self.value + other.value, self.records + other.records)

    def minus(self, other: Part) -> Part:
        return Part(self.value - other.value, self.records - other.records)


NOTHING = Part()
MemberId = int | None
Parts = dict[tuple[str, Period, MemberId], Part]


class Source(Protocol):
    """Where the parts of measures come from. Combinations without records may be left out of the answer."""

    def __call__(
        self, organisation: Organisation, measures: Sequence[Measure], subject: Subject, spans: Sequence[Period], by: Dimension | None
    ) -> Parts: ...


class MedianSource(Protocol):
    def __call__(
        self, organisation: Organisation, measure: Measure, subject: Subject, span: Period, by: Dimension | None
    ) -> dict[MemberId, Decimal]: ...


def in_unit(value: int, unit: Unit) -> Decimal:
    """A term's whole number in the unit that people read: hundredths become the base currency."""
    return Decimal(value).scaleb(-2) if unit is Unit.MONEY else Decimal(value)
