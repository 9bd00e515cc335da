"""Contracts with their churn, what selling costs, and exchange rates."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from random import Random

from kpi_tracker.demo import offer
from kpi_tracker.demo.people import CURRENCY, LEADERS
from kpi_tracker.demo.records import Company, ContractPlan, CostPlan, DealPlan, Seller, dice
from kpi_tracker.periods import DAY, Calendar, Grain, Period, add_months

# Chance that a contract is renewed for another year, and how many of those without a term are given notice in a year.
RENEWS, NOTICES = 0.81, 0.12
# So many contracts have no term: they run until notice, which is given two months ahead.
WITHOUT_TERM, NOTICE = 0.15, 60 * DAY
# Of so many contracts nobody wrote down what they cost to deliver.
MARGIN_UNKNOWN = 0.015
# A month's salary costs the employer this much more; of what sellers sell they get a share a month later.
SOCIAL_COSTS, COMMISSION = 1.42, 0.045
# Who finds customers without selling, a month.
MARKETING_SALARIES = 21_000
# Rates of the Danish krone are only entered from so long after the first records.
DANISH_FROM = 75 * DAY
# What a currency is worth in euro: for each the rates and since when each holds, in order.
Rates = Mapping[str, Sequence[tuple[dt.date, Decimal]]]


def contracts(companies: list[Company], deals: list[DealPlan], *, start: dt.date, today: dt.date, seed: int) -> list[ContractPlan]:
    """Of deals won that run for some time, and of the customers of before; at the end renewed or lost."""
    chance = dice(seed, "contracts")
    found: list[ContractPlan] = []
    for company in companies:
        if company.met is not None and company.met < start and company.won_on == company.created_on:
            currency = CURRENCY[company.country]
            yearly = offer.amount_in(currency, chance.lognormvariate(8.3, 0.5))
            first = ContractPlan(company, None, company.created_on, None, yearly, currency, Decimal("0.6"))
            found += _run(first, chance.choice((12, 12, 24)), chance, today)
    for deal in deals:
        if deal.status == "won" and deal.term_months and deal.amount is not None and deal.closed_on is not None:
            yearly = ((deal.amount - (deal.one_time_amount or 0)) * 12 / deal.term_months).quantize(Decimal("0.01"))
            starts_on = add_months(deal.closed_on.replace(day=1), 1)
            first = ContractPlan(deal.company, deal, starts_on, None, yearly, deal.currency, offer.MARGIN[deal.product])
            found += _run(first, deal.term_months, chance, today)
    return found


def _run(first: ContractPlan, months: int, chance: Random, today: dt.date) -> Iterator[ContractPlan]:
    """The contract and those that follow it, up to today."""
    margin = first.margin if chance.random() > MARGIN_UNKNOWN else None
    if chance.random() < WITHOUT_TERM:
        ends_on = first.starts_on + round(30 + chance.expovariate(NOTICES / 365)) * DAY
        yield ContractPlan(
            first.company, first.deal, first.starts_on, ends_on if ends_on - NOTICE <= today else None, first.yearly_amount,
            first.currency, margin,
        )
        return
    starts_on, deal, yearly = first.starts_on, first.deal, first.yearly_amount
    while starts_on == first.starts_on or starts_on <= today:
        ends_on = add_months(starts_on, months)
        yield ContractPlan(first.company, deal, starts_on, ends_on, yearly, first.currency, margin)
        if chance.random() > RENEWS:
            return
        starts_on, months, deal = ends_on, 12, None
        yearly = (yearly * Decimal(round(100 * chance.uniform(0.98, 1.09))) / 100).quantize(Decimal(1))


def months(start: dt.date, today: dt.date) -> list[Period]:
    return Calendar().buckets(Grain.MONTH, Period(start.replace(day=1), add_months(today.replace(day=1), 1)))


def costs(people: list[Seller], revenue: Mapping[Seller, Mapping[dt.date, float]], *, start: dt.date, today: dt.date,
          seed: int) -> list[CostPlan]:
    """Month by month, up to the running one. revenue: of each seller and day, in euro."""
    chance = dice(seed, "costs")
    found: list[CostPlan] = []
    sold = {
        (seller, month): sum(amount for day, amount in revenue.get(seller, {}).items() if day in month)
        for seller in people for month in months(add_months(start, -1), today)
    }
    for month in months(start, today):
        before = Calendar().shift(Grain.MONTH, month, -1)
        for seller in people:
            found += _pay(seller, month, sold[seller, before])
        for team, salary in LEADERS.items():
            currency = "SEK" if team in SWEDISH else "EUR"
            found.append(CostPlan("salary", _in(currency, salary * SOCIAL_COSTS), currency, month, team=team, note="Sales management"))
        found.append(CostPlan("salary", _in("SEK", MARKETING_SALARIES), "SEK", month, note="Marketing and sales support"))
        found += _campaigns(month, chance)
    return [*found, _fair_in_copenhagen(start)]


SWEDISH = ("Sales Sweden", "Stockholm", "Göteborg")


def _in(currency: str, euro: float) -> Decimal:
    return offer.amount_in(currency, euro)


def _pay(seller: Seller, month: Period, sold: float) -> Iterator[CostPlan]:
    """Salary for the days of the month, and the commission on what was sold in the one before."""
    first = seller.started_on or month.start
    there = Period(first, max(first, seller.ended_on or month.last) + DAY)
    currency = CURRENCY[seller.country]
    if (worked := there.overlap(month)) is not None:
        pay = seller.salary * SOCIAL_COSTS * float(seller.share) * len(worked) / len(month)
        yield CostPlan("salary", _in(currency, pay), currency, month, by=seller)
        if sold > 0:
            yield CostPlan("salary", _in(currency, sold * COMMISSION), currency, month, by=seller, note="Commission")


def _campaigns(month: Period, chance: Random) -> Iterator[CostPlan]:
    busy = 1.25 if month.start.month in (2, 3, 9, 10) else 0.5 if month.start.month == 7 else 1.0
    yield CostPlan("marketing", _in("EUR", 32_000 * busy * chance.uniform(0.85, 1.15)), "EUR", month, note="Campaigns and content")
    yield CostPlan("tool", _in("EUR", 6_900 * chance.uniform(0.97, 1.05)), "EUR", month, note="CRM, telephony, data")
    if month.start.month != 7:
        yield CostPlan("booking", _in("SEK", 6_800 * chance.uniform(0.8, 1.2)), "SEK", month, team="Sales Sweden", note="Meeting booking")
    if month.start.month in (2, 3, 5, 9, 10, 11):
        team = chance.choice(("Sales Sweden", "Sales Finland"))
        currency = "SEK" if team == "Sales Sweden" else "EUR"
        yield CostPlan("event", _in(currency, chance.uniform(12_000, 30_000)), currency, month, team=team, note="Trade fair")


def _fair_in_copenhagen(start: dt.date) -> CostPlan:
    """Paid before anybody entered a rate of the krone."""
    return CostPlan("event", Decimal(48_000), "DKK", Calendar().bucket(Grain.MONTH, start), note="Trade fair in Copenhagen")


def rates(*, start: dt.date, today: dt.date, seed: int) -> Rates:
    """Euro for one krona from the first of each month, wandering around its usual place, and for one krone, which hardly moves."""
    chance = dice(seed, "krona")
    swedish, rate = [], offer.KRONA
    for month in months(add_months(start, -18), today):
        rate += 0.25 * (offer.KRONA - rate) + chance.gauss(0, 0.0008)
        swedish.append((month.start, Decimal(round(rate * 100_000)) / 100_000))
    danish = [
        (max(month.start, start + DANISH_FROM), Decimal(round((offer.KRONE + chance.gauss(0, 0.00005)) * 100_000)) / 100_000)
        for month in months(start + DANISH_FROM, today)
    ]
    return {"SEK": swedish, "DKK": danish}


def rate_on(found: Rates, currency: str, day: dt.date) -> Decimal | None:
    """None where nobody has entered one by then."""
    if currency == "EUR":
        return Decimal(1)
    series = found.get(currency, ())
    place = bisect_right(series, day, key=lambda entry: entry[0])
    return series[place - 1][1] if place else None
