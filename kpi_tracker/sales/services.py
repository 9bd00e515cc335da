"""Writes of records. Pages, imports, the API and connections all write through here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs import services as orgs_services
from kpi_tracker.orgs.models import Organisation, Rep
from kpi_tracker.sales.batch import Batch, RecordProblems
from kpi_tracker.sales.deals import DealWriter, enter_stage, qualify, start_of
from kpi_tracker.sales.economics import ContractWriter, CostWriter
from kpi_tracker.sales.happenings import ActivityWriter, LeadWriter
from kpi_tracker.sales.history import StageChangeWriter
from kpi_tracker.sales.models import Deal, DealStatus, Stage, StageChange
from kpi_tracker.sales.people import ContactWriter, CustomerWriter, RepWriter
from kpi_tracker.sales.records import (
    ActivityRecord,
    AnyRecord,
    ContactRecord,
    ContractRecord,
    CostRecord,
    CustomerRecord,
    DealRecord,
    Kind,
    LeadRecord,
    Problem,
    RepRecord,
    StageChangeRecord,
    UpsertSummary,
)
from kpi_tracker.sales.stages import pipeline_default
from kpi_tracker.sales.upsert import Upsert, Writer

__all__ = [
    "ActivityRecord", "AnyRecord", "ContactRecord", "ContractRecord", "CostRecord", "CustomerRecord", "DealRecord", "Kind", "LeadRecord",
    "Problem", "RecordProblems", "RecordsUpsert", "RepRecord", "StageChangeRecord", "UpsertSummary", "deal_move_stage", "organisation_open",
    "pipeline_default", "records_upsert",
]  # fmt: skip

WRITERS: dict[Kind, type[Writer[Any]]] = {
    Kind.REPS: RepWriter,
    Kind.CUSTOMERS: CustomerWriter,
    Kind.CONTACTS: ContactWriter,
    Kind.LEADS: LeadWriter,
    Kind.DEALS: DealWriter,
    Kind.STAGE_CHANGES: StageChangeWriter,
    Kind.CONTRACTS: ContractWriter,
    Kind.ACTIVITIES: ActivityWriter,
    Kind.COSTS: CostWriter,
}


def records_upsert(
    *, organisation: Organisation, kind: Kind, records: Iterable[AnyRecord], source: str, now: dt.datetime, create_reps: bool = False,
    may_lead_nowhere: frozenset[str] = frozenset(),
) -> UpsertSummary:
    """Write records of one kind: new ones are made, known ones (by `source` and their id there) updated where they differ.

    All or nothing: `RecordProblems` names everything that is wrong, and nothing is written.
    create_reps: also make reps that are only named. Customers, products, stages and teams are made where they are named.
    may_lead_nowhere: fields such as customer_id and lead_id that are left empty, and listed, where what they name is not there.
    """
    upsert = RecordsUpsert(
        organisation=organisation, kind=kind, source=source, now=now, create_reps=create_reps, may_lead_nowhere=may_lead_nowhere
    )
    with transaction.atomic():
        upsert.step(records)
        upsert.finish()
        return upsert.summary()


class RecordsUpsert:
    """`records_upsert` for records that come in several steps, each in a transaction of the caller's.

    Nothing is written from the first problem on; `finish` comes after the last step, and `summary` raises the problems.
    Taking the same records once more, from the first one on, changes nothing that is written already.
    only_check: say what would become of them; the caller rolls each step back. Not for reps, whose teams are written at the end.
    """

    def __init__(
        self, *, organisation: Organisation, kind: Kind, source: str, now: dt.datetime, create_reps: bool = False,
        may_lead_nowhere: frozenset[str] = frozenset(), only_check: bool = False,
    ) -> None:
        self._writer = WRITERS[Kind(kind)]
        self.batch = Batch(
            organisation=organisation, source=source, now=now, create_reps=create_reps,
            may_lead_nowhere=may_lead_nowhere - self._writer.needs, only_check=only_check,
        )
        self._upsert: Upsert | None = None

    def step(self, records: Iterable[AnyRecord]) -> None:
        self._alone().step(records)

    def finish(self) -> None:
        self._alone().finish()

    @property
    def counts(self) -> tuple[int, int, int]:
        """Rows created, updated and unchanged so far."""
        return self._upsert.tally.counts if self._upsert is not None else (0, 0, 0)

    def summary(self) -> UpsertSummary:
        if self.batch.problems:
            raise RecordProblems(self.batch.problems, len(self.batch.rejected))
        return self._upsert.summary() if self._upsert is not None else UpsertSummary()

    def _alone(self) -> Upsert:
        """One write at a time in an organisation: two at once could both make the same customer. Its zone may have changed meanwhile."""
        self.batch.organisation = Organisation.objects.select_for_update(no_key=True).get(pk=self.batch.organisation.pk)
        if self._upsert is None:
            self._upsert = Upsert(self.batch, self._writer(self.batch))
        return self._upsert


@transaction.atomic
def organisation_open(
    *, name: str, slug: str, timezone: str = "Europe/Stockholm", country: str = "SE", currency: str = "EUR", language: str = "en"
) -> Organisation:
    """A new organisation, ready for records: with its unassigned rep and a first pipeline."""
    organisation = orgs_services.organisation_create(
        name=name, slug=slug, timezone=timezone, country=country, currency=currency, language=language
    )
    pipeline_default(organisation)
    return organisation


@transaction.atomic
def deal_move_stage(*, deal: Deal, stage: Stage, at: dt.datetime, by: Rep | None = None, closed_on: dt.date | None = None) -> Deal:
    """Move a deal to another stage, with its history. closed_on: the day of closing; that of `at` where it is left out."""
    if stage.organisation_id != deal.organisation_id:
        raise InvalidInput(_("That stage is not in this organisation."), field="stage", code="other_organisation")
    row: Deal = Deal.objects.select_for_update(of=("self",)).get(pk=deal.pk)
    if row.stage_id == stage.pk:
        return row
    organisation = row.organisation
    if closed_on is not None:
        at = start_of(closed_on, organisation.zone)
    came_from, was_closed = row.stage_id, row.status != DealStatus.OPEN
    enter_stage(row, stage, was_closed=was_closed, closed_on=organisation.local_day(at))
    qualify(row, stage, organisation.local_day(at))
    row.save(update_fields=["stage", "status", "closed_on", "closed_by", "qualified_on"])
    StageChange.objects.create(
        organisation=organisation, deal=row, from_stage_id=came_from, to_stage=stage, changed_at=at,
        changed_on=organisation.local_day(at), rep_id=by.pk if by else row.closed_by_id or row.owner_id,
    )
    return row
