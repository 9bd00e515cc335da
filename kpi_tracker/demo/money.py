"""Contracts with their churn, what selling costs, and exchange rates."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from kpi_tracker.demo import offer
from kpi_tracker.demo.people import CURRENCY
from kpi_tracker.demo.records import Company, ContractPlan, CostPlan, DealPlan, Seller, dice
from kpi_tracker.periods import DAY, Calendar, Grain, Period, add_months

RENEWS = 0.88
# A month's salary costs the employer this much more.
SOCIAL_COSTS = 1.33


def contracts(companies: list[Company], deals: list[DealPlan], *, start: dt.date, today: dt.date, seed: int) -> list[ContractPlan]:
    """Of deals won that run for some time, and of the customers of before; at the end renewed or lost."""
    chance = dice(seed, "contracts")
    found: list[ContractPlan] = []

    def run(
        company: Company, deal: DealPlan | None, *, starts_on: dt.date, months: int, yearly: Decimal, currency: str, margin: Decimal
    ) -> None:
        while starts_on <= today:
            ends_on = add_months(starts_on, months)
            found.append(ContractPlan(company, deal, starts_on, ends_on, yearly, currency, margin))
            if chance.random() > RENEWS:
                return
            starts_on, months, deal = ends_on, 12, None
            yearly = (yearly * Decimal(round(100 * chance.uniform(0.98, 1.09))) / 100).quantize(Decimal(1))

    for company in companies:
        if company.met is not None and company.met < start and company.won_on == company.created_on:
            currency = CURRENCY[company.country]
            months = chance.choice((12, 12, 24))
            yearly = offer.amount_in(currency, chance.lognormvariate(8.9, 0.5))
            starts_on = company.created_on.replace(day=1)
            run(company, None, starts_on=starts_on, months=months, yearly=yearly, currency=currency, margin=Decimal("0.7"))
    for deal in deals:
        if deal.status == "won" and deal.term_months and deal.amount is not None and deal.closed_on is not None:
            yearly = ((deal.amount - (deal.one_time_amount or 0)) * 12 / deal.term_months).quantize(Decimal("0.01"))
            starts_on = add_months(deal.closed_on.replace(day=1), 1)
            margin = offer.MARGIN[deal.product]
            run(deal.company, deal, starts_on=starts_on, months=deal.term_months, yearly=yearly, currency=deal.currency, margin=margin)
    return found


def months(start: dt.date, today: dt.date) -> list[Period]:
    return Calendar().buckets(Grain.MONTH, Period(start.replace(day=1), add_months(today.replace(day=1), 1)))


def costs(people: list[Seller], *, start: dt.date, today: dt.date, seed: int) -> list[CostPlan]:
    """Month by month, up to the running one."""
    chance = dice(seed, "costs")
    found: list[CostPlan] = []

    def euro(amount: float, currency: str = "EUR") -> Decimal:
        return offer.amount_in(currency, amount)

    for month in months(start, today):
        for seller in people:
            first = seller.started_on or month.start
            there = Period(first, max(first, seller.ended_on or month.last) + DAY)
            if (worked := there.overlap(month)) is not None:
                pay = seller.salary * SOCIAL_COSTS * float(seller.share) * len(worked) / len(month)
                currency = CURRENCY[seller.country]
                found.append(CostPlan("salary", euro(pay, currency), currency, month, by=seller))
        busy = 1.25 if month.start.month in (2, 3, 9, 10) else 0.5 if month.start.month == 7 else 1.0
        found.append(CostPlan("marketing", euro(24_000 * busy * chance.uniform(0.85, 1.15)), "EUR", month, note="Campaigns and content"))
        found.append(CostPlan("tool", euro(4_600 * chance.uniform(0.97, 1.05)), "EUR", month, note="CRM, telephony, data"))
        if month.start.month != 7:
            pay = 5_200 * chance.uniform(0.8, 1.2)
            found.append(CostPlan("booking", euro(pay, "SEK"), "SEK", month, team="Sales Sweden", note="Meeting booking"))
        if month.start.month in (3, 5, 10):
            team = chance.choice(("Sales Sweden", "Sales Finland"))
            currency = "SEK" if team == "Sales Sweden" else "EUR"
            found.append(CostPlan("event", euro(chance.uniform(12_000, 30_000), currency), currency, month, team=team, note="Trade fair"))
    return found


def krona_rates(*, start: dt.date, today: dt.date, seed: int) -> list[tuple[dt.date, Decimal]]:
    """Euro for one krona from the first of each month, wandering around its usual place."""
    chance = dice(seed, "krona")
    found, rate = [], offer.KRONA
    for month in months(add_months(start, -18), today):
        rate += 0.25 * (offer.KRONA - rate) + chance.gauss(0, 0.0008)
        found.append((month.start, Decimal(round(rate * 100_000)) / 100_000))
    return found
