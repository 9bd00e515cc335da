"""Imports of files: all of them, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from integrations.importers.issues import Issue
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


def import_note(*, file: File, terms: Terms, mapping: ColumnMapping | None = None, keep_content: bool = True) -> Import:
    """Write down a file that came in. mapping: what its columns mean, as far as known. keep_content: until it is confirmed."""
    note: Import = Import.objects.create(
        organisation=terms.scope.organisation, kind=terms.kind.key, file_name=file.name[:200], sha256=hashlib.sha256(file.data).hexdigest(),
        size=len(file.data), source=terms.source_of(terms.mapping or ColumnMapping()), created_by_id=terms.scope.user_id,
        created_at=terms.now,
        content=file.data if keep_content else None, mapping=mapping.to_json() if mapping else {},
    )
    return note


def import_map(*, note: Import, mapping: ColumnMapping) -> None:
    """Keep what the person said about the columns of a waiting file."""
    note.mapping = mapping.to_json()
    note.save(update_fields=["mapping"])


def import_confirm(*, note: Import, terms: Terms) -> Outcome:
    """Write the rows of a waiting file, or raise `ImportRejected`."""
    with transaction.atomic():
        outcome = import_file(file_of(note), terms)
        if outcome.errors:
            raise ImportRejected([outcome])
        _finish(note=note, outcome=outcome, terms=terms)
    return outcome


def import_discard(*, note: Import) -> None:
    if note.state != Import.State.WAITING:
        raise InvalidInput(_("This file is imported already."), code="import_done")
    note.delete()


def file_of(note: Import) -> File:
    if note.content is None:
        raise InvalidInput(_("This file is imported already."), code="import_done")
    return File(note.file_name, bytes(note.content))


def _finish(*, note: Import, outcome: Outcome, terms: Terms) -> None:
    summary = outcome.summary
    note.state, note.content, note.finished_at = Import.State.DONE, None, terms.now
    note.created, note.updated, note.unchanged = summary.created, summary.updated, summary.unchanged
    note.mapping, note.source = outcome.mapping.to_json(), terms.source_of(outcome.mapping)
    note.save()
