"""What is to be said beside a formula: why there is no value, whether it is settled, what limits it, what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

from dashboards import formula_words as words
from dashboards.formulas import Opened, parts_of
from kpi_tracker import formats
from kpi_tracker.kpis.catalogue import CLV_TO_CAC, PIPELINE_COVERAGE, WIN_RATE
from kpi_tracker.kpis.measures import Stock
from kpi_tracker.kpis.metrics import FormulaKpi, GrowthKpi, RatioKpi, SimpleKpi
from kpi_tracker.kpis.query import KpiQuery, KpiValue
from kpi_tracker.periods import Period, add_months, day_after
from kpi_tracker.rollups.reader import ask


def notes(opened: Opened) -> list[str]:
    return [*_why_none(opened), *_about_value(opened), *_beside(opened)]


def _about_value(opened: Opened) -> Iterator[str]:
    kpi, span = opened.kpi, opened.span
    match kpi:
        case SimpleKpi(measure=Stock()):
            yield words.standing(span)
        case SimpleKpi():
            pass
        case RatioKpi():
            yield from _about_ratio(opened, kpi)
        case GrowthKpi():
            now, before = opened.spans.compared(kpi, span)
            if now is not None:
                yield words.compared(opened.spans.so_far(now) or now, before, running=opened.today in span and span.last != opened.today)
        case FormulaKpi():
            yield from (words.limited(found, opened.organisation) for found in opened.value.factors if found.capped)
            yield words.choose_factor()
        case _:
            assert_never(kpi)


def _about_ratio(opened: Opened, kpi: RatioKpi) -> Iterator[str]:
    spans, value = opened.spans, opened.value
    below = spans.below(kpi, opened.span)
    if kpi.cohort:
        yield words.not_settled(spans.cycle) if value.immature or spans.cycle is None else words.settled(spans.cycle)
    if kpi.median and value.median is not None:
        yield words.median(value.median, formats.days(value.value))
        yield words.begins_at_opening()
    if kpi.until_today and below is not None and below != opened.span:
        yield words.so_far(below)
    if kpi.lagged and opened.organisation.lag_costs and spans.cycle:
        yield words.lagged(spans.cycle)


def _why_none(opened: Opened) -> Iterator[str]:
    """Why a figure is "–"."""
    kpi, value = opened.kpi, opened.value
    if value.value is not None:
        return
    if opened.ahead:
        yield words.not_begun(opened.span)
        return
    match kpi:
        case GrowthKpi():
            if value.denominator:
                yield words.below_nothing(formats.signed_kpi_value(kpi.of, value.numerator, opened.currency))
            else:
                yield words.new()
        case RatioKpi():
            yield _why_no_ratio(opened, kpi)
        case FormulaKpi():
            yield from (words.factor_missing(str(found.factor.kpi.label)) for found in value.factors if found.used is None)
            if all(found.used is not None for found in value.factors):
                yield words.nothing_below(str(value.factors[-1].factor.kpi.label))


def _why_no_ratio(opened: Opened, kpi: RatioKpi) -> str:
    if kpi is PIPELINE_COVERAGE:
        return words.no_goal() if opened.value.denominator is None else words.target_reached()
    return words.nothing_below(parts_of(opened)[1].label)


def _beside(opened: Opened) -> Iterator[str]:
    """Figures that are read together with this one."""
    organisation, value = opened.organisation, opened.value
    if opened.kpi is PIPELINE_COVERAGE:
        end = min(opened.span.end, day_after(opened.today))
        trailing = Period(add_months(end, -organisation.velocity_months), end)
        question = KpiQuery((WIN_RATE.key,), opened.whom, (trailing,))
        if rate := ask(organisation, question, today=opened.today)[WIN_RATE.key, trailing, None].value:
            yield words.need(rate, organisation.velocity_months)
    if opened.kpi is CLV_TO_CAC and (months := payback_months(value)) is not None:
        cost, margin = value.factors[1].used, value.factors[0].value.factors[0].used
        yield words.payback(months, formats.money(cost, opened.currency), formats.money(margin, opened.currency))


def payback_months(value: KpiValue) -> Decimal | None:
    """After how many months a customer has earned back what it cost to win; of a value of `clv_to_cac`."""
    lifetime_value, cost = value.factors
    margin = lifetime_value.value.factors[0].used
    return cost.used / (margin / 12) if cost.used is not None and margin and margin > 0 else None
