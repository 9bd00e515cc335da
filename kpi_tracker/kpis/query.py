"""What is asked of the KPI layer, and how parts become values.

A question is a `KpiQuery`. Its answer is a `KpiTable` of `KpiValue`s, whichever source the parts of its measures came from:
`kpis.engine` (straight from the records) or `rollups.reader` (from cells). Both have the function `ask`. Stocks are summed
up from their flows (`kpis.stocks`), direct terms are worked out from their records (`kpis.direct`), whatever the source.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import assert_never

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import direct, registry, stocks
from kpi_tracker.kpis.catalogue import CYCLE_DAYS, DEALS_WON_WITH_CYCLE
from kpi_tracker.kpis.measures import Dimension, Direct, DirectKind, Measure, Stock, Term
from kpi_tracker.kpis.metrics import (
    Against,
    AnyKpi,
    Factor,
    FormulaKpi,
    GrowthKpi,
    Limit,
    RatioKpi,
    SimpleKpi,
    SubjectKind,
    Window,
    all_terms_of,
)
from kpi_tracker.kpis.parts import (
    EVERYTHING,
    NOTHING,
    MedianSource,
    MemberId,
    Part,
    Parts,
    Source,
    Steps,
    Subject,
    Want,
    finish,
    in_unit,
    side_by_side,
)
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.workdays import work_week
from kpi_tracker.periods import Grain, Period, add_months, day_after

BROKEN_DOWN = {Dimension.TEAM: SubjectKind.TEAM, Dimension.REP: SubjectKind.REP, Dimension.CUSTOMER: SubjectKind.CUSTOMER}


@dataclass(frozen=True, slots=True)
class KpiQuery:
    """Values of `kpis` for `subject`, one for each span; with `by`, one for each member of that dimension too.

    A rep within a team counts with the days on which the rep belonged to it, so that reps add up to the team; a stock
    counts for the team that its holder belongs to on the span's last day.
    """

    kpis: tuple[str, ...]
    subject: Subject
    spans: tuple[Period, ...]
    by: Dimension | None = None
    medians: bool = False


@dataclass(frozen=True, slots=True)
class FactorValue:
    """A factor of a formula with the span that it was taken over. capped: a limit changed its value."""

    factor: Factor
    span: Period
    value: KpiValue
    used: Decimal | None
    capped: bool = False


@dataclass(frozen=True, slots=True)
class KpiValue:
    """One figure. `value` is None where there is none to give (a denominator of zero).

    Money is in the base currency, percentages are fractions, durations are days. `count` is the number of records in the
    numerator; `denominator` is None for KPIs that are no ratios, and for a coverage without a target. Of a formula the
    numerator and denominator are the products of its factors' values.
    immature: what becomes of the cohort's records is not known yet. capped: a limit of a factor changed the value.
    """

    value: Decimal | None
    numerator: Decimal
    denominator: Decimal | None = None
    count: int = 0
    median: Decimal | None = None
    immature: bool = False
    capped: bool = False
    factors: tuple[FactorValue, ...] = ()


KpiTable = dict[tuple[str, Period, MemberId], KpiValue]


def answer(
    organisation: Organisation, queries: Sequence[KpiQuery], *, source: Source, medians: MedianSource, today: dt.date
) -> list[KpiTable]:
    """The values asked for, all queries together. `today`, a local day, tells which spans are still running."""
    asked = direct.Asked(organisation, today)
    works = [_table(asked, one, _medians(organisation, one, medians)) for one in queries]
    return finish(side_by_side(works), lambda wants: source(organisation, wants))


Medians = dict[tuple[str, Period], dict[MemberId, Decimal]]


def _medians(organisation: Organisation, query: KpiQuery, source: MedianSource) -> Medians:
    wants: dict[tuple[str, Period], Want] = {}
    for key in query.kpis if query.medians else ():
        kpi = registry.kpi(key, organisation)
        if isinstance(kpi, RatioKpi) and kpi.median and isinstance(kpi.numerator, Measure):
            wants |= {(key, span): Want((kpi.numerator,), query.subject, (span,), query.by) for span in query.spans}
    return dict(zip(wants, source(organisation, list(wants.values())), strict=True)) if wants else {}


def _table(asked: direct.Asked, query: KpiQuery, medians: Medians) -> Steps[KpiTable]:
    organisation, today = asked.organisation, asked.today
    kpis = [registry.kpi(key, organisation) for key in query.kpis]
    for kpi in kpis:
        check_asked(kpi, query.subject.kind, query.by)
    lags, ripens = _needs_cycle(organisation, kpis)
    cycle = cycle_of((yield [_cycle_want(today)])[0]) if lags else None
    spans = Spans(organisation, query.spans, kpis, today, cycle)
    works = [_parts(asked, query, spans.needed(kpis))]
    if ripens and not lags:  # then it does not say where the parts are taken, and is asked for with them
        works.append(_answer_to(_cycle_want(today)))
    parts, *rest = yield from side_by_side(works)
    if rest:
        spans.cycle = cycle_of(rest[0])
    members: list[MemberId] = [None]
    if query.by:
        members = list(dict.fromkeys(member for _, _, member in parts if member is not None))
    evaluations = {member: _Evaluation(spans, parts, member) for member in members}
    table: KpiTable = {}
    for kpi in kpis:
        for span in query.spans:
            median = medians.get((kpi.key, span), {})
            for member, evaluation in evaluations.items():
                found = evaluation.of(kpi, span)
                table[kpi.key, span, member] = replace(found, median=median[member]) if member in median else found
    return table


def _answer_to(want: Want) -> Steps[Parts]:
    return (yield [want])[0]


def check_asked(kpi: AnyKpi, kind: SubjectKind, by: Dimension | None) -> None:
    """Raises where the KPI is not measured for such a subject, or cannot be broken down by that dimension."""
    if kind not in kpi.subjects:
        raise InvalidInput(f"{kpi.key} is not measured for a {kind}.", field="scope", code="scope_not_measured")
    if by is not None and not breaks_down(kpi, by):
        raise InvalidInput(f"{kpi.key} is not broken down by {by}.", field="by", code="not_broken_down")


def breaks_down(kpi: AnyKpi, by: Dimension) -> bool:
    """Whether the KPI has a value for each member of the dimension."""
    if by in BROKEN_DOWN:
        return BROKEN_DOWN[by] in kpi.subjects
    return all(isinstance(term, Measure) and term.fact.path(by) is not None for term in all_terms_of(kpi))


class Spans:
    """Which days each part of each KPI is taken over."""

    def __init__(
        self, organisation: Organisation, spans: Sequence[Period], kpis: Sequence[AnyKpi], today: dt.date, cycle: int | None
    ) -> None:
        """cycle: how many days a sale usually takes (`cycle_of`), where one of the KPIs needs it."""
        self.organisation, self.spans, self.today, self.cycle = organisation, spans, today, cycle
        growing = {kpi.against for kpi in kpis if isinstance(kpi, GrowthKpi)}
        self.before = spans_before(organisation, spans, today) if Against.PERIOD_BEFORE in growing else {}
        self.years = {span: years(organisation, span, today) for span in spans} if Against.YEAR_BEFORE in growing else {}

    def above(self, kpi: RatioKpi, span: Period) -> Period | None:
        counted = self.below(kpi, span)
        if counted is not None and kpi.lagged and self.organisation.lag_costs and self.cycle:
            lag = dt.timedelta(days=self.cycle)
            return Period(counted.start - lag, counted.end - lag)
        return counted

    def below(self, kpi: RatioKpi, span: Period) -> Period | None:
        return self.so_far(span) if kpi.until_today else span

    def so_far(self, span: Period) -> Period | None:
        """The part of `span` up to and with today."""
        return None if self.today < span.start else Period(span.start, min(span.end, day_after(self.today)))

    def of_factor(self, factor: Factor, span: Period) -> Period:
        if factor.window is Window.SPAN:
            return span
        end = min(span.end, day_after(self.today))
        months = 12 if factor.window is Window.YEAR else self.organisation.velocity_months
        return Period(add_months(end, -months), end)

    def compared(self, kpi: GrowthKpi, span: Period) -> tuple[Period | None, Period | None]:
        """What growth takes as now and as before."""
        if kpi.against is Against.YEAR_BEFORE:
            return self.years[span]
        return span, self.before.get(span)

    def immature(self, span: Period) -> bool:
        """Whether the cohort's last records have not had the time that a sale usually takes."""
        return self.cycle is None or span.end + dt.timedelta(days=self.cycle) > day_after(self.today)

    def needed(self, kpis: Iterable[AnyKpi]) -> Iterator[tuple[Term, Period]]:
        for kpi in kpis:
            for span in self.spans:
                yield from self._needs(kpi, span)

    def _needs(self, kpi: AnyKpi, span: Period) -> Iterator[tuple[Term, Period]]:
        pairs: list[tuple[Term, Period | None]] = []
        match kpi:
            case SimpleKpi():
                pairs = [(kpi.measure, span)]
            case RatioKpi():
                pairs = [(kpi.numerator, self.above(kpi, span)), (kpi.denominator, self.below(kpi, span))]
            case GrowthKpi():
                pairs = [(kpi.of.measure, each) for each in self.compared(kpi, span)]
            case FormulaKpi():
                for factor in kpi.factors:
                    yield from self._needs(factor.kpi, self.of_factor(factor, span))
            case _:
                assert_never(kpi)
        yield from ((term, each) for term, each in pairs if each is not None)


