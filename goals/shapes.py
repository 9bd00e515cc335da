"""The shape in which a goal is asked for over its period: checked where it was typed, frozen where it is last year's."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext

from goals.asked import year_before
from goals.models import Distribution
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.metrics import AnyKpi
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.workdays import work_week
from kpi_tracker.periods import Calendar, Grain, Period, add_months
from kpi_tracker.rollups.reader import ask

ZERO = Decimal(0)
Shape = dict[str, str]
# Longer periods follow last year's months, shorter ones its weekdays.
LONG_DAYS = 45
MOST_RAMP_MONTHS = 24
RAMP = "months"


def month_keys(period: Period) -> list[str]:
    """The months that share a day with `period`, as a shape names them: 2026-12."""
    return [f"{bucket.start:%Y-%m}" for bucket in Calendar().buckets(Grain.MONTH, period)]


def check(distribution: Distribution, shape: Mapping[str, str], period: Period) -> Shape:
    """The shape as it is stored; raises InvalidInput where it cannot be asked for in this way."""
    match distribution:
        case Distribution.WORKING_DAYS | Distribution.LAST_YEAR:
            return {}
        case Distribution.MONTHS:
            return _weights(shape, month_keys(period), gettext("Give months of the goal's period only, and at least one more than 0."))
        case Distribution.WEEKDAYS:
            return _weights(shape, [str(day) for day in range(7)], gettext("Give weekdays only, and at least one more than 0."))
        case Distribution.RAMP:
            months = _number(shape.get(RAMP, ""))
            if months is None or not 1 <= months <= MOST_RAMP_MONTHS or months != int(months):
                message = gettext("Say in whole months, from 1 to 24, how long a joiner is asked for less.")
                raise InvalidInput(message, field="distribution", code="ramp_months")
            return {RAMP: str(int(months))}


def _weights(shape: Mapping[str, str], keys: list[str], message: str) -> Shape:
    found = {key: _number(text) for key, text in shape.items()}
    weights = {key: value for key, value in found.items() if value is not None}
    if len(weights) < len(found) or set(weights) - set(keys) or min(weights.values(), default=ZERO) < 0 or not any(weights.values()):
        raise InvalidInput(message, field="distribution", code="shape")
    return {key: _text(weights[key]) for key in keys if weights.get(key)}


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}"


def last_year(organisation: Organisation, kpi: AnyKpi, subject: Subject, period: Period, *, today: dt.date) -> Shape:
    """How the same scope's figures of a year before were spread: by month for longer periods, else by weekday.

    By weekday the weight is what one such day brought. Raises InvalidInput where there is nothing to follow.
    """
    spans = last_year_spans(organisation.calendar, period)
    table = ask(organisation, KpiQuery(kpis=(kpi.key,), subject=subject, spans=tuple(spans)), today=today)
    return frozen(organisation, {span: table[kpi.key, span, None].numerator for span in spans}, period, today=today)


def frozen(organisation: Organisation, values: Mapping[Period, Decimal], period: Period, *, today: dt.date) -> Shape:
    """The same of values that are known already: those of `last_year_spans`."""
    spans = last_year_spans(organisation.calendar, period)
    weights: dict[str, Decimal] = defaultdict(Decimal)
    if len(period) > LONG_DAYS:
        for key, span in zip(month_keys(period), spans, strict=True):
            weights[key] = max(values[span], ZERO)
    else:
        week = work_week(organisation)
        counted: dict[int, int] = defaultdict(int)
        for span in spans:
            if week.is_open(span.start):
                weights[str(span.start.weekday())] += values[span]
                counted[span.start.weekday()] += 1
        weights = defaultdict(Decimal, {key: max(value, ZERO) / counted[int(key)] for key, value in weights.items()})
    if spans[0].start > today or not any(weights.values()):
        message = gettext("There was nothing a year before that this goal could follow. Choose “even per working day” instead.")
        raise InvalidInput(message, field="distribution", code="no_last_year")
    return {key: _text(round(value, 4)) for key, value in weights.items() if value}


def last_year_spans(calendar: Calendar, period: Period) -> list[Period]:
    """The parts of the year before that a shape is read from: one for each of the period's months, or each of its days."""
    before = year_before(calendar, period)
    if len(period) <= LONG_DAYS:
        return [Period(day, day + dt.timedelta(days=1)) for day in before.days()]
    found, start = [], before.start
    for bucket in Calendar().buckets(Grain.MONTH, period)[:-1]:
        end = add_months(bucket.end, -12)
        found.append(Period(start, end))
        start = end
    return [*found, Period(start, before.end)]
