"""The small curve of a goal: what has come so far over what is due, in a box of 100 × 30. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from goals.progress import GoalProgress, to_date
from kpi_tracker.kpis.metrics import AnyKpi, Course
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.periods import Calendar, Grain, Period

ZERO = Decimal(0)
MOST_DAYS = 35
TOP, BOTTOM = Decimal(2), Decimal(28)


@dataclass(frozen=True, slots=True)
class SmallCurve:
    """Points of polylines; empty where there is no line."""

    actual: str
    due: str


def steps(period: Period, kpi: AnyKpi, calendar: Calendar, today: dt.date) -> list[Period]:
    """The days, of longer periods the weeks, whose values the curve needs; none for KPIs that neither add up nor are ratios of sums."""
    gone = to_date(period, today)
    if gone is None or kpi.course not in (Course.FILLS, Course.LEVELS):
        return []
    return calendar.clipped(Grain.DAY if len(period) <= MOST_DAYS else Grain.WEEK, gone)


def small_curve(standing: GoalProgress, values: Mapping[Period, KpiValue]) -> SmallCurve:
    """values: of each of `steps`, in their order."""
    period = standing.goal.period
    above, below, reached = ZERO, ZERO, list[tuple[int, Decimal]]()
    for span, value in values.items():
        above, below = above + value.numerator, below + (value.denominator or ZERO)
        if standing.kpi.adds_up or below:
            reached.append(((span.end - period.start).days, above if standing.kpi.adds_up else above / below))
    due = [((day - period.start).days + 1, value) for day, value in standing.expected_curve()] or [(0, standing.target)]
    due = [(0, ZERO), *due] if standing.pace else [*due, (len(period), standing.target)]
    if standing.kpi.adds_up:
        reached = [(0, ZERO), *reached]
    every = [value for _, value in (*reached, *due)]
    high, low = max(every), min(ZERO, *every) if standing.kpi.adds_up else min(every)
    return SmallCurve(_points(reached, len(period), low, high) if len(reached) > 1 else "", _points(_bends(due), len(period), low, high))


def _bends(line: Sequence[tuple[int, Decimal]]) -> list[tuple[int, Decimal]]:
    """Without the points that lie on a level stretch."""
    return [one for i, one in enumerate(line) if i in (0, len(line) - 1) or not line[i - 1][1] == one[1] == line[i + 1][1]]


def _points(line: Sequence[tuple[int, Decimal]], days: int, low: Decimal, high: Decimal) -> str:
    reach = (high - low) or Decimal(1)
    return " ".join(f"{day * 100 / days:.1f},{BOTTOM - (value - low) / reach * (BOTTOM - TOP):.1f}" for day, value in line)
