"""The records behind a term: those that it counts, and those left out with the reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from django.db.models import Case, F, Q, QuerySet, When
from django.utils.translation import gettext_lazy as _

from kpi_tracker.kpis import facts
from kpi_tracker.kpis.direct import Line, lines
from kpi_tracker.kpis.engine import concerning, within_spans
from kpi_tracker.kpis.measures import Direct, DirectKind, Measure, Stock, Term
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.stocks import members_on
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period
from kpi_tracker.sales.models import Contract, Cost, Deal

NOTHING_YET = _("it has not come to that by now")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """reason: translatable text. needs_rate: an exchange rate of the record's currency is missing, on the day `rate_day` names."""

    reason: Any
    records: QuerySet[Any] | Sequence[Line]
    needs_rate: bool = False
    rate_day: str = ""


def model_of(term: Term) -> type[Any]:
    """The table of the records that a term is made of; none of their own for a target."""
    match term:
        case Direct(kind=DirectKind.COST):
            return Cost
        case Direct(kind=DirectKind.WEIGHTED_PIPELINE | DirectKind.EXPECTED_PIPELINE | DirectKind.REMAINING_TARGET):
            return Deal
        case Direct():
            return Contract
        case Measure() | Stock():
            return term.fact.model
        case _:
            assert_never(term)


def counted(
    organisation: Organisation, term: Term, subject: Subject, span: Period, *, today: dt.date
) -> QuerySet[Any] | Sequence[Line]:
    """What the term counts in `span`: rows with `quantity`, in whole units, that sum up to its value.

    Of a measure or stock a queryset, of a direct term `Line`s. A remaining target has no records but those of its revenue.
    """
    match term:
        case Measure():
            about = concerning(organisation, term, subject) & within_spans(term, [span])
            return facts.counted(term, organisation).filter(about)
        case Stock():
            return standing(organisation, term, subject, span.end)
        case Direct(kind=DirectKind.REMAINING_TARGET):
            return ()
        case Direct():
            return sorted_out(lines(organisation, term.kind, subject, span, today))[0]
        case _:
            assert_never(term)


def left_out(organisation: Organisation, term: Term, subject: Subject, span: Period, *, today: dt.date) -> list[LeftOut]:
    """What the term could not count, or people might look for in vain, under the first reason that holds; empty groups too."""
    match term:
        case Measure():
            return _left_out_of_measure(organisation, term, subject, span)
        case Stock():
            return _left_out_of_stock(organisation, term, subject, span.end)
        case Direct(kind=DirectKind.REMAINING_TARGET):
            return []
        case Direct():
            return sorted_out(lines(organisation, term.kind, subject, span, today))[1]
        case _:
            assert_never(term)


def sorted_out(found: Sequence[Line]) -> tuple[list[Line], list[LeftOut]]:
    """The lines that count, and the others by their reason."""
    groups: dict[str, list[Line]] = {}
    for line in found:
        if line.reason is not None:
            groups.setdefault(str(line.reason), []).append(line)
    return [line for line in found if line.reason is None], [LeftOut(group[0].reason, group) for group in groups.values()]


def _left_out_of_measure(organisation: Organisation, measure: Measure, subject: Subject, span: Period) -> list[LeftOut]:
    about = concerning(organisation, measure, subject) & within_spans(measure, [span])
    found = [
        LeftOut(need.reason, rows, need.where is None, measure.converted_on if need.where is None else "")
        for need, rows in facts.left_out(measure, organisation, about)
    ]
    if measure.once is not None and measure.once.reason:
        found.append(LeftOut(measure.once.reason, facts.others(measure, organisation, about)))
    if measure.only:
        found.append(LeftOut(NOTHING_YET, facts.without_outcome(measure, organisation, about)))
    for aside in measure.asides:
        rows = measure.fact.model._default_manager.filter(aside.where, organisation=organisation)
        clock = Measure(measure.key, measure.fact, aside.day or measure.day, aside.rep or measure.rep)
        if aside.day:
            rows = rows.filter(within_spans(clock, [span])).filter(concerning(organisation, clock, subject))
        else:
            rows = rows.filter(_held(organisation, clock, subject, span.end))
        found.append(LeftOut(aside.reason, rows))
    return found


def standing(organisation: Organisation, stock: Stock, subject: Subject, end: dt.date) -> QuerySet[Any]:
    """The deals that make up a stock at the end of the day before `end`, each with its `quantity` and `holder_id`."""
    flow = stock.inflows[0]
    found = _present(organisation, stock, end).filter(_held_deals(organisation, subject, end))
    for need in flow.requires:
        found = found.filter(facts.requirement(need, flow, organisation))
    rows: QuerySet[Any] = found.annotate(quantity=facts.quantity(flow, organisation), holder_id=HOLDER)
    return rows


HOLDER = Case(When(status="open", then=F("owner_id")), default=F("closed_by_id"))


def _present(organisation: Organisation, stock: Stock, end: dt.date) -> QuerySet[Any]:
    """Deals that are not closed before `end` and, as far as is known, have come in by then."""
    entered = stock.inflows[0].day
    there = Q(**{f"{entered}__lt": end}) | Q(**{f"{entered}__isnull": True})
    rows: QuerySet[Any] = Deal.objects.filter(there, Q(closed_on__isnull=True) | Q(closed_on__gte=end), organisation=organisation)
    return rows


def _left_out_of_stock(organisation: Organisation, stock: Stock, subject: Subject, end: dt.date) -> list[LeftOut]:
    flow = stock.inflows[0]
    rest = _present(organisation, stock, end).filter(_held_deals(organisation, subject, end))
    found = []
    for need in flow.requires:
        met = rest.filter(facts.requirement(need, flow, organisation)).values("pk")
        found.append(LeftOut(need.reason, rest.exclude(pk__in=met), need.where is None, flow.converted_on if need.where is None else ""))
        rest = rest.filter(pk__in=met)
    return found


def _held_deals(organisation: Organisation, subject: Subject, end: dt.date) -> Q:
    """The condition that a deal's holder, or customer, is whom the figure is about."""
    def held_by(reps: Sequence[int]) -> Q:
        return Q(status="open", owner_id__in=reps) | (~Q(status="open") & Q(closed_by_id__in=reps))

    match subject.kind:
        case SubjectKind.ORGANISATION:
            return Q()
        case SubjectKind.CUSTOMER:
            return Q(customer_id=subject.id)
        case SubjectKind.REP:
            return held_by([subject.id])
        case SubjectKind.TEAM:
            return held_by(members_on(organisation, subject.id, end))
        case _:
            assert_never(subject.kind)


def _held(organisation: Organisation, measure: Measure, subject: Subject, end: dt.date) -> Q:
    """As `engine.concerning`, for records without a day: a team's are those of its members at the end of the period."""
    if subject.kind is SubjectKind.TEAM:
        return Q(**{f"{measure.rep}__in": members_on(organisation, subject.id, end)})
    return concerning(organisation, measure, subject)
