"""What has happened until now, in the order in which it was made."""

from __future__ import annotations

import datetime as dt

from kpi_tracker.demo.records import Act
from kpi_tracker.demo.shapes import share_of_day
from kpi_tracker.periods import DAY

# Where the running day is if nothing else is said: 14:30, in seconds.
AFTERNOON = 14 * 3600 + 30 * 60


class Timeline:
    """Activities from `start` (those of a sale also from before) up to the second `now` of `today`."""

    def __init__(self, *, start: dt.date, today: dt.date, now: int = AFTERNOON) -> None:
        self.start = start
        self.today = today
        self.now = now
        self.acts: list[Act] = []

    def happened(self, day: dt.date, second: int = 0) -> bool:
        return (day, second) <= (self.today, self.now)

    def share(self, day: dt.date) -> float:
        """How much of the work of `day` is done."""
        return 1.0 if day < self.today else share_of_day(day, self.now) if day == self.today else 0.0

    def until(self, day: dt.date) -> int | None:
        return self.now if day == self.today else None

    def add(self, act: Act) -> None:
        """Keep what has happened, and meetings that have been agreed; those called off are so a few days after that."""
        if self.happened(act.day, act.second):
            self.acts.append(act)
        elif act.kind == "meeting" and act.booked_on is not None and self.happened(act.booked_on):
            called_off = act.outcome == "cancelled" and act.booked_on < self.today - 3 * DAY
            self.acts.append(act._replace(outcome="cancelled" if called_off else "planned", duration=None))
