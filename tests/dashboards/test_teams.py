"""Teams over time: a rep's stays are corrected, and teams are placed, for any day past or to come."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse

from dashboards.stays import stays_of, timeline
from kpi_tracker.orgs.models import TeamAssignment, TeamPlacement
from kpi_tracker.orgs.services import rep_move_team
from tests import factories
from tests.dashboards.conftest import SignedIn, World, text

ADDRESS = reverse("dashboards:teams", kwargs={"org": "nordlys"})
TODAY = dt.date(2024, 3, 20)


def place(name: str, **more: int) -> str:
    return reverse(f"dashboards:{name}", kwargs={"org": "nordlys", **more})


def spans(world: World) -> list[tuple[str, str, str]]:
    rows = TeamAssignment.objects.filter(rep=world.bob).order_by("valid_from").values_list("team__name", "valid_from", "valid_to")
    return [(team, str(start), str(end or "")) for team, start, end in rows]


def test_it_works(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(ADDRESS + "?around=2024-03-20"))
    assert all(name in page for name in ("Bob Berg", "Cesar Cruz", "Malmö", "Place the team"))
    assert "Place the team" not in text(signed_in("vera").get(ADDRESS))
    own = text(signed_in("bob").get(ADDRESS))
    assert "Bob Berg" in own
    assert "Cesar Cruz" not in own


def test_refusals(signed_in: SignedIn, world: World) -> None:
    stay = world.bob.assignments.get()
    placed = TeamPlacement.objects.create(organisation=world.org, team=world.malmo, valid_from=TODAY)
    addresses = [
        place("team_place"), place("team_place_delete", id=placed.pk), place("rep_stays", id=world.bob.pk), place("stay_edit", id=stay.pk),
        place("stay_delete", id=stay.pk),
    ]
    for who, status in (("mona", 403), ("bob", 403), ("vera", 403), ("charlie", 404)):
        assert [signed_in(who).post(address).status_code for address in addresses] == [status] * len(addresses)
    assert signed_in("bob").get(place("rep_stays", id=world.cesar.pk)).status_code == 403
    assert signed_in("mona").get(place("rep_stays", id=world.cesar.pk)).status_code == 403
    assert signed_in("alice").get(ADDRESS + "?around=1066-10-14").status_code == 404
    stranger = factories.rep(world.other, "Rut", factories.team(world.other, "Away"))
    alice = signed_in("alice")
    assert alice.get(place("rep_stays", id=stranger.pk)).status_code == 404
    assert alice.post(place("stay_delete", id=stranger.assignments.get().pk)).status_code == 404
    theirs = {"team": stranger.assignments.get().team_id, "first": "2024-01-01"}
    assert alice.post(place("rep_stays", id=world.bob.pk), theirs).status_code == 400
    assert stranger.assignments.exists()


def test_a_stay_in_a_past_month(signed_in: SignedIn, world: World) -> None:
    """Bob has been in Stockholm since 2000. In February he really was in Malmö."""
    alice = signed_in("alice")
    given = {"team": world.malmo.pk, "first": "2024-02-01", "last": "2024-02-29"}
    refused = alice.post(place("rep_stays", id=world.bob.pk), given)
    assert refused.status_code == 400
    assert "Bob Berg is in Stockholm from 2000-01-01 on; end that stay first, or replace those days." in text(refused)
    assert alice.post(place("rep_stays", id=world.bob.pk), given | {"replacing": "on"}).status_code == 302
    assert spans(world) == [
        ("Stockholm", "2000-01-01", "2024-02-01"), ("Malmö", "2024-02-01", "2024-03-01"), ("Stockholm", "2024-03-01", ""),
    ]
    page = text(alice.get(place("rep_stays", id=world.bob.pk)))
    assert page.count("Correct</a>") == 3


def test_a_stay_is_corrected(signed_in: SignedIn, world: World) -> None:
    rep_move_team(rep=world.bob, team=world.malmo, from_day=dt.date(2024, 2, 10))
    alice = signed_in("alice")
    stay = TeamAssignment.objects.get(rep=world.bob, team=world.malmo)
    given = {"team": world.malmo.pk, "first": "2024-02-01", "last": ""}
    refused = alice.post(place("stay_edit", id=stay.pk), given)
    assert "Bob Berg is in Stockholm from 2000-01-01 to 2024-02-09" in text(refused)
    assert len(spans(world)) == 2  # nothing was changed
    assert alice.post(place("stay_edit", id=stay.pk), given | {"replacing": "on"}).status_code == 302
    assert spans(world) == [("Stockholm", "2000-01-01", "2024-02-01"), ("Malmö", "2024-02-01", "")]
    stay = TeamAssignment.objects.get(rep=world.bob, team=world.malmo)
    assert alice.post(place("stay_edit", id=stay.pk), given | {"first": "2024-03-01", "last": "2024-02-01"}).status_code == 400
    assert alice.post(place("stay_edit", id=stay.pk), given | {"first": "2024-03-01"}).status_code == 302
    assert spans(world) == [("Stockholm", "2000-01-01", "2024-02-01"), ("Malmö", "2024-03-01", "")]
    gaps = [(one.first, one.last) for one in stays_of(world.scope("alice"), world.bob, TODAY) if one.row is None]
    assert gaps == [(dt.date(2024, 2, 1), dt.date(2024, 2, 29))]
    assert "in no team" in text(alice.get(place("rep_stays", id=world.bob.pk)))
    alice.post(place("stay_delete", id=TeamAssignment.objects.get(rep=world.bob, team=world.malmo).pk))
    assert spans(world) == [("Stockholm", "2000-01-01", "2024-02-01")]


def test_the_time_line(world: World) -> None:
    rep_move_team(rep=world.bob, team=world.malmo, from_day=dt.date(2024, 3, 1))
    world.bea.ended_on = dt.date(2024, 2, 29)
    world.bea.save()
    factories.rep(world.org, "Long Gone", ended_on=dt.date(2020, 1, 1))
    found = timeline(world.scope("alice"), TODAY, TODAY)
    rows = {row.rep.name: row for row in found.rows}
    assert list(rows) == ["Bea Bok", "Bob Berg", "Cesar Cruz"]
    stockholm, malmo = rows["Bob Berg"].bars
    assert (stockholm.name, malmo.name) == ("Stockholm", "Malmö")
    assert stockholm.left == 0
    assert abs(stockholm.width + malmo.width - 1) < 1e-9
    assert malmo.title == "Malmö: 1 Mar 2024 – …"
    assert rows["Bea Bok"].left_on == dt.date(2024, 2, 29)
    assert malmo.tint == rows["Cesar Cruz"].bars[0].tint != stockholm.tint


def test_a_team_stands_elsewhere_from_a_day_on(signed_in: SignedIn, world: World) -> None:
    alice = signed_in("alice")
    assert alice.post(place("team_place"), {"team": world.malmo.pk, "parent": world.stockholm.pk, "first": "2024-02-01"}).status_code == 302
    placed = TeamPlacement.objects.get()
    assert (placed.team, placed.parent, placed.valid_from, placed.valid_to) == (world.malmo, world.stockholm, dt.date(2024, 2, 1), None)
    circle = {"team": world.stockholm.pk, "parent": world.malmo.pk, "first": "2024-03-01", "last": "2024-03-31"}
    refused = alice.post(place("team_place"), circle)
    assert refused.status_code == 400
    assert "would stand below itself from 2024-03-01 on" in text(refused)
    before, after = (text(alice.get(f"{ADDRESS}?around={day}")) for day in ("2024-01-15", "2024-02-15"))
    assert (before.count("--depth:2"), after.count("--depth:2")) == (0, 1)
    alice.post(place("team_place_delete", id=placed.pk))
    assert not TeamPlacement.objects.exists()