def _with_factors(kpis: Iterable[AnyKpi]) -> Iterator[AnyKpi]:
    for kpi in kpis:
        yield kpi
        if isinstance(kpi, FormulaKpi):
            yield from _with_factors(factor.kpi for factor in kpi.factors)


def _parts(asked: direct.Asked, query: KpiQuery, needed: Iterable[tuple[Term, Period]]) -> Steps[Parts]:
    """The parts of all terms. Measures that need the same spans go into one want."""
    spans_of: dict[str, dict[Period, None]] = defaultdict(dict)
    terms: dict[str, Term] = {}
    for term, span in needed:
        terms[term.key] = term
        spans_of[term.key][span] = None
    groups: dict[tuple[Period, ...], list[Measure]] = defaultdict(list)
    works: list[Steps[Parts]] = []
    for key, term in terms.items():
        spans = tuple(spans_of[key])
        match term:
            case Measure():
                groups[spans].append(term)
            case Stock():
                works.append(stocks.parts(asked.organisation, term, query.subject, spans, query.by))
            case Direct():
                works.append(direct.parts(asked, term.kind, query.subject, spans, query.by))
            case _:
                assert_never(term)
    works += [_answer_to(Want(tuple(measures), query.subject, spans, query.by)) for spans, measures in groups.items()]
    found: Parts = {}
    for parts in (yield from side_by_side(works)):
        found |= parts
    return found


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """Values of KPIs for one member out of the parts."""

    spans: Spans
    parts: Parts
    member: MemberId

    def _part(self, term: Term, span: Period | None) -> Part:
        return self.parts.get((term.key, span, self.member), NOTHING) if span is not None else NOTHING

    def of(self, kpi: AnyKpi, span: Period) -> KpiValue:
        match kpi:
            case SimpleKpi():
                found = self._part(kpi.measure, span)
                value = in_unit(found.value, kpi.measure.unit)
                return KpiValue(value=value, numerator=value, count=found.records)
            case RatioKpi():
                return self._ratio(kpi, span)
            case GrowthKpi():
                return self._growth(kpi, span)
            case FormulaKpi():
                return self._formula(kpi, span)
            case _:
                assert_never(kpi)

    def _ratio(self, kpi: RatioKpi, span: Period) -> KpiValue:
        above, below = self._part(kpi.numerator, self.spans.above(kpi, span)), self._part(kpi.denominator, self.spans.below(kpi, span))
        numerator = in_unit(above.value, kpi.numerator.unit)
        denominator: Decimal | None = in_unit(below.value, kpi.denominator.unit)
        value = numerator / denominator if denominator else None
        if isinstance(kpi.denominator, Direct) and kpi.denominator.kind is DirectKind.REMAINING_TARGET:
            value = value if below.value > 0 else None
            denominator = denominator if below.records else None
        return KpiValue(
            value=value, numerator=numerator, denominator=denominator, count=above.records,
            immature=kpi.cohort and self.spans.immature(span),
        )

    def _growth(self, kpi: GrowthKpi, span: Period) -> KpiValue:
        now, then = (self._part(kpi.of.measure, each) for each in self.spans.compared(kpi, span))
        difference, base = in_unit(now.value - then.value, kpi.of.unit), in_unit(then.value, kpi.of.unit)
        return KpiValue(value=difference / base if base > 0 else None, numerator=difference, denominator=base, count=now.records)

    def _formula(self, kpi: FormulaKpi, span: Period) -> KpiValue:
        times = tuple(self._factor(factor, span) for factor in kpi.times)
        over = tuple(self._factor(factor, span) for factor in kpi.over)
        above, below = _product(times), _product(over)
        return KpiValue(
            value=above / below if above is not None and below else None, numerator=above or ZERO, denominator=below or ZERO,
            capped=any(one.capped or one.value.capped for one in (*times, *over)), factors=(*times, *over),
        )

    def _factor(self, factor: Factor, span: Period) -> FactorValue:
        over = self.spans.of_factor(factor, span)
        value = self.of(factor.kpi, over)
        used = value.value
        match factor.limit:
            case Limit.ONE_OR_MORE:
                used = None if used is None else max(used, Decimal(1))
            case Limit.CUSTOMER_LIFETIME:
                most = Decimal(self.spans.organisation.most_customer_years)
                used = min(used, most) if used else most  # without customers at the start there is no churn either
        return FactorValue(factor, over, value, used, capped=used != value.value)


