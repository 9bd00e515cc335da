"""The leaderboard: the teams of an organisation, the reps of a team, the weeks of a rep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from dashboards.catalogue import Shown, ShownKpi
from dashboards.frame import Frame
from dashboards.selectors import Goals
from dashboards.subjects import About, Named
from goals.progress import GoalProgress
from goals.status import Status
from goals.worktime import WorkTime
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import Course, Direction, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable, KpiValue
from kpi_tracker.orgs.models import Rep, TeamAssignment
from kpi_tracker.periods import Grain, Period
from kpi_tracker.scope import Scope

People = Mapping[int, tuple[Named, Rep | None]]
ONE = Decimal(1)
NEAR = Decimal("0.75")
WEEKS = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """share: of the own goal's pace, else of the group's mean; None where neither can be told."""

    value: KpiValue
    share: Decimal | None = None
    goal: GoalProgress | None = None

    @property
    def tone(self) -> str:
        if self.goal is not None:
            return tone(self.goal)
        if self.share is None:
            return ""
        return "good" if self.share >= ONE else "calm" if self.share >= NEAR else "warn"


@dataclass(frozen=True, slots=True)
class Row:
    """work: a rep's working time within the span so far, in full-time days; None for teams."""

    named: Named
    cells: tuple[Cell, ...]
    trend: tuple[Decimal | None, ...] = ()
    part_time: Decimal | None = None
    work: Decimal | None = None

    @property
    def away(self) -> bool:
        return self.work is not None and not self.work


@dataclass(frozen=True, slots=True)
class Board:
    """by_goal: whether any cell is measured against a goal. sorted_by: key of a column, or "name"."""

    columns: tuple[ShownKpi, ...]
    rows: tuple[Row, ...]
    sorted_by: str
    by_goal: bool = False
    own_only: bool = False
    weeks: tuple[tuple[Period, tuple[KpiValue, ...]], ...] = field(default=())


def tone(goal: GoalProgress) -> str:
    match goal.verdict.status:
        case Status.ACHIEVED | Status.ON_TRACK:
            return "good"
        case Status.AT_RISK:
            return "warn"
        case Status.BEHIND | Status.MISSED:
            return "bad"
        case Status.UPCOMING | Status.TOO_EARLY:
            return "calm"


def people_of(scope: Scope, about: About, frame: Frame) -> People:
    """Who stands on the board: all teams, or the seen reps who belonged to the team within the period."""
    match about.kind:
        case SubjectKind.ORGANISATION:
            return {named.subject.id: (named, None) for named in about.below}
        case SubjectKind.TEAM:
            stays = TeamAssignment.objects.within(scope).filter(team_id__in=about.team_ids, valid_from__lt=frame.period.end)
            stays = stays.exclude(valid_to__lte=frame.period.start).select_related("rep")
            reps = {stay.rep_id: stay.rep for stay in stays}
            return {key: (Named(Subject(SubjectKind.REP, key), rep.name), rep) for key, rep in reps.items() if _worked(rep, frame)}
        case SubjectKind.REP | SubjectKind.CUSTOMER:
            return {}


def _worked(rep: Rep, frame: Frame) -> bool:
    started = rep.started_on is None or rep.started_on < frame.period.end
    return started and (rep.ended_on is None or rep.ended_on >= frame.period.start)


def columns_of(shown: Shown, chosen: ShownKpi) -> list[ShownKpi]:
    """Those that the members have too: teams and reps are not measured on the organisation's economics."""
    return [one for one in shown.columns(chosen) if one.kpi.course is not Course.WHOLE and SubjectKind.REP in one.kpi.subjects]


def weeks_before(frame: Frame, span: Period) -> list[Period]:
    """The last weeks up to the one in which `span` ends."""
    calendar = frame.organisation.calendar
    last = calendar.bucket(Grain.WEEK, span.last)
    return [calendar.shift(Grain.WEEK, last, -step) for step in range(WEEKS - 1, -1, -1)]


def question(about: About, frame: Frame, *, columns: Sequence[ShownKpi], people: People) -> KpiQuery:
    """What is asked of everybody on the board; nothing before the period begins."""
    span = frame.to_date
    by = Dimension.TEAM if about.kind is SubjectKind.ORGANISATION else Dimension.REP
    spans = tuple(dict.fromkeys([span, *weeks_before(frame, span)])) if span is not None and people else ()
    return KpiQuery(tuple(one.key for one in columns), about.subject, spans, by=by)


def answer(asked: KpiQuery, found: KpiTable, *, columns: Sequence[ShownKpi], people: People) -> KpiTable:
    """The values of everybody on the board. A span without any has zeros."""
    nothing = {one.key: KpiValue(value=None if one.kpi.course is Course.LEVELS else Decimal(0), numerator=Decimal(0)) for one in columns}
    return {
        (key, one, member): found.get((key, one, member), nothing[key]) for key in nothing for one in asked.spans for member in people
    }


