"""The figures of a page: one question for all of its KPIs and spans, whatever the number of reps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from dashboards.catalogue import Shown, ShownKpi
from dashboards.curves import Curve, curve, spans_needed
from dashboards.frame import Frame
from dashboards.subjects import About
from goals.progress import GoalProgress, progress
from goals.selectors import about as about_goal
from goals.selectors import goal_list
from goals.worktime import WorkTime
from kpi_tracker.kpis.metrics import Course, RatioKpi, SubjectKind
from kpi_tracker.kpis.query import KpiQuery, KpiTable, KpiValue
from kpi_tracker.periods import Period
from kpi_tracker.rollups import reader, reported
from kpi_tracker.scope import Scope

Goals = Mapping[tuple[str, SubjectKind, int], GoalProgress]


@dataclass(frozen=True, slots=True)
class Figure:
    """One KPI of the page's subject and time. span: what the value is of; None before the period begins.

    before: the like part of the period before. year: the like part of last year. trend: the last buckets, this one last.
    """

    shown: ShownKpi
    span: Period | None
    value: KpiValue | None = None
    before: KpiValue | None = None
    year: KpiValue | None = None
    trend: tuple[Decimal | None, ...] = ()
    goal: GoalProgress | None = None

    @property
    def key(self) -> str:
        return self.shown.key

    @property
    def now(self) -> Decimal | None:
        return self.value.value if self.value else None


@dataclass(frozen=True, slots=True)
class Figures:
    main: Figure
    cards: tuple[Figure, ...]
    curve: Curve


def questions(about: About, frame: Frame, *, shown: Shown, chosen: ShownKpi) -> list[KpiQuery]:
    """What is asked for the chosen KPI with its curve, and for the cards beside it."""
    cards = shown.cards(chosen)
    found = [_question(about, [one for one in cards if one.kpi.course is not Course.WHOLE], _spans(frame))]
    found += [_of_whole_periods(about, frame, one) for one in (chosen, *cards) if one.kpi.course is Course.WHOLE]
    if chosen.kpi.course is not Course.WHOLE:
        found.append(_question(about, [chosen], [*_spans(frame), *spans_needed(chosen, frame)]))
    return [*found, _of_medians(about, frame, [chosen, *cards])]


def ask_all(scope: Scope, frame: Frame, asked: Sequence[KpiQuery]) -> list[KpiTable]:
    """The answers to all questions of a page, read together: as now known, or as reported."""
    needed = [one for one in asked if one.kpis and one.spans]
    source = reported.ask_all if frame.as_reported else reader.ask_all
    answers = iter(source(scope.organisation, needed, today=frame.today) if needed else [])
    return [next(answers) if one.kpis and one.spans else {} for one in asked]


def merged(frame: Frame, tables: Iterable[KpiTable]) -> KpiTable:
    """Answers about the same subject as one; what was asked of the whole running period stands for it up to today."""
    found: KpiTable = {}
    for table in tables:
        found |= table
    if frame.to_date is not None:
        found |= {(key, frame.to_date, member): value for (key, span, member), value in found.items()
                  if span == frame.period and (key, frame.to_date, member) not in found}
    return found


def figures(about: About, frame: Frame, *, shown: Shown, chosen: ShownKpi, found: KpiTable, goals: Goals) -> Figures:
    """The answers to `questions` with the goals beside them."""
    main, *cards = (_figure(about, frame, one, found, goals) for one in (chosen, *shown.cards(chosen)))
    values = {span: value for (key, span, member), value in found.items() if key == chosen.key and member is None}
    return Figures(main=main, cards=tuple(cards), curve=curve(chosen, frame, values, main.goal))


def all_figures(scope: Scope, about: About, frame: Frame, *, shown: Shown) -> list[Figure]:
    """Every KPI that the organisation shows, without goals."""
    asked = [_question(about, [one for one in shown.all if one.kpi.course is not Course.WHOLE], _spans(frame))]
    asked += [_of_whole_periods(about, frame, one) for one in shown.all if one.kpi.course is Course.WHOLE]
    found = merged(frame, ask_all(scope, frame, [*asked, _of_medians(about, frame, shown.all)]))
    return [_figure(about, frame, one, found, {}) for one in shown.all]


def _spans(frame: Frame) -> list[Period]:
    compared = [frame.to_date, frame.before_to_date(), frame.last_year_to_date]
    return [*(span for span in compared if span), *frame.trend()]


def _question(about: About, shown: Iterable[ShownKpi], spans: Iterable[Period], *, medians: bool = False) -> KpiQuery:
    kpis = tuple(dict.fromkeys(one.key for one in shown))
    return KpiQuery(kpis=kpis, subject=about.subject, spans=tuple(dict.fromkeys(spans)), medians=medians)


def _of_whole_periods(about: About, frame: Frame, shown: ShownKpi) -> KpiQuery:
    """Growth and coverage are asked of whole buckets: the KPI layer itself knows how much of the running one has gone."""
    return _question(about, [shown], spans_needed(shown, frame))


def _of_medians(about: About, frame: Frame, shown: Iterable[ShownKpi]) -> KpiQuery:
    """The median beside the mean, of the page's own time only: it cannot come from cells."""
    with_median = [one for one in shown if isinstance(one.kpi, RatioKpi) and one.kpi.median]
    return _question(about, with_median, [frame.to_date] if frame.to_date else [], medians=True)


def _figure(about: About, frame: Frame, shown: ShownKpi, found: KpiTable, goals: Goals) -> Figure:
    def value(span: Period | None) -> KpiValue | None:
        return found.get((shown.key, span, None)) if span else None

    trend = tuple(got.value if (got := value(span)) else None for span in frame.trend())
    whole = shown.kpi.course is Course.WHOLE
    return Figure(
        shown=shown, span=frame.to_date, value=value(frame.to_date), before=None if whole else value(frame.before_to_date()),
        year=None if whole else value(frame.last_year_to_date), trend=trend, goal=goals.get((shown.key, about.kind, about.subject.id)),
    )


def goals_of(
    scope: Scope, about: About, frame: Frame, *, found: KpiTable, members: SubjectKind | None, ids: Iterable[int],
    columns: Iterable[ShownKpi], of_members: KpiTable, worktime: WorkTime,
) -> Goals:
    """How the goals of exactly this period stand: the subject's own of any KPI asked for, and its members' of the columns.

    found, of_members, worktime: what was read already; the goals need no more.
    """
    own = Q(**about_goal(about.subject), kpi__in={key for key, _, _ in found})
    if members is not None:
        own |= Q(subject_kind=members, **{f"{members}_id__in": list(ids)}, kpi__in=[one.key for one in columns])
    goals = list(goal_list(scope, in_force=True).filter(own, starts_on=frame.period.start, ends_on=frame.period.end))
    known: dict[int, KpiValue] = {}
    for goal in goals:
        table, member = (found, None) if goal.subject == about.subject else (of_members, goal.subject.id)
        if frame.to_date and (value := table.get((goal.kpi, frame.to_date, member))) is not None:
            known[goal.id] = value
    standing = progress(scope.organisation, goals, today=frame.today, known=known, worktime=worktime)
    return {(goal.kpi, goal.subject.kind, goal.subject.id): standing[goal.id] for goal in goals}
