"""Pages of the dashboards. Each names what it asks of the person; which figures are seen is the Scope's matter."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.text import slugify

from dashboards import customers as customer_pages
from dashboards import exports, list_sentences, pages
from dashboards import records as record_pages
from dashboards.catalogue import Shown
from dashboards.forms import period_from, subject_from
from dashboards.frame import frame_for
from dashboards.page import Page, file_name
from dashboards.people import team_people
from dashboards.subjects import About, about, address, label_of
from kpi_tracker import formats
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import AnyKpi, SubjectKind
from kpi_tracker.kpis.query import KpiQuery, KpiValue
from kpi_tracker.periods import Grain
from kpi_tracker.rollups.reader import ask
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page


def local_now(scope: Scope) -> dt.datetime:
    return timezone.now().astimezone(scope.organisation.zone)


@page(Permission.MEMBER)
def now(request: HttpRequest, scope: Scope, *, kind: SubjectKind, id: int = 0) -> HttpResponse:
    """To the current month; of a customer, who rarely buys twice in one, to the current year."""
    today = local_now(scope).date()
    grain = Grain.YEAR if kind is SubjectKind.CUSTOMER else Grain.MONTH
    period = scope.organisation.calendar.bucket(grain, today)
    return redirect(address(scope, about(scope, kind, id, day=today).subject, grain, period, request.GET.get("kpi", "")))


@page(Permission.MEMBER)
def subject(request: HttpRequest, scope: Scope, *, kind: SubjectKind, grain: str, start: str, id: int = 0) -> HttpResponseBase:
    """The dashboard of the organisation, a team, a rep or a customer."""
    moment = local_now(scope)
    frame = frame_for(scope.organisation, grain=grain, start=start, today=moment.date())
    found = about(scope, kind, id, day=min(moment.date(), frame.period.last))
    shown = Shown(scope, kind)
    chosen = shown.chosen(request.GET.get("kpi", ""))
    if chosen is None:
        raise Http404
    view = Page(scope=scope, about=found, frame=frame, shown=shown, chosen=chosen, now=moment)
    return _part_of(request, view)


def _part_of(request: HttpRequest, view: Page) -> HttpResponseBase:
    """The whole page, or the part of it that is asked for."""
    if request.GET.get("format") == "csv":
        return exports.curve_file(pages.gather(view, with_board=False).figures.curve, file_name(view))
    if request.GET.get("part") == "all":
        return render_page(request, "dashboards/all_kpis.html", _all_kpis(view), fragment="dashboards/_all_kpis.html")
    shown_as = "table" if request.GET.get("view") == "table" else "chart"
    if request.GET.get("part") == "curve" and getattr(request, "htmx", False):
        context = pages.curve_context(view, pages.gather(view, with_board=False).figures, shown_as)
        context |= {"kpi_menu": pages.kpi_menu(view), "page": view}
        return render_page(request, "dashboards/_curve.html", context)
    context = pages.subject_context(view, view=shown_as, sort=request.GET.get("sort", ""))
    if view.about.kind is SubjectKind.CUSTOMER:
        context |= _customer(view)
    return render_page(request, "dashboards/subject.html", context)


def _all_kpis(view: Page) -> dict[str, Any]:
    return pages.all_kpis_context(view) | {"name": view.about.name, "back": view.link()}


def _customer(view: Page) -> dict[str, Any]:
    deals = customer_pages.deals_of(view.scope, view.about)
    return {
        "customer": view.about.customer, "deals": deals, "deals_title": list_sentences.deals_title(deals),
        "worked": customer_pages.worked_with(view.scope, view.about, view.frame), "worked_kpis": customer_pages.WORKED_WITH,
    }


@page(Permission.MEMBER)
def records(request: HttpRequest, scope: Scope, *, kpi: str) -> HttpResponseBase:
    """The records behind one figure."""
    found = next((one for one in registry.all_kpis() if one.key == kpi), None)
    if found is None:
        raise Http404
    moment = local_now(scope)
    period = period_from(request.GET, otherwise=scope.organisation.calendar.bucket(Grain.MONTH, moment.date()))
    kind, number = subject_from(request.GET)
    if kind not in found.subjects:
        raise Http404
    whom = about(scope, kind, number, day=min(moment.date(), period.last))
    parts = record_pages.parts_of(found)
    part = next((one for one in parts if one.key == request.GET.get("part", "numerator")), parts[0])
    listed = record_pages.records(scope, part, whom.subject, period, sort=request.GET.get("sort", ""))
    if request.GET.get("format") == "csv":
        return _records_file(scope, whom, listed)
    value = ask(scope.organisation, KpiQuery((kpi,), whom.subject, (period,)), today=moment.date())[kpi, period, None]
    context = _records_page(scope, found, whom, listed, value) | {"period": period, "parts": parts, "part": part}
    rows = listed.page(request.GET.get("page", "1"))
    context |= {"rows": rows, "cells": listed.rows(scope, rows), "left_out": record_pages.left_out(scope, part, whom.subject, period)}
    return render_page(request, "dashboards/records.html", context, fragment="dashboards/_records.html")


def _records_page(scope: Scope, kpi: AnyKpi, whom: About, listed: record_pages.Records, value: KpiValue) -> dict[str, Any]:
    currency = scope.organisation.base_currency
    shown = Shown(scope, whom.kind)
    label = one.label if (one := shown.get(kpi.key)) else str(kpi.label)
    return {
        "kpi": kpi, "label": label, "about": whom, "subject_link": address(scope, whom.subject), "subject_label": label_of(whom.kind),
        "value": formats.kpi_value(kpi, value.value, currency), "listed": listed, "columns": listed.columns,
        "summary": list_sentences.records_summary(listed.part.measure, listed.number, listed.total, currency),
    }


def _records_file(scope: Scope, whom: About, listed: record_pages.Records) -> HttpResponseBase:
    rows = ([cell.raw for cell in row] for row in listed.rows(scope, listed.found.iterator(chunk_size=1000)))
    return exports.csv_file(slugify(f"{whom.name} {listed.part.label}"), [column.title for column in listed.columns], rows)


@page(Permission.MEMBER)
def people(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Teams and reps."""
    today = local_now(scope).date()
    teams, loose = team_people(scope, today)
    count = sum(len(team.people) for team in teams) + len(loose)
    away = [person for team in teams for person in team.people if person.away]
    answer = list_sentences.people_answer(count, sum(1 for team in teams if team.people), len(away))
    return render_page(request, "dashboards/people.html", {"teams": teams, "loose": loose, "today": today, "answer": answer})


