"""Writes of goals. Each checks the right, then the figures, then writes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from goals.models import Goal
from goals.selectors import about, managed_teams
from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import AnyKpi, RatioKpi, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Rep, Team
from kpi_tracker.periods import Period
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Role, Scope

# Longer than this, a goal is a vision: nobody's working days are known.
LONGEST_DAYS = 3 * 366
LARGEST_TARGET = Decimal(10) ** 13


def may_set(scope: Scope, subject: Subject, *, today: dt.date) -> bool:
    """Whether goals of `subject` may be made and changed: by an admin all, by a manager those of the teams managed
    on `today`, of their reps and of these reps' customers."""
    match scope.role:
        case Role.ADMIN:
            return True
        case Role.REP | Role.VIEWER:
            return False
        case Role.MANAGER:
            match subject.kind:
                case SubjectKind.ORGANISATION:
                    return False
                case SubjectKind.TEAM:
                    return subject.id in managed_teams(scope, today)
                case SubjectKind.REP:
                    return scope.may_see_rep(subject.id)
                case SubjectKind.CUSTOMER:
                    return bool(Customer.objects.within(scope).filter(id=subject.id).exists())


def goal_create(
    *, scope: Scope, kpi: str, subject: Subject, period: Period, target: Decimal, why: str = "", today: dt.date
) -> Goal:
    goal = Goal(organisation=scope.organisation, created_by_id=scope.user_id)
    return _write(goal, scope=scope, kpi=kpi, subject=subject, period=period, target=target, why=why, today=today)


def goal_change(
    *, scope: Scope, goal: Goal, kpi: str, subject: Subject, period: Period, target: Decimal, why: str = "", today: dt.date
) -> Goal:
    check_right(scope, goal.subject, today=today)
    return _write(goal, scope=scope, kpi=kpi, subject=subject, period=period, target=target, why=why, today=today)


def goal_delete(*, scope: Scope, goal: Goal, today: dt.date) -> None:
    check_right(scope, goal.subject, today=today)
    goal.delete()


def check_right(scope: Scope, subject: Subject, *, today: dt.date) -> None:
    if not may_set(scope, subject, today=today):
        raise NotPermitted(gettext("You may not set goals for this team or person."), field="subject")


def _write(
    goal: Goal, *, scope: Scope, kpi: str, subject: Subject, period: Period, target: Decimal, why: str, today: dt.date
) -> Goal:
    if goal.organisation_id != scope.organisation.id:
        raise NotPermitted(gettext("This goal belongs to another organisation."))
    declared = registry.kpi(kpi, scope.organisation)
    check_subject(scope, subject)
    check_right(scope, subject, today=today)
    if subject.kind not in declared.subjects:
        message = gettext("%(kpi)s is not measured for this. Choose another KPI or another scope.") % {"kpi": declared.label}
        raise InvalidInput(message, field="kpi", code="scope_not_measured")
    if len(period) > LONGEST_DAYS:
        raise InvalidInput(gettext("A goal may run for three years at most."), field="end", code="too_long")
    check_target(declared, target)
    goal.kpi, goal.target, goal.why = kpi, target, why.strip()
    goal.starts_on, goal.ends_on = period.start, period.end
    goal.subject_kind, goal.team_id, goal.rep_id, goal.customer_id = subject.kind, None, None, None
    if subject.kind is not SubjectKind.ORGANISATION:
        setattr(goal, f"{subject.kind}_id", subject.id)
    _save(goal)
    return goal


def check_subject(scope: Scope, subject: Subject) -> None:
    """That the subject is one of the organisation's."""
    organisation = scope.organisation
    match subject.kind:
        case SubjectKind.ORGANISATION:
            known = True
        case SubjectKind.TEAM:
            known = Team.objects.filter(organisation=organisation, id=subject.id).exists()
        case SubjectKind.REP:
            known = Rep.objects.filter(organisation=organisation, id=subject.id, is_unassigned=False).exists()
        case SubjectKind.CUSTOMER:
            known = Customer.objects.filter(organisation=organisation, id=subject.id).exists()
    if not known:
        raise InvalidInput(gettext("Choose whom the goal is for."), field="subject", code="unknown_subject")


def check_target(kpi: AnyKpi, target: Decimal) -> None:
    if not target.is_finite() or target <= 0:
        raise InvalidInput(gettext("The target must be more than 0."), field="target", code="target_not_positive")
    if target >= LARGEST_TARGET:
        raise InvalidInput(gettext("That target is too large."), field="target", code="target_too_large")
    if kpi.unit is Unit.COUNT and not isinstance(kpi, RatioKpi) and target != target.to_integral_value():
        message = gettext("%(kpi)s are counted: the target must be a whole number.") % {"kpi": kpi.label}
        raise InvalidInput(message, field="target", code="target_not_whole")
    if target != round(target, 4):
        raise InvalidInput(gettext("The target has too many decimals."), field="target", code="too_many_decimals")
    if isinstance(kpi, RatioKpi) and kpi.share and target > 1:
        raise InvalidInput(gettext("%(kpi)s cannot be more than 100 %%.") % {"kpi": kpi.label}, field="target", code="over_100_percent")


def _save(goal: Goal) -> None:
    same = Goal.objects.filter(
        organisation_id=goal.organisation_id, kpi=goal.kpi, starts_on=goal.starts_on, ends_on=goal.ends_on, **about(goal.subject)
    )
    message = gettext("There is already a goal for this KPI and period; change that one instead.")
    if same.exclude(pk=goal.pk).exists():
        raise InvalidInput(message, field="kpi", code="duplicate")
    try:
        with transaction.atomic():
            goal.save()
    except IntegrityError as clash:  # another person made the same goal in between
        raise InvalidInput(message, field="kpi", code="duplicate") from clash
