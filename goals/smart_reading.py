"""What a goal that is being written is compared with: all read in one question to the KPI layer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median

from goals import baseline, shapes
from goals.asked import Asked, Draft, asked, ended, spans_of, year_before
from goals.baseline import Baseline
from goals.curve import MOST_DAYS
from goals.kinds import grown
from goals.models import Distribution, Goal, Kind
from goals.services import LONGEST_DAYS
from goals.terms import LEAST_GROWTH, MOST_GROWTH
from goals.worktime import WorkTime
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.catalogue import DEALS_WON, NO_AMOUNT, WON_MEASURE
from kpi_tracker.kpis.measures import Measure
from kpi_tracker.kpis.metrics import AnyKpi, Course, SubjectKind, measures_of
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable, KpiValue
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.workdays import work_week
from kpi_tracker.periods import DAY, Grain, Period, whole
from kpi_tracker.rollups.reader import ask

RECENT_DAYS, QUARTER_DAYS = 30, 90
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Writing:
    """A goal that is being written, as far as it can be read. stretch: of one that grows, the growth. teams: how many take part."""

    kpi: AnyKpi | None = None
    subject: Subject | None = None
    period: Period | None = None
    kind: Kind = Kind.REACH
    target: Decimal | None = None
    growth: Decimal | None = None
    stretch: Decimal | None = None
    baseline: Period | None = None
    distribution: Distribution = Distribution.WORKING_DAYS
    shape: Mapping[str, str] = field(default_factory=dict)
    participants: Mapping[int, Decimal | None] | None = None
    teams: int = 0
    goal: Goal | None = None


@dataclass(frozen=True, slots=True)
class Recent:
    """Records of the KPI in the last 30 and 90 days, the latest day with any (None: unknown, or none), and the share with an amount.

    readable: whether records are counted at all; of a formula only whether it has a value.
    """

    in_month: int
    in_quarter: int
    latest: dt.date | None = None
    with_amount: Decimal | None = None
    readable: bool = True
    has_value: bool = True


@dataclass(frozen=True, slots=True)
class Answers:
    asked: int
    accepted: int = 0
    countered: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """growths: of earlier periods, each against a year before, oldest first. days_before: working days of the year before.

    closing: the organisation's closing days in the period. last_year: running totals, moved to the goal's own days. problem: why the
    shape that was chosen cannot be had.
    """

    organisation: Organisation
    writing: Writing
    asked: Asked
    baseline: Baseline | None
    stretch: Decimal | None
    growths: tuple[tuple[Period, Decimal], ...]
    recent: Recent
    days_before: int
    closing: int
    answers: Answers
    weights: Mapping[dt.date, Decimal]
    last_year: tuple[tuple[dt.date, Decimal], ...]
    today: dt.date
    problem: str = ""

    @property
    def usual_growth(self) -> Decimal | None:
        return median(growth for _, growth in self.growths) if self.growths else None


@dataclass(frozen=True, slots=True)
class _Question:
    """The spans that are read, by what they are read for."""

    earlier: tuple[Period, ...]
    years_before: Mapping[Period, Period]
    baseline: Period | None
    month: Period
    quarter: Period
    days: tuple[Period, ...]
    steps: tuple[Period, ...]
    shape: tuple[Period, ...]

    @property
    def spans(self) -> tuple[Period, ...]:
        alone = [self.month, self.quarter, *([self.baseline] if self.baseline else [])]
        return tuple(dict.fromkeys([*self.earlier, *self.years_before.values(), *alone, *self.days, *self.steps, *self.shape]))


def reading(organisation: Organisation, writing: Writing, *, today: dt.date) -> Reading | None:
    """None where KPI, scope and period are not known yet, or do not go together."""
    kpi, subject, period = writing.kpi, writing.subject, writing.period
    if kpi is None or subject is None or period is None or subject.kind not in kpi.subjects or len(period) > LONGEST_DAYS:
        return None
    question = _question(organisation, writing, kpi, period, today)
    won = _needs_amount(kpi)
    kpis = (kpi.key, DEALS_WON.key) if won else (kpi.key,)
    table = ask(organisation, KpiQuery(kpis=kpis, subject=subject, spans=question.spans), today=today)
    found = _baseline(writing, kpi, question, table)
    target, stretch = _amounts(writing, kpi, found)
    shape, problem = _shape(organisation, writing, question, table, period, today)
    before = year_before(organisation.calendar, period)
    worktime = WorkTime(organisation, [whole([before, period])])
    draft = Draft(kpi.key, subject, period, target, writing.kind, writing.distribution, shape)
    ramp = int(shape["months"]) if writing.distribution is Distribution.RAMP and shape.get("months", "").isdecimal() else 0
    week = work_week(organisation)
    return Reading(
        organisation=organisation, writing=writing, baseline=found, stretch=stretch,
        asked=asked(organisation, draft, today=today, worktime=worktime, table=table),
        growths=_growths(kpi, question, table), recent=_recent(kpi, question, table, counted_with=DEALS_WON.key if won else ""),
        days_before=sum(1 for weight in worktime.weights(subject, before).values() if weight),
        closing=sum(1 for day in week.closed if day in period and day.isoweekday() in week.weekdays and not week.is_holiday(day)),
        answers=_answers(writing), weights=worktime.weights(subject, period, ramp=min(ramp, shapes.MOST_RAMP_MONTHS)),
        last_year=_last_year(kpi, question.steps, table, before, period), today=today, problem=problem,
    )


def _question(organisation: Organisation, writing: Writing, kpi: AnyKpi, period: Period, today: dt.date) -> _Question:
    calendar = organisation.calendar
    before = year_before(calendar, period)
    fills = kpi.course in (Course.FILLS, Course.LEVELS)
    customer = writing.subject is not None and writing.subject.kind is SubjectKind.CUSTOMER  # read from the records, span by span
    by_day = len(period) <= MOST_DAYS and not customer
    steps = calendar.clipped(Grain.DAY if by_day else Grain.WEEK, before) if fills else []
    grows = writing.kind is Kind.GROWTH
    quarter = Period(today + DAY - QUARTER_DAYS * DAY, today + DAY)
    return _Question(
        earlier=spans_of(calendar, period, today),
        years_before={one: year_before(calendar, one) for one in ended(calendar, period, today)} if kpi.course is not Course.WHOLE else {},
        baseline=(writing.baseline or baseline.usual_period(calendar, period, today=today)) if grows else None,
        month=Period(today + DAY - RECENT_DAYS * DAY, today + DAY), quarter=quarter,
        days=tuple(Period(day, day + DAY) for day in quarter.days()) if fills and not customer else (),
        steps=tuple(steps),
        shape=tuple(shapes.last_year_spans(calendar, period)) if writing.distribution is Distribution.LAST_YEAR and fills else (),
    )


def _needs_amount(kpi: AnyKpi) -> bool:
    """Whether it is about deals won and leaves out those without an amount."""
    measures = measures_of(kpi)
    return any(
        isinstance(one, Measure) and NO_AMOUNT in one.requires and one.where == WON_MEASURE.where and one.day == WON_MEASURE.day
        for one in measures[:1]
    )


def _baseline(writing: Writing, kpi: AnyKpi, question: _Question, table: KpiTable) -> Baseline | None:
    """A goal that is kept as it is keeps what was frozen."""
    goal = writing.goal
    if question.baseline is None:
        return None
    if goal is not None and goal.baseline_period == question.baseline and (goal.kpi, goal.subject) == (kpi.key, writing.subject):
        return Baseline(question.baseline, goal.baseline, goal.baseline_records or 0)
    return baseline.of_value(kpi, question.baseline, table[kpi.key, question.baseline, None])


def _amounts(writing: Writing, kpi: AnyKpi, found: Baseline | None) -> tuple[Decimal | None, Decimal | None]:
    """Target and stretch in the KPI's unit; None where there is none yet."""
    if writing.kind is not Kind.GROWTH:
        target = writing.target if writing.target is not None and writing.target > 0 else None
        return target, writing.stretch
    start = found.value if found else None

    def of(growth: Decimal | None) -> Decimal | None:
        known = growth is not None and start is not None and start > 0 and LEAST_GROWTH <= growth <= MOST_GROWTH
        return grown(start, growth, kpi) if known and start is not None and growth is not None else None

    return of(writing.growth), of(writing.stretch)


