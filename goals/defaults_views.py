"""The page of default targets for those who join."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from goals import defaults as services
from goals import entry
from goals.grid import kpis
from goals.models import DefaultTarget
from goals.selectors import settable_teams
from kpi_tracker import formats
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import registry
from kpi_tracker.periods import Grain
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page

EVERYBODY = ""


class DefaultForm(forms.Form):
    kpi = forms.ChoiceField(label=_("KPI"))
    team = forms.ChoiceField(label=_("For those who join"), required=False)
    grain = forms.ChoiceField(label=_("Every"))
    target = forms.CharField(label=_("Target"), max_length=40, help_text=_("Percentages as they are read: 31.8."))

    def __init__(self, *args: Any, scope: Scope, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = {str(team.pk): team for team in settable_teams(scope, today)}
        self.teams, self.scope = teams, scope
        everybody = [(EVERYBODY, gettext("everybody"))] if scope.may_administer else []
        offered = {
            "kpi": [(kpi.key, kpi.label) for kpi in kpis(scope)], "team": [*everybody, *((key, team.name) for key, team in teams.items())],
            "grain": [(grain.value, GRAINS[grain]) for grain in (Grain.MONTH, Grain.WEEK, Grain.QUARTER)],
        }
        for name, choices in offered.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = choices
        self.fields["target"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def save(self, today: dt.date) -> DefaultTarget:
        """Raises InvalidInput."""
        values = self.cleaned_data
        target = entry.typed_target(values["target"], registry.kpi(values["kpi"], self.scope.organisation).unit)
        return services.default_set(
            scope=self.scope, kpi=values["kpi"], grain=Grain(values["grain"]), team=self.teams.get(values["team"]), target=target,
            today=today,
        )


GRAINS = {Grain.WEEK: _("week"), Grain.MONTH: _("month"), Grain.QUARTER: _("quarter")}


@page(Permission.SET_GOALS)
def defaults(request: HttpRequest, scope: Scope) -> HttpResponse:
    today = scope.organisation.local_day(timezone.now())
    form = DefaultForm(request.POST or None, initial=request.GET.dict(), scope=scope, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            form.save(today)
        except InvalidInput as wrong:
            form.add_error(wrong.field if wrong.field in form.fields else None, wrong.message)
        else:
            messages.success(request, gettext("The default is set. Those who join from now on are asked for it."))
            return redirect("goals:defaults", org=scope.organisation.slug)
    mine = [team.pk for team in form.teams.values()]
    currency = scope.organisation.base_currency
    known = {kpi.key: kpi for kpi in registry.kpis_of(scope.organisation)}
    rows = [
        {"default": one, "kpi": known[one.kpi].label, "target": formats.kpi_value(known[one.kpi], one.target, currency),
         "every": GRAINS[Grain(one.grain)], "may_change": services.may_change(scope, mine, one),
         "text": entry.shown_target(one.target, known[one.kpi].unit)}
        for one in services.default_list(scope) if one.kpi in known
    ]
    context = {"form": form, "rows": rows, "may_add": bool(form.teams) or scope.may_administer}
    return render_page(request, "goals/defaults.html", context, status=422 if form.errors else 200)


@require_POST
@page(Permission.SET_GOALS)
def default_delete(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    found = DefaultTarget.objects.within(scope).filter(id=id).first()
    if found is None:
        raise Http404
    services.default_delete(scope=scope, default=found, today=scope.organisation.local_day(timezone.now()))
    messages.success(request, gettext("The default is deleted. Goals that were made from it stay."))
    return redirect("goals:defaults", org=scope.organisation.slug)
