"""One file from bytes to rows in the database: all of it, or a list of what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from integrations.importers import goals
from integrations.importers.dialect import BrokenFile, Table
from integrations.importers.issues import Issue, Level
from integrations.importers.kinds import FileKind
from integrations.importers.mapping import ColumnMapping, from_data, kept_for, settle
from integrations.importers.sheet import Row, Sheet
from kpi_tracker.errors import InvalidInput
from kpi_tracker.sales.batch import chunks
from kpi_tracker.sales.records import AnyRecord, Problem, UpsertSummary
from kpi_tracker.sales.services import RecordProblems, RecordsUpsert
from kpi_tracker.scope import Scope

# The source of files that name none.
FILE = "file"


@dataclass(frozen=True, slots=True)
class File:
    """data: the content, or where it lies."""

    name: str
    data: bytes | Path


@dataclass(frozen=True, slots=True)
class Terms:
    """How files are read.

    source: where their ids come from; empty: what the mapping says, else simply a file.
    create_reps: also make reps that are only named.
    """

    scope: Scope
    kind: FileKind
    now: dt.datetime
    source: str = ""
    mapping: ColumnMapping | None = None
    create_reps: bool = False

    @property
    def today(self) -> dt.date:
        return self.scope.organisation.local_day(self.now)

    def source_of(self, mapping: ColumnMapping) -> str:
        return self.source or mapping.source or FILE


@dataclass
class Outcome:
    """What became, or would become, of one file. skipped: its lines of sums. unused: columns that mean no field.

    offer: the kept mapping that fits a file whose columns were only guessed; empty where none does.
    """

    file: File
    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    header: tuple[str, ...] = ()
    summary: UpsertSummary = field(default_factory=UpsertSummary)
    issues: list[Issue] = field(default_factory=list)
    rejected: int = 0
    rows: int = 0
    skipped: list[int] = field(default_factory=list)
    offer: str = ""

    @property
    def errors(self) -> list[Issue]:
        return [issue for issue in self.issues if issue.level is Level.ERROR]

    @property
    def warnings(self) -> list[Issue]:
        return [issue for issue in self.issues if issue.level is Level.WARNING]

    @property
    def also_made_labels(self) -> list[tuple[str, int]]:
        """What was made because rows name it, in words."""
        words = {
            "reps": _("reps"), "customers": _("customers"), "products": _("products"), "stages": _("stages"), "teams": _("teams"),
            "pipelines": _("pipelines"), "types": _("activity types"),
        }  # fmt: skip
        return [(words[name], number) for name, number in self.summary.also_made]

    def to_json(self) -> dict[str, Any]:
        """All of it but the file."""
        summary = self.summary
        return {
            "mapping": self.mapping.to_json(), "header": list(self.header), "issues": [issue.to_json() for issue in self.issues],
            "rejected": self.rejected, "rows": self.rows, "skipped": self.skipped, "offer": self.offer,
            "counts": [summary.created, summary.updated, summary.unchanged], "also_made": [list(made) for made in summary.also_made],
        }  # fmt: skip

    @classmethod
    def from_json(cls, file: File, data: dict[str, Any]) -> Outcome:
        created, updated, unchanged = data["counts"]
        summary = UpsertSummary(created, updated, unchanged, tuple((name, number) for name, number in data["also_made"]))
        return cls(
            file, mapping=from_data(data["mapping"]), header=tuple(data["header"]), summary=summary,
            issues=[Issue.from_json(issue) for issue in data["issues"]], rejected=data["rejected"], rows=data["rows"],
            skipped=data["skipped"], offer=data["offer"],
        )

    @property
    def unused(self) -> list[str]:
        used = self.mapping.named
        return [name for name in self.header if name and name not in used]


def import_file(file: File, terms: Terms) -> Outcome:
    """Write a file's rows, inside the caller's transaction; where the outcome has errors, the caller rolls back."""
    outcome = Outcome(file)
    with _noting(outcome):
        sheet = _sheet(outcome, terms)
        if sheet is not None and terms.kind.record is None:
            _write_goals(sheet, terms, outcome)
        elif sheet is not None:
            _write_records(sheet, terms, outcome, step=_at_once, size=None)
    return outcome


# Opens and ends the transaction of one step of a file.
Step = Callable[["Progress"], AbstractContextManager[None]]


def _at_once(_progress: Progress) -> AbstractContextManager[None]:
    return nullcontext()


def import_in_steps(outcome: Outcome, terms: Terms, *, step: Step, size: int, most_rows: int, only_check: bool = False) -> None:
    """Write a file's rows, `size` at a time, each time inside `step`; what has become of them is put into `outcome`.

    From the first problem on nothing is written, and the rows that are left are only checked. only_check: all of them are, and `step`
    rolls back.
    """
    with _noting(outcome):
        sheet = _sheet(outcome, terms)
        if sheet is not None:
            _write_records(sheet, terms, outcome, step=step, size=size, most_rows=most_rows, only_check=only_check)


@contextmanager
def _noting(outcome: Outcome) -> Iterator[None]:
    """What is wrong with the file as a whole is one of its issues."""
    try:
        yield
    except BrokenFile as error:
        outcome.issues.append(Issue(error.line, "", error.message, _("Mend the file, or export it again."), file=outcome.file.name))
        outcome.rejected += 1
    except InvalidInput as error:
        outcome.issues.append(Issue(0, "", error.message, _("Mend the mapping."), file=outcome.file.name))


def _sheet(outcome: Outcome, terms: Terms) -> Sheet | None:
    """The file's rows as its columns mean them; None where a column is missing, which is an issue then."""
    file = outcome.file
    table = Table(file.data, name=file.name)
    outcome.header = table.header
    if terms.mapping is None and (kept := kept_for(terms.kind.key, table.header)) is not None:
        outcome.offer = kept.name
    outcome.mapping = settle(terms.mapping, table.header, terms.kind.fields, terms.kind.nouns)
    if missing := [one for one in terms.kind.required if not outcome.mapping.covers(one.key)]:
        outcome.issues += [_missing(file, str(one.label), one.key, table) for one in missing]
        return None
    return Sheet(table, outcome.mapping, terms.kind.fields, zone=terms.scope.organisation.zone, today=terms.today)


