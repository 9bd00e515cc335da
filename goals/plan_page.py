"""The page of a plan as data: what is missing, what it takes every day, the sliders, and velocity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext

from goals import entry, plan_words, sentences, velocity_words
from goals.models import Goal, Kind
from goals.plan import ONE, changed, needs
from goals.plan_forms import AskedForm, WhatIfForm
from goals.plan_reading import CHAIN, DEALS, PROPOSALS, PlanReading, reading, shown_labels
from goals.plan_subjects import Whose, choices, subject_text
from goals.progress import progress
from goals.selectors import goal_list
from kpi_tracker.kpis.metrics import Lever, SubjectKind
from kpi_tracker.scope import Scope

OPPORTUNITIES = "opportunities_created"


def can_be_planned(goal: Goal) -> bool:
    """Whether a goal's target, no limit, is a step on the way from calls to revenue, of people."""
    return goal.kpi in CHAIN and goal.kind != Kind.BELOW and goal.subject.kind is not SubjectKind.CUSTOMER


def goals_to_plan(scope: Scope, whose: Whose, *, today: dt.date, asked: Goal | None) -> list[Goal]:
    """The subject's goals that run or are to come, those of revenue that end first in front, or the one that is asked for."""
    labels = shown_labels(scope.organisation)
    offered = goal_list(scope, subject=whose.subject).filter(kpi__in=[step for step in CHAIN if step in labels], ends_on__gt=today)
    found = [goal for goal in offered if can_be_planned(goal)]
    if asked is not None and asked.id not in {goal.id for goal in found}:
        found.append(asked)
    return sorted(found, key=lambda goal: (goal.starts_on > today, CHAIN.index(goal.kpi), goal.ends_on, goal.id))


def plan_context(
    scope: Scope, whose: Whose, wider: list[Whose], form: AskedForm, query: Mapping[str, Any], *, today: dt.date
) -> dict[str, Any]:
    form.is_valid()
    goal, labels = form.chosen, shown_labels(scope.organisation)
    top = goal.kpi if goal else next((step for step in CHAIN if step in labels), CHAIN[0])
    read = reading(scope, whose, wider, top=top, period=goal.period if goal else form.period, today=today)
    missing = _missing(goal, form, today)
    of_rep = whose.kind is SubjectKind.REP
    what_if = WhatIfForm(query, measured=read.measured, crew=read.crew, has_cycle=read.cycle is not None, of_rep=of_rep)
    what_if.is_valid()
    links, crew = changed(read.links, what_if.rates), read.crew.with_more(what_if.value("sellers"))
    needed = needs(missing or Fraction(0), top, links)
    velocity = velocity_words.velocity_panel(read, lever_changes(read, what_if))
    sign = entry.unit_sign(plan_words.kpi_of(read, top).unit, plan_words.currency(read))
    return {
        "reading": read, "asked": form, "what_if": what_if, "goal": goal, "of_rep": of_rep, "subjects": choices(scope, today),
        "subject": subject_text(whose.subject), "missing": missing, "headline": plan_words.headline(read, missing, needed, crew),
        "sub": plan_words.sub(read, crew), "rows": plan_words.rows(read, needed, crew) if missing else [],
        "sliders": plan_words.sliders(read, what_if, read.crew), "notes": plan_words.notes(read, missing, what_if), "velocity": velocity,
        "examples": examples(what_if), "hidden": hidden(whose, form), "kept": urlencode(hidden(whose, form)),
        "goal_title": sentences.title(goal) if goal else "", "sign": sign,
        "status": 422 if form.errors or what_if.errors else 200,
    }


def _missing(goal: Goal | None, form: AskedForm, today: dt.date) -> Fraction | None:
    if goal is None:
        return None if form.missing is None else Fraction(form.missing)
    gap = progress(goal.organisation, [goal], today=today)[goal.id].gap
    return None if gap is None else Fraction(gap)


def lever_changes(read: PlanReading, what_if: WhatIfForm) -> dict[Lever, Fraction]:
    """What the sliders make of the levers of velocity: as many calls of each seller become as many more opportunities.

    Rates count as they are used: a share that cannot get any better changes nothing.
    """
    rates = {one.step: (one.rate.value or ONE) / before for one, before in _before_and_after(read, what_if)}
    opportunities = ONE
    for step, factor in rates.items():
        if step not in (OPPORTUNITIES, DEALS, PROPOSALS):
            opportunities *= factor
    sellers = read.crew.sellers
    if sellers:
        opportunities *= read.crew.with_more(what_if.value("sellers")).sellers / sellers
    return {
        Lever.OPPORTUNITIES: opportunities, Lever.WIN_RATE: rates.get(OPPORTUNITIES, ONE), Lever.DEAL_VALUE: rates.get(DEALS, ONE),
        Lever.CYCLE: what_if.factor("cycle"),
    }


def _before_and_after(read: PlanReading, what_if: WhatIfForm) -> list[tuple[Any, Fraction]]:
    return [
        (after, before.rate.value)
        for before, after in zip(read.links, changed(read.links, what_if.rates), strict=True) if before.rate.value
    ]


def hidden(whose: Whose, form: AskedForm) -> list[tuple[str, str]]:
    """What is planned, as the sliders send it along."""
    found = [("subject", subject_text(whose.subject)), ("goal", str(form["goal"].value()))]
    if form.chosen is None:
        found += [(name, str(form[name].value() or "")) for name in ("amount", "until")]
    return found


def examples(what_if: WhatIfForm) -> list[dict[str, str]]:
    """Questions that people ask, as places of sliders."""
    asked = [
        ("sellers", "2", gettext("we hire two")), (f"rate_{DEALS}", "10", gettext("the average deal grows by a tenth")),
        (f"rate_{OPPORTUNITIES}", "10", gettext("we win a tenth more")), ("cycle", "-10", gettext("a sale takes a tenth less time")),
    ]
    return [{"name": name, "value": value, "label": label} for name, value, label in asked if name in what_if.sliders]
