"""How goals stand: their figures asked for together, their pace in their own people's working days."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from goals import pacing, status
from goals.models import Goal
from goals.pacing import Clock, Pace
from goals.status import Verdict
from goals.worktime import WorkTime
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Dimension, Unit
from kpi_tracker.kpis.metrics import AnyKpi, Course, Direction, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiValue
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import DAY, Period
from kpi_tracker.rollups.reader import ask_all

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class GoalProgress:
    """One goal's figures on one day.

    actual: the KPI from the goal's first day to today; None where there is none to give. pace: None for goals
    without one (ratios, means, and KPIs of which less is better). records: what a ratio is taken over, else what was
    counted. projected: where the period ends at the rate so far; None for ratios. weights: working time by day.
    """

    goal: Goal
    kpi: AnyKpi
    today: dt.date
    value: KpiValue
    weights: Mapping[dt.date, Decimal]
    clock: Clock
    pace: Pace | None
    projected: Decimal | None
    records: int
    verdict: Verdict

    @property
    def actual(self) -> Decimal | None:
        return self.value.value

    @property
    def target(self) -> Decimal:
        return self.goal.target

    @property
    def attainment(self) -> Decimal | None:
        return None if self.actual is None else pacing.attainment(self.actual, self.target)

    @property
    def gap(self) -> Decimal | None:
        """What is missing to the target, 0 once it is reached."""
        return None if self.actual is None else max(self.target - self.actual, ZERO)

    @property
    def expected_share(self) -> Decimal | None:
        """Where the mark of the bar stands: what is due by now, as a share of the target."""
        return None if self.pace is None or not self.target else self.pace.expected / self.target

    def expected_curve(self) -> list[tuple[dt.date, Decimal]]:
        """What is due by the end of each day; empty for goals without a pace."""
        return pacing.expected_curve(self.target, self.weights) if self.pace else []


def has_pace(kpi: AnyKpi) -> bool:
    """Whether a goal of this KPI fills up over its period: counts and sums of which more is better."""
    return kpi.adds_up and kpi.direction is Direction.UP


def progress(
    organisation: Organisation, goals: Sequence[Goal], *, today: dt.date, today_counts: bool = False,
    known: Mapping[int, KpiValue] | None = None, worktime: WorkTime | None = None,
) -> dict[int, GoalProgress]:
    """The standing of each goal on `today`, by its id. The queries do not grow with the goals, but with customers that have any.

    today_counts: whether the running day is over. While it is not, what is due by now ends with yesterday, so that
    nobody is behind in the morning for work that the day has yet to bring; reports of past days count the day.
    known: values to date that the caller has already asked for, by goal id; worktime: the working time it has read, of these periods.
    """
    if not goals:
        return {}
    values = dict(known or {})
    values |= _values(organisation, [goal for goal in goals if goal.id not in values], today=today)
    worktime = worktime or WorkTime(organisation, [goal.period for goal in goals])
    return {
        goal.id: _standing(goal, values[goal.id], worktime.weights(goal.subject, goal.period), today=today, today_counts=today_counts)
        for goal in goals
    }


def _standing(
    goal: Goal, value: KpiValue, weights: Mapping[dt.date, Decimal], *, today: dt.date, today_counts: bool
) -> GoalProgress:
    kpi = registry.kpi(goal.kpi, goal.organisation)
    at = pacing.clock(weights, today=today, today_counts=today_counts)
    target, pace, records = goal.target, None, value.count
    if kpi.adds_up:
        pace = pacing.pace(target=target, actual=value.numerator, at=at)
        if kpi.direction is Direction.UP:
            is_count = kpi.unit is Unit.COUNT
            verdict = status.of_reach(target=target, actual=value.numerator, records=records, is_count=is_count, at=at, pace=pace)
        else:
            verdict = status.of_limit(target=target, actual=value.numerator, records=records, at=at, pace=pace)
    else:
        records = int(value.denominator or 0) if kpi.course is Course.LEVELS else status.FEW_RECORDS
        lower = kpi.direction is Direction.DOWN
        verdict = status.of_level(target=target, actual=value.value, records=records, at=at, lower_is_better=lower)
    return GoalProgress(
        goal=goal, kpi=kpi, today=today, value=value, weights=weights, clock=at, pace=pace if has_pace(kpi) else None,
        projected=pace.projected if pace else None, records=records, verdict=verdict,
    )


def to_date(period: Period, today: dt.date) -> Period | None:
    """The part of `period` up to and with today; None before it begins. Records dated ahead do not count yet."""
    return Period(period.start, min(period.end, today + DAY)) if today >= period.start else None


def _asked_span(goal: Goal, today: dt.date) -> Period | None:
    """Growth and coverage are asked of the whole period: the KPI itself knows how much of a running one has gone."""
    gone = to_date(goal.period, today)
    return goal.period if gone and registry.kpi(goal.kpi, goal.organisation).course is Course.WHOLE else gone


def _values(organisation: Organisation, goals: Sequence[Goal], *, today: dt.date) -> dict[int, KpiValue]:
    """Each goal's value to date. All reps' (and teams') goals are asked for at once."""
    groups: dict[tuple[SubjectKind, int], list[Goal]] = defaultdict(list)
    for goal in goals:
        kind = goal.subject.kind
        together = kind in (SubjectKind.REP, SubjectKind.TEAM)
        groups[kind, 0 if together else goal.subject.id].append(goal)
    asked = [_question(group, kind, today) for (kind, _), group in groups.items()]
    needed = [question for question in asked if question.spans]
    answers = iter(ask_all(organisation, needed, today=today) if needed else [])
    found: dict[int, KpiValue] = {}
    for group, question in zip(groups.values(), asked, strict=True):
        table = next(answers) if question.spans else {}
        for goal in group:
            span = _asked_span(goal, today)
            member = goal.subject.id if question.by else None
            value = table.get((goal.kpi, span, member)) if span else None
            found[goal.id] = value or _nothing(registry.kpi(goal.kpi, goal.organisation))
    return found


def _question(goals: Sequence[Goal], kind: SubjectKind, today: dt.date) -> KpiQuery:
    """One question for the goals of a kind of subject; without spans where none of them has begun."""
    spans = (_asked_span(goal, today) for goal in goals)
    subject, by = _subject_of(goals, kind)
    kpis, asked = dict.fromkeys(goal.kpi for goal in goals), dict.fromkeys(span for span in spans if span)
    return KpiQuery(kpis=tuple(kpis), subject=subject, spans=tuple(asked), by=by)


def _subject_of(group: Sequence[Goal], kind: SubjectKind) -> tuple[Subject, Dimension | None]:
    if len({goal.subject for goal in group}) == 1:
        return group[0].subject, None
    return Subject(SubjectKind.ORGANISATION), Dimension.REP if kind is SubjectKind.REP else Dimension.TEAM


def _nothing(kpi: AnyKpi) -> KpiValue:
    return KpiValue(value=ZERO if kpi.adds_up else None, numerator=ZERO)
