"""Pages of own KPIs: the list, the form with its preview, versions, switching off and deleting."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from dashboards.own_kpis import check_without_goals, goals_on, held_of, own_kpi_get, own_kpi_list, versions_of
from dashboards.own_kpis_forms import OwnKpiForm
from dashboards.own_kpis_preview import Preview, preview
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import own_services as services
from kpi_tracker.kpis.models import OwnKpi
from kpi_tracker.kpis.own_definition import Definition
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, allows, page, render_page


def today_of(scope: Scope) -> dt.date:
    return scope.organisation.local_day(timezone.now())


def found(scope: Scope, id: int) -> OwnKpi:
    own = own_kpi_get(scope, id)
    if own is None:
        raise Http404
    return own


@page(Permission.MEMBER)
def own_kpis(request: HttpRequest, scope: Scope) -> HttpResponse:
    context = {"listed": own_kpi_list(scope), "may_change": allows(scope, Permission.ADMINISTER)}
    return render_page(request, "dashboards/own_list.html", context)


@page(Permission.MEMBER)
def own_kpi(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    """What one counts, and what it counted when."""
    own = found(scope, id)
    versions = versions_of(scope, own)
    context = {
        "own": own, "versions": versions, "now": next(one for one in versions if one.holds), "goals": goals_on(scope, own),
        "may_change": allows(scope, Permission.ADMINISTER),
    }
    return render_page(request, "dashboards/own_kpi.html", context)


@page(Permission.ADMINISTER)
def new(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = OwnKpiForm(request.POST or None, scope=scope)
    if request.method == "POST" and form.is_valid() and form.definition:
        try:
            made = services.own_kpi_create(scope=scope, details=form.details(), definition=form.definition)
        except InvalidInput as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, gettext("The KPI is made. Its figures are counted from the records you have."))
            return redirect("dashboards:own_kpi", org=scope.organisation.slug, id=made.pk)
    return _form_page(request, scope, form)


@page(Permission.ADMINISTER)
def change(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    own = found(scope, id)
    form = OwnKpiForm(request.POST or None, scope=scope, own=own, now=held_of(scope, own)[-1].definition)
    if request.method == "POST" and form.is_valid():
        try:
            _check_goals_fit(scope, own, form)
            services.own_kpi_change(
                scope=scope, own=own, details=form.details(), definition=form.changed_definition, valid_from=form.held_from,
                note=form.cleaned_data["note"],
            )
        except InvalidInput as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, gettext("The KPI is changed."))
            return redirect("dashboards:own_kpi", org=scope.organisation.slug, id=own.pk)
    return _form_page(request, scope, form, own)


def _check_goals_fit(scope: Scope, own: OwnKpi, form: OwnKpiForm) -> None:
    """A target of 50 calls must not become one of 50 euros."""
    if form.unit.value != own.unit:
        advice = gettext("Their targets are in its unit: delete them first, or make a new KPI.")
        check_without_goals(scope, own, advice, field="aggregation")


def _form_page(request: HttpRequest, scope: Scope, form: OwnKpiForm, own: OwnKpi | None = None) -> HttpResponse:
    now = held_of(scope, own)[-1].definition if own else None
    shown = preview(scope.organisation, own, now, today=today_of(scope)) if own and now and not form.is_bound else _preview(scope, form)
    context = {"form": form, "own": own, "preview": shown, "currency": scope.organisation.base_currency}
    return render_page(request, "dashboards/own_form.html", context, status=422 if form.is_bound else 200)


@page(Permission.ADMINISTER)
def form_preview(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The live panel, while the form is being filled in. Saves nothing."""
    form = OwnKpiForm(request.GET, scope=scope)
    return render(request, "dashboards/own_preview.html", {"preview": _preview(scope, form), "form": form, "live": True})


def _preview(scope: Scope, form: OwnKpiForm) -> Preview | None:
    if not form.is_bound:
        return None
    form.is_valid()
    if form.definition is None:
        return None
    return preview(scope.organisation, draft(scope, form, form.definition), form.definition, today=today_of(scope))


def draft(scope: Scope, form: OwnKpiForm, definition: Definition) -> OwnKpi:
    """A KPI for the preview alone: what is not filled in yet does not matter to its figure."""
    values = form.cleaned_data
    first = {name: form.fields[name].choices[0][0] for name in ("category", "owner", "direction")}  # type: ignore[attr-defined]
    return OwnKpi(
        organisation=scope.organisation, name=values.get("name", ""), unit=form.unit.value,
        **{name: values.get(name) or usual for name, usual in first.items()},
    )


@require_POST
@page(Permission.ADMINISTER)
def switch(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    """On, or off."""
    own = found(scope, id)
    on = request.POST.get("on") == "1"
    try:
        if not on:
            check_without_goals(scope, own, gettext("Without it there would be no figure: delete the goals first, or leave it on."))
        services.own_kpi_switch(scope=scope, own=own, enabled=on)
    except InvalidInput as wrong:
        messages.error(request, wrong.message)
    else:
        messages.success(request, gettext("The KPI is switched on.") if on else gettext("The KPI is switched off."))
    return redirect("dashboards:own_kpi", org=scope.organisation.slug, id=own.pk)


@page(Permission.ADMINISTER)
def delete(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    """Asks first, and says what goes with it."""
    own = found(scope, id)
    goals = goals_on(scope, own)
    if request.method != "POST":
        return render_page(request, "dashboards/own_delete.html", {"own": own, "goals": goals})
    with transaction.atomic():
        for goal in goals:
            goal.delete()
        services.own_kpi_delete(scope=scope, own=own)
    messages.success(request, gettext("The KPI %(name)s is deleted.") % {"name": own.name})
    return redirect("dashboards:own_kpis", org=scope.organisation.slug)

