"""The import page: who may, what it shows, all or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from integrations.models import Import
from kpi_tracker.orgs.models import Organisation, User
from kpi_tracker.sales.models import Activity, Cost, Customer, Deal
from kpi_tracker.scope import Role
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/o/nordlys/import/"
GOOD = (
    "Deal;Kund;Belopp;Fas;Säljare;Skapad;Avslutad\nFleet;Kone Oy;1 000,50;Vunnen;Anna Ek;5.1.2026;1.2.2026\n"
    "Site;Kone Oy;;Öppen;;6.1.2026;\n"
)


@pytest.fixture
def org() -> Organisation:
    org = factories.organisation("nordlys")
    north = factories.team(org, "North")
    anna = factories.rep(org, "Anna Ek", north)
    factories.member(org, "alice@nordlys.example", Role.ADMIN)
    factories.member(org, "bob@nordlys.example", Role.REP, rep=anna)
    factories.member(factories.organisation("other"), "charlie@other.example", Role.ADMIN)
    return org


def signed_in(email: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(email=email))
    return client


@pytest.fixture
def alice(org: Organisation) -> Client:
    return signed_in("alice@nordlys.example")


def upload(client: Client, text: str | bytes, kind: str = "deals", name: str = "deals.csv") -> Any:
    data = text if isinstance(text, bytes) else text.encode()
    return client.post(URL, {"kind": kind, "file": SimpleUploadedFile(name, data, "text/csv")})


def test_it_works(alice: Client) -> None:
    assert "No file has come in yet" in alice.get(URL).content.decode()
    answer = upload(alice, GOOD)
    assert answer.status_code == 302
    page = alice.get(answer.headers["Location"]).content.decode()
    assert "Ready: 2 new, 0 changed" in page
    assert "Kone Oy" in page
    assert Deal.objects.count() == 0
    done = alice.post(f"{answer.headers['Location']}confirm/", follow=True).content.decode()
    assert "Imported: 2 new, 0 changed" in done
    assert Deal.objects.count() == 2
    note = Import.objects.get()
    assert (note.state, note.created, note.parts.count(), note.created_by.email) == ("done", 2, 0, "alice@nordlys.example")
    assert "deals.csv" in alice.get(URL).content.decode()
    # Confirming or throwing away twice does no harm.
    assert alice.post(f"{answer.headers['Location']}confirm/").status_code == 302
    assert alice.post(f"{answer.headers['Location']}discard/").status_code == 302
    assert (Deal.objects.count(), Import.objects.count()) == (2, 1)


def test_the_same_file_again_says_so(alice: Client) -> None:
    for _ in range(2):
        where = upload(alice, GOOD).headers["Location"]
        page = alice.get(where).content.decode()
        alice.post(f"{where}confirm/")
    assert "Nothing in this file is new" in page
    assert list(Import.objects.order_by("id").values_list("created", "unchanged")) == [(2, 0), (0, 2)]


def test_problems_are_listed_and_keep_the_file_out(alice: Client) -> None:
    where = upload(alice, GOOD.replace("Anna Ek", "Ana Ek").replace("6.1.2026", "32.1.2026")).headers["Location"]
    page = alice.get(where).content.decode()
    assert "2 problems to mend" in page
    assert "There is no rep “Ana Ek”." in page
    assert "Is it Anna Ek?" in page
    assert "Skapad" in page
    assert "disabled" in page
    refused = alice.post(f"{where}confirm/")
    assert "2 problems to mend" in refused.content.decode()
    assert (Deal.objects.count(), Customer.objects.count()) == (0, 0)
    assert alice.post(f"{where}discard/").status_code == 302
    assert Import.objects.count() == 0


def test_the_mapping_can_be_changed(alice: Client) -> None:
    where = upload(alice, "When;Who\n03/04/2026;Anna Ek\n", kind="activities", name="calls.csv").headers["Location"]
    page = alice.get(where).content.decode()
    assert "No column was recognised as “kind”" in page
    chosen = {"column.occurred": "When", "column.rep": "Who", "all.kind": "call", "date_order": "dmy"}
    assert alice.post(where, chosen).status_code == 302
    assert "Ready: 1 new" in alice.get(where).content.decode()
    alice.post(f"{where}confirm/")
    assert list(Activity.objects.values_list("kind", "occurred_on", "rep__name")) != []
    assert str(Activity.objects.get().occurred_on) == "2026-04-03"
    assert alice.post(where, {"column.occurred": "Nonsense"}).status_code == 200  # it is done: the result is shown


def test_a_wrong_choice_of_column_is_refused(alice: Client) -> None:
    where = upload(alice, GOOD).headers["Location"]
    assert alice.post(where, {"column.stage": "Nonsense"}).status_code == 400


def test_the_mapping_of_the_last_such_file_is_remembered(alice: Client) -> None:
    text = "When;Who\n13/04/2026;Anna Ek\n"
    where = upload(alice, text, kind="activities").headers["Location"]
    alice.post(where, {"column.occurred": "When", "column.rep": "Who", "all.kind": "call", "source": "phone"})
    alice.post(f"{where}confirm/")
    again = upload(alice, text + "14/04/2026;Anna Ek\n", kind="activities").headers["Location"]
    assert "Ready: 1 new" in alice.get(again).content.decode()
    alice.post(f"{again}confirm/")
    assert set(Activity.objects.values_list("source", "kind")) == {("phone", "call")}
    assert Import.objects.filter(source="phone").count() == 2


def test_a_kept_mapping_is_taken_for_such_a_file(alice: Client) -> None:
    campaigns = 'CAMPAIGNID,Campaign Name,Type,Start Date,End Date,Actual Cost\n1,Spring,Email,2026-04-24,2026-05-08,"$1,357.80K"\n'
    where = upload(alice, campaigns, kind="costs").headers["Location"]
    page = alice.get(where).content.decode()
    assert "Ready: 1 new" in page
    assert "As it is kept for such files (zoho_crm_campaigns)" in page
    alice.post(f"{where}confirm/")
    cost = Cost.objects.get()
    assert (cost.category, cost.amount, cost.currency, cost.source) == ("marketing", 1_357_800, "USD", "zoho_crm")
    assert str(cost.ends_on) == "2026-05-09"


def test_a_kept_mapping_can_be_changed(alice: Client) -> None:
    campaigns = "CAMPAIGNID,Campaign Name,Type,Start Date,End Date,Actual Cost\n1,Spring,Email,2026-04-24,2026-05-08,$5\n"
    where = upload(alice, campaigns, kind="costs").headers["Location"]
    chosen = {
        "column.external_id": "CAMPAIGNID", "column.amount": "Actual Cost", "column.starts_on": "Start Date", "column.ends_on": "End Date",
        "column.note": "Type + Campaign Name", "all.category": "event", "source": "zoho_crm",
    }
    assert alice.post(where, chosen).status_code == 302
    assert "As it is kept for such files" not in alice.get(where).content.decode()
    alice.post(f"{where}confirm/")
    assert (Cost.objects.get().category, Cost.objects.get().note) == ("event", "Email Spring")


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"PK\x03\x04", "Excel workbook"), (b"", "empty"), (b'a,b\n"1,2\n', "Line 2")],
)
def test_files_that_cannot_be_taken(alice: Client, data: bytes, message: str) -> None:
    answer = upload(alice, data)
    assert answer.status_code == 400
    assert message in answer.content.decode()
    assert Import.objects.count() == 0


def test_cells_are_shown_as_text(alice: Client) -> None:
    where = upload(alice, "Deal,Stage\n<script>alert(1)</script>,Open\n").headers["Location"]
    assert "<script>alert" not in alice.get(where).content.decode()


def test_only_admins(org: Organisation, alice: Client) -> None:
    where = upload(alice, GOOD).headers["Location"]
    bob, charlie = signed_in("bob@nordlys.example"), signed_in("charlie@other.example")
    for address in (URL, where):
        assert bob.get(address).status_code == 403
        assert charlie.get(address).status_code == 404
        assert Client().get(address).status_code == 302
    for address in (f"{where}confirm/", f"{where}discard/"):
        assert bob.post(address).status_code == 403
        assert charlie.post(address).status_code == 404
    assert charlie.get(where.replace("nordlys", "other")).status_code == 404
    assert (Deal.objects.count(), Import.objects.count()) == (0, 1)
