"""Contracts, and numbers that do not fit."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from kpi_tracker.orgs.models import Organisation
from kpi_tracker.sales.models import Contract
from kpi_tracker.sales.records import ActivityRecord, AnyRecord, ContractRecord, CustomerRecord, Kind
from kpi_tracker.sales.services import RecordProblems, organisation_open
from tests.sales.upserts import DAY, counts, deal, upsert

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organisation:
    return organisation_open(name="Nordlys", slug="nordlys", currency="SEK")


def contract(**fields: Any) -> ContractRecord:
    return ContractRecord(**{"external_id": "c1", "customer": "Acme", "starts_on": DAY, "yearly_amount": Decimal("1200.5"), **fields})


def test_a_contract_is_made_updated_and_left_alone(org: Organisation) -> None:
    upsert(org, Kind.CUSTOMERS, CustomerRecord(external_id="7", name="Acme"))
    upsert(org, Kind.DEALS, deal(customer_id="7"))
    full = contract(customer="", customer_id="7", deal_id="d1", margin=Decimal("0.8"))
    assert counts(upsert(org, Kind.CONTRACTS, full)) == (1, 0, 0)
    assert counts(upsert(org, Kind.CONTRACTS, full)) == (0, 0, 1)
    row = Contract.objects.get()
    assert (row.customer.name, row.deal.name, row.currency, row.ends_on) == ("Acme", "Fleet", "SEK", None)
    assert (row.yearly_amount, row.margin) == (Decimal("1200.50"), Decimal("0.8"))
    ended = contract(ends_on=dt.date(2027, 5, 4), given=frozenset({"ends_on"}))
    assert counts(upsert(org, Kind.CONTRACTS, ended)) == (0, 1, 0)
    row.refresh_from_db()
    assert (row.ends_on, row.customer.name, row.margin) == (dt.date(2027, 5, 4), "Acme", Decimal("0.8"))


def test_what_is_wrong_with_a_contract(org: Organisation) -> None:
    records = [
        contract(ends_on=DAY), contract(external_id="c2", customer=""), contract(external_id="c3", margin=Decimal(80)),
        contract(external_id="c4", margin=Decimal("1.5")), contract(external_id="c5", deal_id="d9"),
        contract(external_id="c6", customer="", customer_id="404"), contract(external_id="c7", yearly_amount=Decimal(10) ** 20),
    ]
    with pytest.raises(RecordProblems) as caught:
        upsert(org, Kind.CONTRACTS, *records, may_lead_nowhere=frozenset({"customer_id"}))
    assert [(problem.index, problem.field) for problem in caught.value.problems] == [
        (0, "ends_on"), (1, "customer"), (2, "margin"), (3, "margin"), (4, "deal_id"), (5, "customer_id"), (6, "yearly_amount"),
    ]
    assert not Contract.objects.exists()


@pytest.mark.parametrize(
    ("kind", "record", "field", "most"),
    [
        (Kind.ACTIVITIES, ActivityRecord(kind="call", occurred_on=DAY, duration_s=2**31), "duration_s", 2**31 - 1),
        (Kind.DEALS, deal(term_months=32768), "term_months", 32767),
    ],
)
def test_a_number_that_does_not_fit_is_a_problem(org: Organisation, kind: Kind, record: AnyRecord, field: str, most: int) -> None:
    with pytest.raises(RecordProblems) as caught:
        upsert(org, kind, record)
    assert [(problem.field, problem.message) for problem in caught.value.problems] == [(field, f"At most {most} fits.")]
