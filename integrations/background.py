"""Large files go in as a job: checked whole, and once that is confirmed, written a step at a time.

Each step is a transaction of its own, so that others get their turn and figures follow while the file goes in. How far it is
stands in the same transaction. What a killed worker left, the next one goes through again from the first row: rows that are in
already change nothing and are not counted twice.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import DurationField, F, Q, Value
from django.db.models.functions import Now
from django.db.models.lookups import GreaterThan
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from integrations import uploads
from integrations.importers.kinds import KINDS
from integrations.importers.mapping import from_data
from integrations.importers.reader import File, Outcome, Progress, Terms, import_in_steps
from integrations.models import Import
from kpi_tracker.orgs.selectors import organisation_scope

STEP = 4000
# Of a job that has done nothing for so long, the worker is taken to be gone.
SILENT = dt.timedelta(seconds=60)
MOST_ATTEMPTS = 5


class TakenOver(Exception):
    """Another worker has the file now, or it was thrown away: this one is not needed any more."""


def silent(*, longer_than: dt.timedelta = SILENT) -> list[int]:
    """Files under way with which nobody has done anything for a while. They are taken to be sent for again now.

    By the database's clock, as workers' own may differ.
    """
    resting = Import.objects.filter(state__in=Import.UNDER_WAY).exclude(_spoken_within(longer_than))
    found = list(resting.order_by("id").values_list("pk", flat=True))
    Import.objects.filter(pk__in=found).update(touched_at=Now(), run="")
    return found


def discard_stale(*, now: dt.datetime) -> int:
    """Throw away the files that nobody confirmed for IMPORT_KEEP_DAYS. How many these were."""
    before = now - dt.timedelta(days=settings.IMPORT_KEEP_DAYS)
    amount = 0
    for note in Import.objects.filter(state__in=[Import.State.WAITING, Import.State.FAILED], created_at__lt=before).iterator():
        note.delete()
        amount += 1
    return amount


def _spoken_within(time: dt.timedelta) -> Q:
    return Q(touched_at__isnull=False) & Q(GreaterThan(F("touched_at"), Now() - Value(time, output_field=DurationField())))


def take_further(import_id: int, *, now: dt.datetime) -> None:
    """Check the file, or write its rows, whichever is to be done. Nothing where another worker is at it."""
    note = _take(import_id)
    if note is None:
        return
    language = (note.created_by.language if note.created_by else "") or note.organisation.language
    with translation.override(language):
        if note.attempts > MOST_ATTEMPTS:
            broken_off = _("It was broken off %(times)d times at about row %(row)d.")
            _fail(note, broken_off % {"times": MOST_ATTEMPTS, "row": note.rows_done + 1})
            return
        try:
            with uploads.on_disk(note) as file:
                _check(note, file, now=now) if note.state == Import.State.CHECKING else _write(note, file, now=now)
        except TakenOver:
            return
        except (IntegrityError, DataError) as error:
            _fail(note, _("The database refused a row: %(error)s") % {"error": str(error).splitlines()[0]})


@transaction.atomic
def _take(import_id: int) -> Import | None:
    note: Import | None = Import.objects.select_for_update().filter(pk=import_id, state__in=Import.UNDER_WAY).first()
    if note is None or (note.run and Import.objects.filter(_spoken_within(SILENT), pk=note.pk).exists()):
        return None
    note.run, note.touched_at, note.attempts = uuid.uuid4().hex, Now(), note.attempts + 1
    note.save(update_fields=["run", "touched_at", "attempts"])
    return note


def _terms(note: Import, now: dt.datetime) -> Terms:
    mapping = from_data(note.mapping) if note.mapping else None
    return Terms(scope=organisation_scope(note.organisation), kind=KINDS[note.kind], now=now, mapping=mapping)


def _check(note: Import, file: File, *, now: dt.datetime) -> None:
    """Go through all of it; each step is rolled back."""
    outcome = Outcome(file)

    @contextmanager
    def step(progress: Progress) -> Iterator[None]:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        _still_ours(note, rows_done=progress.rows, rejected=progress.rejected, touched_at=Now())

    import_in_steps(outcome, _terms(note, now), step=step, size=STEP, most_rows=settings.IMPORT_MOST_ROWS, only_check=True)
    found = {"rows": outcome.rows, "rejected": outcome.rejected, "check_result": outcome.to_json()}
    _still_ours(note, state=Import.State.WAITING, attempts=0, run="", **found)


def _write(note: Import, file: File, *, now: dt.datetime) -> None:
    """Write its rows. Where one is refused after all, because what it refers to has changed since the check, the rest is checked only."""
    terms, outcome = _terms(note, now), Outcome(file)
    before = (0, 0, 0)

    @contextmanager
    def step(progress: Progress) -> Iterator[None]:
        nonlocal before
        with transaction.atomic():
            held = _held(note)
            yield
            if progress.rejected:
                transaction.set_rollback(True)
            elif progress.rows > held.rows_done or progress.is_last:
                _count(held, progress, before)
        _still_ours(note, rejected=progress.rejected, touched_at=Now())
        before = progress.counts

    import_in_steps(outcome, terms, step=step, size=STEP, most_rows=settings.IMPORT_MOST_ROWS)
    if outcome.errors:
        _fail(note, _("Something that its rows refer to has changed since the check."), outcome)
        return
    with transaction.atomic():
        held = _held(note)
        held.state, held.finished_at, held.check_result = Import.State.DONE, timezone.now(), {}
        held.mapping, held.source = outcome.mapping.to_json(), terms.source_of(outcome.mapping)
        held.save()
        uploads.discard(held)


def _count(held: Import, progress: Progress, before: tuple[int, int, int]) -> None:
    """Add what a step has done, with it: rows that an earlier attempt wrote are counted already."""
    created, updated, unchanged = (new - old for new, old in zip(progress.counts, before, strict=True))
    held.created += created
    held.updated += updated
    held.unchanged += unchanged
    held.rows_done, held.attempts = progress.rows, 1
    held.save(update_fields=["created", "updated", "unchanged", "rows_done", "attempts"])


def _held(note: Import) -> Import:
    """The file as it stands now, for this worker alone until the transaction ends."""
    held: Import | None = Import.objects.select_for_update().filter(pk=note.pk, run=note.run, state=Import.State.RUNNING).first()
    if held is None:
        raise TakenOver
    return held


def _still_ours(note: Import, **values: Any) -> None:
    if not Import.objects.filter(pk=note.pk, run=note.run, state=note.state).update(**values):
        raise TakenOver


def _fail(note: Import, reason: str, outcome: Outcome | None = None) -> None:
    values = {"check_result": outcome.to_json()} if outcome else {}
    Import.objects.filter(pk=note.pk, run=note.run).update(state=Import.State.FAILED, reason=reason[:500], **values)
