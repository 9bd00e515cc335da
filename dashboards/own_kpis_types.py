"""Pages of activity types: the organisation's own names for kinds of activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from kpi_tracker.errors import InvalidInput, UserError
from kpi_tracker.kpis import own_types as services
from kpi_tracker.kpis.models import OwnKpi
from kpi_tracker.sales.models import Activity, ActivityKind, ActivityType
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, allows, page, render_page


@dataclass(frozen=True, slots=True)
class Listed:
    """kind: its label. activities: how many are of this type."""

    type: ActivityType
    kind: Any
    activities: int


def listed(scope: Scope) -> list[Listed]:
    counts = dict(
        Activity.objects.within(scope).filter(type__isnull=False).order_by().values_list("type_id").annotate(number=Count("pk"))
    )
    kinds = dict(ActivityKind.choices)
    types = ActivityType.objects.within(scope).order_by("name", "id")
    return [Listed(one, kinds.get(one.kind, one.kind), counts.get(one.pk, 0)) for one in types]


class NewTypeForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=services.LONGEST)
    kind = forms.ChoiceField(label=_("Kind"), choices=ActivityKind.choices)

    def refuse(self, wrong: UserError) -> None:
        self.add_error(wrong.field if wrong.field in self.fields else None, wrong.message)


class NameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=services.LONGEST)


class MergeForm(forms.Form):
    into = forms.ModelChoiceField(label=_("Into"), queryset=ActivityType.objects.none(), empty_label=_("Choose …"))

    def __init__(self, *args: Any, others: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].queryset = others  # type: ignore[attr-defined]


@page(Permission.MEMBER)
def activity_types(request: HttpRequest, scope: Scope) -> HttpResponse:
    """All of them; an admin adds one here."""
    may_change = allows(scope, Permission.ADMINISTER)
    form = NewTypeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.activity_type_create(scope=scope, **form.cleaned_data)
        except InvalidInput as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, gettext("The type %(name)s is added.") % {"name": made.name})
            return redirect("dashboards:activity_types", org=scope.organisation.slug)
    context = {"listed": listed(scope), "form": form, "may_change": may_change}
    return render_page(request, "dashboards/own_types.html", context, status=422 if form.is_bound else 200)


@page(Permission.ADMINISTER)
def activity_type(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    """Rename, merge or delete one: three forms, told apart by the button."""
    one = ActivityType.objects.within(scope).filter(id=id).first()
    if one is None:
        raise Http404
    others = ActivityType.objects.within(scope).filter(kind=one.kind).exclude(id=one.id).order_by("name")
    asked = request.POST.get("do", "")
    rename = NameForm(request.POST if asked == "rename" else None, initial={"name": one.name})
    merge = MergeForm(request.POST if asked == "merge" else None, others=others)
    if request.method == "POST":
        try:
            if (done := _do(scope, one, asked, rename, merge)) is not None:
                messages.success(request, done)
                return redirect("dashboards:activity_types", org=scope.organisation.slug)
        except InvalidInput as wrong:
            form = {"rename": rename, "merge": merge}.get(asked)
            if form is None:
                messages.error(request, wrong.message)
            else:
                form.add_error(wrong.field if wrong.field in form.fields else None, wrong.message)
        one.refresh_from_db()
    return render_page(request, "dashboards/own_type.html", {
        "type": one, "kind": dict(ActivityKind.choices).get(one.kind, one.kind), "rename": rename, "merge": merge, "others": others,
        "activities": Activity.objects.within(scope).filter(type=one).count(), "kpis": counting(scope, one),
    }, status=422 if request.method == "POST" else 200)


def counting(scope: Scope, one: ActivityType) -> list[OwnKpi]:
    return services.kpis_counting(scope, one)


def _do(scope: Scope, one: ActivityType, asked: str, rename: NameForm, merge: MergeForm) -> str | None:
    """Do what the button says; what was done, or None if its form is not valid. InvalidInput if it cannot be."""
    match asked:
        case "rename" if rename.is_valid():
            services.activity_type_rename(scope=scope, type_=one, name=rename.cleaned_data["name"])
            return gettext("The type is called %(name)s now.") % {"name": one.name}
        case "merge" if merge.is_valid():
            into = merge.cleaned_data["into"]
            name = one.name
            moved = services.activity_type_merge(scope=scope, type_=one, into=into)
            text = ngettext("%(number)s activity of %(old)s is %(new)s now.", "%(number)s activities of %(old)s are %(new)s now.", moved)
            return text % {"number": moved, "old": name, "new": into.name}
        case "delete":
            services.activity_type_delete(scope=scope, type_=one)
            return gettext("The type %(name)s is deleted.") % {"name": one.name}
    return None
