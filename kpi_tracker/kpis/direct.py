"""Terms worked out from their records whenever they are asked for: costs, contracts, and what open deals are likely to bring.

Each has a function that lists what it is made of, as `Line`s; a term's value is the sum of its lines, and the page that
shows the records behind a figure lists the same lines.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from kpi_tracker.kpis.catalogue import NO_RATE_REASON, REVENUE_MEASURE
from kpi_tracker.kpis.measures import Dimension, DirectKind
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.open_deals import OpenDeal, OpenDeals
from kpi_tracker.kpis.parts import EVERYTHING, NOTHING, MemberId, Part, Parts, Steps, Subject, Want
from kpi_tracker.kpis.targets import targets
from kpi_tracker.kpis.totals import ADDED_UP, Counted, Daily, Loss, Losses, Totals, Weighed
from kpi_tracker.orgs.kept import kept
from kpi_tracker.orgs.models import ExchangeRate, Organisation
from kpi_tracker.orgs.tree import above_on, placed_on
from kpi_tracker.periods import DAY, Period, day_after
from kpi_tracker.sales.models import Contract, Cost

NO_MARGIN = _("no margin")
NO_PASSED_STAGE = _("no closed deal has been in this stage")
OVERDUE = _("expected to close earlier, and still open")
NO_EXPECTATION = _("no day expected to close")
EXPECTED_LATER = _("expected to close later")


@dataclass(frozen=True, slots=True)
class Line:
    """A record and what it adds to the term, in whole units; with a reason it adds nothing, and that is why.

    rep_id, customer_id: whom it counts for.
    """

    record: Any
    quantity: int = 0
    reason: Any = None
    rep_id: int | None = None
    customer_id: int | None = None


Lines = Callable[["Asked", Period], list[Line]]
Likely = Callable[[OpenDeals, dt.date, Sequence[Period]], Iterator[tuple[Period, Line]]]


class Asked:
    """What the lines of several spans share: read once. spans: those whose open deals are asked for."""

    def __init__(self, organisation: Organisation, today: dt.date, spans: Sequence[Period] = ()) -> None:
        self.organisation, self.spans, self.today = organisation, list(spans), today
        self._open: dict[Subject, OpenDeals] = {}

    @cached_property
    def rates(self) -> Mapping[str, tuple[list[dt.date], list[Decimal]]]:
        return kept(self.organisation, ("rates",), self._read_rates)

    def _read_rates(self) -> Mapping[str, tuple[list[dt.date], list[Decimal]]]:
        found: dict[str, tuple[list[dt.date], list[Decimal]]] = defaultdict(lambda: ([], []))
        rows = ExchangeRate.objects.filter(organisation=self.organisation).order_by("currency", "day")
        for currency, day, rate in rows.values_list("currency", "day", "rate"):
            found[currency][0].append(day)
            found[currency][1].append(rate)
        return dict(found)

    def rate(self, currency: str, day: dt.date) -> Decimal | None:
        if currency == self.organisation.base_currency:
            return Decimal(1)
        days, rates = self.rates.get(currency, ((), ()))
        place = bisect_right(days, day)
        return rates[place - 1] if place else None

    @cached_property
    def costs(self) -> list[Cost]:
        found = Cost.objects.filter(organisation=self.organisation)
        if self.spans:
            found = found.filter(starts_on__lt=max(span.end for span in self.spans), ends_on__gt=min(span.start for span in self.spans))
        return list(found.select_related("rep", "team").order_by("starts_on", "id"))

    @cached_property
    def contracts(self) -> list[Contract]:
        found = Contract.objects.filter(organisation=self.organisation).select_related("customer")
        return list(found.order_by("customer_id", "starts_on", "id"))

    @cached_property
    def stretches(self) -> list[Stretch]:
        return list(_stretches(self.contracts))

    @cached_property
    def margins(self) -> dict[int, int]:
        """What each contract leaves in a year, in hundredths; those of which that is not known are missing."""
        found = {}
        for contract in self.contracts:
            rate = self.rate(contract.currency, contract.starts_on)
            if contract.margin is not None and rate is not None:
                yearly = contract.yearly_amount * contract.margin * rate * 100
                found[contract.pk] = int(yearly.quantize(Decimal(1), ROUND_HALF_UP))
        return found

    @cached_property
    def known_stretches(self) -> list[Stretch]:
        return list(_stretches([contract for contract in self.contracts if contract.pk in self.margins]))

    def so_far(self, span: Period) -> Period | None:
        return None if self.today < span.start else Period(span.start, min(span.end, day_after(self.today)))

    @cached_property
    def totals(self) -> Totals:
        return kept(self.organisation, ("totals",), lambda: _totals(self))

    def open_of(self, subject: Subject) -> OpenDeals:
        if subject not in self._open:
            self._open[subject] = OpenDeals(self.organisation, [*(span.end for span in self.spans), day_after(self.today)], subject)
        return self._open[subject]


def parts(asked: Asked, kind: DirectKind, subject: Subject, spans: Sequence[Period], by: Dimension | None) -> Steps[Parts]:
    """The term's value in each of `spans` for each member of `by`."""
    if kind is DirectKind.REMAINING_TARGET:
        return (yield from _remaining(asked.organisation, subject, spans, by, asked.today))
    if kind in ADDED_UP and subject == EVERYTHING and by is None:
        return {(kind.value, span, None): part for span in spans if (part := asked.totals.part(kind, span, asked.today)) != NOTHING}
    asked.spans += spans
    yield []  # by now all spans are known
    totals: dict[tuple[Period, MemberId], list[int]] = defaultdict(lambda: [0, 0])
    whom = {span: _Whom(asked.organisation, subject, by, last_day(kind, span, asked.today)) for span in spans}
    for span, line in _lines(asked, kind, subject, spans):
        if line.reason is None:
            for member in whom[span].members(line.rep_id, line.customer_id):
                total = totals[span, member]
                total[0] += line.quantity
                total[1] += 1
    return {(kind.value, span, member): Part(value, number) for (span, member), (value, number) in totals.items()}


