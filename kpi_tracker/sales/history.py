"""The writer of stage changes: the history of deals, as other systems kept it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from kpi_tracker.sales import references, rows
from kpi_tracker.sales.batch import Batch, chunks
from kpi_tracker.sales.deals import qualify, start_of
from kpi_tracker.sales.models import Deal, Stage, StageChange
from kpi_tracker.sales.records import StageChangeRecord
from kpi_tracker.sales.references import Reps
from kpi_tracker.sales.stages import Stages
from kpi_tracker.sales.upsert import YEARS, Row, Writer

Event = tuple[int | None, int | None, dt.datetime]


class StageChangeWriter(Writer[StageChangeRecord]):
    """A change is known by id there, else by deal, stage and moment. It takes the place of one of which only the day was known.

    Where a deal came from follows from its other changes.
    """

    model = StageChange
    needs = frozenset({"deal_id"})
    sources = {"to_stage_id": ("stage", "pipeline"), "rep_id": ("rep",)}

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.reps, self.deal_ids, self.stages = Reps(batch), references.deals(batch), Stages(batch)
        self.deals: dict[int, Any] = {}
        self.deal: Any = None
        self.stage: Stage | None = None
        self.events: dict[Event, Any] = {}
        self.touched: set[int] = set()

    def load(self, records: Sequence[StageChangeRecord]) -> None:
        self.deal_ids.load(record.deal_id for record in records)
        found = {self.deal_ids.ids[record.deal_id] for record in records if record.deal_id in self.deal_ids.ids}
        self.deals = Deal.objects.in_bulk(found)
        self.events = {}
        for row in _history(self.batch, found):
            self._remember(row)

    def _remember(self, row: Any) -> None:
        self.events.setdefault((row.deal_id, row.to_stage_id, row.changed_at), row)

    def _event(self, at: dt.datetime) -> Any:
        if self.deal is None or self.stage is None:
            return None
        row = self.events.get((self.deal.pk, self.stage.pk, at))
        return row if row is not None and row.changed_at == at else None

    def match(self, record: StageChangeRecord, existing: dict[str, Any]) -> Any:
        self.deal = self.deals.get(self.deal_ids.get(record.deal_id) or 0)
        self.stage = self.stages.get(record.pipeline, record.stage, current=self.deal.stage_id if self.deal else None)
        if record.changed_at.year not in YEARS:
            return existing.get(record.external_id)
        if record.external_id in existing:
            return existing[record.external_id]
        if (same := self._event(record.changed_at)) is not None:
            return same
        only_day = self._event(start_of(self.batch.day_of(record.changed_at), self.batch.organisation.zone))
        return only_day if only_day is not None and only_day.pk is not None and not only_day.external_id else None

    def row(self, record: StageChangeRecord, existing: Any) -> Row:
        if not record.deal_id:
            self.batch.problem("deal_id", _("A stage change needs its deal."))
        deal = self.deal
        if record.rep:
            rep = self.reps.get(record.rep, "rep")
        elif existing is not None:
            rep = existing.rep_id
        else:
            rep = (deal.closed_by_id or deal.owner_id) if deal else self.reps.unassigned
        return {
            "deal_id": deal.pk if deal else None, "to_stage_id": self.stage.pk if self.stage else None, "changed_at": record.changed_at,
            "rep_id": rep,
        }

    def settle(self, row: Any, before: Row | None, record: StageChangeRecord) -> None:
        if row.changed_at is not None:
            row.changed_on = self.batch.day_of(row.changed_at)
        if before is not None and record.external_id and not row.external_id:
            row.source, row.external_id = self.batch.source, record.external_id
        if before is not None and before["deal_id"] != row.deal_id:
            self.touched.add(before["deal_id"])
        self._remember(row)

    def written(self, changed: Sequence[Any]) -> None:
        self.touched.update(row.deal_id for row in changed)

    def finish(self) -> set[int]:
        """Chain the changes of each touched deal, and count it as qualified from its first qualified stage on."""
        moved: list[StageChange] = []
        for some in chunks(self.touched):
            deals = Deal.objects.in_bulk(some)
            qualified: list[Deal] = []
            for row, came_from in _chained(_history(self.batch, some)):
                if came_from is not None and row.from_stage_id != came_from:
                    row.from_stage_id = came_from
                    moved.append(row)
                deal = deals[row.deal_id]
                if deal.qualified_on is None:
                    qualify(deal, self.stages.by_id[row.to_stage_id], row.changed_on)
                    qualified += [deal] if deal.qualified_on is not None else []
            rows.change(Deal, qualified, ["qualified_on"])
        rows.change(StageChange, moved, ["from_stage_id"])
        return set()


def _history(batch: Batch, deals: Iterable[int]) -> Iterable[StageChange]:
    """All changes of some deals, each deal's in their order."""
    for some in chunks(sorted(deals)):
        yield from StageChange.objects.filter(organisation=batch.organisation, deal__in=some).order_by("deal", "changed_at", "id")


def _chained(history: Iterable[StageChange]) -> Iterable[tuple[StageChange, int | None]]:
    """Each change with the stage that the deal was in before it; None for a deal's first one."""
    stage_of: dict[int, int] = {}
    for row in history:
        yield row, stage_of.get(row.deal_id)
        stage_of[row.deal_id] = row.to_stage_id
