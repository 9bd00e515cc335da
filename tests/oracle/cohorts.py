"""KPIs of what became of the records of a period, in plain loops."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import wraps

from tests.oracle.activities import inbound_leads, meetings_by_company
from tests.oracle.deals import is_immature, opened
from tests.oracle.slices import Figure, Slice, kpi, ratio
from tests.oracle.world import Row


def cohort(function: Callable[[Slice], Figure]) -> Callable[[Slice], Figure]:
    @wraps(function)
    def told(part: Slice) -> Figure:
        return replace(function(part), immature=is_immature(part))

    return told


def deals_won_since(part: Slice, customer_id: int, day: dt.date) -> int:
    """Deals that the company has signed on that day or later, with whomever."""
    return sum(
        1 for row in part.world.deals if row["customer_id"] == customer_id and row["status"] == "won" and row["closed_on"] >= day
    )


@kpi("win_rate_cohort")
@cohort
def win_rate_cohort(part: Slice) -> Figure:
    found = opened(part)
    won = sum(1 for row in found if row["status"] == "won")
    return ratio(won, len(found), won)


@kpi("lead_conversion")
@cohort
def lead_conversion(part: Slice) -> Figure:
    found = [row for row in part.world.leads if part.holds(row["qualified_on"], row["rep_id"], row["customer_id"])]
    converted = sum(1 for row in found if row["converted_on"] is not None)
    return ratio(converted, len(found), converted)


@kpi("show_rate")
def show_rate(part: Slice) -> Figure:
    """Of the meetings that should have been by now."""
    due = [
        row for row in part.world.activities
        if row["kind"] == "meeting" and row["outcome"] != "cancelled" and row["occurred_on"] <= part.today
        and part.holds(row["occurred_on"], row["rep_id"], row["customer_id"])
    ]
    held = sum(1 for row in due if row["outcome"] == "reached")
    return ratio(held, len(due), held)


def next_stage(part: Slice, stage: Row) -> Row | None:
    """The stage that comes after it in its pipeline, on the way to being won."""
    later = [
        row for row in part.world.stages
        if row["pipeline_id"] == stage["pipeline_id"] and row["kind"] in ("open", "won")
        and (row["position"], row["id"]) > (stage["position"], stage["id"])
    ]
    return min(later, key=lambda row: (row["position"], row["id"]), default=None)


@kpi("stage_conversion")
@cohort
def stage_conversion(part: Slice) -> Figure:
    """Only the first time that a deal enters a stage counts; going on to the next one counts from then on, whatever lies between."""
    entered = converted = 0
    for deal in part.world.deals:
        changes, seen = part.world.changes_of(deal), set()
        for change in changes:
            stage = part.world.stage(change["to_stage_id"])
            if stage["id"] in seen:
                continue
            seen.add(stage["id"])
            following = next_stage(part, stage)
            if stage["kind"] != "open" or following is None:
                continue
            if not part.holds_deal(change["changed_on"], change["rep_id"], deal, stage_id=stage["id"]):
                continue
            entered += 1
            converted += any(
                row["to_stage_id"] == following["id"] and row["changed_at"] >= change["changed_at"] for row in changes
            )
    return ratio(converted, entered, converted)


@kpi("meeting_hit_rate")
@cohort
def meeting_hit_rate(part: Slice) -> Figure:
    met = won = successes = 0
    for customer_id, held in meetings_by_company(part).items():
        first = held[0]
        if part.holds(first["occurred_on"], first["rep_id"], customer_id):
            deals = deals_won_since(part, customer_id, first["occurred_on"])
            met, won, successes = met + 1, won + deals, successes + (deals > 0)
    return ratio(won, met, successes)


@kpi("contact_hit_rate")
@cohort
def contact_hit_rate(part: Slice) -> Figure:
    contacted = won = 0
    met: set[int] = set()
    for row in sorted(part.world.activities, key=lambda row: (row["occurred_on"], row["id"])):
        if row["kind"] == "other" or row["outcome"] in ("planned", "cancelled") or row["customer_id"] in (None, *met):
            continue
        met.add(row["customer_id"])
        if part.holds(row["occurred_on"], row["rep_id"], row["customer_id"]):
            contacted += 1
            won += deals_won_since(part, row["customer_id"], row["occurred_on"]) > 0
    return ratio(won, contacted, won)


@kpi("revenue_per_inbound_lead")
@cohort
def revenue_per_inbound_lead(part: Slice) -> Figure:
    total, deals = Decimal(0), 0
    for lead in part.world.leads:
        if lead["direction"] != "inbound" or not part.holds(lead["created_on"], lead["rep_id"], lead["customer_id"]):
            continue
        found = [
            amount for row in part.world.deals
            if row["lead_id"] == lead["id"] and row["status"] == "won"
            and (amount := part.world.amount(row, row["closed_on"])) is not None
        ]
        total, deals = total + sum(found, Decimal(0)), deals + len(found)
    return ratio(total, int(inbound_leads(part).numerator), deals)
