"""What a goal came to, how it got there, and what that says about the next one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.db.models import Q

from goals.asked import earlier, year_before
from goals.forecast_reading import GoalForecast, goal_forecast, looked_at
from goals.models import IN_FORCE, Goal, Participant, State
from goals.progress import GoalProgress, lower_is_better, participants_progress, progress, quantum
from goals.selectors import about
from goals.sentences import grain_of
from goals.worktime import WorkTime
from kpi_tracker.kpis.metrics import AnyKpi, Course
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.periods import DAY, Period
from kpi_tracker.rollups.reader import ask, asked_together

ZERO, HALF = Decimal(0), Decimal("0.5")
# Further from its target than this, a goal asks too little or too much; nearer is a goal well set.
WELL_SET = Decimal("0.05")
# So far short, even one period says that it was too much.
FAR_SHORT = Decimal("0.3")
# What was reached in so many periods is what can be reached: fewer are chance, more are another time.
LOOKED_BACK = 3
EARLIER = 5
# How much of the working time is over where the goal is looked at again.
POINTS = (Decimal("0.25"), Decimal("0.5"), Decimal("0.75"))


class Move(StrEnum):
    """What the next goal should be, beside this one."""

    HARDER = "harder"
    SAME = "same"
    EASIER = "easier"


class Because(StrEnum):
    """Why; each has a sentence."""

    BEYOND = "beyond"  # reached by more than a little
    WELL_SET = "well_set"
    SHORT_AGAIN = "short_again"  # missed, as the one before
    FAR_SHORT = "far_short"
    ONE_MISS = "one_miss"
    NO_RESULT = "no_result"


@dataclass(frozen=True, slots=True)
class Past:
    """A goal of this kind that is over. result: as closed, else as known now. met: whether the target was reached, or kept to.

    days: the days of work that it was measured over. above, below: of ratios, what the value is made of.
    """

    goal: Goal
    target: Decimal
    result: Decimal | None
    met: bool
    days: Decimal
    above: Decimal = ZERO
    below: Decimal = ZERO

    @property
    def attainment(self) -> Decimal | None:
        return self.result / self.target if self.result is not None and self.target else None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The next target with its arithmetic.

    asked, came, base: per day of work for KPIs that add up, else the value itself: what this goal asked, what came in over `over`
    goals, and what the next one is reckoned with. exact = base × days (base itself for levels); target: exact, in round figures.
    """

    move: Move
    because: Because
    asked: Decimal
    came: Decimal | None
    over: int
    base: Decimal
    days: Decimal
    exact: Decimal
    target: Decimal


@dataclass(frozen=True, slots=True)
class Review:
    """along: how it stood on the days when a quarter, half and three quarters of the working time were over.

    halfway: the forecast of half way. of_people: how many took part, and how many of them reached their share. lost, possible: days
    of work lost to leave, and those that there would have been without. next_made: the goal of the next period, if there is one.
    """

    standing: GoalProgress
    this: Past
    before: tuple[Past, ...]
    along: tuple[GoalProgress, ...]
    halfway: GoalForecast | None
    reached_theirs: int
    of_people: int
    lost: Decimal
    possible: Decimal
    next_period: Period
    last_year: Decimal | None
    suggestion: Suggestion
    next_made: Goal | None

    @property
    def goal(self) -> Goal:
        return self.standing.goal


def review(goal: Goal, *, today: dt.date) -> Review:
    """Of a goal whose period is over. Earlier goals are those of the same KPI, subject and length."""
    following = earlier(goal.organisation.calendar, goal.period, -1)
    olds, next_made = _alike(goal, following)
    read = _Read(olds, list(goal.participants.select_related("rep")), following, next_made)
    return asked_together(goal.organisation, lambda: _review(goal, read, today=today), today=today)


@dataclass(frozen=True, slots=True)
class _Read:
    olds: list[Goal]
    taking: list[Participant]
    following: Period
    next_made: Goal | None


def _review(goal: Goal, read: _Read, *, today: dt.date) -> Review:
    organisation, following = goal.organisation, read.following
    worktime = WorkTime(organisation, [looked_at(goal.period), following, *(one.period for one in read.olds)])
    standings = progress(organisation, [goal, *read.olds], today=today, worktime=worktime)
    kpi = standings[goal.pk].kpi
    this, *before = [_past(one, standings[one.pk], kpi) for one in (goal, *read.olds)]
    along = _along(goal, standings[goal.pk], worktime, year_before(organisation.calendar, following))
    theirs = participants_progress(goal, read.taking, today=today) if read.taking else {}
    lost, possible = worktime.lost(goal.subject, goal.period)
    days = sum(worktime.weights(goal.subject, following).values(), ZERO)
    return Review(
        standing=standings[goal.pk], this=this, before=tuple(before), along=tuple(along.standings),
        halfway=goal_forecast(along.standings[1], worktime, with_deals=False) if len(along.standings) > 1 else None,
        reached_theirs=sum(1 for one in theirs.values() if _met(one.goal, kpi, one.actual, one.target)), of_people=len(read.taking),
        lost=lost, possible=possible, next_period=following, last_year=along.last_year,
        suggestion=suggestion(kpi, [this, *before], lower=lower_is_better(goal, kpi), days=days), next_made=read.next_made,
    )


