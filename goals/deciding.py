"""Goals and targets that management decides for many people at once: in the grid, by a split, from a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db.models import Max, Q
from django.utils.translation import gettext

from goals.models import Goal, GoalVersion, Kind, State
from goals.services import check_subject, may_set
from goals.terms import check_amount
from goals.versions import version_add
from kpi_tracker.errors import InvalidInput, NotPermitted, UserError
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period
from kpi_tracker.scope import Scope

# KPI, subject and period: there is at most one goal of each.
Place = tuple[str, Subject, Period]


def place_of(goal: Goal) -> Place:
    return goal.kpi, goal.subject, goal.period


def goals_at_places(organisation: Organisation, places: Iterable[Place], *, lock: bool = False) -> dict[Place, Goal]:
    """The goals of exactly these places. One query for each kind of subject."""
    wanted = set(places)
    if not wanted:
        return {}
    whose = Q()
    for kind in {subject.kind for _, subject, _ in wanted}:
        ids = {subject.id for _, subject, _ in wanted if subject.kind is kind}
        whose |= Q(subject_kind=kind) if kind is SubjectKind.ORGANISATION else Q(**{f"{kind.value}_id__in": ids})
    found = Goal.objects.filter(
        whose, organisation=organisation, kpi__in={kpi for kpi, _, _ in wanted}, starts_on__in={period.start for _, _, period in wanted},
        ends_on__in={period.end for _, _, period in wanted},
    )
    found = found.select_for_update(of=("self",)) if lock else found
    return {place_of(goal): goal for goal in found if place_of(goal) in wanted}


def marks_of(organisation: Organisation, goals: Iterable[Goal]) -> dict[int, str]:
    """By goal id, what tells whether the goal asks for what somebody saw: its newest version's number and its target. One query."""
    goals = list(goals)
    versions = GoalVersion.objects.filter(organisation=organisation, goal__in=goals).order_by()
    numbers = dict(versions.values_list("goal_id").annotate(last=Max("number")))
    return {goal.pk: f"{numbers.get(goal.pk, 1)}:{plain(goal.target)}" for goal in goals}


def plain(target: Decimal) -> str:
    """A target in the shortest way of writing it: 640000, 12.5."""
    return f"{target.normalize():f}"


def seen_target(mark: str) -> Decimal | None:
    """The target that a mark speaks of; None where there was no goal."""
    return Decimal(mark.partition(":")[2]) if mark else None


def is_open(goal: Goal | None, period: Period, *, today: dt.date) -> bool:
    """Whether the target may simply be written: the period is not over, and the goal waits for nobody and follows from no baseline."""
    return period.end > today and (goal is None or (goal.state == State.AGREED and goal.kind != Kind.GROWTH))


class Decisions:
    """What one person decides today. Checks are made once for each KPI and subject."""

    def __init__(self, scope: Scope, *, now: dt.datetime, today: dt.date) -> None:
        self.scope, self.now, self.today = scope, now, today
        self._faults: dict[tuple[str, Subject], UserError | None] = {}

    def check(self, kpi: str, subject: Subject, target: Decimal) -> None:
        """Raises UserError where this person may not ask that of them, or nobody can."""
        if (kpi, subject) not in self._faults:
            self._faults[kpi, subject] = self._fault(kpi, subject)
        if (fault := self._faults[kpi, subject]) is not None:
            raise fault
        check_amount(registry.kpi(kpi, self.scope.organisation), target, "target")

    def _fault(self, kpi: str, subject: Subject) -> UserError | None:
        try:
            declared = registry.kpi(kpi, self.scope.organisation)
            check_subject(self.scope, subject)
        except InvalidInput as wrong:
            return wrong
        if not may_set(self.scope, subject, today=self.today):
            return NotPermitted(gettext("You may not set goals for this team or person."), field="subject")
        if subject.kind not in declared.subjects:
            message = gettext("%(kpi)s is not measured for this. Choose another KPI or another scope.") % {"kpi": declared.label}
            return InvalidInput(message, field="kpi", code="scope_not_measured")
        return None

    def new(self, place: Place, target: Decimal, terms: Mapping[str, object] | None = None) -> Goal:
        """A goal in force, decided by this person; not saved. terms: fields of the goal."""
        kpi, subject, period = place
        whose = {} if subject.kind is SubjectKind.ORGANISATION else {f"{subject.kind.value}_id": subject.id}
        return Goal(
            organisation=self.scope.organisation, kpi=kpi, subject_kind=subject.kind, starts_on=period.start, ends_on=period.end,
            target=target, state=State.AGREED, decided_by_id=self.scope.user_id, created_by_id=self.scope.user_id, **whose, **(terms or {}),
        )

    def change(self, goal: Goal, target: Decimal, reason: str) -> None:
        """A new version, from today on. What is asked on top of it stays as far above."""
        stretch = goal.stretch + target - goal.target if goal.stretch is not None else None
        version_add(
            goal, target=target, stretch=stretch, reason=reason, author_id=self.scope.user_id, now=self.now, today=self.today,
        )
