"""What each KPI is, in plain loops. A KPI without a function here fails `test_registry`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from tests.oracle.calendar import Span, compared_with
from tests.oracle.world import Row, World


@dataclass(frozen=True, slots=True)
class Figure:
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal | None = None
    count: int = 0
    median: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Whose records, and from which days. subject, member: (kind, id); a record must be about both."""

    world: World
    subject: tuple[str, int]
    member: tuple[str, int] | None
    span: Span
    today: dt.date

    def holds(self, day: dt.date | None, rep_id: int | None, customer_id: int | None) -> bool:
        if day is None or not self.span[0] <= day < self.span[1]:
            return False
        return all(self._is_about(each, day, rep_id, customer_id) for each in (self.subject, self.member) if each is not None)

    def _is_about(self, subject: tuple[str, int], day: dt.date, rep_id: int | None, customer_id: int | None) -> bool:
        kind, own = subject
        if kind == "rep":
            return rep_id == own
        if kind == "customer":
            return customer_id == own
        if kind == "team":
            return rep_id is not None and self.world.is_within(self.world.team_of(rep_id, day), own)
        assert kind == "organisation"
        return True

    def elsewhen(self, span: Span) -> Slice:
        return Slice(self.world, self.subject, self.member, span, self.today)


Oracle = Callable[[Slice], Figure]
FIGURES: dict[str, Oracle] = {}


def kpi(key: str) -> Callable[[Oracle], Oracle]:
    def add(function: Oracle) -> Oracle:
        FIGURES[key] = function
        return function

    return add


def plain(number: int | Decimal, count: int) -> Figure:
    return Figure(value=Decimal(number), numerator=Decimal(number), count=count)


def ratio(numerator: int | Decimal, denominator: int, count: int, median: Decimal | None = None) -> Figure:
    value = Decimal(numerator) / denominator if denominator else None
    return Figure(value=value, numerator=Decimal(numerator), denominator=Decimal(denominator), count=count, median=median)


# Activities ----------------------------------------------------------------------------------------


def how_many(part: Slice, activities: Iterable[Row], clock: str = "occurred_on") -> Figure:
    found = sum(1 for row in activities if part.holds(row[clock], row["rep_id"], row["customer_id"]))
    return plain(found, found)


def of_kind(part: Slice, kind: str) -> list[Row]:
    return [row for row in part.world.activities if row["kind"] == kind]


def done(part: Slice, kind: str) -> list[Row]:
    """Those that were really done: not only planned, and not called off."""
    return [row for row in of_kind(part, kind) if row["outcome"] not in ("planned", "cancelled")]


@kpi("calls")
def calls(part: Slice) -> Figure:
    return how_many(part, done(part, "call"))


@kpi("emails")
def emails(part: Slice) -> Figure:
    return how_many(part, done(part, "email"))


@kpi("social_touches")
def social_touches(part: Slice) -> Figure:
    return how_many(part, done(part, "social"))


@kpi("referrals_asked")
def referrals_asked(part: Slice) -> Figure:
    return how_many(part, done(part, "referral"))


@kpi("proposals_sent")
def proposals_sent(part: Slice) -> Figure:
    return how_many(part, done(part, "proposal"))


@kpi("conversations")
def conversations(part: Slice) -> Figure:
    spoken = [row for row in of_kind(part, "call") + of_kind(part, "meeting") if row["outcome"] == "reached"]
    return how_many(part, spoken)


@kpi("meetings_booked")
def meetings_booked(part: Slice) -> Figure:
    return how_many(part, of_kind(part, "meeting"), clock="booked_on")


def meetings_by_company(part: Slice) -> dict[int, list[Row]]:
    """The meetings that took place, first to last, of each company."""
    held: dict[int, list[Row]] = {}
    for row in sorted(of_kind(part, "meeting"), key=lambda row: (row["occurred_on"], row["id"])):
        if row["outcome"] == "reached" and row["customer_id"] is not None:
            held.setdefault(row["customer_id"], []).append(row)
    return held


@kpi("first_meetings_held")
def first_meetings_held(part: Slice) -> Figure:
    return how_many(part, [held[0] for held in meetings_by_company(part).values()])


@kpi("follow_up_meetings_held")
def follow_up_meetings_held(part: Slice) -> Figure:
    return how_many(part, [row for held in meetings_by_company(part).values() for row in held[1:]])


# Companies, contacts, leads ------------------------------------------------------------------------


