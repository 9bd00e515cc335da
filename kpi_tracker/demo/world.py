"""Puts the demo organisation together: the same seed and day give the same organisation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from kpi_tracker.demo import money, slips
from kpi_tracker.demo.activities import Routine, mark_late_deals
from kpi_tracker.demo.people import closing_days, give_leave, sellers
from kpi_tracker.demo.records import Act, Company, ContractPlan, CostPlan, DealPlan, GoalPlan, LeadPlan, Seller
from kpi_tracker.demo.results import Results
from kpi_tracker.demo.selling import WARM_UP, Selling
from kpi_tracker.demo.shapes import Days
from kpi_tracker.demo.story import steer
from kpi_tracker.demo.targets import Targets
from kpi_tracker.demo.timeline import AFTERNOON, Timeline
from kpi_tracker.orgs.workdays import WorkWeek
from kpi_tracker.periods import DAY, Period, add_months

COUNTRY = "SE"


@dataclass(slots=True)
class World:
    today: dt.date
    start: dt.date
    closed: dict[dt.date, str]
    sellers: list[Seller]
    companies: list[Company]
    leads: list[LeadPlan]
    deals: list[DealPlan]
    acts: list[Act]
    contracts: list[ContractPlan]
    costs: list[CostPlan]
    rates: money.Rates
    goals: list[GoalPlan]
    results: Results


def build(*, today: dt.date, now: int = AFTERNOON, seed: int = 1, scale: float = 1.0) -> World:
    """Two years up to the second `now` of `today`. scale: how much is sold and done, 1 is about 150,000 activities."""
    start = add_months(today.replace(day=1), -24)
    first = start - WARM_UP - 220 * DAY
    closed = closing_days(first.year, today.year + 1)
    week = WorkWeek(weekdays=frozenset(range(1, 6)), country=COUNTRY, closed=frozenset(closed))
    people = sellers(today)
    give_leave(people, week=week, start=start, today=today, seed=seed)
    # Sales that go on today end in more than a year at the latest.
    span = Period(first, today + 420 * DAY)
    calendar = {seller: Days(seller, week=week, span=span, origin=start, seed=seed) for seller in people}
    line = Timeline(start=start, today=today, now=now)
    selling = Selling(calendar, line, seed=seed, scale=scale)
    selling.run()
    deals = selling.dealing.deals
    for seller, days in calendar.items():
        Routine(seller, days, line, selling.books[seller], seed=seed, scale=scale).run()
    mark_late_deals(deals, today=today, seed=seed)
    slips.go_abroad(deals, start=start, today=today)
    slips.mistype(deals, today=today)
    slips.misprice(deals, today=today)
    rates = money.rates(start=start, today=today, seed=seed)
    results = Results(calendar, deals, rates, line=line)
    steer(results, deals)
    return World(
        today=today, start=start, closed=closed, sellers=people, companies=selling.companies, leads=selling.leads, deals=deals,
        acts=line.acts, contracts=money.contracts(selling.companies, deals, start=start, today=today, seed=seed),
        costs=money.costs(people, results.reached["revenue"], start=start, today=today, seed=seed), rates=rates,
        goals=Targets(results, deals, seed=seed).all(), results=results,
    )
