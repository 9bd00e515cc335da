"""The one write path: what is new is made, what differs is updated, and nothing else is touched."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from kpi_tracker.orgs.models import Organisation, Rep, TeamAssignment
from kpi_tracker.sales.models import Activity, Contact, Cost, Customer, Deal, ExternalId, Lead, Stage, StageChange
from kpi_tracker.sales.records import (
    ActivityRecord,
    ContactRecord,
    CostRecord,
    CustomerRecord,
    DealRecord,
    Kind,
    LeadRecord,
    RepRecord,
)
from kpi_tracker.sales.services import RecordProblems, deal_move_stage, organisation_open
from tests import factories
from tests.sales import upserts
from tests.sales.upserts import DAY, NOW, counts, upsert

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organisation:
    return organisation_open(name="Nordlys", slug="nordlys")


def deal(**fields: Any) -> DealRecord:
    return upserts.deal(**{"owner": "Anna", **fields})


def test_a_new_organisation_is_ready_for_records(org: Organisation) -> None:
    assert Rep.objects.filter(organisation=org, is_unassigned=True).count() == 1
    assert list(Stage.objects.filter(organisation=org).values_list("name", "kind")) == [
        ("Prospect", "open"), ("Qualified", "open"), ("Proposal", "open"), ("Won", "won"), ("Lost", "lost"),
    ]


def test_a_deal_is_made_updated_and_left_alone(org: Organisation) -> None:
    factories.rep(org, "Anna")
    made = upsert(org, Kind.DEALS, deal(amount=Decimal("1000.5"), customer="Kone Oy", product="Core"))
    assert counts(made) == (1, 0, 0)
    assert made.also_made == (("customers", 1), ("products", 1))
    row = Deal.objects.get()
    assert (row.amount, row.currency, row.status) == (Decimal("1000.50"), "EUR", "open")
    assert (row.customer.name, row.product.name) == ("Kone Oy", "Core")
    assert (row.owner.name, row.opened_by.name, row.closed_by) == ("Anna", "Anna", None)
    again = upsert(org, Kind.DEALS, deal(amount=Decimal("1000.50"), customer="Kone Oy", product="Core"))
    assert (counts(again), again.also_made) == ((0, 0, 1), ())
    assert counts(upsert(org, Kind.DEALS, deal(amount=Decimal(900), customer="Kone Oy", product="Core"))) == (0, 1, 0)
    assert Deal.objects.get().amount == 900


def test_fields_that_were_not_spoken_of_stay(org: Organisation) -> None:
    factories.rep(org, "Anna")
    upsert(org, Kind.DEALS, deal(amount=Decimal(5), customer="Kone Oy", channel="fair"))
    partial = DealRecord(external_id="d1", name="", stage="", amount=Decimal(7), given=frozenset({"amount"}))
    assert counts(upsert(org, Kind.DEALS, partial)) == (0, 1, 0)
    row = Deal.objects.get()
    assert (row.amount, row.name, row.channel) == (7, "Fleet", "fair")
    assert (row.owner.name, row.customer.name, row.stage.name) == ("Anna", "Kone Oy", "Qualified")


def test_closing_gives_credit_that_stays_when_the_owner_changes(org: Organisation) -> None:
    factories.rep(org, "Anna")
    factories.rep(org, "Bo")
    upsert(org, Kind.DEALS, deal())
    upsert(org, Kind.DEALS, deal(stage="Won", closed_on=dt.date(2026, 5, 11)))
    upsert(org, Kind.DEALS, deal(stage="Won", closed_on=dt.date(2026, 5, 11), owner="Bo"))
    row = Deal.objects.get()
    assert (row.status, row.owner.name, row.opened_by.name, row.closed_by.name) == ("won", "Bo", "Anna", "Anna")
    upsert(org, Kind.DEALS, deal(stage="Proposal", owner="Bo"))
    row = Deal.objects.get()
    assert (row.status, row.closed_on, row.closed_by) == ("open", None, None)
    upsert(org, Kind.DEALS, deal(stage="Lost", closed_on=dt.date(2026, 5, 18), owner="Bo", lost_reason="price"))
    row = Deal.objects.get()
    assert (row.status, row.closed_by.name, row.opened_by.name, row.lost_reason) == ("lost", "Bo", "Anna", "price")
    changes = StageChange.objects.order_by("id").values_list("from_stage__name", "to_stage__name", "changed_on")
    assert list(changes) == [
        ("Qualified", "Won", dt.date(2026, 5, 11)), ("Won", "Proposal", dt.date(2026, 5, 20)), ("Proposal", "Lost", dt.date(2026, 5, 18)),
    ]


def test_stages_by_word_and_by_name(org: Organisation) -> None:
    upsert(
        org, Kind.DEALS, deal(owner="", stage="Voitettu", closed_on=DAY), deal(external_id="d2", owner="", stage="Negotiation"),
        deal(external_id="d3", owner="", stage="Closed Lost", closed_on=DAY), deal(external_id="d4", owner="", stage="won", closed_on=DAY),
    )
    assert list(Deal.objects.order_by("external_id").values_list("stage__name", "status")) == [
        ("Won", "won"), ("Negotiation", "open"), ("Lost", "lost"), ("Won", "won"),
    ]
    assert list(Stage.objects.filter(organisation=org).values_list("name", flat=True)) == [
        "Prospect", "Qualified", "Proposal", "Negotiation", "Won", "Lost",
    ]


def test_deal_move_stage_writes_history(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    upsert(org, Kind.DEALS, deal())
    row = deal_move_stage(deal=Deal.objects.get(), stage=Stage.objects.get(organisation=org, name="Won"), at=NOW, by=anna)
    assert (row.status, row.closed_on, row.closed_by) == ("won", dt.date(2026, 5, 20), anna)
    change = StageChange.objects.get()
    assert (change.from_stage.name, change.to_stage.name, change.changed_at, change.rep) == ("Qualified", "Won", NOW, anna)
    deal_move_stage(deal=row, stage=row.stage, at=NOW)
    assert StageChange.objects.count() == 1


def test_all_problems_are_told_and_nothing_is_written(org: Organisation) -> None:
    factories.rep(org, "Anna")
    with pytest.raises(RecordProblems) as caught:
        upsert(
            org, Kind.DEALS, deal(customer="New Ltd"), deal(external_id="d2", owner="Ana"), deal(external_id="d3", stage="Won"),
            deal(external_id="d4", currency="eur"), deal(), deal(external_id="d5", closed_on=DAY),
            deal(external_id="d6", opened_on=dt.date(221, 4, 15)), deal(external_id="d7", customer_id="404"),
        )
    assert [(problem.index, problem.field) for problem in caught.value.problems] == [
        (1, "owner"), (2, "closed_on"), (3, "currency"), (4, "external_id"), (5, "closed_on"), (6, "opened_on"), (7, "customer_id"),
    ]
    assert caught.value.problems[0].advice == "Is it Anna?"
    assert caught.value.rejected == 7
    assert (Deal.objects.count(), Customer.objects.count()) == (0, 0)


def test_records_without_a_rep_belong_to_the_unassigned_rep(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal(owner=""))
    assert Deal.objects.get().owner.is_unassigned


def test_reps_are_known_by_id_email_and_name(org: Organisation) -> None:
    upsert(org, Kind.REPS, RepRecord(external_id="7", name="Anna Ek", email="Anna@Example.com", team=("North", "Malmö")))
    for number, text in enumerate(["7", "anna@example.COM", "anna  ek"]):
        upsert(org, Kind.ACTIVITIES, ActivityRecord(external_id=f"a{number}", kind="call", rep=text, occurred_on=DAY))
    assert set(Activity.objects.values_list("rep__name", flat=True)) == {"Anna Ek"}
    # Another system knows her by another id: told by the address, remembered from then on.
    other = RepRecord(external_id="X-1", name="A. Ek", email="anna@example.com")
    assert counts(upsert(org, Kind.REPS, other, source="other")) == (0, 1, 0)
    upsert(org, Kind.ACTIVITIES, ActivityRecord(external_id="b", kind="call", rep="X-1", occurred_on=DAY), source="other")
    assert Activity.objects.get(external_id="b").rep.external_id == "7"
    assert Rep.objects.filter(is_unassigned=False).count() == 1


def test_teams_of_reps(org: Organisation) -> None:
    record = RepRecord(name="Anna Ek", team=("North", "Malmö"))
    assert counts(upsert(org, Kind.REPS, record)) == (1, 0, 0)
    assert counts(upsert(org, Kind.REPS, record)) == (0, 0, 1)
    only = TeamAssignment.objects.get()
    assert (only.team.name, only.team.parent.name, only.valid_from, only.valid_to) == ("Malmö", "North", dt.date(2000, 1, 1), None)
    assert counts(upsert(org, Kind.REPS, RepRecord(name="Anna Ek", team=("North", "Lund"), team_from=DAY))) == (0, 1, 0)
    assert list(TeamAssignment.objects.order_by("valid_from").values_list("team__name", "valid_from", "valid_to")) == [
        ("Malmö", dt.date(2000, 1, 1), DAY), ("Lund", DAY, None),
    ]
    with pytest.raises(RecordProblems, match="stands below North"):
        upsert(org, Kind.REPS, RepRecord(name="Bo", team=("South", "Lund")))


def test_one_company_per_business_id(org: Organisation) -> None:
    first = CustomerRecord(external_id="1", name="Esimerkki Oy", business_id="0538134-0", segment="retail")
    second = CustomerRecord(external_id="99", name="Esimerkki", business_id="FI05381340", country="FI", segment="shops")
    assert counts(upsert(org, Kind.CUSTOMERS, first)) == (1, 0, 0)
    assert counts(upsert(org, Kind.CUSTOMERS, second, source="other")) == (0, 1, 0)
    assert counts(upsert(org, Kind.CUSTOMERS, second, source="other")) == (0, 0, 1)
    row = Customer.objects.get()
    assert (row.name, row.segment, row.country, row.external_id) == ("Esimerkki Oy", "retail", "FI", "1")
    assert ExternalId.objects.get().customer == row
    upsert(org, Kind.DEALS, deal(owner="", customer_id="99"), source="other")
    upsert(org, Kind.DEALS, deal(owner="", customer="Example Ltd", customer_business_id="FI 0538134-0", external_id="d2"))
    assert set(Deal.objects.values_list("customer_id", flat=True)) == {row.pk}


def test_two_rows_of_one_company_in_one_file(org: Organisation) -> None:
    one, two = (CustomerRecord(external_id=str(n), name="Acme", business_id="556036-0793") for n in (1, 2))
    assert counts(upsert(org, Kind.CUSTOMERS, one, two)) == (1, 0, 0)
    assert counts(upsert(org, Kind.CUSTOMERS, one, two)) == (0, 0, 1)


def test_a_customer_made_by_name_is_taken_up_later(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal(owner="", customer="Acme"))
    assert counts(upsert(org, Kind.CUSTOMERS, CustomerRecord(external_id="1", name="Acme", segment="retail"))) == (0, 1, 0)
    assert (Customer.objects.get().external_id, Customer.objects.get().segment) == ("1", "retail")


def test_parents_may_come_later_in_the_file(org: Organisation) -> None:
    child, parent = CustomerRecord(external_id="1", name="Child", parent="Parent"), CustomerRecord(external_id="2", name="Parent")
    assert counts(upsert(org, Kind.CUSTOMERS, child, parent)) == (2, 0, 0)
    assert counts(upsert(org, Kind.CUSTOMERS, child, parent)) == (0, 0, 2)
    assert Customer.objects.get(name="Child").parent.name == "Parent"
    with pytest.raises(RecordProblems, match="no single customer"):
        upsert(org, Kind.CUSTOMERS, CustomerRecord(external_id="1", name="Child", parent="Nobody"))


def test_names_shared_by_customers_are_refused(org: Organisation) -> None:
    upsert(org, Kind.CUSTOMERS, CustomerRecord(external_id="1", name="Acme"), CustomerRecord(external_id="2", name="Acme"))
    with pytest.raises(RecordProblems, match="Several customers"):
        upsert(org, Kind.DEALS, deal(owner="", customer="Acme"))
    upsert(org, Kind.DEALS, deal(owner="", customer="Acme", customer_id="2"))
    assert Deal.objects.get().customer.external_id == "2"


def test_an_activity_falls_on_the_local_day(org: Organisation) -> None:
    late = dt.datetime(2026, 10, 31, 23, 30, tzinfo=dt.UTC)
    upsert(org, Kind.ACTIVITIES, ActivityRecord(external_id="a", kind="meeting", outcome="reached", type="Demo", occurred_at=late))
    row = Activity.objects.get()
    assert (row.occurred_on, row.occurred_at, row.type.name, row.type.kind) == (dt.date(2026, 11, 1), late, "Demo", "meeting")
    with pytest.raises(RecordProblems, match="not one of"):
        upsert(org, Kind.ACTIVITIES, ActivityRecord(external_id="b", kind="telegram", occurred_on=DAY))


def test_leads_know_their_company_again(org: Organisation) -> None:
    upsert(org, Kind.CUSTOMERS, CustomerRecord(external_id="1", name="Acme"))
    upsert(
        org, Kind.LEADS, LeadRecord(external_id="1", company="Acme", created_on=DAY, direction="inbound"),
        LeadRecord(external_id="2", company=" New  Company ", created_on=DAY),
    )
    acme = Customer.objects.get()
    found = Lead.objects.order_by("external_id").values_list("company_key", "customer_id")
    assert list(found) == [(f"#{acme.pk}", acme.pk), ("new company", None)]


def test_contacts_and_costs(org: Organisation) -> None:
    factories.rep(org, "Anna")
    factories.team(org, "North")
    upsert(org, Kind.CONTACTS, ContactRecord(external_id="1", name="Eva", customer="Acme", rep="Anna", created_on=DAY))
    cost = CostRecord(external_id="1", category="tool", amount=Decimal(10), starts_on=DAY, ends_on=dt.date(2026, 6, 1), team="north")
    assert counts(upsert(org, Kind.COSTS, cost)) == (1, 0, 0)
    assert counts(upsert(org, Kind.COSTS, cost)) == (0, 0, 1)
    assert (Contact.objects.get().customer.name, Cost.objects.get().team.name) == ("Acme", "North")


def test_another_organisation_is_never_touched(org: Organisation) -> None:
    other = organisation_open(name="Other", slug="other")
    factories.rep(other, "Anna")
    upsert(other, Kind.CUSTOMERS, CustomerRecord(external_id="1", name="Acme", business_id="0538134-0"))
    upsert(other, Kind.DEALS, deal())
    with pytest.raises(RecordProblems, match="no rep"):
        upsert(org, Kind.DEALS, deal())
    upsert(org, Kind.DEALS, deal(owner="", customer="Acme", customer_business_id="0538134-0"))
    assert Customer.objects.filter(organisation=org).count() == 1
    assert Deal.objects.get(organisation=other).owner.name == "Anna"


def test_the_number_of_queries_does_not_grow_with_the_records(org: Organisation, django_assert_max_num_queries: Any) -> None:
    records = [deal(external_id=str(number), owner="", customer="Acme") for number in range(300)]
    upsert(org, Kind.DEALS, *records)
    with django_assert_max_num_queries(16):
        assert upsert(org, Kind.DEALS, *records).unchanged == 300
