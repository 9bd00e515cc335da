"""What the sellers achieved, day by day, and what would be usual for them: goals are set by it."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from kpi_tracker.demo.money import Rates, rate_on
from kpi_tracker.demo.people import days_within
from kpi_tracker.demo.records import Act, DealPlan, Seller
from kpi_tracker.demo.shapes import Days, closing_pull, season_of
from kpi_tracker.demo.timeline import Timeline
from kpi_tracker.periods import DAY, Period

# How much the whole organisation's usual rate counts in a seller's own, in ordinary days.
SHRINKAGE = 25.0
COUNTED: dict[str, Callable[[Act], bool]] = {
    "calls": lambda act: act.kind == "call",
    "conversations": lambda act: act.kind in ("call", "meeting") and act.outcome == "reached",
    "referrals_asked": lambda act: act.kind == "referral",
    "proposals_sent": lambda act: act.kind == "proposal",
}


class Results:
    """By KPI and seller: what was reached on each day, in the base currency where it is money."""

    def __init__(self, calendar: Mapping[Seller, Days], deals: Iterable[DealPlan], rates: Rates, *, line: Timeline) -> None:
        self.calendar = calendar
        self.line, self.start, self.today = line, line.start, line.today
        self.reached: dict[str, dict[Seller, dict[dt.date, float]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
        self.sums: dict[tuple[str, Seller], list[float]] = {}
        self._count_acts(line.acts)
        self.exchange = rates
        self.count_deals(deals)
        self.rates = {kpi: self._rates(kpi) for kpi in list(self.reached)}

    def _count_acts(self, acts: Sequence[Act]) -> None:
        met: set[int] = set()
        for act in sorted((act for act in acts if act.kind == "meeting" and act.outcome == "reached"), key=lambda act: act.day):
            if id(act.company) not in met:
                met.add(id(act.company))
                self.reached["first_meetings_held"][act.by][act.day] += 1
        for act in acts:
            for kpi, counts in COUNTED.items():
                if counts(act):
                    self.reached[kpi][act.by][act.day] += 1
            if act.booked_on is not None:
                self.reached["meetings_booked"][act.by][act.booked_on] += 1

    def count_deals(self, deals: Iterable[DealPlan]) -> None:
        self.reached["opportunities_created"].clear()
        self.reached["revenue"].clear()
        for deal in deals:
            self.reached["opportunities_created"][deal.opened_by][deal.opened_on] += 1
            if deal.status == "won" and deal.closed_on is not None:
                self.reached["revenue"][deal.steps[-1].by][deal.closed_on] += self.euro(deal)

    def euro(self, deal: DealPlan) -> float:
        """The price of a closed deal at the rate of the day on which it was closed; 0 where nothing can be said."""
        if deal.closed_on is None or deal.amount is None:
            return 0.0
        return float(deal.amount * (rate_on(self.exchange, deal.currency, deal.closed_on) or 0))

    def _rates(self, kpi: str) -> dict[Seller, float]:
        """What each seller reaches in an ordinary day, a little drawn towards all sellers' mean."""
        both = Period(self.start, self.today + DAY)
        reached = {one: sum(value for day, value in self.reached[kpi][one].items() if day in both) for one in self.calendar}
        weights = {one: self._total(_pulled(kpi), one, both) for one in self.calendar}
        mean = sum(reached.values()) / sum(weights.values())
        return {one: (reached[one] + mean * SHRINKAGE) / (weights[one] + SHRINKAGE) for one in self.calendar}

    def _total(self, what: str, seller: Seller, period: Period) -> float:
        """Sum over the period's days of the seller's "time", "weight" or "pull" (what may close).

        Deals close when they are due, not when much is done: the season of the work does not count for them.
        """
        days = self.calendar[seller]
        if (what, seller) not in self.sums:
            ways: dict[str, Callable[[dt.date], float]] = {
                "time": lambda day: float(days.time[day]), "weight": lambda day: days.weight[day],
                "pull": lambda day: days.weight[day] / season_of(day) * closing_pull(day),
            }
            self.sums[what, seller] = [0.0, *accumulate(ways[what](day) for day in days.all)]
        sums = self.sums[what, seller]
        return sums[bisect_left(days.all, period.end)] - sums[bisect_left(days.all, period.start)]

    def _spans(self, team: str, seller: Seller | None, period: Period) -> Iterator[tuple[Seller, Period]]:
        """Whose days count for the seller, the team or the organisation, and which."""
        if seller is not None:
            yield seller, period
            return
        for one in self.calendar:
            for name, start, end in one.teams:
                within = days_within(name, team, self.today)
                there = within.overlap(Period(start, end or dt.date.max)) if within else None
                if there is not None and (counted := there.overlap(period)) is not None:
                    yield one, counted

    def usual(self, kpi: str, team: str, seller: Seller | None, period: Period) -> float:
        return sum(self.rates[kpi][one] * self._total(_pulled(kpi), one, there) for one, there in self._spans(team, seller, period))

    def actual(self, kpi: str, team: str, seller: Seller | None, period: Period) -> float:
        spans = self._spans(team, seller, period)
        return sum(value for one, there in spans for day, value in self.reached[kpi][one].items() if day in there)

    def gone(self, team: str, seller: Seller | None, period: Period) -> float:
        """The share of the period's working time that is over."""
        total = over = 0.0
        for one, there in self._spans(team, seller, period):
            total += self._total("time", one, there)
            if there.start < self.today:
                over += self._total("time", one, Period(there.start, min(there.end, self.today)))
            if self.today in there:
                over += float(self.calendar[one].time.get(self.today, 0)) * self.line.share(self.today)
        return over / total if total else 1.0


def _pulled(kpi: str) -> str:
    return "pull" if kpi == "revenue" else "weight"
