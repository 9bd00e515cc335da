from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from goals.models import Goal
from tests import factories
from tests.goals.conftest import Company

SignedIn = Callable[[str], Client]
Month = tuple[dt.date, dt.date]


@pytest.fixture
def signed_in(company: Company) -> SignedIn:
    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(company.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def month(company: Company) -> Month:
    """The running month: the pages themselves read the clock."""
    first = company.org.local_day(timezone.now()).replace(day=1)
    return first, (first + dt.timedelta(days=32)).replace(day=1)


@pytest.fixture
def goal(company: Company, month: Month) -> Goal:
    return factories.goal(company.org, "revenue", company.stockholm, *month, 640_000, why="Growth")


def address(name: str, **kwargs: Any) -> str:
    return reverse(f"goals:{name}", kwargs={"org": "nordlys", **kwargs})


def typed(company: Company, month: Month, **changes: str) -> dict[str, str]:
    subject, period = f"team:{company.stockholm.id}", f"month:{month[0]}"
    return {"kpi": "revenue", "subject": subject, "period": period, "target": "640 000", "why": "Growth", **changes}


def test_it_works(signed_in: SignedIn, company: Company, month: Month) -> None:
    client = signed_in("alice")
    response = client.post(address("new"), typed(company, month))
    goal = Goal.objects.get()
    assert (response.status_code, response["Location"]) == (302, address("detail", id=goal.id))
    assert (goal.kpi, goal.team, goal.starts_on, goal.ends_on, goal.target) == ("revenue", company.stockholm, *month, Decimal(640_000))
    page = client.get(address("detail", id=goal.id)).content.decode()
    assert "Stockholm" in page
    assert "goal-figure" in page
    assert "Revenue: Stockholm reaches 640\u00a0k€" in client.get(address("list")).content.decode()


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("vera", 200), ("mona", 200), ("bob", 200), ("charlie", 404)])
def test_who_sees_a_goal(signed_in: SignedIn, goal: Goal, name: str, status: int) -> None:
    client = signed_in(name)
    assert client.get(address("detail", id=goal.id)).status_code == status
    assert client.get(address("list")).status_code == status


def test_a_colleague_s_goal_does_not_exist_for_a_rep(signed_in: SignedIn, company: Company, month: Month) -> None:
    other = factories.goal(company.org, "calls", company.bea, *month, 100)
    client = signed_in("bob")
    assert client.get(address("detail", id=other.id)).status_code == 404
    assert "Bea Bok" not in client.get(address("list")).content.decode()


@pytest.mark.parametrize(("name", "status"), [("bob", 403), ("vera", 403), ("charlie", 404)])
def test_who_may_not_set_goals(signed_in: SignedIn, company: Company, goal: Goal, month: Month, name: str, status: int) -> None:
    client = signed_in(name)
    for path in (address("new"), address("asked"), address("customers"), address("edit", id=goal.id)):
        assert client.get(path).status_code == status, path
    for path in (address("new"), address("edit", id=goal.id)):
        assert client.post(path, typed(company, month, target="1")).status_code == status, path
    assert client.post(address("delete", id=goal.id)).status_code == status
    goal.refresh_from_db()
    assert goal.target == 640_000


def test_a_manager_sees_other_teams_goals_but_cannot_change_them(signed_in: SignedIn, company: Company, month: Month) -> None:
    other = factories.goal(company.org, "calls", company.malmo, *month, 100)
    client = signed_in("mona")
    page = client.get(address("detail", id=other.id))
    assert page.status_code == 200
    assert address("edit", id=other.id) not in page.content.decode()
    assert client.get(address("edit", id=other.id)).status_code == 403
    assert client.post(address("delete", id=other.id)).status_code == 403
    form = client.get(address("new")).content.decode()
    assert "Stockholm" in form
    assert "Malmö" not in form
    assert client.post(address("new"), typed(company, month, subject=f"team:{company.malmo.id}")).status_code == 422


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"target": "many"}, "target", "Write a number"),
        ({"target": "0"}, "target", "more than 0"),
        ({"kpi": "calls", "target": "10.5"}, "target", "whole number"),
        ({"kpi": "win_rate", "target": "101"}, "target", "cannot be more than 100"),
        ({"kpi": ""}, "kpi", "required"),
        ({"period": "own"}, "start", "Choose the first day"),
        ({"period": "own", "start": "2026-11-01"}, "end", "Choose the last day"),
        ({"period": "own", "start": "2026-11-10", "end": "2026-11-01"}, "end", "before the first"),
        ({"period": "own", "start": "2026-01-01", "end": "2030-01-01"}, "end", "three years"),
        ({"subject": "customer"}, "customer", "Write the customer"),
        ({"subject": "customer", "customer": "Nobody"}, "customer", "no customer called Nobody"),
    ],
)
def test_errors_stand_beside_their_field_and_the_input_stays(
    signed_in: SignedIn, company: Company, month: Month, changes: dict[str, str], field: str, says: str
) -> None:
    response = signed_in("alice").post(address("new"), typed(company, month, why="For the two we hire", **changes))
    assert response.status_code == 422
    assert says in str(response.context["form"].errors[field])
    page = response.content.decode()
    assert "For the two we hire" in page
    assert "autofocus" in page
    assert not Goal.objects.exists()


