"""Goals that may be seen: those in force with the figures of their subject, proposed ones and drafts by those whom they concern."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from goals.models import IN_FORCE, Answer, Goal, GoalVersion, Participant, State
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation, Rep, Team, TeamManager
from kpi_tracker.orgs.selectors import valid_on
from kpi_tracker.orgs.tree import subtree
from kpi_tracker.periods import Period
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Role, Scope


def _of_seen_subjects(scope: Scope) -> Q:
    """Goals of whom the figures are seen."""
    seen = Q(subject_kind=SubjectKind.TEAM) if scope.team_ids is None else Q(team_id__in=scope.team_ids)
    if scope.sees_organisation:
        seen |= Q(subject_kind=SubjectKind.ORGANISATION)
    if scope.rep_ids is None:
        return seen | Q(subject_kind__in=[SubjectKind.REP, SubjectKind.CUSTOMER])
    return seen | Q(rep_id__in=scope.rep_ids) | Q(customer_id__in=Customer.objects.within(scope).values("id"))


def settable(scope: Scope) -> Q:
    """Goals that the viewer may set; the same as `services.may_set` says of one."""
    match scope.role:
        case Role.ADMIN:
            return Q()
        case Role.MANAGER:
            own = Q(team_id__in=scope.manages) | Q(customer_id__in=Customer.objects.within(scope).values("id"))
            return own | (Q(subject_kind=SubjectKind.REP) if scope.rep_ids is None else Q(rep_id__in=scope.rep_ids))
        case Role.REP | Role.VIEWER:
            return Q(pk__in=[])


def taken_part_in(scope: Scope) -> Q:
    """Goals in which the viewer takes part, or a rep for whom a manager may answer."""
    reps = answerable_reps(scope)
    if reps is None:
        return Q(pk__in=Participant.objects.within(scope).values("goal_id")) | Q(subject_kind=SubjectKind.REP)
    taking = Participant.objects.filter(organisation=scope.organisation, rep_id__in=reps)
    return Q(pk__in=taking.values("goal_id")) | Q(rep_id__in=reps)


def answerable_reps(scope: Scope) -> frozenset[int] | None:
    """The reps in whose name the viewer may answer: oneself; for a manager or an admin those seen. None: all."""
    if scope.role in (Role.ADMIN, Role.MANAGER):
        return scope.rep_ids
    return frozenset() if scope.rep_id is None or scope.role is Role.VIEWER else frozenset({scope.rep_id})


def _visible(scope: Scope) -> QuerySet[Goal]:
    """In force: with the figures of their subject, and to those who take part. Proposed: to the setters and those who take part.
    Drafts: to the setters."""
    may_set, takes_part = settable(scope), taken_part_in(scope)
    seen = Q(state__in=IN_FORCE) & (_of_seen_subjects(scope) | takes_part) | Q(state=State.PROPOSED) & (may_set | takes_part)
    found: QuerySet[Goal] = Goal.objects.within(scope).filter(seen | Q(state=State.DRAFT) & may_set)
    return found.select_related("organisation", "team", "rep", "customer", "created_by", "decided_by", "closed_by")


def _counting(scope: Scope) -> QuerySet[Goal]:
    """Goals in force: what is asked of the subjects whose figures are seen."""
    found: QuerySet[Goal] = Goal.objects.within(scope).filter(_of_seen_subjects(scope), state__in=IN_FORCE)
    return found.select_related("organisation", "team", "rep", "customer")


def goal_list(
    scope: Scope, *, subject: Subject | None = None, kind: SubjectKind | None = None, kpi: str = "", meets: Period | None = None,
    in_force: bool = False,
) -> QuerySet[Goal]:
    """Goals seen by `scope`, those that end first in front; of a subject, a kind of subject, a KPI, sharing a day with `meets`.

    in_force: without drafts and proposals, and of seen subjects only: those that figures are held against.
    """
    found = _counting(scope) if in_force else _visible(scope)
    if subject is not None:
        found = found.filter(**about(subject))
    if kind is not None:
        found = found.filter(subject_kind=kind)
    if kpi:
        found = found.filter(kpi=kpi)
    if meets is not None:
        found = found.filter(starts_on__lt=meets.end, ends_on__gt=meets.start)
    return found.order_by("ends_on", "starts_on", "subject_kind", "kpi", "id")


def goal_get(scope: Scope, goal_id: int, *, in_force: bool = False) -> Goal | None:
    return (_counting(scope) if in_force else _visible(scope)).filter(id=goal_id).first()


def sees_figures(scope: Scope, goal: Goal) -> bool:
    """Whether the figures of the goal's subject may be opened, not only how the goal stands."""
    match goal.subject.kind:
        case SubjectKind.ORGANISATION:
            return scope.sees_organisation
        case SubjectKind.TEAM:
            return scope.may_see_team(goal.subject.id)
        case SubjectKind.REP:
            return scope.may_see_rep(goal.subject.id)
        case SubjectKind.CUSTOMER:
            return scope.rep_ids is None or bool(Customer.objects.within(scope).filter(id=goal.subject.id).exists())


