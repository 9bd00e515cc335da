"""Celery's entries to the rollups. Beat calls them (CELERY_BEAT_SCHEDULE). Each may run twice, or be killed and run again, without harm.

A refresh takes its turn of about half a second and then goes to the end of its queue, so organisations take turns; so do the
slices of a rebuild. A message for an organisation that has been deleted ends quietly.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from typing import Any

from celery import Task, shared_task
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import F
from django.utils import timezone

from kpi_tracker import queues
from kpi_tracker.errors import InternalError
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Grain, Period, day_after
from kpi_tracker.rollups import builder, rebuilding, turns
from kpi_tracker.rollups.backlog import dirty_organisations
from kpi_tracker.rollups.closing import close_due
from kpi_tracker.rollups.models import ClosingRule, DirtyBucket, LateEdit, Rebuild, RebuildSlice, RollupState
from kpi_tracker.rollups.verify import verify

logger = logging.getLogger(__name__)
VERIFIED_DAYS = 20
TURN_SECONDS = 0.5
FIRST_BATCH = 500  # of a turn; the next ones as large as the time that is left allows, by how long this one took
# So many slices of one organisation wait or run at once: more workers than this find nothing to do in it.
SLICES_AT_ONCE = 16


class CellTask(Task):  # type: ignore[type-arg]
    """A task about one organisation's cells: where it ends in an error, the state of the cells tells."""

    def on_failure(self, exc: BaseException, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        organisation_id = args[0] if args else kwargs.get("organisation_id")
        if not isinstance(organisation_id, int):
            return  # a message of another version; an error here would leave it unacknowledged, and the worker waiting for it
        try:
            note_failure(organisation_id, type(exc).__name__, now=timezone.now())
        except (DatabaseError, InterfaceError):
            logger.warning("The failure of %s could not be written down.", task_id, exc_info=True)


def note_failure(organisation_id: int, kind: str, *, now: dt.datetime) -> None:
    with transaction.atomic():
        organisation = Organisation.objects.filter(pk=organisation_id).first()
        if organisation is not None:
            RollupState.objects.get_or_create(organisation=organisation)
            RollupState.objects.filter(organisation=organisation).update(failures=F("failures") + 1, failed_at=now, failure=kind[:80])


@shared_task
def refresh_all() -> None:
    """Send a refresh for each organisation that has dirty buckets, unless one waits or runs; marks left by a deleted organisation go."""
    turns.begin_round()
    dirty = dirty_organisations()
    if not dirty:
        return
    there = set(Organisation.objects.filter(pk__in=dirty).values_list("pk", flat=True))
    if gone := [number for number in dirty if number not in there]:
        DirtyBucket.objects.filter(organisation_id__in=gone).delete()
    idle = not queues.lengths()[queues.LIVE]
    for number, token in turns.ask([number for number in dirty if number in there], idle=idle):
        refresh_organisation.delay(number, token)


@shared_task(base=CellTask)
def refresh_organisation(organisation_id: int, token: str = "", seconds: float = TURN_SECONDS) -> None:
    """One turn. token: from `turns`, empty where the message was sent by hand."""
    organisation = Organisation.objects.filter(pk=organisation_id).first()
    if organisation is None:
        return
    token = turns.begin(organisation_id, token)
    if refresh_for(organisation, seconds) and (following := turns.go_on(organisation_id, token)):
        refresh_organisation.delay(organisation_id, following)
    else:
        turns.end(organisation_id, token)


def refresh_for(organisation: Organisation, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> bool:
    """Refresh batch by batch until `seconds` are over, or nothing is dirty, or another worker is at it; whether something is left to do."""
    limit, began = FIRST_BATCH, clock()
    end = began + seconds
    while claimed := builder.refresh(organisation, limit=limit, wait=False):
        now = clock()
        if now >= end:
            return DirtyBucket.objects.filter(organisation=organisation).exists()
        a_second = claimed / max(now - began, 0.001)
        limit, began = max(FIRST_BATCH, min(builder.BATCH, int(a_second * (end - now)))), now
    return False


@shared_task(base=CellTask)
def rebuild_organisation(organisation_id: int) -> None:
    """Begin to recompute all cells, or go on with it; any number of workers take part."""
    organisation = Organisation.objects.filter(pk=organisation_id).first()
    if organisation is not None:
        rebuilding.rebuild_start(organisation)
        _send_slices(organisation)


def _send_slices(organisation: Organisation) -> None:
    left = RebuildSlice.objects.filter(organisation=organisation, rebuild__done_at=None, done_at=None).count()
    turns.rebuild_lives(organisation.pk)
    # Where the last worker died after the last slice, one more ends the rebuild.
    for _ in range(max(1, min(left, SLICES_AT_ONCE))):
        rebuild_slice.delay(organisation.pk)


@shared_task(base=CellTask)
def rebuild_slice(organisation_id: int) -> None:
    """Do one slice, then go to the end of the queue for the next."""
    organisation = Organisation.objects.filter(pk=organisation_id).first()
    if organisation is None:
        return
    turns.rebuild_lives(organisation_id)
    if rebuilding.rebuild_next(organisation) is not None:
        rebuild_slice.delay(organisation_id)


@shared_task
def resume_rebuilds() -> None:
    """Go on with rebuilds that nobody is at any more: their messages were lost, or all of them ended in errors."""
    for rebuild in Rebuild.objects.filter(done_at=None).select_related("organisation"):
        if turns.rebuild_stands(rebuild.organisation_id):
            _send_slices(rebuild.organisation)


@shared_task(base=CellTask)
def recompute(organisation_id: int, start: str, end: str) -> None:
    organisation = Organisation.objects.filter(pk=organisation_id).first()
    if organisation is not None:
        rebuilding.rebuild(organisation, period=Period(dt.date.fromisoformat(start), dt.date.fromisoformat(end)))


@shared_task
def recompute_recent(grain: str, buckets: int) -> None:
    """Recompute the last `buckets` days, weeks or months of every organisation, up to its today."""
    for organisation in Organisation.objects.all():
        calendar, today = organisation.calendar, organisation.local_day(timezone.now())
        first = calendar.shift(Grain(grain), calendar.bucket(Grain(grain), today), 1 - buckets)
        recompute.delay(organisation.pk, first.start.isoformat(), day_after(today).isoformat())


@shared_task
def verify_sample() -> None:
    """Have a sample of each organisation's cells checked."""
    for organisation_id in Organisation.objects.values_list("pk", flat=True):
        verify_organisation.delay(organisation_id)


@shared_task
def verify_organisation(organisation_id: int) -> None:
    """Compare a sample of the cells with their records; a difference is an error in the log and fails the task."""
    organisation = Organisation.objects.filter(pk=organisation_id).first()
    if organisation is None:
        return
    now = timezone.now()
    found = verify(organisation, sample=VERIFIED_DAYS, seed=organisation.local_day(now).toordinal())
    RollupState.objects.update_or_create(organisation=organisation, defaults={"verified_at": now, "differences": len(found)})
    for difference in found:
        logger.error("%s: %s", organisation.slug, difference)
    if found:
        raise InternalError(f"{len(found)} cells of {organisation.slug} differ from their records; run rollup_rebuild and report the log.")


@shared_task
def close_months() -> None:
    """Close the months that are due in organisations that want it; edits written down for a deleted organisation go."""
    LateEdit.objects.exclude(organisation__in=Organisation.objects.all()).delete()
    for organisation_id in ClosingRule.objects.order_by("organisation_id").values_list("organisation_id", flat=True):
        close_organisation.delay(organisation_id)


@shared_task
def close_organisation(organisation_id: int) -> None:
    organisation = Organisation.objects.filter(pk=organisation_id).first()
    if organisation is not None:
        close_due(organisation, now=timezone.now())
