"""A rep's day as data: what is still owed by the evening, how the own goals stand, what waits for an answer, which lever pays.

Every figure of the page is asked for in one question.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import dropwhile

from django.db.models import Exists, OuterRef, Q, Subquery

from goals.forecast_reading import GoalForecast, earlier_periods, goal_forecast, looked_at
from goals.models import IN_FORCE, Answer, Goal, GoalVersion, Kind, Participant, State
from goals.my_day_curve import SmallCurve, small_curve, steps
from goals.my_day_feed import Event, came_in
from goals.my_day_owed import FEWEST_DAYS, Lever, Owed, TooFew, WorkDay, lever, most_owed, owed, work_day
from goals.progress import GoalProgress, has_pace, progress, to_date
from goals.worktime import WorkTime
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Fact, Measure, Unit
from kpi_tracker.kpis.metrics import AnyKpi, Category, Course, Direction, SimpleKpi, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable, KpiValue
from kpi_tracker.orgs.models import Organisation, Rep
from kpi_tracker.orgs.workdays import working_time
from kpi_tracker.periods import DAY, Grain, Period, add_months
from kpi_tracker.rollups.reader import ask_all
from kpi_tracker.scope import Scope

ZERO = Decimal(0)
# What is usual: of the last two months.
USUAL_DAYS = 60
LEVER_DAYS = 180
LEVER_KPIS = ("first_meetings_held", "meeting_hit_rate", "average_deal_value")
# How far the next working day is looked for, and the last one.
AHEAD, BACK = dt.timedelta(days=200), dt.timedelta(days=60)
PERIODS_BACK = 12
# The count that a count is usually made from.
MADE_FROM = {"conversations": "calls", "meetings_booked": "conversations"}


@dataclass(frozen=True, slots=True)
class Mine:
    """A running goal of the rep. standing: the rep's own: of a goal that several share, of the rep's share of it."""

    goal: Goal
    standing: GoalProgress
    curve: SmallCurve

    @property
    def shared(self) -> bool:
        return self.goal.pk != self.standing.goal.pk


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of the row's records come from one of another count, today and usually; None where there was none of that."""

    made_from: AnyKpi
    today: Decimal | None
    usual: Decimal | None


@dataclass(frozen=True, slots=True)
class Todo:
    """A row of what is owed. goal: the one to open."""

    goal: Goal
    kpi: AnyKpi
    owed: Owed
    rate: Rate | None


@dataclass(frozen=True, slots=True)
class Level:
    """A rate to keep: its value in the goal's period, and what is usual."""

    mine: Mine
    usual: Decimal | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A goal that waits for the rep's answer. asked: the rep's part of it, in the KPI's unit; whole: what the goal asks in all.

    known: in how many earlier periods there was a value; better: in how many of them as much was reached.
    """

    goal: Goal
    kpi: AnyKpi
    asked: Decimal
    whole: Decimal | None
    proposed_by: str
    known: int
    better: int


@dataclass(frozen=True, slots=True)
class MyDay:
    """usual_span, lever_span: the days that usual figures and the lever are of."""

    scope: Scope
    rep: Rep
    at: WorkDay
    todo: tuple[Todo, ...]
    levels: tuple[Level, ...]
    main: Mine | None
    forecast: GoalForecast | None
    others: tuple[Mine, ...]
    waiting: tuple[Waiting, ...]
    came_in: tuple[Event, ...]
    usual_span: Period
    lever: Lever | TooFew
    lever_span: Period


def rep_get(scope: Scope, rep_id: int) -> Rep | None:
    """Of the organisation; whether the rep's figures may be seen is for the caller to ask."""
    found: Rep | None = Rep.objects.filter(organisation=scope.organisation, id=rep_id, is_unassigned=False).first()
    return found


def my_day(scope: Scope, rep: Rep, *, today: dt.date) -> MyDay:
    organisation = scope.organisation
    goals = _goals(scope, rep, today)
    month = organisation.calendar.bucket(Grain.MONTH, today)
    around = Period(month.start - BACK - DAY * USUAL_DAYS, today + AHEAD)
    weights = working_time(organisation, around, rep_id=rep.pk)
    at = work_day(weights, month, today)
    usual_span, lever_span = Period(today - DAY * USUAL_DAYS, today), Period(today - DAY * LEVER_DAYS, today)
    running = [(goal, _mine(goal, rep)) for goal in goals if goal.state in IN_FORCE and today in goal.period]
    concerned = scope.rep_id == rep.pk or scope.may_set_goals
    waiting = [goal for goal in goals if concerned and _waits(goal)]
    worktime = WorkTime(organisation, [month, *(looked_at(goal.period) for goal, _ in running)])
    table = _ask(organisation, rep, running, waiting, today, [usual_span, lever_span])
    known = {one.pk: value for _, one in running if (value := table.get((one.kpi, _span(one, today), None))) is not None}
    standings = progress(organisation, [one for _, one in running], today=today, known=known, worktime=worktime)
    mine = [_with_curve(goal, standings[one.pk], table) for goal, one in running]
    main = _main(mine, organisation)
    worked = sum(1 for day in usual_span.days() if weights.get(day))
    return MyDay(
        scope=scope, rep=rep, at=at, todo=_todo(mine, at, table, usual_span, worked),
        levels=tuple(Level(one, table[one.goal.kpi, usual_span, None].value) for one in mine if one.standing.kpi.course is Course.LEVELS),
        main=main, forecast=goal_forecast(main.standing, worktime) if main else None,
        others=tuple(one for one in mine if one is not main),
        waiting=tuple(_waiting(goal, rep, table, today) for goal in waiting),
        came_in=came_in(scope, rep, since=at.before, today=today), usual_span=usual_span,
        lever=lever({key: table[key, lever_span, None] for key in LEVER_KPIS}), lever_span=lever_span,
    )


