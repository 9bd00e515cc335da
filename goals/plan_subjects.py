"""Whom a plan is for: chosen within the scope, with the wider subjects whose rates may stand in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext

from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, Subject
from kpi_tracker.orgs.models import Rep, Team
from kpi_tracker.orgs.selectors import reps_at
from kpi_tracker.orgs.tree import placed_on, teams_on
from kpi_tracker.scope import Role, Scope


@dataclass(frozen=True, slots=True)
class Whose:
    subject: Subject
    name: str

    @property
    def kind(self) -> SubjectKind:
        return self.subject.kind


def subject_text(subject: Subject) -> str:
    """As addresses write it: "team:3", "organisation"."""
    return f"{subject.kind.value}:{subject.id}" if subject.id else subject.kind.value


def subject_from(text: str) -> Subject:
    """The organisation, a team or a rep; 404 for anything else."""
    kind, _colon, number = text.partition(":")
    if kind not in (SubjectKind.ORGANISATION, SubjectKind.TEAM, SubjectKind.REP):
        raise Http404
    if (kind == SubjectKind.ORGANISATION) != (not number) or (number and not (number.isascii() and number.isdecimal())):
        raise Http404
    return Subject(SubjectKind(kind), int(number or 0))


def first_subject(scope: Scope) -> Subject:
    """A rep's own figures, else the organisation's; of whoever sees neither, a team's."""
    if scope.role is Role.REP and scope.rep_id is not None:
        return Subject(SubjectKind.REP, scope.rep_id)
    if scope.sees_organisation:
        return EVERYTHING
    raise PermissionDenied


def whose(scope: Scope, subject: Subject, today: dt.date) -> tuple[Whose, list[Whose]]:
    """The subject, and the wider ones that the scope may see, nearest first. 404 for none of ours, 403 for one not to be seen."""
    organisation = scope.organisation
    teams = {team.id: team for team in teams_on(organisation, today)}
    match subject.kind:
        case SubjectKind.ORGANISATION:
            if not scope.sees_organisation:
                raise PermissionDenied
            return Whose(EVERYTHING, organisation.name), []
        case SubjectKind.TEAM:
            team = teams.get(subject.id)
            if team is None:
                raise Http404
            if not scope.may_see_team(subject.id):
                raise PermissionDenied
            return Whose(subject, team.name), _above(scope, teams, team.parent_id)
        case _:
            rep = Rep.objects.filter(organisation=organisation, id=subject.id).first()
            if rep is None:
                raise Http404
            if not scope.may_see_rep(rep.id):
                raise PermissionDenied
            return Whose(subject, rep.name), _above(scope, teams, placed_on(organisation, today).get(rep.id))


def _above(scope: Scope, teams: dict[int, Team], team_id: int | None) -> list[Whose]:
    found = []
    while team_id is not None:
        if scope.may_see_team(team_id):
            found.append(Whose(Subject(SubjectKind.TEAM, team_id), teams[team_id].name))
        team_id = teams[team_id].parent_id
    return [*found, Whose(EVERYTHING, scope.organisation.name)] if scope.sees_organisation else found


Choices = list[tuple[str, list[tuple[str, str]]]]


def choices(scope: Scope, today: dt.date) -> Choices:
    """All subjects that may be chosen, by kind; without a heading the organisation."""
    found: Choices = []
    if scope.sees_organisation:
        found.append(("", [(SubjectKind.ORGANISATION.value, scope.organisation.name)]))
    teams = [(f"team:{team.id}", team.name) for team in teams_on(scope.organisation, today) if scope.may_see_team(team.id)]
    reps = [(f"rep:{rep.id}", rep.name) for rep in reps_at(scope, day=today)]
    return found + [(label, rows) for label, rows in ((gettext("Teams"), teams), (gettext("Reps"), reps)) if rows]
