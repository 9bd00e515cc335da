"""A figure taken apart: its formula in words, each part with its value, its days and the way to its records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from django.utils.translation import gettext

from dashboards import formula_words as words
from dashboards.record_columns import exact, quantity_column
from goals.sentences import in_sentence
from kpi_tracker import formats
from kpi_tracker.kpis.catalogue import REVENUE
from kpi_tracker.kpis.measures import Direct, DirectKind, Stock, Term, Unit
from kpi_tracker.kpis.metrics import AnyKpi, FormulaKpi, GrowthKpi, RatioKpi, SimpleKpi
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import FactorValue, KpiValue, Spans
from kpi_tracker.kpis.targets import targets
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period


@dataclass(frozen=True, slots=True)
class Part:
    """One term of a KPI over its own days. value: in the unit that people read; None where there is none to give."""

    key: str
    label: str
    term: Term
    span: Period | None
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Operand:
    """A part or factor within the formula. query: what to change in the page's address to open it."""

    text: str
    label: str
    when: str
    plain: Decimal | None
    part: str = ""
    factor: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """kind: how the pieces make the value, for whoever reads the page by program."""

    kind: str
    words: str
    pieces: tuple[Operand | str, ...]
    result: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """The figure that is opened up: a KPI, or a factor of one, with its own days."""

    organisation: Organisation
    kpi: AnyKpi
    span: Period
    value: KpiValue
    spans: Spans
    today: dt.date
    whom: Subject  # the member of a break-down, else the subject
    labels: Mapping[str, str]  # of KPIs that are one term each, by the term's key

    @property
    def currency(self) -> str:
        return self.organisation.base_currency

    @property
    def ahead(self) -> bool:
        """Whether its days have not begun: then there is no value yet, whatever is recorded for them."""
        return self.today < self.span.start


def formula(opened: Opened) -> Formula:
    kpi, parts = opened.kpi, parts_of(opened)
    operands = [_operand(opened, part) for part in parts]
    pieces: list[Operand | str]
    match kpi:
        case SimpleKpi():
            kind, pieces = "simple", [*operands]
        case RatioKpi() if is_coverage(kpi):
            kind, pieces = "coverage", _coverage(opened, operands)
        case RatioKpi():
            kind, pieces = "ratio", [operands[0], "÷", operands[1]]
        case GrowthKpi():
            kind, pieces = "growth", ["(", operands[0], "−", operands[1], ")", "÷", operands[1]]
        case FormulaKpi():
            kind, pieces = "formula", _factors(opened, kpi)
        case _:
            assert_never(kpi)
    if isinstance(kpi, SimpleKpi):
        sentence = words.counted(adds=quantity_column(kpi.measure) is not None)
    else:
        sentence = " ".join(piece if isinstance(piece, str) else piece.label for piece in pieces).replace("( ", "(").replace(" )", ")")
    return Formula(
        kind="ahead" if opened.ahead else kind, words=sentence,
        pieces=tuple(pieces), result=formats.figure(kpi, opened.value, opened.currency), parts=parts,
    )


def parts_of(opened: Opened) -> tuple[Part, ...]:
    """The terms of the KPI with their values; a formula has factors instead."""
    kpi, span, value, spans = opened.kpi, opened.span, opened.value, opened.spans
    match kpi:
        case SimpleKpi():
            return (_part(opened, "numerator", kpi.measure, span, value.numerator),)
        case RatioKpi() if is_coverage(kpi):
            expected = _part(opened, "numerator", kpi.numerator, span, value.numerator)
            return (expected,) if value.denominator is None else (expected, _revenue_so_far(opened, value.denominator))
        case RatioKpi():
            return (
                _part(opened, "numerator", kpi.numerator, spans.above(kpi, span), value.numerator),
                _part(opened, "denominator", kpi.denominator, spans.below(kpi, span), value.denominator),
            )
        case GrowthKpi():
            now, before = spans.compared(kpi, span)
            base = value.denominator or Decimal(0)
            label = words.part_words(kpi.of, kpi.of.measure, opened.labels)
            return (
                Part("numerator", label, kpi.of.measure, now, value.numerator + base),
                Part("denominator", gettext("%(part)s before") % {"part": label}, kpi.of.measure, before, base if before else None),
            )
        case FormulaKpi():
            return ()
        case _:
            assert_never(kpi)


def _part(opened: Opened, key: str, term: Term, span: Period | None, value: Decimal | None) -> Part:
    return Part(key, words.part_words(opened.kpi, term, opened.labels), term, span, value)


def is_coverage(kpi: RatioKpi) -> bool:
    """Whether it is set against what is missing of a goal."""
    return isinstance(kpi.denominator, Direct) and kpi.denominator.kind is DirectKind.REMAINING_TARGET


def target_of(opened: Opened) -> Decimal:
    found = targets(opened.organisation, REVENUE.key, opened.whom.kind, [opened.span])
    return found.get(opened.span, {}).get(opened.whom.id, Decimal(0))


def _revenue_so_far(opened: Opened, missing: Decimal) -> Part:
    label = in_sentence(str(REVENUE.label))
    return Part("denominator", label, REVENUE.measure, opened.spans.so_far(opened.span), target_of(opened) - missing)


def _coverage(opened: Opened, operands: list[Operand]) -> list[Operand | str]:
    goal = gettext("the revenue goal")
    if len(operands) == 1:
        return [operands[0], "÷", Operand(formats.NO_VALUE, goal, formats.day_range(opened.span), None)]
    target = target_of(opened)
    of_goal = Operand(exact(Unit.MONEY, target, opened.currency), goal, formats.day_range(opened.span), target)
    return [operands[0], "÷", "(", of_goal, "−", operands[1], ")"]


def _operand(opened: Opened, part: Part) -> Operand:
    text = exact(part.term.unit, part.value, opened.currency)
    return Operand(text, part.label, when(part.term, part.span), part.value, part=part.key)


def when(term: Term, span: Period | None) -> str:
    if span is None:
        return gettext("no days")
    if isinstance(term, Stock):
        return words.at_the_end(formats.day(span.last))
    return formats.day_range(span)


def _factors(opened: Opened, kpi: FormulaKpi) -> list[Operand | str]:
    found: list[Operand | str] = []
    for i, factor in enumerate(opened.value.factors):
        if i:
            found.append("×" if i < len(kpi.times) else "÷")
        found.append(_factor(opened, factor, i))
    return found


def _factor(opened: Opened, found: FactorValue, place: int) -> Operand:
    kpi = found.factor.kpi
    note = ""
    if found.capped:
        note = gettext("instead of %(value)s") % {"value": formats.kpi_value(kpi, found.value.value, opened.currency)}
    days = when(kpi.measure, found.span) if isinstance(kpi, SimpleKpi) else formats.day_range(found.span)
    return Operand(
        text=factor_text(kpi, found.used, opened.currency), label=in_sentence(str(kpi.label)), when=days, plain=found.used,
        factor=place, note=note,
    )


def factor_text(kpi: AnyKpi, value: Decimal | None, currency: str) -> str:
    """A factor with the decimals that it takes to reckon it again."""
    if value is None or kpi.unit is Unit.MONEY:
        return exact(kpi.unit, value, currency) if value is None else formats.money(value, currency)
    if kpi.unit is Unit.PERCENT:
        return formats.percent(value, 2)
    if value == value.to_integral_value():
        return formats.kpi_value(kpi, value, currency)
    return words.days(value) if kpi.unit is Unit.DAYS else formats.number(value, 2)
