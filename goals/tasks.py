"""Celery's entries to the goals. Beat calls the first. Each may run twice, or be killed and run again, without harm."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from goals.carrying import carry_over
from goals.closing import close_ended
from goals.defaults import defaults_apply
from goals.standings import note_standings
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import DAY


@shared_task
def begin_days() -> None:
    """Organisations lie in different zones: each hour some day begins."""
    for organisation_id in Organisation.objects.values_list("pk", flat=True):
        begin_day.delay(organisation_id)


@shared_task
def begin_day(organisation_id: int) -> None:
    """How goals stood last night is kept; ended ones are closed, recurring ones go on, and those who join get theirs."""
    organisation = Organisation.objects.filter(pk=organisation_id).first()
    if organisation is not None:
        now = timezone.now()
        today = organisation.local_day(now)
        note_standings(organisation, today - DAY)
        close_ended(organisation, now=now)
        carry_over(organisation, now=now, today=today)
        defaults_apply(organisation, today=today)
