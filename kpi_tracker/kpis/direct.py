"""Terms worked out from their records whenever they are asked for: costs, contracts, and what open deals are likely to bring.

Each has a function that lists what it is made of, as `Line`s; a term's value is the sum of its lines, and the page that
shows the records behind a figure lists the same lines.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import accumulate
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, When
from django.utils.translation import gettext_lazy as _

from kpi_tracker.kpis import facts
from kpi_tracker.kpis.catalogue import NO_RATE_REASON, OPEN_PIPELINE_STOCK, REVENUE_MEASURE
from kpi_tracker.kpis.measures import Dimension, DirectKind
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Part, Parts, Source, Subject
from kpi_tracker.kpis.targets import targets
from kpi_tracker.orgs.models import ExchangeRate, Organisation, TeamAssignment
from kpi_tracker.orgs.selectors import valid_on
from kpi_tracker.orgs.tree import above_on
from kpi_tracker.periods import DAY, Period, day_after
from kpi_tracker.sales.models import Contract, Cost, Deal, StageChange

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


class Asked:
    """What the lines of several spans share: read once."""

    def __init__(self, organisation: Organisation, spans: Sequence[Period], today: dt.date) -> None:
        self.organisation, self.spans, self.today = organisation, spans, today
        self._closings: dict[int, tuple[list[dt.date], list[int], list[int]]] = {}

    @cached_property
    def rates(self) -> dict[str, tuple[list[dt.date], list[Decimal]]]:
        found: dict[str, tuple[list[dt.date], list[Decimal]]] = defaultdict(lambda: ([], []))
        rows = ExchangeRate.objects.filter(organisation=self.organisation).order_by("currency", "day")
        for currency, day, rate in rows.values_list("currency", "day", "rate"):
            found[currency][0].append(day)
            found[currency][1].append(rate)
        return found

    def rate(self, currency: str, day: dt.date) -> Decimal | None:
        if currency == self.organisation.base_currency:
            return Decimal(1)
        days, rates = self.rates[currency]
        place = bisect_right(days, day)
        return rates[place - 1] if place else None

    @cached_property
    def costs(self) -> list[Cost]:
        first, end = min(span.start for span in self.spans), max(span.end for span in self.spans)
        found = Cost.objects.filter(organisation=self.organisation, starts_on__lt=end, ends_on__gt=first)
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
    def deals(self) -> list[Any]:
        """The deals that were open at the end of some span, with `quantity` (their amount) and `holder_id`."""
        ends = [span.end for span in self.spans]
        first = min(min(ends), day_after(self.today))
        return list(open_deals(self.organisation, first, max(ends)))

    @cached_property
    def stage_history(self) -> dict[int, list[tuple[dt.date, int | None, int]]]:
        """Each deal's changes of stage in order: the day, the stage it left and the one it entered."""
        found: dict[int, list[tuple[dt.date, int | None, int]]] = defaultdict(list)
        changes = StageChange.objects.filter(organisation=self.organisation, deal_id__in=[deal.pk for deal in self.deals])
        rows = changes.order_by("changed_at", "id").values_list("deal_id", "changed_on", "from_stage_id", "to_stage_id")
        for deal, day, left, entered in rows:
            found[deal].append((day, left, entered))
        return found

    def stage_at(self, deal: Any, end: dt.date) -> int:
        """The stage in which the deal was at the end of the day before `end`."""
        history = self.stage_history.get(deal.pk)
        if not history:
            return int(deal.stage_id)
        for day, _left, entered in reversed(history):
            if day < end:
                return entered
        _day, left, entered = history[0]
        return left or entered

    def stage_win_rate(self, stage: int, end: dt.date) -> tuple[int, int]:
        """Of the deals closed before `end` that had been in the stage: how many were won, and how many there are."""
        if stage not in self._closings:
            self._closings[stage] = self._closings_of(stage)
        days, won, closed = self._closings[stage]
        place = bisect_left(days, end)
        return (won[place - 1], closed[place - 1]) if place else (0, 0)

    def _closings_of(self, stage: int) -> tuple[list[dt.date], list[int], list[int]]:
        """The days on which deals that had been in the stage closed; up to each, how many were won and how many closed."""
        passed = StageChange.objects.filter(
            Q(to_stage=stage) | Q(from_stage=stage), organisation=self.organisation, deal_id=OuterRef("pk")
        )
        closed = Deal.objects.filter(Exists(passed), organisation=self.organisation, closed_on__isnull=False)
        rows = closed.values_list("closed_on").annotate(won=Count("pk", filter=Q(status="won")), number=Count("pk")).order_by("closed_on")
        days, won, number = ([row[i] for row in rows] for i in range(3))
        return days, list(accumulate(won)), list(accumulate(number))


def open_deals(organisation: Organisation, since: dt.date, until: dt.date) -> QuerySet[Any]:
    """The deals that count in the open pipeline at some moment from the start of `since` to the start of `until`."""
    inflow = OPEN_PIPELINE_STOCK.inflows[0]
    found = Deal.objects.filter(organisation=organisation, opened_on__lt=until).filter(Q(status="open") | Q(closed_on__gte=since))
    for need in inflow.requires:
        found = found.filter(facts.requirement(need, inflow, organisation))
    rows: QuerySet[Any] = found.annotate(
        quantity=facts.quantity(inflow, organisation), holder_id=Case(When(status="open", then=F("owner_id")), default=F("closed_by_id"))
    )
    return rows.select_related("customer", "stage", "owner", "closed_by").order_by("id")


