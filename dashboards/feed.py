"""What happened lately: the subject's last deals and meetings, as far as the scope sees them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from dashboards import list_sentences
from dashboards.frame import Frame
from dashboards.subjects import About, address, may_see_customer
from kpi_tracker import formats
from kpi_tracker.kpis import engine
from kpi_tracker.kpis.catalogue import CONVERSATIONS_MEASURE, WON_MEASURE
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.periods import Period
from kpi_tracker.sales.models import Activity, Deal
from kpi_tracker.scope import Scope

LENGTH = 8
DEALS = 5  # of them; the rest are meetings, which there are many more of


@dataclass(frozen=True, slots=True)
class Event:
    day: dt.date
    moment: dt.datetime | None
    sentence: SafeString
    amount: str = ""

    def when(self, today: dt.date) -> str:
        """14:31 today, Tue this week, 18 Nov before."""
        if self.day == today and self.moment is not None:
            return formats.clock_time(self.moment)
        if 0 <= (today - self.day).days < 7:
            return gettext("today") if self.day == today else formats.short_weekday(self.day)
        return formats.short_day(self.day)


def feed(scope: Scope, about: About, frame: Frame) -> list[tuple[str, Event]]:
    """The latest within the frame, newest first, each with its time in words."""
    if (span := frame.to_date) is None:
        return []
    deals, meetings = _deals(scope, about, span), _meetings(scope, about, span)
    events = [*deals[:DEALS], *meetings[: LENGTH - len(deals[:DEALS])], *deals[DEALS:]][:LENGTH]
    events.sort(key=lambda event: (event.day, event.moment.timestamp() if event.moment else 0), reverse=True)
    return [(event.when(frame.today), event) for event in events]


def _deals(scope: Scope, about: About, span: Period) -> list[Event]:
    concerning = engine.concerning(scope.organisation, WON_MEASURE, about.subject)
    found = Deal.objects.within(scope).filter(concerning, status__in=["won", "lost"], closed_on__gte=span.start, closed_on__lt=span.end)
    found = found.select_related("closed_by", "customer").order_by("-closed_on", "-id")[:LENGTH]
    events = []
    for deal in found:
        day = deal.closed_on or span.start
        say = list_sentences.deal_won if deal.status == "won" else list_sentences.deal_lost
        amount = formats.money(deal.amount, deal.currency) if deal.status == "won" and deal.amount is not None else ""
        events.append(Event(day, None, say(_rep(scope, deal.closed_by), _customer(scope, deal.customer, deal.name)), amount))
    return events


def _meetings(scope: Scope, about: About, span: Period) -> list[Event]:
    concerning = engine.concerning(scope.organisation, CONVERSATIONS_MEASURE, about.subject)
    found = Activity.objects.within(scope).filter(
        concerning, kind="meeting", outcome="reached", occurred_on__gte=span.start, occurred_on__lt=span.end, customer__isnull=False,
    ).select_related("rep", "customer").order_by("-occurred_on", "-occurred_at", "-id")[:LENGTH]
    zone = scope.organisation.zone
    events = []
    for one in found:
        moment = one.occurred_at.astimezone(zone) if one.occurred_at else None
        events.append(Event(one.occurred_on, moment, list_sentences.met(_rep(scope, one.rep), _customer(scope, one.customer, ""))))
    return events


def _rep(scope: Scope, rep: Any) -> SafeString:
    if rep is None or rep.is_unassigned or not scope.may_see_rep(rep.id):
        return format_html("<b>{}</b>", str(rep) if rep is not None else gettext("Somebody"))
    return format_html('<b><a href="{}">{}</a></b>', address(scope, Subject(SubjectKind.REP, rep.id)), rep.name)


def _customer(scope: Scope, customer: Any, otherwise: str) -> SafeString:
    if customer is None:
        return format_html("{}", otherwise or gettext("somebody"))
    if not may_see_customer(scope, customer):
        return format_html("{}", customer.name)
    return format_html('<a href="{}">{}</a>', address(scope, Subject(SubjectKind.CUSTOMER, customer.id)), customer.name)