def test_the_same_goal_twice(signed_in: SignedIn, company: Company, goal: Goal, month: Month) -> None:
    response = signed_in("alice").post(address("new"), typed(company, month))
    assert response.status_code == 422
    assert "already a goal" in response.content.decode()


def test_edit(signed_in: SignedIn, company: Company, goal: Goal, month: Month) -> None:
    client = signed_in("mona")
    form = client.get(address("edit", id=goal.id)).content.decode()
    assert 'value="640000"' in form
    assert client.post(address("edit", id=goal.id), typed(company, month, kpi="win_rate", target="31,8 %")).status_code == 302
    goal.refresh_from_db()
    assert (goal.kpi, goal.target) == ("win_rate", Decimal("0.318"))
    assert 'value="31.8"' in client.get(address("edit", id=goal.id)).content.decode()


def posted(company: Company, month: Month, **changes: Any) -> dict[str, Any]:
    """As the form sends it, with Bob taking part."""
    shown = {"people_of": f"team:{company.stockholm.id}", "people": [str(company.bob.id)], "kind": "reach", "distribution": "working_days"}
    return typed(company, month) | shown | changes


@pytest.mark.parametrize(("do", "state"), [("draft", "draft"), ("propose", "proposed"), ("decide", "agreed")])
def test_three_ways_to_make_a_goal(signed_in: SignedIn, company: Company, month: Month, do: str, state: str) -> None:
    assert signed_in("mona").post(address("new"), posted(company, month, do=do)).status_code == 302
    goal = Goal.objects.get()
    assert (goal.state, goal.versions.count()) == (state, 1)
    assert goal.decided_by == (company.users["mona"] if state == "agreed" else None)
    assert list(goal.participants.values_list("rep_id", "share")) == [(company.bob.id, 640_000)]


def test_all_terms_are_typed(signed_in: SignedIn, company: Company, month: Month) -> None:
    key = f"{month[0]:%Y-%m}"
    values = posted(
        company, month, stretch="700 000", distribution="months", prorated="on", carries_over="on",
        **{f"month_{key}": "3", f"share_{company.bob.id}": "600 000"},
    )
    assert signed_in("alice").post(address("new"), values).status_code == 302
    goal = Goal.objects.get()
    assert (goal.stretch, goal.distribution, goal.shape, goal.prorated, goal.carries_over) == (700_000, "months", {key: "3"}, True, True)
    assert goal.participants.get().share == 600_000
    page = signed_in("alice").get(address("edit", id=goal.id)).content.decode()
    for shown in ('value="700000"', 'name="prorated" id="id_prorated" checked', 'value="600000"', f'name="month_{key}" value="3"'):
        assert shown in page


def test_where_the_scope_has_changed_the_people_are_looked_over(signed_in: SignedIn, company: Company, month: Month) -> None:
    """Without JavaScript the page cannot show them before it is sent."""
    response = signed_in("alice").post(address("new"), posted(company, month, subject="organisation"))
    assert response.status_code == 422
    assert "Other people take part now" in str(response.context["form"].errors["participants"])
    assert f'name="people" value="{company.bea.id}" checked' in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"kind": "above"}, "kind", "valid choice"),
        ({"kind": "growth", "growth": ""}, "growth", "how many percent"),
        ({"kind": "growth", "growth": "lots"}, "growth", "Write a number"),
        ({"kind": "growth", "growth": "14"}, "growth", "nothing to grow from"),
        ({"kind": "growth", "growth": "14", "baseline_start": "2025-05-01"}, "baseline_end", "last day"),
        ({"target": ""}, "target", "how much"),
        ({"stretch": "many"}, "stretch", "Write a number"),
        ({"stretch": "5"}, "stretch", "more than the target"),
        ({"distribution": "last_year"}, "distribution", "nothing a year before"),
        ({"distribution": "weekdays", "weekday_0": "x"}, "distribution", "weekdays only"),
        ({"do": "propose", "people": []}, "participants", "nobody to propose"),
    ],
)
def test_what_is_wrong_with_the_terms_is_said(
    signed_in: SignedIn, company: Company, month: Month, changes: dict[str, Any], field: str, says: str
) -> None:
    response = signed_in("alice").post(address("new"), posted(company, month, **changes))
    assert response.status_code == 422
    assert says in str(response.context["form"].errors[field]), response.context["form"].errors
    assert not Goal.objects.exists()