@page(Permission.MEMBER)
def customers(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Customers by name or by this year's revenue."""
    today = local_now(scope).date()
    year = frame_for(scope.organisation, grain=Grain.YEAR, start=today.isoformat(), today=today)
    search, by_revenue = request.GET.get("q", "").strip()[:100], request.GET.get("sort") != "name"
    listing = customer_pages.revenue_by_customer if by_revenue else customer_pages.customers_by_name
    rows = Paginator(listing(scope, search=search, period=year.period), record_pages.PAGE).get_page(request.GET.get("page"))
    found = customer_pages.with_customers(scope, rows) if by_revenue else list(rows)
    lines = [
        {"customer": one, "revenue": customer_pages.in_currency(one.revenue),
         "owner_seen": scope.may_see_rep(one.owner_id) and not one.owner.is_unassigned}
        for one in found
    ]
    context = {"rows": rows, "lines": lines, "search": search, "by_revenue": by_revenue, "year": year.name()}
    return render_page(request, "dashboards/customers.html", context, fragment="dashboards/_customers.html")


@page(Permission.MEMBER)
def kpis(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The handbook: what each KPI means."""
    shown = Shown(scope, SubjectKind.ORGANISATION)
    return render_page(request, "dashboards/kpis.html", {"categories": shown.by_category(), "count": len(shown.all)})
