"""Imports of files: all of them, or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from integrations import uploads
from integrations.importers.issues import Issue, Level
from integrations.importers.mapping import ColumnMapping
from integrations.importers.reader import File, Outcome, Terms, import_file
from integrations.models import Import
from kpi_tracker.errors import InvalidInput, UserError


class ImportRejected(UserError):
    """The files have problems; nothing of any was written."""

    code = "import_rejected"

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = tuple(outcomes)
        super().__init__("\n".join(str(issue) for issue in self.issues))

    @property
    def issues(self) -> list[Issue]:
        return [issue for outcome in self.outcomes for issue in outcome.errors]

    @property
    def rejected(self) -> int:
        return sum(outcome.rejected for outcome in self.outcomes)


def files_import(*, files: Sequence[File], terms: Terms) -> list[Outcome]:
    """Write the rows of all files, or raise `ImportRejected` with the problems of all."""
    with transaction.atomic():
        outcomes = [import_file(file, terms) for file in files]
        if any(outcome.errors for outcome in outcomes):
            raise ImportRejected(outcomes)
        for outcome in outcomes:
            _note(outcome, terms)
    return outcomes


def file_check(*, file: File, terms: Terms) -> Outcome:
    """What importing the file would do, with nothing written."""
    with transaction.atomic():
        outcome = import_file(file, terms)
        transaction.set_rollback(True)
    return outcome


def _note(outcome: Outcome, terms: Terms) -> None:
    _finish(note=import_note(file=outcome.file, terms=terms, keep_content=False), outcome=outcome, terms=terms)


@transaction.atomic
def import_note(*, file: File, terms: Terms, mapping: ColumnMapping | None = None, keep_content: bool = True) -> Import:
    """Write down a file that came in. mapping: what its columns mean, as far as known. keep_content: until it is confirmed.

    A large one is to be checked by a job.
    """
    sha256, size = uploads.digest(file.data)
    is_large = keep_content and size > settings.IMPORT_AT_ONCE_BYTES and terms.kind.goes_in_steps
    note: Import = Import.objects.create(
        organisation=terms.scope.organisation, kind=terms.kind.key, file_name=file.name[:200], sha256=sha256, size=size,
        source=terms.source_of(terms.mapping or ColumnMapping()), created_by_id=terms.scope.user_id, created_at=terms.now,
        mapping=mapping.to_json() if mapping else {}, is_large=is_large,
    )
    if keep_content:
        uploads.keep(note, uploads.pieces(file.data))
    if is_large:
        import_check(note=note, now=terms.now)
    return note


def import_map(*, note: Import, mapping: ColumnMapping, now: dt.datetime) -> None:
    """Keep what the person said about the columns of a waiting file, which is to be checked again."""
    note.mapping = mapping.to_json()
    note.save(update_fields=["mapping"])
    if note.is_large:
        import_check(note=note, now=now)


def import_check(*, note: Import, now: dt.datetime) -> None:
    """A job is to check the file."""
    _begin(note, Import.State.CHECKING, now)


def import_confirm(*, note: Import, terms: Terms) -> Outcome | None:
    """Write the rows of a waiting file, or raise `ImportRejected`. A large file is left to a job: None."""
    if note.is_large:
        if note.check_result.get("rejected") or any(issue.level is Level.ERROR for issue in found_problems(note)):
            raise ImportRejected([found_outcome(note)])
        _begin(note, Import.State.RUNNING, terms.now)
        return None
    with transaction.atomic():
        outcome = import_file(file_of(note), terms)
        if outcome.errors:
            raise ImportRejected([outcome])
        _finish(note=note, outcome=outcome, terms=terms)
    return outcome


def _begin(note: Import, state: Import.State, now: dt.datetime) -> None:
    """Leave the file to a job, unless one has it already: two people may press at once."""
    idle = Import.objects.filter(pk=note.pk, organisation=note.organisation, state__in=[Import.State.WAITING, Import.State.FAILED])
    idle.update(
        state=state, rows_done=0, rejected=0, created=0, updated=0, unchanged=0, reason="", run="", attempts=0, touched_at=Now()
    )
    note.refresh_from_db()


def import_discard(*, note: Import) -> None:
    """A file under way may only be thrown away while it is checked: the check stops then."""
    if note.state in (Import.State.DONE, Import.State.RUNNING):
        raise InvalidInput(_("This file is imported already."), code="import_done")
    note.delete()


def file_of(note: Import) -> File:
    """The whole content of a small file."""
    content = b"".join(bytes(part) for part in note.parts.order_by("number").values_list("content", flat=True))
    if note.state == Import.State.DONE:
        raise InvalidInput(_("This file is imported already."), code="import_done")
    return File(note.file_name, content)


def found_problems(note: Import) -> list[Issue]:
    """What the check of a large file, or its import, found."""
    return [Issue.from_json(data) for data in note.check_result.get("issues", [])]


def found_outcome(note: Import) -> Outcome:
    """What the check of a large file found."""
    return Outcome.from_json(uploads.head(note), note.check_result)


def _finish(*, note: Import, outcome: Outcome, terms: Terms) -> None:
    summary = outcome.summary
    note.state, note.finished_at = Import.State.DONE, terms.now
    note.rows = note.rows_done = outcome.rows
    note.created, note.updated, note.unchanged = summary.created, summary.updated, summary.unchanged
    note.mapping, note.source = outcome.mapping.to_json(), terms.source_of(outcome.mapping)
    note.save()
    uploads.discard(note)
