"""What costs and contracts come to up to any day: added up once, and kept until one of them or a rate changes (`orgs.kept`).

The same as adding up the lines of `kpis.direct`, for as many spans as a page asks for.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from kpi_tracker.kpis.measures import DirectKind
from kpi_tracker.kpis.parts import NOTHING, Part
from kpi_tracker.periods import DAY, Period


class Counted:
    """How many of some stretches of days [start, end) there are on a day, or meet a span."""

    def __init__(self, stretches: Iterable[tuple[dt.date, dt.date]]) -> None:
        found = list(stretches)
        self.starts, self.ends = sorted(start for start, _end in found), sorted(end for _start, end in found)

    def on(self, day: dt.date) -> int:
        return bisect_right(self.starts, day) - bisect_right(self.ends, day)

    def meeting(self, span: Period) -> int:
        return bisect_left(self.starts, span.end) - bisect_right(self.ends, span.start)


class Weighed:
    """The days of some stretches, each day times the stretch's weight."""

    def __init__(self, stretches: Iterable[tuple[dt.date, dt.date, int]]) -> None:
        changes: dict[dt.date, int] = defaultdict(int)
        for start, end, weight in stretches:
            changes[start] += weight
            changes[end] -= weight
        self.days = sorted(changes)
        self.slopes = list(accumulate(changes[day] for day in self.days))
        steps = (slope * (later - day).days for slope, day, later in zip(self.slopes, self.days, self.days[1:], strict=False))
        self.sums = list(accumulate(steps, initial=0))

    def within(self, span: Period) -> int:
        return self._before(span.end) - self._before(span.start)

    def _before(self, day: dt.date) -> int:
        place = bisect_right(self.days, day) - 1
        return self.sums[place] + self.slopes[place] * (day - self.days[place]).days if place >= 0 else 0


class Daily:
    """An amount for each day."""

    def __init__(self, amounts: dict[dt.date, int]) -> None:
        self.days = sorted(amounts)
        self.sums = list(accumulate((amounts[day] for day in self.days), initial=0))

    def within(self, span: Period) -> int:
        return self.sums[bisect_left(self.days, span.end)] - self.sums[bisect_left(self.days, span.start)]


@dataclass(frozen=True, slots=True)
class Loss:
    """The last day of a customer's cover, and that of the cover before it."""

    day: dt.date
    before: dt.date | None


class Losses:
    """How many customers lost their cover in a span; each counts once."""

    def __init__(self, losses: Iterable[Loss]) -> None:
        self.losses = sorted(losses, key=lambda loss: loss.day)
        self.days = [loss.day for loss in self.losses]

    def within(self, span: Period) -> int:
        within = self.losses[bisect_left(self.days, span.start) : bisect_left(self.days, span.end)]
        return sum(1 for loss in within if loss.before is None or loss.before < span.start)


@dataclass(frozen=True, slots=True)
class Totals:
    """costs: hundredths of the base currency; known_costs: the days of each from its first rate on.

    margins: hundredths a year times days; years: days of cover by contracts whose margin is known.
    """

    costs: Daily
    known_costs: Counted
    cover: Counted
    losses: Losses
    margins: Weighed
    known_contracts: Counted
    years: Weighed
    known_cover: Counted

    def part(self, kind: DirectKind, span: Period, today: dt.date) -> Part:
        if kind is DirectKind.COST:
            return Part(self.costs.within(span), self.known_costs.meeting(span))
        if kind is DirectKind.CUSTOMERS_AT_START:
            number = self.cover.on(span.start)
            return Part(number, number)
        if kind is DirectKind.CUSTOMERS_LOST:
            over = Period(span.start, min(span.end, today)) if span.start < today else None
            number = self.losses.within(over) if over else 0
            return Part(number, number)
        if today < span.start:
            return NOTHING
        so_far = Period(span.start, min(span.end, today + DAY))
        if kind is DirectKind.MARGIN_REVENUE:
            return Part(self.margins.within(so_far), self.known_contracts.meeting(so_far))
        return Part(self.years.within(so_far), self.known_cover.meeting(so_far))


ADDED_UP = (
    DirectKind.COST, DirectKind.CUSTOMERS_LOST, DirectKind.CUSTOMERS_AT_START, DirectKind.MARGIN_REVENUE, DirectKind.CUSTOMER_YEARS,
)