def _goals(scope: Scope, rep: Rep, today: dt.date) -> list[Goal]:
    """The rep's goals that are not over, own and shared, with what an answer needs. One question."""
    organisation = scope.organisation
    newer = GoalVersion.objects.filter(organisation=organisation, goal=OuterRef("goal"), number__gt=OuterRef("number"))
    pending = GoalVersion.objects.filter(
        ~Exists(newer), organisation=organisation, goal=OuterRef("pk"), in_force=False, withdrawn=False
    )
    answers = Answer.objects.filter(organisation=organisation, rep=rep)
    share = Participant.objects.filter(organisation=organisation, goal=OuterRef("pk"), rep=rep).values("share")[:1]
    found = Goal.objects.filter(organisation=organisation, ends_on__gt=today, state__in=[State.PROPOSED, *IN_FORCE]).annotate(
        share=Subquery(share), pending=Subquery(pending.values("pk")[:1]), pending_target=Subquery(pending.values("target")[:1]),
        shares=Subquery(pending.values("shares")[:1]), proposed_by=Subquery(pending.values("author__first_name")[:1]),
        proposed_by_last=Subquery(pending.values("author__last_name")[:1]), answered=Exists(answers.filter(version=OuterRef("pending"))),
    ).filter(Q(rep=rep) | Q(share__isnull=False))
    found = found.select_related("organisation", "team", "rep", "customer").order_by("ends_on", "starts_on", "kpi", "id")
    return [goal for goal in found if SubjectKind.REP in registry.kpi(goal.kpi, organisation).subjects]


def _waits(goal: Goal) -> bool:
    return (goal.state == State.PROPOSED or goal.pending is not None) and not goal.answered  # type: ignore[attr-defined]


def _mine(goal: Goal, rep: Rep) -> Goal:
    """The goal as the rep's own: one that is shared asks the rep's share of the rep alone. Not to be saved."""
    share: Decimal | None = goal.share  # type: ignore[attr-defined]
    if goal.rep_id == rep.pk or share is None:
        return goal
    return Goal(
        id=-goal.pk, organisation=goal.organisation, kpi=goal.kpi, kind=goal.kind, subject_kind=SubjectKind.REP, rep=rep,
        starts_on=goal.starts_on, ends_on=goal.ends_on, target=share, distribution=goal.distribution, shape=goal.shape, prorated=True,
    )


def _span(goal: Goal, today: dt.date) -> Period:
    """The days that a running goal's value is of."""
    gone = to_date(goal.period, today)
    return goal.period if gone is None or registry.kpi(goal.kpi, goal.organisation).course is Course.WHOLE else gone


def is_day_work(kpi: AnyKpi) -> bool:
    """Whether it counts what a rep can do today: activities, rather than what becomes of them."""
    if not (isinstance(kpi, SimpleKpi) and isinstance(kpi.measure, Measure) and has_pace(kpi) and kpi.unit is Unit.COUNT):
        return False
    return kpi.category is Category.ACTIVITY or kpi.measure.fact is Fact.ACTIVITY


def _ask(
    organisation: Organisation, rep: Rep, running: list[tuple[Goal, Goal]], waiting: list[Goal], today: dt.date, usual: list[Period]
) -> KpiTable:
    """Every figure of the page."""
    subject, asked = Subject(SubjectKind.REP, rep.pk), dict[tuple[Period, ...], list[str]]()

    def want(keys: Iterable[str], spans: Iterable[Period]) -> None:
        if found := tuple(dict.fromkeys(spans)):
            asked.setdefault(found, []).extend(keys)

    for _, goal in running:
        kpi = registry.kpi(goal.kpi, organisation)
        want([goal.kpi], [_span(goal, today), *_steps(goal, kpi, today)])
        if is_day_work(kpi) or kpi.course is Course.LEVELS:
            want([goal.kpi, *(key for key in [MADE_FROM.get(goal.kpi)] if key)], [Period(today, today + DAY), usual[0]])
    for goal in waiting:
        want([goal.kpi], _past(goal, today))
    want(LEVER_KPIS, usual[1:])
    questions = [KpiQuery(tuple(dict.fromkeys(keys)), subject, spans) for spans, keys in asked.items()]
    found: KpiTable = {}
    for table in ask_all(organisation, questions, today=today):
        found |= table
    return found