def _shape(
    organisation: Organisation, writing: Writing, question: _Question, table: KpiTable, period: Period, today: dt.date
) -> tuple[Mapping[str, str], str]:
    """The shape as it would be kept, or why there is none."""
    try:
        if writing.distribution is not Distribution.LAST_YEAR:
            return shapes.check(writing.distribution, writing.shape, period), ""
        if writing.shape or writing.kpi is None:
            return writing.shape, ""
        values = {span: table[writing.kpi.key, span, None].numerator for span in question.shape}
        return shapes.frozen(organisation, values, period, today=today), ""
    except InvalidInput as wrong:
        return {}, wrong.message


def _growths(kpi: AnyKpi, question: _Question, table: KpiTable) -> tuple[tuple[Period, Decimal], ...]:
    """Nothing is said to have grown from the period in which the records begin: it may not be whole."""
    found, begun, first = list[tuple[Period, Decimal]](), False, True
    for now, then in sorted(question.years_before.items()):
        value, base = table[kpi.key, now, None].value, table[kpi.key, then, None].value
        if base is not None and base > 0:
            if value is not None and (begun or first):
                found.append((now, value / base - 1))
            begun = True
        first = False
    return tuple(found)


def _recent(kpi: AnyKpi, question: _Question, table: KpiTable, *, counted_with: str) -> Recent:
    month, quarter = table[kpi.key, question.month, None], table[kpi.key, question.quarter, None]
    latest = max((day.start for day in question.days if _records(kpi, table[kpi.key, day, None])), default=None)
    share = None
    if counted_with:
        won = table[counted_with, question.quarter, None].count
        # Of an average the amounts are counted below the line.
        counted = quarter.count if kpi.course is Course.FILLS else int(quarter.denominator or 0)
        share = Decimal(min(counted, won)) / won if won else None
    return Recent(
        _records(kpi, month), _records(kpi, quarter), latest, share, readable=kpi.course in (Course.FILLS, Course.LEVELS),
        has_value=quarter.value is not None,
    )


