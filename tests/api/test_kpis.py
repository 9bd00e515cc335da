"""KPI values and series: the same figures as the pages and the command, decimals exact."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from kpi_tracker.kpis import registry
from kpi_tracker.kpis.models import KpiSetting
from kpi_tracker.orgs.models import Organisation, Rep
from tests import factories
from tests.api.conftest import Program, error_of

MARCH = {"from_": "2024-03-01", "to": "2024-03-31"}
QUARTER = {"from_": "2024-01-01", "to": "2024-03-31"}


@pytest.fixture
def ann(org: Organisation) -> Rep:
    return factories.rep(org, "Ann", factories.team(org, "Stockholm"))


@pytest.fixture
def bo(org: Organisation) -> Rep:
    return factories.rep(org, "Bo", factories.team(org, "Turku"))


def win(org: Organisation, rep: Rep, day: str, amount: str | None, **fields: Any) -> None:
    closed = dt.date.fromisoformat(day)
    factories.deal(org, rep, opened_on=dt.date(2024, 1, 1), closed_on=closed, status=fields.pop("status", "won"), amount=amount, **fields)


@pytest.fixture
def sales(org: Organisation, ann: Rep, bo: Rep) -> None:
    acme = factories.customer(org, "Acme", ann)
    win(org, ann, "2024-03-01", "100.10", customer=acme)
    win(org, ann, "2024-03-31", "200.20")
    win(org, bo, "2024-03-15", None)
    win(org, bo, "2024-02-29", "50")
    win(org, bo, "2024-03-20", "70", status="lost")


def test_one_figure(program: Program, sales: None) -> None:
    answer = program.get("kpis/revenue/values", **MARCH)
    assert answer.json() == {
        "kpi": "revenue", "unit": "money", "currency": "EUR", "scope": "organisation", "scope_name": "Nordlys", "from": "2024-03-01",
        "to": "2024-03-31", "grain": None, "by": None,
        "rows": [{"from": "2024-03-01", "to": "2024-03-31", "value": "300.30", "numerator": "300.30", "denominator": None, "count": 2}],
    }


def test_a_ratio_has_its_parts_and_a_mean_its_median(program: Program, sales: None) -> None:
    rate = program.get("kpis/win_rate/values", **MARCH).json()["rows"][0]
    assert (rate["value"], rate["numerator"], rate["denominator"]) == ("0.750000000000", "3", "4")
    cycle = program.get("kpis/sales_cycle_days/values", **MARCH).json()["rows"][0]
    assert (cycle["numerator"], cycle["denominator"], cycle["median"], cycle["count"]) == ("224", "3", "74", 3)


def test_no_value_is_null_not_zero(program: Program, org: Organisation) -> None:
    rate = program.get("kpis/win_rate/values", **MARCH).json()["rows"][0]
    assert (rate["value"], rate["denominator"]) == (None, "0")
    assert program.get("kpis/calls/values", **MARCH).json()["rows"][0]["value"] == "0"


def test_a_series(program: Program, sales: None) -> None:
    found = program.get("kpis/revenue/values", grain="month", from_="2024-01-15", to="2024-03-30").json()["rows"]
    assert [(row["from"], row["to"], row["value"]) for row in found] == [
        ("2024-01-15", "2024-01-31", "0.00"), ("2024-02-01", "2024-02-29", "50.00"), ("2024-03-01", "2024-03-30", "100.10"),
    ]  # fmt: skip


def test_breakdowns(program: Program, sales: None, ann: Rep, bo: Rep) -> None:
    by_rep = program.get("kpis/revenue/values", by="rep", **QUARTER).json()["rows"]
    assert [(row["member_id"], row["member"], row["value"]) for row in by_rep] == [(ann.pk, "Ann", "300.30"), (bo.pk, "Bo", "50.00")]
    by_team = program.get("kpis/revenue/values", by="team", grain="quarter", **QUARTER).json()["rows"]
    assert [(row["member"], row["value"]) for row in by_team] == [("Stockholm", "300.30"), ("Turku", "50.00")]
    by_customer = program.get("kpis/revenue/values", by="customer", **QUARTER).json()["rows"]
    assert [(row["member"], row["value"]) for row in by_customer] == [("Acme", "100.10")]


@pytest.mark.parametrize(
    ("scope", "value"),
    [
        ("organisation", "300.30"), ("team:Stockholm", "300.30"), ("team:stockholm", "300.30"), ("rep:Bo", "0.00"),
        ("customer:Acme", "100.10"),
    ],
)
def test_scopes_by_name(program: Program, sales: None, scope: str, value: str) -> None:
    assert program.get("kpis/revenue/values", scope=scope, **MARCH).json()["rows"][0]["value"] == value


def test_scopes_by_id(program: Program, sales: None, ann: Rep) -> None:
    found = program.get("kpis/revenue/values", scope=f"rep:{ann.pk}", **MARCH).json()
    assert (found["scope"], found["scope_name"], found["rows"][0]["value"]) == (f"rep:{ann.pk}", "Ann", "300.30")


def test_a_name_of_digits_is_found_too(program: Program, org: Organisation, ann: Rep) -> None:
    made = factories.customer(org, "1177", ann)
    assert program.get("kpis/calls/values", scope="customer:1177", **MARCH).json()["scope"] == f"customer:{made.pk}"


@pytest.mark.parametrize("arguments", [{}, {"grain": "week"}, {"by": "rep"}, {"scope": "team:Turku", "grain": "month", "by": "rep"}])
@pytest.mark.parametrize("key", ["revenue", "win_rate", "sales_cycle_days", "sales_growth"])
def test_the_command_says_the_same(program: Program, sales: None, key: str, arguments: dict[str, str]) -> None:
    answer = program.get(f"kpis/{key}/values", **arguments, **QUARTER).json()
    for source in ("cells", "records"):
        out = StringIO()
        days = {"start": dt.date(2024, 1, 1), "last": dt.date(2024, 3, 31)}
        call_command("kpi", key, organisation="nordlys", shape="json", source=source, stdout=out, **days, **arguments)
        said = json.loads(out.getvalue())
        rows = [{name: value for name, value in row.items() if name != "member_id"} for row in answer["rows"]]
        assert (rows, answer["unit"], answer["grain"]) == (said["rows"], said["unit"], said["grain"])


@pytest.mark.parametrize(
    ("parameters", "status", "code", "field"),
    [
        ({"to": "2024-03-31"}, 400, "required", "from"), ({"from": "2024-03-31", "to": "2024-03-01"}, 400, "invalid", "to"),
        ({"from": "2024-02-30", "to": "2024-03-01"}, 400, "invalid", "from"),
        ({**QUARTER, "grain": "hour"}, 400, "invalid_choice", "grain"),
        ({**QUARTER, "by": "moon"}, 400, "invalid_choice", "by"), ({**QUARTER, "scope": "galaxy"}, 400, "unknown_scope", "scope"),
        ({**QUARTER, "scope": "team:Nowhere"}, 404, "not_found", "scope"),
        ({**QUARTER, "scope": "rep:99999999999999999999"}, 404, "not_found", "scope"),
        ({**QUARTER, "limit": "10"}, 400, "unknown_parameter", "limit"),
        ({"from": "1900-01-01", "to": "2199-12-31", "grain": "day"}, 400, "too_many", "grain"),
        ({"from": "2020-01-01", "to": "2022-12-31", "grain": "day", "by": "rep"}, 400, "too_many", "grain"),
        ({"from": "2024-01-01", "to": "9999-12-31"}, 400, "year", "to"), ({"from": "0001-01-01", "to": "2024-12-31"}, 400, "year", "from"),
    ],
)  # fmt: skip
def test_wrong_questions(program: Program, parameters: dict[str, str], status: int, code: str, field: str) -> None:
    assert error_of(program.get("kpis/revenue/values", **parameters)) == (status, code, field)


def test_an_unknown_kpi(program: Program) -> None:
    assert error_of(program.get("kpis/happiness/values", **MARCH)) == (404, "unknown_kpi", "kpi")


def test_two_of_one_name(program: Program, org: Organisation) -> None:
    factories.rep(org, "Kim")
    factories.rep(org, "Kim")
    assert error_of(program.get("kpis/calls/values", scope="rep:Kim", **MARCH)) == (400, "ambiguous", "scope")


def test_the_catalogue_holds_every_kpi(program: Program, org: Organisation) -> None:
    KpiSetting.objects.create(organisation=org, kpi="emails", enabled=False, label="Mail")
    found = {entry["kpi"]: entry for entry in program.get("kpis/").json()}
    assert list(found) == [kpi.key for kpi in registry.built_in()]
    assert found["win_rate"] == {
        "kpi": "win_rate", "label": "Win rate", "description": found["win_rate"]["description"], "clock": "closed date",
        "category": "efficiency", "unit": "percent", "currency": None, "direction": "up",
        "subjects": ["customer", "organisation", "rep", "team"],
        "version": 1, "enabled": True, "own_label": "", "owner": "closer", "levers": ["win_rate"], "course": "levels", "cohort": False,
    }
    assert (found["emails"]["enabled"], found["emails"]["own_label"], found["revenue"]["currency"]) == (False, "Mail", "EUR")


def test_labels_come_in_the_language_asked_for(program: Program) -> None:
    english = program.get("kpis/").json()
    program.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "sv"
    answer = program.get("kpis/")
    assert answer.headers["Content-Language"] == "sv"
    assert [entry["kpi"] for entry in answer.json()] == [entry["kpi"] for entry in english]