def _lines(asked: Asked, kind: DirectKind, subject: Subject, spans: Sequence[Period]) -> Iterator[tuple[Period, Line]]:
    if kind in LIKELY:
        yield from LIKELY[kind](asked.open_of(subject), asked.today, spans)
    else:
        yield from ((span, line) for span in spans for line in LINES[kind](asked, span))


def lines(organisation: Organisation, kind: DirectKind, subject: Subject, span: Period, today: dt.date) -> list[Line]:
    """What the term is made of in one span, and (with a reason) what was left out."""
    whom = _Whom(organisation, subject, None, last_day(kind, span, today))
    return [line for line in LINES[kind](Asked(organisation, today, [span]), span) if whom.members(line.rep_id, line.customer_id)]


def last_day(kind: DirectKind, span: Period, today: dt.date) -> dt.date:
    """The day whose teams count: the span's last, of what is expected and still missing the last one known."""
    running = kind in (DirectKind.EXPECTED_PIPELINE, DirectKind.REMAINING_TARGET)
    return min(today, span.last) if running else span.last


class _Whom:
    """For which members a line counts."""

    def __init__(self, organisation: Organisation, subject: Subject, by: Dimension | None, day: dt.date) -> None:
        self.subject, self.by = subject, by
        self.team_of: dict[int, int] = {}
        self.above: dict[int, set[int]] = {}
        if subject.kind is SubjectKind.TEAM or by is Dimension.TEAM:
            self.team_of, self.above = placed_on(organisation, day), above_on(organisation, day)

    def holds(self, number: int) -> bool:
        """Whether the team or rep of that id is one of the members; without a dimension, whether it is the subject itself."""
        match self.by:
            case Dimension.REP:
                return bool(self.members(number, None))
            case Dimension.TEAM:
                return self.subject.kind is not SubjectKind.REP and (
                    self.subject.kind is not SubjectKind.TEAM or self.subject.id in self.above.get(number, set())
                )
            case _:
                return number == self.subject.id

    def members(self, rep_id: int | None, customer_id: int | None) -> Collection[int | None]:
        teams = self.above.get(self.team_of.get(rep_id or 0, 0), set())
        match self.subject.kind:
            case SubjectKind.TEAM if self.subject.id not in teams:
                return ()
            case SubjectKind.REP if self.subject.id != rep_id:
                return ()
            case SubjectKind.CUSTOMER if self.subject.id != customer_id:
                return ()
        match self.by:
            case None:
                return (None,)
            case Dimension.REP:
                return (rep_id,)
            case Dimension.TEAM:
                return [team for team in teams if self.subject.kind is not SubjectKind.TEAM or self.subject.id in self.above[team]]
            case Dimension.CUSTOMER if customer_id is not None:
                return (customer_id,)
        return ()


# Costs ---------------------------------------------------------------------------------------------


def _cost(asked: Asked, span: Period) -> list[Line]:
    found = []
    for cost in asked.costs:
        if (part := Period(cost.starts_on, cost.ends_on).overlap(span)) is None:
            continue
        shares = [(share, asked.rate(cost.currency, day)) for day, share in _daily(cost, part)]
        if all(rate is None for _share, rate in shares):
            found.append(Line(cost, reason=NO_RATE_REASON))
        else:
            found.append(Line(cost, sum(_converted(share, rate) for share, rate in shares if rate is not None)))
    return found


