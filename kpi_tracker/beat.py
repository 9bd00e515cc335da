"""Plans jobs, as Celery's own beat does; CELERY_BEAT_SCHEDULER names it."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry
from django.db import DatabaseError

from kpi_tracker import queues
from kpi_tracker.rollups import turns

log = logging.getLogger(__name__)
REFRESH = "kpi_tracker.rollups.tasks.refresh_all"
AHEAD = dt.timedelta(seconds=1)


class Scheduler(PersistentScheduler):
    """Keeps one message that looks for dirty cells in the queue, and goes on where the clock was set back.

    Messages do not expire instead: that is judged by the clock of whoever takes them.
    """

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        if entry.task != REFRESH or self._wants_round():
            super().apply_entry(entry, producer=producer)

    def _wants_round(self) -> bool:
        try:
            return not queues.lengths()[queues.LIVE] or turns.ask_round()
        except (*queues.Away, DatabaseError) as problem:
            log.warning("The queue or the cache is away: %s", problem)
            return False

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Of Celery's own, an entry that ran in what is the future now would wait until then."""
        for entry in self.schedule.values():
            now = entry.default_now()
            if entry.last_run_at is not None and entry.last_run_at > now + AHEAD:
                entry.last_run_at, self._heap = now, None
        return super().tick(*args, **kwargs)
