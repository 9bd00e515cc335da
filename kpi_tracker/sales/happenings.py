"""Writers of leads and activities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from kpi_tracker.sales import references
from kpi_tracker.sales.batch import Batch, one_line
from kpi_tracker.sales.models import Activity, Deal, Lead, lead_company_key
from kpi_tracker.sales.records import ActivityRecord, LeadRecord
from kpi_tracker.sales.references import CUSTOMER_FIELDS, Customers, Reps
from kpi_tracker.sales.upsert import Row, Writer


class LeadWriter(Writer[LeadRecord]):
    model = Lead
    sources = {"customer_id": (*CUSTOMER_FIELDS, "company"), "rep_id": ("rep",)}

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.reps, self.customers = Reps(batch), Customers(batch)
        self.with_deals: set[int] = set()

    def load(self, records: Sequence[LeadRecord]) -> None:
        self.customers.load_for(records, extra_names=[record.company for record in records])
        ids = [record.external_id for record in records]
        deals = Deal.objects.filter(organisation=self.batch.organisation, lead__source=self.batch.source, lead__external_id__in=ids)
        self.with_deals = set(deals.values_list("lead_id", flat=True))

    def row(self, record: LeadRecord, existing: Any) -> Row:
        rep = self.reps.get(record.rep, "rep")
        company = one_line(record.company)
        if record.customer_id or record.customer or record.customer_business_id:
            customer = self.customers.get(record, rep)
        else:
            customer = self.customers.find(company) if company else None
        if record.created_on is None and (existing is None or self.spoken_of(record, "created_on")):
            self.batch.problem("created_on", _("A lead needs the day it was created."))
        converted_on = record.converted_on
        if converted_on is None and existing is not None and existing.pk in self.with_deals:
            converted_on = existing.converted_on  # its deal says that it did
        return {
            "customer_id": customer, "company": company, "name": one_line(record.name), "channel": one_line(record.channel),
            "direction": record.direction, "status": one_line(record.status), "rep_id": rep, "created_on": record.created_on,
            "qualified_on": record.qualified_on, "converted_on": converted_on,
        }

    def settle(self, row: Any, before: Row | None, record: LeadRecord) -> None:
        row.company_key = lead_company_key(row.customer_id, row.company)


class ActivityWriter(Writer[ActivityRecord]):
    model = Activity
    sources = {
        "customer_id": CUSTOMER_FIELDS, "rep_id": ("rep",), "type_id": ("type",), "contact_id": ("contact_id",), "deal_id": ("deal_id",),
        "occurred_on": ("occurred_at", "occurred_on"),
    }

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.reps, self.customers = Reps(batch), Customers(batch)
        self.types, self.deals, self.contacts = references.activity_types(batch), references.deals(batch), references.contacts(batch)

    def load(self, records: Sequence[ActivityRecord]) -> None:
        self.customers.load_for(records)
        self.deals.load(record.deal_id for record in records)
        self.contacts.load(record.contact_id for record in records)

    def row(self, record: ActivityRecord, existing: Any) -> Row:
        rep = self.reps.get(record.rep, "rep")
        day = self.batch.day_of(record.occurred_at) if record.occurred_at is not None else record.occurred_on
        if day is None and (existing is None or self.spoken_of(record, "occurred_on")):
            self.batch.problem("occurred_on", _("An activity needs a day."))
        return {
            "kind": record.kind, "type_id": self.types.get(record.type, kind=record.kind), "outcome": record.outcome,
            "subject": one_line(record.subject)[:200], "rep_id": rep, "customer_id": self.customers.get(record, rep),
            "contact_id": self.contacts.get(record.contact_id), "deal_id": self.deals.get(record.deal_id),
            "occurred_at": record.occurred_at, "occurred_on": day, "booked_on": record.booked_on, "duration_s": record.duration_s,
        }
