"""`import_file`: all or nothing, twice is once, and the last line for machines."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from goals.models import Goal
from integrations.models import Import
from kpi_tracker.orgs.models import Organisation, Rep, TeamAssignment
from kpi_tracker.sales.models import Activity, Contact, Contract, Cost, Customer, Deal, Lead, StageChange
from tests import factories
from tests.integrations.commands import Ran, run
from tests.integrations.shared import shared

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organisation:
    made = factories.organisation("nordlys", timezone="Europe/Stockholm")
    north = factories.team(made, "North")
    factories.rep(made, "Anna Ek", north, email="anna@example.com")
    factories.rep(made, "Bo Berg", north, email="bo@example.com")
    return made


@pytest.fixture
def take(tmp_path: Path) -> Any:
    def take(kind: str, text: str, *options: str, organisation: str = "nordlys", encoding: str = "utf-8") -> Ran:
        path = tmp_path / f"{kind}.csv"
        path.write_bytes(text.encode(encoding))
        return run("import_file", kind, path, "--organisation", organisation, *options)

    return take


DEALS = (
    "Deal,Company,Amount,Stage,Owner,Created,Closed\nFleet,Kone Oy,1000.50,Won,Anna Ek,2026-01-05,2026-02-01\n"
    "Site,Åkeri AB,20,Open,bo@example.com,2026-01-06,\n"
)


def test_it_works_and_twice_changes_nothing(org: Organisation, take: Any) -> None:
    first = take("deals", DEALS)
    assert (first.code, first.summary["created"], first.summary["rejected"]) == (0, 2, 0)
    assert first.summary["also_made"] == {"customers": 2}
    again = take("deals", DEALS)
    assert [again.summary[name] for name in ("created", "updated", "unchanged", "rejected")] == [0, 0, 2, 0]
    won = Deal.objects.get(name="Fleet")
    assert (won.amount, won.owner.name, won.closed_on, won.currency) == (Decimal("1000.50"), "Anna Ek", dt.date(2026, 2, 1), "EUR")
    assert Deal.objects.get(name="Site").stage.name == "Prospect"
    assert list(Import.objects.values_list("kind", "file_name", "state", "created", "unchanged").order_by("id")) == [
        ("deals", "deals.csv", "done", 2, 0), ("deals", "deals.csv", "done", 0, 2),
    ]


def test_all_problems_by_line_and_column_and_nothing_written(org: Organisation, take: Any) -> None:
    text = (
        "Id,Deal,Company,Amount,Stage,Owner,Created,Closed\n1,A,Kone Oy,10,Won,Ana Ek,2026-01-05,2026-02-01\n2,B,X,ten,Open,,2026-01-05,\n"
        "3,C,X,5,Won,,2026-01-05,\n3,D,X,5,Open,,2026-31-05,\n1,E,X,5,Open,,,\n"
    )
    ran = take("deals", text)
    assert (ran.code, ran.summary["created"], ran.summary["rejected"]) == (1, 0, 5)
    told = [line for line in ran.err.splitlines() if line.startswith("error")]
    assert [line.split(": ")[2] for line in told] == [
        "line 2, column Owner", "line 3, column Amount", "line 4, column Closed", "line 5, column Created", "line 6, column Id",
    ]
    assert "Is it Anna Ek?" in told[0]
    assert (Deal.objects.count(), Customer.objects.count(), Import.objects.count()) == (0, 0, 0)


def test_one_bad_file_keeps_all_files_out(org: Organisation, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("Name\nKone Oy\n")
    bad.write_text("Name\n\n,x\nVolvo\nVolvo\n")
    ran = run("import_file", "customers", good, bad, "--organisation", "nordlys")
    assert ran.code == 1
    assert "bad.csv: line 5, column Name: “Volvo” stands on line 4 already." in ran.err
    assert Customer.objects.count() == 0


def test_equal_rows_without_ids_all_count_and_stay_the_same_rows(org: Organisation, take: Any) -> None:
    text = "Typ;Datum;Säljare\n" + "Samtal;2026-11-03;Anna Ek\n" * 3 + "Möte;2026-11-03;Anna Ek\n"
    assert take("activities", text).summary["created"] == 4
    assert take("activities", text).summary["unchanged"] == 4
    more = take("activities", text + "Samtal;2026-11-03;Anna Ek\n").summary
    assert (more["created"], more["unchanged"]) == (1, 4)
    assert Activity.objects.filter(kind="call", occurred_on=dt.date(2026, 11, 3)).count() == 4


def test_ids_of_two_systems_are_kept_apart(org: Organisation, take: Any) -> None:
    take("customers", "Id,Name\n1,Kone Oy\n")
    take("customers", "Id,Name\n1,Volvo AB\n", "--source", "other")
    assert list(Customer.objects.order_by("id").values_list("source", "external_id", "name")) == [
        ("file", "1", "Kone Oy"), ("other", "1", "Volvo AB"),
    ]


def test_unknown_reps_are_made_only_when_asked_for(org: Organisation, take: Any) -> None:
    text = "Stage,Owner,Created\nOpen,eva.lind@example.com,2026-01-01\n"
    assert take("deals", text).code == 1
    made = take("deals", text, "--create")
    assert (made.code, made.summary["also_made"]["reps"]) == (0, 1)
    assert Rep.objects.get(email="eva.lind@example.com").name == "Eva Lind"


def test_an_organisation_is_made_only_when_asked_for_and_only_with_its_rows(take: Any) -> None:
    text = "Name,Email\nAnna,anna@example.com\n"
    missing = take("reps", text, organisation="new-one")
    assert (missing.code, missing.summary["rejected"]) == (1, 0)
    assert "--create" in missing.err
    assert take("reps", text + "Anna,anna@example.com\n", "--create", organisation="new-one").code == 1
    assert not Organisation.objects.exists()
    made = take("reps", text, "--create", "--timezone", "Europe/Helsinki", "--country", "FI", "--currency", "SEK", organisation="new-one")
    assert made.code == 0
    org = Organisation.objects.get()
    assert (org.name, org.timezone, org.country, org.base_currency) == ("New one", "Europe/Helsinki", "FI", "SEK")
    assert take("reps", text, "--timezone", "Europe/Oslo", organisation="new-one").code == 1
    assert take("reps", text, "--create", "--timezone", "Mars/Base", organisation="other").code == 1


def test_ambiguous_dates_ask_for_the_order(org: Organisation, take: Any, tmp_path: Path) -> None:
    text = "Stage,Created\nOpen,03/04/2026\nOpen,05/06/2026\n"
    ran = take("deals", text)
    assert ran.code == 1
    assert "whether the day or the month comes first" in ran.err
    mapping = tmp_path / "own.toml"
    mapping.write_text('guess = true\ndate_order = "mdy"\n')
    assert take("deals", text, "--mapping", str(mapping)).code == 0
    assert set(Deal.objects.values_list("opened_on", flat=True)) == {dt.date(2026, 3, 4), dt.date(2026, 5, 6)}


def test_ambiguous_amounts_ask_for_the_decimal_mark(org: Organisation, take: Any) -> None:
    ran = take("deals", "Stage;Amount\nOpen;1,234\nOpen;2,500\n")
    assert ran.code == 1
    assert "about one or above a thousand" in ran.err
    assert take("deals", "Stage;Amount\nOpen;1,234\nOpen;2,50\n").code == 0
    assert set(Deal.objects.values_list("amount", flat=True)) == {Decimal("1.23"), Decimal("2.50")}


def test_a_missing_column_is_told_with_the_columns_that_are_there(org: Organisation, take: Any) -> None:
    ran = take("deals", "Deal,Company\nA,B\n")
    assert ran.code == 1
    assert "No column was recognised as “stage”" in ran.err
    assert "the file has: Deal, Company" in ran.err


def test_reps_with_teams(org: Organisation, take: Any) -> None:
    text = "Namn;E-post;Team;Region;Tjänstgöringsgrad;Anställd\nEva Lind;eva@example.com;Väst;Sverige;80 %;1.3.2025\n"
    assert take("reps", text).code == 0
    eva = Rep.objects.get(email="eva@example.com")
    assert (eva.share, eva.started_on) == (Decimal("0.8"), dt.date(2025, 3, 1))
    there = TeamAssignment.objects.get(rep=eva)
    assert (there.team.name, there.team.parent.name, there.valid_from) == ("Väst", "Sverige", dt.date(2025, 3, 1))
    assert take("reps", text).summary["unchanged"] == 1


def test_leads(org: Organisation, take: Any) -> None:
    text = "Lead;Företag;Källa;Riktning;Säljare;Skapad;Kvalificerad\nEva;Kone Oy;Webb;Inkommande;Anna Ek;1.3.2026;5.3.2026\n"
    assert take("leads", text).code == 0
    lead = Lead.objects.get()
    assert (lead.name, lead.company, lead.direction, lead.qualified_on, lead.company_key) == ("Eva", "Kone Oy", "inbound",
        dt.date(2026, 3, 5), "kone oy")


def test_costs(org: Organisation, take: Any) -> None:
    text = "Kategori;Belopp;Månad;Team\nMarknadsföring;12 000,50;2026-03;North\nLön;5000;2026-Q2;\n"
    assert take("costs", text).code == 0
    assert list(Cost.objects.order_by("id").values_list("category", "amount", "starts_on", "ends_on", "team__name")) == [
        ("marketing", Decimal("12000.50"), dt.date(2026, 3, 1), dt.date(2026, 4, 1), "North"),
        ("salary", Decimal(5000), dt.date(2026, 4, 1), dt.date(2026, 7, 1), None),
    ]
    assert take("costs", "Category,Amount,From,To\nTools,5,2026-03-01,2026-03-31\n").code == 0
    assert Cost.objects.get(category="tool").ends_on == dt.date(2026, 4, 1)
    assert "is not known here" in take("costs", "Category,Amount,From\nRent,5,2026-03-01\n").err


def test_contacts(org: Organisation, take: Any) -> None:
    text = "Kontaktperson;E-post;Företag;Ägare;Skapad\nEva Lind;eva@kone.fi;Kone Oy;Anna Ek;1.3.2026\n"
    assert take("contacts", text).summary["also_made"] == {"customers": 1}
    assert take("contacts", text).summary["unchanged"] == 1
    eva = Contact.objects.get()
    assert (eva.name, eva.customer.name, eva.added_by.name, eva.created_on) == ("Eva Lind", "Kone Oy", "Anna Ek", dt.date(2026, 3, 1))
    assert "The name is missing" in take("contacts", "Name,Email,Company\n,,Kone Oy\n").err


def test_contracts(org: Organisation, take: Any) -> None:
    text = (
        "Contract id;Kund;Startdatum;Slutdatum;Årsbelopp;Valuta;Bruttomarginal\nc1;Kone Oy;1.1.2026;31.12.2026;12 000,50;SEK;80 %\n"
        "c2;Kone Oy;1.1.2027;;13 000;;75\n"
    )
    assert take("contracts", text).summary["created"] == 2
    assert take("contracts", text).summary["unchanged"] == 2
    columns = ("customer__name", "starts_on", "ends_on", "yearly_amount", "currency", "margin")
    assert list(Contract.objects.order_by("id").values_list(*columns)) == [
        ("Kone Oy", dt.date(2026, 1, 1), dt.date(2027, 1, 1), Decimal("12000.50"), "SEK", Decimal("0.8")),
        ("Kone Oy", dt.date(2027, 1, 1), None, Decimal(13000), "EUR", Decimal("0.75")),
    ]
    rows = ["Customer,Start,End,ARR", "Kone Oy,2026-01-01,2025-01-01,5", "Kone Oy,,,5", "Kone Oy,2026-01-01,,", ",2026-01-01,,5"]
    wrong = take("contracts", "\n".join(rows))
    assert wrong.summary["rejected"] == 4
    assert [line.split(": ")[2] for line in wrong.err.splitlines() if line.startswith("error")] == [
        "line 2, column End", "line 3, column Start", "line 4, column ARR", "line 5, column Customer",
    ]


def test_a_stage_history(org: Organisation, take: Any) -> None:
    assert take("deals", "Id,Deal,Stage,Owner,Created\nd1,Fleet,Qualified,Anna Ek,2026-03-01\n").code == 0
    text = "Deal ID,New stage,Changed at,Changed by\nd1,Prospect,2026-03-01,Anna Ek\nd1,Qualified,2026-03-04 23:30,Bo Berg\n"
    assert take("stage_changes", text).summary["created"] == 2
    assert take("stage_changes", text + "d1,Qualified,2026-03-04 23:30,Bo Berg\n").summary["unchanged"] == 2
    columns = ("from_stage__name", "to_stage__name", "changed_on", "rep__name")
    assert list(StageChange.objects.order_by("changed_at").values_list(*columns)) == [
        (None, "Prospect", dt.date(2026, 3, 1), "Anna Ek"), ("Prospect", "Qualified", dt.date(2026, 3, 4), "Bo Berg"),
    ]
    assert Import.objects.filter(kind="stage_changes").count() == 2
    wrong = take("stage_changes", "Deal ID,New stage,Changed at\nd9,Won,2026-03-05\nd1,Won,5.3.0221\n").err
    assert "line 2, column Deal ID: There is no deal with the id d9." in wrong
    assert "line 3, column Changed at: 221 is no likely year." in wrong


def test_numbers_that_do_not_fit(org: Organisation, take: Any) -> None:
    long_call = take("activities", "Type,Date,Duration seconds\nCall,2026-03-01,99999999999999\n")
    assert "line 2, column Duration seconds: At most 2147483647 fits." in long_call.err
    assert "line 2, column Term months: At most 32767 fits." in take("deals", "Stage,Term months\nOpen,40000\n").err


def test_links_that_may_lead_nowhere(org: Organisation, take: Any, tmp_path: Path) -> None:
    text = "Id,Stage,Lead\n1,Open,l9\n2,Open,\n"
    mapping = tmp_path / "own.toml"
    mapping.write_text('[columns]\nexternal_id = "Id"\nstage = "Stage"\nlead_id = "Lead"\n')
    assert "There is no lead with the id l9" in take("deals", text, "--mapping", str(mapping)).err
    mapping.write_text('leave_empty = ["lead_id"]\n' + mapping.read_text())
    ran = take("deals", text, "--mapping", str(mapping))
    assert (ran.code, ran.summary["created"], ran.summary["warnings"]) == (0, 2, 1)
    assert "warning: deals.csv: line 2, column Lead: There is no lead with the id l9. It is left empty." in ran.err
    take("leads", "Id,Name,Created\nl9,Eva,2026-01-01\n")
    assert take("deals", text, "--mapping", str(mapping)).summary["updated"] == 1
    assert Deal.objects.get(external_id="1").lead.name == "Eva"


def test_a_column_for_two_fields_and_constants_with_cells(org: Organisation, take: Any, tmp_path: Path) -> None:
    mapping = tmp_path / "own.toml"
    mapping.write_text(
        '[columns]\nname = "Name"\nchannel = "From"\ndirection = "From"\ncreated_on = "Day"\nqualified_on = "Day"\n'
        '[constants]\nname = "Lead {Nr} ({From})"\n[values.direction]\nWeb = "inbound"\nFair = "outbound"\n'
    )
    assert take("leads", "Nr,Name,From,Day\n7,,Web,2026-01-05\n8,Eva,Fair,2026-01-06\n", "--mapping", str(mapping)).code == 0
    assert list(Lead.objects.order_by("id").values_list("name", "channel", "direction", "qualified_on")) == [
        ("Lead 7 (Web)", "Web", "inbound", dt.date(2026, 1, 5)), ("Eva", "Fair", "outbound", dt.date(2026, 1, 6)),
    ]


def test_a_kept_mapping_is_offered(org: Organisation, take: Any) -> None:
    text = "Task Owner,Subject,Created Time,Due Date,Status,Type\nAnna Ek,Ring,2026-03-01,,Completed,Other\n"
    assert "--mapping zoho_crm_tasks is kept for such files" in take("activities", text).err
    assert "is kept for such files" not in take("activities", text, "--mapping", "zoho_crm_tasks").err


def test_goals(org: Organisation, take: Any) -> None:
    text = (
        "KPI,Scope,Period,Target,Why\nRevenue,organisation,2026-Q1,100000,growth\ncalls,rep:Anna Ek,2096-03,120,\n"
        "Win rate,team:North,2026,30 %,\n"
    )
    assert take("goals", text).summary["created"] == 3
    assert take("goals", text).summary["unchanged"] == 3
    assert list(Goal.objects.order_by("id").values_list("kpi", "subject_kind", "starts_on", "ends_on", "target")) == [
        ("revenue", "organisation", dt.date(2026, 1, 1), dt.date(2026, 4, 1), Decimal(100000)),
        ("calls", "rep", dt.date(2096, 3, 1), dt.date(2096, 4, 1), Decimal(120)),
        ("win_rate", "team", dt.date(2026, 1, 1), dt.date(2027, 1, 1), Decimal("0.3")),
    ]
    assert take("goals", text.replace("120", "150")).summary["updated"] == 1
    over = take("goals", text.replace("100000", "90000"))  # what a past period was measured against stays
    assert over.code == 1
    assert Goal.objects.get(kpi="revenue").target == 100000
    wrong = take("goals", "KPI,Scope,Period,Target\nhit rate,organisation,2026,5\ncalls,rep:Ana Ek,2026-13,5\ncalls,organisation,2026,-5\n")
    assert (wrong.code, wrong.summary["rejected"]) == (1, 3)
    assert "There is no KPI “hit rate”" in wrong.err
    assert "Anna Ek" in wrong.err


def test_rows_of_customers_update_what_the_file_speaks_of(org: Organisation, take: Any) -> None:
    take("customers", "Name,Industry,Country\nKone Oy,lifts,Finland\n")
    take("customers", "Name,Industry\nKone Oy,elevators\n")
    kone = Customer.objects.get()
    assert (kone.segment, kone.country) == ("elevators", "FI")


@pytest.mark.parametrize("option", [("--mapping", "nonsense"), ("--mapping", "maven_crm_reps")])
def test_a_mapping_that_does_not_fit_is_refused(org: Organisation, take: Any, option: tuple[str, str]) -> None:
    ran = take("deals", DEALS, *option)
    assert (ran.code, ran.summary["created"]) == (1, 0)


def test_files_that_cannot_be_read(org: Organisation, take: Any) -> None:
    assert run("import_file", "deals", "nowhere.csv", "--organisation", "nordlys").code == 1
    broken = take("deals", 'Stage,Deal\nOpen,"A\nOpen,B\n')
    assert (broken.code, "line 2" in broken.err) == (1, True)
    assert "is empty" in take("deals", "").err


def test_the_finnish_sample(org: Organisation) -> None:
    path = shared("specs", "generic", "samples", "deals_fi_semicolon_cp1252.csv")
    ran = run("import_file", "deals", path, "--organisation", "nordlys")
    assert (ran.code, ran.summary["created"], ran.summary["skipped"], ran.summary["warnings"]) == (0, 2, 1, 1)
    won, lost = Deal.objects.order_by("-amount").filter(amount__isnull=False).get(), Deal.objects.get(amount=None)
    assert (won.name, won.amount, won.closed_on, won.customer.business_id) == ("Älypalvelu", Decimal("12000.50"), dt.date(2026, 10, 31),
        "0538134-0")
    assert (lost.status, lost.currency, lost.owner.name) == ("lost", "SEK", "Bo Berg")


def test_the_english_sample(org: Organisation) -> None:
    org.timezone = "Europe/Helsinki"
    org.save()
    path = shared("specs", "generic", "samples", "deals_en_utf8bom.csv")
    assert run("import_file", "deals", path, "--organisation", "nordlys").summary["created"] == 2
    won = Deal.objects.get(status="won")
    # 22:30 in UTC is the next day in Helsinki; the VAT number is the company's Finnish number.
    assert (won.name, won.closed_on, won.customer.business_id) == ("Alpha, phase 2", dt.date(2026, 11, 1), "0538134-0")
    assert Deal.objects.get(status="open").name == '=HYPERLINK("http://x")'


def test_the_swedish_sample(org: Organisation) -> None:
    path = shared("specs", "generic", "samples", "activities_se_tab_utf16.csv")
    assert run("import_file", "activities", path, "--organisation", "nordlys").summary["created"] == 2
    assert list(Activity.objects.order_by("occurred_on").values_list("kind", "outcome", "rep__name", "occurred_on", "customer__name")) == [
        ("call", "", "Anna Ek", dt.date(2026, 11, 3), "Åkeri AB"), ("meeting", "planned", "Bo Berg", dt.date(2026, 11, 4), "Åkeri AB"),
    ]
