"""Closing goals whose period is over: what they came to is kept as it is then, whatever is entered later."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext

from goals.models import Goal, State
from goals.progress import progress
from goals.services import check_right
from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.scope import Scope

AT_ONCE = 200
MILLIONTH = Decimal("0.000001")


@transaction.atomic
def goal_close(*, scope: Scope, goal: Goal, now: dt.datetime, today: dt.date) -> Goal:
    """Close a goal by hand; one that is closed stays as it is."""
    check_right(scope, goal.subject, today=today)
    found: Goal | None = Goal.objects.select_for_update().filter(organisation=scope.organisation, pk=goal.pk).first()
    if found is None or not found.is_in_force:
        raise InvalidInput(gettext("Only a goal in force can be closed."), code="not_in_force")
    if found.ends_on > today:
        raise InvalidInput(gettext("This goal still runs: it can be closed when its period is over."), code="still_runs")
    if found.state != State.CLOSED:
        _close(scope.organisation, [found], by=scope.user_id, now=now, today=today)
    return found


def close_ended(organisation: Organisation, *, now: dt.datetime) -> int:
    """Close all goals in force whose last local day is over; how many. Run again, it finds none."""
    today, count = organisation.local_day(now), 0
    while closed := _close_some(organisation, now=now, today=today):
        count += closed
    return count


@transaction.atomic
def _close_some(organisation: Organisation, *, now: dt.datetime, today: dt.date) -> int:
    due = Goal.objects.select_for_update().filter(organisation=organisation, state=State.AGREED, ends_on__lte=today)
    goals = list(due.order_by("ends_on", "id")[:AT_ONCE])
    _close(organisation, goals, by=None, now=now, today=today)
    return len(goals)


def _close(organisation: Organisation, goals: list[Goal], *, by: int | None, now: dt.datetime, today: dt.date) -> None:
    found = progress(organisation, goals, today=today)
    for goal in goals:
        actual = found[goal.pk].actual
        goal.state, goal.closed_at, goal.closed_by_id = State.CLOSED, now, by
        goal.result = None if actual is None else actual.quantize(MILLIONTH)
    Goal.objects.bulk_update(goals, ["state", "closed_at", "closed_by", "result"], batch_size=AT_ONCE)
