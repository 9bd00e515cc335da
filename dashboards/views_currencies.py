"""Currencies and their dated rates: everybody reads, admins change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from dashboards import currencies as pages
from dashboards.setup_forms import CurrencyForm, PasteForm, RateForm
from dashboards.views_calendar import today_of
from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import ExchangeRate
from kpi_tracker.orgs.rates import Rate, rate_correct, rates_read, rates_set
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page


def back(scope: Scope) -> HttpResponse:
    return redirect("dashboards:currencies", org=scope.organisation.slug)


@page(Permission.MEMBER)
def currencies(request: HttpRequest, scope: Scope) -> HttpResponse:
    return shown(request, scope)


def shown(request: HttpRequest, scope: Scope, **refused: Any) -> HttpResponse:
    context: dict[str, Any] = {"rates": pages.rates_by_currency(scope), "lacking": pages.lacking(scope)}
    if scope.may_administer:
        asked = {name: request.GET.get(name, "") for name in ("currency", "day")}
        context |= {
            "form": RateForm(initial=asked), "paste_form": PasteForm(), "currency_form": CurrencyForm(organisation=scope.organisation),
            "used": pages.used_currencies(scope), "money_goals": pages.money_goals(scope.organisation).count(),
        }
    return render_page(request, "dashboards/currencies/page.html", context | refused, status=400 if refused else 200)


@require_POST
@page(Permission.ADMINISTER)
def rate_add(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = RateForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            new, changed = rates_set(organisation=scope.organisation, rates=[Rate(values["currency"], values["day"], values["rate"])])
        except InvalidInput as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, written(new, changed))
            return back(scope)
    return shown(request, scope, form=form)


@require_POST
@page(Permission.ADMINISTER)
def rates_paste(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = PasteForm(request.POST, request.FILES)
    if form.is_valid():
        organisation = scope.organisation
        try:
            rates = rates_read(form.cleaned_data["lines"], base=organisation.base_currency)
            new, changed = rates_set(organisation=organisation, rates=rates)
        except InvalidInput as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, written(new, changed))
            return back(scope)
    return shown(request, scope, paste_form=form)


def written(new: int, changed: int) -> str:
    if not new and not changed:
        return gettext("Nothing changed: those rates are there already.")
    values = {"new": ngettext("%(number)d rate is new", "%(number)d rates are new", new) % {"number": new}, "changed": changed}
    return gettext("%(new)s, %(changed)d corrected. Figures of the days that they touch follow at once.") % values


@page(Permission.ADMINISTER)
def rate_edit(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    row = ExchangeRate.objects.within(scope).filter(pk=id).select_related("organisation").first()
    if row is None:
        raise Http404
    initial = {"currency": row.currency, "day": row.day, "rate": row.rate.normalize()}
    data = request.POST.copy() if request.method == "POST" else None
    if data is not None:
        data["currency"] = row.currency
    form = RateForm(data, initial=initial)
    if data is not None and form.is_valid():
        try:
            rate_correct(row=row, day=form.cleaned_data["day"], rate=form.cleaned_data["rate"])
        except InvalidInput as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, gettext("The rate is corrected. Figures of the days that it touches follow at once."))
            return back(scope)
    context = {"form": form, "currency": row.currency, "rate_id": id}
    return render_page(request, "dashboards/currencies/rate.html", context, status=400 if form.errors else 200)


@require_POST
@page(Permission.ADMINISTER)
def rate_delete(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    ExchangeRate.objects.within(scope).filter(pk=id).delete()
    messages.success(request, gettext("The rate is deleted; the one before it holds on those days."))
    return back(scope)


@require_POST
@page(Permission.ADMINISTER)
def change(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = CurrencyForm(request.POST, organisation=scope.organisation)
    if form.is_valid():
        values = form.cleaned_data
        try:
            turned = pages.change(scope, base=values["base_currency"], display=values["display_currency"], today=today_of(scope))
        except InvalidInput as wrong:
            scope.organisation.refresh_from_db()
            form.refuse(wrong)
        else:
            text = gettext("The currencies are saved.")
            if turned:
                text += " " + ngettext(
                    "%(number)d goal in money is turned round.", "%(number)d goals in money are turned round.", turned
                ) % {"number": turned}
            messages.success(request, text)
            return back(scope)
    return shown(request, scope, currency_form=form)
