"""Celery's entries to the goals. Beat calls them (CELERY_BEAT_SCHEDULE). Each may run twice, or be killed and run again, without harm."""

from __future__ import annotations

import datetime as dt

from celery import shared_task
from django.utils import timezone

from goals.closing import close_ended
from goals.models import Goal, State
from kpi_tracker.orgs.models import Organisation


@shared_task
def close_ended_goals() -> None:
    """Close the goals whose last day is over where they are; each organisation by a job of its own."""
    tomorrow = timezone.now().date() + dt.timedelta(days=1)  # it has begun somewhere
    due = Goal.objects.filter(state=State.AGREED, ends_on__lte=tomorrow).order_by("organisation_id")
    for organisation_id in due.values_list("organisation_id", flat=True).distinct():
        close_goals.delay(organisation_id)


@shared_task
def close_goals(organisation_id: int) -> None:
    organisation = Organisation.objects.filter(pk=organisation_id).first()
    if organisation is not None:
        close_ended(organisation, now=timezone.now())
