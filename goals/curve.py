"""The curve of one goal over its own period: actual, pace, where it leads at this rate, last year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from goals.asked import year_before
from goals.progress import GoalProgress, to_date
from kpi_tracker.kpis.metrics import Course
from kpi_tracker.kpis.query import KpiQuery, KpiValue
from kpi_tracker.periods import Grain, Period
from kpi_tracker.rollups.reader import ask

ZERO = Decimal(0)
# Longer periods step by weeks: a table of their days would say nothing.
MOST_DAYS = 100
Line = tuple[tuple[dt.date, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One day or week: what came in it, what it is in total by its end, what was due by then. None: not yet, or none."""

    period: Period
    value: Decimal | None
    total: Decimal | None
    due: Decimal | None
    works: bool


@dataclass(frozen=True, slots=True)
class GoalCurve:
    by_week: bool
    steps: tuple[Step, ...]
    actual: Line
    due: Line
    projection: Line
    last_year: Line


def goal_curve(standing: GoalProgress) -> GoalCurve | None:
    """Read the goal's own period and the one a year before, in one question. None for KPIs of whole periods only."""
    goal = standing.goal
    if standing.kpi.course is Course.WHOLE:
        return None
    calendar, period = goal.organisation.calendar, goal.period
    grain = Grain.DAY if len(period) <= MOST_DAYS else Grain.WEEK
    gone = to_date(period, standing.today)
    past = calendar.clipped(grain, gone) if gone else []
    before = year_before(calendar, period)
    before_steps = calendar.clipped(grain, before)
    asked = [*past, *before_steps]
    if standing.kpi.course is Course.STANDS:
        asked += [*from_start(past), *from_start(before_steps)]
    query = KpiQuery(kpis=(goal.kpi,), subject=goal.subject, spans=tuple(dict.fromkeys(asked)))
    table = ask(goal.organisation, query, today=standing.today)
    values = {span: table[goal.kpi, span, None] for span in query.spans}
    totals = _totals(standing, past, values)
    shift = period.start - before.start
    moved = [(span.last + shift, total) for span, total in _totals(standing, before_steps, values).items() if total is not None]
    due = dict(standing.expected_curve())
    steps = tuple(
        Step(
            period=span, value=values[one].value if (one := _same_start(span, past)) else None, total=totals.get(one) if one else None,
            due=due.get(span.last), works=any(standing.weights[day] for day in span.days()),
        )
        for span in calendar.clipped(grain, period)
    )
    return GoalCurve(
        by_week=grain is Grain.WEEK, steps=steps,
        actual=tuple((span.last, total) for span, total in totals.items() if total is not None),
        due=tuple((step.period.last, step.due) for step in steps if step.due is not None),
        projection=_projection(standing, [step.period.last for step in steps]),
        last_year=tuple((day, total) for day, total in moved if day in period) if any(total for _, total in moved) else (),
    )


def _same_start(span: Period, past: Sequence[Period]) -> Period | None:
    """The part of `span` that has gone: the running week ends with today."""
    return next((one for one in past if one.start == span.start), None)


def _totals(standing: GoalProgress, steps: Sequence[Period], values: Mapping[Period, KpiValue]) -> dict[Period, Decimal | None]:
    """The value from the first step to the end of each; ratios from the sums of their parts, never from ratios."""
    if standing.kpi.course is Course.STANDS:
        return {step: values[whole].value for step, whole in zip(steps, from_start(steps), strict=True)}
    above, below, found = ZERO, ZERO, dict[Period, Decimal | None]()
    for step in steps:
        above += values[step].numerator
        below += values[step].denominator or ZERO
        found[step] = above if standing.kpi.adds_up else above / below if below else None
    return found


def from_start(steps: Sequence[Period]) -> list[Period]:
    """From the first step to the end of each."""
    return [Period(steps[0].start, step.end) for step in steps]


def _projection(standing: GoalProgress, ends: Sequence[dt.date]) -> Line:
    """From where it stands to where this rate leads, spread over the working time that is left."""
    stands, projected, today = standing.actual, standing.projected, standing.today
    if stands is None or projected is None or standing.clock.over or projected <= stands:
        return ()
    left = [(day, weight) for day, weight in sorted(standing.spread.items()) if day > today]
    total = sum((weight for _, weight in left), ZERO)
    reached, line = ZERO, [(today, stands)]
    for day, weight in left:
        reached += weight
        if day in ends and total:
            line.append((day, stands + (projected - stands) * reached / total))
    return tuple(line) if len(line) > 1 else ()
