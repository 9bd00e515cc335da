"""Splitting a goal among the teams or the people below it: who they are, by what measure, and writing it down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext, gettext_lazy

from goals.asked import year_before
from goals.cascade import split, step_of
from goals.deciding import Decisions, goals_at_places, is_open, marks_of
from goals.models import Goal, Kind
from goals.progress import quantum
from goals.selectors import settable_reps
from goals.services import check_right
from goals.worktime import WorkTime
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.orgs.tree import era_on, stays_in, teams_of
from kpi_tracker.orgs.workdays import presences
from kpi_tracker.periods import Grain, Period, add_months
from kpi_tracker.rollups.reader import ask
from kpi_tracker.scope import Scope

ZERO = Decimal(0)


class Level(StrEnum):
    """Among whom a goal is split."""

    TEAMS = "teams"
    REPS = "reps"

    @property
    def label(self) -> Any:
        return _LEVEL_LABELS[self]

    @property
    def kind(self) -> SubjectKind:
        return SubjectKind.TEAM if self is Level.TEAMS else SubjectKind.REP


_LEVEL_LABELS = {Level.TEAMS: gettext_lazy("The teams below"), Level.REPS: gettext_lazy("The people")}


class Basis(StrEnum):
    """By what measure."""

    EQUAL = "equal"
    LAST_YEAR = "last_year"
    QUARTERS = "quarters"
    WORKTIME = "worktime"
    HAND = "hand"

    @property
    def label(self) -> Any:
        return _BASIS_LABELS[self]


_BASIS_LABELS = {
    Basis.EQUAL: gettext_lazy("Equally"), Basis.LAST_YEAR: gettext_lazy("By the same period last year"),
    Basis.QUARTERS: gettext_lazy("By the last four quarters"), Basis.WORKTIME: gettext_lazy("By working time"),
    Basis.HAND: gettext_lazy("By hand"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one team or person gets. weight: by the chosen measure; None where none is measured. child: the goal that is there already.

    fixed: it cannot be changed here, because somebody has yet to answer or it follows from a baseline. mark: see `deciding.marks_of`.
    """

    id: int
    name: str
    weight: Decimal | None
    amount: Decimal
    locked: bool
    child: Goal | None
    fixed: bool
    mark: str

    def share_of(self, target: Decimal) -> Decimal:
        return self.amount / target


