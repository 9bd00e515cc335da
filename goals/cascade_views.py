"""The page on which a goal is split, and the switch of recurring goals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from goals import entry, sentences
from goals.carrying import carrying_switch
from goals.cascading import Basis, Level, Plan, Wish, levels, may_split, plan, split_save
from goals.grid import grouped
from goals.models import Goal
from goals.selectors import goal_get
from goals.services import check_right
from kpi_tracker import formats
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import registry
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page

AMOUNT, LOCK, SEEN = "amount-", "lock-", "seen-"


@page(Permission.SET_GOALS)
def split_page(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    now = timezone.now()
    today = scope.organisation.local_day(now)
    goal = changeable(scope, id)
    if not may_split(scope, goal):
        raise Http404
    if request.method != "POST":
        return shown(request, scope, goal, read_wish(scope, goal, request.GET))
    try:
        wish = read_wish(scope, goal, request.POST)
        if request.POST.get("act") != "save":
            return shown(request, scope, goal, wish)
        by_hand = Wish(wish.level, Basis.HAND, wish.amounts, wish.locked)  # what is saved is what was seen
        found = plan(scope, goal, by_hand, today=today)
        seen = {int(name[len(SEEN):]): str(mark) for name, mark in request.POST.items() if is_field(name, SEEN)}
        written = split_save(scope=scope, goal=goal, found=found, seen=seen, reason=request.POST.get("reason", ""), now=now, today=today)
    except InvalidInput as wrong:
        fresh = wrong.code == "changed"
        return shown(request, scope, goal, Wish() if fresh else safe_wish(scope, goal, request.POST), refused=wrong)
    text = ngettext(
        "The goal is split: %(number)s goal is new or changed.", "The goal is split: %(number)s goals are new or changed.", written
    )
    messages.success(request, text % {"number": formats.number(written)})
    return redirect("goals:detail", org=scope.organisation.slug, id=goal.pk)


def shown(request: HttpRequest, scope: Scope, goal: Goal, wish: Wish, *, refused: InvalidInput | None = None) -> HttpResponse:
    found = plan(scope, goal, wish, today=scope.organisation.local_day(timezone.now()))
    kpi, currency = registry.kpi(goal.kpi, scope.organisation), scope.organisation.base_currency
    asked = request.POST if request.method == "POST" else request.GET
    rows = [
        {"part": part, "text": grouped(entry.shown_target(part.amount, kpi.unit)),
         "weight": weight_words(found, part.weight, kpi, currency), "share": part.share_of(goal.target)}
        for part in found.parts
    ]
    return render_page(request, "goals/split.html", {
        "goal": goal, "plan": found, "rows": rows, "title": sentences.title_in_period(goal), "kpi": kpi, "bases": list(Basis),
        "levels": levels(scope, goal), "refused": refused, "reason": asked.get("reason", ""),
        "unit": entry.unit_sign(kpi.unit, formats.SYMBOLS.get(currency, currency)),
        "measure": measure_words(found), "running": goal.starts_on <= scope.organisation.local_day(timezone.now()),
    }, status=422 if refused else 200)


def read_wish(scope: Scope, goal: Goal, query: QueryDict) -> Wish:
    """Raises InvalidInput where an amount is none."""
    unit = registry.kpi(goal.kpi, scope.organisation).unit
    typed = {int(name[len(AMOUNT):]): str(text) for name, text in query.items() if is_field(name, AMOUNT)}
    amounts = {member: entry.typed_target(text, unit) if text.strip() else Decimal(0) for member, text in typed.items()}
    locked = frozenset(int(name[len(LOCK):]) for name in query if is_field(name, LOCK))
    level, basis = str(query.get("level", "")), str(query.get("basis", ""))
    return Wish(
        Level(level) if level in set(Level) else None, Basis(basis) if basis in set(Basis) else Wish().basis, amounts,
        locked if typed else None,
    )


def safe_wish(scope: Scope, goal: Goal, query: QueryDict) -> Wish:
    """The wish as far as it can be read: the amounts as typed, so that nothing has to be typed again."""
    unit, amounts = registry.kpi(goal.kpi, scope.organisation).unit, {}
    for name, text in query.items():
        if is_field(name, AMOUNT):
            try:
                amounts[int(name[len(AMOUNT):])] = entry.typed_target(str(text), unit)
            except InvalidInput:
                continue
    level = str(query.get("level", ""))
    locked = frozenset(int(name[len(LOCK):]) for name in query if is_field(name, LOCK))
    return Wish(Level(level) if level in set(Level) else None, Basis.HAND, amounts, locked)


def is_field(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and name[len(prefix):].isdecimal()


def weight_words(found: Plan, weight: Decimal | None, kpi: Any, currency: str) -> str:
    if weight is None:
        return ""
    return formats.days(weight) if found.basis is Basis.WORKTIME else formats.kpi_value(kpi, weight, currency)


def measure_words(found: Plan) -> str:
    """What stands above the column of the measure; empty where there is none."""
    if not found.adds_up:
        return ""
    if found.history is not None:
        return sentences.period_words(found.goal.organisation.calendar, found.history)
    return gettext("Working time") if found.basis is Basis.WORKTIME else ""


def changeable(scope: Scope, id: int) -> Goal:
    """The goal, if this person may change it; seen but not theirs to change is 403."""
    goal = goal_get(scope, id)
    if goal is None:
        raise Http404
    check_right(scope, goal.subject, today=scope.organisation.local_day(timezone.now()))
    return goal


@require_POST
@page(Permission.SET_GOALS)
def carry(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    """Have a goal carried over when it ends, or no longer."""
    goal, on = changeable(scope, id), request.POST.get("on") == "1"
    carrying_switch(scope=scope, goal=goal, on=on, today=scope.organisation.local_day(timezone.now()))
    messages.success(request, gettext("It is asked again in the next period.") if on else gettext("It ends with this period."))
    return redirect("goals:detail", org=scope.organisation.slug, id=goal.pk)