def last_number(goal: Goal) -> int:
    """The number of the goal's last version, 0 where none is written down yet: what a form about the goal has been shown."""
    found: int | None = goal.versions.aggregate(last=Max("number"))["last"]
    return found or 0


def pending_version(goal: Goal) -> GoalVersion | None:
    """The version that waits for answers: of a proposed goal its own, of one in force the change that is proposed."""
    if goal.state not in (State.PROPOSED, State.AGREED):
        return None
    last: GoalVersion | None = goal.versions.order_by("-number").first()
    return None if last is None or last.in_force or last.withdrawn else last


def shares_of(version: GoalVersion | None, taking: Iterable[Participant]) -> dict[int, Decimal]:
    """Each participant's share by rep id, in the order given: as the version has it, else as it is in force."""
    given = version.shares if version else {}
    return {one.rep_id: Decimal(given.get(str(one.rep_id), one.share)) for one in taking}


def waiting(scope: Scope, today: dt.date) -> QuerySet[Goal]:
    """Goals that wait for the viewer: to answer as one who takes part, or to answer another figure that was offered. Not those over."""
    newer = GoalVersion.objects.within(scope).filter(goal=OuterRef("goal"), number__gt=OuterRef("number"))
    open_versions = GoalVersion.objects.within(scope).filter(
        ~Exists(newer), in_force=False, withdrawn=False, goal__state__in=(State.PROPOSED, State.AGREED),
    )
    mine = Q(pk__in=[])
    if scope.rep_id is not None and scope.role is not Role.VIEWER:
        own = Answer.objects.within(scope).filter(version=OuterRef("pk"), rep_id=scope.rep_id)
        asked = open_versions.filter(~Exists(own), goal__participants__rep_id=scope.rep_id)
        mine |= Q(pk__in=asked.values("goal_id"))
    if scope.may_set_goals:
        offered = open_versions.filter(Exists(Answer.objects.within(scope).filter(version=OuterRef("pk"), counter__isnull=False)))
        mine |= Q(pk__in=offered.values("goal_id")) & settable(scope)
    found: QuerySet[Goal] = Goal.objects.within(scope).filter(mine, ends_on__gt=today)
    return found


def goal_for(scope: Scope, *, kpi: str, subject: Subject, period: Period) -> Goal | None:
    """The goal in force of exactly this period. A month's curve never shows a share of a quarter's goal that nobody set."""
    return _counting(scope).filter(kpi=kpi, starts_on=period.start, ends_on=period.end, **about(subject)).first()


def goals_for_subjects(
    scope: Scope, *, kpis: Iterable[str], kind: SubjectKind, ids: Iterable[int], period: Period
) -> dict[tuple[str, int], Goal]:
    """Goals in force of exactly this period, by KPI and subject id (0 for the organisation)."""
    found = _counting(scope).filter(kpi__in=list(kpis), subject_kind=kind, starts_on=period.start, ends_on=period.end)
    if kind is not SubjectKind.ORGANISATION:
        found = found.filter(**{f"{kind}_id__in": list(ids)})
    return {(goal.kpi, goal.subject.id): goal for goal in found}


def goals_at(scope: Scope, day: dt.date) -> QuerySet[Goal]:
    """Goals in force that run on `day`."""
    return goal_list(scope, in_force=True).filter(starts_on__lte=day, ends_on__gt=day)


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
    """The targets in force for exactly each of the periods, by the subject's id; see `kpis.targets`."""
    found: dict[Period, dict[int, Decimal]] = {period: {} for period in periods}
    goals = Goal.objects.filter(
        organisation=organisation, kpi=kpi, subject_kind=kind, starts_on__in=[period.start for period in periods],
        ends_on__in=[period.end for period in periods], state__in=IN_FORCE,
    )
    for goal in goals.only("subject_kind", "team_id", "rep_id", "customer_id", "target", "starts_on", "ends_on"):
        if goal.period in found:
            found[goal.period][goal.subject.id] = goal.target
    return found
