"""A rep's day: opened by the rep, and for a rep by whoever may see the rep's figures."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from goals import my_day_words as words
from goals import sentences
from goals.forecast_words import forecast_panel, likely_words
from goals.my_day import Mine, MyDay, Todo, rep_get
from goals.my_day import my_day as day_of
from goals.my_day_feed import records_address
from goals.my_day_owed import Lever
from goals.rows import row
from kpi_tracker import formats
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Rep
from kpi_tracker.rollups.live import live
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page


@page(Permission.MEMBER)
@live
def my_day(request: HttpRequest, scope: Scope) -> HttpResponse:
    moment = timezone.now().astimezone(scope.organisation.zone)
    rep = rep_of(scope, request.GET.get("rep", ""))
    day = day_of(scope, rep, today=moment.date())
    return render_page(request, "goals/my_day.html", context(day, moment))


def rep_of(scope: Scope, asked: str) -> Rep:
    """The rep that the address names, else the person's own; 404 where there is none, 403 for one whose figures are not shown."""
    number = int(asked) if asked.isdecimal() else None if asked else scope.rep_id
    rep = rep_get(scope, number) if number is not None else None
    if rep is None:
        raise Http404
    if not scope.may_see_rep(rep.pk):
        raise PermissionDenied
    return rep


def context(day: MyDay, moment: dt.datetime) -> dict[str, Any]:
    own = day.rep.pk == day.scope.rep_id
    name = "" if own else day.rep.name
    currency = day.scope.organisation.base_currency
    return {
        "day": day, "own": own, "name": name, "rep": day.rep, "date": formats.weekday(day.at.today),
        "title": words.title(day, name), "line": words.line(day, moment, name), "heading": words.todo_heading(day),
        "todo": [
            {"row": one, "lines": _lines(day, one), "word": words.to_go_word(one), "owed": formats.number(one.owed.to_go)}
            for one in day.todo
        ],
        "levels": [{"level": one, "row": row(one.mine.standing), "line": words.level_line(one)} for one in day.levels],
        "main": _main(day, name), "others": [_other(one) for one in day.others],
        "waiting_heading": words.waiting_heading(len(day.waiting), name) if day.waiting else "",
        "waiting": [
            {"one": one, "what": words.waiting_what(one), "figure": sentences.kpi_figure(one.goal, one.asked), "of": words.waiting_of(one),
             "before": words.waiting_before(one)}
            for one in day.waiting
        ],
        "lever_text": words.lever_text(day.lever, currency, name) if isinstance(day.lever, Lever) else "",
        "too_few": "" if isinstance(day.lever, Lever) else words.too_few(day.lever),
        "lever_subject": Subject(SubjectKind.REP, day.rep.pk),
    }


def _lines(day: MyDay, one: Todo) -> list[tuple[str, str]]:
    """Each with the address of its records; empty where it is reckoned."""
    organisation = day.scope.organisation
    return [(text, records_address(organisation, day.rep, one.kpi.key, span) if span else "") for text, span in words.todo_lines(day, one)]


def _main(day: MyDay, name: str) -> dict[str, Any] | None:
    if day.main is None:
        return None
    standing, goal = day.main.standing, day.main.standing.goal
    pace = standing.pace
    found: dict[str, Any] = {
        "mine": day.main, "row": row(standing), "heading": words.main_heading(goal, name), "kpi": standing.kpi.label,
        "expected": sentences.kpi_figure(goal, pace.expected, short=True) if pace and pace.expected else "",
        "required": sentences.kpi_figure(goal, pace.required) if pace and pace.required else "", "left": standing.clock.days_left,
    }
    if day.forecast is not None and standing.target:
        low, high = (end / standing.target for end in day.forecast.band)
        found |= {"forecast": forecast_panel(day.forecast), "likely": likely_words(day.forecast.likely), "low": low, "high": high}
    return found


def _other(one: Mine) -> dict[str, Any]:
    return {"mine": one, "row": row(one.standing), "kpi": one.standing.kpi.label, "period": words.short_period(one.standing.goal)}
