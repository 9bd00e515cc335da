"""Pages of closed months: the list, a month's figures, why one of them has changed; closing and reopening."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_POST

from dashboards import closing, closing_words, exports
from dashboards.catalogue import Shown
from dashboards.forms import subject_from
from dashboards.math_links import Figure, subject_text
from dashboards.subjects import About, about
from kpi_tracker import formats
from kpi_tracker.errors import InvalidInput
from kpi_tracker.periods import Grain, Period
from kpi_tracker.rollups import closing as service
from kpi_tracker.rollups import late
from kpi_tracker.rollups.models import ClosingRule, PeriodClose
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, allows, page, render_page


def today_of(scope: Scope) -> dt.date:
    return scope.organisation.local_day(timezone.now())


def month_from(scope: Scope, text: str) -> Period:
    """The month that any day of it names; 404 for what is no day."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as wrong:
        raise Http404 from wrong
    return scope.organisation.calendar.bucket(Grain.MONTH, day)


def closed_month(scope: Scope, text: str) -> PeriodClose:
    found = closing.closing_get(scope, month_from(scope, text))
    if found is None:
        raise Http404
    return found


def subject_of(request: HttpRequest, scope: Scope, closed: PeriodClose) -> About:
    subject = closing.first_subject(scope)
    kind, number = subject_from(request.GET) if "subject" in request.GET else (subject.kind, subject.id)
    return about(scope, kind, number, day=closed.period.last)


@page(Permission.MEMBER)
def months(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Which months are closed."""
    rows = closing.month_rows(scope, today=today_of(scope))
    listed = rows if request.GET.get("all") == "1" else closing.few(rows)
    context = {
        "rows": listed, "earlier": len(rows) - len(listed), "answer": closing.months_answer(rows),
        "rule": ClosingRule.objects.within(scope).first(),
        "may_close": allows(scope, Permission.ADMINISTER), "longest": service.LONGEST_WAIT,
    }
    return render_page(request, "dashboards/closing.html", context)


@page(Permission.MEMBER)
def month(request: HttpRequest, scope: Scope, *, month: str) -> HttpResponseBase:
    """The figures of a closed month: reported, now known, difference."""
    closed = closed_month(scope, month)
    whom = subject_of(request, scope, closed)
    rows = closing.figure_rows(scope, whom, closed, today=today_of(scope))
    only_changed = request.GET.get("changed") == "1"
    listed = [row for row in rows if row.is_changed] if only_changed else rows
    name = formats.period_name(Grain.MONTH, closed.period, in_sentence=True)
    if request.GET.get("format") == "csv":
        return figures_file(f"{whom.name} {closed}", listed)
    context = head(scope, closed, whom) | {
        "rows": listed, "answer": closing.figures_answer(rows, name), "only_changed": only_changed,
        "changed": any(row.is_changed for row in rows),
        "choices": closing.subject_choices(scope, closed.period.last), "chosen": subject_text(whom.subject),
    }
    return render_page(request, "dashboards/closing_month.html", context)


def head(scope: Scope, closed: PeriodClose, whom: About) -> dict[str, Any]:
    return {
        "closed": closed, "closed_at": closed.closed_at.astimezone(scope.organisation.zone), "about": whom,
        "month_name": formats.period_name(Grain.MONTH, closed.period), "month_link": closing.month_link(scope, closed, whom.subject),
    }


def figures_file(name: str, rows: list[closing.FigureRow]) -> HttpResponseBase:
    header = [
        gettext("KPI"), pgettext("figure of a closed month", "Reported"), pgettext("figure of a closed month", "Now known"),
        gettext("Difference"),
    ]
    lines = (
        [row.shown.label, *(exports.plain(value) for value in (row.change.reported.value, row.change.now.value, row.change.difference))]
        for row in rows
    )
    return exports.csv_file(slugify(name), header, lines)


@page(Permission.MEMBER)
def figure(request: HttpRequest, scope: Scope, *, month: str, kpi: str) -> HttpResponse:
    """Why a figure of a closed month is not what was reported."""
    closed = closed_month(scope, month)
    whom = subject_of(request, scope, closed)
    shown = Shown(scope, whom.kind).get(kpi)
    if shown is None or kpi not in closed.kpis:
        raise Http404
    found = late.explain(scope.organisation, closed, shown.kpi, whom.subject, today=today_of(scope))
    currency = scope.organisation.base_currency
    context = head(scope, closed, whom) | {
        "shown": shown, "found": found, "lines": closing_words.lines(scope, shown.kpi, found),
        "reported": formats.kpi_value(shown.kpi, found.change.reported.value, currency),
        "now": formats.kpi_value(shown.kpi, found.change.now.value, currency),
        "text": closing.change_text(shown.kpi, found.change, currency),
        "math": Figure(kpi, whom.subject, closed.period).address(scope.organisation.slug),
    }
    return render_page(request, "dashboards/closing_figure.html", context)


@require_POST
@page(Permission.ADMINISTER)
def close(request: HttpRequest, scope: Scope, *, month: str) -> HttpResponse:
    period = month_from(scope, month)
    try:
        service.period_close(organisation=scope.organisation, month=period.start, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except InvalidInput as wrong:
        messages.error(request, wrong.message)
    else:
        name = formats.period_name(Grain.MONTH, period)
        messages.success(request, gettext("%(month)s is closed: its figures are kept as they are now.") % {"month": name})
    return redirect("dashboards:closed", org=scope.organisation.slug)


@require_POST
@page(Permission.ADMINISTER)
def reopen(request: HttpRequest, scope: Scope, *, month: str) -> HttpResponse:
    period = month_from(scope, month)
    try:
        service.period_reopen(organisation=scope.organisation, month=period.start, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except InvalidInput as wrong:
        messages.error(request, wrong.message)
    else:
        messages.success(request, gettext("%(month)s is open again.") % {"month": formats.period_name(Grain.MONTH, period)})
    return redirect("dashboards:closed", org=scope.organisation.slug)


@require_POST
@page(Permission.ADMINISTER)
def rule(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Whether months close by themselves, and how many days after their end."""
    typed = request.POST.get("days_after", "").strip()
    wanted = request.POST.get("on") == "1"
    try:
        days = (int(typed) if typed.isascii() and typed.isdigit() else -1) if wanted else None
        service.closing_rule_set(organisation=scope.organisation, days_after=days, today=today_of(scope))
    except InvalidInput as wrong:
        messages.error(request, wrong.message)
    else:
        messages.success(request, gettext("Months close by themselves.") if wanted else gettext("Months are closed by hand only."))
    return redirect("dashboards:closed", org=scope.organisation.slug)
