"""Celery's entries to jobs on the records. Each may run twice, or be killed and run again, without harm."""

from __future__ import annotations

from celery import shared_task
from django.db.models import F, Q
from django.utils import timezone

from kpi_tracker.orgs.models import Organisation, ZoneChange
from kpi_tracker.sales import local_days


@shared_task
def follow_time_zone(organisation_id: int) -> None:
    """Bring the stored local days of an organisation into its time zone."""
    local_days.recompute(Organisation.objects.get(pk=organisation_id), now=timezone.now())


@shared_task
def follow_time_zones() -> None:
    """Start the job where a zone was changed, however that was done, or where a job did not come to its end."""
    under_way = ZoneChange.objects.filter(finished_at=None).values("organisation_id")
    for organisation in Organisation.objects.filter(~Q(days_timezone=F("timezone")) | Q(pk__in=under_way)):
        follow_time_zone.delay(organisation.pk)
