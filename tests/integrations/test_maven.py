"""A real export, imported as it is: what the product says of it is what others computed from it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from kpi_tracker.kpis import engine
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable, KpiValue
from kpi_tracker.orgs.models import Organisation, Rep, Team
from kpi_tracker.periods import Grain, Period
from kpi_tracker.rollups import builder, reader
from kpi_tracker.sales.models import Customer, Deal
from tests.integrations.commands import run
from tests.integrations.exports import erase, same
from tests.integrations.shared import shared

ALL = Period(dt.date(2016, 10, 1), dt.date(2018, 1, 1))
YEAR = Period(dt.date(2017, 1, 1), dt.date(2018, 1, 1))
TODAY = dt.date(2018, 6, 1)
FIGURES = ("opportunities_created", "deals_won", "deals_lost", "win_rate", "revenue", "average_deal_value", "sales_cycle_days")
Ask = Callable[..., KpiTable]


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("data", "maven_crm", "truth.json").read_text())
    return found


@pytest.fixture(scope="module")
def org(django_db_setup: None, django_db_blocker: Any) -> Any:
    """The export in an organisation of its own; imported once for all tests of this file."""
    with django_db_blocker.unblock():
        try:
            for kind, name in (("reps", "sales_teams"), ("customers", "accounts"), ("deals", "sales_pipeline")):
                path = shared("data", "maven_crm", f"{name}.csv")
                options = ["--create", "--timezone", "America/New_York", "--country", "US", "--currency", "USD"] if kind == "reps" else []
                ran = run("import_file", kind, path, "--organisation", "maven", "--mapping", f"maven_crm_{kind}", *options)
                assert ran.code == 0, ran.err
            yield Organisation.objects.get(slug="maven")
        finally:
            erase("maven")


@pytest.fixture(scope="module", params=["records", "dirty", "cells"])
def source(request: pytest.FixtureRequest, org: Organisation, django_db_blocker: Any) -> Ask:
    """From the records; from the reader before any refresh; from cells, which are made once for all tests."""
    if request.param == "cells":
        with django_db_blocker.unblock():
            builder.refresh_fully(org)
    return engine.ask if request.param == "records" else reader.ask


@pytest.fixture
def ask(source: Ask, org: Organisation, db: None) -> Ask:
    def ask(*kpis: str, spans: tuple[Period, ...] = (YEAR,), subject: Subject | None = None, by: Dimension | None = None) -> KpiTable:
        question = KpiQuery(kpis, subject or Subject(SubjectKind.ORGANISATION), spans, by, medians=True)
        return source(org, question, today=TODAY)

    return ask


def check(table: KpiTable, member: int | None, expected: dict[str, Any], span: Period = ALL) -> None:
    """One seller's, team's or account's figures, over all of the export."""
    got = {key: table.get((key, span, member), KpiValue(None, Decimal(0))) for key in FIGURES}
    assert (got["deals_won"].numerator, got["deals_lost"].numerator, got["revenue"].numerator) == (
        expected["won"], expected["lost"], expected["revenue"],
    )
    assert same(got["win_rate"], expected["win_rate"], 6)
    assert same(got["average_deal_value"], expected["avg_deal_value"], 4)
    assert same(got["sales_cycle_days"], expected["avg_days_won"], 4)
    assert (got["sales_cycle_days"].median is None) == (expected["median_days_won"] is None)
    if expected["median_days_won"] is not None:
        assert got["sales_cycle_days"].median == Decimal(str(expected["median_days_won"]))


@pytest.mark.django_db
def test_what_came_in(org: Organisation, truth: dict[str, Any]) -> None:
    assert Deal.objects.filter(organisation=org).count() == truth["rows"]
    stages = Deal.objects.filter(organisation=org).values_list("stage__name", flat=True)
    assert {name: list(stages).count(name) for name in set(stages)} == truth["count_by_stage"]
    assert Deal.objects.filter(organisation=org, product__name="GTX Pro").count() == 1480
    assert Deal.objects.filter(organisation=org, status="lost", amount=0).count() == truth["lost"]
    assert Deal.objects.filter(organisation=org, customer=None).count() == truth["quality"]["blank_account"]["all"]
    assert Deal.objects.filter(organisation=org, opened_on=None).count() == truth["quality"]["blank_engage_date"]
    assert Customer.objects.filter(organisation=org).count() == 85
    assert Customer.objects.filter(organisation=org, parent__isnull=False).count() == 15
    assert Team.objects.filter(organisation=org, parent=None).count() == len(truth["by_region"])


def test_the_year(ask: Ask, truth: dict[str, Any]) -> None:
    table = ask(*FIGURES, "new_customers")
    assert table["deals_won", YEAR, None].value == truth["won"]
    assert table["deals_lost", YEAR, None].value == truth["lost"]
    assert table["revenue", YEAR, None].value == truth["revenue_total"]
    assert table["win_rate", YEAR, None].denominator == truth["closed"]
    assert same(table["win_rate", YEAR, None], truth["win_rate"], 6)
    assert same(table["average_deal_value", YEAR, None], truth["avg_deal_value"], 4)
    assert same(table["sales_cycle_days", YEAR, None], truth["days_engage_to_close"]["won"]["mean"], 4)
    assert table["sales_cycle_days", YEAR, None].median == truth["days_engage_to_close"]["won"]["median"]
    assert table["new_customers", YEAR, None].value == truth["customers_won_total"]


