"""The dashboards of the four subjects: what they say, and who may open them."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import plotly.graph_objects as go
import pytest
from django.urls import reverse

from kpi_tracker.periods import Grain
from tests import factories
from tests.dashboards.conftest import SignedIn, World, text


def address(kind: str, id: int = 0, grain: str = "month", start: str = "2024-03-11", **query: str) -> str:
    kwargs: dict[str, Any] = {"org": "nordlys", "grain": grain, "start": start} | ({"id": id} if id else {})
    found = reverse(f"dashboards:{kind}", kwargs=kwargs)
    return found + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


def heading(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert found
    return re.sub(r"<[^>]+>", "", found[1]).strip()


def subjects(world: World) -> dict[str, int]:
    return {"organisation": 0, "team": world.stockholm.id, "rep": world.bob.id, "customer": world.acme.id}


def test_it_works(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(address("team", world.stockholm.id)))
    assert heading(page) == "Stockholm won 3.5 k€ in March 2024, 367 % more than in February 2024"
    assert "20 working days" in page
    assert "Good Friday counted" in page
    assert "Revenue: 3.5 k€, 192 % more than the year before" in page
    assert "Bea leads with 2 k€" in page
    assert "4 of 5 closed" in page


@pytest.mark.parametrize(("kind", "words"), [
    ("organisation", "Nordlys AB won 7.5 k€ in March 2024"), ("team", "Stockholm won 3.5 k€"),
    ("rep", "Bob Berg won 1.5 k€ in March 2024, 100 % more"),
    ("customer", "Acme bought for 3.5 k€ in March 2024"),
])
def test_each_subject_answers_in_its_title(signed_in: SignedIn, world: World, kind: str, words: str) -> None:
    assert heading(text(signed_in("alice").get(address(kind, subjects(world)[kind])))).startswith(words)


@pytest.mark.parametrize("grain", list(Grain))
@pytest.mark.parametrize("kind", ["organisation", "team", "rep", "customer"])
@pytest.mark.parametrize("kpi", ["revenue", "calls", "win_rate", "sales_cycle_days"])
def test_every_grain_and_shape_draws(signed_in: SignedIn, world: World, grain: Grain, kind: str, kpi: str) -> None:
    response = signed_in("alice").get(address(kind, subjects(world)[kind], grain.value, "2024-03-05", kpi=kpi))
    assert response.status_code == 200
    drawn = re.search(r'<script id="curve-figure"[^>]*>(.*?)</script>', response.content.decode(), re.DOTALL)
    if drawn:
        go.Figure(json.loads(drawn[1]))


def test_growth_is_drawn_over_the_last_periods(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(address("organisation", kpi="sales_growth")))
    assert heading(page) == "Sales growth of Nordlys AB: 900 % in March 2024"


def test_now_leads_to_the_running_period(signed_in: SignedIn, world: World) -> None:
    client = signed_in("alice")
    for kind, id in subjects(world).items():
        kwargs: dict[str, Any] = {"org": "nordlys"} | ({"id": id} if id else {})
        response = client.get(reverse(f"dashboards:{kind}_now", kwargs=kwargs), follow=True)
        assert response.status_code == 200
        assert ("/year/" if kind == "customer" else "/month/") in response.request["PATH_INFO"]


def test_goal_shows_on_the_curve_and_in_the_card(signed_in: SignedIn, world: World) -> None:
    factories.goal(world.org, "revenue", world.stockholm, dt.date(2024, 3, 1), dt.date(2024, 4, 1), 4000)
    page = text(signed_in("alice").get(address("team", world.stockholm.id)))
    assert heading(page) == "Stockholm ended 500 € short of the goal for revenue"
    assert "missed" in page
    assert "Goal 4\\u00a0k\\u20ac" in page
    assert "Share of the goal" in page


def test_a_future_period_has_no_figures_yet(signed_in: SignedIn, world: World) -> None:
    response = signed_in("alice").get(address("team", world.stockholm.id, start="2150-03-01"))
    assert heading(text(response)) == "March 2150 has not begun for Stockholm"


def test_the_table_and_the_file_hold_the_curve(signed_in: SignedIn, world: World) -> None:
    client = signed_in("alice")
    page = text(client.get(address("team", world.stockholm.id, view="table")))
    assert ">3 500 €</a></td>" in page
    response = client.get(address("team", world.stockholm.id, format="csv"))
    assert response["Content-Disposition"] == 'attachment; filename="stockholm-revenue-month-2024-03-01.csv"'
    lines = text(response).splitlines()
    assert lines[0].lstrip("\ufeff") == "Day,Revenue,Last year"
    assert lines[-1] == "2024-03-31,3500,1200"


def test_all_kpis_come_as_a_page_and_as_a_part(signed_in: SignedIn, world: World) -> None:
    client, place = signed_in("alice"), address("team", world.stockholm.id, part="all")
    whole, part = text(client.get(place)), text(client.get(place, headers={"HX-Request": "true"}))
    assert "<h1>" in whole
    assert "<h1>" not in part
    assert "Proposals sent" in part


def test_board_sorts_by_its_columns(signed_in: SignedIn, world: World) -> None:
    client = signed_in("alice")
    pages = [text(client.get(address("team", world.stockholm.id, sort=sort))) for sort in ("revenue", "calls")]
    by_revenue, by_calls = (page.partition('id="board"')[2] for page in pages)
    assert by_revenue.index("Bea Bok") < by_revenue.index("Bob Berg")
    assert by_calls.index("Bob Berg") < by_calls.index("Bea Bok")


@pytest.mark.parametrize("wrong", [{"grain": "decade"}, {"start": "2024-13-01"}, {"start": "0001-01-01"}, {"kpi": "nonsense"}])
def test_addresses_that_mean_nothing(signed_in: SignedIn, world: World, wrong: dict[str, str]) -> None:
    assert signed_in("alice").get(address("team", world.stockholm.id, **wrong)).status_code == 404


@pytest.mark.parametrize("kind", ["organisation", "team", "rep", "customer"])
def test_outsiders_find_nothing(signed_in: SignedIn, world: World, kind: str) -> None:
    assert signed_in("charlie").get(address(kind, subjects(world)[kind])).status_code == 404


@pytest.mark.parametrize("kind", ["team", "rep", "customer"])
def test_ids_of_others_find_nothing(signed_in: SignedIn, world: World, kind: str) -> None:
    theirs = factories.rep(world.other, "Theirs", factories.team(world.other, "Their team"))
    customer = factories.customer(world.other, "Their customer", theirs)
    ids = {"team": theirs.assignments.get().team_id, "rep": theirs.id, "customer": customer.id}
    assert signed_in("alice").get(address(kind, ids[kind])).status_code == 404


def test_strangers_are_sent_to_sign_in(client: Any, world: World) -> None:
    response = client.get(address("organisation"))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_a_rep_sees_the_own_page_and_the_team_total(signed_in: SignedIn, world: World) -> None:
    client = signed_in("bob")
    assert client.get(address("rep", world.bob.id)).status_code == 200
    page = text(client.get(address("team", world.stockholm.id)))
    assert heading(page).startswith("Stockholm won 3.5 k€")
    assert "Bea" not in page
    assert "Your own row of the team" in page


def test_a_rep_may_not_open_what_is_others(signed_in: SignedIn, world: World) -> None:
    client = signed_in("bob")
    for place in (
        address("organisation"), address("team", world.malmo.id), address("rep", world.bea.id), address("customer", world.bolt.id),
    ):
        assert client.get(place).status_code == 403


def test_a_manager_sees_totals_of_all_and_people_of_the_own_team(signed_in: SignedIn, world: World) -> None:
    client = signed_in("mona")
    for place in (address("organisation"), address("team", world.malmo.id), address("rep", world.bea.id)):
        assert client.get(place).status_code == 200
    assert client.get(address("rep", world.cesar.id)).status_code == 403


def test_who_may_not_set_goals_is_not_asked_to(signed_in: SignedIn, world: World) -> None:
    assert "Set a goal" in text(signed_in("mona").get(address("team", world.stockholm.id)))
    page = text(signed_in("vera").get(address("team", world.stockholm.id)))
    assert "Set a goal" not in page
    assert "No goal is set for this KPI and period" in page


def test_an_organisation_without_anything_says_what_to_do(client: Any, db: None) -> None:
    org = factories.organisation("empty")
    client.force_login(factories.member(org, "eve@example.com", "admin"), backend="django.contrib.auth.backends.ModelBackend")
    page = text(client.get("/", follow=True))
    assert "There is nothing to draw for this period" in page
    assert "Import records" in page
    assert "Teams appear here once they are set up" in page
    for place in ("people", "customers", "kpis", "records/revenue"):
        assert client.get(f"/o/empty/{place}/").status_code == 200
