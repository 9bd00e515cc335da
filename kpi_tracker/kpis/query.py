"""What is asked of the KPI layer, and how parts become values.

A question is a `KpiQuery`. Its answer is a `KpiTable` of `KpiValue`s, whichever source the parts came from:
`kpis.engine` (straight from the records) or `rollups.reader` (from cells). Both have the function `ask`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol, assert_never

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Measure, Unit
from kpi_tracker.kpis.metrics import AnyKpi, GrowthKpi, RatioKpi, SimpleKpi, SubjectKind, measures_of
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.workdays import work_week
from kpi_tracker.periods import Grain, Period


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a figure is about. The organisation itself needs no id."""

    kind: SubjectKind
    id: int = 0


class Dimension(StrEnum):
    """What a figure may be broken down by."""

    TEAM = "team"
    REP = "rep"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class KpiQuery:
    """Values of `kpis` for `subject`, one for each span; with `by`, one for each member of that dimension too.

    A rep within a team counts with the days on which the rep belonged to it, so that reps add up to the team.
    """

    kpis: tuple[str, ...]
    subject: Subject
    spans: tuple[Period, ...]
    by: Dimension | None = None
    medians: bool = False


@dataclass(frozen=True, slots=True)
class KpiValue:
    """One figure. `value` is None where there is none to give (a denominator of zero).

    Money is in the base currency, percentages are fractions, durations are days. `count` is the number of
    records in the numerator; `denominator` is None for KPIs that are not ratios.
    """

    value: Decimal | None
    numerator: Decimal
    denominator: Decimal | None = None
    count: int = 0
    median: Decimal | None = None


class Part(NamedTuple):
    """A measure's value, in whole units, and the number of records in it."""

    value: int = 0
    records: int = 0


NOTHING = Part()
MemberId = int | None
Parts = dict[tuple[str, Period, MemberId], Part]
KpiTable = dict[tuple[str, Period, MemberId], KpiValue]


class Source(Protocol):
    """Where parts come from. Combinations without records may be left out of the answer."""

    def __call__(
        self, organisation: Organisation, measures: Sequence[Measure], subject: Subject, spans: Sequence[Period], by: Dimension | None
    ) -> Parts: ...


class MedianSource(Protocol):
    def __call__(
        self, organisation: Organisation, measure: Measure, subject: Subject, span: Period, by: Dimension | None
    ) -> dict[MemberId, Decimal]: ...


def answer(organisation: Organisation, query: KpiQuery, *, source: Source, medians: MedianSource, today: dt.date) -> KpiTable:
    """The values asked for. `today`, a local day, tells which spans are still running (for growth)."""
    kpis = [registry.kpi(key) for key in query.kpis]
    for kpi in kpis:
        if query.subject.kind not in kpi.subjects:
            raise InvalidInput(f"{kpi.key} is not measured for a {query.subject.kind}.", field="scope", code="scope_not_measured")
    before = spans_before(organisation, query.spans, today) if any(isinstance(kpi, GrowthKpi) for kpi in kpis) else {}
    measures = list({measure.key: measure for kpi in kpis for measure in measures_of(kpi)}.values())
    spans = list(dict.fromkeys([*query.spans, *before.values()]))
    parts = source(organisation, measures, query.subject, spans, query.by)
    members: list[MemberId] = [None]
    if query.by:
        members = list(dict.fromkeys(member for _, _, member in parts if member is not None))
    table: KpiTable = {}
    for kpi in kpis:
        for span in query.spans:
            median: dict[MemberId, Decimal] = {}
            if query.medians and isinstance(kpi, RatioKpi) and kpi.median:
                median = medians(organisation, kpi.numerator, query.subject, span, query.by)
            for member in members:
                table[kpi.key, span, member] = _evaluate(kpi, parts, span, before.get(span), member, median.get(member))
    return table


def _evaluate(kpi: AnyKpi, parts: Parts, span: Period, before: Period | None, member: MemberId, median: Decimal | None) -> KpiValue:
    def part(measure: Measure, period: Period) -> Part:
        return parts.get((measure.key, period, member), NOTHING)

    match kpi:
        case SimpleKpi():
            found = part(kpi.measure, span)
            value = in_unit(found.value, kpi.measure.unit)
            return KpiValue(value=value, numerator=value, count=found.records)
        case RatioKpi():
            above, below = part(kpi.numerator, span), part(kpi.denominator, span)
            numerator, denominator = in_unit(above.value, kpi.numerator.unit), in_unit(below.value, kpi.denominator.unit)
            return KpiValue(
                value=numerator / denominator if denominator else None,
                numerator=numerator, denominator=denominator, count=above.records, median=median,
            )
        case GrowthKpi():
            now, then = part(kpi.of.measure, span), part(kpi.of.measure, before) if before else NOTHING
            difference = in_unit(now.value - then.value, kpi.of.unit)
            base = in_unit(then.value, kpi.of.unit)
            return KpiValue(value=difference / base if base > 0 else None, numerator=difference, denominator=base, count=now.records)
        case _:
            assert_never(kpi)


def in_unit(value: int, unit: Unit) -> Decimal:
    """A measure's whole number in the unit that people read: hundredths become the base currency."""
    return Decimal(value).scaleb(-2) if unit is Unit.MONEY else Decimal(value)


def spans_before(organisation: Organisation, spans: Sequence[Period], today: dt.date) -> dict[Period, Period]:
    """For each span the one just before it; a running span's is cut after as many working days as have gone.

    A span is left out where none has gone and the one before begins with a working day.
    """
    week = work_week(organisation)
    found = {}
    for span in spans:
        before = previous(organisation, span)
        end = before.end
        if today in span and span.last != today:
            gone = len(week.open_days(Period(span.start, today + dt.timedelta(days=1))))
            days = week.open_days(before)
            end = days[gone] if gone < len(days) else end
        if end > before.start:
            found[span] = Period(before.start, end)
    return found


def previous(organisation: Organisation, span: Period) -> Period:
    """The period just before: the bucket before for a whole week, month, quarter or year, else as many days."""
    calendar = organisation.calendar
    for grain in (Grain.YEAR, Grain.QUARTER, Grain.MONTH, Grain.WEEK):
        if calendar.bucket(grain, span.start) == span:
            return calendar.shift(grain, span, -1)
    return Period(span.start - dt.timedelta(days=len(span)), span.start)