def _daily(cost: Cost, part: Period) -> Iterator[tuple[dt.date, int]]:
    """The cost's share of each day of `part`, in hundredths; over all of its days they sum up to the cost."""
    cents, length = int(cost.amount * 100), (cost.ends_on - cost.starts_on).days
    for day in part.days():
        gone = (day - cost.starts_on).days
        yield day, cents * (gone + 1) // length - cents * gone // length


def _converted(cents: int, rate: Decimal) -> int:
    if rate == 1:
        return cents
    return int((cents * rate).quantize(Decimal(1), ROUND_HALF_UP))


# Contracts -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on which a customer was covered without a gap. end: the first day without cover; last: the contract that covered to the end."""

    start: dt.date
    end: dt.date
    last: Contract


def _stretches(contracts: Sequence[Contract]) -> Iterator[Stretch]:
    """Contracts of all customers, in order of customer and start, joined where they touch or overlap."""
    current: Stretch | None = None
    for contract in contracts:
        end = contract.ends_on or dt.date.max
        if current is not None and current.last.customer_id == contract.customer_id and contract.starts_on <= current.end:
            current = Stretch(current.start, max(current.end, end), contract if end > current.end else current.last)
            continue
        if current is not None:
            yield current
        current = Stretch(contract.starts_on, end, contract)
    if current is not None:
        yield current


def _lost(asked: Asked, span: Period) -> list[Line]:
    """Of each customer whose last day of cover lies in the span, and is over, the contract that ended then."""
    lost = {one.last.customer_id: one.last for one in asked.stretches if one.end - DAY in span and one.end <= asked.today}
    return [Line(contract, 1, customer_id=customer) for customer, contract in lost.items()]


def _at_start(asked: Asked, span: Period) -> list[Line]:
    return [Line(one.last, 1, customer_id=one.last.customer_id) for one in asked.stretches if one.start <= span.start < one.end]


def _there(contract: Contract, span: Period | None) -> Period | None:
    return Period(contract.starts_on, contract.ends_on or dt.date.max).overlap(span) if span is not None else None


def _margin_revenue(asked: Asked, span: Period) -> list[Line]:
    so_far = asked.so_far(span)
    found = []
    for contract in asked.contracts:
        if (there := _there(contract, so_far)) is None:
            continue
        if (margin := asked.margins.get(contract.pk)) is None:
            found.append(Line(contract, reason=NO_MARGIN if contract.margin is None else NO_RATE_REASON, customer_id=contract.customer_id))
        else:
            found.append(Line(contract, margin * len(there), customer_id=contract.customer_id))
    return found


def _customer_years(asked: Asked, span: Period) -> list[Line]:
    so_far = asked.so_far(span)
    if so_far is None:
        return []
    return [
        Line(one.last, len(there), customer_id=one.last.customer_id)
        for one in asked.known_stretches if (there := Period(one.start, one.end).overlap(so_far)) is not None
    ]


def _totals(asked: Asked) -> Totals:
    """What all costs and contracts come to, read anew."""
    asked = Asked(asked.organisation, asked.today)
    amounts: dict[dt.date, int] = defaultdict(int)
    rated = []
    for cost in asked.costs:
        days = [(day, _converted(share, rate)) for day, share in _daily(cost, Period(cost.starts_on, cost.ends_on))
                if (rate := asked.rate(cost.currency, day)) is not None]
        if days:
            rated.append((days[0][0], cost.ends_on))
        for day, share in days:
            amounts[day] += share
    ends = {contract.pk: contract.ends_on or dt.date.max for contract in asked.contracts}
    known = [contract for contract in asked.contracts if contract.pk in asked.margins]
    return Totals(
        costs=Daily(amounts), known_costs=Counted(rated), cover=Counted((one.start, one.end) for one in asked.stretches),
        losses=Losses(_losses(asked.stretches)),
        margins=Weighed((contract.starts_on, ends[contract.pk], asked.margins[contract.pk]) for contract in known),
        known_contracts=Counted((contract.starts_on, ends[contract.pk]) for contract in known),
        years=Weighed((one.start, one.end, 1) for one in asked.known_stretches),
        known_cover=Counted((one.start, one.end) for one in asked.known_stretches),
    )


def _losses(stretches: Sequence[Stretch]) -> Iterator[Loss]:
    before: Stretch | None = None
    for one in stretches:
        same = before is not None and before.last.customer_id == one.last.customer_id
        if one.end < dt.date.max:
            yield Loss(one.end - DAY, before.end - DAY if same and before is not None else None)
        before = one


