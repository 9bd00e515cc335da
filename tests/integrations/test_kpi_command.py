"""The command `kpi`: exact figures on stdout alone, and clear refusals."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import Any

import pytest

from kpi_tracker.orgs.models import Organisation
from tests import factories
from tests.integrations.commands import run

pytestmark = pytest.mark.django_db
MARCH = ("--organisation", "nordlys", "--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture
def org() -> Organisation:
    org = factories.organisation("nordlys", base_currency="EUR")
    north = factories.team(org, "North")
    malmo = factories.team(org, "Malmö", north)
    anna, bo = factories.rep(org, "Anna Ek", malmo), factories.rep(org, "Bo Berg", north)
    factories.rep(org, "Cia Dal")
    kone = factories.customer(org, "Kone Oy", anna)
    for day, status, amount, who in [(1, "won", "10.10", anna), (31, "won", "20", bo), (15, "lost", "5", anna)]:
        closed = dt.date(2026, 3, day)
        factories.deal(org, who, opened_on=dt.date(2026, 2, 1), closed_on=closed, status=status, amount=amount, customer=kone)
    factories.deal(org, anna, opened_on=dt.date(2026, 2, 1), closed_on=dt.date(2026, 4, 1), status="won", amount="1000", customer=kone)
    return org


def rows(key: str, *options: str) -> list[dict[str, Any]]:
    ran = run("kpi", key, *MARCH, *options, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    found: list[dict[str, Any]] = json.loads(ran.out)["rows"]
    return found


@pytest.mark.parametrize("source", ["cells", "records"])
def test_a_flow_and_a_ratio(org: Organisation, source: str) -> None:
    assert rows("revenue", "--source", source) == [
        {"from": "2026-03-01", "to": "2026-03-31", "value": "30.10", "numerator": "30.10", "denominator": None, "count": 2}
    ]
    assert rows("win_rate", "--source", source) == [
        {"from": "2026-03-01", "to": "2026-03-31", "value": "0.666666666667", "numerator": "2", "denominator": "3", "count": 2}
    ]
    assert rows("sales_cycle_days")[0]["median"] == "43"


def test_buckets_are_cut_at_the_ends(org: Organisation) -> None:
    found = rows("revenue", "--grain", "week")
    assert [(row["from"], row["to"], row["value"]) for row in found] == [
        ("2026-03-01", "2026-03-01", "10.10"), ("2026-03-02", "2026-03-08", "0.00"), ("2026-03-09", "2026-03-15", "0.00"),
        ("2026-03-16", "2026-03-22", "0.00"), ("2026-03-23", "2026-03-29", "0.00"), ("2026-03-30", "2026-03-31", "20.00"),
    ]


def test_everybody_of_the_scope_is_listed_also_without_records(org: Organisation) -> None:
    assert {row["member"]: row["value"] for row in rows("deals_won", "--by", "rep")} == {"Anna Ek": "1", "Bo Berg": "1", "Cia Dal": "0"}
    assert {row["member"]: row["value"] for row in rows("win_rate", "--by", "rep")}["Cia Dal"] is None
    assert {row["member"]: row["value"] for row in rows("revenue", "--by", "team")} == {"North": "30.10", "Malmö": "10.10"}
    assert {row["member"] for row in rows("revenue", "--scope", "team:malmö", "--by", "rep")} == {"Anna Ek"}
    assert {row["member"]: row["value"] for row in rows("revenue", "--by", "customer")} == {"Kone Oy": "30.10"}
    assert [row["value"] for row in rows("calls", "--by", "rep")] == ["0", "0", "0"]


def test_scopes(org: Organisation) -> None:
    assert rows("revenue", "--scope", "rep:Anna Ek")[0]["value"] == "10.10"
    assert rows("revenue", "--scope", "team:North")[0]["value"] == "30.10"
    assert rows("revenue", "--scope", "customer:Kone Oy")[0]["value"] == "30.10"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("revenue", *MARCH, "--scope", "rep:Ana Ek"), "Anna Ek"), (("revenue", *MARCH, "--scope", "boss:X"), "no scope"),
        (("profit", *MARCH), "no KPI 'profit'"),
        (("revenue", "--organisation", "nord", "--from", "2026-03-01", "--to", "2026-03-01"), "nordlys"),
        (("revenue", "--organisation", "nordlys", "--from", "2026-03-02", "--to", "2026-03-01"), "before"),
    ],
)
def test_refusals(org: Organisation, args: tuple[str, ...], message: str) -> None:
    ran = run("kpi", *args, "--format", "json")
    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err


def test_an_ambiguous_name_is_refused(org: Organisation) -> None:
    factories.rep(org, "Anna Ek")
    ran = run("kpi", "revenue", *MARCH, "--scope", "rep:Anna Ek")
    assert (ran.code, "More than one" in ran.err) == (1, True)


def test_csv_and_table(org: Organisation) -> None:
    found = list(csv.DictReader(io.StringIO(run("kpi", "win_rate", *MARCH, "--by", "rep", "--format", "csv").out)))
    assert found[0] == {
        "from": "2026-03-01", "to": "2026-03-31", "member": "Anna Ek", "value": "0.500000000000", "numerator": "1", "denominator": "2",
        "count": "1",
    }
    assert found[2]["value"] == ""
    assert "Anna Ek" in run("kpi", "win_rate", *MARCH, "--by", "rep").out
