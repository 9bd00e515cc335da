"""Pages of the dashboards. Each names what it asks of the person; which figures are seen is the Scope's matter."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from dashboards import customers as customer_pages
from dashboards import exports, list_sentences, pages
from dashboards.catalogue import Shown
from dashboards.frame import frame_for
from dashboards.page import Page, file_name
from dashboards.people import team_people
from dashboards.records import PAGE
from dashboards.subjects import about, address
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.periods import Grain
from kpi_tracker.rollups.live import live
from kpi_tracker.rollups.reported import AS_REPORTED
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
@live
def subject(request: HttpRequest, scope: Scope, *, kind: SubjectKind, grain: str, start: str, id: int = 0) -> HttpResponseBase:
    """The dashboard of the organisation, a team, a rep or a customer."""
    moment = local_now(scope)
    frame = frame_for(
        scope.organisation, grain=grain, start=start, today=moment.date(), as_reported=request.GET.get("as") == AS_REPORTED
    )
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
    context = pages.subject_context(view, view=shown_as, sort=request.GET.get("sort", ""), every_row=request.GET.get("rows") == "all")
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
    rows = Paginator(listing(scope, search=search, period=year.period), PAGE).get_page(request.GET.get("page"))
    found = customer_pages.with_customers(scope, rows) if by_revenue else list(rows)
    lines = [
        {"customer": one, "revenue": customer_pages.in_currency(one.revenue),
         "owner_seen": scope.may_see_rep(one.owner_id) and not one.owner.is_unassigned}
        for one in found
    ]
    context = {"rows": rows, "lines": lines, "search": search, "by_revenue": by_revenue, "year": year.name(), "period": year.period}
    return render_page(request, "dashboards/customers.html", context, fragment="dashboards/_customers.html")