@dataclass(frozen=True, slots=True)
class Plan:
    """A split that is being thought over. mark: of the goal itself. history: the period that a history is taken from."""

    goal: Goal
    level: Level
    basis: Basis
    parts: tuple[Part, ...]
    mark: str
    adds_up: bool
    history: Period | None = None

    @property
    def total(self) -> Decimal:
        return sum((part.amount for part in self.parts), ZERO)

    @property
    def gap(self) -> Decimal:
        """What is given to nobody; below 0 what is asked on top of the goal."""
        return self.goal.target - self.total

    @property
    def over_by(self) -> Decimal:
        return -self.gap

    @property
    def measures_nothing(self) -> bool:
        """Whether the measure tells of nobody, so that all count alike."""
        weights = [part.weight for part in self.parts if part.weight is not None]
        return bool(weights) and not any(weights)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks of a split. amounts: as typed, by id; they stay where they are locked, and all of them by hand."""

    level: Level | None = None
    basis: Basis = Basis.LAST_YEAR
    amounts: Mapping[int, Decimal] = field(default_factory=dict)
    locked: frozenset[int] | None = None


def may_split(scope: Scope, goal: Goal) -> bool:
    """Whether there can be anybody below, of whom the KPI is measured."""
    return goal.subject.kind in (SubjectKind.ORGANISATION, SubjectKind.TEAM) and bool(levels(scope, goal))


def levels(scope: Scope, goal: Goal) -> list[Level]:
    measured = registry.kpi(goal.kpi, scope.organisation).subjects
    return [level for level in Level if level.kind in measured and (level is Level.REPS or _teams_below(goal))]


def _teams_below(goal: Goal) -> list[int]:
    """The teams just below. Where a single one stands there that has teams itself, those."""
    parents = era_on(goal.organisation, goal.starts_on).parents
    above: int | None = goal.team_id
    while True:
        below = [team for team, parent in parents.items() if parent == above]
        if len(below) != 1 or not any(parent == below[0] for parent in parents.values()):
            return below
        above = below[0]


def _members(scope: Scope, goal: Goal, level: Level) -> dict[int, str]:
    """Names by id, by name: the teams below, or who is there on any day of the period."""
    if level is Level.TEAMS:
        below = set(_teams_below(goal))
        return {team.pk: team.name for team in teams_of(goal.organisation) if team.pk in below}
    there = {presence.rep_id for presence in presences(goal.organisation, goal.period)}
    if goal.team_id is not None:
        there &= set(stays_in(goal.organisation, goal.team_id, goal.period))
    return dict(settable_reps(scope).filter(id__in=there).values_list("id", "name"))


def plan(scope: Scope, goal: Goal, wish: Wish, *, today: dt.date) -> Plan:
    """The split that a wish leads to; nothing is written."""
    kpi, offered = registry.kpi(goal.kpi, scope.organisation), levels(scope, goal)
    level = wish.level if wish.level in offered else offered[0]
    names = _members(scope, goal, level)
    places = {member: (goal.kpi, Subject(level.kind, member), goal.period) for member in names}
    goals = goals_at_places(scope.organisation, places.values())
    children = {member: goals[place] for member, place in places.items() if place in goals}
    marks = marks_of(scope.organisation, [goal, *children.values()])
    fixed = {member: child.target for member, child in children.items() if not is_open(child, child.period, today=today)}
    kept = {member for member, child in children.items() if child.locked} if wish.locked is None else wish.locked
    typed = {member: wish.amounts.get(member, children[member].target if member in children else ZERO) for member in names}
    locked = {member: typed[member] for member in names if member in kept} | fixed
    history = _history(goal, wish.basis, today)
    weights = _weights(goal, level, wish.basis, list(names), history, today=today) if kpi.adds_up else {}
    if wish.basis is Basis.HAND:
        amounts = typed | locked
    elif kpi.adds_up:
        amounts = split(goal.target, weights, locked=locked, step=max(step_of(goal.target), quantum(kpi)))
    else:
        amounts = dict.fromkeys(names, goal.target) | locked
    parts = tuple(
        Part(member, name, weights.get(member) if wish.basis not in (Basis.HAND, Basis.EQUAL) else None, amounts[member], member in kept,
             children.get(member), member in fixed, marks[children[member].pk] if member in children else "")
        for member, name in names.items()
    )
    return Plan(goal, level, wish.basis, parts, marks[goal.pk], kpi.adds_up, history)


def _history(goal: Goal, basis: Basis, today: dt.date) -> Period | None:
    match basis:
        case Basis.LAST_YEAR:
            return year_before(goal.organisation.calendar, goal.period)
        case Basis.QUARTERS:
            quarter = goal.organisation.calendar.bucket(Grain.QUARTER, min(today, goal.starts_on))
            return Period(add_months(quarter.start, -12), quarter.start)
        case _:
            return None


def _weights(
    goal: Goal, level: Level, basis: Basis, members: Sequence[int], history: Period | None, *, today: dt.date
) -> dict[int, Decimal]:
    if history is not None:
        by = Dimension.TEAM if level is Level.TEAMS else Dimension.REP
        table = ask(goal.organisation, KpiQuery(kpis=(goal.kpi,), subject=EVERYTHING, spans=(history,), by=by), today=today)
        found = {member: table.get((goal.kpi, history, member)) for member in members}
        return {member: max(value.numerator, ZERO) if value else ZERO for member, value in found.items()}
    if basis is Basis.WORKTIME:
        worktime = WorkTime(goal.organisation, [goal.period])
        if level is Level.REPS:
            return {member: worktime.worked(member, goal.subject, goal.period) for member in members}
        return {member: sum(worktime.weights(Subject(SubjectKind.TEAM, member), goal.period).values(), ZERO) for member in members}
    return dict.fromkeys(members, Decimal(1))


def split_save(
    *, scope: Scope, goal: Goal, found: Plan, seen: Mapping[int, str], reason: str, now: dt.datetime, today: dt.date
) -> int:
    """Write a plan in one transaction; how many goals are new or changed. seen: by id the marks that its writer saw, 0 for the goal's own.

    Goals of those who get something are made, or changed by a version; all are linked to the goal. Links of an earlier split among
    others are taken away, their goals stay. Raises InvalidInput, with nothing written, where anything was changed meanwhile.
    """
    check_right(scope, goal.subject, today=today)
    if goal.period.end <= today:
        raise InvalidInput(gettext("This goal's period is over: what it was measured against stays."), code="over")
    try:
        return _write(scope, found, seen, reason.strip(), now=now, today=today)
    except IntegrityError as clash:
        raise _changed_meanwhile() from clash


@transaction.atomic
def _write(scope: Scope, found: Plan, seen: Mapping[int, str], reason: str, *, now: dt.datetime, today: dt.date) -> int:
    goal = Goal.objects.select_for_update().get(organisation=scope.organisation, pk=found.goal.pk)
    places = {part.id: (goal.kpi, Subject(found.level.kind, part.id), goal.period) for part in found.parts}
    goals = goals_at_places(scope.organisation, places.values(), lock=True)
    marks = marks_of(scope.organisation, [goal, *goals.values()])
    decisions, written = Decisions(scope, now=now, today=today), 0
    if seen.get(0) != marks[goal.pk]:
        raise _changed_meanwhile()
    kept = []
    for part in found.parts:
        child = goals.get(places[part.id])
        if seen.get(part.id, "") != (marks[child.pk] if child else ""):
            raise _changed_meanwhile()
        if not part.amount and child is None:
            continue
        if not part.fixed:
            decisions.check(goal.kpi, places[part.id][1], part.amount)
        if child is None:
            child = decisions.new(places[part.id], part.amount, _terms(goal))
            written += 1
        elif child.target != part.amount:
            if child.starts_on <= today and not reason:
                message = gettext("Goals that run already are changed: say why. It is kept with each change.")
                raise InvalidInput(message, field="reason", code="reason_missing")
            decisions.change(child, part.amount, reason)
            written += 1
        child.parent, child.split_target, child.locked = goal, part.amount, part.locked
        child.save()
        kept.append(child.pk)
    others = Goal.objects.filter(organisation=scope.organisation, parent=goal).exclude(pk__in=kept)
    others.update(parent=None, split_target=None, locked=False)
    return written


def _terms(goal: Goal) -> dict[str, object]:
    """What a part takes over from the whole. Who is to reach a part of a growth has an amount to reach."""
    kind = Kind.REACH if goal.kind == Kind.GROWTH else goal.kind
    return {"kind": kind, "distribution": goal.distribution, "shape": goal.shape, "why": goal.why}


def _changed_meanwhile() -> InvalidInput:
    message = gettext("Somebody changed one of these goals meanwhile. Here are the figures of now; look at them again.")
    return InvalidInput(message, code="changed")
