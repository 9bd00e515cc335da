"""What a goal has asked, and from when: versions are added, never changed, so that past days keep what they were measured against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db.models import Max
from django.utils.translation import gettext

from goals.models import Goal, GoalVersion
from kpi_tracker.errors import InvalidInput

Targets = tuple[tuple[dt.date, Decimal], ...]


def version_add(
    goal: Goal, *, target: Decimal, stretch: Decimal | None, reason: str, author_id: int | None, now: dt.datetime, today: dt.date,
    in_force: bool = True,
) -> GoalVersion:
    """Write what the goal asks from now on; in a transaction of the caller, with the goal's row locked.

    Of a goal that has begun, days before today keep what they were measured against; in one that is over nothing can be changed.
    """
    if goal.period.end <= today:
        raise InvalidInput(gettext("This goal's period is over: what it was measured against stays."), field="target", code="over")
    first_version(goal)
    number = goal.versions.aggregate(last=Max("number"))["last"] + 1
    version = GoalVersion.objects.create(
        organisation_id=goal.organisation_id, goal=goal, number=number, target=target, stretch=stretch,
        asks_from=max(today, goal.starts_on), reason=reason.strip(), author_id=author_id, made_at=now, in_force=in_force,
    )
    if in_force:
        goal.target, goal.stretch = target, stretch
        goal.save(update_fields=["target", "stretch", "changed_at"])
    return version


def first_version(goal: Goal) -> GoalVersion:
    """The version that is as old as the goal; written down at the first need."""
    found: GoalVersion | None = goal.versions.order_by("number").first()
    if found is None:
        found = GoalVersion.objects.create(
            organisation_id=goal.organisation_id, goal=goal, number=1, target=goal.target, stretch=goal.stretch,
            asks_from=goal.starts_on, author_id=goal.created_by_id, made_at=goal.created_at, in_force=goal.is_in_force,
        )
    return found


def targets_over_time(goals: Iterable[Goal]) -> Mapping[int, Targets]:
    """By goal id: from which day on which target was asked, oldest first; always at least the goal's own. One query.

    The first entry starts with the goal. Of several versions of one day the last counts.
    """
    goals = list(goals)
    versions = GoalVersion.objects.filter(
        organisation_id__in={goal.organisation_id for goal in goals}, goal__in=goals, in_force=True,
    ).order_by("goal_id", "number")
    found: dict[int, dict[dt.date, Decimal]] = {}
    for version in versions:
        found.setdefault(version.goal_id, {})[version.asks_from] = version.target
    return {
        goal.pk: tuple(sorted(({goal.starts_on: goal.target} | found.get(goal.pk, {})).items()))
        for goal in goals
    }