ZERO = Decimal(0)


def _product(factors: Sequence[FactorValue]) -> Decimal | None:
    found = Decimal(1)
    for factor in factors:
        if factor.used is None:
            return None
        found *= factor.used
    return found


def _needs_cycle(organisation: Organisation, kpis: Sequence[AnyKpi]) -> tuple[bool, bool]:
    """Whether the usual sales cycle says where parts of the KPIs are taken, and whether it says when they are settled."""
    ratios = [kpi for kpi in _with_factors(kpis) if isinstance(kpi, RatioKpi)]
    return organisation.lag_costs and any(kpi.lagged for kpi in ratios), any(kpi.cohort for kpi in ratios)


def _cycle_want(today: dt.date) -> Want:
    end = day_after(today)
    return Want((CYCLE_DAYS, DEALS_WON_WITH_CYCLE), EVERYTHING, (Period(add_months(end, -12), end),))


def cycle_of(parts: Parts) -> int | None:
    """How many days a sale usually takes: the mean of the last twelve months, rounded up; None where nothing was won."""
    found = {key: part.value for (key, _span, _member), part in parts.items()}
    total, number = (found.get(one.key, 0) for one in (CYCLE_DAYS, DEALS_WON_WITH_CYCLE))
    return -(-total // number) if number else None


def spans_of(organisation: Organisation, span: Period, kpi: AnyKpi, *, today: dt.date, source: Source) -> Spans:
    """Which days the parts of one figure are taken over."""
    cycle = cycle_of(source(organisation, [_cycle_want(today)])[0]) if any(_needs_cycle(organisation, [kpi])) else None
    return Spans(organisation, (span,), (kpi,), today, cycle)


def years(organisation: Organisation, span: Period, today: dt.date) -> tuple[Period | None, Period | None]:
    """The fiscal year up to the end of `span`, and as much of the one before: by working days while it runs, else by the calendar."""
    calendar = organisation.calendar
    last = min(span.last, max(today, span.start)) if today in span else span.last
    start = calendar.bucket(Grain.YEAR, last).start
    now = Period(start, span.end)
    if not (today in span and span.last != today):
        return now, now.year_before()
    week = work_week(organisation)
    before = calendar.shift(Grain.YEAR, calendar.bucket(Grain.YEAR, last), -1)
    gone = len(week.open_days(Period(start, day_after(today))))
    days = week.open_days(before)
    end = days[gone] if gone < len(days) else before.end
    return now, Period(before.start, end) if end > before.start else None


def spans_before(organisation: Organisation, spans: Sequence[Period], today: dt.date) -> dict[Period, Period]:
    """For each span the one just before it; a running span's is cut after as many working days as have gone.

    A span is left out where none has gone and the one before begins with a working day.
    """
    week = work_week(organisation)
    found = {}
    for span in spans:
        before = previous(organisation, span)
        end = before.end
        if today in span and span.last != today:
            gone = len(week.open_days(Period(span.start, today + dt.timedelta(days=1))))
            days = week.open_days(before)
            end = days[gone] if gone < len(days) else end
        if end > before.start:
            found[span] = Period(before.start, end)
    return found


def previous(organisation: Organisation, span: Period) -> Period:
    """The period just before: the bucket before for a whole week, month, quarter or year, else as many days."""
    calendar = organisation.calendar
    for grain in (Grain.YEAR, Grain.QUARTER, Grain.MONTH, Grain.WEEK):
        if calendar.bucket(grain, span.start) == span:
            return calendar.shift(grain, span, -1)
    return Period(span.start - dt.timedelta(days=len(span)), span.start)
