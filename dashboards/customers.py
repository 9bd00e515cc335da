"""Customers: the list, and what one customer's page shows beside its figures."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum

from dashboards.frame import Frame
from dashboards.subjects import About
from kpi_tracker.kpis import facts
from kpi_tracker.kpis.catalogue import CALLS, CONVERSATIONS, DEALS_WON, REVENUE, REVENUE_MEASURE
from kpi_tracker.kpis.engine import within_spans
from kpi_tracker.kpis.measures import Dimension, Unit
from kpi_tracker.kpis.parts import in_unit
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.orgs.models import Rep
from kpi_tracker.periods import Period
from kpi_tracker.rollups.reader import ask
from kpi_tracker.sales.models import Customer, Deal
from kpi_tracker.scope import Scope

WORKED_WITH = (CONVERSATIONS, CALLS, DEALS_WON, REVENUE)


def _won(scope: Scope, period: Period) -> QuerySet[Any]:
    counted = facts.counted(REVENUE_MEASURE, scope.organisation)
    found: QuerySet[Any] = counted.filter(within_spans(REVENUE_MEASURE, [period])).order_by()
    return found


def customers_by_name(scope: Scope, *, search: str, period: Period) -> QuerySet[Any]:
    """The customers seen, with their revenue in `period`, in hundredths of the base currency."""
    total = _won(scope, period).filter(customer_id=OuterRef("pk")).values("customer_id").annotate(total=Sum("quantity")).values("total")
    rows: QuerySet[Any] = _seen(scope, search).annotate(revenue=Subquery(total)).select_related("owner").order_by("name", "id")
    return rows


def revenue_by_customer(scope: Scope, *, search: str, period: Period) -> QuerySet[Any]:
    """Rows of customer_id and total, the highest first: of those who bought in `period`."""
    seen: Any = _won(scope, period).filter(customer__in=_seen(scope, search).values("id"))
    rows: QuerySet[Any] = seen.values("customer_id").annotate(total=Sum("quantity")).order_by("-total", "customer_id")
    return rows


def with_customers(scope: Scope, rows: Iterable[dict[str, Any]]) -> list[Any]:
    """The customers of `revenue_by_customer`'s rows, in their order."""
    totals = {row["customer_id"]: row["total"] for row in rows}
    found: list[Any] = list(Customer.objects.within(scope).filter(id__in=totals).select_related("owner"))
    for customer in found:
        customer.revenue = totals[customer.id]
    return sorted(found, key=lambda customer: list(totals).index(customer.id))


def _seen(scope: Scope, search: str) -> QuerySet[Any]:
    found: QuerySet[Any] = Customer.objects.within(scope)
    return found.filter(name__icontains=search) if search else found


def in_currency(value: int | None) -> Decimal:
    return in_unit(value or 0, Unit.MONEY)


def deals_of(scope: Scope, about: About) -> list[Deal]:
    """The customer's deals: open ones in front, then those closed last."""
    found = Deal.objects.within(scope).filter(customer_id=about.subject.id).select_related("stage", "owner")
    ordered = found.order_by(F("closed_on").desc(nulls_first=True), F("opened_on").desc(nulls_last=True), "-id")
    return list(ordered[:20]) if about.subject.id else []


def worked_with(scope: Scope, about: About, frame: Frame) -> dict[str, Any]:
    """Who dealt with the customer in the period, and how; `others` counts those whom the scope does not show."""
    if frame.to_date is None:
        return {"rows": [], "others": 0}
    question = KpiQuery(tuple(kpi.key for kpi in WORKED_WITH), about.subject, (frame.to_date,), by=Dimension.REP)
    found = ask(scope.organisation, question, today=frame.today)
    ids = {member for _, _, member in found if member is not None}
    reps = {rep.id: rep for rep in Rep.objects.within(scope).filter(id__in=ids, is_unassigned=False)}
    rows = [(rep, [found[kpi.key, frame.to_date, rep.id] for kpi in WORKED_WITH]) for rep in reps.values()]
    rows.sort(key=lambda row: [-(value.value or 0) for value in reversed(row[1])])
    return {"rows": rows, "others": len(ids) - len(reps)}
