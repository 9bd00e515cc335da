"""Reads of the organisation's people, teams and calendar; the one place where a Scope is made."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from kpi_tracker.once import know
from kpi_tracker.orgs import tree
from kpi_tracker.orgs.kept import calendar_version
from kpi_tracker.orgs.models import CalendarVersion, Membership, Organisation, Rep, TeamAssignment, TeamManager
from kpi_tracker.periods import Period
from kpi_tracker.scope import Role, Scope


def valid_on(day: dt.date, prefix: str = "") -> Q:
    """The condition that a dated row is valid on `day`."""
    return Q(**{f"{prefix}valid_from__lte": day}) & (Q(**{f"{prefix}valid_to": None}) | Q(**{f"{prefix}valid_to__gt": day}))


def scope_for(user: Any, slug: str, *, day: dt.date | None = None) -> Scope | None:
    """What `user` may see of the organisation named `slug`; None for anybody who is no member of it.

    day: the local day on which dated management and team membership are read; today if left out.
    """
    reps = Rep.objects.filter(organisation_id=OuterRef("organisation_id"), user_id=OuterRef("user_id")).values("id")
    versions = CalendarVersion.objects.filter(organisation_id=OuterRef("organisation_id")).values("version")
    memberships = Membership.objects.filter(user=user, organisation__slug=slug).select_related("organisation")
    membership = memberships.annotate(rep_id=Subquery(reps[:1]), version=Subquery(versions[:1])).first()
    if membership is None:
        return None
    know(calendar_version, membership.organisation, membership.version or "")
    return _scope(membership, membership.rep_id, day)


def member_scope(membership: Membership, *, day: dt.date | None = None) -> Scope:
    rep = Rep.objects.filter(organisation=membership.organisation, user_id=membership.user_id).first()
    return _scope(membership, rep.id if rep else None, day)


def _scope(membership: Membership, rep_id: int | None, day: dt.date | None) -> Scope:
    organisation = membership.organisation
    day = day or organisation.local_day(timezone.now())
    role = Role(membership.role)
    own: dict[str, Any] = {"organisation": organisation, "role": role, "user_id": membership.user_id, "rep_id": rep_id}
    match role:
        case Role.ADMIN | Role.VIEWER:
            return Scope(**own, rep_ids=None, team_ids=None, sees_organisation=True)
        case Role.MANAGER:
            managed = TeamManager.objects.filter(valid_on(day), organisation=organisation, user_id=membership.user_id)
            teams = tree.subtree(organisation, managed.values_list("team_id", flat=True), day)
            reps = _reps_of(organisation, teams, day) | ({rep_id} if rep_id is not None else set())
            return Scope(**own, rep_ids=frozenset(reps), team_ids=None, sees_organisation=True, manages=frozenset(teams))
        case Role.REP:
            if rep_id is None:
                return Scope(**own)
            team = tree.placed_on(organisation, day).get(rep_id)
            return Scope(
                **own, rep_ids=frozenset({rep_id}), team_ids=frozenset() if team is None else frozenset({team}), sees_organisation=False
            )


def _reps_of(organisation: Organisation, teams: set[int], day: dt.date) -> set[int]:
    """The reps whose team on `day` is among `teams`; of those who left their last team counts, of those to come their first."""
    found: dict[int, int] = {}
    for stay in tree.stays(organisation, Period(tree.FIRST, tree.LAST)):  # in order, for each rep
        if stay.start <= day or stay.rep_id not in found:
            found[stay.rep_id] = stay.team_id
    return {rep_id for rep_id, team in found.items() if team in teams}


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