def _steps(goal: Goal, kpi: AnyKpi, today: dt.date) -> list[Period]:
    return steps(goal.period, kpi, goal.organisation.calendar, today)


def _with_curve(goal: Goal, standing: GoalProgress, table: KpiTable) -> Mine:
    own = standing.goal
    values = {span: table[own.kpi, span, None] for span in _steps(own, standing.kpi, standing.today)}
    return Mine(goal, standing, small_curve(standing, values))


def _todo(mine: list[Mine], at: WorkDay, table: KpiTable, usual_span: Period, worked: int) -> tuple[Todo, ...]:
    """In the order of the catalogue."""
    today = Period(at.today, at.today + DAY)
    order = [kpi.key for kpi in registry.kpis_of(mine[0].goal.organisation)] if mine else []

    def a_day(key: str) -> Decimal | None:
        return table[key, usual_span, None].numerator / worked if worked >= FEWEST_DAYS else None

    def rate(key: str) -> Rate | None:
        below = MADE_FROM.get(key)
        if below is None or not mine:
            return None
        return Rate(registry.kpi(below, mine[0].goal.organisation), _over(table, key, below, today), _over(table, key, below, usual_span))

    rows, goals = list[Owed](), dict[int | None, Goal]()
    for one in sorted(mine, key=lambda one: order.index(one.goal.kpi)):
        if is_day_work(one.standing.kpi):
            done = table[one.goal.kpi, today, None].numerator
            if (row := owed(one.standing, at, done_today=done, usual=a_day(one.goal.kpi))) is not None:
                rows.append(row)
                goals[one.standing.goal.pk] = one.goal
    return tuple(
        Todo(goals[row.standing.goal.pk], row.standing.kpi, row, rate(row.standing.goal.kpi)) for row in most_owed(rows)
    )


def _over(table: KpiTable, above: str, below: str, span: Period) -> Decimal | None:
    under = table[below, span, None].numerator
    return table[above, span, None].numerator / under if under else None


def _main(mine: list[Mine], organisation: Organisation) -> Mine | None:
    """The result goal that the page is led by: revenue before other money before counts, of the month before the quarter."""
    calendar = organisation.calendar

    def rank(one: Mine) -> tuple[bool, bool, int, dt.date, int]:
        grains = [Grain.MONTH, Grain.QUARTER, Grain.WEEK, Grain.YEAR]
        of = next((i for i, grain in enumerate(grains) if calendar.bucket(grain, one.goal.starts_on) == one.goal.period), len(grains))
        return one.goal.kpi != "revenue", one.standing.kpi.unit is not Unit.MONEY, of, one.goal.ends_on, one.goal.pk

    results = [one for one in mine if one.standing.pace is not None and not is_day_work(one.standing.kpi)]
    return min(results, key=rank, default=None)


def _past(goal: Goal, today: dt.date) -> list[Period]:
    """The last periods like the goal's that are over, oldest first."""
    calendar, period = goal.organisation.calendar, goal.period
    since = add_months(period.start, -12 * (6 if len(period) > 31 else 2))
    return [one for one in earlier_periods(calendar, period, since=since) if one.end <= today][-PERIODS_BACK:]


def _waiting(goal: Goal, rep: Rep, table: KpiTable, today: dt.date) -> Waiting:
    kpi = registry.kpi(goal.kpi, goal.organisation)
    share, pending = goal.share, goal.pending_target  # type: ignore[attr-defined]
    if offered := (goal.shares or {}).get(str(rep.pk)):  # type: ignore[attr-defined]
        share = Decimal(offered)
    whole = pending if pending is not None else goal.target
    asked = share if share is not None else whole
    values = [table[goal.kpi, span, None] for span in _past(goal, today)]
    known = [value.value for value in dropwhile(_is_nothing, values) if value.value is not None]
    down = kpi.direction is Direction.DOWN or goal.kind == Kind.BELOW
    better = sum(1 for value in known if (value <= asked if down else value >= asked))
    by = f"{goal.proposed_by or ''} {goal.proposed_by_last or ''}".strip()  # type: ignore[attr-defined]
    return Waiting(goal, kpi, asked, whole if share is not None and goal.rep_id is None else None, by, len(known), better)


def _is_nothing(value: KpiValue) -> bool:
    return not value.value
