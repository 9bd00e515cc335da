"""Moving reps between teams on any day, past or to come."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import Organisation, Rep, Team, TeamAssignment
from kpi_tracker.orgs.services import rep_move_team, team_on, team_path_ensure
from tests import factories

pytestmark = pytest.mark.django_db
FIRST = dt.date(2026, 1, 1)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


@pytest.fixture
def org() -> Organisation:
    return factories.organisation("nordlys")


def spans(rep: Rep) -> list[tuple[str, dt.date, dt.date | None]]:
    return list(TeamAssignment.objects.filter(rep=rep).order_by("valid_from").values_list("team__name", "valid_from", "valid_to"))


def test_a_move_ends_the_stay_before(org: Organisation) -> None:
    north, south = factories.team(org, "North"), factories.team(org, "South")
    anna = factories.rep(org, "Anna")
    rep_move_team(rep=anna, team=north, from_day=day(0))
    rep_move_team(rep=anna, team=south, from_day=day(10))
    assert spans(anna) == [("North", day(0), day(10)), ("South", day(10), None)]
    rep_move_team(rep=anna, team=south, from_day=day(5), until=day(10))
    assert spans(anna) == [("North", day(0), day(5)), ("South", day(5), None)]
    rep_move_team(rep=anna, team=None, from_day=day(20))
    assert (team_on(anna, day(19)), team_on(anna, day(20))) == (south.pk, None)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from([0, 1, 2, None]), st.integers(0, 12), st.integers(1, 13) | st.none()), max_size=6))
def test_any_moves_say_the_team_of_every_day(org: Organisation, moves: list[tuple[int | None, int, int | None]]) -> None:
    teams = [Team.objects.get_or_create(organisation=org, name=name)[0] for name in "ABC"]
    anna = factories.rep(org, "Anna")
    expected: dict[int, int | None] = dict.fromkeys(range(16))
    for team, start, length in moves:
        end = None if length is None else start + length
        rep_move_team(rep=anna, team=None if team is None else teams[team], from_day=day(start), until=None if end is None else day(end))
        for number in range(start, 16 if end is None else min(end, 16)):
            expected[number] = None if team is None else teams[team].pk
        assert {number: team_on(anna, day(number)) for number in expected} == expected
        ends = [(start, end) for _, start, end in spans(anna)]
        assert all(end is not None and end <= following for (_, end), (following, _) in pairwise(ends))


def test_a_team_of_another_organisation_is_refused(org: Organisation) -> None:
    other = factories.team(factories.organisation("other"), "North")
    with pytest.raises(InvalidInput):
        rep_move_team(rep=factories.rep(org, "Anna"), team=other, from_day=FIRST)


def test_a_path_of_teams(org: Organisation) -> None:
    team, made = team_path_ensure(organisation=org, path=["Nordic", "Sweden", "Malmö"])
    assert (team.name, team.parent.name, team.parent.parent.name, made) == ("Malmö", "Sweden", "Nordic", 3)
    assert team_path_ensure(organisation=org, path=["Sweden", "Malmö"])[1] == 0
    # A team cannot end up below itself.
    with pytest.raises(InvalidInput):
        team_path_ensure(organisation=org, path=["Malmö", "Nordic"])
