"""A CRM's export of leads, accounts, deals, activities and campaigns, imported as it is by the mappings that are kept for it.

Left out of its truth.json, because no record here holds them: invoices and sales orders, the type of a deal (new or existing
business), the campaign of a deal, and what a campaign was planned to cost and bring.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from statistics import mean, median
from typing import Any

import pytest
from django.db.models import Count, F, Q, Sum

from integrations.importers.mapping import kept_for
from kpi_tracker.kpis import engine
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable, KpiValue
from kpi_tracker.orgs.models import Organisation, Rep
from kpi_tracker.periods import Grain, Period
from kpi_tracker.rollups import builder, reader
from kpi_tracker.sales.models import Activity, Contact, Cost, Customer, Deal, Lead
from tests.integrations.commands import Ran, run
from tests.integrations.exports import erase, same
from tests.integrations.shared import shared

# In the order in which they refer to each other: kind, file, mapping.
FILES = (
    ("reps", "Users", "zoho_crm_users"), ("customers", "Accounts", "zoho_crm_accounts"), ("contacts", "Contacts", "zoho_crm_contacts"),
    ("leads", "Leads", "zoho_crm_leads"), ("deals", "Potentials", "zoho_crm_potentials"), ("activities", "Calls", "zoho_crm_calls"),
    ("activities", "Events", "zoho_crm_events"), ("activities", "Tasks", "zoho_crm_tasks"), ("costs", "Campaigns", "zoho_crm_campaigns"),
)
ALL = Period(dt.date(2018, 6, 1), dt.date(2021, 6, 1))
TODAY = dt.date(2021, 6, 1)
STAGES = {"Won": "Closed Won", "Lost": "Closed Lost"}
NOTHING = KpiValue(None, Decimal(0))
Ask = Callable[..., KpiTable]


def take(*files: tuple[str, str, str]) -> list[Ran]:
    found = []
    for kind, name, mapping in files:
        options = ["--create", "--timezone", "America/New_York", "--country", "US", "--currency", "USD"] if name == "Users" else []
        path = shared("data", "zoho_crm", f"{name}.csv")
        found.append(run("import_file", kind, path, "--organisation", "zoho", "--mapping", mapping, *options))
    return found


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("data", "zoho_crm", "truth.json").read_text())
    return found


@pytest.fixture(scope="module")
def org(django_db_setup: None, django_db_blocker: Any) -> Any:
    """The export in an organisation of its own; imported once for all tests of this file."""
    with django_db_blocker.unblock():
        try:
            for ran in take(*FILES):
                assert ran.code == 0, ran.err
            yield Organisation.objects.get(slug="zoho")
        finally:
            erase("zoho")


@pytest.fixture(scope="module", params=["records", "cells"])
def source(request: pytest.FixtureRequest, org: Organisation, django_db_blocker: Any) -> Ask:
    """From the records, and from cells, which are made once for all tests."""
    if request.param == "cells":
        with django_db_blocker.unblock():
            builder.refresh_fully(org)
    return engine.ask if request.param == "records" else reader.ask


@pytest.fixture
def ask(source: Ask, org: Organisation, db: None) -> Ask:
    def ask(*kpis: str, spans: tuple[Period, ...] = (ALL,), by: Dimension | None = None) -> KpiTable:
        question = KpiQuery(kpis, Subject(SubjectKind.ORGANISATION), spans, by, medians=by is None or len(spans) == 1)
        return source(org, question, today=TODAY)

    return ask


def months(org: Organisation) -> dict[str, Period]:
    return {span.start.strftime("%Y-%m"): span for span in org.calendar.buckets(Grain.MONTH, ALL)}


def weeks(org: Organisation) -> dict[str, Period]:
    return {"{}-W{:02}".format(*span.start.isocalendar()[:2]): span for span in org.calendar.buckets(Grain.WEEK, ALL)}


def amounts(table: KpiTable, kpi: str, spans: dict[str, Period], member: int | None = None) -> dict[str, Decimal]:
    """The values of a KPI by the spans' names, without the empty ones."""
    found = {name: table.get((kpi, span, member), NOTHING).value for name, span in spans.items()}
    return {name: value for name, value in found.items() if value}


def counted(rows: Any, *fields: str, **condition: Any) -> dict[Any, int]:
    return dict(rows.filter(**condition).order_by().values_list(*fields).annotate(number=Count("id")))


