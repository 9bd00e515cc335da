"""One file from bytes to rows in the database: all of it, or a list of what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from integrations.importers import goals
from integrations.importers.dialect import BrokenFile, Table
from integrations.importers.issues import Issue, Level
from integrations.importers.kinds import FileKind
from integrations.importers.mapping import ColumnMapping, kept_for, settle
from integrations.importers.sheet import Row, Sheet
from kpi_tracker.errors import InvalidInput
from kpi_tracker.sales.records import AnyRecord, Problem, UpsertSummary
from kpi_tracker.sales.services import RecordProblems, records_upsert
from kpi_tracker.scope import Scope

# The source of files that name none.
FILE = "file"


@dataclass(frozen=True, slots=True)
class File:
    name: str
    data: bytes


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

    @property
    def unused(self) -> list[str]:
        used = self.mapping.named
        return [name for name in self.header if name and name not in used]


def import_file(file: File, terms: Terms) -> Outcome:
    """Write a file's rows, inside the caller's transaction; where the outcome has errors, the caller rolls back."""
    outcome = Outcome(file)
    try:
        table = Table(file.data, name=file.name)
        outcome.header = table.header
        if terms.mapping is None and (kept := kept_for(terms.kind.key, table.header)) is not None:
            outcome.offer = kept.name
        outcome.mapping = settle(terms.mapping, table.header, terms.kind.fields, terms.kind.nouns)
        if missing := [one for one in terms.kind.required if not outcome.mapping.covers(one.key)]:
            outcome.issues += [_missing(file, str(one.label), one.key, table) for one in missing]
            return outcome
        _read_and_write(table, terms, outcome)
        outcome.skipped = table.totals()
    except BrokenFile as error:
        outcome.issues.append(Issue(error.line, "", error.message, _("Mend the file, or export it again."), file=file.name))
        outcome.rejected += 1
    except InvalidInput as error:
        outcome.issues.append(Issue(0, "", error.message, _("Mend the mapping."), file=file.name))
    return outcome


def _missing(file: File, label: str, key: str, table: Table) -> Issue:
    message = _("No column was recognised as “%(field)s”.") % {"field": label}
    columns = ", ".join(name for name in table.header if name)
    advice = _("Say which one it is (the file has: %(columns)s), with %(key)s under [columns] in a mapping.")
    return Issue(table.header_line, "", message, advice % {"columns": columns, "key": key}, file=file.name)


def _read_and_write(table: Table, terms: Terms, outcome: Outcome) -> None:
    organisation = terms.scope.organisation
    sheet = Sheet(table, outcome.mapping, terms.kind.fields, zone=organisation.zone, today=terms.today)
    try:
        if terms.kind.record is None:
            outcome.summary = goals.write(sheet, terms.scope)
        else:
            outcome.summary = records_upsert(
                organisation=organisation, kind=terms.kind.record, records=_records(sheet, terms.kind),
                source=terms.source_of(outcome.mapping), now=terms.now, create_reps=terms.create_reps or outcome.mapping.create_reps,
                may_lead_nowhere=outcome.mapping.leave_empty,
            )
            outcome.issues += [_issue(sheet, problem, Level.WARNING) for problem in outcome.summary.left_empty]
    except RecordProblems as found:
        outcome.issues += [_issue(sheet, problem) for problem in found.problems]
        outcome.rejected += found.rejected
    finally:
        outcome.rows = len(sheet.lines) + sheet.rejected
    outcome.rejected += sheet.rejected
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
