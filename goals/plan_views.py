"""The page "Velocity & plan": how what is missing could be reached."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from goals.models import Goal
from goals.plan_forms import OWN_AMOUNT, AskedForm
from goals.plan_page import can_be_planned, goals_to_plan, plan_context
from goals.plan_subjects import first_subject, subject_from, whose
from goals.selectors import goal_get
from goals.views import today_of
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page


@page(Permission.MEMBER)
def plan(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Of a subject, with one of its goals or an amount; HTMX gets what the sliders change."""
    today = today_of(scope)
    query = request.GET
    goal = goal_asked(scope, query)
    said = subject_from(query["subject"]) if "subject" in query else None
    who, wider = whose(scope, said or (goal.subject if goal else first_subject(scope)), today)
    own = goal if goal and goal.subject == who.subject else None
    data = query if goal == own else {name: value for name, value in query.items() if name != "goal"}
    form = AskedForm(
        data, goals=goals_to_plan(scope, who, today=today, asked=own), calendar=scope.organisation.calendar, today=today
    )
    context = plan_context(scope, who, wider, form, query, today=today)
    return render_page(request, "goals/plan.html", context, fragment="goals/_plan_live.html", status=context["status"])


def goal_asked(scope: Scope, query: QueryDict) -> Goal | None:
    """The goal of the address, if it names one; 404 for one that is not there, or that no calls lead to."""
    text = query.get("goal", "")
    if text in ("", OWN_AMOUNT):
        return None
    goal = goal_get(scope, int(text)) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    if goal is None or not can_be_planned(goal):
        raise Http404
    return goal
