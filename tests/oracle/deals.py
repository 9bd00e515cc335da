"""KPIs of deals opened and closed, in plain loops."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from tests.oracle.calendar import ONE, Span, compared_with, compared_year, months_before, year_so_far
from tests.oracle.slices import Figure, Slice, kpi, plain, ratio
from tests.oracle.world import Row, in_cents


def closed(part: Slice, *states: str) -> list[Row]:
    return [row for row in part.world.deals if row["status"] in states and part.holds_deal(row["closed_on"], row["closed_by_id"], row)]


def opened(part: Slice) -> list[Row]:
    return [row for row in part.world.deals if part.holds_deal(row["opened_on"], row["opened_by_id"], row)]


@kpi("opportunities_created")
def opportunities_created(part: Slice) -> Figure:
    found = len(opened(part))
    return plain(found, found)


@kpi("deals_won")
def deals_won(part: Slice) -> Figure:
    found = len(closed(part, "won"))
    return plain(found, found)


@kpi("deals_lost")
def deals_lost(part: Slice) -> Figure:
    found = len(closed(part, "lost"))
    return plain(found, found)


def amounts(part: Slice, deals: Iterable[Row]) -> list[Decimal]:
    """What the closed deals are worth; those without amount or rate are left out."""
    return [amount for row in deals if (amount := part.world.amount(row, row["closed_on"])) is not None]


@kpi("revenue")
def revenue(part: Slice) -> Figure:
    found = amounts(part, closed(part, "won"))
    return plain(sum(found, Decimal(0)), len(found))


@kpi("new_customers")
def new_customers(part: Slice) -> Figure:
    met: set[int] = set()
    found = 0
    won = [row for row in part.world.deals if row["status"] == "won" and row["customer_id"] is not None]
    for row in sorted(won, key=lambda row: (row["closed_on"], row["id"])):
        if row["customer_id"] not in met and part.holds_deal(row["closed_on"], row["closed_by_id"], row):
            found += 1
        met.add(row["customer_id"])
    return plain(found, found)


@kpi("win_rate")
def win_rate(part: Slice) -> Figure:
    won = len(closed(part, "won"))
    return ratio(won, won + len(closed(part, "lost")), won)


@kpi("average_deal_value")
def average_deal_value(part: Slice) -> Figure:
    found = amounts(part, closed(part, "won"))
    return ratio(sum(found, Decimal(0)), len(found), len(found))


@kpi("annual_contract_value")
def annual_contract_value(part: Slice) -> Figure:
    """What a deal won brings in a year of its term, without what is paid once; a shorter term is not made a year."""
    found = []
    for row in closed(part, "won"):
        rate = part.world.rate(row["currency"], row["closed_on"])
        if rate is None or row["amount"] is None or row["term_months"] is None:
            continue
        recurring = Fraction(row["amount"]) - Fraction(row["one_time_amount"] or 0)
        years = Fraction(max(row["term_months"], 12), 12)
        found.append(in_cents(recurring * rate / years))
    return plain(sum(found, Decimal(0)), len(found))


def cycles(deals: Iterable[Row]) -> list[int]:
    """Days from the first contact (from opening where none is known) to closing; without those that end before they begin."""
    found = []
    for row in deals:
        start = row["first_contact_on"] or row["opened_on"]
        if start is not None and start <= row["closed_on"]:
            found.append((row["closed_on"] - start).days)
    return sorted(found)


@kpi("sales_cycle_days")
def sales_cycle_days(part: Slice) -> Figure:
    found = cycles(closed(part, "won"))
    half = len(found) // 2
    median = None
    if found:
        median = Decimal(found[half]) if len(found) % 2 else Decimal(found[half - 1] + found[half]) / 2
    return ratio(sum(found), len(found), len(found), median)


def usual_cycle(part: Slice) -> int | None:
    """The organisation's mean sales cycle over the twelve months up to today, in days begun."""
    tomorrow = part.today + ONE
    mean = sales_cycle_days(part.whole((months_before(tomorrow, 12), tomorrow))).value
    return None if mean is None else math.ceil(mean)


def is_immature(part: Slice) -> bool:
    """Whether what the span began may still come to its end: not even the usual cycle has passed."""
    usual = usual_cycle(part)
    return usual is None or part.span[1] + dt.timedelta(days=usual) > part.today + ONE


@kpi("sales_growth")
def sales_growth(part: Slice) -> Figure:
    return _growth(part, part.span, compared_with(part.world, part.span, part.today))


@kpi("sales_growth_ytd")
def sales_growth_ytd(part: Slice) -> Figure:
    return _growth(part, year_so_far(part.world, part.span, part.today), compared_year(part.world, part.span, part.today))


def _growth(part: Slice, span: Span, earlier: Span | None) -> Figure:
    now = revenue(part.elsewhen(span))
    then = revenue(part.elsewhen(earlier)).numerator if earlier else Decimal(0)
    difference = now.numerator - then
    return Figure(value=difference / then if then > 0 else None, numerator=difference, denominator=then, count=now.count)
