"""What people do on a goal's page: propose, answer, take over, decide, withdraw. What is refused keeps what was typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TypedDict

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from goals import agreement, entry
from goals.models import Goal
from goals.selectors import pending_version
from goals.views import Refused, detail_page, found, today_of
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import registry
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page

CONFLICT, WRONG = 409, 422


class Of(TypedDict):
    """What each step is told: of which goal, as of which version, by whom and when."""

    scope: Scope
    goal: Goal
    shown: int
    now: dt.datetime
    today: dt.date


def step(request: HttpRequest, scope: Scope, id: int, name: str, act: Callable[[Of], str]) -> HttpResponse:
    """Do it and show the goal; or show what is wrong, beside what was typed. act: says what has been done."""
    goal = found(scope, id)
    try:
        done = act(Of(scope=scope, goal=goal, shown=number(request, "shown"), now=timezone.now(), today=today_of(scope)))
    except InvalidInput as wrong:
        goal = found(scope, goal.pk)
        refused = Refused(name, wrong.field, wrong.message, request.POST)
        return detail_page(request, scope, goal, refused=refused, status=CONFLICT if wrong.code in ("stale", "over") else WRONG)
    messages.success(request, done)
    return redirect("goals:detail", org=scope.organisation.slug, id=goal.pk)


@require_POST
@page(Permission.SET_GOALS)
def propose(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    def act(of: Of) -> str:
        target = figure(request, of["goal"], "target") if request.POST.get("target", "").strip() else None
        agreement.propose(**of, target=target, reason=request.POST.get("reason", ""))
        return gettext("It is proposed; those who take part can answer now.")

    return step(request, scope, id, "propose", act)


@require_POST
@page(Permission.MEMBER)
def answer(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    def act(of: Of) -> str:
        counter = figure(request, of["goal"], "counter") if request.POST.get("say") == "counter" else None
        agreement.answer(
            **of, rep_id=number(request, "rep"), counter=counter, comment=request.POST.get("comment", ""), known=known(request)
        )
        again = found(scope, id)
        if counter is None and pending_version(again) is None:
            return gettext("Everybody has accepted: the goal is in force.")
        return gettext("The answer is in.")

    return step(request, scope, id, "answer", act)


@require_POST
@page(Permission.SET_GOALS)
def take(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    def act(of: Of) -> str:
        agreement.take_counter(**of, rep_id=number(request, "rep"))
        return gettext("The other figure is proposed now.")

    return step(request, scope, id, "take", act)


@require_POST
@page(Permission.SET_GOALS)
def decide(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    def act(of: Of) -> str:
        agreement.decide(**of, reason=request.POST.get("reason", ""))
        return gettext("It is decided: the goal is in force.")

    return step(request, scope, id, "decide", act)


@require_POST
@page(Permission.SET_GOALS)
def withdraw(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    def act(of: Of) -> str:
        agreement.withdraw(**of, reason=request.POST.get("reason", ""))
        return gettext("The proposal is withdrawn.")

    return step(request, scope, id, "withdraw", act)


def number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    if not text.isdecimal() or len(text) > 18:
        raise InvalidInput(gettext("This form is not complete; open the goal again."), code="stale")
    return int(text)


def known(request: HttpRequest) -> str:
    """Which answer the form showed of the person it answers for: `known`, or `known-<rep>` where a person is chosen in it."""
    return request.POST.get(f"known-{request.POST.get('rep', '')}", request.POST.get("known", ""))


def figure(request: HttpRequest, goal: Goal, name: str) -> Decimal:
    try:
        return entry.typed_target(request.POST.get(name, ""), registry.kpi(goal.kpi, goal.organisation).unit)
    except InvalidInput as wrong:
        raise InvalidInput(wrong.message, field=name, code=wrong.code) from wrong
