"""Writers of contracts and costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from kpi_tracker.sales import references
from kpi_tracker.sales.batch import Batch, one_line
from kpi_tracker.sales.models import Contract, Cost
from kpi_tracker.sales.records import ContractRecord, CostRecord
from kpi_tracker.sales.references import CUSTOMER_FIELDS, Customers, Reps
from kpi_tracker.sales.upsert import Row, Writer


class ContractWriter(Writer[ContractRecord]):
    model = Contract
    needs = frozenset(CUSTOMER_FIELDS)
    sources = {"customer_id": CUSTOMER_FIELDS}

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.reps, self.customers, self.deals = Reps(batch), Customers(batch), references.deals(batch)

    def load(self, records: Sequence[ContractRecord]) -> None:
        self.customers.load_for(records)
        self.deals.load(record.deal_id for record in records)

    def row(self, record: ContractRecord, existing: Any) -> Row:
        return {
            "customer_id": self.customers.get(record, self.reps.unassigned), "deal_id": self.deals.get(record.deal_id),
            "starts_on": record.starts_on, "ends_on": record.ends_on, "yearly_amount": record.yearly_amount,
            "currency": record.currency or self.batch.organisation.base_currency, "margin": record.margin,
        }

    def settle(self, row: Any, before: Row | None, record: ContractRecord) -> None:
        if row.customer_id is None and not (record.customer_id or record.customer or record.customer_business_id):
            self.batch.problem("customer", _("A contract needs a customer."), _("Give the name, the id or the organisation number."))
        if row.starts_on and row.ends_on and row.ends_on <= row.starts_on:
            self.batch.problem("ends_on", _("A contract must end after it starts."))
        if row.margin is not None and abs(row.margin) > 1:
            self.batch.problem("margin", _("The margin is a share of the amount: 0.8 is 80 %."))


class CostWriter(Writer[CostRecord]):
    model = Cost
    sources = {"team_id": ("team",), "rep_id": ("rep",)}

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.reps, self.teams = Reps(batch), references.teams(batch)

    def load(self, records: Sequence[CostRecord]) -> None:
        """Reps and teams are read whole."""

    def row(self, record: CostRecord, existing: Any) -> Row:
        if record.ends_on <= record.starts_on:
            self.batch.problem("ends_on", _("A cost must end after it starts."))
        return {
            "category": record.category, "amount": record.amount, "currency": record.currency or self.batch.organisation.base_currency,
            "starts_on": record.starts_on, "ends_on": record.ends_on, "team_id": self.teams.get(record.team),
            "rep_id": self.reps.get(record.rep, "rep") if record.rep.strip() else None, "note": one_line(record.note)[:200],
        }
