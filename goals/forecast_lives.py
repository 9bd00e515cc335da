"""The deals behind a forecast of deals won or of revenue, read as lives."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Case, Q, QuerySet, When
from django.db.models.functions import Coalesce

from goals.forecast_deals import Life
from kpi_tracker.kpis import facts
from kpi_tracker.kpis.catalogue import DEALS_WON, OPEN_PIPELINE_STOCK, REVENUE, REVENUE_MEASURE, WON_MEASURE
from kpi_tracker.kpis.engine import concerning
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import DAY
from kpi_tracker.sales.models import Deal, StageChange

KPIS = (DEALS_WON.key, REVENUE.key)
# Of more deals the other methods tell as much, and reading them all would take a page longer than the tenth of a second it has.
MOST_DEALS = 3_000
Step = tuple[int, int]


def lives(organisation: Organisation, subject: Subject, *, since: dt.date, today: dt.date) -> list[Life]:
    """The subject's deals that were open at some time from `since` to the day before `today`; days are numbered from `since`.

    Of closed deals the subject is who closed them, of open ones their owner, who of a team was in it yesterday. A deal closed
    without a day of opening opened as it closed. Empty where there are more than MOST_DEALS: the method is left out then.
    """
    records = _records(organisation, subject, since=since, today=today)
    rows = list(records.order_by().values_list("pk", "opened_on", "closed_on", "status", "quantity")[: MOST_DEALS + 1])
    if len(rows) > MOST_DEALS:
        return []
    history, found = _history(organisation, records, since), []
    for pk, opened_on, closed_on, status, quantity in rows:
        opened = min(day for day in (opened_on, closed_on) if day)
        found.append(Life(
            (opened - since).days, (closed_on - since).days if closed_on else None, status == "won",
            None if quantity is None else quantity / 100, tuple(history.get(pk, ())),
        ))
    return found


def _records(organisation: Organisation, subject: Subject, *, since: dt.date, today: dt.date) -> QuerySet[Any]:
    found: QuerySet[Any] = Deal.objects.filter(Q(status="open") | Q(closed_on__gte=since), organisation=organisation)
    match subject.kind:
        case SubjectKind.TEAM:  # of one question, as what the tree of teams was is asked for each time
            found = found.annotate(held_on=Coalesce("closed_on", today - DAY), holder_id=Coalesce("closed_by_id", "owner_id"))
            found = found.filter(concerning(organisation, replace(WON_MEASURE, day="held_on", rep="holder_id"), subject))
        case SubjectKind.REP:
            found = found.filter(Q(status="open", owner_id=subject.id) | (~Q(status="open") & Q(closed_by_id=subject.id)))
        case SubjectKind.CUSTOMER:
            found = found.filter(customer_id=subject.id)
    begun = Q(opened_on__lt=today) | Q(opened_on=None, closed_on__lt=today)
    amount = Case(
        When(status="open", then=facts.quantity(OPEN_PIPELINE_STOCK.inflows[0], organisation)),
        default=facts.quantity(REVENUE_MEASURE, organisation),
    )
    rows: QuerySet[Any] = found.filter(begun).annotate(quantity=amount)
    return rows


def _history(organisation: Organisation, records: QuerySet[Any], since: dt.date) -> dict[int, Sequence[Step]]:
    """The stages that each deal entered, in order."""
    found: dict[int, list[Step]] = defaultdict(list)
    rows = StageChange.objects.filter(organisation=organisation, deal__in=records.order_by().values("pk")).order_by("changed_at", "id")
    for deal, day, left, entered in rows.values_list("deal_id", "changed_on", "from_stage_id", "to_stage_id"):
        steps, number = found[deal], (day - since).days
        if not steps and left is not None:
            steps.append((min(number, 0) - 1, left))
        steps.append((number, entered))
    return dict(found)
