"""Whom a member may see, on a given day."""

from __future__ import annotations

import datetime as dt

import pytest

from kpi_tracker.orgs.models import Membership, Organisation, Rep, TeamAssignment
from kpi_tracker.orgs.selectors import member_scope, scope_for
from tests import factories

BEFORE, MOVED, AFTER = dt.date(2026, 2, 1), dt.date(2026, 3, 1), dt.date(2026, 4, 1)


def visible(organisation: Organisation, role: str, day: dt.date) -> set[str] | None:
    scope = member_scope(Membership.objects.get(organisation=organisation, role=role), day=day)
    return None if scope.rep_ids is None else set(Rep.objects.filter(id__in=scope.rep_ids).values_list("name", flat=True))


@pytest.fixture
def organisation(db: None) -> Organisation:
    """Bo moves from Stockholm to Malmö in March; Lo left Stockholm in January; Ny joins it in May."""
    org = factories.organisation()
    sweden = factories.team(org, "Sweden")
    stockholm, malmo = factories.team(org, "Stockholm", sweden), factories.team(org, "Malmö", sweden)
    factories.member(org, "mona@example.com", "manager", manages=stockholm)
    factories.member(org, "alice@example.com", "admin")
    factories.rep(org, "Al", stockholm)
    for name, start, end, team in (("Bo", None, MOVED, stockholm), ("Lo", None, dt.date(2026, 1, 15), stockholm)):
        rep = factories.rep(org, name)
        TeamAssignment.objects.create(organisation=org, rep=rep, team=team, valid_from=start or dt.date(2020, 1, 1), valid_to=end)
    TeamAssignment.objects.create(organisation=org, rep=Rep.objects.get(name="Bo"), team=malmo, valid_from=MOVED)
    factories.rep(org, "Ny", stockholm, since=dt.date(2026, 5, 1))
    factories.member(org, "bob@example.com", "rep", rep=Rep.objects.get(name="Bo"))
    return org


def test_a_manager_sees_the_members_of_the_day(organisation: Organisation) -> None:
    assert visible(organisation, "manager", BEFORE) == {"Al", "Bo", "Lo", "Ny"}
    assert visible(organisation, "manager", AFTER) == {"Al", "Lo", "Ny"}


def test_an_admin_sees_everybody_and_a_rep_the_own_figures(organisation: Organisation) -> None:
    assert visible(organisation, "admin", AFTER) is None
    assert visible(organisation, "rep", AFTER) == {"Bo"}


def test_a_rep_sees_the_totals_of_the_team_of_the_day(organisation: Organisation) -> None:
    membership = Membership.objects.get(organisation=organisation, role="rep")
    teams = {day: member_scope(membership, day=day).team_ids for day in (BEFORE, AFTER)}
    assert teams[BEFORE] != teams[AFTER]
    assert all(found is not None and len(found) == 1 for found in teams.values())


def test_a_stranger_has_no_scope(organisation: Organisation) -> None:
    stranger = factories.member(factories.organisation("other"), "charlie@example.com", "admin")
    assert scope_for(stranger, organisation.slug, day=AFTER) is None
