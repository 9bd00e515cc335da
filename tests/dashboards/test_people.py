"""Teams and reps."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse

from dashboards.people import team_people
from kpi_tracker.orgs.models import Absence, TeamAssignment
from tests import factories
from tests.dashboards.conftest import SignedIn, World, text

ADDRESS = reverse("dashboards:people", kwargs={"org": "nordlys"})
DAY = dt.date(2024, 3, 20)


def test_it_works(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(ADDRESS))
    assert "3 reps in 2 teams" in page
    assert "led by Mona" in page
    assert page.index("Sweden") < page.index("Cesar Cruz")


def test_who_moved_came_and_is_away(world: World) -> None:
    stay = world.bob.assignments.get()
    stay.valid_to = dt.date(2024, 3, 1)
    stay.save()
    TeamAssignment.objects.create(organisation=world.org, rep=world.bob, team=world.malmo, valid_from=dt.date(2024, 3, 1))
    Absence.objects.create(organisation=world.org, rep=world.cesar, valid_from=dt.date(2024, 3, 18), valid_to=dt.date(2024, 3, 25))
    factories.rep(world.org, "Nora New", world.malmo, since=dt.date(2024, 2, 1), started_on=dt.date(2024, 2, 1))
    factories.rep(world.org, "Gone", world.malmo, ended_on=dt.date(2024, 1, 1))
    factories.rep(world.org, "Loose")
    teams, loose = team_people(world.scope("alice"), DAY)
    malmo = {person.rep.name: person for team in teams for person in team.people if team.named.name == "Malmö"}
    assert list(malmo) == ["Bob Berg", "Cesar Cruz", "Nora New"]
    assert (malmo["Bob Berg"].moved_from, malmo["Bob Berg"].moved_on) == ("Stockholm", dt.date(2024, 3, 1))
    assert (malmo["Cesar Cruz"].away, malmo["Cesar Cruz"].back_on) == (True, dt.date(2024, 3, 25))
    assert malmo["Nora New"].joined_on == dt.date(2024, 2, 1)
    assert [person.rep.name for person in loose] == ["Loose"]


def test_a_rep_sees_the_own_team_and_nobody_else(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("bob").get(ADDRESS))
    assert "Stockholm" in page
    assert "Malmö" not in page
    assert "Bea Bok" not in page


def test_refusals(signed_in: SignedIn, world: World) -> None:
    assert signed_in("charlie").get(ADDRESS).status_code == 404
