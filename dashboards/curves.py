"""The progress curve as data: what the chart, its table and its file all show. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from dashboards.catalogue import ShownKpi
from dashboards.frame import Frame
from goals.curve import from_start
from goals.progress import GoalProgress
from kpi_tracker.kpis.metrics import Course
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.periods import DAY, WEEK, Grain, Period

ZERO = Decimal(0)
Values = Mapping[Period, KpiValue]
Line = tuple[tuple[dt.date, Decimal], ...]


class Shape(StrEnum):
    FILL = "fill"  # counts and sums: adds up over the period
    LEVEL = "level"  # ratios, means and stocks: the value to date, and of ratios of each part of the period
    TREND = "trend"  # days, and what has a value for whole periods only: one bar for each of the last buckets


@dataclass(frozen=True, slots=True)
class Bar:
    period: Period
    value: Decimal | None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """Lines hold the value at the end of each day. target: the goal's, where there is one."""

    shape: Shape
    shown: ShownKpi
    frame: Frame
    actual: Line = ()
    pace: Line = ()
    projection: Line = ()
    last_year: Line = ()
    bars: tuple[Bar, ...] = ()
    target: Decimal | None = None

    @property
    def empty(self) -> bool:
        """Nothing worth drawing: no value other than zero, and no goal."""
        drawn = [value for line in (self.actual, self.pace, self.last_year) for _, value in line] + [bar.value for bar in self.bars]
        return not any(drawn) and self.target is None


def shape_of(shown: ShownKpi, grain: Grain) -> Shape:
    if grain is Grain.DAY or shown.kpi.course is Course.WHOLE:
        return Shape.TREND
    return Shape.FILL if shown.kpi.adds_up else Shape.LEVEL


def spans_needed(shown: ShownKpi, frame: Frame) -> list[Period]:
    """What `curve` needs to know values of."""
    match shape_of(shown, frame.grain):
        case Shape.TREND:
            return trend_spans(shown, frame)
        case Shape.FILL | Shape.LEVEL:
            past, before = frame.steps(frame.to_date) if frame.to_date else [], frame.steps(frame.last_year)
            if shown.kpi.course is Course.STANDS:
                return [*from_start(past), *from_start(before)]
            return [*past, *before, *_parts(shown, frame)]


def trend_spans(shown: ShownKpi, frame: Frame) -> list[Period]:
    """A day stands among the days of its four weeks; what has a value for whole periods among the last twelve buckets."""
    calendar = frame.organisation.calendar
    if shown.kpi.course is Course.WHOLE:
        return [calendar.shift(frame.grain, frame.period, -step) for step in range(11, -1, -1)]
    week = calendar.bucket(Grain.WEEK, frame.period.start)
    return [Period(day, day + DAY) for day in Period(week.start - 3 * WEEK, week.end).days() if day <= frame.today]


def _parts(shown: ShownKpi, frame: Frame) -> list[Period]:
    """The bars behind a ratio's curve: days of a week, weeks of a month or quarter, months of a year."""
    if shown.kpi.course is not Course.LEVELS or frame.to_date is None:
        return []
    grain = {Grain.WEEK: Grain.DAY, Grain.YEAR: Grain.MONTH}.get(frame.grain, Grain.WEEK)
    return frame.organisation.calendar.clipped(grain, frame.to_date)


def curve(shown: ShownKpi, frame: Frame, values: Values, goal: GoalProgress | None) -> Curve:
    shape = shape_of(shown, frame.grain)
    target = goal.target if goal else None
    if shape is Shape.TREND:
        bars = tuple(Bar(span, values[span].value, span == frame.period) for span in trend_spans(shown, frame) if span in values)
        return Curve(shape, shown, frame, bars=bars, target=target)
    past = frame.steps(frame.to_date) if frame.to_date else []
    before = frame.steps(frame.last_year)
    actual = _running(shown, past, values)
    return Curve(
        shape, shown, frame,
        actual=actual,
        pace=_pace(frame, goal) if shape is Shape.FILL else (),
        projection=_projection(frame, actual, goal) if shape is Shape.FILL else (),
        last_year=_on_this_year(frame, _running(shown, before, values)),
        bars=tuple(Bar(span, values[span].value) for span in _parts(shown, frame)),
        target=target,
    )


def _running(shown: ShownKpi, steps: Sequence[Period], values: Values) -> Line:
    """The value from the first step to the end of each; ratios from the sums of their parts, never from ratios."""
    if shown.kpi.course is Course.STANDS:
        stood = [(step.last, values[whole].value) for step, whole in zip(steps, from_start(steps), strict=True)]
        return tuple((day, value) for day, value in stood if value is not None)
    above, below, line = ZERO, ZERO, []
    for step in steps:
        found = values[step]
        above += found.numerator
        below += found.denominator or ZERO
        if shown.kpi.adds_up:
            line.append((step.last, above))
        elif below:
            line.append((step.last, above / below))
    return tuple(line)


def _on_this_year(frame: Frame, line: Line) -> Line:
    """Last year's line moved to this year's dates (29 February joins the 28th); none if there was nothing."""
    if not any(value for _, value in line):
        return ()
    moved = {frame.year_on(day): value for day, value in line}
    return tuple((day, value) for day, value in moved.items() if day in frame.period)


def _pace(frame: Frame, goal: GoalProgress | None) -> Line:
    if goal is None:
        return ()
    ends = {step.last for step in frame.steps(frame.period)}
    return tuple((day, value) for day, value in goal.expected_curve() if day in ends)


def _projection(frame: Frame, actual: Line, goal: GoalProgress | None) -> Line:
    """From where it stands to where the goal's arithmetic sees it end, spread over the working time left."""
    if goal is None or not frame.running or goal.projected is None or goal.projected <= (goal.actual or ZERO):
        return ()
    left = [(day, weight) for day, weight in sorted(goal.spread.items()) if day > frame.today]
    total = sum((weight for _, weight in left), ZERO)
    if not total:
        return ()
    stands = actual[-1][1] if actual else ZERO
    ends = {step.last for step in frame.steps(frame.period)}
    reached, line = ZERO, [(frame.today, stands)]
    for day, weight in left:
        reached += weight
        if day in ends:
            line.append((day, stands + (goal.projected - stands) * reached / total))
    return tuple(line)
