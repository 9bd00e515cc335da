"""What a goal asks, and since when: versions are added, never changed, so that past days keep what they were measured against."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db.models import Max
from django.utils.translation import gettext

from goals.models import Goal, GoalVersion
from kpi_tracker.errors import InvalidInput


def version_add(
    goal: Goal, *, target: Decimal, stretch: Decimal | None, reason: str, author_id: int | None, now: dt.datetime, today: dt.date,
    in_force: bool = True,
) -> GoalVersion:
    """Write down what the goal is to ask from now on; in a transaction of the caller, with the goal's row locked.

    Raises InvalidInput for a goal whose period is over: what it was measured against stays.
    """
    if goal.period.end <= today:
        raise InvalidInput(gettext("This goal's period is over: what it was measured against stays."), field="target", code="over")
    first_version(goal)
    number = goal.versions.aggregate(last=Max("number"))["last"] + 1
    version = GoalVersion(
        organisation_id=goal.organisation_id, goal=goal, number=number, target=target, stretch=stretch,
        asks_from=max(today, goal.starts_on), reason=reason.strip(), author_id=author_id, made_at=now, in_force=False,
    )
    version.save()
    if in_force:
        bring_into_force(version, today=today)
    return version


def bring_into_force(version: GoalVersion, *, today: dt.date) -> None:
    """From today on the goal asks what `version` says; days before keep what they were measured against."""
    goal = version.goal
    version.in_force, version.asks_from = True, max(today, goal.starts_on)
    version.save(update_fields=["in_force", "asks_from"])
    steps = dict(goal.asked_since or ((goal.starts_on, goal.target),)) | {version.asks_from: version.target}
    goal.steps = [[day.isoformat(), str(target)] for day, target in sorted(steps.items())] if len(steps) > 1 else []
    goal.target, goal.stretch = version.target, version.stretch
    goal.save(update_fields=["target", "stretch", "steps", "changed_at"])


def first_version(goal: Goal) -> GoalVersion:
    """The version that is as old as the goal; written down at the first need."""
    found: GoalVersion | None = goal.versions.order_by("number").first()
    if found is None:
        found = GoalVersion.objects.create(
            organisation_id=goal.organisation_id, goal=goal, number=1, target=goal.target, stretch=goal.stretch,
            asks_from=goal.starts_on, author_id=goal.created_by_id, made_at=goal.created_at, in_force=goal.is_in_force,
        )
    return found
