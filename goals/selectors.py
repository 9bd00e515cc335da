"""Goals that may be seen. A goal is seen by whoever may see the figures of its subject."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from goals.models import Goal
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation, Rep, Team, TeamManager
from kpi_tracker.orgs.selectors import valid_on
from kpi_tracker.orgs.tree import subtree
from kpi_tracker.periods import Period
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Role, Scope


def _visible(scope: Scope) -> QuerySet[Goal]:
    seen = Q(subject_kind=SubjectKind.TEAM) if scope.team_ids is None else Q(team_id__in=scope.team_ids)
    if scope.sees_organisation:
        seen |= Q(subject_kind=SubjectKind.ORGANISATION)
    if scope.rep_ids is None:
        seen |= Q(subject_kind__in=[SubjectKind.REP, SubjectKind.CUSTOMER])
    else:
        seen |= Q(rep_id__in=scope.rep_ids) | Q(customer_id__in=Customer.objects.within(scope).values("id"))
    found: QuerySet[Goal] = Goal.objects.within(scope).filter(seen)
    return found.select_related("organisation", "team", "rep", "customer")


def goal_list(
    scope: Scope, *, subject: Subject | None = None, kind: SubjectKind | None = None, kpi: str = "", meets: Period | None = None
) -> QuerySet[Goal]:
    """Goals seen by `scope`, those that end first in front; of a subject, a kind of subject, a KPI, sharing a day with `meets`."""
    found = _visible(scope)
    if subject is not None:
        found = found.filter(**about(subject))
    if kind is not None:
        found = found.filter(subject_kind=kind)
    if kpi:
        found = found.filter(kpi=kpi)
    if meets is not None:
        found = found.filter(starts_on__lt=meets.end, ends_on__gt=meets.start)
    return found.order_by("ends_on", "starts_on", "subject_kind", "kpi", "id")


def goal_get(scope: Scope, goal_id: int) -> Goal | None:
    return _visible(scope).filter(id=goal_id).first()


def goal_for(scope: Scope, *, kpi: str, subject: Subject, period: Period) -> Goal | None:
    """The goal of exactly this period. A month's curve never shows a share of a quarter's goal that nobody set."""
    return _visible(scope).filter(kpi=kpi, starts_on=period.start, ends_on=period.end, **about(subject)).first()


def goals_for_subjects(
    scope: Scope, *, kpis: Iterable[str], kind: SubjectKind, ids: Iterable[int], period: Period
) -> dict[tuple[str, int], Goal]:
    """Goals of exactly this period, by KPI and subject id (0 for the organisation)."""
    found = _visible(scope).filter(kpi__in=list(kpis), subject_kind=kind, starts_on=period.start, ends_on=period.end)
    if kind is not SubjectKind.ORGANISATION:
        found = found.filter(**{f"{kind}_id__in": list(ids)})
    return {(goal.kpi, goal.subject.id): goal for goal in found}


def goals_at(scope: Scope, day: dt.date) -> QuerySet[Goal]:
    """Goals that run on `day`."""
    return goal_list(scope).filter(starts_on__lte=day, ends_on__gt=day)


def managed_teams(scope: Scope, day: dt.date) -> set[int]:
    """The teams that the viewer manages on `day`, with the teams below them."""
    if scope.user_id is None:
        return set()
    managed = TeamManager.objects.filter(valid_on(day), organisation=scope.organisation, user_id=scope.user_id)
    return subtree(scope.organisation, managed.values_list("team_id", flat=True), day)


def settable_teams(scope: Scope, day: dt.date) -> QuerySet[Team]:
    """Teams whose goals the viewer may set."""
    found: QuerySet[Team] = Team.objects.within(scope)
    if scope.role is not Role.ADMIN:
        found = found.filter(id__in=managed_teams(scope, day))
    return found.order_by("name")


def settable_reps(scope: Scope) -> QuerySet[Rep]:
    """Reps whose goals the viewer may set, if any at all; those who left included, for goals of past periods."""
    found: QuerySet[Rep] = Rep.objects.within(scope).filter(is_unassigned=False)
    return found.order_by("name", "id")


def about(subject: Subject) -> dict[str, Any]:
    """The fields of a goal that name `subject`."""
    if subject.kind is SubjectKind.ORGANISATION:
        return {"subject_kind": subject.kind}
    return {"subject_kind": subject.kind, f"{subject.kind}_id": subject.id}


def targets_of(
    organisation: Organisation, kpi: str, kind: SubjectKind, periods: Sequence[Period]
) -> dict[Period, dict[int, Decimal]]:
    """The targets set for exactly each of the periods, by the subject's id; see `kpis.targets`."""
    found: dict[Period, dict[int, Decimal]] = {period: {} for period in periods}
    goals = Goal.objects.filter(
        organisation=organisation, kpi=kpi, subject_kind=kind, starts_on__in=[period.start for period in periods],
        ends_on__in=[period.end for period in periods],
    )
    for goal in goals.only("subject_kind", "team_id", "rep_id", "customer_id", "target", "starts_on", "ends_on"):
        if goal.period in found:
            found[goal.period][goal.subject.id] = goal.target
    return found
