"""The records behind one part of a figure, as one person may see them: counted and left out, narrowed, sorted, in pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import pgettext_lazy

from dashboards.formulas import Part
from dashboards.math_links import Member
from dashboards.piles import Group, Listed, Order, Pile, Queried, Sums, Together, Wanted
from dashboards.record_columns import Column, Shape, Text, quantity_column, shape_of
from kpi_tracker.kpis import records
from kpi_tracker.kpis.direct import Line, lines
from kpi_tracker.kpis.measures import Dimension, Direct, Measure
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.records import LeftOut
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period
from kpi_tracker.scope import Scope

PAGE = 50
REASON = Column("reason", pgettext_lazy("column", "Why not"), lambda record, scope: Text(record.reason))
Found = QuerySet[Any] | Sequence[Any]
MEMBERS = {Dimension.REP: SubjectKind.REP, Dimension.TEAM: SubjectKind.TEAM, Dimension.CUSTOMER: SubjectKind.CUSTOMER}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose records of which part."""

    organisation: Organisation
    part: Part
    subject: Subject
    member: Member | None
    today: dt.date


@dataclass(frozen=True, slots=True)
class Reason:
    text: str
    number: int


@dataclass(frozen=True, slots=True)
class Records:
    """all: what the part is made of. hidden: of that, what the viewer may not see. shown: what is listed, on all pages together.

    reasons: why records were left out, each with how many of them the viewer may see; left_hidden: how many more there are.
    """

    shape: Shape
    columns: tuple[Column, ...]
    found: Found
    all: Sums
    hidden: Sums
    shown: Sums
    reasons: tuple[Reason, ...]
    left_hidden: int

    @property
    def left_number(self) -> int:
        return sum(reason.number for reason in self.reasons) + self.left_hidden

    def page(self, number: str) -> Page[Any]:
        return Paginator(self.found, PAGE, allow_empty_first_page=True).get_page(number)

    def rows(self, scope: Scope, found: Iterable[Any]) -> Iterator[tuple[Text, ...]]:
        return (tuple(column.write(record, scope) for column in self.columns) for record in found)


def wanted_from(query: QueryDict) -> Wanted:
    """What an address asks for; what means nothing narrows nothing."""
    try:
        day = dt.date.fromisoformat(query.get("day", ""))
    except ValueError:
        day = None
    rep, left = query.get("rep", ""), query.get("list") == "left"
    return Wanted(
        left=left, rep=int(rep) if rep.isdecimal() else 0, customer=query.get("customer", "").strip()[:100],
        text=query.get("q", "").strip()[:100], day=day, reason=query.get("reason", "") if left else "", sort=query.get("sort", ""),
    )


def records_of(scope: Scope, asked: Asked, wanted: Wanted) -> Records:
    term = asked.part.term
    shape = shape_of(term, records.model_of(term), asked.subject, left=wanted.left)
    whole, groups = piles_of(asked)
    seen, all_sums = whole.seen(scope), whole.sums()
    hidden = Sums() if scope.sees_all_reps else all_sums - seen.sums()
    mine = [group.seen(scope) for group in groups]
    numbers = [group.pile.sums().number for group in mine]
    reasons = tuple(Reason(group.reason, number) for group, number in zip(mine, numbers, strict=True) if number)
    left_hidden = 0 if scope.sees_all_reps else sum(group.pile.sums().number for group in groups) - sum(numbers)
    if wanted.left:
        picked = [
            group.narrowed(shape, wanted) for group, number in zip(mine, numbers, strict=True)
            if number and wanted.reason in ("", group.reason)
        ]
        columns: tuple[Column, ...] = (*shape.columns, REASON)
        found: Found = Together(picked, shape, order_of(columns, shape, wanted))
        return Records(shape, columns, found, all_sums, hidden, Sums(len(found)), reasons, left_hidden)
    narrowed = seen.narrowed(shape, wanted) if wanted.narrows else seen
    quantity = quantity_column(term)
    columns = (*shape.columns, quantity) if quantity else shape.columns
    shown = narrowed.sums() if wanted.narrows else all_sums - hidden
    return Records(shape, columns, narrowed.ordered(shape, order_of(columns, shape, wanted)), all_sums, hidden, shown, reasons, left_hidden)


def order_of(columns: Sequence[Column], shape: Shape, wanted: Wanted) -> Order:
    """The column asked for, else the newest first."""
    path = next((column.order for column in columns if column.order and column.key == wanted.sort.removeprefix("-")), "")
    if path:
        return Order(path, down=wanted.sort.startswith("-"))
    return Order(shape.days[0])


# Counted, and left out -----------------------------------------------------------------------------

def piles_of(asked: Asked) -> tuple[Pile, list[Group]]:
    """The part's records and those left out of it, whoever may see them."""
    part, member = asked.part, asked.member
    if part.span is None:
        return Listed(()), []
    found, left = _found(asked, asked.subject, part.span)
    if member is not None:
        theirs, theirs_left = _found(asked, _as_subject(asked, member), part.span)
        by_reason = {str(one.reason): one.records for one in theirs_left}
        found = _of_member(asked, member, found, theirs)
        left = [
            replace(one, records=_of_member(asked, member, one.records, by_reason[str(one.reason)]))
            for one in left if str(one.reason) in by_reason
        ]
    return _pile(found), [Group(str(one.reason), _pile(one.records), one.rate_day if one.needs_rate else "") for one in left]


def _found(asked: Asked, subject: Subject, span: Period) -> tuple[QuerySet[Any] | Sequence[Line], list[LeftOut]]:
    organisation, term, today = asked.organisation, asked.part.term, asked.today
    if isinstance(term, Direct):
        return records.sorted_out(lines(organisation, term.kind, subject, span, today))
    return (
        records.counted(organisation, term, subject, span, today=today), records.left_out(organisation, term, subject, span, today=today)
    )


def _as_subject(asked: Asked, member: Member) -> Subject:
    """The member as a subject of its own; a stage or product is none, and is looked for among the subject's records."""
    return Subject(MEMBERS[member.by], member.id) if member.by in MEMBERS else asked.subject


def _of_member(asked: Asked, member: Member, found: Any, theirs: Any) -> Any:
    """What concerns both the subject and the member."""
    term = asked.part.term
    if isinstance(found, QuerySet):
        path = term.fact.path(member.by) if isinstance(term, Measure) else None
        return found.filter(**{path: member.id}) if path else found.filter(pk__in=theirs.order_by().values("pk"))
    kept = {line.record.pk for line in theirs}
    return [line for line in found if line.record.pk in kept]


def _pile(found: QuerySet[Any] | Sequence[Line]) -> Pile:
    return Queried(found) if isinstance(found, QuerySet) else Listed(found)