def test_each_file_finds_its_mapping() -> None:
    for kind, name, mapping in FILES:
        with shared("data", "zoho_crm", f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            found = kept_for(kind, next(csv.reader(file)))
        assert found is not None
        assert found.name == mapping


@pytest.mark.django_db
def test_people_and_companies(org: Organisation, truth: dict[str, Any]) -> None:
    assert list(Rep.objects.filter(organisation=org, is_unassigned=False).order_by("name").values_list("name", flat=True)) == truth["reps"]
    companies = Customer.objects.filter(organisation=org)
    assert companies.count() == 2229
    nameless = set(companies.filter(external_id__in=("1093", "1948", "2100")).values_list("name", flat=True))
    assert nameless == {"Account 1093", "Account 1948", "Account 2100"}
    assert len(nameless) == truth["quality"]["blank_account_names"]
    with shared("data", "zoho_crm", "Accounts.csv").open(encoding="utf-8-sig", newline="") as file:
        named = {row["ACCOUNTID"]: row["Account Name"] for row in csv.DictReader(file)}
    kept = dict(companies.exclude(name__in=nameless).values_list("external_id", "name"))
    assert kept == {pk: name for pk, name in named.items() if name}
    assert sum(number - 1 for number in Counter(named.values()).values()) == truth["quality"]["duplicate_account_names"]
    accounts = {name: figures["accounts"] for name, figures in truth["by_rep"].items()}
    assert counted(companies, "owner__name") == accounts
    assert Contact.objects.filter(organisation=org, customer__isnull=False).count() == 1265


@pytest.mark.django_db
def test_leads(org: Organisation, truth: dict[str, Any]) -> None:
    leads = Lead.objects.filter(organisation=org)
    assert leads.count() == truth["leads"]
    assert counted(leads, "status") == truth["leads_by_status"]
    assert counted(leads, "channel") == {name: figures["leads"] for name, figures in truth["leads_by_source"].items()}
    converted = counted(leads, "channel", converted_on__isnull=False)
    assert converted == {name: figures["converted"] for name, figures in truth["leads_by_source"].items()}
    assert set(leads.filter(direction="inbound").values_list("channel", flat=True)) == {
        "Advertisement", "Online Store", "Public Relations", "Sales Mail Alias", "Web Research",
    }


@pytest.mark.django_db
def test_deals(org: Organisation, truth: dict[str, Any]) -> None:
    deals = Deal.objects.filter(organisation=org)
    assert deals.count() == truth["deals"]
    assert {STAGES.get(name, name): number for name, number in counted(deals, "stage__name").items()} == truth["deals_by_stage"]
    assert deals.filter(lead__isnull=False, lead__converted_on=F("opened_on")).count() == truth["quality"]["potential_leadid_found"]
    days = list(deals.exclude(status="open").values_list("status", "closed_on", "opened_on"))
    for name, statuses in (("days_won", {"won"}), ("days_closed", {"won", "lost"})):
        lengths = [(closed - opened).days for status, closed, opened in days if status in statuses]
        found = {"n": len(lengths), "mean": round(mean(lengths), 4), "median": median(lengths), "min": min(lengths), "max": max(lengths)}
        assert found == truth[name]
    assert not deals.filter(status="open", expected_close_on=None).exists()
    assert not deals.exclude(status="open").filter(qualified_on=None).exists()
    # Open ones count as qualified, but for those in the one stage that comes before.
    assert counted(deals, "stage__name", qualified_on=None) == {"Prospect": truth["deals_by_stage"]["Prospect"]}


@pytest.mark.django_db
def test_activities(org: Organisation, truth: dict[str, Any]) -> None:
    calls, meetings, tasks = (Activity.objects.filter(organisation=org, kind=kind) for kind in ("call", "meeting", "other"))
    assert (calls.count(), meetings.count(), tasks.count()) == (truth["calls"], truth["meetings"], truth["tasks"])
    types = Counter[str]()
    purposes = Counter[str]()
    for name, number in counted(calls, "type__name").items():
        direction, purpose = name.split(" ", maxsplit=1)
        types[direction] += number
        purposes[purpose] += number
    assert (types, purposes) == (truth["calls_by_type"], truth["calls_by_purpose"])
    assert calls.aggregate(Sum("duration_s"))["duration_s__sum"] == truth["call_seconds"]
    assert calls.filter(duration_s=0).count() == truth["calls_zero_duration"]
    assert calls.filter(customer__isnull=False).count() == truth["quality"]["calls_accountid_found"]
    assert meetings.filter(outcome="reached").count() == truth["meetings"]
    statuses = truth["tasks_by_status"]
    assert counted(tasks, "outcome") == {"reached": statuses["Completed"], "planned": statuses["Not Started"] + statuses["In Progress"]}
    equal = list(tasks.order_by().values("rep", "subject", "occurred_at", "outcome").annotate(number=Count("id")).filter(number__gt=1))
    assert sum(row["number"] for row in equal) >= truth["quality"]["task_rows_equal_to_another"]


@pytest.mark.django_db
def test_costs(org: Organisation, truth: dict[str, Any]) -> None:
    costs = Cost.objects.filter(organisation=org, category="marketing", currency="USD")
    expected = truth["campaigns"]
    assert (costs.count(), costs.aggregate(Sum("amount"))["amount__sum"]) == (expected["n"], expected["actual_cost"])
    for name, amount in expected["by_type_actual_cost"].items():
        assert costs.filter(note__startswith=f"{name} Campaign").aggregate(Sum("amount"))["amount__sum"] == amount
    first = costs.get(external_id="24000011")
    assert (first.amount, first.starts_on, first.ends_on) == (141_560, dt.date(2021, 4, 25), dt.date(2021, 5, 6))


@pytest.mark.django_db
def test_links_that_lead_nowhere_are_left_empty_and_listed(org: Organisation, truth: dict[str, Any]) -> None:
    (ran,) = take(FILES[5])
    quality = truth["quality"]
    assert ran.summary["warnings"] == quality["calls_with_accountid"] - quality["calls_accountid_found"]
    told = [line for line in ran.err.splitlines() if line.startswith("warning")]
    assert told[0] == "warning: Calls.csv: line 814, column ACCOUNTID: There is no customer with the id 2243. It is left empty."


@pytest.mark.django_db
def test_again_changes_nothing(org: Organisation) -> None:
    for ran in take(*FILES[1:]):
        assert (ran.summary["created"], ran.summary["updated"], ran.summary["also_made"]) == (0, 0, {})


def test_all_of_it(ask: Ask, truth: dict[str, Any]) -> None:
    table = ask(
        "qualified_leads", "lead_conversion", "opportunities_created", "deals_won", "deals_lost", "win_rate", "win_rate_cohort", "revenue",
        "average_deal_value", "sales_cycle_days", "open_pipeline", "calls", "meetings_booked", "show_rate", "contacts_added",
        "companies_added", "new_customers",
    )
    got = {kpi: table[kpi, ALL, None] for kpi, _span, _member in table}
    assert got["qualified_leads"].value == truth["leads"]
    assert (got["lead_conversion"].numerator, got["lead_conversion"].denominator) == (truth["leads_converted"], truth["leads"])
    assert same(got["lead_conversion"], truth["lead_conversion"], 6)
    assert got["opportunities_created"].value == truth["deals"]
    assert (got["deals_won"].value, got["deals_lost"].value) == (truth["won"], truth["lost"])
    assert same(got["win_rate"], truth["win_rate"], 6)
    assert (got["win_rate_cohort"].numerator, got["win_rate_cohort"].denominator) == (truth["won"], truth["deals"])
    assert got["revenue"].value == truth["revenue"]
    assert same(got["average_deal_value"], truth["avg_deal"], 4)
    assert same(got["sales_cycle_days"], truth["days_won"]["mean"], 4)
    assert (got["sales_cycle_days"].count, got["sales_cycle_days"].median) == (truth["days_won"]["n"], truth["days_won"]["median"])
    assert got["open_pipeline"].value == truth["open_pipeline_amount"]
    assert (got["calls"].value, got["meetings_booked"].value) == (truth["calls"], truth["meetings"])
    assert (got["show_rate"].numerator, got["show_rate"].denominator) == (truth["meetings"], truth["meetings"])
    assert (got["contacts_added"].value, got["companies_added"].value) == (1265, 0)  # the accounts carry no day
    assert got["new_customers"].value == 0  # the deals name no account


def test_what_a_customer_cost(ask: Ask, truth: dict[str, Any]) -> None:
    found = ask("cac", "deals_won")
    cost, won = found["cac", ALL, None], found["deals_won", ALL, None].numerator
    assert (cost.value, cost.numerator, cost.denominator) == (None, truth["campaigns"]["actual_cost"], 0)
    assert round(cost.numerator / won, 4) == Decimal(str(truth["campaigns"]["cost_per_won_deal"]))


@pytest.mark.django_db
def test_the_median_deal(org: Organisation, truth: dict[str, Any]) -> None:
    assert median(Deal.objects.filter(organisation=org, status="won").values_list("amount", flat=True)) == truth["median_deal"]


def test_months(ask: Ask, org: Organisation, truth: dict[str, Any]) -> None:
    spans = months(org)
    table = ask("qualified_leads", "revenue", "sales_growth", "deals_won", "calls", "meetings_booked", spans=tuple(spans.values()))
    assert amounts(table, "qualified_leads", spans) == truth["leads_by_month"]
    assert amounts(table, "revenue", spans) == truth["revenue_by_month"]
    assert amounts(table, "deals_won", spans) == truth["won_by_month"]
    assert amounts(table, "calls", spans) == truth["calls_by_month"]
    assert amounts(table, "meetings_booked", spans) == truth["meetings_by_month"]
    for name, expected in truth["revenue_by_month_mom"].items():
        assert same(table["sales_growth", spans[name], None], expected, 6), name


def test_weeks(ask: Ask, org: Organisation, truth: dict[str, Any]) -> None:
    spans = weeks(org)
    table = ask("revenue", "calls", spans=tuple(spans.values()))
    assert amounts(table, "revenue", spans) == truth["revenue_by_iso_week"]
    assert amounts(table, "calls", spans) == truth["calls_by_iso_week"]


def test_reps(ask: Ask, org: Organisation, truth: dict[str, Any]) -> None:
    kpis = (
        "opportunities_created", "deals_won", "deals_lost", "win_rate", "revenue", "average_deal_value", "sales_cycle_days", "calls",
        "meetings_booked", "qualified_leads", "lead_conversion",
    )
    table = ask(*kpis, by=Dimension.REP)
    ids = rep_ids(org)
    assert set(ids) == set(truth["by_rep"])
    for name, expected in truth["by_rep"].items():
        got = {kpi: table[kpi, ALL, ids[name]] for kpi in kpis}
        assert [got[kpi].value for kpi in ("opportunities_created", "deals_won", "deals_lost", "revenue")] == [
            expected[key] for key in ("deals", "won", "lost", "revenue")
        ]
        assert same(got["win_rate"], expected["win_rate"], 6)
        assert same(got["average_deal_value"], expected["avg_deal"], 4)
        assert same(got["sales_cycle_days"], expected["avg_days_won"], 4)
        assert got["sales_cycle_days"].median == Decimal(str(expected["median_days_won"]))
        assert [got[kpi].value for kpi in ("calls", "meetings_booked", "qualified_leads")] == [
            expected[key] for key in ("calls", "meetings", "leads")
        ]
        assert got["lead_conversion"].numerator == expected["leads_converted"]


def rep_ids(org: Organisation) -> dict[str, int]:
    return dict(Rep.objects.filter(organisation=org, is_unassigned=False).values_list("name", "id"))


@pytest.mark.django_db
def test_records_of_reps(org: Organisation, truth: dict[str, Any]) -> None:
    activities = Activity.objects.filter(organisation=org)
    found = activities.values("rep__name").annotate(
        outbound=Count("id", Q(kind="call", type__name__startswith="Outbound")), seconds=Sum("duration_s"),
        tasks=Count("id", Q(kind="other")), completed=Count("id", Q(kind="other", outcome="reached")),
    )
    by_rep = {row["rep__name"]: row for row in found}
    open_deals = counted(Deal.objects.filter(organisation=org), "owner__name", status="open")
    for name, expected in truth["by_rep"].items():
        row = by_rep[name]
        assert (row["outbound"], row["seconds"], row["tasks"], row["completed"], open_deals[name]) == tuple(
            expected[key] for key in ("calls_outbound", "call_seconds", "tasks", "tasks_completed", "open")
        )


def test_calls_of_reps_by_month(ask: Ask, org: Organisation, truth: dict[str, Any]) -> None:
    spans = months(org)
    table = ask("calls", spans=tuple(spans.values()), by=Dimension.REP)
    found = {f"{name}|{month}": value for name, pk in rep_ids(org).items() for month, value in amounts(table, "calls", spans, pk).items()}
    assert found == truth["rep_month_calls"]


def test_open_pipeline_through_time(ask: Ask, org: Organisation) -> None:
    """The stock at the end of each month, summed up by hand."""
    spans = months(org)
    table = ask("open_pipeline", spans=tuple(spans.values()))
    deals = list(Deal.objects.filter(organisation=org).values_list("opened_on", "closed_on", "amount"))
    expected = {name: open_at(span.end, deals) for name, span in spans.items()}
    assert amounts(table, "open_pipeline", spans) == {name: amount for name, amount in expected.items() if amount}


def open_at(end: dt.date, deals: Iterable[tuple[dt.date, dt.date | None, Decimal]]) -> Decimal:
    return sum((amount for opened, closed, amount in deals if opened < end and (closed is None or closed >= end)), Decimal(0))
