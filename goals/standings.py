"""How goals stood at the end of a day, kept with them: a status is left only for good reason, and what changed can be said."""

from __future__ import annotations

import datetime as dt

from goals.models import IN_FORCE, Goal
from goals.progress import progress
from kpi_tracker.orgs.models import Organisation


def note_standings(organisation: Organisation, day: dt.date) -> int:
    """Keep how each goal in force that runs on `day` stands when it is over; how many. A day that was looked at is not looked at again."""
    running = Goal.objects.filter(organisation=organisation, state__in=IN_FORCE, starts_on__lte=day, ends_on__gt=day)
    goals = list(running.exclude(stood_on__gte=day).select_related("organisation", "team", "rep", "customer"))
    found = progress(organisation, goals, today=day, today_counts=True)
    for goal in goals:
        stands = found[goal.id].verdict.status.value
        if stands != goal.stood or goal.stood_since is None:
            goal.stood, goal.stood_since = stands, day
        goal.stood_on, goal.stood_actual = day, found[goal.id].actual
    Goal.objects.bulk_update(goals, ["stood", "stood_since", "stood_on", "stood_actual"], batch_size=500)
    return len(goals)