# Open deals ----------------------------------------------------------------------------------------


def _weighted(deals: OpenDeals, _today: dt.date, spans: Sequence[Period]) -> Iterator[tuple[Period, Line]]:
    at_end = _by_end(spans, lambda span: span.end)
    ends = sorted(at_end)
    for deal in deals.rows:
        there = [ends[place] for place in deal.ends(ends)]
        for end, stage in zip(there, deals.stages(deal, there), strict=True):
            won, closed = deals.win_rate(stage, end)
            line = _line(deal, _share(deal.quantity, won, closed)) if closed else _line(deal, reason=NO_PASSED_STAGE)
            yield from ((span, line) for span in at_end[end])


def _by_end(spans: Sequence[Period], end_of: Callable[[Period], dt.date]) -> dict[dt.date, list[Period]]:
    found: dict[dt.date, list[Period]] = defaultdict(list)
    for span in spans:
        found[end_of(span)].append(span)
    return found


def _line(deal: OpenDeal, quantity: int = 0, reason: Any = None) -> Line:
    return Line(deal.id, quantity, reason, deal.holder_id, deal.customer_id)


def _share(cents: int, above: int, below: int) -> int:
    """cents × above ÷ below, halves away from zero."""
    size = (2 * abs(cents) * above + below) // (2 * below)
    return size if cents >= 0 else -size


def _expected(deals: OpenDeals, today: dt.date, spans: Sequence[Period]) -> Iterator[tuple[Period, Line]]:
    at_end = _by_end(spans, lambda span: day_after(min(today, span.last)))
    ends = sorted(at_end)
    for deal in deals.rows:
        for place in deal.ends(ends):
            day, expected = ends[place] - DAY, deal.expected_on
            for span in at_end[ends[place]]:
                if expected is None:
                    yield span, _line(deal, reason=NO_EXPECTATION)
                elif expected < day:
                    yield span, _line(deal, reason=OVERDUE)
                elif expected in span:
                    yield span, _line(deal, deal.quantity)
                elif expected >= span.end:
                    yield span, _line(deal, reason=EXPECTED_LATER)


def _with_records(likely: Likely) -> Lines:
    """The lines of one span, each with its deal."""

    def lines_of(asked: Asked, span: Period) -> list[Line]:
        deals = asked.open_of(EVERYTHING)
        records = {deal.pk: deal for deal in deals.records.select_related("customer", "stage", "owner", "closed_by")}
        return [replace(line, record=records[line.record]) for _span, line in likely(deals, asked.today, [span])]

    return lines_of


def _remaining(
    organisation: Organisation, subject: Subject, spans: Sequence[Period], by: Dimension | None, today: dt.date
) -> Steps[Parts]:
    kinds = {Dimension.TEAM: SubjectKind.TEAM, Dimension.REP: SubjectKind.REP}
    set_for = targets(organisation, "revenue", kinds[by] if by else subject.kind, spans)
    asked: dict[Period, dict[int, Decimal]] = {}
    for span in spans:
        within = _Whom(organisation, subject, by, last_day(DirectKind.REMAINING_TARGET, span, today))
        asked[span] = {number: target for number, target in set_for.get(span, {}).items() if within.holds(number)}
    gone = {span: Period(span.start, min(span.end, day_after(today))) for span, there in asked.items() if there and today >= span.start}
    (earned,) = (yield [Want((REVENUE_MEASURE,), subject, tuple(gone.values()), by)]) if gone else ({},)
    found: Parts = {}
    for span, set_targets in asked.items():
        for number, target in set_targets.items():
            member = number if by else None
            so_far = earned.get((REVENUE_MEASURE.key, gone[span], member), NOTHING) if span in gone else NOTHING
            cents = int((target * 100).quantize(Decimal(1), ROUND_HALF_UP))
            found[DirectKind.REMAINING_TARGET.value, span, member] = Part(cents - so_far.value, 1)
    return found


# The lines of several spans at once, each with the id of its deal.
LIKELY: dict[DirectKind, Likely] = {DirectKind.WEIGHTED_PIPELINE: _weighted, DirectKind.EXPECTED_PIPELINE: _expected}
LINES: dict[DirectKind, Lines] = {
    DirectKind.COST: _cost,
    DirectKind.CUSTOMERS_LOST: _lost,
    DirectKind.CUSTOMERS_AT_START: _at_start,
    DirectKind.MARGIN_REVENUE: _margin_revenue,
    DirectKind.CUSTOMER_YEARS: _customer_years,
    **{kind: _with_records(likely) for kind, likely in LIKELY.items()},
}