def test_a_share_that_is_no_number(signed_in: SignedIn, company: Company, month: Month) -> None:
    response = signed_in("alice").post(address("new"), posted(company, month, **{f"share_{company.bob.id}": "half"}))
    assert "Write a number" in str(response.context["form"].errors["participants"])


def test_a_change_of_a_running_goal_needs_a_reason(signed_in: SignedIn, company: Company, goal: Goal, month: Month) -> None:
    client, values = signed_in("mona"), posted(company, month, target="700 000")
    assert "say why" in str(client.post(address("edit", id=goal.id), values).context["form"].errors["reason"])
    assert client.post(address("edit", id=goal.id), values | {"reason": "Two more sellers"}).status_code == 302
    goal.refresh_from_db()
    assert (goal.target, goal.versions.count()) == (700_000, 2)


def test_the_panel_draws_anew_only_what_depends_on_the_change(signed_in: SignedIn, company: Company, month: Month) -> None:
    client = signed_in("alice")
    drawn = {"kinds_of": "revenue", "months_of": f"{month[0]:%Y-%m}"}
    same = client.post(address("asked"), posted(company, month, **drawn))
    assert same.context["redraw"] == set()
    other = client.post(address("asked"), posted(company, month, **drawn) | {"kpi": "win_rate", "subject": "organisation"})
    assert other.context["redraw"] == {"kinds", "people"}
    assert 'id="kind-field" data-adds="no" hx-swap-oob="true"' in other.content.decode()


def test_own_dates_include_the_last_day(signed_in: SignedIn, company: Company, month: Month) -> None:
    values = typed(company, month, period="own", start="2026-11-03", end="2026-12-11", subject="customer", customer="SE1")
    assert signed_in("alice").post(address("new"), values).status_code == 302
    goal = Goal.objects.get()
    assert (goal.starts_on, goal.ends_on, goal.customer) == (dt.date(2026, 11, 3), dt.date(2026, 12, 12), company.acme)


def test_a_past_period_stays_when_its_goal_is_edited(signed_in: SignedIn, company: Company) -> None:
    old = factories.goal(company.org, "calls", company.bob, dt.date(2024, 4, 1), dt.date(2024, 7, 1), 300)
    client = signed_in("alice")
    page = client.get(address("edit", id=old.id))
    assert page.context["form"]["period"].value() == "quarter:2024-04-01"
    values = {"kpi": "calls", "subject": f"rep:{company.bob.id}", "period": "quarter:2024-04-01", "target": "300", "why": "It was spring"}
    assert client.post(address("edit", id=old.id), values).status_code == 302
    old.refresh_from_db()
    assert (old.starts_on, old.target, old.why) == (dt.date(2024, 4, 1), 300, "It was spring")
    refused = client.post(address("edit", id=old.id), values | {"target": "310"})
    assert "what it was measured against stays" in str(refused.context["form"].errors["target"])


def test_prefilled_from_the_address(signed_in: SignedIn, company: Company) -> None:
    query = {"kpi": "calls", "subject": f"customer:{company.acme.id}", "start": "2026-11-03", "end": "2026-11-08"}
    form = signed_in("alice").get(address("new"), query).context["form"]
    assert (form["kpi"].value(), form["subject"].value(), form["customer"].value()) == ("calls", "customer", "Acme")
    assert (form["period"].value(), form["start"].value(), form["end"].value()) == ("own", dt.date(2026, 11, 3), dt.date(2026, 11, 7))


@pytest.mark.parametrize("query", [{"subject": "team:x"}, {"subject": "customer:999"}, {"start": "soon", "end": "later"}, {"kpi": "luck"}])
def test_nonsense_in_the_address_is_left_out(signed_in: SignedIn, query: dict[str, str]) -> None:
    assert signed_in("alice").get(address("new"), query).status_code == 200