def suggestion(kpi: AnyKpi, pasts: Sequence[Past], *, lower: bool, days: Decimal) -> Suggestion:
    """From the goal that is reviewed, first of `pasts`, and those before it, the last one first. Pure.

    days: of work in the next period. A goal that was passed, or missed time and again, moves half of the way to what was reached.
    """
    this, fills = pasts[0], kpi.adds_up
    looked = [one for one in pasts[:LOOKED_BACK] if one.result is not None]
    asked = this.target / this.days if fills and this.days else this.target
    came = _came(looked, fills=fills)
    move, because = _move(pasts, lower=lower)
    base = asked
    if came is not None and move is not Move.SAME:
        eases = came > asked if lower else came < asked
        if eases is (move is Move.EASIER):
            base = asked + (came - asked) * HALF
        else:  # over several periods it is not so
            move, because = Move.SAME, Because.WELL_SET if move is Move.HARDER else Because.ONE_MISS
    exact = base * days if fills else base
    return Suggestion(move, because, asked, came, len(looked), base, days, exact, round_figure(exact, quantum(kpi)))


def _move(pasts: Sequence[Past], *, lower: bool) -> tuple[Move, Because]:
    this = pasts[0]
    if this.attainment is None or this.result is None:
        return Move.SAME, Because.NO_RESULT
    beyond = (1 - this.attainment) if lower else this.attainment - 1
    if beyond > WELL_SET:
        return Move.HARDER, Because.BEYOND
    if beyond >= -WELL_SET:
        return Move.SAME, Because.WELL_SET
    if len(pasts) > 1 and not pasts[1].met:
        return Move.EASIER, Because.SHORT_AGAIN
    return (Move.EASIER, Because.FAR_SHORT) if beyond < -FAR_SHORT else (Move.SAME, Because.ONE_MISS)


def _came(looked: Sequence[Past], *, fills: bool) -> Decimal | None:
    """Over all of them together: per day of work; of ratios the sum of what stands above by that below, never a mean of ratios."""
    above, below = sum((one.above for one in looked), ZERO), sum((one.below for one in looked), ZERO)
    if fills:
        above, below = sum((one.result or ZERO for one in looked), ZERO), sum((one.days for one in looked), ZERO)
    elif not below:  # what stands at the end of a period is not added up
        return looked[0].result if looked else None
    return above / below if below else None


def round_figure(value: Decimal, step: Decimal) -> Decimal:
    """In three digits, as people set targets, and in no smaller steps than `step`; never 0."""
    if value <= 0:
        return step
    step = max(step, Decimal(1).scaleb(value.adjusted() - 2))
    return max((value / step).quantize(Decimal(1)) * step, step)


def _met(goal: Goal, kpi: AnyKpi, result: Decimal | None, target: Decimal) -> bool:
    if result is None:
        return False
    return result <= target if lower_is_better(goal, kpi) else result >= target


def _past(goal: Goal, standing: GoalProgress, kpi: AnyKpi) -> Past:
    result = goal.result if goal.state == State.CLOSED else standing.actual
    days = sum(standing.weights.values(), ZERO)
    value = standing.value
    return Past(
        goal, standing.target, result, _met(goal, kpi, result, standing.target), days, value.numerator, value.denominator or ZERO
    )


def _alike(goal: Goal, following: Period) -> tuple[list[Goal], Goal | None]:
    """The last goals in force before this one that were just as long, the latest first; and the one of the next period."""
    calendar, grain = goal.organisation.calendar, grain_of(goal.organisation.calendar, goal.period)
    wanted = Q(state__in=IN_FORCE, ends_on__lte=goal.starts_on) | Q(starts_on=following.start, ends_on=following.end)
    found = Goal.objects.filter(wanted, organisation=goal.organisation, kpi=goal.kpi, **about(goal.subject))
    goals = list(found.select_related("organisation", "team", "rep", "customer").order_by("-ends_on", "-id")[: EARLIER * 12])
    olds = [
        one for one in goals
        if one.ends_on <= goal.starts_on and grain_of(calendar, one.period) is grain and (grain or len(one.period) == len(goal.period))
    ]
    return olds[:EARLIER], next((one for one in goals if one.period == following), None)


@dataclass(frozen=True, slots=True)
class _Along:
    standings: Sequence[GoalProgress]
    last_year: Decimal | None


def _along(goal: Goal, standing: GoalProgress, worktime: WorkTime, last_year: Period) -> _Along:
    """How the goal stood at each of POINTS, and what the next period came to a year before: one question."""
    days = _days_at(standing.weights, POINTS)
    spans = [goal.period if standing.kpi.course is Course.WHOLE else Period(goal.starts_on, day + DAY) for day in days]
    query = KpiQuery(kpis=(goal.kpi,), subject=goal.subject, spans=tuple(dict.fromkeys([*spans, last_year])))
    table = ask(goal.organisation, query, today=standing.today)
    standings = []
    for day, span in zip(days, spans, strict=True):
        known = {goal.pk: table[goal.kpi, span, None]}
        found = progress(goal.organisation, [goal], today=day, today_counts=True, known=known, worktime=worktime)
        standings.append(found[goal.pk])
    return _Along(standings if standing.kpi.course is not Course.WHOLE else (), table[goal.kpi, last_year, None].value)


def _days_at(weights: Mapping[dt.date, Decimal], points: Sequence[Decimal]) -> list[dt.date]:
    """The day on which each share of the working time is over."""
    total, reached, found = sum(weights.values(), ZERO), ZERO, list[dt.date]()
    wanted = list(points)
    for day in sorted(weights):
        reached += weights[day]
        while wanted and reached >= wanted[0] * total:
            found.append(day)
            wanted.pop(0)
    return found

