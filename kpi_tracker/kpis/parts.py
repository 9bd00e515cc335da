"""What passes between the questions of KPIs and the sources of their parts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol, TypeVar

from kpi_tracker.kpis.measures import Dimension, Measure, Unit
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a figure is about. The organisation itself needs no id."""

    kind: SubjectKind
    id: int = 0


EVERYTHING = Subject(SubjectKind.ORGANISATION)


class Part(NamedTuple):
    """A term's value, in whole units, and the number of records in it."""

    value: int = 0
    records: int = 0

    def plus(self, other: Part) -> Part:
        return Part(self.value + other.value, self.records + other.records)

    def minus(self, other: Part) -> Part:
        return Part(self.value - other.value, self.records - other.records)


NOTHING = Part()
MemberId = int | None
Parts = dict[tuple[str, Period, MemberId], Part]


@dataclass(frozen=True, slots=True)
class Want:
    """What is asked of a source: each measure's part in each span, for the subject or for each member of `by` within it."""

    measures: tuple[Measure, ...]
    subject: Subject
    spans: tuple[Period, ...]
    by: Dimension | None = None


class Source(Protocol):
    """Where the parts of measures come from: an answer to each want, in their order. What has no records may be left out of it."""

    def __call__(self, organisation: Organisation, wants: Sequence[Want]) -> Sequence[Parts]: ...


class MedianSource(Protocol):
    """The median of each want's only measure in its only span, for each member."""

    def __call__(self, organisation: Organisation, wants: Sequence[Want]) -> Sequence[dict[MemberId, Decimal]]: ...


# Work that stops to ask, and goes on with the answers: so that what several pieces of work need is asked for at once.
T = TypeVar("T")
Steps = Generator[list[Want], Sequence[Parts], T]


def side_by_side(works: Sequence[Steps[T]]) -> Steps[list[T]]:
    """Several pieces of work as one: each round asks for what all of them need next."""
    done: dict[int, T] = {}
    waiting: dict[int, list[Want]] = {}

    def go_on(place: int, answers: Sequence[Parts] | None) -> None:
        try:
            waiting[place] = next(works[place]) if answers is None else works[place].send(answers)
        except StopIteration as end:
            done[place] = end.value

    for place in range(len(works)):
        go_on(place, None)
    while waiting:
        asked, waiting = waiting, {}
        answers = yield [want for wants in asked.values() for want in wants]
        start = 0
        for place, wants in asked.items():
            go_on(place, answers[start : start + len(wants)])
            start += len(wants)
    return [done[place] for place in range(len(works))]


def finish(work: Steps[T], ask: Callable[[list[Want]], Sequence[Parts]]) -> T:
    """Do the work, with the answers that `ask` gives."""
    answers: Sequence[Parts] | None = None
    try:
        while True:
            wants = next(work) if answers is None else work.send(answers)
            answers = ask(wants) if wants else []
    except StopIteration as end:
        found: T = end.value
        return found


def in_unit(value: int, unit: Unit) -> Decimal:
    """A term's whole number in the unit that people read: hundredths become the base currency."""
    return Decimal(value).scaleb(-2) if unit is Unit.MONEY else Decimal(value)
