"""The writer of deals: status follows the stage, credit stays, and each move of stage becomes history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from kpi_tracker.sales import references, rows
from kpi_tracker.sales.batch import Batch, chunks, one_line
from kpi_tracker.sales.models import Deal, DealStatus, Lead, Stage, StageChange
from kpi_tracker.sales.records import DealRecord
from kpi_tracker.sales.references import CUSTOMER_FIELDS, Customers, Reps
from kpi_tracker.sales.stages import Stages
from kpi_tracker.sales.upsert import Row, Writer


def start_of(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=zone)


def enter_stage(deal: Deal, stage: Stage, *, was_closed: bool, closed_on: dt.date | None) -> None:
    """Bring status, closing day and credit into line with the stage. Who closed it keeps the credit until it is reopened."""
    deal.stage = stage
    deal.status = stage.kind
    if stage.kind == DealStatus.OPEN:
        deal.closed_on = deal.closed_by = None
        return
    deal.closed_on = closed_on
    if not was_closed or deal.closed_by_id is None:
        deal.closed_by_id = deal.owner_id


def qualify(deal: Deal, stage: Stage, moved_on: dt.date, *, is_new: bool = False) -> None:
    """Entering a qualified open stage, or a won one, makes the deal a qualified opportunity, unless it is one already.

    A new deal is one since its opening; so is a new one that is closed, whatever its stage.
    """
    if deal.qualified_on is not None:
        return
    if is_new and stage.kind != DealStatus.OPEN:
        deal.qualified_on = deal.opened_on
    if deal.qualified_on is None and stage.kind != DealStatus.LOST and (stage.is_qualified or stage.kind == DealStatus.WON):
        deal.qualified_on = (deal.opened_on if is_new else None) or moved_on


def leads_convert(days: Mapping[int, dt.date]) -> None:
    """Leads were converted on these days, by lead id; those that were before keep their day."""
    for some in chunks(days):
        converted = list(Lead.objects.filter(pk__in=some, converted_on=None))
        for lead in converted:
            lead.converted_on = days[lead.pk]
        rows.change(Lead, converted, ["converted_on"])


class DealWriter(Writer[DealRecord]):
    model = Deal
    sources = {
        "customer_id": CUSTOMER_FIELDS, "product_id": ("product",), "lead_id": ("lead_id",), "owner_id": ("owner",),
        "stage_id": ("stage", "pipeline"), "opened_by_id": ("opened_by",), "closed_by_id": ("closed_by",),
    }

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.reps, self.customers = Reps(batch), Customers(batch)
        self.products, self.leads, self.stages = references.products(batch), references.leads(batch), Stages(batch)
        self.moved: list[tuple[Any, int | None, dt.datetime, dt.date]] = []
        self.converted: dict[int, dt.date] = {}

    def load(self, records: Sequence[DealRecord]) -> None:
        self.customers.load_for(records)
        self.leads.load(record.lead_id for record in records)

    def row(self, record: DealRecord, existing: Any) -> Row:
        owner = self.reps.get(record.owner, "owner")
        customer_owner = existing.owner_id if existing is not None and not self.spoken_of(record, "owner_id") else owner
        values: Row = {
            "name": one_line(record.name), "customer_id": self.customers.get(record, customer_owner),
            "product_id": self.products.get(record.product), "lead_id": self.leads.get(record.lead_id),
            "channel": one_line(record.channel), "owner_id": owner,
            "amount": record.amount, "currency": record.currency or self.batch.organisation.base_currency,
            "one_time_amount": record.one_time_amount, "term_months": record.term_months, "first_contact_on": record.first_contact_on,
            "opened_on": record.opened_on, "expected_close_on": record.expected_close_on, "closed_on": record.closed_on,
            "lost_reason": one_line(record.lost_reason)[:200],
        }
        if record.qualified_on is not None:
            values["qualified_on"] = record.qualified_on
        if existing is None or self.spoken_of(record, "stage_id"):
            stage = self.stages.get(record.pipeline, record.stage, current=existing.stage_id if existing else None)
            values["stage_id"] = stage.pk if stage else None
        if existing is None:
            values["opened_by_id"] = self.reps.get(record.opened_by, "opened_by") if record.opened_by else owner
        elif record.opened_by:
            values["opened_by_id"] = self.reps.get(record.opened_by, "opened_by")
        if not values["name"] and (existing is None or self.spoken_of(record, "name")):
            values["name"] = str(_("Deal"))
        return values

    def settle(self, row: Any, before: Row | None, record: DealRecord) -> None:
        stage = self.stages.by_id.get(row.stage_id)
        if stage is None:
            return
        was_closed = before is not None and before["status"] != DealStatus.OPEN
        closed_on = row.closed_on or (before["closed_on"] if before and was_closed else None)
        if stage.kind == DealStatus.OPEN and record.closed_on is not None and self.spoken_of(record, "closed_on"):
            message = _("The stage %(stage)s is open, so the deal has no closing day.") % {"stage": stage.name}
            self.batch.problem("closed_on", message, _("Leave the day empty, or give it as the day expected to close."))
        if stage.kind != DealStatus.OPEN and closed_on is None:
            if record.stage_changed_at is not None:
                closed_on = self.batch.day_of(record.stage_changed_at)
            else:
                message = _("The stage %(stage)s is closed, but the day it closed is missing.") % {"stage": stage.name}
                self.batch.problem("closed_on", message, _("Fill in the day."))
        enter_stage(row, stage, was_closed=was_closed, closed_on=closed_on)
        if stage.kind != DealStatus.OPEN and record.closed_by and self.spoken_of(record, "closed_by_id"):
            row.closed_by_id = self.reps.get(record.closed_by, "closed_by")
        came_from = before["stage_id"] if before else None
        if came_from != stage.pk:
            self._note_move(row, came_from, record)
            moved_on = row.closed_on or (self.batch.day_of(record.stage_changed_at) if record.stage_changed_at else self.batch.today)
            qualify(row, stage, moved_on, is_new=before is None)
        if row.lead_id is not None and self.spoken_of(record, "lead_id"):
            self._convert(row)

    def _convert(self, row: Any) -> None:
        day = row.opened_on or row.closed_on or self.batch.today
        self.converted[row.lead_id] = min(day, self.converted.get(row.lead_id, day))

    def _note_move(self, row: Any, came_from: int | None, record: DealRecord) -> None:
        """History of the move, where it is known when it was: a new deal's past is not made up."""
        at = record.stage_changed_at
        if at is None and row.closed_on is not None:
            at = start_of(row.closed_on, self.batch.organisation.zone)
        elif at is None and came_from is not None:
            at = self.batch.now
        elif at is None and row.opened_on is not None and self._is_first(row.stage_id):
            at = start_of(row.opened_on, self.batch.organisation.zone)
        if at is not None:
            self.moved.append((row, came_from, at, self.batch.day_of(at)))

    def _is_first(self, stage_id: int) -> bool:
        stages = sorted(self.stages.of[self.stages.by_id[stage_id].pipeline_id], key=lambda stage: (stage.position, stage.pk))
        return stages[0].pk == stage_id

    def written(self, changed: Sequence[Any]) -> None:
        rows.insert(
            StageChange,
            [
                StageChange(
                    organisation=self.batch.organisation, deal=row, from_stage_id=came_from, to_stage_id=row.stage_id,
                    changed_at=at, changed_on=day, rep_id=row.closed_by_id or row.owner_id,
                )
                for row, came_from, at, day in self.moved
            ],
        )
        self.moved = []

    def finish(self) -> set[int]:
        leads_convert(self.converted)
        return set()
