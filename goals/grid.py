"""The target grid: people by periods, for one KPI. What it shows, and what its cells are called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext, pgettext

from goals import entry
from goals.deciding import Place, goals_at_places, is_open, marks_of, plain
from goals.models import Goal
from goals.selectors import settable_reps, settable_teams
from goals.services import may_set
from kpi_tracker import formats
from kpi_tracker.errors import InvalidInput, NothingThere
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import AnyKpi, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation, Rep
from kpi_tracker.orgs.tree import stays_in
from kpi_tracker.orgs.workdays import presences
from kpi_tracker.periods import Calendar, Grain, Period
from kpi_tracker.scope import Scope

ZERO = Decimal(0)
# Which periods stand side by side, and what they are a part of.
WITHIN = {Grain.MONTH: Grain.YEAR, Grain.QUARTER: Grain.YEAR, Grain.WEEK: Grain.QUARTER}
# So many that all cells of a page can be sent at once.
PAGE = 60
WHOLE = Subject(SubjectKind.ORGANISATION)
SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which grid: the KPI, whose people, and the periods of `grain` within `span`."""

    kpi: AnyKpi
    subject: Subject
    grain: Grain
    span: Period
    page: int = 1

    def periods(self, calendar: Calendar) -> list[Period]:
        """A week belongs to the quarter in which it starts."""
        return [bucket for bucket in calendar.buckets(self.grain, self.span) if bucket.start in self.span]


@dataclass(frozen=True, slots=True)
class Cell:
    """name: how its field is called, which also says what was seen there. text: as it is typed. open: whether it may be changed.

    belongs: whether the person was there, and in the team, on any day of the period. by_hand: it is not what a split gave it.
    """

    place: Place
    goal: Goal | None
    name: str
    text: str
    label: str
    open: bool
    belongs: bool = True

    @property
    def value(self) -> Decimal | None:
        return self.goal.target if self.goal else None

    @property
    def number(self) -> str:
        """The target for the page's script, which knows of no language."""
        return plain(self.value or ZERO)

    @property
    def key(self) -> str:
        return key_of(self.place)

    @property
    def by_hand(self) -> bool:
        return self.goal is not None and self.goal.split_target is not None and self.goal.split_target != self.goal.target


@dataclass(frozen=True, slots=True)
class Row:
    """total: of the cells that belong; None where nothing adds up. whole: the person's goal for the whole span, in words."""

    rep: Rep
    cells: tuple[Cell, ...]
    total: Decimal | None
    whole: str


@dataclass(frozen=True, slots=True)
class Column:
    """total: of all people; elsewhere: of those on other pages. goal: the team's or the organisation's. gap: to it; below 0 above it."""

    period: Period
    label: str
    name: str
    running: bool
    over: bool
    total: Decimal | None
    elsewhere: Decimal
    goal: Cell
    gap: Decimal | None

    @property
    def elsewhere_number(self) -> str:
        return plain(self.elsewhere)

    @property
    def over_by(self) -> Decimal | None:
        return None if self.gap is None else -self.gap


@dataclass(frozen=True, slots=True)
class Grid:
    asked: Asked
    organisation: Organisation
    subject_name: str
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    total: Decimal | None
    whole: Goal | None
    pages: int
    people: int

    @property
    def adds_up(self) -> bool:
        return self.asked.kpi.adds_up

    @property
    def decimals(self) -> int:
        """With how many decimals totals are shown."""
        values = [cell.value for row in self.rows for cell in row.cells if cell.value is not None]
        return 0 if all(value == value.to_integral_value() for value in values) else 2

    @property
    def gap(self) -> Decimal | None:
        return self.whole.target - self.total if self.whole is not None and self.total is not None else None

    @property
    def over_by(self) -> Decimal | None:
        return None if self.gap is None else -self.gap

    @property
    def whole_number(self) -> str:
        return plain(self.whole.target) if self.whole is not None else ""


def key_of(place: Place) -> str:
    kpi, subject, period = place
    return SEPARATOR.join([kpi, f"{subject.kind.value}:{subject.id}", period.start.isoformat(), period.end.isoformat()])


