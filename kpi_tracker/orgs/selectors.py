"""Reads of the organisation's people, teams and calendar; the one place where a Scope is made."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from kpi_tracker.orgs import tree
from kpi_tracker.orgs.models import Membership, Organisation, Rep, TeamAssignment, TeamManager
from kpi_tracker.scope import Role, Scope


def valid_on(day: dt.date, prefix: str = "") -> Q:
    """The condition that a dated row is valid on `day`."""
    return Q(**{f"{prefix}valid_from__lte": day}) & (Q(**{f"{prefix}valid_to": None}) | Q(**{f"{prefix}valid_to__gt": day}))


def scope_for(user: Any, slug: str, *, day: dt.date | None = None) -> Scope | None:
    """What `user` may see of the organisation named `slug`; None for anybody who is no member of it.

    day: the local day on which dated management and team membership are read; today if left out.
    """
    membership = Membership.objects.filter(user=user, organisation__slug=slug).select_related("organisation").first()
    if membership is None:
        return None
    return member_scope(membership, day=day)


def member_scope(membership: Membership, *, day: dt.date | None = None) -> Scope:
    organisation = membership.organisation
    day = day or organisation.local_day(timezone.now())
    role = Role(membership.role)
    rep = Rep.objects.filter(organisation=organisation, user_id=membership.user_id).first()
    own: dict[str, Any] = {"organisation": organisation, "role": role, "user_id": membership.user_id, "rep_id": rep.id if rep else None}
    match role:
        case Role.ADMIN | Role.VIEWER:
            return Scope(**own, rep_ids=None, team_ids=None, sees_organisation=True)
        case Role.MANAGER:
            managed = TeamManager.objects.filter(valid_on(day), organisation=organisation, user_id=membership.user_id)
            teams = tree.subtree(organisation, managed.values_list("team_id", flat=True), day)
            reps = _reps_of(organisation, teams, day) | ({rep.id} if rep else set())
            return Scope(**own, rep_ids=frozenset(reps), team_ids=None, sees_organisation=True)
        case Role.REP:
            if rep is None:
                return Scope(**own)
            teams = set(TeamAssignment.objects.filter(valid_on(day), rep=rep).values_list("team_id", flat=True))
            return Scope(**own, rep_ids=frozenset({rep.id}), team_ids=frozenset(teams), sees_organisation=False)


def _reps_of(organisation: Organisation, teams: set[int], day: dt.date) -> set[int]:
    """The reps whose team on `day` is among `teams`; of those who left their last team counts, of those to come their first."""
    belonging = TeamAssignment.objects.filter(organisation=organisation, rep_id=OuterRef("id"))
    last = belonging.filter(valid_from__lte=day).order_by("-valid_from").values("team_id")[:1]
    first = belonging.filter(valid_from__gt=day).order_by("valid_from").values("team_id")[:1]
    found = Rep.objects.filter(organisation=organisation).alias(team_id=Coalesce(Subquery(last), Subquery(first)))
    return set(found.filter(team_id__in=teams).values_list("id", flat=True))


def organisation_scope(organisation: Organisation) -> Scope:
    """All of one organisation, for jobs and commands."""
    return Scope(organisation=organisation, role=Role.ADMIN, user_id=None, rep_ids=None, team_ids=None, sees_organisation=True)


def reps_at(scope: Scope, *, team_id: int | None = None, day: dt.date) -> Any:
    """The reps seen by `scope` who work on `day`, of one team (with the teams below it) or of all."""
    found = Rep.objects.within(scope).filter(is_unassigned=False)
    found = found.exclude(started_on__gt=day).exclude(ended_on__lt=day)
    if team_id is not None:
        teams = tree.subtree(scope.organisation, [team_id], day)
        member = TeamAssignment.objects.filter(valid_on(day), organisation=scope.organisation, team_id__in=teams)
        found = found.filter(id__in=member.values("rep_id"))
    return found.order_by("name", "id")