def parts(
    asked: Asked, kind: DirectKind, subject: Subject, spans: Sequence[Period], by: Dimension | None, source: Source
) -> Parts:
    """The term's value in each of `spans`, which are among those of `asked`, for each member of `by`; see `kpis.parts.Source`."""
    organisation, today = asked.organisation, asked.today
    if kind is DirectKind.REMAINING_TARGET:
        return _remaining(organisation, subject, spans, by, today, source)
    found: Parts = {}
    for span in dict.fromkeys(spans):
        totals: dict[int | None, list[int]] = defaultdict(lambda: [0, 0])
        whom = _Whom(organisation, subject, by, last_day(kind, span, today))
        for line in LINES[kind](asked, span):
            if line.reason is not None:
                continue
            for member in whom.members(line):
                totals[member][0] += line.quantity
                totals[member][1] += 1
        found |= {(kind.value, span, member): Part(value, number) for member, (value, number) in totals.items()}
    return found


def lines(organisation: Organisation, kind: DirectKind, subject: Subject, span: Period, today: dt.date) -> list[Line]:
    """What the term is made of in one span, and (with a reason) what was left out."""
    whom = _Whom(organisation, subject, None, last_day(kind, span, today))
    return [line for line in LINES[kind](Asked(organisation, [span], today), span) if whom.members(line)]


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
            there = TeamAssignment.objects.filter(valid_on(day), organisation=organisation)
            self.team_of, self.above = dict(there.values_list("rep_id", "team_id")), above_on(organisation, day)

    def holds(self, number: int) -> bool:
        """Whether the team or rep of that id is one of the members; without a dimension, whether it is the subject itself."""
        match self.by:
            case Dimension.REP:
                return bool(self.members(Line(None, rep_id=number)))
            case Dimension.TEAM:
                return self.subject.kind is not SubjectKind.REP and (
                    self.subject.kind is not SubjectKind.TEAM or self.subject.id in self.above.get(number, set())
                )
            case _:
                return number == self.subject.id

    def members(self, line: Line) -> Collection[int | None]:
        teams = self.above.get(self.team_of.get(line.rep_id or 0, 0), set())
        match self.subject.kind:
            case SubjectKind.TEAM if self.subject.id not in teams:
                return ()
            case SubjectKind.REP if self.subject.id != line.rep_id:
                return ()
            case SubjectKind.CUSTOMER if self.subject.id != line.customer_id:
                return ()
        match self.by:
            case None:
                return (None,)
            case Dimension.REP:
                return (line.rep_id,)
            case Dimension.TEAM:
                return [team for team in teams if self.subject.kind is not SubjectKind.TEAM or self.subject.id in self.above[team]]
            case Dimension.CUSTOMER if line.customer_id is not None:
                return (line.customer_id,)
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


# Open deals ----------------------------------------------------------------------------------------


def _open_at(asked: Asked, end: dt.date) -> list[Any]:
    return [deal for deal in asked.deals if deal.opened_on < end and (deal.closed_on is None or deal.closed_on >= end)]


def _line(deal: Any, quantity: int = 0, reason: Any = None) -> Line:
    return Line(deal, quantity, reason, deal.holder_id, deal.customer_id)


def _weighted(asked: Asked, span: Period) -> list[Line]:
    found = []
    for deal in _open_at(asked, span.end):
        won, closed = asked.stage_win_rate(asked.stage_at(deal, span.end), span.end)
        found.append(_line(deal, _share(deal.quantity, won, closed)) if closed else _line(deal, reason=NO_PASSED_STAGE))
    return found


def _share(cents: int, above: int, below: int) -> int:
    """cents × above ÷ below, halves away from zero."""
    size = (2 * abs(cents) * above + below) // (2 * below)
    return size if cents >= 0 else -size


def _expected(asked: Asked, span: Period) -> list[Line]:
    day = min(asked.today, span.last)
    found = []
    for deal in _open_at(asked, day_after(day)):
        expected = deal.expected_close_on
        if expected is None:
            found.append(_line(deal, reason=NO_EXPECTATION))
        elif expected < day:
            found.append(_line(deal, reason=OVERDUE))
        elif expected in span:
            found.append(_line(deal, deal.quantity))
        elif expected >= span.end:
            found.append(_line(deal, reason=EXPECTED_LATER))
    return found


def _remaining(
    organisation: Organisation, subject: Subject, spans: Sequence[Period], by: Dimension | None, today: dt.date, source: Source
) -> Parts:
    kinds = {Dimension.TEAM: SubjectKind.TEAM, Dimension.REP: SubjectKind.REP}
    found: Parts = {}
    for span in dict.fromkeys(spans):
        within = _Whom(organisation, subject, by, last_day(DirectKind.REMAINING_TARGET, span, today))
        set_for = targets(organisation, "revenue", kinds[by] if by else subject.kind, span)
        asked = {number: target for number, target in set_for.items() if within.holds(number)}
        so_far = None if today < span.start else Period(span.start, min(span.end, day_after(today)))
        earned = source(organisation, [REVENUE_MEASURE], subject, [so_far], by) if so_far and asked else {}
        for number, target in asked.items():
            member = number if by else None
            gone = earned.get((REVENUE_MEASURE.key, so_far, member), Part()) if so_far else Part()
            cents = int((target * 100).quantize(Decimal(1), ROUND_HALF_UP))
            found[DirectKind.REMAINING_TARGET.value, span, member] = Part(cents - gone.value, 1)
    return found


LINES: dict[DirectKind, Lines] = {
    DirectKind.COST: _cost,
    DirectKind.CUSTOMERS_LOST: _lost,
    DirectKind.CUSTOMERS_AT_START: _at_start,
    DirectKind.MARGIN_REVENUE: _margin_revenue,
    DirectKind.CUSTOMER_YEARS: _customer_years,
    DirectKind.WEIGHTED_PIPELINE: _weighted,
    DirectKind.EXPECTED_PIPELINE: _expected,
}
