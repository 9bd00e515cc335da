"""The handbook of KPIs: what each one means, narrowed to what somebody looks for, and how one of them stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from dashboards.catalogue import Shown, ShownKpi
from dashboards.formula_words import part_words
from goals.progress import progress
from goals.rows import Row, row
from goals.selectors import goals_at
from kpi_tracker.kpis import guidance, handbook
from kpi_tracker.kpis.advice import Job, can_move
from kpi_tracker.kpis.metrics import AnyKpi, Category, Course, Lever, SimpleKpi, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiValue
from kpi_tracker.periods import DAY, Grain, Period
from kpi_tracker.rollups.reader import ask
from kpi_tracker.scope import Scope

MOST_GOALS = 6
Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Entry:
    """A KPI with its facts in words. labels: of the KPIs that are one term each, by the term's key."""

    shown: ShownKpi
    labels: Mapping[str, str]

    @property
    def kpi(self) -> AnyKpi:
        return self.shown.kpi

    @property
    def own_id(self) -> int | None:
        """Which own KPI of the organisation it is; None if it is built in."""
        word, _colon, number = self.kpi.key.partition(":")
        return int(number) if word == "own" and number else None

    @property
    def kind(self) -> handbook.Kind:
        return handbook.kind_of(self.kpi)

    @property
    def parts(self) -> str:
        return handbook.parts(self.kpi, lambda term: part_words(self.kpi, term, self.labels))

    @property
    def unit(self) -> Any:
        return handbook.UNIT_LABELS[self.kpi.unit]

    @property
    def better(self) -> str:
        return handbook.better(self.kpi)

    @property
    def subjects(self) -> str:
        return handbook.subjects(self.kpi)

    @property
    def levers(self) -> list[Lever]:
        return [lever for lever in Lever if lever in self.kpi.levers]

    @property
    def jobs(self) -> list[Job]:
        return [job for job in Job if can_move(job, self.kpi)]

    @property
    def moves(self) -> str:
        return guidance.moves(self.kpi)

    @property
    def influence(self) -> str:
        return guidance.influence(self.kpi)

    def mentions(self, text: str) -> bool:
        kpi = self.kpi
        words = " ".join(str(part) for part in (self.shown.label, kpi.label, kpi.key, kpi.description, kpi.clock))
        return all(word in words.casefold() for word in text.casefold().split())


def entries_of(shown: Shown) -> list[Entry]:
    """Every KPI that the organisation shows."""
    labels = {one.kpi.measure.key: one.label for one in shown.all if isinstance(one.kpi, SimpleKpi)}
    return [Entry(one, labels) for one in shown.all]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the handbook is narrowed to; empty: everything."""

    text: str = ""
    job: Job | None = None
    lever: Lever | None = None
    category: Category | None = None
    subject: SubjectKind | None = None

    @property
    def any(self) -> bool:
        return bool(self.text or self.job or self.lever or self.category or self.subject)

    def takes(self, entry: Entry) -> bool:
        kpi = entry.kpi
        return (
            (self.job is None or can_move(self.job, kpi))
            and (self.lever is None or self.lever in kpi.levers)
            and (self.category is None or kpi.category is self.category)
            and (self.subject is None or self.subject in kpi.subjects)
            and entry.mentions(self.text)
        )


def read_wanted(query: Mapping[str, str]) -> Wanted:
    """From an address; a word that means nothing is left out."""
    return Wanted(
        text=query.get("q", "").strip()[:100], job=_word(Job, query.get("role", "")), lever=_word(Lever, query.get("lever", "")),
        category=_word(Category, query.get("category", "")), subject=_word(SubjectKind, query.get("for", "")),
    )


def _word(words: type[Word], text: str) -> Word | None:
    return next((word for word in words if word == text), None)


def by_category(entries: Sequence[Entry]) -> list[tuple[Any, list[Entry]]]:
    return [(category.label, found) for category in Category if (found := [one for one in entries if one.kpi.category is category])]


def by_lever(entries: Sequence[Entry]) -> list[tuple[Lever, list[Entry]]]:
    """What moves each factor of sales velocity; velocity itself, which is all of them, is left out. Empty where nothing moves any."""
    found = [(lever, [one for one in entries if lever in one.levers and len(one.levers) < len(Lever)]) for lever in Lever]
    return found if any(moving for _lever, moving in found) else []


# One KPI -------------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Standing:
    """How a KPI stands in the running month, for the widest subject that the viewer sees."""

    subject: Subject
    month: Period
    span: Period
    value: KpiValue


def standing(scope: Scope, kpi: AnyKpi, today: dt.date) -> Standing | None:
    """None where the viewer sees nobody whom the KPI is measured for."""
    subject = _widest(scope, kpi)
    if subject is None:
        return None
    month = scope.organisation.calendar.bucket(Grain.MONTH, today)
    span = month if kpi.course is Course.WHOLE else Period(month.start, today + DAY)
    found = ask(scope.organisation, KpiQuery((kpi.key,), subject, (span,), medians=True), today=today)
    return Standing(subject, month, span, found[kpi.key, span, None])


def _widest(scope: Scope, kpi: AnyKpi) -> Subject | None:
    if scope.sees_organisation and SubjectKind.ORGANISATION in kpi.subjects:
        return Subject(SubjectKind.ORGANISATION)
    if scope.rep_id is not None and SubjectKind.REP in kpi.subjects:
        return Subject(SubjectKind.REP, scope.rep_id)
    return None


@dataclass(frozen=True, slots=True)
class Used:
    """The goals of a KPI that run now: the first of them, and how many there are."""

    rows: list[Row]
    number: int


def used(scope: Scope, key: str, today: dt.date) -> Used:
    running = goals_at(scope, today).filter(kpi=key)
    first = list(running[:MOST_GOALS])
    found = progress(scope.organisation, first, today=today)
    return Used([row(found[goal.id]) for goal in first], running.count())
