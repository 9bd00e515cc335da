"""The deals that were open at one of several moments, and the stages that they were in."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, F, Q, QuerySet, When

from kpi_tracker.kpis import facts
from kpi_tracker.kpis.catalogue import OPEN_PIPELINE_STOCK
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import day_read
from kpi_tracker.sales.models import Deal, StageChange

# Every stage that a closed deal has been in, with the days on which they closed.
CLOSINGS = (
    "SELECT been.stage_id, d.closed_on, SUM(CASE WHEN d.status = 'won' THEN 1 ELSE 0 END), COUNT(*) FROM"
    " (SELECT deal_id, to_stage_id AS stage_id FROM sales_stagechange WHERE organisation_id = %(org)s"
    " UNION SELECT deal_id, from_stage_id FROM sales_stagechange WHERE organisation_id = %(org)s AND from_stage_id IS NOT NULL) been"
    " JOIN sales_deal d ON d.id = been.deal_id WHERE d.organisation_id = %(org)s AND d.closed_on IS NOT NULL"
    " GROUP BY been.stage_id, d.closed_on ORDER BY been.stage_id, d.closed_on"
)


class Change(NamedTuple):
    day: dt.date
    left: int | None
    entered: int


class OpenDeal(NamedTuple):
    """quantity: the amount, in hundredths of the base currency. holder_id: the owner, once closed who closed it."""

    id: int
    opened_on: dt.date
    closed_on: dt.date | None
    expected_on: dt.date | None
    quantity: int
    holder_id: int
    customer_id: int | None
    stage_id: int

    def ends(self, ends: Sequence[dt.date]) -> range:
        """At the end of the day before which of `ends`, which are in order, it was open."""
        return range(bisect_right(ends, self.opened_on), len(ends) if self.closed_on is None else bisect_right(ends, self.closed_on))


def open_deals(organisation: Organisation, since: dt.date, until: dt.date) -> QuerySet[Any]:
    """The deals that count in the open pipeline at some moment from the start of `since` to the start of `until`."""
    inflow = OPEN_PIPELINE_STOCK.inflows[0]
    found = Deal.objects.filter(organisation=organisation, opened_on__lt=until).filter(Q(status="open") | Q(closed_on__gte=since))
    for need in inflow.requires:
        found = found.filter(facts.requirement(need, inflow, organisation))
    rows: QuerySet[Any] = found.annotate(
        quantity=facts.quantity(inflow, organisation), holder_id=Case(When(status="open", then=F("owner_id")), default=F("closed_by_id"))
    )
    return rows.order_by("id")


class OpenDeals:
    """Those that were open at the start of one of `moments`, with their way through the stages. Read when first asked for."""

    def __init__(self, organisation: Organisation, moments: Sequence[dt.date], subject: Subject) -> None:
        """subject: of a rep or a customer, only the own ones are read."""
        self.organisation, self.moments, self.subject = organisation, moments, subject

    @cached_property
    def records(self) -> QuerySet[Any]:
        found = open_deals(self.organisation, min(self.moments), max(self.moments))
        match self.subject.kind:
            case SubjectKind.CUSTOMER:
                return found.filter(customer_id=self.subject.id)
            case SubjectKind.REP:
                return found.filter(Q(status="open", owner_id=self.subject.id) | (~Q(status="open") & Q(closed_by_id=self.subject.id)))
            case _:
                return found

    @cached_property
    def rows(self) -> list[OpenDeal]:
        columns = ("id", "opened_on", "closed_on", "expected_close_on", "quantity", "holder_id", "customer_id", "stage_id")
        return [OpenDeal(*row) for row in self.records.values_list(*columns)]

    @cached_property
    def history(self) -> Mapping[int, list[Change]]:
        """Each deal's changes of stage in order."""
        found: dict[int, list[Change]] = defaultdict(list)
        changes = StageChange.objects.filter(organisation=self.organisation, deal__in=self.records.order_by().values("id"))
        rows = changes.order_by("changed_at", "id").values_list("deal_id", "changed_on", "from_stage_id", "to_stage_id")
        for deal, day, left, entered in rows:
            found[deal].append(Change(day, left, entered))
        return found

    def stages(self, deal: Any, ends: Sequence[dt.date]) -> Iterator[int]:
        """The stage in which the deal was at the end of the day before each of `ends`, which are in order."""
        history = self.history.get(deal.id, ())
        first = (history[0].left or history[0].entered) if history else deal.stage_id
        for end in ends:
            yield next((change.entered for change in reversed(history) if change.day < end), first)

    def win_rate(self, stage: int, end: dt.date) -> tuple[int, int]:
        """Of the deals closed before `end` that had been in the stage: how many were won, and how many there are."""
        if stage not in self._closings:
            return 0, 0
        days, won, closed = self._closings[stage]
        place = bisect_left(days, end)
        return (won[place - 1], closed[place - 1]) if place else (0, 0)

    @cached_property
    def _closings(self) -> Mapping[int, tuple[list[dt.date], list[int], list[int]]]:
        """By stage: the days on which deals that had been in it closed; up to each, how many were won and how many closed."""
        found: dict[int, tuple[list[dt.date], list[int], list[int]]] = defaultdict(lambda: ([], [], []))
        with connection.cursor() as cursor:
            cursor.execute(CLOSINGS, {"org": self.organisation.pk})
            for stage, day, won, closed in cursor.fetchall():
                days, wins, closings = found[stage]
                days.append(day_read(day))
                wins.append(won)
                closings.append(closed)
        return {stage: (days, list(accumulate(won)), list(accumulate(closed))) for stage, (days, won, closed) in found.items()}
