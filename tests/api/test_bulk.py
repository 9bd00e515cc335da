"""Many records at once: all or nothing, known again by their id at the source."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from unittest.mock import ANY

import pytest

from integrations.api_records import MOST_RECORDS, record_serializer
from kpi_tracker.orgs.models import Organisation, Rep
from kpi_tracker.sales.models import Activity, Customer, Deal, Lead
from kpi_tracker.sales.records import RECORDS, Kind
from tests import factories
from tests.api.conftest import Program, error_of

CALL = {"external_id": "a1", "kind": "call", "rep": "Ann", "occurred_at": "2024-03-04T23:30:00Z", "outcome": "reached", "customer": "Acme"}


@pytest.fixture
def ann(org: Organisation) -> Rep:
    return factories.rep(org, "Ann", source="crm", external_id="r1")


def problems_of(answer: Any) -> list[tuple[int, str, str]]:
    assert error_of(answer) == (422, "record_problems", "")
    found = answer.json()["problems"]
    assert all(set(problem) == {"index", "field", "code", "message"} and problem["message"] for problem in found)
    return [(problem["index"], problem["field"], problem["code"]) for problem in found]


def test_new_changed_and_unchanged(program: Program, ann: Rep) -> None:
    answer = program.bulk("activities", CALL, {**CALL, "external_id": "a2"})
    assert answer.json() == {"created": 2, "updated": 0, "unchanged": 0, "also_made": {"customers": 1}}
    again = program.bulk("activities", CALL, {**CALL, "external_id": "a2", "outcome": "not_reached"}, {**CALL, "external_id": "a3"})
    assert again.json() == {"created": 1, "updated": 1, "unchanged": 1, "also_made": {}}
    first = Activity.objects.get(external_id="a1")
    assert (first.source, first.rep, first.customer.name, first.outcome) == ("crm", ann, "Acme", "reached")
    assert first.occurred_on == dt.date(2024, 3, 5)  # the local day in Stockholm


def test_a_field_that_is_not_sent_stays_as_it_is(program: Program, ann: Rep) -> None:
    deal = {"external_id": "d1", "name": "Big", "stage": "Qualified", "owner": "r1", "amount": "100.5", "channel": "fair"}
    program.bulk("deals", deal)
    answer = program.bulk("deals", {"external_id": "d1", "name": "Bigger", "stage": "Qualified"})
    assert answer.json()["updated"] == 1
    row = Deal.objects.get()
    assert (row.name, row.amount, row.channel, row.owner) == ("Bigger", Decimal("100.50"), "fair", ann)
    program.bulk("deals", {"external_id": "d1", "name": "Bigger", "stage": "Qualified", "amount": None, "channel": None})
    row.refresh_from_db()
    assert (row.amount, row.channel) == (None, "")


def test_one_wrong_record_stops_all_and_every_problem_is_named(program: Program, ann: Rep) -> None:
    wrong: list[Any] = [
        CALL,
        {"external_id": "a2", "occurred_on": "4.3.2024", "rep": "Ann"},
        {**CALL, "external_id": "", "kind": "dance"},
        "not a record",
        {**CALL, "external_id": "a5", "custmer": "Acme"},
        {**CALL, "external_id": "a6", "occurred_at": "2024-03-04T23:30:00"},
        {**CALL, "external_id": "a7", "duration_s": -1},
        {**CALL, "external_id": "a8", "duration_s": 2**40},
        {**CALL, "external_id": "a9", "subject": "\x00", "type": ["a"]},
        {**CALL, "external_id": "a10", "occurred_at": "0001-01-01T00:00:00+14:00"},
        {**CALL, "external_id": None},
    ]
    assert problems_of(program.bulk("activities", *wrong)) == [
        (1, "kind", "required"), (1, "occurred_on", "invalid"), (2, "external_id", "blank"), (2, "kind", "invalid_choice"),
        (3, "", "invalid"), (4, "custmer", "unknown_field"), (5, "occurred_at", "no_offset"),
        (6, "duration_s", "min_value"), (7, "duration_s", "max_value"),
        (8, "subject", "null_characters_not_allowed"), (8, "type", "invalid"), (9, "occurred_at", "year"), (10, "external_id", "null"),
    ]  # fmt: skip
    assert not Activity.objects.exists()


def test_what_the_services_refuse_is_named_the_same_way(program: Program, ann: Rep) -> None:
    nobody = {**CALL, "external_id": "a2", "rep": "Nobody"}
    assert problems_of(program.bulk("activities", CALL, nobody, CALL)) == [(1, "rep", "invalid"), (2, "external_id", "invalid")]
    long = {"external_id": "1", "name": "x" * 500}
    assert problems_of(program.bulk("customers", long)) == [(0, "name", "invalid")]
    assert not Activity.objects.exists()
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ([], "invalid", ""), ({}, "required", "source"), ({"source": "crm"}, "required", "records"),
        ({"source": "", "records": []}, "blank", "source"),
        ({"source": "crm", "records": {}}, "not_a_list", "records"), ({"source": "x" * 41, "records": []}, "max_length", "source"),
        ({"source": "crm", "records": [{}] * (MOST_RECORDS + 1)}, "max_length", "records"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_explained(program: Program, body: Any, code: str, field: str) -> None:
    assert error_of(program.post("activities/bulk", body)) == (400, code, field)


def test_a_body_that_is_no_json(program: Program) -> None:
    answer = program.client.post("/api/v1/activities/bulk", "{", content_type="application/json")
    assert error_of(answer) == (400, "not_json", "")
    answer = program.client.post("/api/v1/activities/bulk", "a=1", content_type="application/x-www-form-urlencoded")
    assert error_of(answer) == (415, "unsupported_media_type", "")


def test_a_body_that_is_too_large_is_not_read(program: Program) -> None:
    answer = program.client.post("/api/v1/activities/bulk", "{}", content_type="application/json", CONTENT_LENGTH=str(30_000_000))
    assert error_of(answer) == (413, "too_large", "")


def test_no_records_is_no_error(program: Program) -> None:
    assert program.bulk("activities").json() == {"created": 0, "updated": 0, "unchanged": 0, "also_made": {}}


def test_ids_of_two_sources_do_not_meet(program: Program, ann: Rep) -> None:
    program.bulk("leads", {"external_id": "1", "company": "Acme", "created_on": "2024-03-04"}, source="web")
    program.bulk("leads", {"external_id": "1", "company": "Beta", "created_on": "2024-03-04"}, source="fair")
    assert set(Lead.objects.values_list("source", "company")) == {("web", "Acme"), ("fair", "Beta")}


def test_every_kind_from_reps_to_costs(program: Program, org: Organisation) -> None:
    sent: dict[str, dict[str, Any]] = {
        "reps": {"external_id": "r1", "name": "Ann", "email": "ann@example.com", "share": 0.8, "team": ["Sweden", "Stockholm"]},
        "customers": {"external_id": "c1", "name": "Acme", "owner": "r1", "created_on": "2024-03-01"},
        "contacts": {"external_id": "p1", "name": "Per", "customer_id": "c1", "rep": "ann@example.com"},
        "leads": {"external_id": "l1", "customer_id": "c1", "direction": "inbound", "rep": "Ann", "created_on": "2024-03-02"},
        "deals": {"external_id": "d1", "name": "Big", "customer_id": "c1", "lead_id": "l1", "stage": "Won", "owner": "r1", "amount": 12.5,
                  "opened_on": "2024-03-03", "closed_on": "2024-03-09"},
        "stage-changes": {"external_id": "h1", "deal_id": "d1", "stage": "Qualified", "changed_at": "2024-03-04T23:30:00Z", "rep": "r1"},
        "contracts": {"external_id": "t1", "customer_id": "c1", "deal_id": "d1", "starts_on": "2024-03-09", "yearly_amount": "1200",
                      "margin": 0.8},
        "activities": {"external_id": "a1", "kind": "meeting", "rep": "r1", "customer_id": "c1", "contact_id": "p1", "deal_id": "d1",
                       "occurred_on": "2024-03-03"},
        "costs": {"external_id": "k1", "category": "tool", "amount": "99", "starts_on": "2024-03-01", "ends_on": "2024-04-01",
                  "team": "Stockholm"},
    }
    for kind, record in sent.items():
        assert program.bulk(kind, record).json() == {"created": 1, "updated": 0, "unchanged": 0, "also_made": ANY}, kind
        assert program.bulk(kind, record).json()["unchanged"] == 1, kind
        found = program.get(f"{kind}/", external_id=record["external_id"]).json()["results"]
        assert [row["external_id"] for row in found] == [record["external_id"]], kind
    meeting = program.get("activities/").json()["results"][0]
    assert [meeting[name]["name"] for name in ("rep", "customer", "contact", "deal")] == ["Ann", "Acme", "Per", "Big"]
    deal = program.get("deals/").json()["results"][0]
    assert (deal["lead"]["external_id"], deal["qualified_on"]) == ("l1", "2024-03-03")
    assert program.get("leads/").json()["results"][0]["converted_on"] == "2024-03-03"
    changes = program.get("stage-changes/", deal=deal["id"], from_="2024-03-05", to="2024-03-05").json()["results"]
    assert [(row["to_stage"]["name"], row["changed_on"], row["rep"]["name"]) for row in changes] == [("Qualified", "2024-03-05", "Ann")]
    contract = program.get("contracts/", customer=deal["customer"]["id"]).json()["results"][0]
    assert (contract["yearly_amount"], contract["currency"], contract["margin"], contract["ends_on"]) == ("1200.00", "EUR", "0.8000", None)


@pytest.mark.parametrize("kind", Kind)
def test_the_shape_of_a_record_follows_the_services(kind: Kind) -> None:
    assert set(record_serializer(kind)().fields) == set(RECORDS[kind].__dataclass_fields__) - {"given"}
