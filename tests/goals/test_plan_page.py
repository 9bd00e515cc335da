"""The page "Velocity & plan": its figures, whose rates it takes, who sees it, and what the sliders do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from goals.models import Goal
from kpi_tracker.kpis.models import KpiSetting
from kpi_tracker.orgs.models import Rep
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.sales.models import Deal
from tests import factories
from tests.goals.conftest import Company

SignedIn = Callable[[str], Client]
MOST_QUERIES = 15
PLAN = "/o/nordlys/plan/"


@pytest.fixture
def signed_in(company: Company) -> SignedIn:
    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(company.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def sold(company: Company, who: Rep, *, won: int = 10, days_ago: int = 40) -> None:
    """Before this month: 100 calls, 40 reached; 20 first meetings; 20 deals opened, `won` won at 1,000 €, the others lost; 25 proposals."""
    org = company.org
    day = org.local_day(timezone.now()).replace(day=1) - dt.timedelta(days=days_ago)
    met = [factories.customer(org, f"Met by {who} {i}", who) for i in range(20)]
    for kind, outcome, number in (("call", "reached", 40), ("call", "not_reached", 60), ("proposal", "", 25)):
        for _ in range(number):
            factories.activity(org, who, day, kind, outcome=outcome, customer=company.acme)
    for i, customer in enumerate(met):
        factories.activity(org, who, day, "meeting", outcome="reached", customer=customer)
        factories.deal(
            org, who, opened_on=day, closed_on=day, status="won" if i < won else "lost", amount="1000", customer=customer,
            qualified_on=day, first_contact_on=day - dt.timedelta(days=9),
        )


@pytest.fixture
def goal(company: Company) -> Goal:
    """6,000 € this month, of which nothing has come in."""
    sold(company, company.bob)
    first = company.org.local_day(timezone.now()).replace(day=1)
    return factories.goal(company.org, "revenue", company.stockholm, first, (first + dt.timedelta(days=32)).replace(day=1), 6000)


def read(client: Client, query: str = "", *, htmx: bool = False) -> Any:
    return client.get(PLAN + query, headers={"HX-Request": "true"} if htmx else {})


def text(response: Any) -> str:
    content: str = response.content.decode()
    return content.replace("\u202f", " ").replace("\u00a0", " ").replace("&#x27;", "'")


def totals(response: Any) -> dict[str, str]:
    return {row.label: row.total.replace("\u202f", " ").replace("\u00a0", " ") for row in response.context["rows"]}


def test_it_works(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    response = read(signed_in("alice"), f"?goal={goal.id}")
    assert response.status_code == 200
    assert totals(response) == {
        "Revenue": "6 000 €", "Deals won": "6", "Proposals sent": "15", "Opportunities created": "12", "First meetings held": "12",
        "Conversations": "36", "Calls": "60",
    }
    crew = response.context["reading"].crew
    rows = {row.label: row for row in response.context["rows"]}
    assert crew.seller_days == crew.days  # bob alone, full time
    assert float(rows["Calls"].a_day.replace("\u202f", "")) == pytest.approx(60 / crew.days, abs=0.5 if 60 / crew.days >= 10 else 0.05)
    assert "6 k€ to go:" in text(response)
    assert "rates of the last 12 months" in text(response)
    assert f'href="{PLAN}?goal={goal.id}"' in signed_in("alice").get(reverse("goals:detail", args=["nordlys", goal.id])).content.decode()


def test_without_a_goal_in_the_address_the_subject_s_own_is_taken(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    client = signed_in("alice")
    response = read(client, f"?subject=team:{company.stockholm.id}")
    assert response.context["goal"] == goal
    assert read(client, f"?subject=team:{company.malmo.id}&goal={goal.id}").context["goal"] is None  # it is another team's
    assert "What would it take?" in text(read(client, "?subject=organisation"))


def test_an_amount_of_one_s_own(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    response = read(signed_in("alice"), f"?subject=team:{company.stockholm.id}&goal=amount&amount=12 000,00&until=year")
    assert totals(response)["Calls"] == "120"
    assert response.context["reading"].period.last.month == 12


def test_nothing_is_missing(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    today = company.org.local_day(timezone.now())
    factories.deal(company.org, company.bob, opened_on=today, closed_on=today, status="won", amount="6000", customer=company.acme)
    response = read(signed_in("alice"), f"?goal={goal.id}")
    assert response.status_code == 200
    assert "Nothing is missing any more" in text(response)


def test_a_goal_that_is_over_has_no_day_left(signed_in: SignedIn, company: Company) -> None:
    sold(company, company.bob)
    first = company.org.local_day(timezone.now()).replace(day=1)
    past = factories.goal(company.org, "revenue", company.stockholm, (first - dt.timedelta(days=1)).replace(day=1), first, 50_000)
    response = read(signed_in("alice"), f"?goal={past.id}")
    assert "no working day is left" in text(response)
    assert {row.a_day for row in response.context["rows"]} == {"–"}


def test_a_goal_further_down_the_way(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    meetings = factories.goal(company.org, "first_meetings_held", company.stockholm, goal.starts_on, goal.ends_on, 10)
    assert totals(read(signed_in("alice"), f"?goal={meetings.id}")) == {"First meetings held": "10", "Conversations": "30", "Calls": "50"}


# Whose rates ---------------------------------------------------------------------------------------

def test_a_subject_with_too_few_records_takes_the_wider_one_s_rate_and_says_so(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    factories.activity(company.org, company.bea, company.org.local_day(timezone.now()), "call", outcome="reached", customer=company.bolt)
    response = read(signed_in("alice"), f"?subject=rep:{company.bea.id}&goal=amount&amount=6000")
    whose = {one.link.step: one.whose.name for one in response.context["reading"].measured}
    assert whose == dict.fromkeys(whose, "Sweden")
    assert "The rate of Sweden: 1 own record is too few." in text(response)
    assert totals(response)["Opportunities created"] == "12"


def test_a_rep_s_plan_tells_nothing_of_whom_the_rep_may_not_see(signed_in: SignedIn, company: Company) -> None:
    """Bob has no records, nor has his team; Bea's are in another team, and the organisation's are not his to see."""
    sold(company, company.bea)
    response = read(signed_in("bob"), "?goal=amount&amount=6000")
    assert {one.whose.name for one in response.context["reading"].measured} == {"Stockholm"}
    assert "too few records to plan with" in text(response)
    assert totals(response)["Calls"] == "–"
    texts = {figure.text for slider in response.context["sliders"] for figure in slider.figures}
    assert texts == {"0", "–"}


def test_kpis_that_are_switched_off_are_passed_over_and_renamed_ones_keep_their_name(
    signed_in: SignedIn, company: Company, goal: Goal
) -> None:
    KpiSetting.objects.create(organisation=company.org, kpi="conversations", enabled=False)
    KpiSetting.objects.create(organisation=company.org, kpi="calls", label="Dials")
    KpiSetting.objects.create(organisation=company.org, kpi="win_rate", enabled=False)
    response = read(signed_in("alice"), f"?goal={goal.id}")
    assert totals(response)["Dials"] == "60"
    assert "Conversations" not in totals(response)
    labels = [slider.label for slider in response.context["sliders"]]
    assert "Dials → first meetings held" in labels
    assert "Opportunities created → deals won" in labels
    KpiSetting.objects.create(organisation=company.org, kpi="sales_velocity", enabled=False)
    assert read(signed_in("alice"), f"?goal={goal.id}").context["velocity"] is None


# Who sees what -------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    ("name", "own", "bea", "malmo", "organisation"),
    [("alice", 200, 200, 200, 200), ("vera", 200, 200, 200, 200), ("mona", 200, 403, 200, 200), ("bob", 200, 403, 403, 403),
     ("charlie", 404, 404, 404, 404)],
)
def test_who_sees_which_plan(signed_in: SignedIn, company: Company, name: str, own: int, bea: int, malmo: int, organisation: int) -> None:
    client = signed_in(name)
    asked = (f"rep:{company.bob.id}", f"rep:{company.bea.id}", f"team:{company.malmo.id}", "organisation")
    assert tuple(read(client, f"?subject={subject}").status_code for subject in asked) == (own, bea, malmo, organisation)


def test_a_rep_is_offered_the_own_figures_only(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    response = read(signed_in("bob"))
    assert response.context["reading"].whose.subject.id == company.bob.id
    page = text(response)
    assert "Bea Bok" not in page
    assert "Malmö" not in page
    assert f"{PLAN}" in page


def test_subjects_and_goals_that_are_not_there(signed_in: SignedIn, company: Company) -> None:
    client, other = signed_in("alice"), factories.team(company.other, "Elsewhere")
    theirs = factories.rep(company.other, "Eve", other)
    first = company.org.local_day(timezone.now()).replace(day=1)
    hidden = factories.goal(company.other, "revenue", other, first, first + dt.timedelta(days=28), 5)
    bought = factories.goal(company.org, "revenue", company.acme, first, first + dt.timedelta(days=28), 5)
    rate = factories.goal(company.org, "win_rate", company.stockholm, first, first + dt.timedelta(days=28), 5)
    limit = factories.goal(company.org, "calls", company.stockholm, first, first + dt.timedelta(days=27), 5, kind="below")
    wrong = (
        f"?subject=team:{other.id}", f"?subject=rep:{theirs.id}", f"?subject=customer:{company.acme.id}", "?subject=team:", "?subject=x",
        "?subject=team:-1", "?subject=rep:99999999999999999999", "?subject=organisation:3", f"?goal={hidden.id}", f"?goal={bought.id}",
        f"?goal={rate.id}", f"?goal={limit.id}", "?goal=9999", "?goal=x", "?goal=99999999999999999999", "?subject=rep:²",
    )
    assert {query: read(client, query).status_code for query in wrong} == dict.fromkeys(wrong, 404)
    assert read(client, f"?subject=team:{company.stockholm.id}").context["goal"] is None
    for goal in (rate, limit, bought):
        assert f'href="{PLAN}?goal=' not in text(client.get(reverse("goals:detail", args=["nordlys", goal.id])))


# The sliders ---------------------------------------------------------------------------------------

def test_sliders_change_the_figures(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    client = signed_in("alice")
    response = read(client, f"?goal={goal.id}&rate_deals_won=20&rate_opportunities_created=25&rate_calls=-20", htmx=True)
    assert totals(response) == {
        "Revenue": "6 000 €", "Deals won": "5", "Proposals sent": "13", "Opportunities created": "8", "First meetings held": "8",
        "Conversations": "24", "Calls": "50",
    }
    part = text(response)
    assert "<html" not in part
    assert "1 000 € → 1 200 € (+20 %)" in part
    assert "50 % → 62.5 % (+25 %)" in part
    assert "With these changes" not in part  # no opportunity is open: there is no velocity to change


def test_people_hired_share_the_work(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    client = signed_in("alice")
    alone, three = (read(client, f"?goal={goal.id}&sellers={more}").context for more in (0, 2))
    needed = {row.label: row for row in three["rows"]}["Calls"]
    days = three["reading"].crew.days
    assert needed.total == "60"
    assert float(needed.each) == pytest.approx(60 / days / 3, abs=0.5 if 60 / days / 3 >= 10 else 0.05)
    assert alone["headline"] != three["headline"]


def test_velocity_follows_the_sliders(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    """6 open × 50 % × 1,000 € ÷ 9 days = 333 € a day; with a cycle a tenth shorter 370 €."""
    today = company.org.local_day(timezone.now())
    for _ in range(6):
        factories.deal(company.org, company.bob, opened_on=today, amount="1000", customer=company.acme, qualified_on=today)
    client = signed_in("alice")
    assert "333 € a day" in text(read(client, f"?goal={goal.id}"))
    assert "With these changes 370 € a day (+11 %)" in text(read(client, f"?goal={goal.id}&cycle=-10"))
    assert "With these changes 1 000 € a day (+200 %)" in text(read(client, f"?goal={goal.id}&sellers=2"))


def test_the_best_quarter_says_which_lever_pays_most(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    """A year and a half ago 18 of 20 deals were won; now 10 of 20 are."""
    sold(company, company.bob, won=18, days_ago=540)
    today = company.org.local_day(timezone.now())
    for _ in range(6):
        factories.deal(company.org, company.bob, opened_on=today, amount="1000", customer=company.acme, qualified_on=today)
    velocity = read(signed_in("alice"), f"?goal={goal.id}").context["velocity"]
    assert "Win rate pays most: 90" in velocity.finding
    assert "8.1\u00a0k€ a month" in velocity.finding  # four fifths more than 333.33 € a day
    assert velocity.rows[0].label == "Win rate"
    assert "a cycle shorter by a tenth brings +11.1" in velocity.why


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("rate_calls=x", "Enter a whole number"), ("sellers=99", "less than or equal to 10"),
        ("cycle=-1000", "greater than or equal to -50"),
        ("rate_deals_won=1e9", "Enter a whole number"), ("sellers=" + "9" * 5000, "Enter a"),
        ("goal=amount&amount=many", "Write a number"),
        ("goal=amount&amount=5&until=never", "Select a valid choice"),
    ],
)
def test_values_that_cannot_be_used_are_said_beside_their_field(
    signed_in: SignedIn, company: Company, goal: Goal, query: str, says: str
) -> None:
    response = read(signed_in("alice"), f"?subject=team:{company.stockholm.id}&{query}")
    assert response.status_code == 422
    assert says in text(response)
    assert read(signed_in("alice"), f"?subject=team:{company.stockholm.id}&{query}", htmx=True).status_code == 422


def test_queries(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    refresh_fully(company.org)
    for name, query in (("alice", ""), ("alice", f"?goal={goal.id}"), ("alice", f"?subject=rep:{company.bob.id}"), ("bob", "")):
        client = signed_in(name)
        read(client, query)
        with CaptureQueriesContext(connection) as captured:
            assert read(client, query).status_code == 200
        assert len(captured) <= MOST_QUERIES, "\n".join(one["sql"][:160] for one in captured)


def test_an_organisation_without_records(signed_in: SignedIn, company: Company) -> None:
    response = read(signed_in("alice"), "?goal=amount&amount=1000")
    assert response.status_code == 200
    assert "too few records to plan with" in text(response)
    assert "Velocity cannot be told" in text(response)
    assert not Deal.objects.exists()
