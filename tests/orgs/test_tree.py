"""The tree of teams over time."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs import tree
from kpi_tracker.orgs.models import Organisation, Team, TeamAssignment, TeamPlacement
from kpi_tracker.orgs.placing import placement_remove, team_place
from kpi_tracker.orgs.selectors import member_scope
from kpi_tracker.periods import Period
from tests import factories

FIRST = dt.date(2026, 1, 1)
NUMBER, DAY = st.integers(0, 3), st.integers(0, 9)
pytestmark = pytest.mark.django_db


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


@pytest.fixture
def org() -> Organisation:
    return factories.organisation()


def below(org: Organisation, team: Team, number: int) -> set[str]:
    ids = tree.subtree(org, [team.id], day(number))
    return set(Team.objects.filter(id__in=ids).values_list("name", flat=True))


def test_a_team_stands_below_another_from_a_day_on(org: Organisation) -> None:
    north, south = factories.team(org, "North"), factories.team(org, "South")
    east = factories.team(org, "East", north)
    team_place(team=east, parent=south, first=day(10))
    team_place(team=east, parent=None, first=day(20), last=day(24))
    assert [below(org, north, number) for number in (0, 9, 10, 22, 25)] == [{"North", "East"}] * 2 + [{"North"}] * 3
    assert [below(org, south, number) for number in (9, 10, 19, 20, 24, 25)] == [
        {"South"}, {"South", "East"}, {"South", "East"}, {"South"}, {"South"}, {"South", "East"},
    ]
    assert tree.ever_below(org, south.id) == {south.id, east.id}
    assert tree.ever_below(org, south.id, Period(day(20), day(25))) == {south.id}
    parents = {team.name: team.parent_id for team in tree.teams_on(org, day(12))}
    assert parents == {"North": None, "South": None, "East": south.id}
    placement_remove(placement=TeamPlacement.objects.get(valid_from=day(20)))
    assert below(org, north, 22) == {"North", "East"}  # as the team itself says


def test_who_stays_in_a_team_and_those_below_it(org: Organisation) -> None:
    """Ada is in East all the time; East is below South for ten days. Bo moves from East to South: one stay without a seam."""
    south, east = factories.team(org, "South"), factories.team(org, "East")
    ada, bo = factories.rep(org, "Ada", east), factories.rep(org, "Bo")
    team_place(team=east, parent=south, first=day(10), last=day(19))
    for team, start, end in ((east, 0, 15), (south, 15, 30)):
        TeamAssignment.objects.create(organisation=org, rep=bo, team=team, valid_from=day(start), valid_to=day(end))
    whole = Period(day(-100), day(100))
    assert tree.stays_in(org, south.id, whole) == {ada.id: [Period(day(10), day(20))], bo.id: [Period(day(10), day(30))]}
    assert tree.stays_in(org, south.id, Period(day(12), day(14))) == {rep.id: [Period(day(12), day(14))] for rep in (ada, bo)}
    assert tree.stays_in(org, south.id, Period(day(30), day(40))) == {}


def test_a_manager_sees_the_teams_that_stand_below_on_the_day(org: Organisation) -> None:
    south, east = factories.team(org, "South"), factories.team(org, "East")
    ada = factories.rep(org, "Ada", east)
    mona = factories.member(org, "mona@example.com", "manager", manages=south)
    team_place(team=east, parent=south, first=day(10), last=day(19))
    membership = mona.memberships.get()
    assert [ada.id in (member_scope(membership, day=day(number)).rep_ids or ()) for number in (9, 10, 19, 20)] == [False, True, True, False]


def test_no_team_stands_below_itself_on_any_day(org: Organisation) -> None:
    north = factories.team(org, "North")
    south = factories.team(org, "South", north)
    east = factories.team(org, "East", south)
    with pytest.raises(InvalidInput, match="would stand below itself"):
        team_place(team=north, parent=east, first=day(0))
    team_place(team=south, parent=None, first=day(10))
    with pytest.raises(InvalidInput, match="from 2026-01-06 on"):
        team_place(team=north, parent=east, first=day(5))
    team_place(team=north, parent=east, first=day(10))
    with pytest.raises(InvalidInput, match="would stand below itself"):
        placement_remove(placement=TeamPlacement.objects.get(team=south))
    with pytest.raises(InvalidInput, match="not in this organisation"):
        team_place(team=north, parent=factories.team(factories.organisation("other"), "Away"), first=day(0))
    with pytest.raises(InvalidInput, match="must not come before"):
        team_place(team=north, parent=None, first=day(5), last=day(4))
    assert TeamPlacement.objects.count() == 2


def test_the_database_holds_that_a_team_is_in_one_place(org: Organisation) -> None:
    north, south = factories.team(org, "North"), factories.team(org, "South")
    TeamPlacement.objects.create(organisation=org, team=south, parent=north, valid_from=day(0), valid_to=day(10))
    TeamPlacement.objects.create(organisation=org, team=south, parent=None, valid_from=day(10))
    for start, end in ((9, 10), (-5, 1), (20, None)):
        until = day(end) if end else None
        with pytest.raises(IntegrityError, match="placement_no_overlap"), transaction.atomic():
            TeamPlacement.objects.create(organisation=org, team=south, parent=north, valid_from=day(start), valid_to=until)
    with pytest.raises(IntegrityError), transaction.atomic():
        TeamPlacement.objects.filter(valid_from=day(10)).update(valid_from=day(9))


def test_a_circle_that_was_written_past_the_services_ends(org: Organisation) -> None:
    north = factories.team(org, "North")
    south = factories.team(org, "South", north)
    Team.objects.filter(pk=north.pk).update(parent=south)
    assert tree.subtree(org, [north.id], day(0)) == tree.subtree(org, [south.id], day(0)) == {north.id, south.id}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(NUMBER, NUMBER | st.none(), DAY, DAY | st.none()), max_size=6))
def test_any_placements_say_the_tree_of_every_day(org: Organisation, moves: list[tuple[int, int | None, int, int | None]]) -> None:
    TeamPlacement.objects.all().delete()
    teams = [Team.objects.get_or_create(organisation=org, name=name)[0] for name in "ABCD"]
    expected: list[dict[int, int | None]] = [dict.fromkeys(team.id for team in teams) for _ in range(12)]
    for which, above, start, end in moves:
        days = range(start, 12 if end is None else end + 1)
        wanted = [dict(one) for one in expected]
        for number in days:
            wanted[number][teams[which].id] = None if above is None else teams[above].id
        try:
            with transaction.atomic():
                parent = None if above is None else teams[above]
                team_place(team=teams[which], parent=parent, first=day(start), last=None if end is None else day(end))
        except (InvalidInput, IntegrityError):
            assert not days or which == above or any(tree.circle(one) for one in wanted)
            continue
        expected = wanted
    above_rows = tree.teams_above(org)
    for number, parents in enumerate(expected):
        assert tree.era_on(org, day(number)).parents == parents
        for team in teams:
            chain, at = {team.id}, parents[team.id]
            while at is not None:
                chain.add(at)
                at = parents[at]
            assert {row.above for row in above_rows if row.team == team.id and row.start <= day(number) < row.end} == chain
