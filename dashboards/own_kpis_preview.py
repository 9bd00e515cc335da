"""What an own KPI would have shown last month, counted from the records without saving anything."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext

from kpi_tracker import formats
from kpi_tracker.kpis import facts
from kpi_tracker.kpis.measures import Agg, Fact, Measure
from kpi_tracker.kpis.models import OwnKpi
from kpi_tracker.kpis.own import Held, kpi_of, measures_of
from kpi_tracker.kpis.own_definition import Aggregation, Definition
from kpi_tracker.kpis.own_words import sentence
from kpi_tracker.kpis.parts import in_unit
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Grain, Period

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Day:
    """height: of its bar, a fraction of the highest; None without a value."""

    day: dt.date
    text: str
    height: float | None


@dataclass(frozen=True, slots=True)
class Row:
    day: dt.date
    name: str
    rep: str
    counted: str


@dataclass(frozen=True, slots=True)
class Counted:
    """The records of one side of the line: how many there are, the first of them, and how many lack something."""

    title: str
    number: str
    rows: tuple[Row, ...]
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    sentence: str
    finding: str
    formula: str
    period: Period
    days: tuple[Day, ...]
    sides: tuple[Counted, ...]

    @property
    def has_days(self) -> bool:
        return any(day.height is not None for day in self.days)


def preview(organisation: Organisation, own: OwnKpi, definition: Definition, *, today: dt.date) -> Preview:
    """own: need not be saved; its unit says how the figure is shown. The period is the month before that of `today`."""
    calendar = organisation.calendar
    month = calendar.shift(Grain.MONTH, calendar.bucket(Grain.MONTH, today), -1)
    held = (Held(definition),)
    kpi, measures = kpi_of(own, held, organisation), measures_of(own.key, held, organisation)
    daily = _daily(organisation, measures, month)
    totals = [(sum(value for value, _n in days.values()), sum(n for _value, n in days.values())) for days in daily]

    def written(value: Decimal | None) -> str:
        return formats.kpi_value(kpi, value, organisation.base_currency)

    value = _value(measures, [total for total, _n in totals])
    by_day = {day: _value(measures, [days.get(day, (0, 0))[0] for days in daily]) for day in month.days()}
    highest = max((abs(one) for one in by_day.values() if one), default=Decimal(1))
    name = formats.period_name(Grain.MONTH, month, in_sentence=True)
    found = gettext("Nothing counted in %(month)s") if not any(n for _v, n in totals) else gettext("%(value)s in %(month)s")
    return Preview(
        sentence=sentence(organisation, definition), finding=found % {"value": written(value), "month": name},
        formula=_formula(measures, [total for total, _n in totals], organisation), period=month,
        days=tuple(Day(day, written(one), float(abs(one) / highest) if one else None) for day, one in by_day.items()),
        sides=tuple(
            _counted(organisation, measure, month, totals[i][1], title)
            for i, (measure, title) in enumerate(zip(measures, _titles(definition), strict=False))
        ),
    )


def _titles(definition: Definition) -> list[str]:
    """A heading for each list of records; an average counts the same records on both sides and lists them once."""
    if definition.aggregation is Aggregation.RATIO:
        return [gettext("Above the line"), gettext("Below the line")]
    return [gettext("What counts")]


def _on(measure: Measure, month: Period) -> Q:
    return Q(**{f"{measure.day}__gte": month.start, f"{measure.day}__lt": month.end})


def _daily(organisation: Organisation, measures: tuple[Measure, ...], month: Period) -> list[dict[dt.date, tuple[int, int]]]:
    """For each measure, its value and number of records by day."""
    found: dict[str, dict[dt.date, tuple[int, int]]] = defaultdict(dict)
    for family in facts.families(measures):
        for row in facts.sums(organisation, family, _on(family[0], month), {"counted_on": F(family[0].day)}):
            for i, measure in enumerate(family):
                found[measure.key][row["counted_on"]] = (row[f"v{i}"], row[f"n{i}"])
    return [found[measure.key] for measure in measures]


def _value(measures: tuple[Measure, ...], parts: list[int]) -> Decimal | None:
    whole = [in_unit(part, measure.unit) for part, measure in zip(parts, measures, strict=True)]
    if len(whole) == 1:
        return whole[0]
    return whole[0] / whole[1] if whole[1] else None


def _formula(measures: tuple[Measure, ...], parts: list[int], organisation: Organisation) -> str:
    """ "412 ÷ 38" for what is divided, else nothing. """
    if len(measures) == 1:
        return ""
    return " ÷ ".join(
        formats.kpi_value(measure, in_unit(part, measure.unit), organisation.base_currency)
        for part, measure in zip(parts, measures, strict=True)
    )


def _counted(organisation: Organisation, measure: Measure, month: Period, number: int, title: str) -> Counted:
    rep = measure.rep.removesuffix("_id")
    related = [rep, *_RELATED[measure.fact]]
    rows = facts.counted(measure, organisation).filter(_on(measure, month)).select_related(*related).order_by(measure.day, "id")[:SHOWN]
    lacking = [(str(need.reason), records.filter(_on(measure, month)).count()) for need, records in facts.left_out(measure, organisation)]
    return Counted(
        title, formats.number(Decimal(number)), tuple(_row(organisation, measure, rep, row) for row in rows),
        tuple((reason, formats.number(Decimal(count))) for reason, count in lacking if count),
    )


_RELATED: dict[Fact, tuple[str, ...]] = {
    Fact.ACTIVITY: ("customer", "type"), Fact.DEAL: ("customer",), Fact.LEAD: ("customer",), Fact.CUSTOMER: (), Fact.CONTACT: ("customer",),
    Fact.STAGE: ("deal", "to_stage"),
}


def _row(organisation: Organisation, measure: Measure, rep: str, record: Any) -> Row:
    quantity = in_unit(int(record.quantity), measure.unit)
    return Row(
        day=getattr(record, measure.day), name=_name(measure.fact, record), rep=str(getattr(record, rep) or formats.NO_VALUE),
        counted="" if measure.agg is Agg.COUNT else formats.kpi_value(measure, quantity, organisation.base_currency),
    )


def _name(fact: Fact, record: Any) -> str:
    """What the record is called, with the customer where it has one."""
    name = str(record)
    if fact is Fact.ACTIVITY:
        name = record.subject or str(record.type or record.get_kind_display())
    customer = str(getattr(record, "customer", None) or "")
    text = f"{name} · {customer}" if customer and customer != name else name
    return text[:1].upper() + text[1:]