def test_delete(signed_in: SignedIn, goal: Goal) -> None:
    client = signed_in("mona")
    assert client.get(address("delete", id=goal.id)).status_code == 405
    assert client.post(address("delete", id=goal.id)).status_code == 302
    assert not Goal.objects.exists()


def test_the_panel_shows_what_was_reached_before(signed_in: SignedIn, company: Company) -> None:
    for day, amount in ((dt.date(2025, 3, 5), "100000"), (dt.date(2025, 11, 5), "400000"), (dt.date(2026, 2, 10), "250000")):
        factories.deal(company.org, company.bob, opened_on=day, closed_on=day, status="won", amount=amount)
    query = {"kpi": "revenue", "subject": f"team:{company.stockholm.id}", "period": "month:2026-03-01", "target": "300 000"}
    panel = signed_in("mona").get(address("asked"), query).context["panel"]
    assert panel.finding == "13\u202f636\u00a0€ per working day, 200\u00a0% more in total than March 2025"
    facts = {fact.label: (fact.value, fact.note) for fact in panel.facts}
    assert facts["Working days"] == ("22", "")
    assert facts["The period before"] == ("250\u202f000\u00a0€", "February 2026; the target asks for +20\u00a0%")
    assert facts["Best of the last 12"] == ("400\u202f000\u00a0€", "November 2025")
    assert panel.bars_title == "Reached in 1 of the last 12 months"


def test_the_panel_waits_for_what_is_missing(signed_in: SignedIn) -> None:
    response = signed_in("mona").get(address("asked"), {"kpi": "revenue", "subject": "organisation", "target": "x"})
    assert response.status_code == 200
    assert response.context["panel"] is None


def test_the_panel_says_what_does_not_go_together(signed_in: SignedIn, company: Company, month: Month) -> None:
    page = signed_in("alice").get(address("asked"), typed(company, month, kpi="cac"))
    assert "is not measured for this" in page.content.decode()


def test_customers_are_found_by_a_part_of_their_name(signed_in: SignedIn) -> None:
    assert 'value="Acme"' in signed_in("alice").get(address("customers"), {"customer": "cm"}).content.decode()
    assert 'value="Bolt"' not in signed_in("mona").get(address("customers"), {"customer": "bol"}).content.decode()


def test_an_empty_list_says_what_to_do_next(signed_in: SignedIn) -> None:
    assert "Set the first goal" in signed_in("alice").get(address("list")).content.decode()
    assert "Set the first goal" not in signed_in("bob").get(address("list")).content.decode()


def test_the_list_is_grouped_and_narrowed(signed_in: SignedIn, company: Company, goal: Goal, month: Month) -> None:
    factories.goal(company.org, "calls", company.bob, dt.date(2024, 1, 1), dt.date(2024, 2, 1), 10)
    factories.goal(company.org, "calls", company.malmo, dt.date(2035, 1, 1), dt.date(2035, 2, 1), 10)
    client = signed_in("alice")

    def shown(**query: str) -> dict[str, int]:
        return {group.key: group.count for group in client.get(address("list"), query).context["board"].groups}

    assert shown() == {"running": 1, "upcoming": 1, "past": 1}
    assert shown(when="past") == {"past": 1}
    assert shown(status="missed") == {"past": 1}
    assert shown(status="upcoming") == {"upcoming": 1}
    assert shown(kpi="calls") == {"upcoming": 1, "past": 1}
    assert shown(**{"for": f"team:{company.malmo.id}"}) == {"upcoming": 1}
    assert shown(**{"for": "rep:"}) == {"past": 1}
    assert shown(status="nonsense", kpi="", page="x") == {"running": 1, "upcoming": 1, "past": 1}


def test_a_page_of_past_goals(signed_in: SignedIn, company: Company) -> None:
    for n in range(45):
        start = dt.date(2020, 1, 6) + dt.timedelta(weeks=n)
        factories.goal(company.org, "calls", company.bob, start, start + dt.timedelta(weeks=1), 10)
    page = signed_in("alice").get(address("list"), {"when": "past", "page": "2"})
    assert len(page.context["board"].groups[0].page.object_list) == 5


def test_ten_reps_or_forty_take_the_same_queries(signed_in: SignedIn, company: Company, month: Month) -> None:
    client, counts = signed_in("alice"), []
    for until in (10, 40):
        for n in range(until - 10 if until > 10 else 0, until):
            rep = factories.rep(company.org, f"Rep {n}", company.stockholm)
            factories.goal(company.org, "calls", rep, *month, 100)
            factories.goal(company.org, "revenue", rep, dt.date(2020, 1, 1), dt.date(2020, 2, 1), 100)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address("list")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
