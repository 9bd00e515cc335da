"""What came in for a rep since the last working day began: deals won, meetings held, proposals sent."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext, pgettext

from kpi_tracker import formats
from kpi_tracker.kpis.catalogue import NOT_DONE
from kpi_tracker.orgs.models import Organisation, Rep
from kpi_tracker.periods import DAY, Period
from kpi_tracker.sales.models import Activity, ActivityKind, Customer, Deal, Outcome
from kpi_tracker.scope import Scope

LENGTH = 8


@dataclass(frozen=True, slots=True)
class Event:
    """customer: None where none is recorded; customer_address: empty where this viewer may not open it."""

    day: dt.date
    when: str
    what: str
    name: str
    customer_address: str
    records_address: str
    amount: str = ""


def came_in(scope: Scope, rep: Rep, *, since: dt.date, today: dt.date) -> tuple[Event, ...]:
    """The newest first. Two questions."""
    span = Period(since, today + DAY)
    deals = Deal.objects.within(scope).filter(
        closed_by=rep, status="won", closed_on__gte=span.start, closed_on__lt=span.end
    ).select_related("customer").order_by("-closed_on", "-id")[:LENGTH]
    done = Activity.objects.within(scope).filter(
        rep=rep, occurred_on__gte=span.start, occurred_on__lt=span.end, kind__in=[ActivityKind.MEETING, ActivityKind.PROPOSAL]
    ).exclude(outcome__in=NOT_DONE).exclude(kind=ActivityKind.MEETING, outcome__in=[Outcome.NONE, Outcome.NOT_REACHED, Outcome.NO_SHOW])
    activities = done.select_related("customer").order_by("-occurred_on", "-occurred_at", "-id")[:LENGTH]
    events = [(one.closed_on, 0.0, _deal(scope, rep, one, today)) for one in deals]
    events += [(one.occurred_on, one.occurred_at.timestamp() if one.occurred_at else 0.0, _activity(scope, rep, one, today))
               for one in activities]
    events.sort(key=lambda one: one[:2], reverse=True)
    return tuple(event for _, _, event in events[:LENGTH])


def _deal(scope: Scope, rep: Rep, deal: Any, today: dt.date) -> Event:
    amount = formats.money(deal.amount, deal.currency) if deal.amount is not None else ""
    day, name = deal.closed_on, deal.customer.name if deal.customer else deal.name
    return Event(
        day, _when(day, None, today), pgettext("came in", "won"), name, _customer(scope, deal.customer),
        records_address(scope.organisation, rep, "revenue" if amount else "deals_won", Period(day, day + DAY)), amount,
    )


def _activity(scope: Scope, rep: Rep, one: Any, today: dt.date) -> Event:
    met, day = one.kind == ActivityKind.MEETING, one.occurred_on
    what = pgettext("came in", "meeting held") if met else pgettext("came in", "proposal sent")
    moment = one.occurred_at.astimezone(scope.organisation.zone) if one.occurred_at else None
    name = one.customer.name if one.customer else one.subject or gettext("no company recorded")
    kpi = "proposals_sent" if not met else "show_rate"
    records = records_address(scope.organisation, rep, kpi, Period(day, day + DAY))
    return Event(day, _when(day, moment, today), what, name, _customer(scope, one.customer), records)


def _when(day: dt.date, moment: dt.datetime | None, today: dt.date) -> str:
    if day == today:
        return formats.clock_time(moment) if moment else gettext("today")
    return formats.short_weekday(day) if (today - day).days < 7 else formats.short_day(day)


def _customer(scope: Scope, customer: Customer | None) -> str:
    """As `Customer.objects.within(scope)` would tell, of a row that is already read."""
    if customer is None:
        return ""
    if scope.rep_ids is not None and not {customer.owner_id, customer.added_by_id} & scope.rep_ids:
        return ""
    return reverse("dashboards:customer_now", args=[scope.organisation.slug, customer.pk])


def records_address(organisation: Organisation, rep: Rep, kpi: str, period: Period) -> str:
    """The records behind a rep's figure, with its math."""
    query = {"subject": f"rep:{rep.pk}", "start": period.start.isoformat(), "end": period.end.isoformat()}
    return f"{reverse('dashboards:records', args=[organisation.slug, kpi])}?{urlencode(query, safe=':')}"
