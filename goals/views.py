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
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from goals import entry, services
from goals.agreement_panel import agreed, standings_of, taking_part
from goals.card import card
from goals.form_values import asked_values, goal_values
from goals.forms import GoalForm
from goals.models import Goal, State
from goals.outline import outline
from goals.rows import board, read_wanted, statuses, subjects_with_goals
from goals.selectors import goal_get, sees_figures
from goals.smart_reading import reading
from goals.wish_form import WishPage, read_wish
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
    today = today_of(scope)
    if request.method == "POST":
        form = GoalForm(request.POST, scope=scope, today=today)
        if (goal := saved(scope, form, today)) is not None:
            messages.success(request, set_message(goal))
            return redirect("goals:detail", org=scope.organisation.slug, id=goal.id)
        return form_page(request, scope, form)
    wish = read_wish(scope, request.GET.get("sentence", ""), today=today)
    values = wish.values if wish else asked_values(scope, request.GET, today)
    return form_page(request, scope, GoalForm(values, scope=scope, today=today), wish=wish)


@page(Permission.SET_GOALS)
def edit(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    goal, today = changeable(scope, id), today_of(scope)
    if request.method != "POST":
        return form_page(request, scope, GoalForm(goal_values(goal), scope=scope, today=today, goal=goal))
    form = GoalForm(request.POST, scope=scope, today=today, goal=goal)
    if saved(scope, form, today) is None:
        return form_page(request, scope, form)
    messages.success(request, gettext("The goal is changed."))
    return redirect("goals:detail", org=scope.organisation.slug, id=goal.id)


def saved(scope: Scope, form: GoalForm, today: dt.date) -> Goal | None:
    """The goal as the form wants it; None, with the form's errors, where that cannot be."""
    if not form.is_valid() or form.draft is None:
        return None
    asked = {"scope": scope, **form.written(), "today": today, "now": timezone.now()}
    try:
        return services.goal_create(**asked) if form.goal is None else services.goal_change(goal=form.goal, **asked)
    except InvalidInput as wrong:
        if form.goal is not None:
            form.goal.refresh_from_db()
        form.refuse(wrong)
        return None


def set_message(goal: Goal) -> str:
    match goal.state:
        case State.DRAFT:
            return gettext("The draft is saved. Nobody has been asked yet.")
        case State.PROPOSED:
            people = goal.participants.count()
            return ngettext(
                "The goal is proposed to %(people)s person.", "The goal is proposed to %(people)s people.", people
            ) % {"people": people}
        case _:
            return gettext("The goal is set.")


@require_POST
@page(Permission.SET_GOALS)
def delete(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    services.goal_delete(scope=scope, goal=changeable(scope, id), today=today_of(scope))
    messages.success(request, gettext("The goal is deleted."))
    return redirect("goals:list", org=scope.organisation.slug)


@page(Permission.SET_GOALS)
def asked(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The live panel, while the form is being filled in, with the fields that depend on what was chosen."""
    typed = request.POST if request.method == "POST" else request.GET
    goal = changeable(scope, int(typed["goal"])) if typed.get("goal", "").isdecimal() else None
    form = GoalForm(typed, scope=scope, today=today_of(scope), goal=goal)
    context = panel_context(scope, form) | {"form": form, "goal": goal, "live": True, "redraw": redrawn(form)}
    return render(request, "goals/_asked.html", context)


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


def form_page(request: HttpRequest, scope: Scope, form: GoalForm, *, wish: WishPage | None = None) -> HttpResponse:
    failed = request.method == "POST"
    if not failed:
        form.forget_errors()
    for name in list(form.errors)[:1]:
        if name in form.fields:
            form.fields[name].widget.attrs["autofocus"] = True
    context = panel_context(scope, form) | {"form": form, "goal": form.goal, "wish": wish}
    return render_page(request, "goals/form.html", context, status=422 if failed else 200)


def panel_context(scope: Scope, form: GoalForm) -> dict[str, Any]:
    found = reading(scope.organisation, form.writing, today=form.today)
    shown = outline(found) if found else None
    return {
        "sign": form.unit_sign(), "mismatch": mismatch(form), "outline": shown, "panel": shown.panel if shown else None,
        "title": shown.title if shown else "",
    }


def mismatch(form: GoalForm) -> str:
    """Why there is nothing to compare with, where KPI and scope do not go together."""
    kpi, subject = form.writing.kpi, form.writing.subject
    if kpi is None or subject is None or subject.kind in kpi.subjects:
        return ""
    return gettext("%(kpi)s is not measured for this. Choose another KPI or another scope.") % {"kpi": kpi.label}


def redrawn(form: GoalForm) -> set[str]:
    """The parts of the form that were drawn for another KPI, scope or period than is chosen now."""
    drawn = {"kinds": form.data.get("kinds_of"), "people": form.data.get("people_of"), "months": form.data.get("months_of")}
    now = {"kinds": form.data.get("kpi"), "people": form.people.listed_for, "months": form.months_of}
    return {part for part, key in drawn.items() if key is not None and key != now[part]}
