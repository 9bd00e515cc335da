"""Lists and single records: their fields, filters and pages."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kpi_tracker.orgs.models import Organisation, Rep
from kpi_tracker.sales.models import Cost, Customer, Deal
from tests import factories
from tests.api.conftest import DAY, Program, error_of


@pytest.fixture
def ann(org: Organisation) -> Rep:
    return factories.rep(org, "Ann", factories.team(org, "Stockholm", factories.team(org, "Sweden")), source="crm", external_id="r1")


@pytest.fixture
def acme(org: Organisation, ann: Rep) -> Customer:
    return factories.customer(org, "Acme", ann, source="crm", external_id="c1", created_on=DAY)


def names(answer: Any, field: str = "name") -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row[field] for row in answer.json()["results"]]


def test_a_deal_names_what_belongs_to_it(program: Program, org: Organisation, ann: Rep, acme: Customer) -> None:
    closed = {"closed_on": dt.date(2024, 3, 9), "status": "won", "amount": "1234.50"}
    deal = factories.deal(org, ann, opened_on=DAY, customer=acme, source="crm", external_id="d1", **closed)
    row = program.get(f"deals/{deal.pk}").json()
    rep = {"id": ann.pk, "name": "Ann", "external_id": "r1"}
    assert row == {
        "id": deal.pk, "source": "crm", "external_id": "d1", "name": "Deal",
        "customer": {"id": acme.pk, "name": "Acme", "external_id": "c1"},
        "lead": None, "product": None, "channel": "", "owner": rep, "opened_by": rep, "closed_by": rep,
        "pipeline": {"id": deal.stage.pipeline_id, "name": "Sales"}, "stage": {"id": deal.stage_id, "name": "Won"}, "status": "won",
        "amount": "1234.50", "currency": "EUR", "one_time_amount": None, "term_months": None, "first_contact_on": None,
        "opened_on": "2024-03-04", "qualified_on": None, "expected_close_on": None, "closed_on": "2024-03-09", "lost_reason": "",
    }


def test_a_rep_shows_the_teams_over_time(program: Program, ann: Rep) -> None:
    row = program.get(f"reps/{ann.pk}").json()
    team = ann.assignments.get().team
    assert row["teams"] == [{"team": {"id": team.pk, "name": "Stockholm"}, "valid_from": "2000-01-01", "valid_to": None}]
    assert (row["share"], row["is_unassigned"]) == ("1.000", False)


def test_an_activity_and_its_moment(program: Program, org: Organisation, ann: Rep, acme: Customer) -> None:
    made = factories.activity(org, ann, DAY, customer=acme, occurred_at=dt.datetime(2024, 3, 4, 9, 30, tzinfo=dt.UTC), outcome="reached")
    row = program.get(f"activities/{made.pk}").json()
    assert (row["occurred_at"], row["occurred_on"]) == ("2024-03-04T09:30:00Z", "2024-03-04")
    assert (row["kind"], row["outcome"]) == ("call", "reached")


def test_days_are_included_at_both_ends(program: Program, org: Organisation, ann: Rep) -> None:
    for day in range(1, 6):
        factories.activity(org, ann, dt.date(2024, 3, day), subject=str(day))
    assert names(program.get("activities/", from_="2024-03-02", to="2024-03-04"), "subject") == ["2", "3", "4"]
    assert names(program.get("activities/", from_="2024-03-04"), "subject") == ["4", "5"]
    assert names(program.get("activities/", to="2024-03-01"), "subject") == ["1"]


def test_activities_of_a_rep_a_customer_and_a_kind(program: Program, org: Organisation, ann: Rep, acme: Customer) -> None:
    bo = factories.rep(org, "Bo")
    factories.activity(org, ann, DAY, subject="ann", customer=acme)
    factories.activity(org, bo, DAY, subject="bo", kind="meeting")
    assert names(program.get("activities/", rep=ann.pk), "subject") == ["ann"]
    assert names(program.get("activities/", customer=acme.pk), "subject") == ["ann"]
    assert names(program.get("activities/", kind="meeting"), "subject") == ["bo"]


def test_deals_by_opening_closing_status_and_anybody_credited(program: Program, org: Organisation, ann: Rep) -> None:
    bo = factories.rep(org, "Bo")
    factories.deal(org, ann, opened_on=DAY, name="open")
    won = factories.deal(org, ann, opened_on=DAY, closed_on=dt.date(2024, 5, 1), status="won", name="won")
    Deal.objects.filter(pk=won.pk).update(owner=bo)
    assert names(program.get("deals/", status="open")) == ["open"]
    assert names(program.get("deals/", closed_from="2024-05-01", closed_to="2024-05-01")) == ["won"]
    assert names(program.get("deals/", closed_to="2024-04-30")) == []
    assert names(program.get("deals/", rep=ann.pk)) == ["open", "won"]  # Ann opened and closed the one that Bo owns now
    assert names(program.get("deals/", rep=bo.pk)) == ["won"]


def test_reps_of_a_team_and_those_below_it(program: Program, org: Organisation, ann: Rep) -> None:
    factories.rep(org, "Bo", factories.team(org, "Finland"))
    sweden = ann.assignments.get().team.parent
    assert names(program.get("reps/", team=sweden.pk)) == ["Ann"]


@pytest.mark.parametrize(
    ("collection", "parameters"),
    [("customers", {"owner": "ann"}), ("customers", {"from": "2024-03-04", "to": "2024-03-04"}), ("contacts", {}),
     ("costs", {"from": "2024-03-01"}), ("leads", {"from": "2024-03-04"}), ("leads", {"rep": "ann"}),
     ("leads", {"qualified_from": "2024-03-05", "qualified_to": "2024-03-05"})],
)
def test_filters(program: Program, org: Organisation, ann: Rep, acme: Customer, collection: str, parameters: dict[str, str]) -> None:
    acme.contacts.create(organisation=org, name="Per", added_by=ann, created_on=DAY)
    Cost.objects.create(organisation=org, category="tool", amount=1, currency="EUR", starts_on=DAY, ends_on=dt.date(2024, 4, 1), rep=ann)
    factories.lead(org, ann, DAY, qualified_on=dt.date(2024, 3, 5))
    values = {name: ann.pk if value == "ann" else value for name, value in parameters.items()}
    assert len(program.get(f"{collection}/", **values).json()["results"]) == 1
    if values:
        never = {name: "1999-01-01" if name.endswith("to") else "2199-01-01" if name.endswith("from") else 10**9 for name in values}
        assert program.get(f"{collection}/", **never).json()["results"] == []


def test_records_by_ids_here_and_there(program: Program, org: Organisation, ann: Rep, acme: Customer) -> None:
    other = factories.customer(org, "Other", ann)
    assert names(program.get("customers/", id=f"{acme.pk},{other.pk},999999")) == ["Acme", "Other"]
    assert names(program.get("customers/", source="crm", external_id="c1")) == ["Acme"]


def test_pages_reach_everything_once(program: Program, org: Organisation, ann: Rep) -> None:
    made = [factories.activity(org, ann, DAY, subject=str(n)).subject for n in range(25)]
    found: list[str] = []
    answer = program.get("activities/", limit=10, rep=ann.pk)
    while True:
        body = answer.json()
        found += [row["subject"] for row in body["results"]]
        if body["next"] is None:
            break
        factories.activity(org, factories.rep(org, f"New {len(found)}"), DAY)  # somebody else's; shifts no page
        parts = urlsplit(body["next"])
        answer = program.client.get(f"{parts.path}?{parts.query}")
    assert found == made


@pytest.mark.parametrize(
    ("parameters", "code", "field"),
    [
        ({"limit": "0"}, "invalid", "limit"), ({"limit": "1001"}, "invalid", "limit"), ({"limit": "many"}, "invalid", "limit"),
        ({"limit": "9" * 5000}, "invalid", "limit"), ({"cursor": "nonsense"}, "invalid_cursor", "cursor"),
        ({"form": "2024-01-01"}, "unknown_parameter", "form"),
        ({"from": "yesterday"}, "invalid", "from"), ({"rep": "Ann"}, "invalid", "rep"), ({"rep": str(2**70)}, "max_value", "rep"),
        ({"id": "1,x"}, "invalid", "id"), ({"kind": "dance"}, "invalid_choice", "kind"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_named(program: Program, parameters: dict[str, str], code: str, field: str) -> None:
    assert error_of(program.get("activities/", **parameters)) == (400, code, field)


@pytest.mark.parametrize("collection", ["teams", "reps", "customers", "contacts", "leads", "activities", "deals", "costs"])
def test_a_page_takes_as_many_queries_for_many_rows_as_for_few(program: Program, org: Organisation, collection: str) -> None:
    def fill(first: int, last: int) -> None:
        for n in range(first, last):
            team = factories.team(org, f"Team {n}", factories.team(org, f"Above {n}"))
            rep = factories.rep(org, f"Rep {n}", team)
            customer = factories.customer(org, f"Customer {n}", rep, parent=factories.customer(org, f"Parent {n}", rep))
            contact = customer.contacts.create(organisation=org, name="Per", added_by=rep)
            deal = factories.deal(org, rep, opened_on=DAY, closed_on=DAY, status="won", customer=customer)
            factories.lead(org, rep, DAY, customer=customer)
            factories.activity(org, rep, DAY, customer=customer, contact=contact, deal=deal)
            Cost.objects.create(
                organisation=org, category="tool", amount=1, currency="EUR", starts_on=DAY, ends_on=dt.date(2024, 4, 1), rep=rep, team=team
            )

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert program.get(f"{collection}/").status_code == 200
        return len(seen)

    fill(0, 2)
    queries()
    few = queries()
    fill(2, 8)
    assert queries() == few <= 4