def name_of(place: Place, mark: str) -> str:
    """The name of a cell's field. It carries what its writer has seen, so that nobody overwrites what they have not."""
    return SEPARATOR.join(["t", key_of(place), mark])


def read_name(name: str) -> tuple[Place, str] | None:
    """The place and the mark of a field; None for other fields."""
    parts = name.split(SEPARATOR)
    if len(parts) != 6 or parts[0] != "t":
        return None
    _, kpi, whose, start, end, mark = parts
    kind, _colon, number = whose.partition(":")
    try:
        subject = Subject(SubjectKind(kind), int(number))
        period = Period(dt.date.fromisoformat(start), dt.date.fromisoformat(end))
    except (ValueError, InvalidInput):
        return None
    if mark and not _is_mark(mark):
        return None
    return (kpi, subject, period), mark


def _is_mark(mark: str) -> bool:
    number, _colon, target = mark.partition(":")
    return number.isdecimal() and target.replace(".", "", 1).isdecimal()


def read_asked(scope: Scope, query: Mapping[str, str], *, today: dt.date) -> Asked:
    """The grid that an address asks for; what cannot be read is as at first. Raises NothingThere for a team that is not this person's."""
    offered = dict(subjects(scope, today))
    if not offered:
        raise NothingThere(gettext("There is no team whose goals you may set."))
    chosen = query.get("of", "") or next(iter(offered))
    if chosen not in offered:
        raise NothingThere(gettext("There is no such team."))
    kind, _colon, number = chosen.partition(":")
    found = {kpi.key: kpi for kpi in kpis(scope)}
    grain = next((grain for grain in WITHIN if grain.value == query.get("by")), Grain.MONTH)
    try:
        day = dt.date.fromisoformat(query.get("from", ""))
        span = scope.organisation.calendar.bucket(WITHIN[grain], day)
    except (ValueError, OverflowError):
        span = scope.organisation.calendar.bucket(WITHIN[grain], today)
    page = query.get("page", "1")
    return Asked(
        kpi=found.get(query.get("kpi", "")) or found.get("revenue") or next(iter(found.values())),
        subject=Subject(SubjectKind(kind), int(number or 0)), grain=grain, span=span, page=int(page) if page.isdecimal() else 1,
    )


def kpis(scope: Scope) -> list[AnyKpi]:
    """KPIs that reps are measured by, without those that the organisation switched off."""
    off = {one.kpi for one in registry.settings_of(scope.organisation) if not one.enabled}
    return [kpi for kpi in registry.kpis_of(scope.organisation) if SubjectKind.REP in kpi.subjects and kpi.key not in off]


def subjects(scope: Scope, today: dt.date) -> list[tuple[str, str]]:
    """Whose people may be shown: those of the organisation, or of teams that this person may set goals for."""
    teams = [(f"team:{team.id}", team.name) for team in settable_teams(scope, today)]
    return [(SubjectKind.ORGANISATION.value, scope.organisation.name), *teams] if scope.may_administer else teams


def people(scope: Scope, subject: Subject, span: Period) -> dict[Rep, list[Period]]:
    """Who was there on any day of `span`, by name, and when; of a team, while they belonged to it."""
    organisation = scope.organisation
    there: dict[int, list[Period]] = {}
    for presence in presences(organisation, span, team_id=subject.id or None):
        there.setdefault(presence.rep_id, []).append(presence.employed)
    if subject.kind is SubjectKind.TEAM:
        there = {rep: found for rep, found in there.items() if rep in stays_in(organisation, subject.id, span)}
    return {rep: there[rep.id] for rep in settable_reps(scope).filter(id__in=there)}


