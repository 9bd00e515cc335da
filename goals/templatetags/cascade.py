"""`{% goal_family goal %}`: where a goal comes from, what becomes of it, and among whom it is split."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template

from goals import sentences
from goals.carrying import came_from
from goals.cascading import may_split
from goals.models import State
from goals.selectors import goal_get, goal_list
from kpi_tracker.kpis import registry

register = template.Library()


@register.inclusion_tag("goals/_family.html", takes_context=True)
def goal_family(context: template.Context, goal: Any) -> dict[str, Any]:
    """Reads the parts of the goal that this person may see. The sum is shown to those who see all of them."""
    scope, today = context["scope"], context["card"].row.progress.today
    targets = list(goal.children.values_list("target", flat=True))
    parts = list(goal_list(scope).filter(parent=goal).order_by("team__name", "rep__name", "id")) if targets else []
    total = sum(targets, Decimal(0)) if len(parts) == len(targets) and targets else None
    may = context["may_change"] and goal.period.end > today  # the page has asked already
    adds_up = registry.kpi(goal.kpi, goal.organisation).adds_up
    return {
        "organisation": goal.organisation, "goal": goal, "csrf_token": context.get("csrf_token"), "may_change": may, "adds_up": adds_up,
        "may_split": may and may_split(scope, goal), "before": came_from(goal), "carries": goal.carries_over and goal.state != State.CLOSED,
        "parent": goal_get(scope, goal.parent_id) if goal.parent_id else None,
        "parts": [
            {"goal": part, "name": sentences.subject_name(part), "target": sentences.target_words(part),
             "given": sentences.target_words(part, part.split_target)
             if part.split_target is not None and part.split_target != part.target else ""}
            for part in parts
        ],
        "total": sentences.kpi_figure(goal, total) if total is not None and adds_up else "",
        "gap": sentences.kpi_figure(goal, abs(goal.target - total)) if total is not None else "",
        "over": total is not None and total > goal.target, "short": total is not None and total < goal.target,
    }
