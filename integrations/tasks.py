"""Celery's entries to imports. Each may run twice, or be killed and run again, without harm."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from integrations import background


@shared_task
def take_further(import_id: int) -> None:
    """Check a large file, or write its rows."""
    background.take_further(import_id, now=timezone.now())


@shared_task
def follow_imports() -> None:
    """Send again for files under way whose worker was killed, or whose message was lost."""
    for import_id in background.silent():
        take_further.delay(import_id)


@shared_task
def remove_stale_uploads() -> None:
    """Files that were neither confirmed nor thrown away go after IMPORT_KEEP_DAYS."""
    background.discard_stale(now=timezone.now())
