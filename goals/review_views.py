"""The review of a goal that is over: a page to talk about, to comment on and to print."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from goals import services
from goals.closing import goal_close
from goals.comments import comment_add, may_comment, said_of
from goals.models import State
from goals.review import review as reviewed
from goals.review_words import review_page
from goals.selectors import sees_figures
from goals.views import found, today_of
from kpi_tracker.errors import InvalidInput
from kpi_tracker.rollups.live import live
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page


@page(Permission.MEMBER)
@live
def review(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    return shown(request, scope, id)


@require_POST
@page(Permission.SET_GOALS)
def close(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    try:
        goal_close(scope=scope, goal=found(scope, id), now=timezone.now(), today=today_of(scope))
    except InvalidInput as wrong:
        messages.error(request, wrong.message)
        return redirect("goals:detail", org=scope.organisation.slug, id=id)
    messages.success(request, gettext("The goal is closed; its result is kept."))
    return redirect("goals:review", org=scope.organisation.slug, id=id)


@require_POST
@page(Permission.MEMBER)
def comment(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    goal, text = found(scope, id), request.POST.get("text", "")
    if not may_comment(scope, goal):
        raise PermissionDenied
    try:
        comment_add(scope=scope, goal=goal, text=text, now=timezone.now())
    except InvalidInput as wrong:
        return shown(request, scope, id, wrong=wrong.message, typed=text, status=422)
    return redirect("goals:review", org=scope.organisation.slug, id=id)


def shown(request: HttpRequest, scope: Scope, id: int, *, wrong: str = "", typed: str = "", status: int = 200) -> HttpResponse:
    goal, today = found(scope, id), today_of(scope)
    if goal.ends_on > today or not goal.is_in_force:
        raise Http404
    data = reviewed(goal, today=today)
    may_set = services.may_set(scope, goal.subject, today=today)
    return render_page(request, "goals/review.html", {
        "goal": goal, "review": data, "page": review_page(data), "may_set": may_set, "is_closed": goal.state == State.CLOSED,
        "comments": said_of(goal), "may_comment": may_comment(scope, goal),
        "wrong": wrong, "typed": typed, "opens": sees_figures(scope, goal),
    }, status=status)
