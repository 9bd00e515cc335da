"""A file of targets for the grid: what each of its lines would do, before anything is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from goals.deciding import Decisions, Place, goals_at_places, is_open, marks_of
from goals.grid import name_of
from goals.models import Goal
from integrations.importers import goals
from integrations.importers.dialect import Table
from integrations.importers.issues import Issue
from integrations.importers.mapping import settle
from integrations.importers.sheet import Sheet
from kpi_tracker.errors import InvalidInput, UserError
from kpi_tracker.scope import Scope

MOST_LINES = 900  # what one form can send


class Fate(StrEnum):
    """What a line would do."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WRONG = "wrong"

    @property
    def label(self) -> Any:
        return _FATES[self]

    @property
    def tone(self) -> str:
        return {Fate.NEW: "good", Fate.CHANGED: "warn", Fate.UNCHANGED: "calm", Fate.WRONG: "bad"}[self]


_FATES = {
    Fate.NEW: gettext_lazy("new"), Fate.CHANGED: gettext_lazy("changed"), Fate.UNCHANGED: gettext_lazy("unchanged"),
    Fate.WRONG: gettext_lazy("wrong"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """number: of the line, from 1, the header counted. cells: as they stand. why: what is wrong. name: of the grid's field for it."""

    number: int
    fate: Fate
    cells: tuple[str, ...]
    place: Place | None = None
    target: Decimal | None = None
    old: Decimal | None = None
    why: str = ""
    name: str = ""
    runs: bool = False


@dataclass(frozen=True, slots=True)
class DryRun:
    """empty: how many lines have no target, which is no mistake: such cells are left as they are."""

    lines: tuple[Line, ...]
    empty: int

    def of(self, fate: Fate) -> list[Line]:
        return [line for line in self.lines if line.fate is fate]

    @property
    def to_write(self) -> list[Line]:
        return [line for line in self.lines if line.fate in (Fate.NEW, Fate.CHANGED)]

    @property
    def needs_reason(self) -> bool:
        return any(line.runs for line in self.to_write)

    @property
    def counts(self) -> list[tuple[Fate, int]]:
        return [(fate, number) for fate in Fate if (number := len(self.of(fate)))]


@dataclass(frozen=True, slots=True)
class Read:
    """A line as it was read. record: None where it could not be."""

    number: int
    cells: tuple[str, ...]
    record: goals.GoalRecord | None


def dry_run(scope: Scope, data: bytes, *, name: str, now: dt.datetime, today: dt.date) -> DryRun:
    """Raises InvalidInput where the file as a whole is no table of goals."""
    table = Table(data, name=name)
    mapping = settle(None, table.header, goals.FIELDS, goals.NOUNS)
    for needed in (field for field in goals.FIELDS if field.required):
        if not mapping.covers(needed.key):
            message = gettext("No column was recognised as “%(field)s”.") % {"field": needed.label}
            raise InvalidInput(message, field="file", code="no_column")
    sheet = Sheet(table, mapping, goals.FIELDS, zone=scope.organisation.zone, today=today)
    read, empty = _read(sheet, scope)
    of_file = next((issue for issue in sheet.issues if not issue.line), None)
    if of_file is not None:
        raise InvalidInput(f"{of_file.message} {of_file.advice}", field="file", code="style")
    return DryRun(tuple(_judged(scope, read, sheet.issues, now=now, today=today)), empty)


def _read(sheet: Sheet, scope: Scope) -> tuple[list[Read], int]:
    found: list[Read] = []
    empty = 0
    for row in sheet.rows():
        if not row.text("target"):
            empty += 1
            continue
        if len(found) == MOST_LINES:
            message = gettext("The file has more than %(most)d rows; split it.") % {"most": MOST_LINES}
            raise InvalidInput(message, field="file", code="too_many_rows")
        found.append(Read(row.number, row.line.cells, goals.read(row, scope)))
    return found, empty


def _judged(scope: Scope, read: list[Read], issues: Iterable[Issue], *, now: dt.datetime, today: dt.date) -> Iterator[Line]:
    problems: dict[int, str] = {}
    for issue in issues:
        problems.setdefault(issue.line, f"{issue.column}: {issue.message} {issue.advice}".strip() if issue.column else issue.message)
    places = [place_of(one.record) for one in read if one.record is not None]
    there = goals_at_places(scope.organisation, places)
    marks, decisions = marks_of(scope.organisation, there.values()), Decisions(scope, now=now, today=today)
    seen: dict[Place, int] = {}
    for one in read:
        if one.record is None:
            yield Line(one.number, Fate.WRONG, one.cells, why=problems.get(one.number, gettext("This line cannot be read.")))
            continue
        place = place_of(one.record)
        goal = there.get(place)
        runs = goal is not None and goal.starts_on <= today
        line = Line(one.number, Fate.UNCHANGED, one.cells, place, one.record.target, goal.target if goal else None, runs=runs)
        if goal is not None and goal.target == one.record.target and place not in seen:
            yield line
        elif why := _fault(decisions, place, one.record.target, goal, seen.get(place), today):
            yield replace(line, fate=Fate.WRONG, why=why)
        else:
            yield replace(line, fate=Fate.CHANGED if goal else Fate.NEW, name=name_of(place, marks[goal.pk] if goal else ""))
        seen.setdefault(place, one.number)


def _fault(
    decisions: Decisions, place: Place, target: Decimal, goal: Goal | None, earlier_line: int | None, today: dt.date
) -> str:
    """Why a line cannot be written; empty where it can."""
    if earlier_line is not None:
        return gettext("Line %(line)d speaks of the same goal.") % {"line": earlier_line}
    try:
        decisions.check(place[0], place[1], target)
    except UserError as wrong:
        return wrong.message
    if place[2].end <= today:
        return gettext("This goal's period is over: what it was measured against stays.")
    if not is_open(goal, place[2], today=today):
        return gettext("This goal waits for an answer, or follows from its baseline: change it on its own page.")
    return ""


def place_of(record: goals.GoalRecord) -> Place:
    return record.kpi, record.subject, record.period
