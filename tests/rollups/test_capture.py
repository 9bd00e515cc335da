"""However a record is changed, the next refresh has it in the cells."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse

from kpi_tracker.orgs.models import ExchangeRate, Organisation, Rep, TeamAssignment, User
from kpi_tracker.rollups.builder import refresh, refresh_fully
from kpi_tracker.rollups.models import DirtyBucket, RollupCell
from kpi_tracker.rollups.rebuilding import rebuild
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.models import Activity, Contact, Customer, Deal, Pipeline, Stage
from tests import factories
from tests.contracts.asking import day, value
from tests.contracts.conftest import Company
from tests.rollups.test_agreement import cells

YEAR = ("2024-01-01", "2025-01-01")
MARCH_5 = "2024-03-05"


def cell(org: Organisation, measure: str, kind: str, scope_id: int = 0, grain: str = "m", bucket: str = "2024-03-01") -> int:
    where = {"scope_kind": kind, "scope_id": scope_id, "grain": grain, "bucket": day(bucket)}
    found = RollupCell.objects.filter(organisation=org, measure=measure, **where).first()
    return found.value if found else 0


def call(company: Company, on: str = MARCH_5) -> Activity:
    return Activity(organisation=company.org, rep=company.ada, kind="call", occurred_on=day(on))


def by_save(company: Company) -> None:
    call(company).save()


def by_bulk_create(company: Company) -> None:
    Activity.objects.bulk_create([call(company)])


def by_update(company: Company) -> None:
    Activity.objects.filter(kind="other").update(kind="call")


def by_bulk_update(company: Company) -> None:
    other = Activity.objects.get(kind="other")
    other.kind = "call"
    Activity.objects.bulk_update([other], ["kind"])


def by_sql_insert(company: Company) -> None:
    execute(
        "INSERT INTO sales_activity (organisation_id, source, external_id, kind, outcome, subject, rep_id, occurred_on)"
        " VALUES (%s, '', '', 'call', '', '', %s, %s)", company.org.id, company.ada.id, MARCH_5,
    )


def by_sql_update(company: Company) -> None:
    execute("UPDATE sales_activity SET kind = 'call' WHERE kind = 'other' AND organisation_id = %s", company.org.id)


def by_get_or_create(company: Company) -> None:
    Activity.objects.get_or_create(organisation=company.org, rep=company.ada, kind="call", occurred_on=day(MARCH_5))


def by_upsert(company: Company) -> None:
    row = call(company)
    row.source, row.external_id = "crm", "7"
    Activity.objects.bulk_create([row], ignore_conflicts=True)


def execute(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


EDITS = [by_save, by_bulk_create, by_update, by_bulk_update, by_sql_insert, by_sql_update, by_get_or_create, by_upsert]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_an_edit_is_in_the_cells_after_the_next_refresh(company: Company, edit: Callable[[Company], None]) -> None:
    factories.activity(company.org, company.ada, day(MARCH_5), "other")
    refresh_fully(company.org)
    assert cell(company.org, "calls", "o") == 0
    edit(company)
    assert value(company.org, "calls", *YEAR) == 1
    for kind, scope_id in (("o", 0), ("t", company.cold.id), ("t", company.north.id), ("r", company.ada.id)):
        for grain, bucket in (("d", MARCH_5), ("w", "2024-03-04"), ("m", "2024-03-01")):
            assert cell(company.org, "calls", kind, scope_id, grain, bucket) == 1
    assert cell(company.org, "calls", "t", company.south.id) == 0


@pytest.mark.parametrize("delete", [
    lambda row: row.delete(), lambda row: Activity.objects.filter(pk=row.pk).delete(),
    lambda row: execute("DELETE FROM sales_activity WHERE id = %s", row.pk),
], ids=["instance", "queryset", "sql"])
def test_a_deletion_leaves_no_cell(company: Company, delete: Callable[[Activity], Any]) -> None:
    row = factories.activity(company.org, company.ada, day(MARCH_5))
    refresh_fully(company.org)
    assert cell(company.org, "calls", "o") == 1
    delete(row)
    refresh_fully(company.org)
    assert not RollupCell.objects.exists()


@pytest.mark.parametrize("change", [
    {"occurred_on": "2024-04-09"}, {"rep_id": "cy"}, {"kind": "email"}, {"occurred_on": "2023-12-31", "rep_id": "unassigned"},
], ids=str)
def test_a_changed_day_or_rep_marks_the_old_bucket_and_the_new(company: Company, change: dict[str, str]) -> None:
    for _ in range(2):
        factories.activity(company.org, company.ada, day(MARCH_5))
    refresh_fully(company.org)
    new = dict(change)
    if "rep_id" in new:
        new["rep_id"] = getattr(company, new["rep_id"]).id
    Activity.objects.filter(pk=Activity.objects.order_by("id")[0].pk).update(**new)
    refresh_fully(company.org)
    assert cell(company.org, "calls", "r", company.ada.id) == 1
    assert verify(company.org) == []


def test_an_edit_in_the_admin_is_in_the_cells(company: Company, client: Any) -> None:
    deal = factories.deal(company.org, company.ada, opened_on=day("2024-01-10"), closed_on=day(MARCH_5), status="won", amount="10")
    refresh_fully(company.org)
    client.force_login(User.objects.create_superuser("root@example.com", "a long enough password"))
    address = reverse("admin:sales_deal_change", args=[deal.pk])
    form = client.get(address).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    management = {"stage_changes-TOTAL_FORMS": 0, "stage_changes-INITIAL_FORMS": 0}
    answer = client.post(address, fields | management | {"amount": "12.50"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert cell(company.org, "revenue", "o") == 1000
    assert value(company.org, "revenue", *YEAR) == Decimal("12.50")
    assert cell(company.org, "revenue", "o") == 1250


def test_an_edit_that_is_taken_back_marks_nothing(company: Company) -> None:
    refresh_fully(company.org)
    with transaction.atomic():
        call(company).save()
        assert DirtyBucket.objects.exists()
        transaction.set_rollback(True)
    assert not DirtyBucket.objects.exists()


def test_nothing_to_do_changes_nothing(company: Company) -> None:
    for on in ("2024-02-29", MARCH_5, "2024-12-31"):
        factories.activity(company.org, company.ada, day(on))
    refresh_fully(company.org)
    before = set(RollupCell.objects.values_list("id", flat=True))
    assert refresh(company.org) == 0
    assert set(RollupCell.objects.values_list("id", flat=True)) == before


def test_doing_it_twice_changes_nothing(company: Company) -> None:
    """Buckets marked again without a change come out the same."""
    factories.activity(company.org, company.ada, day(MARCH_5))
    refresh_fully(company.org)
    before = cells(company.org)
    Activity.objects.update(kind="call")
    assert refresh(company.org) > 0
    assert cells(company.org) == before


def test_refresh_in_small_bites_ends_the_same(company: Company) -> None:
    for on in ("2024-02-28", "2024-02-29", MARCH_5, "2024-03-06", "2024-12-30"):
        factories.activity(company.org, company.ada, day(on))
        factories.activity(company.org, company.cy, day(on), "email")
    bites = 0
    while refresh(company.org, limit=1):
        bites += 1
    assert bites >= 10
    in_bites = cells(company.org)
    rebuild(company.org)
    assert cells(company.org) == in_bites


def test_verify_finds_a_cell_changed_by_hand(company: Company) -> None:
    for on in ("2024-02-29", MARCH_5):
        factories.activity(company.org, company.ada, day(on))
    refresh_fully(company.org)
    assert verify(company.org) == []
    wrong = RollupCell.objects.get(scope_kind="t", scope_id=company.north.id, grain="w", measure="calls", bucket=day("2024-03-04"))
    RollupCell.objects.filter(pk=wrong.pk).update(value=7)
    (found,) = verify(company.org)
    assert (found.measure, found.scope_id, found.bucket) == ("calls", company.north.id, wrong.bucket)
    assert (found.cell, found.records) == ((7, 1), (1, 1))
    assert verify(company.org, sample=1000) == [found]
    RollupCell.objects.filter(pk=wrong.pk).delete()
    (found,) = verify(company.org)
    assert found.cell == (0, 0)


def test_rebuild_mends_whatever_is_there(company: Company) -> None:
    """Also cells of days long before the first record, and of months on both sides of it."""
    factories.activity(company.org, company.ada, day("2024-03-03"))
    refresh_fully(company.org)
    right = cells(company.org)
    template = RollupCell.objects.get(scope_kind="o", grain="d")
    early, late = ("2023-01-01", "2024-02-26", "2024-02-28", "2024-02-29"), ("2024-03-01", "2024-03-31", "2024-04-01", "2025-01-01")
    for bucket in early + late:
        for grain in ("d", "w", "m"):
            template.pk, template.grain, template.bucket = None, grain, day(bucket)
            if not RollupCell.objects.filter(scope_kind="o", scope_id=0, measure="calls", grain=grain, bucket=day(bucket)).exists():
                template.save()
    rebuild(company.org)
    assert cells(company.org) == right


def test_rebuild_of_an_organisation_without_records_leaves_nothing(company: Company) -> None:
    factories.activity(company.org, company.ada, day(MARCH_5))
    refresh_fully(company.org)
    execute("DELETE FROM sales_activity")
    rebuild(company.org)
    assert not RollupCell.objects.exists()
    assert value(company.org, "calls", *YEAR) == 0


def test_a_record_that_moves_to_another_organisation_leaves_the_first(company: Company) -> None:
    other = factories.organisation("solvind")
    bo = factories.rep(other, "Bo", factories.team(other, "East"))
    factories.activity(company.org, company.ada, day(MARCH_5))
    for org in (company.org, other):
        refresh_fully(org)
    execute("UPDATE sales_activity SET organisation_id = %s, rep_id = %s", other.id, bo.id)
    assert value(company.org, "calls", *YEAR) == 0
    assert value(other, "calls", *YEAR) == 1


def test_a_changed_base_currency_is_in_the_cells(company: Company) -> None:
    ExchangeRate.objects.create(organisation=company.org, currency="EUR", day=day("2024-01-01"), rate=11)
    factories.deal(company.org, company.ada, opened_on=None, closed_on=day(MARCH_5), status="won", amount="10")
    assert value(company.org, "revenue", *YEAR) == 10
    Organisation.objects.filter(pk=company.org.pk).update(base_currency="SEK")
    company.org.refresh_from_db()
    assert value(company.org, "revenue", *YEAR) == 110


def test_a_deleted_customer_is_in_the_cells(company: Company) -> None:
    """Its contacts go with it; its meetings stay, with nobody known."""
    acme = factories.customer(company.org, "Acme", company.ada, created_on=day(MARCH_5))
    Contact.objects.create(organisation=company.org, customer=acme, name="Person", added_by=company.ada, created_on=day(MARCH_5))
    factories.activity(company.org, company.ada, day(MARCH_5), "meeting", outcome="reached", customer=acme)
    assert [value(company.org, kpi, *YEAR) for kpi in ("companies_added", "contacts_added", "first_meetings_held")] == [1, 1, 1]
    Customer.objects.filter(pk=acme.pk).delete()
    assert [value(company.org, kpi, *YEAR) for kpi in ("companies_added", "contacts_added", "first_meetings_held")] == [0, 0, 0]
    assert value(company.org, "conversations", *YEAR) == 1


def test_a_deleted_rep_leaves_the_team(company: Company) -> None:
    eve = factories.rep(company.org, "Eve", company.south)
    row = factories.activity(company.org, eve, day(MARCH_5))
    assert value(company.org, "calls", *YEAR, of=company.south) == 1
    row.delete()
    Rep.objects.filter(pk=eve.pk).delete()
    assert value(company.org, "calls", *YEAR, of=company.south) == 0
    assert not TeamAssignment.objects.filter(rep_id=eve.pk).exists()


def test_an_organisation_can_be_deleted_with_all_its_records(company: Company) -> None:
    """Triggers leave no marks behind for an organisation that is no more."""
    other = factories.organisation("solvind")
    factories.activity(other, factories.rep(other, "Bo"), day(MARCH_5))
    acme = factories.customer(company.org, "Acme", company.ada, created_on=day(MARCH_5))
    factories.activity(company.org, company.ada, day(MARCH_5), "meeting", outcome="reached", customer=acme)
    factories.deal(company.org, company.ada, opened_on=None, closed_on=day(MARCH_5), status="won", amount="10", customer=acme)
    for org in (company.org, other):
        refresh_fully(org)
    for model in (Activity, Deal, Customer, TeamAssignment, Rep, Stage, Pipeline):
        model.objects.filter(organisation=company.org).delete()
    for team in (company.cold, company.north, company.south):
        team.delete()
    company.org.delete()
    connection.check_constraints()
    assert not DirtyBucket.objects.exists()
    assert set(RollupCell.objects.values_list("organisation_id", flat=True)) == {other.id}
