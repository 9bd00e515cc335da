"""What headers mean, and what mapping files say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from integrations.importers.kinds import KINDS
from integrations.importers.mapping import ColumnMapping, from_data, guess, kept_for, kept_names, load, settle
from kpi_tracker.errors import InvalidInput


def guessed(kind: str, *header: str) -> dict[str, str]:
    found = guess(header, KINDS[kind].fields, KINDS[kind].nouns)
    return {key: names[0] for key, names in found.columns.items()}


@pytest.mark.parametrize(
    "header",
    [
        ("Deal", "Company", "Reg no", "Amount", "Currency", "Stage", "Owner", "Created", "Closed"),
        ("Affär", "Företag", "Organisationsnummer", "Belopp", "Valuta", "Fas", "Säljare", "Skapad", "Avslutad"),
        ("Myyntimahdollisuus", "Yritys", "Y-tunnus", "Arvo", "Valuutta", "Vaihe", "Omistaja", "Luotu", "Suljettu"),
        ("Deal name", "account_name", "VAT number", "Deal value", "currency_code", "Deal Stage", "Deal Owner", "Create Date", "Close Date"),
    ],
)
def test_deals_in_three_languages(header: tuple[str, ...]) -> None:
    keys = ("name", "customer", "customer_business_id", "amount", "currency", "stage", "owner", "opened_on", "closed_on")
    assert guessed("deals", *header) == dict(zip(keys, header, strict=True))


def test_activities_in_three_languages() -> None:
    assert guessed("activities", "Typ", "Datum", "Säljare", "Kund", "Klar") == {
        "kind": "Typ", "occurred": "Datum", "rep": "Säljare", "customer": "Kund", "done": "Klar",
    }
    assert guessed("activities", "Tyyppi", "Päivämäärä", "Myyjä", "Asiakas", "Tulos")["outcome"] == "Tulos"
    assert guessed("activities", "Activity type", "Date and time", "Assigned to", "Account ID")["customer_id"] == "Account ID"


def test_people() -> None:
    assert guessed("reps", "sales_agent", "manager", "regional_office") == {
        "name": "sales_agent", "team": "manager", "parent_team": "regional_office",
    }
    assert guessed("customers", "account", "sector", "subsidiary_of") == {"name": "account", "segment": "sector", "parent": "subsidiary_of"}
    assert guessed("customers", "ACCOUNTID", "Account Name", "Account Owner") == {"external_id": "ACCOUNTID", "name": "Account Name",
        "owner": "Account Owner"}
    assert guessed("leads", "LEADID", "Company", "Lead Owner", "Lead Source", "Lead Status", "Created Time") == {
        "external_id": "LEADID", "company": "Company", "rep": "Lead Owner", "channel": "Lead Source", "status": "Lead Status",
        "created_on": "Created Time",
    }


def test_contacts_contracts_and_stage_changes() -> None:
    assert guessed("contacts", "Kontaktperson", "E-post", "Företag", "Skapad") == {
        "name": "Kontaktperson", "email": "E-post", "customer": "Företag", "created_on": "Skapad",
    }
    assert guessed("contracts", "Company", "Start date", "End date", "ARR", "Gross margin") == {
        "customer": "Company", "starts_on": "Start date", "ends_on": "End date", "yearly_amount": "ARR", "margin": "Gross margin",
    }
    assert guessed("stage_changes", "Deal ID", "New stage", "Changed at", "Changed by") == {
        "deal_id": "Deal ID", "stage": "New stage", "changed_at": "Changed at", "rep": "Changed by",
    }


def test_a_name_in_two_columns() -> None:
    for first, last in (("First Name", "Last Name"), ("Förnamn", "Efternamn"), ("Etunimi", "Sukunimi")):
        found = guess([last, first, "Email"], KINDS["reps"].fields, KINDS["reps"].nouns)
        assert found.columns["name"] == (first, last)


def test_each_column_fills_one_field() -> None:
    found = guessed("costs", "Kategori", "Belopp", "Datum", "Summa", "Månad")
    assert found == {"category": "Kategori", "amount": "Belopp", "period": "Månad", "starts_on": "Datum"}


def test_kept_mappings_fit_their_kinds() -> None:
    assert kept_names()
    for name in kept_names():
        mapping = load(name)
        keys = {field.key for field in KINDS[mapping.kind].fields}
        assert set(mapping.columns) | set(mapping.values) | set(mapping.constants) | mapping.leave_empty <= keys
        assert mapping.name == name


def test_the_kept_mapping_for_a_file_is_the_one_that_names_most_of_its_columns() -> None:
    tasks = ["Task Owner", "Subject", "Created Time", "Due Date", "Status", "Modified Time"]
    found = kept_for("activities", tasks)
    assert found is not None
    assert found.name == "zoho_crm_tasks"
    assert kept_for("deals", tasks) is None
    assert kept_for("activities", tasks[1:]) is None


def test_a_mapping_file(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        'kind = "deals"\ndate_order = "dmy"\nleave_empty = ["lead_id"]\n[columns]\nowner = "Who"\nname = ["First", "Last"]\n'
        '[values.stage]\nOrder = "Won"\n'
    )
    mapping = load(str(path))
    assert (mapping.leave_empty, mapping.name) == (frozenset({"lead_id"}), "")
    assert (mapping.columns, mapping.values, mapping.date_order) == ({"owner": ("Who",), "name": ("First", "Last")},
        {"stage": {"order": "Won"}}, "dmy")
    as_json = tmp_path / "own.json"
    as_json.write_text('{"columns": {"owner": "Who"}}')
    assert load(str(as_json)).columns == {"owner": ("Who",)}
    assert from_data(mapping.to_json()) == mapping


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("columns = 3", "are tables"), ("colums = {}", "unknown entries: colums"), ('date_order = "ymd"', "dmy or mdy"),
        ("= x", "cannot be read"), ('leave_empty = ["stage"]', "leave_empty lists some of: contact_id"),
        ('leave_empty = "lead_id"', "leave_empty lists some of"),
    ],
)
def test_a_wrong_mapping_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(content)
    with pytest.raises(InvalidInput, match=message):
        load(str(path))


def test_an_unknown_mapping_is_told_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="maven_crm_deals"):
        load("nonsense")


def test_a_mapping_is_held_against_the_header() -> None:
    kind = KINDS["deals"]
    with pytest.raises(InvalidInput, match="no column Who"):
        settle(ColumnMapping(columns={"owner": ("Who",)}), ["Owner"], kind.fields, kind.nouns)
    with pytest.raises(InvalidInput, match="no column Number"):
        settle(ColumnMapping(constants={"name": "Deal {Number}"}), ["Owner"], kind.fields, kind.nouns)
    with pytest.raises(InvalidInput, match="unknown fields: contact_id"):
        settle(ColumnMapping(leave_empty=frozenset({"contact_id"})), ["Owner"], kind.fields, kind.nouns)
    with pytest.raises(InvalidInput, match="unknown fields: boss"):
        settle(ColumnMapping(columns={"boss": ("Owner",)}), ["Owner"], kind.fields, kind.nouns)
    both = settle(ColumnMapping(columns={"owner": ("Who",)}, guess=True), ["Who", "Stage"], kind.fields, kind.nouns)
    assert both.columns == {"stage": ("Stage",), "owner": ("Who",)}


def test_the_handbook_of_imports_lists_kinds_and_mappings() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "imports.md").read_text()
    tables = {part.split("\n", maxsplit=1)[0]: re.findall(r"^\| (`.+?) \|", part, re.M) for part in text.split("\n## ")}
    kinds, mappings = tables["Kinds, in the order in which an organisation takes them in"], tables["The kept mappings"]
    assert [cell.strip("`") for cell in kinds] == list(KINDS)
    assert sorted(name for cell in mappings for name in re.findall(r"`(\w+)`", cell)) == kept_names()
