from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from goals import entry, sentences, services
from goals.agreement_panel import agreed, standings_of, taking_part
from goals.asked import Draft
from goals.asked import asked as ask_for
from goals.card import card
from goals.forms import GoalForm, asked_values, goal_values
from goals.models import Goal
from goals.panel import panel
from goals.rows import board, read_wanted, statuses, subjects_with_goals
from goals.selectors import about, goal_get, sees_figures
from kpi_tracker import formats
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.rollups.live import live
from kpi_tracker.rollups.reader import asked_together
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, allows, page, render_page


def today_of(scope: Scope) -> dt.date:
    return scope.organisation.local_day(timezone.now())


@page(Permission.MEMBER)
@live
def goals(request: HttpRequest, scope: Scope) -> HttpResponse:
    query = request.GET
    shown = board(scope, read_wanted(query), today=today_of(scope), when=query.get("when", ""), page=query.get("page", "1"))
    return render_page(request, "goals/list.html", {
        "board": shown, "subjects": subjects_with_goals(scope), "statuses": statuses(), "kpis": registry.kpis_of(scope.organisation),
        "chosen": query, "may_make": allows(scope, Permission.SET_GOALS),
    })


@page(Permission.MEMBER)
@live
def detail(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    return detail_page(request, scope, found(scope, id))


@page(Permission.SET_GOALS)
def new(request: HttpRequest, scope: Scope) -> HttpResponse:
    values = asked_values(scope, request.GET, today_of(scope))
    form = GoalForm(request.POST or None, initial=values, scope=scope, today=today_of(scope))
    if request.method == "POST" and form.is_valid() and form.draft:
        try:
            goal = services.goal_create(scope=scope, **form.written(), today=today_of(scope))
        except InvalidInput as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, gettext("The goal is set."))
            return redirect("goals:detail", org=scope.organisation.slug, id=goal.id)
    return form_page(request, scope, form, values)


@page(Permission.SET_GOALS)
def edit(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    goal = changeable(scope, id)
    values = goal_values(goal)
    form = GoalForm(request.POST or None, initial=values, scope=scope, today=today_of(scope), goal=goal)
    if request.method == "POST" and form.is_valid() and form.draft:
        try:
            services.goal_change(scope=scope, goal=goal, **form.written(), today=today_of(scope))
        except InvalidInput as wrong:
            goal.refresh_from_db()
            form.refuse(wrong)
        else:
            messages.success(request, gettext("The goal is changed."))
            return redirect("goals:detail", org=scope.organisation.slug, id=goal.id)
    return form_page(request, scope, form, values, goal=goal)


@require_POST
@page(Permission.SET_GOALS)
def delete(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    services.goal_delete(scope=scope, goal=changeable(scope, id), today=today_of(scope))
    messages.success(request, gettext("The goal is deleted."))
    return redirect("goals:list", org=scope.organisation.slug)


@page(Permission.SET_GOALS)
def asked(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The live panel, while the form is being filled in."""
    context = panel_context(scope, GoalForm(request.GET, scope=scope, today=today_of(scope)))
    return render(request, "goals/_asked.html", context | {"live": True})


@page(Permission.SET_GOALS)
def customers(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Customers whose name or business id holds what was typed, for the field's list."""
    typed = request.GET.get("customer", "").strip()
    matching = Customer.objects.within(scope).filter(Q(name__icontains=typed) | Q(business_id__startswith=typed)).order_by("name")
    return render(request, "goals/_customers.html", {"customers": matching[:20] if typed else []})


@dataclass(frozen=True, slots=True)
class Refused:
    """What was asked of a goal in vain: the step, the field at fault, why, and what was typed."""

    step: str
    field: str
    message: str
    typed: Mapping[str, Any]


def detail_page(
    request: HttpRequest, scope: Scope, goal: Goal, *, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    today, currency = today_of(scope), goal.organisation.base_currency
    may_change = services.may_set(scope, goal.subject, today=today)
    taking, those_shown = taking_part(scope, goal, may_set=may_change)
    shown, standings = asked_together(
        goal.organisation, lambda: (card(goal, today=today), standings_of(goal, those_shown, today=today)), today=today
    )
    context = {
        "card": shown, "subject": subject_text(goal.subject), "may_change": may_change, "refused": refused,
        "agreed": agreed(scope, goal, taking, those_shown, standings, may_set=may_change, today=today), "opens": sees_figures(scope, goal),
        "unit": entry.unit_sign(registry.kpi(goal.kpi, goal.organisation).unit, formats.SYMBOLS.get(currency, currency)),
    }
    return render_page(request, "goals/detail.html", context, status=status)


def subject_text(subject: Subject) -> str:
    """A subject as addresses write it: "team:3", "organisation"."""
    return f"{subject.kind.value}:{subject.id}" if subject.id else subject.kind.value


def found(scope: Scope, id: int) -> Goal:
    goal = goal_get(scope, id)
    if goal is None:
        raise Http404
    return goal


def changeable(scope: Scope, id: int) -> Goal:
    """The goal, if this person may change it; seen but not theirs to change is 403."""
    goal = found(scope, id)
    services.check_right(scope, goal.subject, today=today_of(scope))
    return goal


def form_page(request: HttpRequest, scope: Scope, form: GoalForm, values: dict[str, Any], *, goal: Goal | None = None) -> HttpResponse:
    for name in list(form.errors)[:1]:
        if name in form.fields:
            form.fields[name].widget.attrs["autofocus"] = True
    shown = form if form.is_bound else GoalForm(values, scope=scope, today=form.today, goal=goal)
    context = panel_context(scope, shown) | {"form": form, "goal": goal}
    return render_page(request, "goals/form.html", context, status=422 if form.is_bound else 200)


def panel_context(scope: Scope, form: GoalForm) -> dict[str, Any]:
    draft = form.partial()
    return {"sign": form.unit_sign(), "title": draft_title(scope, draft), "panel": draft_panel(scope, draft, form.today)}


def draft_panel(scope: Scope, draft: Draft | None, today: dt.date) -> Any:
    if draft is None or len(draft.period) > services.LONGEST_DAYS:
        return None
    return panel(scope.organisation, ask_for(scope.organisation, draft, today=today))


def draft_title(scope: Scope, draft: Draft | None) -> str:
    """The goal that is being written, as a sentence."""
    if draft is None:
        return ""
    period = draft.period
    goal = Goal(organisation=scope.organisation, kpi=draft.kpi, starts_on=period.start, ends_on=period.end, **about(draft.subject))
    if draft.target is None:
        return sentences.question(goal)
    goal.target = draft.target
    return sentences.title_in_period(goal)
