"""KPIs of what reps do, and of companies, contacts and leads, in plain loops."""

from __future__ import annotations

from collections.abc import Iterable

from tests.oracle.slices import Figure, Slice, kpi, plain
from tests.oracle.world import Row


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
