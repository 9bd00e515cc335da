"""How goals stand: their figures asked for together, their pace in their own people's working days."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from goals import distribution, pacing, status
from goals.models import Distribution, Goal, Kind, Participant
from goals.pacing import Clock, Pace, Steps, Weights
from goals.status import Status, Verdict
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
# An older status says nothing of today.
LOOKED_AT = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class GoalProgress:
    """One goal's figures on one day.

    target, stretch: what is asked as of today, less what days away take out of it. steps: what was asked before, likewise.
    actual: the KPI from the goal's first day to today; None where there is none to give. pace: None for goals
    without one (levels, and limits not to pass). records: what a ratio is taken over, else what was
    counted. projected: where the period ends at the rate so far; None for ratios. weights: working time by day; spread: what the
    goal asks of each. before: how it stood at the end of the last day that was looked at.
    """

    goal: Goal
    kpi: AnyKpi
    today: dt.date
    target: Decimal
    value: KpiValue
    weights: Weights
    spread: Weights
    clock: Clock
    pace: Pace | None
    projected: Decimal | None
    records: int
    verdict: Verdict
    stretch: Decimal | None = None
    steps: Steps = ()
    before: Status | None = None

    @property
    def actual(self) -> Decimal | None:
        return self.value.value

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
        return pacing.expected_curve(self.target, self.spread, self.steps) if self.pace else []

    @property
    def is_prorated(self) -> bool:
        """Whether days away have taken something out of the target."""
        return self.target != pacing.target_on(self.today, self.goal.target, self.goal.asked_since)


def has_pace(kpi: AnyKpi) -> bool:
    """Whether a goal to reach of this KPI fills up over its period: counts and sums of which more is better."""
    return kpi.adds_up and kpi.direction is Direction.UP


def lower_is_better(goal: Goal, kpi: AnyKpi) -> bool:
    """Whether the target is a limit from above; a goal that does not say goes by the KPI."""
    return goal.kind == Kind.BELOW or (goal.kind != Kind.ABOVE and kpi.direction is Direction.DOWN)


def fills_up(goal: Goal, kpi: AnyKpi) -> bool:
    return kpi.adds_up and not lower_is_better(goal, kpi)


def quantum(kpi: AnyKpi) -> Decimal:
    """The smallest part of a target: one whole, a hundredth of the currency, or a hundredth of a percent."""
    match kpi.unit:
        case Unit.COUNT:
            return Decimal(1)
        case Unit.MONEY:
            return Decimal("0.01")
        case _:
            return Decimal("0.0001")


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
    return {goal.id: _standing(goal, values[goal.id], worktime, today=today, today_counts=today_counts) for goal in goals}


def participants_progress(goal: Goal, participants: Iterable[Participant], *, today: dt.date) -> dict[int, GoalProgress]:
    """How each participant stands against the own share, by rep id: in the own working days, days away taken out."""
    shares = [
        Goal(
            id=-one.rep_id, organisation=goal.organisation, kpi=goal.kpi, kind=goal.kind, subject_kind=SubjectKind.REP, rep_id=one.rep_id,
            starts_on=goal.starts_on, ends_on=goal.ends_on, target=one.share, distribution=goal.distribution, shape=goal.shape,
            prorated=True,
        )
        for one in participants
    ]
    found = progress(goal.organisation, shares, today=today)
    return {share.subject.id: found[share.id] for share in shares}


def _standing(goal: Goal, value: KpiValue, worktime: WorkTime, *, today: dt.date, today_counts: bool) -> GoalProgress:
    kpi = registry.kpi(goal.kpi, goal.organisation)
    ramp = int(goal.shape.get("months", 0)) if goal.distribution == Distribution.RAMP else 0
    weights = worktime.weights(goal.subject, goal.period, ramp=ramp)
    spread = distribution.weights(goal, weights)
    at = pacing.clock(weights, today=today, today_counts=today_counts, spread=spread)
    target, stretch, steps = _asked(goal, kpi, worktime, ramp=ramp, today=today)
    before = _stood(goal, today)
    pace, records, lower = None, value.count, lower_is_better(goal, kpi)
    if kpi.adds_up:
        pace = pacing.pace(target=target, actual=value.numerator, at=at)
        if lower:
            verdict = status.of_limit(target=target, actual=value.numerator, records=records, at=at, pace=pace)
        else:
            is_count = kpi.unit is Unit.COUNT
            verdict = status.of_reach(
                target=target, actual=value.numerator, records=records, is_count=is_count, at=at, pace=pace, before=before
            )
    else:
        records = int(value.denominator or 0) if kpi.course is Course.LEVELS else status.FEW_RECORDS
        verdict = status.of_level(target=target, actual=value.value, records=records, at=at, lower_is_better=lower, before=before)
    return GoalProgress(
        goal=goal, kpi=kpi, today=today, target=target, stretch=stretch, steps=steps, value=value, weights=weights, spread=spread,
        clock=at, pace=pace if fills_up(goal, kpi) else None, projected=pace.projected if pace else None, records=records,
        verdict=verdict, before=before,
    )


def _asked(
    goal: Goal, kpi: AnyKpi, worktime: WorkTime, *, ramp: int, today: dt.date
) -> tuple[Decimal, Decimal | None, tuple[tuple[dt.date, Decimal], ...]]:
    """Target, stretch and earlier targets, for the time that the rep is there where the goal wants it so; a level is never prorated."""
    present = full = Decimal(1)
    if goal.prorated and kpi.adds_up and goal.subject.kind is SubjectKind.REP:
        present, full = worktime.present(goal.subject.id, goal.period, ramp=ramp)
    if present == full:
        return pacing.target_on(today, goal.target, goal.asked_since), goal.stretch, goal.asked_since

    def part(asked: Decimal) -> Decimal:
        return pacing.prorated(asked, present, full, quantum(kpi))

    steps = tuple((day, part(asked)) for day, asked in goal.asked_since)
    return pacing.target_on(today, part(goal.target), steps), None if goal.stretch is None else part(goal.stretch), steps


def _stood(goal: Goal, today: dt.date) -> Status | None:
    """How the goal stood on an earlier day of the last two weeks, if it was looked at."""
    if not goal.stood or goal.stood_on is None or not dt.timedelta(0) < today - goal.stood_on <= LOOKED_AT:
        return None
    return Status(goal.stood)


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