def _records(kpi: AnyKpi, value: KpiValue) -> int:
    return int(value.denominator or 0) if kpi.course is Course.LEVELS else value.count


def _answers(writing: Writing) -> Answers:
    """Of the last version of a goal that exists."""
    number = len(writing.participants or {})
    if writing.goal is None or writing.participants is None:
        return Answers(number)
    version = writing.goal.versions.order_by("-number").first()
    given = version.answers.filter(rep_id__in=writing.participants).values_list("counter", flat=True) if version else ()
    return Answers(number, sum(1 for counter in given if counter is None), sum(1 for counter in given if counter is not None))


def _last_year(
    kpi: AnyKpi, steps: Sequence[Period], table: KpiTable, before: Period, period: Period
) -> tuple[tuple[dt.date, Decimal], ...]:
    """The running total (of a ratio: the ratio so far) at the end of each step, on the days of the goal's own period."""
    above, below, found = ZERO, ZERO, list[tuple[dt.date, Decimal]]()
    shift = period.start - before.start
    for step in steps:
        value = table[kpi.key, step, None]
        above += value.numerator
        below += value.denominator or ZERO
        day = step.last + shift
        if day in period and (kpi.adds_up or below):
            found.append((day, above if kpi.adds_up else above / below))
    return tuple(found) if any(value for _, value in found) else ()