def _missing(file: File, label: str, key: str, table: Table) -> Issue:
    message = _("No column was recognised as “%(field)s”.") % {"field": label}
    columns = ", ".join(name for name in table.header if name)
    advice = _("Say which one it is (the file has: %(columns)s), with %(key)s under [columns] in a mapping.")
    return Issue(table.header_line, "", message, advice % {"columns": columns, "key": key}, file=file.name)


def _write_goals(sheet: Sheet, terms: Terms, outcome: Outcome) -> None:
    try:
        outcome.summary = goals.write(sheet, terms.scope)
    except RecordProblems as found:
        outcome.issues += [_issue(sheet, problem) for problem in found.problems]
        outcome.rejected += found.rejected
    finally:
        _close(sheet, outcome)


@dataclass(slots=True)
class Progress:
    """How far a file is read and written. is_last: all rows are taken, what refers to others among them is settled."""

    sheet: Sheet
    upsert: RecordsUpsert
    is_last: bool = False

    @property
    def rows(self) -> int:
        return len(self.sheet.lines) + self.sheet.rejected

    @property
    def rejected(self) -> int:
        return self.sheet.rejected + len(self.upsert.batch.rejected)

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.upsert.counts


def _write_records(
    sheet: Sheet, terms: Terms, outcome: Outcome, *, step: Step, size: int | None, most_rows: int | None = None, only_check: bool = False
) -> None:
    if terms.kind.record is None:
        raise TypeError("Only files of records go in in steps.")
    upsert = RecordsUpsert(
        organisation=terms.scope.organisation, kind=terms.kind.record, source=terms.source_of(outcome.mapping), now=terms.now,
        create_reps=terms.create_reps or outcome.mapping.create_reps, may_lead_nowhere=outcome.mapping.leave_empty,
        only_check=only_check,
    )
    progress = Progress(sheet, upsert)
    records = _records(sheet, terms.kind)
    try:
        for some in [records] if size is None else chunks(records, size):
            with step(progress):
                upsert.step(some)
            if most_rows is not None and progress.rows > most_rows:
                raise BrokenFile(_("The file has more than %(most)d rows; split it.") % {"most": most_rows})
        progress.is_last = True
        with step(progress):
            upsert.finish()
        outcome.summary = upsert.summary()
        outcome.issues += [_issue(sheet, problem, Level.WARNING) for problem in outcome.summary.left_empty]
    except RecordProblems as found:
        outcome.issues += [_issue(sheet, problem) for problem in found.problems]
        outcome.rejected += found.rejected
    finally:
        _close(sheet, outcome)


def _close(sheet: Sheet, outcome: Outcome) -> None:
    outcome.rows = len(sheet.lines) + sheet.rejected
    outcome.rejected += sheet.rejected
    outcome.skipped = sheet.table.totals_so_far
    outcome.issues = sorted([*sheet.issues, *outcome.issues], key=lambda issue: (issue.level != Level.ERROR, issue.line))


def _records(sheet: Sheet, kind: FileKind) -> Iterator[AnyRecord]:
    if kind.read is None:
        return
    for row in sheet.rows():
        record = kind.read(row)
        if record is None or row.failed:
            sheet.rejected += 1
            continue
        sheet.lines.append(row.number)
        yield record


def _issue(sheet: Sheet, problem: Problem, level: Level = Level.ERROR) -> Issue:
    column = sheet.column_of(problem.field) if problem.field else ""
    return Issue(sheet.lines[problem.index], column, problem.message, problem.advice, level, sheet.table.name)


def first_rows(file: File, count: int = 5) -> list[Row]:
    """The first rows as they stand, for a preview."""
    table = Table(file.data, name=file.name)
    sheet = Sheet(table, ColumnMapping(), (), zone=dt.UTC, today=dt.date.min)
    return [row for row, _number in zip(sheet.rows(), range(count), strict=False)]