@kpi("companies_added")
def companies_added(part: Slice) -> Figure:
    found = sum(1 for row in part.world.customers if part.holds(row["created_on"], row["added_by_id"], row["id"]))
    return plain(found, found)


@kpi("contacts_added")
def contacts_added(part: Slice) -> Figure:
    found = sum(1 for row in part.world.contacts if part.holds(row["created_on"], row["added_by_id"], row["customer_id"]))
    return plain(found, found)


@kpi("inbound_leads")
def inbound_leads(part: Slice) -> Figure:
    """No 90 days hold two of one company: a lead counts if none came before it in the 90 days that end with its own."""
    inbound = sorted((row for row in part.world.leads if row["direction"] == "inbound"), key=lambda row: (row["created_on"], row["id"]))
    found = 0
    for place, row in enumerate(inbound):
        same = [other for other in inbound[:place] if other["company_key"] == row["company_key"] != ""]
        again = any((row["created_on"] - other["created_on"]).days < 90 for other in same)
        if not again and part.holds(row["created_on"], row["rep_id"], row["customer_id"]):
            found += 1
    return plain(found, found)


@kpi("qualified_leads")
def qualified_leads(part: Slice) -> Figure:
    found = sum(1 for row in part.world.leads if part.holds(row["qualified_on"], row["rep_id"], row["customer_id"]))
    return plain(found, found)


# Deals ---------------------------------------------------------------------------------------------


def closed(part: Slice, *states: str) -> list[Row]:
    return [
        row for row in part.world.deals if row["status"] in states and part.holds(row["closed_on"], row["closed_by_id"], row["customer_id"])
    ]


@kpi("opportunities_created")
def opportunities_created(part: Slice) -> Figure:
    found = sum(1 for row in part.world.deals if part.holds(row["opened_on"], row["opened_by_id"], row["customer_id"]))
    return plain(found, found)


@kpi("deals_won")
def deals_won(part: Slice) -> Figure:
    found = len(closed(part, "won"))
    return plain(found, found)


@kpi("deals_lost")
def deals_lost(part: Slice) -> Figure:
    found = len(closed(part, "lost"))
    return plain(found, found)


def won_amounts(part: Slice) -> list[Decimal]:
    """Of the deals won; those without amount or rate are left out."""
    return [amount for row in closed(part, "won") if (amount := part.world.in_base_currency(row)) is not None]


@kpi("revenue")
def revenue(part: Slice) -> Figure:
    amounts = won_amounts(part)
    return plain(sum(amounts, Decimal(0)), len(amounts))


@kpi("new_customers")
def new_customers(part: Slice) -> Figure:
    met: set[int] = set()
    found = 0
    won = [row for row in part.world.deals if row["status"] == "won" and row["customer_id"] is not None]
    for row in sorted(won, key=lambda row: (row["closed_on"], row["id"])):
        if row["customer_id"] not in met and part.holds(row["closed_on"], row["closed_by_id"], row["customer_id"]):
            found += 1
        met.add(row["customer_id"])
    return plain(found, found)


@kpi("win_rate")
def win_rate(part: Slice) -> Figure:
    won = len(closed(part, "won"))
    return ratio(won, won + len(closed(part, "lost")), won)


@kpi("average_deal_value")
def average_deal_value(part: Slice) -> Figure:
    amounts = won_amounts(part)
    return ratio(sum(amounts, Decimal(0)), len(amounts), len(amounts))


@kpi("sales_cycle_days")
def sales_cycle_days(part: Slice) -> Figure:
    cycles = []
    for row in closed(part, "won"):
        start = row["first_contact_on"] or row["opened_on"]
        if start is not None and start <= row["closed_on"]:
            cycles.append((row["closed_on"] - start).days)
    cycles.sort()
    half = len(cycles) // 2
    median = None
    if cycles:
        median = Decimal(cycles[half]) if len(cycles) % 2 else Decimal(cycles[half - 1] + cycles[half]) / 2
    return ratio(sum(cycles), len(cycles), len(cycles), median)


@kpi("sales_growth")
def sales_growth(part: Slice) -> Figure:
    now = revenue(part)
    earlier = compared_with(part.world, part.span, part.today)
    then = revenue(part.elsewhen(earlier)).numerator if earlier else Decimal(0)
    difference = now.numerator - then
    return Figure(value=difference / then if then > 0 else None, numerator=difference, denominator=then, count=now.count)
