"""What growth is measured from: the same scope's figure of an earlier period, frozen with the goal."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext

from goals.asked import year_before
from goals.models import Goal
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.metrics import AnyKpi, Course
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiValue
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Calendar, Period
from kpi_tracker.rollups.reader import ask

# A baseline of a period that is so much longer or shorter says nothing of what is asked.
ROOM_DAYS = 7


@dataclass(frozen=True, slots=True)
class Baseline:
    """value: in the KPI's unit; None where there is none. records: what it was counted from."""

    period: Period
    value: Decimal | None
    records: int


def usual_period(calendar: Calendar, period: Period, *, today: dt.date) -> Period:
    """One year before; where that is not over yet, as many years before as it takes."""
    found = year_before(calendar, period)
    while found.end > today:
        found = year_before(calendar, found)
    return found


def read(organisation: Organisation, kpi: AnyKpi, subject: Subject, period: Period, *, today: dt.date) -> Baseline:
    table = ask(organisation, KpiQuery(kpis=(kpi.key,), subject=subject, spans=(period,)), today=today)
    return of_value(kpi, period, table[kpi.key, period, None])


def of_value(kpi: AnyKpi, period: Period, found: KpiValue) -> Baseline:
    """records: of a ratio what it is taken over, else what was counted."""
    return Baseline(period, found.value, int(found.denominator or 0) if kpi.course is Course.LEVELS else found.count)


def check(kpi: AnyKpi, baseline: Baseline, period: Period, *, today: dt.date) -> Decimal:
    """The value to grow from; raises InvalidInput where nothing can grow from it."""
    before = baseline.period
    if before.end > today:
        raise InvalidInput(
            gettext("The baseline's period is not over yet: choose one that is."), field="baseline_end", code="baseline_running"
        )
    if kpi.adds_up and abs(len(before) - len(period)) > max(ROOM_DAYS, len(period) // 10):
        message = gettext("The baseline's period must be about as long as the goal's.")
        raise InvalidInput(message, field="baseline_end", code="baseline_length")
    if baseline.value is None or baseline.value <= 0:
        message = gettext("There is nothing to grow from in the baseline's period: choose another one, or another kind of goal.")
        raise InvalidInput(message, field="growth", code="no_baseline")
    return round(baseline.value, 6)


def freeze(goal: Goal, baseline: Baseline, *, now: dt.datetime) -> None:
    """Write the baseline into the goal, which is not saved."""
    goal.baseline, goal.baseline_records, goal.baseline_at = baseline.value, baseline.records, now
    goal.baseline_from, goal.baseline_until = baseline.period.start, baseline.period.end


def forget(goal: Goal) -> None:
    goal.growth = goal.baseline = goal.baseline_records = goal.baseline_at = goal.baseline_from = goal.baseline_until = None
