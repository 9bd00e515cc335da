"""What waits for a refresh: which organisations, how many days, since when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Min

from kpi_tracker.orgs.models import Organisation
from kpi_tracker.rollups.models import DirtyBucket


@dataclass(frozen=True, slots=True)
class Backlog:
    """days: of reps and teams, each once for each kind of records. since: when the first of them was marked."""

    days: int
    since: dt.datetime | None

    def seconds(self, now: dt.datetime) -> float:
        return max((now - self.since).total_seconds(), 0.0) if self.since else 0.0


def backlog(organisation: Organisation) -> Backlog:
    days = DirtyBucket.objects.filter(organisation=organisation).order_by().values("scope_kind", "scope_id", "fact", "day")
    found = days.annotate(first=Min("marked_at")).aggregate(days=Count("*"), since=Min("first"))
    return Backlog(**found)


def dirty_organisations() -> list[int]:
    """The ids of all that have something dirty, from one to the next in the index: a million marks of one cost no more than one mark."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE dirty(id) AS (SELECT MIN(organisation_id) FROM rollups_dirtybucket UNION ALL"
            " SELECT (SELECT MIN(organisation_id) FROM rollups_dirtybucket WHERE organisation_id > dirty.id) FROM dirty"
            " WHERE dirty.id IS NOT NULL) SELECT id FROM dirty WHERE id IS NOT NULL"
        )
        return [number for (number,) in cursor.fetchall()]
