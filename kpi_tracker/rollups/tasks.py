"""Celery's entries to the rollups. Beat calls them (see CELERY_BEAT_SCHEDULE); each may run twice without harm."""

from __future__ import annotations

import datetime as dt
import logging

from celery import shared_task
from django.utils import timezone

from kpi_tracker.errors import InternalError
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Grain, Period, day_after
from kpi_tracker.rollups import builder
from kpi_tracker.rollups.closing import close_due
from kpi_tracker.rollups.models import ClosingRule, DirtyBucket, LateEdit
from kpi_tracker.rollups.verify import verify

logger = logging.getLogger(__name__)
VERIFIED_DAYS = 20


@shared_task
def refresh_all() -> None:
    """Start a refresh of each organisation that has dirty buckets; marks left by a deleted organisation go."""
    DirtyBucket.objects.exclude(organisation__in=Organisation.objects.all()).delete()
    for organisation_id in DirtyBucket.objects.order_by().values_list("organisation_id", flat=True).distinct():
        refresh_organisation.apply_async((organisation_id,), expires=30)


@shared_task
def refresh_organisation(organisation_id: int) -> None:
    """Refresh until nothing is dirty, unless another worker is at it."""
    organisation = Organisation.objects.get(pk=organisation_id)
    while builder.refresh(organisation, wait=False):
        pass


@shared_task
def recompute(organisation_id: int, start: str, end: str) -> None:
    builder.rebuild(Organisation.objects.get(pk=organisation_id), period=Period(dt.date.fromisoformat(start), dt.date.fromisoformat(end)))


@shared_task
def recompute_recent(grain: str, buckets: int) -> None:
    """Recompute the last `buckets` days, weeks or months of every organisation, up to its today."""
    for organisation in Organisation.objects.all():
        calendar, today = organisation.calendar, organisation.local_day(timezone.now())
        first = calendar.shift(Grain(grain), calendar.bucket(Grain(grain), today), 1 - buckets)
        recompute.delay(organisation.pk, first.start.isoformat(), day_after(today).isoformat())


@shared_task
def verify_sample() -> None:
    """Check a sample of each organisation's cells; a difference is an error in the log and fails the task."""
    wrong = 0
    for organisation in Organisation.objects.all():
        seed = organisation.local_day(timezone.now()).toordinal()
        for difference in verify(organisation, sample=VERIFIED_DAYS, seed=seed):
            logger.error("%s: %s", organisation.slug, difference)
            wrong += 1
    if wrong:
        raise InternalError(f"{wrong} cells differ from their records; run rollup_rebuild and report the log.")


@shared_task
def close_months() -> None:
    """Close the months that are due in organisations that want it; edits written down for a deleted organisation go."""
    LateEdit.objects.exclude(organisation__in=Organisation.objects.all()).delete()
    for organisation_id in ClosingRule.objects.order_by("organisation_id").values_list("organisation_id", flat=True):
        close_organisation.delay(organisation_id)


@shared_task
def close_organisation(organisation_id: int) -> None:
    close_due(Organisation.objects.get(pk=organisation_id), now=timezone.now())
