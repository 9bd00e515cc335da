"""The organisation's calendar: everybody reads, admins change."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from dashboards import calendar as pages
from dashboards.setup_forms import CalendarForm, ClosingForm, LeaveForm
from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.calendars import absence_set, closing_days_add
from kpi_tracker.orgs.models import Absence, ClosingDay
from kpi_tracker.periods import DAY
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page


def today_of(scope: Scope) -> dt.date:
    return scope.organisation.local_day(timezone.now())


def back(scope: Scope) -> HttpResponse:
    return redirect("dashboards:calendar", org=scope.organisation.slug)


@page(Permission.MEMBER)
def calendar(request: HttpRequest, scope: Scope) -> HttpResponse:
    if request.GET.get("part") == "zone":
        return render_page(request, "dashboards/calendar/_zone.html", {"change": pages.zone_change(scope)})
    return shown(request, scope)


def shown(request: HttpRequest, scope: Scope, **refused: Any) -> HttpResponse:
    """The page; `refused` are forms to show again with their errors."""
    today = today_of(scope)
    try:
        start = dt.date.fromisoformat(request.GET.get("start", "")) if "start" in request.GET else today
    except ValueError as wrong:
        raise Http404 from wrong
    if not dt.date(1990, 1, 1) <= start <= dt.date(2199, 1, 1):
        raise Http404
    context: dict[str, Any] = {
        "preview": pages.preview(scope, start, today), "leave": pages.leave_of(scope, today),
        "closing_days": pages.closing_days(scope, today),
        "change": pages.zone_change(scope), "has_holidays": pages.has_holidays(scope.organisation), "today": today,
    }
    if scope.may_administer:
        context |= {
            "form": CalendarForm(organisation=scope.organisation), "closing_form": ClosingForm(), "leave_form": LeaveForm(scope=scope),
            "zones": sorted(available_timezones()),
        }
    return render_page(request, "dashboards/calendar/page.html", context | refused, status=400 if refused else 200)


@require_POST
@page(Permission.ADMINISTER)
def change(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = CalendarForm(request.POST, organisation=scope.organisation)
    if not form.is_valid():
        return shown(request, scope, form=form)
    try:
        pages.change(scope, form.cleaned_data)
    except InvalidInput as wrong:
        form.refuse(wrong)
        return shown(request, scope, form=form)
    messages.success(request, gettext("The calendar is saved."))
    return back(scope)


@require_POST
@page(Permission.ADMINISTER)
def close(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = ClosingForm(request.POST)
    if not form.is_valid():
        return shown(request, scope, closing_form=form)
    values = form.cleaned_data
    try:
        number = closing_days_add(
            organisation=scope.organisation, first=values["first"], last=values["last"] or values["first"], name=values["name"]
        )
    except InvalidInput as wrong:
        form.refuse(wrong)
        return shown(request, scope, closing_form=form)
    messages.success(request, ngettext("%(number)d day is closed.", "%(number)d days are closed.", number) % {"number": number})
    return back(scope)


@require_POST
@page(Permission.ADMINISTER)
def reopen(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    ClosingDay.objects.within(scope).filter(pk=id).delete()
    messages.success(request, gettext("The day is open again."))
    return back(scope)


@require_POST
@page(Permission.ADMINISTER)
def leave_add(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = LeaveForm(request.POST, scope=scope)
    if not form.is_valid():
        return shown(request, scope, leave_form=form)
    try:
        absence_set(**form.cleaned_data)
    except InvalidInput as wrong:
        form.refuse(wrong)
        return shown(request, scope, leave_form=form)
    messages.success(request, gettext("The leave is written down."))
    return back(scope)


@page(Permission.ADMINISTER)
def leave_edit(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    absence = Absence.objects.within(scope).filter(pk=id).select_related("rep").first()
    if absence is None:
        raise Http404
    last = absence.valid_to - DAY if absence.valid_to else None
    initial = {"rep": absence.rep_id, "first": absence.valid_from, "last": last, "reason": absence.reason}
    form = LeaveForm(request.POST or None, initial=initial, scope=scope)
    if request.method == "POST" and form.is_valid():
        try:
            absence_set(**form.cleaned_data, absence=absence)
        except InvalidInput as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, gettext("The leave is corrected."))
            return back(scope)
    context = {"form": form, "absence": absence}
    return render_page(request, "dashboards/calendar/leave.html", context, status=400 if form.errors else 200)


@require_POST
@page(Permission.ADMINISTER)
def leave_delete(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    Absence.objects.within(scope).filter(pk=id).delete()
    messages.success(request, gettext("The leave is deleted."))
    return back(scope)
