"""Whom a page is about: found within the scope, with the way there and what stands beside and below."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext

from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Rep, Team, TeamAssignment
from kpi_tracker.orgs.selectors import valid_on
from kpi_tracker.orgs.tree import placed_on, teams_on
from kpi_tracker.periods import Grain, Period
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope

ORGANISATION = Subject(SubjectKind.ORGANISATION)


@dataclass(frozen=True, slots=True)
class Named:
    subject: Subject
    name: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class About:
    """above: from the organisation down. beside: the subjects to switch to. below: the teams that it is made of."""

    subject: Subject
    name: str
    above: tuple[Named, ...] = ()
    beside: tuple[Named, ...] = ()
    below: tuple[Named, ...] = ()
    teams: tuple[Team, ...] = field(default=(), repr=False)
    rep: Rep | None = None
    customer: Customer | None = None

    @property
    def kind(self) -> SubjectKind:
        return self.subject.kind

    @property
    def team_ids(self) -> set[int]:
        """The team with those below it; empty for other subjects."""
        return {named.subject.id for named in tree(self.teams, self.subject.id)} if self.kind is SubjectKind.TEAM else set()


def address(scope: Scope, subject: Subject, grain: Grain | None = None, period: Period | None = None, kpi: str = "") -> str:
    """The page of `subject`: now, or in a period."""
    names: dict[str, object] = {"org": scope.organisation.slug}
    if subject.kind is not SubjectKind.ORGANISATION:
        names["id"] = subject.id
    if grain is None or period is None:
        return reverse(f"dashboards:{subject.kind}_now", kwargs=names)
    names |= {"grain": grain.value, "start": period.start.isoformat()}
    return reverse(f"dashboards:{subject.kind}", kwargs=names) + (f"?kpi={kpi}" if kpi else "")


def about(scope: Scope, kind: SubjectKind, subject_id: int, *, day: dt.date) -> About:
    """404 for what is not in the organisation, 403 for what the scope may not see. The tree of teams is that of `day`."""
    teams = teams_on(scope.organisation, day)
    match kind:
        case SubjectKind.ORGANISATION:
            return _organisation(scope, teams)
        case SubjectKind.TEAM:
            return _team(scope, teams, subject_id)
        case SubjectKind.REP:
            return _rep(scope, teams, subject_id, day)
        case SubjectKind.CUSTOMER:
            return _customer(scope, teams, subject_id)
        case _:
            assert_never(kind)


def tree(teams: tuple[Team, ...], root: int | None = None, depth: int = 0) -> Iterator[Named]:
    """The teams below `root`, itself first (all if None), each followed by those below it."""
    if root is not None and depth == 0:
        yield from (Named(Subject(SubjectKind.TEAM, team.id), team.name, 0) for team in teams if team.id == root)
        depth = 1
    for team in teams:
        if team.parent_id == root:
            yield Named(Subject(SubjectKind.TEAM, team.id), team.name, depth)
            yield from tree(teams, team.id, depth + 1)


def _organisation(scope: Scope, teams: tuple[Team, ...]) -> About:
    if not scope.sees_organisation:
        raise PermissionDenied
    return About(ORGANISATION, scope.organisation.name, below=tuple(tree(teams)), teams=teams)


def _top(scope: Scope) -> tuple[Named, ...]:
    return (Named(ORGANISATION, scope.organisation.name),) if scope.sees_organisation else ()


def _way_to(scope: Scope, teams: tuple[Team, ...], team_id: int | None) -> tuple[Named, ...]:
    """The organisation and the teams down to `team_id`, as far as the scope may open them."""
    known = {team.id: team for team in teams}
    way: list[Named] = []
    while team_id is not None:
        if scope.may_see_team(team_id):
            way.insert(0, Named(Subject(SubjectKind.TEAM, team_id), known[team_id].name))
        team_id = known[team_id].parent_id
    return (*_top(scope), *way)


def _team(scope: Scope, teams: tuple[Team, ...], team_id: int) -> About:
    team = next((team for team in teams if team.id == team_id), None)
    if team is None:
        raise Http404
    if not scope.may_see_team(team_id):
        raise PermissionDenied
    inside = tuple(tree(teams, team_id))
    beside = tuple(named for named in tree(teams) if scope.may_see_team(named.subject.id))
    above = _way_to(scope, teams, team.parent_id)
    return About(Subject(SubjectKind.TEAM, team_id), team.name, above=above, beside=beside, below=inside[1:], teams=teams)


def members(scope: Scope, team_ids: set[int], day: dt.date) -> tuple[Named, ...]:
    """The reps of these teams on `day` whom the scope sees."""
    found = TeamAssignment.objects.within(scope).filter(valid_on(day), team_id__in=team_ids).order_by("rep__name", "rep_id")
    return tuple(Named(Subject(SubjectKind.REP, rep_id), name) for rep_id, name in found.values_list("rep_id", "rep__name"))


def _rep(scope: Scope, teams: tuple[Team, ...], rep_id: int, day: dt.date) -> About:
    rep = Rep.objects.filter(organisation=scope.organisation, id=rep_id).first()
    if rep is None:
        raise Http404
    if not scope.may_see_rep(rep_id):
        raise PermissionDenied
    team_id = placed_on(scope.organisation, day).get(rep_id)
    alone = scope.rep_ids is not None and scope.rep_ids <= {rep_id}
    beside = members(scope, {team_id}, day) if team_id is not None and not alone else ()
    return About(Subject(SubjectKind.REP, rep_id), str(rep), above=_way_to(scope, teams, team_id), beside=beside, teams=teams, rep=rep)


def _customer(scope: Scope, teams: tuple[Team, ...], customer_id: int) -> About:
    customer = Customer.objects.filter(organisation=scope.organisation, id=customer_id).select_related("owner").first()
    if customer is None:
        raise Http404
    if not may_see_customer(scope, customer):
        raise PermissionDenied
    return About(Subject(SubjectKind.CUSTOMER, customer_id), customer.name, above=_top(scope), teams=teams, customer=customer)


def may_see_customer(scope: Scope, customer: Customer) -> bool:
    """As `Customer.objects.within(scope)` would tell, of a row that is already read."""
    return scope.rep_ids is None or customer.owner_id in scope.rep_ids or customer.added_by_id in scope.rep_ids


def label_of(kind: SubjectKind) -> str:
    match kind:
        case SubjectKind.ORGANISATION:
            return gettext("Organisation")
        case SubjectKind.TEAM:
            return gettext("Team")
        case SubjectKind.REP:
            return gettext("Rep")
        case SubjectKind.CUSTOMER:
            return gettext("Customer")
        case _:
            assert_never(kind)
