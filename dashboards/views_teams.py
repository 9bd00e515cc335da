"""Teams over time: everybody reads what the scope allows, admins correct."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from dashboards import stays
from dashboards.setup_forms import PlaceForm, StayForm
from dashboards.views_calendar import today_of
from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import TeamAssignment, TeamPlacement
from kpi_tracker.orgs.placing import placement_remove, stay_set, team_place
from kpi_tracker.periods import DAY
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page


@page(Permission.MEMBER)
def teams(request: HttpRequest, scope: Scope) -> HttpResponse:
    return shown(request, scope)


def shown(request: HttpRequest, scope: Scope, **refused: Any) -> HttpResponse:
    today = today_of(scope)
    try:
        around = dt.date.fromisoformat(request.GET.get("around", "") or today.isoformat())
    except ValueError as wrong:
        raise Http404 from wrong
    if not dt.date(1992, 1, 1) <= around <= dt.date(2198, 1, 1):
        raise Http404
    context: dict[str, Any] = {"timeline": stays.timeline(scope, around, today), "today": today, "around": around}
    if scope.sees_organisation:
        context |= {"tree": stays.tree_on(scope, min(around, today)), "tree_day": min(around, today), "places": stays.places(scope)}
    if scope.may_administer:
        context["form"] = PlaceForm(scope=scope)
    return render_page(request, "dashboards/teams/page.html", context | refused, status=400 if refused else 200)


@require_POST
@page(Permission.ADMINISTER)
def place(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = PlaceForm(request.POST, scope=scope)
    if form.is_valid():
        try:
            team_place(**form.cleaned_data)
        except InvalidInput as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, gettext("The team has its place; sums are reckoned anew for exactly those days."))
            return redirect("dashboards:teams", org=scope.organisation.slug)
    return shown(request, scope, form=form)


@require_POST
@page(Permission.ADMINISTER)
def place_delete(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    placement = TeamPlacement.objects.within(scope).filter(pk=id).first()
    if placement is None:
        raise Http404
    try:
        placement_remove(placement=placement)
    except InvalidInput as wrong:
        messages.error(request, wrong.message)
    else:
        messages.success(request, gettext("Those days are as before."))
    return redirect("dashboards:teams", org=scope.organisation.slug)


@page(Permission.MEMBER)
def rep_stays(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    """A rep's stays; an admin adds one here."""
    rep = stays.rep_found(scope, id)
    form = StayForm(request.POST or None, scope=scope) if scope.may_administer else None
    if request.method == "POST":
        if form is None:
            raise PermissionDenied
        if form.is_valid():
            try:
                stay_set(rep=rep, **form.cleaned_data)
            except InvalidInput as wrong:
                form.refuse(wrong)
            else:
                messages.success(request, gettext("The stay is written down; sums are reckoned anew for exactly those days."))
                return redirect("dashboards:rep_stays", org=scope.organisation.slug, id=rep.pk)
    context = {"rep": rep, "stays": stays.stays_of(scope, rep, today_of(scope)), "form": form}
    return render_page(request, "dashboards/teams/rep.html", context, status=400 if form is not None and form.errors else 200)


def found_stay(scope: Scope, id: int) -> TeamAssignment:
    stay: TeamAssignment | None = TeamAssignment.objects.within(scope).filter(pk=id).select_related("rep", "team").first()
    if stay is None:
        raise Http404
    return stay


@page(Permission.ADMINISTER)
def stay_edit(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    stay = found_stay(scope, id)
    rep = stay.rep
    initial = {"team": stay.team_id, "first": stay.valid_from, "last": stay.valid_to - DAY if stay.valid_to else None}
    form = StayForm(request.POST or None, initial=initial, scope=scope)
    if request.method == "POST" and form.is_valid():
        try:
            stay_set(rep=rep, **form.cleaned_data, stay=stay)
        except InvalidInput as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, gettext("The stay is corrected; sums are reckoned anew for exactly the days that changed."))
            return redirect("dashboards:rep_stays", org=scope.organisation.slug, id=rep.pk)
    context = {"rep": rep, "stay_id": id, "form": form}
    return render_page(request, "dashboards/teams/stay.html", context, status=400 if form.errors else 200)


@require_POST
@page(Permission.ADMINISTER)
def stay_delete(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    stay = found_stay(scope, id)
    rep_id = stay.rep_id
    stay.delete()
    messages.success(request, gettext("The stay is deleted: on those days the rep was in no team."))
    return redirect("dashboards:rep_stays", org=scope.organisation.slug, id=rep_id)