def test_months(ask: Ask, org: Organisation, truth: dict[str, Any]) -> None:
    months = tuple(org.calendar.buckets(Grain.MONTH, ALL))
    table = ask(*FIGURES, "new_customers", "sales_growth", spans=months)
    for month in months:
        name = month.start.strftime("%Y-%m")
        assert table["revenue", month, None].value == truth["revenue_by_month"].get(name, 0)
        assert table["deals_won", month, None].value == truth["won_by_month"].get(name, 0)
        assert table["deals_lost", month, None].value == truth["lost_by_month"].get(name, 0)
        assert table["opportunities_created", month, None].value == truth["engaged_by_month"].get(name, 0)
        assert table["new_customers", month, None].value == truth["new_customers_by_month"].get(name, 0)
        assert same(table["win_rate", month, None], truth["win_rate_by_close_month"].get(name), 6)
        assert same(table["sales_growth", month, None], truth["revenue_mom_growth"].get(name), 6)


def test_quarters_and_weeks(ask: Ask, org: Organisation, truth: dict[str, Any]) -> None:
    quarters = tuple(org.calendar.buckets(Grain.QUARTER, YEAR))
    table = ask("revenue", spans=quarters)
    assert [table["revenue", quarter, None].value for quarter in quarters] == list(truth["revenue_by_quarter"].values())
    weeks = tuple(org.calendar.buckets(Grain.WEEK, YEAR))
    table = ask("revenue", spans=weeks)
    for week in weeks:
        year, number, _ = week.start.isocalendar()
        assert table["revenue", week, None].value == truth["revenue_by_iso_week"].get(f"{year}-W{number:02}", 0)


def test_reps(ask: Ask, org: Organisation, truth: dict[str, Any]) -> None:
    table = ask(*FIGURES, spans=(ALL,), by=Dimension.REP)
    ids = dict(Rep.objects.filter(organisation=org, is_unassigned=False).values_list("name", "id"))
    assert set(ids) == set(truth["by_rep"]) | set(truth["team_members_without_any_opportunity"])
    for name, expected in truth["by_rep"].items():
        check(table, ids[name], expected)
    for name in truth["team_members_without_any_opportunity"]:
        assert table.get(("win_rate", ALL, ids[name]), KpiValue(None, Decimal(0))).value is None


def test_managers_teams_and_regions(ask: Ask, org: Organisation, truth: dict[str, Any]) -> None:
    table = ask(*FIGURES, spans=(ALL,), by=Dimension.TEAM)
    ids = dict(Team.objects.filter(organisation=org).values_list("name", "id"))
    for name, expected in {**truth["by_manager"], **truth["by_region"]}.items():
        check(table, ids[name], expected)
        alone = ask(*FIGURES, spans=(ALL,), subject=Subject(SubjectKind.TEAM, ids[name]))
        check(alone, None, expected)


def test_accounts(ask: Ask, org: Organisation, truth: dict[str, Any]) -> None:
    table = ask(*FIGURES, spans=(ALL,), by=Dimension.CUSTOMER)
    ids = dict(Customer.objects.filter(organisation=org).values_list("name", "id"))
    assert set(ids) == {name for name in truth["by_account"] if name != "(blank)"}
    for name, pk in ids.items():
        check(table, pk, truth["by_account"][name])


@pytest.mark.django_db
def test_again_changes_nothing(org: Organisation) -> None:
    for kind, name in (("reps", "sales_teams"), ("customers", "accounts"), ("deals", "sales_pipeline")):
        path = shared("data", "maven_crm", f"{name}.csv")
        ran = run("import_file", kind, path, "--organisation", "maven", "--mapping", f"maven_crm_{kind}")
        assert (ran.summary["created"], ran.summary["updated"]) == (0, 0)


@pytest.mark.django_db
def test_without_mapping_files() -> None:
    for kind, name in (("reps", "sales_teams"), ("customers", "accounts"), ("deals", "sales_pipeline")):
        ran = run("import_file", kind, shared("data", "maven_crm", f"{name}.csv"), "--organisation", "guessed", "--create")
        assert ran.code == 0, ran.err
    org = Organisation.objects.get(slug="guessed")
    won = engine.ask(org, KpiQuery(("revenue",), Subject(SubjectKind.ORGANISATION), (YEAR,)), today=TODAY)
    assert won["revenue", YEAR, None].value == 10_005_534


def test_the_kpi_command(org: Organisation, db: None) -> None:
    year = ("--organisation", "maven", "--from", "2017-01-01", "--to", "2017-12-31", "--format", "json")
    for source in ("cells", "records"):
        assert json.loads(run("kpi", "win_rate", *year, "--source", source).out) == {
            "kpi": "win_rate", "unit": "percent", "scope": "organisation", "from": "2017-01-01", "to": "2017-12-31", "grain": None,
            "rows": [{"from": "2017-01-01", "to": "2017-12-31", "value": "0.631500521532", "numerator": "4238", "denominator": "6711",
                "count": 4238}],
        }
    cycle = json.loads(run("kpi", "sales_cycle_days", *year).out)["rows"][0]
    assert (cycle["value"], cycle["median"]) == ("51.781972628598", "57")