def grid(scope: Scope, asked: Asked, *, today: dt.date, every: bool = False) -> Grid:
    """The grid's page of people. every: all of them. As many queries for many people as for few."""
    organisation, periods = scope.organisation, asked.periods(scope.organisation.calendar)
    whole = Period(periods[0].start, periods[-1].end)
    there = people(scope, asked.subject, whole)
    whose = [Subject(SubjectKind.REP, rep.id) for rep in there]
    key = asked.kpi.key
    wanted = [(key, subject, period) for subject in (*whose, asked.subject) for period in (*periods, asked.span)]
    goals = goals_at_places(organisation, wanted)
    marks = marks_of(organisation, goals.values())
    names = dict(subjects(scope, today))
    name = names[f"{asked.subject.kind.value}:{asked.subject.id}" if asked.subject.id else asked.subject.kind.value]

    def cell(whom: str, subject: Subject, period: Period, *, may: bool, stays: Sequence[Period] | None = None) -> Cell:
        place = (key, subject, period)
        goal = goals.get(place)
        belongs = stays is None or any(stay.meets(period) for stay in stays)
        return Cell(
            place=place, goal=goal, name=name_of(place, marks[goal.pk] if goal else ""),
            text=grouped(entry.shown_target(goal.target, asked.kpi.unit)) if goal else "",
            label=gettext("%(name)s, %(period)s") % {"name": whom, "period": period_name(organisation, asked.grain, period)},
            open=may and (belongs or goal is not None) and is_open(goal, period, today=today), belongs=belongs,
        )

    rows = []
    for rep, stays in there.items():
        cells = tuple(cell(rep.name, Subject(SubjectKind.REP, rep.id), period, may=True, stays=stays) for period in periods)
        own = goals.get((key, Subject(SubjectKind.REP, rep.id), asked.span))
        words = formats.kpi_value(asked.kpi, own.target, organisation.base_currency) if own else ""
        rows.append(Row(rep, cells, _sum(cells) if asked.kpi.adds_up else None, words))
    pages = max(-(-len(rows) // PAGE), 1)
    page = min(max(asked.page, 1), pages)
    shown = rows if every else rows[(page - 1) * PAGE : page * PAGE]
    may = may_set(scope, asked.subject, today=today)
    columns = []
    for place, period in enumerate(periods):
        of_all = _sum([row.cells[place] for row in rows])
        goal = cell(name, asked.subject, period, may=may)
        adds_up = asked.kpi.adds_up
        columns.append(Column(
            period=period, label=short_name(organisation, asked.grain, period), name=period_name(organisation, asked.grain, period),
            running=today in period, over=period.end <= today, total=of_all if adds_up else None,
            elsewhere=of_all - _sum([row.cells[place] for row in shown]), goal=goal,
            gap=goal.value - of_all if adds_up and goal.value is not None else None,
        ))
    total = sum((column.total or ZERO for column in columns), ZERO) if asked.kpi.adds_up else None
    return Grid(
        asked=asked, organisation=organisation, subject_name=name, rows=tuple(shown), columns=tuple(columns), total=total,
        whole=goals.get((key, asked.subject, asked.span)), pages=pages, people=len(rows),
    )


def grouped(text: str) -> str:
    """A figure as its field shows it, with its thousands parted: reading 1 200 000 takes less counting."""
    digits = len(text) - len(text.lstrip("0123456789"))
    return f"{int(text[:digits]):,}".replace(",", formats.NARROW) + text[digits:] if digits else text


def _sum(cells: Sequence[Cell]) -> Decimal:
    return sum((cell.value for cell in cells if cell.value is not None and cell.belongs), ZERO)


def short_name(organisation: Organisation, grain: Grain, period: Period) -> str:
    """What stands above a column: Nov, W 47, Q4."""
    match grain:
        case Grain.MONTH:
            return formats.short_month(period.start)
        case Grain.WEEK:
            iso = (period.start + dt.timedelta(days=3)).isocalendar()
            return pgettext("short for week", "W %(week)s") % {"week": iso.week}
        case _:
            return period_name(organisation, grain, period, year=False)


def period_name(organisation: Organisation, grain: Grain, period: Period, *, year: bool = True) -> str:
    return formats.period_name(grain, period, fiscal_month=organisation.fiscal_year_month, year=year)

