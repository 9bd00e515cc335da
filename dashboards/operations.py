"""How fresh the figures are, what keeps them so, and how the last rebuild and check went: for admins."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, ngettext, pgettext

from kpi_tracker import formats, queues
from kpi_tracker.rollups import builder, rebuilding, tasks
from kpi_tracker.rollups.backlog import Backlog, backlog
from kpi_tracker.rollups.models import RollupState
from kpi_tracker.rollups.rebuilding import RebuildProgress
from kpi_tracker.scope import Scope

MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Operations:
    """waited: seconds of the oldest day that waits. lengths: None where the queue is away."""

    backlog: Backlog
    waited: float
    state: RollupState
    rebuild: RebuildProgress | None
    lengths: dict[str, int] | None

    @property
    def is_rebuilding(self) -> bool:
        return self.rebuild is not None and self.rebuild.rebuild.done_at is None

    @property
    def is_busy(self) -> bool:
        """Whether the page will soon have other things to tell."""
        return self.is_rebuilding or self.backlog.days > 0

    @property
    def share(self) -> float:
        """Of the rebuild, what is done."""
        return float(Fraction(self.rebuild.done, self.rebuild.slices)) if self.rebuild and self.rebuild.slices else 0.0


def operations(scope: Scope, *, now: dt.datetime) -> Operations:
    waiting = backlog(scope.organisation)
    state = RollupState.objects.within(scope).first() or RollupState(organisation=scope.organisation)
    return Operations(waiting, waiting.seconds(now), state, rebuilding.rebuild_progress(scope.organisation), _lengths())


def _lengths() -> dict[str, int] | None:
    try:
        return queues.lengths()
    except queues.Away:
        return None


# In words --------------------------------------------------------------------------------------------

def duration(seconds: float) -> str:
    """0.04 s, 0.5 s, 3 s, 12 min, 5.5 h, 3 d."""
    number = formats.number
    if seconds < 1:
        return gettext("%(number)s s") % {"number": number(seconds, 2 if formats.rounded(seconds, 2) * 10 % 1 else 1)}
    for limit, size, text in (
        (MINUTE, 1, gettext("%(number)s s")), (HOUR, MINUTE, gettext("%(number)s min")), (2 * DAY, HOUR, gettext("%(number)s h")),
    ):
        if seconds < limit:
            amount = seconds / size
            return text % {"number": number(amount, 1 if amount < 10 and formats.rounded(amount, 1) % 1 else 0)}
    return pgettext("duration in days", "%(number)s d") % {"number": number(seconds / DAY)}


def answer(found: Operations) -> str:
    if found.rebuild is not None and found.is_rebuilding:
        return gettext("All figures are being rebuilt: %(share)s done") % {"share": formats.percent(found.share, 0)}
    if not found.backlog.days:
        return gettext("All figures are up to date")
    text = ngettext("%(number)s day is waiting for %(time)s", "%(number)s days are waiting, the oldest for %(time)s", found.backlog.days)
    return text % {"number": formats.number(found.backlog.days), "time": duration(found.waited)}


def freshness(found: Operations) -> list[tuple[str, str]]:
    state = found.state
    mean = state.seconds / state.refreshes if state.refreshes else None
    last = ngettext("%(time)s for %(number)s day", "%(time)s for %(number)s days", state.last_buckets) % {
        "time": duration(state.last_seconds), "number": formats.number(state.last_buckets),
    }
    return [
        (gettext("Days that wait"), formats.number(found.backlog.days)),
        (gettext("The oldest has waited"), duration(found.waited) if found.backlog.days else formats.NO_VALUE),
        (gettext("The last refresh took"), last if state.refreshes else formats.NO_VALUE),
        (gettext("Refreshes so far"), formats.number(state.refreshes)),
        (gettext("One takes on average"), formats.NO_VALUE if mean is None else duration(mean)),
    ]


def last_rebuild(progress: RebuildProgress) -> list[tuple[str, str]]:
    return [
        (gettext("Parts"), formats.number(progress.slices)),
        (gettext("Kept values that were put right"), formats.number(progress.changed)),
        (gettext("Time, all workers together"), duration(progress.seconds)),
    ]


def queue_rows(lengths: dict[str, int]) -> list[tuple[str, str, int]]:
    """Name, what waits there, how many. What an earlier version has sent is told only where there is some."""
    texts = {
        queues.LIVE: gettext("Changed days on their way into the figures."),
        queues.BULK: gettext("Rebuilds, imports, the nightly check, closing of months."),
        queues.EARLIER: gettext("Sent by an earlier version."),
    }
    return [(name, texts[name], number) for name, number in lengths.items() if number or name != queues.EARLIER]


def limits() -> list[tuple[Any, str]]:
    return [
        (gettext("Changed days are looked for every"), duration(settings.REFRESH_SECONDS)),
        (gettext("An organisation’s turn at most, before others have theirs"), duration(tasks.TURN_SECONDS)),
        (gettext("Days in one step of a refresh at most"), formats.number(builder.BATCH)),
        (gettext("Parts of a rebuild that run at once at most"), formats.number(tasks.SLICES_AT_ONCE)),
        (gettext("Days of all that the nightly check looks at"), formats.number(tasks.VERIFIED_DAYS)),
        (gettext("Rows of an imported file at most"), formats.number(settings.IMPORT_MOST_ROWS)),
        (gettext("Its size at most"), gettext("%(number)s MB") % {"number": formats.number(settings.IMPORT_MOST_BYTES // 1024**2)}),
    ]
