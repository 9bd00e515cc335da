"""KPIs of what customers cost and bring, of the whole organisation, in plain loops."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from tests.oracle.calendar import ONE, Span, days, months_before
from tests.oracle.deals import new_customers, usual_cycle
from tests.oracle.slices import Figure, Slice, kpi, ratio
from tests.oracle.world import Row, World, in_cents


def is_covered(contracts: list[Row], day: dt.date) -> bool:
    """Whether a contract runs on that day."""
    return any(row["starts_on"] <= day and (row["ends_on"] is None or day < row["ends_on"]) for row in contracts)


def by_customer(contracts: list[Row]) -> list[list[Row]]:
    customers = {row["customer_id"] for row in contracts}
    return [[row for row in contracts if row["customer_id"] == customer] for customer in customers]


@kpi("churn_rate")
def churn_rate(part: Slice) -> Figure:
    """A customer is lost on the last day of a contract that no other goes on from, and known to be once that day has passed."""
    lost = covered = 0
    for contracts in by_customer(part.world.contracts):
        ends = [row["ends_on"] for row in contracts if row["ends_on"] is not None]
        lost += any(part.span[0] <= day - ONE < part.span[1] and day <= part.today and not is_covered(contracts, day) for day in ends)
        covered += is_covered(contracts, part.span[0])
    return ratio(lost, covered, lost)


def cost_of_day(cost: Row, day: dt.date) -> int | None:
    """The cents that fall on that day: the first k of n days have, rounded down, k nths; None outside the cost's time."""
    if not cost["starts_on"] <= day < cost["ends_on"]:
        return None
    cents, length = int(cost["amount"] * 100), (cost["ends_on"] - cost["starts_on"]).days
    gone = (day - cost["starts_on"]).days
    return math.floor(Fraction(cents * (gone + 1), length)) - math.floor(Fraction(cents * gone, length))


def cost(world: World, span: Span) -> tuple[Decimal, int]:
    """What selling cost in the span, and how many costs have a part in it."""
    total, costs = Decimal(0), 0
    for row in world.costs:
        found = [
            in_cents(Fraction(cents, 100) * rate) for day in days((max(span[0], row["starts_on"]), min(span[1], row["ends_on"])))
            if (cents := cost_of_day(row, day)) is not None and (rate := world.rate(row["currency"], day)) is not None
        ]
        total, costs = total + sum(found, Decimal(0)), costs + bool(found)
    return total, costs


@kpi("cac")
def cac(part: Slice) -> Figure:
    """What has been so far: up to today."""
    start, end = part.span[0], min(part.span[1], part.today + ONE)
    if end <= start:
        return ratio(0, 0, 0)
    gained = int(new_customers(part.elsewhen((start, end))).numerator)
    if part.world.organisation["lag_costs"]:
        lag = dt.timedelta(days=usual_cycle(part) or 0)
        start, end = start - lag, end - lag
    total, costs = cost(part.world, (start, end))
    return ratio(total, gained, costs)


def margin_per_customer_year(part: Slice) -> Figure:
    """What contracts leave over, for each year that a customer has one; those without margin or rate are left out."""
    left, lasted, contracts = Decimal(0), 0, 0
    known: list[Row] = []
    for row in part.world.contracts:
        rate = part.world.rate(row["currency"], row["starts_on"])
        if row["margin"] is None or rate is None:
            continue
        known.append(row)
        there = sum(1 for day in days(part.span) if is_covered([row], day))
        left += in_cents(Fraction(row["yearly_amount"]) * Fraction(row["margin"]) * rate) * there
        contracts += there > 0
    for own in by_customer(known):
        lasted += sum(1 for day in days(part.span) if is_covered(own, day))
    return ratio(left, lasted, contracts)


@kpi("clv")
def clv(part: Slice) -> Figure:
    """What has been so far: up to today. The lifetime is the other way round of what was lost in the twelve months up to then."""
    end = min(part.span[1], part.today + ONE)
    yearly = margin_per_customer_year(part.elsewhen((part.span[0], end))).value
    churn = churn_rate(part.elsewhen((months_before(end, 12), end)))
    longest = Decimal(part.world.organisation["most_customer_years"])
    lifetime = churn.denominator / churn.numerator if churn.numerator and churn.denominator else None
    years = longest if lifetime is None else min(lifetime, longest)
    value = None if yearly is None else yearly * years
    return Figure(value=value, numerator=value or Decimal(0), denominator=Decimal(1), capped=years != lifetime, rounded=True)


@kpi("clv_to_cac")
def clv_to_cac(part: Slice) -> Figure:
    worth, price = clv(part), cac(part)
    value = worth.value / price.value if worth.value is not None and price.value else None
    return replace(worth, value=value, numerator=worth.value or Decimal(0), denominator=price.value or Decimal(0))