def board(
    scope: Scope, about: About, frame: Frame, *, columns: Sequence[ShownKpi], found: KpiTable, goals: Goals, people: People, sort: str,
    worktime: WorkTime,
) -> Board | None:
    if (span := frame.to_date) is None or not found:
        return None
    weeks = weeks_before(frame, span)
    rows = [_row(named, rep, columns, found, span, weeks, goals) for named, rep in people.values()]
    of_reps = about.kind is not SubjectKind.ORGANISATION
    if of_reps:
        rows = [replace(row, work=worktime.worked(row.named.subject.id, about.subject, span)) for row in rows]
    if of_reps and len(rows) > 1 and frame.grain is not Grain.DAY:
        rows = _against_mean(rows, columns)
    keys = [one.key for one in columns]
    order = sort if sort in (*keys, "name") else columns[0].key if of_reps else "name"
    return Board(
        columns=tuple(columns), rows=tuple(_sorted(rows, keys, order, in_tree=not of_reps)), sorted_by=order,
        by_goal=any(cell.goal for row in rows for cell in row.cells), own_only=scope.rep_ids is not None and len(scope.rep_ids) == 1,
    )


def _row(
    named: Named, rep: Rep | None, columns: Sequence[ShownKpi], found: KpiTable, span: Period, weeks: Sequence[Period], goals: Goals
) -> Row:
    cells = []
    for one in columns:
        goal = goals.get((one.key, named.subject.kind, named.subject.id))
        index = goal.pace.index if goal and goal.pace else goal.attainment if goal else None
        cells.append(Cell(found[one.key, span, named.subject.id], index, goal))
    trend = tuple(found[columns[0].key, week, named.subject.id].value for week in weeks)
    return Row(named, tuple(cells), trend, part_time=rep.share if rep is not None and rep.share < 1 else None)


def _against_mean(rows: Sequence[Row], columns: Sequence[ShownKpi]) -> list[Row]:
    """Cells without a goal as a share of the group's mean; of a sum, each owes a part by the own working time."""
    means: list[Decimal | None] = []
    for i, one in enumerate(columns):
        if one.kpi.course is Course.STANDS:
            means.append(None)
        elif one.kpi.adds_up:
            work = sum((row.work or Decimal(0) for row in rows), Decimal(0))
            means.append(sum((row.cells[i].value.numerator for row in rows), Decimal(0)) / work if work else None)
        else:
            below = sum((row.cells[i].value.denominator or 0 for row in rows), Decimal(0))
            means.append(sum((row.cells[i].value.numerator for row in rows), Decimal(0)) / below if below else None)
    return [replace(row, cells=tuple(_cell(row, i, columns[i], means[i]) for i in range(len(columns)))) for row in rows]


def _cell(row: Row, i: int, column: ShownKpi, mean: Decimal | None) -> Cell:
    cell = row.cells[i]
    if cell.goal is not None or not mean or cell.value.value is None or row.away:
        return cell
    due = mean * (row.work or ONE) if column.kpi.adds_up else mean
    if column.kpi.direction is Direction.DOWN:
        return Cell(cell.value, due / cell.value.value if cell.value.value else None)
    return Cell(cell.value, cell.value.value / due)


def _sorted(rows: list[Row], keys: list[str], order: str, *, in_tree: bool) -> list[Row]:
    """Names as they stand in the tree; figures from high to low, those without one last."""
    if order == "name":
        return rows if in_tree else sorted(rows, key=lambda row: row.named.name)
    i = keys.index(order)
    return sorted(rows, key=lambda row: (row.cells[i].value.value is None, -(row.cells[i].value.value or 0), row.named.name))


def weeks_question(about: About, frame: Frame, *, columns: Sequence[ShownKpi]) -> KpiQuery:
    """What is asked for a rep's own last weeks; nothing for other subjects."""
    return KpiQuery(tuple(one.key for one in columns), about.subject, _last_weeks(frame) if about.kind is SubjectKind.REP else ())


def _last_weeks(frame: Frame) -> tuple[Period, ...]:
    if frame.to_date is None:
        return ()
    calendar = frame.organisation.calendar
    last = calendar.bucket(Grain.WEEK, frame.to_date.last)
    return tuple(calendar.shift(Grain.WEEK, last, -step) for step in range(8))


def weeks_of(frame: Frame, found: KpiTable, *, columns: Sequence[ShownKpi]) -> Board | None:
    """A rep's own last weeks, one a row."""
    if frame.to_date is None or not columns:
        return None
    rows = tuple((week, tuple(found[one.key, week, None] for one in columns)) for week in _last_weeks(frame))
    return Board(columns=tuple(columns), rows=(), sorted_by="", weeks=rows)
